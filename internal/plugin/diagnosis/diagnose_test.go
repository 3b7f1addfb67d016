// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

const (
	svc = v1alpha1.ComponentService
	db  = v1alpha1.ComponentDatabase

	workload   = v1alpha1.ConditionWorkloadReady
	databaseOf = v1alpha1.ConditionDatabaseReady
	routing    = v1alpha1.ConditionRoutesReady
	calls      = v1alpha1.ConditionDependenciesReady
)

// diagnoseCase is a fault and the finding about it.
type diagnoseCase struct {
	world  world
	fault  string
	part   Part
	object string
	cause  []string
	remedy string
	beside bool
}

func unavailable() world { return newWorld().unready(workload, v1alpha1.ReasonUnavailable, "") }
func crashing() world    { return newWorld().unready(workload, v1alpha1.ReasonCrashLooping, "") }

var (
	users     = v1alpha1.Dependency{Name: "users"}
	usersWait = v1alpha1.Dependency{Name: "users", Startup: v1alpha1.StartupWait}
	down      = func() *v1alpha1.Microservice {
		return unready(service("users"), workload, v1alpha1.ReasonImagePullFailed, "")
	}
	class   = &gatewayv1.GatewayClass{Spec: gatewayv1.GatewayClassSpec{ControllerName: "traefik.io/gateway-controller"}}
	denyOut = allowingEgress("deny-out")
)

// allowingEgress returns a policy that allows egress of the service's pods to some
// ports.
func allowingEgress(name string, ports ...networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicy {
	p := policy(name, "orders", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}})
	if len(ports) > 0 {
		p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{Ports: ports}}
	}
	return p
}

func tcp(port int32) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Port: ptr.To(intstr.FromInt32(port))}
}

func udp(port int32) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolUDP), Port: ptr.To(intstr.FromInt32(port))}
}

func listensAsDatabase(p *corev1.Pod) {
	p.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: engine.PortName, ContainerPort: 5432}}
}

// cases has at least one case for each row of the table.
var cases = map[string]diagnoseCase{
	"deletion held by a finalizer": {
		world: newWorld().deleted("example.com/hold").with(func(e *Evidence) {
			e.Microservice.ManagedFields = []metav1.ManagedFieldsEntry{
				{Manager: "kubectl-apply", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:image":{}}}`)},
				{Manager: "holder", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:finalizers":{".":{},"v:\"example.com/hold\"":{}}}}`)},
			}
		}),
		fault: "Terminating", part: PartSpec, object: "Microservice orders", cause: []string{"deleted 20m ago", "is held by finalizer example.com/hold (set by holder)"}, remedy: "kubectl edit microservice orders -n shop"},
	"foreground deletion": {
		world: newWorld().deleted(metav1.FinalizerDeleteDependents).pods(pod("p", svc, ready)),
		fault: "Terminating", part: PartSpec, object: "Microservice orders", cause: []string{"waits for the deletion of Deployment orders (foreground deletion)"}, remedy: "kubectl get all -n shop -l atoll.dev/microservice=orders"},
	"foreground deletion held by the finalizer of a pod": {
		world: newWorld().deleted(metav1.FinalizerDeleteDependents).pods(pod("p", svc, func(p *corev1.Pod) {
			p.DeletionTimestamp, p.Finalizers = ptr.To(ago(time.Minute)), []string{"example.com/drain"}
		})),
		fault: "Terminating", part: PartSpec, object: "Pod p", cause: []string{"waits for the deletion of Deployment orders", "; Pod p is held by finalizer example.com/drain"}, remedy: "kubectl edit pod p -n shop"},
	"deletion that nothing holds": {
		world: newWorld().deleted(metav1.FinalizerOrphanDependents),
		fault: "Terminating", part: PartSpec, cause: []string{"nothing holds it"}, remedy: "Wait"},
	"deletion of a service with a missing image": {
		world: unavailable().deleted("example.com/hold").pods(pod("p", svc, waits("ErrImagePull", "not found"))),
		fault: "Terminating", part: PartSpec, cause: []string{"example.com/hold"}},
	"memory limit in millibytes": {
		world: unavailable().pods(pod("p", svc, waits("ContainerCreating", ""), func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128m")}
		})).event("p", "FailedCreatePodSandBox", "Failed to create pod sandbox: container init was OOM-killed (memory limit too low?)"),
		fault: "PodSandbox", part: PartService, object: "Pod p", cause: []string{"cannot create the pod", "memory limit too low"}, remedy: "Raise resources.limits.memory: 128m is 1 bytes"},
	"node without free IP addresses": {
		world: unavailable().pods(pod("p", svc, waits("ContainerCreating", ""))).event("p", "FailedCreatePodSandBox", "Failed to create pod sandbox: plugin type=\"bridge\" failed: no IP addresses available"),
		fault: "PodSandbox", part: PartService, object: "Pod p", cause: []string{"no IP addresses"}, remedy: "ask the administrator of the cluster"},
	"unobserved service without an operator": {
		world: newWorld().with(func(e *Evidence) { e.Microservice.Status.Conditions, e.Operators = nil, []appsv1.Deployment{} }),
		fault: "NotSeen", part: PartSpec, object: "Microservice orders", cause: []string{"has not observed", "no Deployment of Atoll"}, remedy: "Install it"},
	"unobserved change, operator without a pod": {
		world: newWorld().with(func(e *Evidence) {
			e.Microservice.Generation = 2
			e.Operators = []appsv1.Deployment{{ObjectMeta: metav1.ObjectMeta{Namespace: "atoll-system", Name: "atoll"}}}
		}),
		fault: "NotSeen", part: PartSpec, cause: []string{"the latest change", "Deployment atoll-system/atoll, which runs Atoll, has no ready pod"}, remedy: "kubectl -n atoll-system describe deployment atoll"},
	"outdated status": {
		world: newWorld().with(func(e *Evidence) {
			e.Operators = []appsv1.Deployment{{ObjectMeta: metav1.ObjectMeta{Namespace: "atoll-system", Name: "atoll"}}}
		}),
		fault: "NotSeen", part: PartSpec, cause: []string{"may be outdated"}, beside: true},
	"suspended service": {
		world: newWorld().unready(workload, v1alpha1.ReasonSuspended, "").with(func(e *Evidence) { e.Microservice.Spec.Suspend = ptr.To(true) }),
		fault: "Suspended", part: PartSpec, cause: []string{"suspend: true"}, remedy: "Set suspend to false"},
	"missing Topology": {
		world: newWorld().unready(v1alpha1.ConditionReady, v1alpha1.ReasonTopologyNotFound, `Topology "mall" does not exist; to fix: create it, or correct topologyRef`),
		fault: "TopologyNotFound", part: PartSpec, cause: []string{`Topology "mall" does not exist`}, remedy: "Create it, or correct topologyRef"},
	"Topology that does not allow the namespace": {
		world: newWorld().unready(v1alpha1.ConditionReady, v1alpha1.ReasonNotPermitted, `Topology "mall" of namespace "mall" lets no members of namespace "shop" join; to fix: change its allowedNamespaces, or topologyRef`),
		fault: "NamespaceNotAllowed", part: PartSpec, cause: []string{`lets no members of namespace "shop" join`}, remedy: "Change its allowedNamespaces"},
	"invalid podTemplate": {
		world: newWorld().unready(workload, v1alpha1.ReasonInvalidSpec, `podTemplate: unknown field "spec.contaners"`),
		fault: "InvalidSpec", part: PartSpec, cause: []string{"spec.contaners"}, remedy: "Correct"},
	"Deployment of another owner": {
		world: newWorld().unready(workload, v1alpha1.ReasonNotOwned, `Deployment "orders" exists and belongs to Rollout "orders"; to fix: delete or rename it, or rename this Microservice`),
		fault: "NotOwned", part: PartSpec, object: "Deployment orders", cause: []string{`belongs to Rollout "orders"`}, remedy: "Delete or rename it"},
	"missing CRD": {
		world: newWorld().unready(routing, v1alpha1.ReasonCRDNotInstalled, `CustomResourceDefinition "httproutes.gateway.networking.k8s.io" is not installed: the cluster does not know HTTPRoute; to fix: install the Gateway API`),
		fault: "CRDNotInstalled", part: PartSpec, cause: []string{"does not know HTTPRoute"}, remedy: "Install the Gateway API"},
	"missing Secret of a database with data": {
		world: newWorld().unready(databaseOf, v1alpha1.ReasonCredentialsLost, `PersistentVolumeClaim "data-orders-db-0" holds data, but Secret "orders-db" with its password is gone; to fix: restore the Secret (keys username and password), or delete the claim if its data is not needed`),
		fault: "CredentialsLost", part: PartDatabase, cause: []string{`Secret "orders-db" with its password is gone`}, remedy: "Restore the Secret"},
	"missing Secret, reported by Atoll": {
		world: newWorld().unready(workload, v1alpha1.ReasonReferenceNotFound, `Secret "provider" does not exist, but env[KEY] needs it; to fix: create it, or correct env[KEY]`),
		fault: "ReferenceMissing", part: PartSpec, object: "Secret provider", cause: []string{"env[KEY]", "does not exist"}, remedy: "Create it, or correct env[KEY]"},
	"missing Secret, reported by the kubelet": {
		world: unavailable().pods(pod("p", svc, waits("CreateContainerConfigError", `secret "provider" not found`))),
		fault: "ReferenceMissing", part: PartService, object: "Secret provider", cause: []string{`Secret "provider"`, "pod p"}, remedy: "Create it"},
	"missing key, reported by the kubelet": {
		world: unavailable().pods(pod("p", svc, waits("CreateContainerConfigError", `couldn't find key token in Secret shop/provider`))),
		fault: "ReferenceMissing", part: PartService, object: "Secret provider", cause: []string{`no key "token"`}, remedy: "Add the key"},
	"missing Secret of a volume": {
		world: unavailable().pods(pod("p", svc, waits("ContainerCreating", ""))).event("p", "FailedMount", `MountVolume.SetUp failed for volume "tls" : secret "tls" not found`),
		fault: "ReferenceMissing", part: PartService, object: "Secret tls", cause: []string{`Secret "tls"`}},
	"exceeded quota": {
		world: newWorld().unready(workload, v1alpha1.ReasonPodsRefused, "").with(func(e *Evidence) {
			e.Deployments[0].Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue,
				Message: `pods "orders-1-x" is forbidden: exceeded quota: tight, requested: limits.memory=1Gi,requests.cpu=500m, used: limits.memory=7Gi,requests.cpu=2, limited: limits.memory=8Gi,requests.cpu=2`}}
			e.Quotas = []corev1.ResourceQuota{{ObjectMeta: metav1.ObjectMeta{Name: "tight"}, Status: corev1.ResourceQuotaStatus{Used: corev1.ResourceList{"requests.cpu": resource.MustParse("1900m")}}}}
		}),
		fault: "Quota", part: PartService, object: "ResourceQuota tight", cause: []string{"500m requests.cpu, and 1900m of 2 are used", "1Gi limits.memory (of 8Gi in all)"}, remedy: "Raise the quota"},
	"exceeded quota of a database": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, "").event("orders-db", "FailedCreate",
			`create Pod orders-db-0 in StatefulSet orders-db failed error: pods "orders-db-0" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2`),
		fault: "Quota", part: PartDatabase, object: "ResourceQuota tight", cause: []string{"StatefulSet orders-db", "1 pods"}},
	"Pod Security": {
		world: newWorld().unready(workload, v1alpha1.ReasonPodsRefused, "").with(func(e *Evidence) {
			e.Deployments[0].Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue,
				Message: `pods "orders-1-x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)`}}
		}),
		fault: "AdmissionRefused", part: PartService, object: "Deployment orders", cause: []string{`violates PodSecurity "restricted:latest"`, "hostNetwork"}, remedy: "Correct podTemplate"},
	"claim with a missing StorageClass": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonStoragePending, "").pods(pod("orders-db-0", db, unscheduled("pod has unbound immediate PersistentVolumeClaims"), mounts("data-orders-db-0"))).
			with(func(e *Evidence) { e.Claims["data-orders-db-0"] = claim("data-orders-db-0", "fast") }).
			event("data-orders-db-0", "ProvisioningFailed", `storageclass.storage.k8s.io "fast" not found`),
		fault: "ClaimPending", part: PartDatabase, object: "PersistentVolumeClaim data-orders-db-0", cause: []string{`"fast"`, "no such class"}, remedy: "database.storage.storageClassName"},
	"missing claim": {
		world: unavailable().pods(pod("p", svc, unscheduled(`persistentvolumeclaim "files" not found`), mounts("files"))).with(func(e *Evidence) { e.Claims["files"] = nil }),
		fault: "ClaimPending", part: PartService, object: "PersistentVolumeClaim files", cause: []string{"does not exist"}},
	"insufficient CPU and memory": {
		world: unavailable().pods(pod("p", svc, unscheduled("0/3 nodes are available: 2 Insufficient cpu, 1 Insufficient memory. preemption: 0/3 nodes"), requests("cpu", "8"))),
		fault: "Unschedulable", part: PartService, object: "Pod p", cause: []string{"8 cpu and 0 memory"}, remedy: "Lower resources.requests.cpu and resources.requests.memory"},
	"insufficient CPU for a database": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonUnschedulable, "").pods(pod("orders-db-0", db, unscheduled("0/3 nodes are available: 3 Insufficient cpu."), requests("cpu", "8"))),
		fault: "Unschedulable", part: PartDatabase, object: "Pod orders-db-0", cause: []string{"8 cpu"}, remedy: "Lower database.resources.requests.cpu"},
	"untolerated taint": {
		world: unavailable().pods(pod("p", svc, unscheduled("0/1 nodes are available: 1 node(s) had untolerated taint(s) {gpu: yes}."))),
		fault: "Unschedulable", part: PartService, cause: []string{"{gpu: yes}"}, remedy: "tolerations"},
	"cordoned nodes": {
		world: unavailable().pods(pod("p", svc, unscheduled("0/1 nodes are available: 1 node(s) were unschedulable."))),
		fault: "Unschedulable", part: PartService, cause: []string{"cordoned"}, remedy: "uncordon"},
	"node that is not ready": {
		world: unavailable().pods(pod("p", svc)).with(func(e *Evidence) { e.Nodes["node-1"] = node(false, corev1.ConditionUnknown) }),
		fault: "NodeNotReady", part: PartService, object: "Node node-1", cause: []string{"Node node-1", "stopped posting"}, remedy: "kubectl describe node node-1"},
	"image for another platform": {
		world: unavailable().pods(pod("p", svc, waits("ImagePullBackOff", `no match for platform in manifest: not found`))).with(func(e *Evidence) { e.Nodes["node-1"] = node(false, corev1.ConditionTrue) }),
		fault: "ImagePlatform", part: PartService, object: "Pod p", cause: []string{"example.com/orders:1", "linux/arm64"}, remedy: "Build the image for that platform"},
	"program for another platform": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 255))).log("p", true, "exec /orders: exec format error\n"),
		fault: "ImagePlatform", part: PartService, cause: []string{"exec format error"}},
	"image not found": {
		world: unavailable().pods(pod("p", svc, waits("ImagePullBackOff", `Back-off pulling image: rpc error: code = NotFound: not found`))).event("p", "Failed", "Failed to pull image: not found"),
		fault: "ImagePull", part: PartService, object: "Pod p", cause: []string{`Image "example.com/orders:1" of container "orders"`, "does not have it"}, remedy: "Correct image, or push"},
	"image access denied": {
		world: unavailable().pods(pod("p", svc, waits("ErrImagePull", `401 Unauthorized`))),
		fault: "ImagePull", part: PartService, cause: []string{"denies access"}, remedy: "imagePullSecrets"},
	"image of a migration not found": {
		world: newWorld().database().job(PartMigration, "").unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonImagePullFailed, "").pods(pod("m", v1alpha1.ComponentMigration, waits("ImagePullBackOff", "not found"))),
		fault: "ImagePull", part: PartMigration, object: "Pod m", cause: []string{"the migration's container"}, remedy: "image or database.migration.image"},
	"image of a database rate-limited": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonImagePullFailed, "").pods(pod("orders-db-0", db, waits("ImagePullBackOff", "toomanyrequests"))),
		fault: "ImagePull", part: PartDatabase, cause: []string{"the database's container", "rate limit"}},
	"volume that cannot be mounted": {
		world: unavailable().pods(pod("p", svc, waits("ContainerCreating", ""))).event("p", "FailedMount", `MountVolume.SetUp failed for volume "x" : driver name y not found`),
		fault: "VolumeMount", part: PartService, object: "Pod p", cause: []string{"driver name y not found"}},
	"volume that another node has": {
		world: unavailable().pods(pod("p", svc, waits("ContainerCreating", ""))).event("p", "FailedAttachVolume", `Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) q`),
		fault: "VolumeMount", part: PartService, object: "Pod p", cause: []string{"Multi-Attach"}, remedy: "Set scaling.replicas: 1 and rollout.strategy: Recreate"},
	"image runs as root": {
		world: unavailable().pods(pod("p", svc, waits("CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "p_shop(1)", container: orders)`))),
		fault: "RunsAsRoot", part: PartService, object: "Pod p", cause: []string{"as root"}, remedy: "runAsUser"},
	"command not found": {
		world: unavailable().pods(pod("p", svc, waits("CrashLoopBackOff", ""), func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "StartError", ExitCode: 128,
				Message: `failed to create task: OCI runtime create failed: unable to start container process: exec: "/orders": stat /orders: no such file or directory: unknown`}
		})),
		fault: "CommandNotFound", part: PartService, object: "Pod p", cause: []string{`cannot run "/orders"`}, remedy: "Correct command"},
	"container that cannot be created": {
		world: unavailable().pods(pod("p", svc, waits("CreateContainerError", `cannot load seccomp profile "x.json"`))),
		fault: "ContainerConfig", part: PartService, object: "Pod p", cause: []string{"x.json"}},
	"container out of memory": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(4, "OOMKilled", 137), limits("memory", "64Mi"))),
		fault: "OutOfMemory", part: PartService, object: "Pod p", cause: []string{`Container "orders" was killed`, "64Mi"}, remedy: "Raise resources.limits.memory (now 64Mi)"},
	"container out of memory that runs again": {
		world: newWorld().pods(pod("p", svc, crashed(1, "OOMKilled", 137), ready, limits("memory", "64Mi"))),
		fault: "OutOfMemory", part: PartService, cause: []string{"64Mi"}, beside: true},
	"read-only file system": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "start\nopen /var/cache/orders/index: read-only file system\nexit\n"),
		fault: "ReadOnlyFilesystem", part: PartService, object: "Pod p", cause: []string{"/var/cache/orders/index"}, remedy: "/tmp"},
	"failing postStart hook": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(2, "Error", 137))).event("p", "FailedPostStartHook", "PostStartHook failed"),
		fault: "HookFailed", part: PartService, object: "Pod p", cause: []string{"postStart"}, remedy: "lifecycle.postStart"},
	"failed restore": {
		world: newWorld().database().job(PartRestore, batchv1.JobFailed).unready(v1alpha1.ConditionDatabaseRestored, v1alpha1.ReasonRestoreFailed, "").pods(pod("r", v1alpha1.ComponentRestore, failed("there is no backup"))),
		fault: "RestoreFailed", part: PartRestore, object: "Job orders-restore", cause: []string{"exit code 1: there is no backup"}, remedy: "database.restore"},
	"failed migration": {
		world: newWorld().database().job(PartMigration, batchv1.JobFailed).unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonMigrationFailed, "").pods(pod("m", v1alpha1.ComponentMigration, failed("reading\nno such column: price"))),
		fault: "MigrationFailed", part: PartMigration, object: "Job orders-migration", cause: []string{"no such column: price"}, remedy: "delete Job orders-migration to run it again; no pod serves until then"},
	"failed migration while the previous revision serves": {
		world: newWorld().database().job(PartMigration, batchv1.JobFailed).unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonMigrationFailed, "").
			pods(pod("m", v1alpha1.ComponentMigration, failed("no such column: price"))).with(func(e *Evidence) { e.Deployments[0].Status.ReadyReplicas = 1 }),
		fault: "MigrationFailed", part: PartMigration, object: "Job orders-migration", cause: []string{"no such column: price"}, remedy: "delete Job orders-migration to run it again; the previous revision keeps serving"},
	"missing dependency": {
		world: newWorld().calls(users).unready(calls, v1alpha1.ReasonDependencyNotFound, ""),
		fault: "DependencyNotFound", part: PartDependencies, object: "Microservice users", cause: []string{`"users"`}, remedy: "Create it"},
	"missing dependency that exists by now": {
		world: newWorld(service("users")).calls(users).unready(calls, v1alpha1.ReasonDependencyNotFound, `Microservice "users" does not exist; to fix: create it`),
		fault: "DependencyNotFound", part: PartDependencies, object: "Microservice users", cause: []string{`"users" does not exist`}, remedy: "Create it"},
	"missing port": {
		world: newWorld(service("users")).calls(v1alpha1.Dependency{Name: "users", Port: "grpc"}).unready(calls, v1alpha1.ReasonPortNotFound, ""),
		fault: "PortNotFound", part: PartDependencies, object: "Microservice users", cause: []string{`no port "grpc"`}, remedy: "Correct dependencies[].port"},
	"callee of another Topology": {
		world: newWorld(func() *v1alpha1.Microservice {
			ms := service("users")
			ms.Namespace, ms.Spec.TopologyRef = "mall", &v1alpha1.TopologyReference{Name: "mall"}
			return ms
		}()).calls(v1alpha1.Dependency{Name: "users", Namespace: "mall"}).unready(calls, v1alpha1.ReasonNotPermitted, ""),
		fault: "NotPermitted", part: PartDependencies, object: "Microservice mall/users", cause: []string{"exists, and does not permit this caller"}, remedy: "{name: orders, namespace: shop} in its access"},
	"cycle of waits": {
		world: newWorld(func() *v1alpha1.Microservice {
			ms := down()
			ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: "orders", Startup: v1alpha1.StartupWait}}
			return ms
		}()).calls(usersWait).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
		fault: "CycleWait", part: PartDependencies, cause: []string{"orders -> users -> orders", "users is not ready"}, beside: true},
	"dependency that is not ready": {
		world: newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
		fault: "DependencyDown", part: PartDependencies, object: "Microservice users", cause: []string{`"users"`, v1alpha1.ReasonImagePullFailed}, remedy: "kubectl atoll why users -n shop", beside: true},
	"dependency for which the first rollout waits": {
		world: newWorld(down()).calls(usersWait).undeployed().unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(workload, v1alpha1.ReasonDependencyNotReady, ""),
		fault: "DependencyDown", part: PartDependencies, object: "Microservice users"},
	"dependency named in the log": {
		world: newWorld(down()).calls(users).unready(workload, v1alpha1.ReasonCrashLooping, "").pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).
			log("p", true, "GET http://users.shop.svc:8080/: connection refused"),
		fault: "DependencyDown", part: PartDependencies, object: "Microservice users"},
	"failing init container": {
		world: crashing().pods(pod("p", svc, func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "prepare"}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "prepare", RestartCount: 2, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 4, Message: "no such bucket"}}}}
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
		})),
		fault: "InitContainer", part: PartService, object: "Pod p", cause: []string{`"prepare"`, "exit code 4", "no such bucket"}},
	"failing liveness probe": {
		world: crashing().pods(pod("p", svc, probed("/healthz"), crashed(3, "Error", 137))).event("p", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500").
			event("p", "Killing", "Container orders failed liveness probe, will be restarted"),
		fault: "LivenessKill", part: PartService, object: "Pod p", cause: []string{"liveness probe", "GET /healthz on port 8080 is answered with 500"}, remedy: "probes.liveness"},
	"crash loop": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(5, "Error", 2))).log("p", true, "2026-05-04T11:00:00Z reading\n2026-05-04T11:00:01Z panic: no rates\n\ngoroutine 1 [running]:\nmain.main()\n"),
		fault: "CrashLoop", part: PartService, object: "Pod p", cause: []string{"exit code 2: panic: no rates"}, remedy: "Correct what its log reports"},
	"crash loop of a database": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonCrashLooping, "").pods(pod("orders-db-0", db, waits("CrashLoopBackOff", ""), crashed(5, "Error", 1))).log("orders-db-0", true, "FATAL: no such library\nLOG: shut down\n"),
		fault: "CrashLoop", part: PartDatabase, object: "Pod orders-db-0", cause: []string{"The database's container", "FATAL: no such library"}, remedy: "database.parameters"},
	"container that exits with 0": {
		world: crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(5, "Completed", 0))),
		fault: "CrashLoop", part: PartService, cause: []string{"exit code 0", "must keep running"}, remedy: "command"},
	"container that crashed a moment ago": {
		world: newWorld().pods(pod("p", svc, crashed(3, "Error", 2), ready)),
		fault: "CrashLoop", part: PartService, cause: []string{"exit code 2"}, beside: true},
	"wrong port": {
		world: unavailable().pods(pod("p", svc, probed("/"))).event("p", "Unhealthy", `Readiness probe failed: Get "http://10.1.0.7:8080/": dial tcp 10.1.0.7:8080: connect: connection refused`).
			log("p", false, `{"msg":"Listening","address":"[::]:9090"}`),
		fault: "WrongPort", part: PartService, object: "Pod p", cause: []string{"port 8080", "names port 9090"}, remedy: "Set ports[http].targetPort (now 8080)"},
	"wrong port, in a JSON log whose message is last": {
		world: unavailable().pods(pod("p", svc, probed("/"))).event("p", "Unhealthy", `Readiness probe failed: Get "http://10.1.0.7:8080/": dial tcp 10.1.0.7:8080: connect: connection refused`).
			log("p", false, `{"time":"2026-05-04T11:59:01Z","pid":31337,"port":9090,"msg":"server started"}`),
		fault: "WrongPort", part: PartService, object: "Pod p", cause: []string{"port 8080", "names port 9090"}, remedy: "Set ports[http].targetPort (now 8080)"},
	"failing readiness probe": {
		world: unavailable().pods(pod("p", svc, probed("/readyz"))).event("p", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
		fault: "FailingProbe", part: PartService, object: "Pod p", cause: []string{"GET /readyz on port 8080 is answered with 503"}, remedy: "log"},
	"slow startup": {
		world: unavailable().pods(pod("p", svc, func(p *corev1.Pod) {
			p.Spec.Containers[0].StartupProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/check"}}}, PeriodSeconds: 10, FailureThreshold: 1000}
		})).event("p", "Unhealthy", "Startup probe failed: no licence"),
		fault: "FailingProbe", part: PartService, cause: []string{`the command "/check" fails: no licence`}, remedy: "probes.startup"},
	"probe without an answer": {
		world: unavailable().pods(pod("p", svc, probed("/readyz"))).event("p", "Unhealthy", `Readiness probe failed: Get "http://10.1.0.7:8080/readyz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`),
		fault: "FailingProbe", part: PartService, cause: []string{"is not answered within 1 s"}},
	"database pod in deletion": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, "").pods(pod("orders-db-0", db, func(p *corev1.Pod) { p.DeletionTimestamp = ptr.To(ago(time.Minute)) })),
		fault: "DatabaseDown", part: PartDatabase, object: "Pod orders-db-0", cause: []string{"is being deleted"}, remedy: "Wait"},
	"database without a pod": {
		world: newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, ""),
		fault: "DatabaseDown", part: PartDatabase, object: "StatefulSet orders-db", cause: []string{"has no pod"}},
	"database of CloudNativePG": {
		world: newWorld().unready(databaseOf, v1alpha1.ReasonUnavailable, `Cluster "orders-db": Failing over`),
		fault: "DatabaseDown", part: PartDatabase, cause: []string{"Failing over"}},
	"missing Gateway": {
		world: newWorld().unready(routing, v1alpha1.ReasonNoGateway, `routes[0] has no Gateway to attach to; to fix: set spec.gateway of Topology "shop", or routes[].parentRefs`),
		fault: "NoGateway", part: PartRoutes, cause: []string{"no Gateway"}, remedy: "Set spec.gateway"},
	"missing GatewayClass": {
		world: newWorld().unready(routing, v1alpha1.ReasonPending, "").routed(gateway(metav1.ConditionUnknown), nil),
		fault: "NoGatewayClass", part: PartRoutes, object: "GatewayClass traefik", cause: []string{`"traefik"`, "does not exist"}, remedy: "gateway.className"},
	"Gateway without a controller": {
		world: newWorld().unready(routing, v1alpha1.ReasonPending, "").routed(gateway(metav1.ConditionUnknown), class),
		fault: "GatewayNotReady", part: PartRoutes, object: "Gateway shop", cause: []string{"has not observed it"}, remedy: "traefik.io/gateway-controller"},
	"rejected Gateway": {
		world: newWorld().unready(routing, v1alpha1.ReasonNotAccepted, "").routed(gateway(metav1.ConditionFalse), class),
		fault: "GatewayNotReady", part: PartRoutes, object: "Gateway shop", cause: []string{"not accepted: Invalid"}},
	"route of another service": {
		world: newWorld().unready(routing, v1alpha1.ReasonRouteConflict, `routes[0]: shop.example.com/orders already belongs to Microservice "old-orders"; to fix: give one of the two another path, hostname or header`),
		fault: "RouteConflict", part: PartRoutes, cause: []string{"shop.example.com/orders", `"old-orders"`}, remedy: "Give one of the two another path"},
	"host of another namespace": {
		world: newWorld().unready(routing, v1alpha1.ReasonHostAlreadyClaimed, `routes[0]: shop.example.com belongs to namespace "books", which has a route for it; to fix: use another hostname, or join a Topology with the services of that namespace`),
		fault: "HostAlreadyClaimed", part: PartRoutes, cause: []string{"shop.example.com", `"books"`}, remedy: "Use another hostname"},
	"unsupported route field": {
		world: newWorld().unready(routing, v1alpha1.ReasonNotSupported, `routes[0].timeout: GatewayClass "traefik" does not do it; to fix: remove it, or use another class`),
		fault: "RouteNotSupported", part: PartRoutes, cause: []string{"routes[0].timeout"}, remedy: "Remove it"},
	"rejected route": {
		world: newWorld().unready(routing, v1alpha1.ReasonNotAccepted, "").routed(gateway(metav1.ConditionTrue), class, metav1.Condition{Type: "Accepted", Status: metav1.ConditionFalse, Reason: "NoMatchingListenerHostname"}),
		fault: "RouteNotAccepted", part: PartRoutes, object: "HTTPRoute orders", cause: []string{"NoMatchingListenerHostname", "orders.example.com"}, remedy: "hostnames"},
	"foreign pod selected by the Service": {
		world: newWorld().pods(pod("mine", svc, ready), pod("theirs", svc, func(p *corev1.Pod) { p.OwnerReferences = controlledBy("StatefulSet", "copy") })).
			with(func(e *Evidence) {
				e.Service = &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "orders"}, Spec: corev1.ServiceSpec{Selector: map[string]string{v1alpha1.LabelMicroservice: "orders", v1alpha1.LabelComponent: svc}}}
			}),
		fault: "SelectorClash", part: PartService, object: "Pod theirs", cause: []string{"of StatefulSet copy", `Service "orders"`}, beside: true},
	"Deployment that selects the service's pods": {
		world: newWorld().with(func(e *Evidence) {
			d := deployment("all")
			d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelComponent: svc}}
			e.Deployments = append(e.Deployments, *d)
		}),
		fault: "SelectorClash", part: PartService, object: "Deployment all", cause: []string{`Deployment "all" selects`}, beside: true},
	"policy that blocks all egress": {
		world: newWorld(service("users")).calls(users).with(func(e *Evidence) { e.Policies = []networkingv1.NetworkPolicy{denyOut} }),
		fault: "PolicyCut", part: PartDependencies, object: "NetworkPolicy deny-out", cause: []string{"blocks orders from DNS and users:", "does not allow egress to port 53 (UDP) of DNS or port 8080 of users"}, remedy: "egress", beside: true},
	"policy that allows calls but not DNS": {
		world: newWorld(service("users")).calls(users).unready(workload, v1alpha1.ReasonCrashLooping, "").
			pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "dial tcp: lookup users.shop.svc on 10.96.0.10:53: i/o timeout").
			with(func(e *Evidence) { e.Policies = []networkingv1.NetworkPolicy{allowingEgress("to-port", tcp(8080))} }),
		fault: "PolicyCut", part: PartDependencies, object: "NetworkPolicy to-port", cause: []string{"blocks orders from DNS:", "port 53 (UDP)"}, remedy: "k8s-app=kube-dns of namespace kube-system"},
	"policy that blocks the database": {
		world: newWorld().unready(workload, v1alpha1.ReasonCrashLooping, "").
			pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1)), pod("orders-db-0", db, ready, listensAsDatabase)).
			log("p", true, "dial tcp orders-db.shop.svc:5432: connect: connection timed out").
			with(func(e *Evidence) {
				e.Microservice.Status.Database = &v1alpha1.DatabaseStatus{Host: "orders-db.shop.svc"}
				e.Policies = []networkingv1.NetworkPolicy{allowingEgress("no-data", tcp(8080), udp(53))}
			}),
		fault: "PolicyCut", part: PartDependencies, object: "NetworkPolicy no-data", cause: []string{"blocks orders from its database:", "port 5432"}, remedy: "app.kubernetes.io/component=database, port 5432"},
	"policy that blocks ingress, named in the log": {
		world: newWorld(service("users")).calls(users).unready(workload, v1alpha1.ReasonCrashLooping, "").
			pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "dial users.shop.svc:8080: i/o timeout").
			with(func(e *Evidence) {
				e.Policies = []networkingv1.NetworkPolicy{policy("closed", "users", networkingv1.NetworkPolicySpec{})}
			}),
		fault: "PolicyCut", part: PartDependencies, object: "NetworkPolicy closed", cause: []string{"does not allow ingress from orders to port 8080"}, remedy: "ingress"},
	"undeclared call": {
		world: newWorld(service("users")).with(func(e *Evidence) {
			e.Microservice.Spec.Env = []corev1.EnvVar{{Name: "USERS", Value: "http://users:8080"}}
			own := denyOut
			own.Labels = map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}
			e.Policies = []networkingv1.NetworkPolicy{own}
		}),
		fault: "UndeclaredCall", part: PartDependencies, cause: []string{"USERS", "names users"}, remedy: "Add {name: users} to dependencies", beside: true},
	"autoscaler without metrics": {
		world: newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonUnavailable, "").with(autoscaled("failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)")),
		fault: "NoMetrics", part: PartService, object: "HorizontalPodAutoscaler orders", cause: []string{"metrics.k8s.io"}, remedy: "metrics-server", beside: true},
	"autoscaler without requests": {
		world: newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonUnavailable, "").with(autoscaled("failed to get cpu utilization: missing request for cpu in container proxy of Pod p")),
		fault: "NoMetrics", part: PartService, cause: []string{"no request for cpu"}, remedy: "Set resources.requests.cpu", beside: true},
	"budget that blocks a drain": {
		world: newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) {
			e.Nodes["node-1"] = node(true, corev1.ConditionTrue)
			e.Budgets = []policyv1.PodDisruptionBudget{budget("orders", 0)}
		}),
		fault: "DrainBlocked", part: PartService, object: "PodDisruptionBudget orders", cause: []string{"Node node-1 is cordoned", "pod p", "1 of 2 pods are ready and 1 must be"}, beside: true},
	"two budgets for a pod": {
		world: newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) {
			e.Nodes["node-1"] = node(true, corev1.ConditionTrue)
			e.Budgets = []policyv1.PodDisruptionBudget{budget("orders", 1), budget("theirs", 1)}
		}),
		fault: "DrainBlocked", part: PartService, object: "PodDisruptionBudget theirs", cause: []string{`"orders" and "theirs" both select it`}, beside: true},
	"an autoscaler of the Deployment": {
		world: newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonForeignAutoscaler, `HorizontalPodAutoscaler "theirs" scales Deployment "orders", so scaling.replicas is not used; to fix: delete it`),
		fault: "ForeignAutoscaler", part: PartService, cause: []string{`"theirs" scales Deployment "orders"`}, remedy: "elete it", beside: true},
	"too few connections": {
		world: newWorld().unready(v1alpha1.ConditionConnectionsSufficient, v1alpha1.ReasonTooFewConnections, "150, of 97; to fix: lower database.pool"),
		fault: "TooFewConnections", part: PartDatabase, cause: []string{"150, of 97"}, remedy: "Lower database.pool", beside: true},
	"failed backup": {
		world: newWorld().job(PartBackup, batchv1.JobFailed).unready(v1alpha1.ConditionBackupReady, v1alpha1.ReasonBackupFailed, "").pods(pod("b", v1alpha1.ComponentBackup, failed("403 Forbidden"))),
		fault: "BackupFailed", part: PartBackup, object: "Job orders-backup", cause: []string{"403 Forbidden"}, beside: true},
	"overdue backup": {
		world: newWorld().unready(v1alpha1.ConditionBackupReady, v1alpha1.ReasonBackupOverdue, "No backup was made; to fix: see kubectl describe cronjob orders-backup"),
		fault: "BackupFailed", part: PartBackup, cause: []string{"No backup was made"}, remedy: "See kubectl describe", beside: true},
	"rollout in progress": {
		world: newWorld().unready(workload, v1alpha1.ReasonProgressing, `Deployment "orders" is rolling out`),
		fault: InProgress, part: PartService, cause: []string{"is rolling out"}, remedy: "Wait"},
	"condition without a row": {
		world: newWorld().unready(workload, v1alpha1.ReasonApplyFailed, "Service \"orders\" could not be applied and is tried again"),
		fault: Unrecognised, part: PartService, cause: []string{"could not be applied"}, remedy: "See docs/status.md on the reason ApplyFailed"},
	"crash without readable pods": {
		world: crashing().with(func(e *Evidence) {
			e.Microservice.Status.Conditions = append(e.Microservice.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue})
		}),
		fault: Unrecognised, part: PartService, remedy: "docs/status.md on the reason CrashLooping"},
	"condition without a row that does not decide Ready": {
		world: newWorld().unready(v1alpha1.ConditionCredentialsRotated, v1alpha1.ReasonNotSupported, "CloudNativePG changes it"),
		fault: Unrecognised, part: PartRotation, cause: []string{"CloudNativePG"}, beside: true},
}

func autoscaled(message string) func(e *Evidence) {
	return func(e *Evidence) {
		e.Autoscaler = &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: "orders"}, Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetResourceMetric", Message: message}}}}
	}
}

func TestDiagnose(t *testing.T) {
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := Diagnose(tc.world.Evidence)
			f := d.Root()
			if f == nil {
				t.Fatalf("nothing is found, want %s", tc.fault)
			}
			if f.Fault != tc.fault || f.Part != tc.part || f.Beside != tc.beside || tc.object != "" && f.Object != tc.object {
				t.Errorf("found %s of %s at %q, beside %t: %s\nwant %s of %s at %q, beside %t", f.Fault, f.Part, f.Object, f.Beside, f.Cause, tc.fault, tc.part, tc.object, tc.beside)
			}
			for _, says := range tc.cause {
				if !strings.Contains(f.Cause, says) {
					t.Errorf("the cause is %q, want %q in it", f.Cause, says)
				}
			}
			if !strings.Contains(f.Remedy, tc.remedy) || f.Remedy == "" {
				t.Errorf("the remedy is %q, want %q in it", f.Remedy, tc.remedy)
			}
			if len(f.Steps) == 0 {
				t.Error("no steps lead to it")
			}
			for _, text := range []string{f.Cause, f.Remedy} {
				if strings.ContainsAny(text, "\n") || strings.HasSuffix(text, ".") {
					t.Errorf("%q is not one line without a full stop", text)
				}
			}
		})
	}
}

// TestNothingIsFound checks what looks like a fault but is none.
func TestNothingIsFound(t *testing.T) {
	allowing := allowingEgress("out", tcp(8080), udp(53))
	for name, w := range map[string]world{
		"a service that is well": newWorld().pods(pod("p", svc, ready)),
		"one restart, long ago":  newWorld().pods(pod("p", svc, crashed(1, "Error", 1), ready)),
		"killed for its memory, long ago": newWorld().pods(pod("p", svc, crashed(1, "OOMKilled", 137), ready, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].LastTerminationState.Terminated.FinishedAt = ago(2 * time.Hour)
		})),
		"a budget that lets a pod go": newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) {
			e.Nodes["node-1"], e.Budgets = node(true, corev1.ConditionTrue), []policyv1.PodDisruptionBudget{budget("orders", 1)}
		}),
		"a budget that lets none go from a node in use": newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) {
			e.Nodes["node-1"], e.Budgets = node(false, corev1.ConditionTrue), []policyv1.PodDisruptionBudget{budget("orders", 0)}
		}),
		"a policy that lets the call out":              newWorld(service("users")).calls(users).with(func(e *Evidence) { e.Policies = []networkingv1.NetworkPolicy{allowing} }),
		"two policies, one of which lets the call out": newWorld(service("users")).calls(users).with(func(e *Evidence) { e.Policies = []networkingv1.NetworkPolicy{denyOut, allowing} }),
		"a policy that lets the database be reached": newWorld().pods(pod("p", svc, ready), pod("orders-db-0", db, ready, listensAsDatabase)).with(func(e *Evidence) {
			e.Policies = []networkingv1.NetworkPolicy{allowingEgress("out", tcp(5432), udp(5353))}
		}),
		"a policy that lets nothing out of what needs nothing": newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) { e.Policies = []networkingv1.NetworkPolicy{denyOut} }),
		"a policy about other pods": newWorld(service("users")).calls(users).with(func(e *Evidence) {
			e.Policies = []networkingv1.NetworkPolicy{policy("x", "payments", networkingv1.NetworkPolicySpec{})}
		}),
		"a call that is not declared, and no policy": newWorld(service("users")).with(func(e *Evidence) {
			e.Microservice.Spec.Env = []corev1.EnvVar{{Name: "USERS", Value: "http://users:8080"}}
		}),
		"a Gateway that is not ready beside one that took the route": newWorld().routed(gateway(metav1.ConditionUnknown), nil),
		"pods of a ReplicaSet that was not read": newWorld().pods(pod("p", svc, ready)).with(func(e *Evidence) {
			e.ReplicaSets = nil
			e.Service = &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{v1alpha1.LabelMicroservice: "orders"}}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range Diagnose(w.Evidence).Findings {
				t.Errorf("found %s: %s", f.Fault, f.Cause)
			}
		})
	}
}

// TestInProgress checks services that start without a fault so far.
func TestInProgress(t *testing.T) {
	waiting := func(w world) world {
		w.Microservice.Status.Conditions = append(w.Microservice.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue})
		return w
	}
	const refused = `Readiness probe failed: dial tcp 10.1.0.7:8080: connect: connection refused`
	young := func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State.Running.StartedAt = ago(5 * time.Second) }
	for name, w := range map[string]world{
		"a container that has just started": waiting(unavailable().pods(pod("p", svc, probed("/"), young)).event("p", "Unhealthy", refused)),
		"a volume that is being made": waiting(newWorld().database().unready(databaseOf, v1alpha1.ReasonStoragePending, "").pods(pod("orders-db-0", db, waits("ContainerCreating", ""), mounts("d"))).with(func(e *Evidence) {
			e.Claims["d"] = claim("d", "fast")
			e.Claims["d"].CreationTimestamp = ago(10 * time.Second)
		}).event("d", "ExternalProvisioning", "Waiting for a volume")),
		"a container that has a startup probe and takes its time": waiting(unavailable().pods(pod("p", svc, probed("/"), func(p *corev1.Pod) {
			p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].ReadinessProbe.DeepCopy()
			p.Spec.Containers[0].StartupProbe.PeriodSeconds, p.Spec.Containers[0].StartupProbe.FailureThreshold = 2, 150
			p.Status.ContainerStatuses[0].State.Running.StartedAt = ago(100 * time.Second)
		})).event("p", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503")),
		"a container that answers 503 at first": waiting(unavailable().pods(pod("p", svc, probed("/"), young)).event("p", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")),
		"a container that is being made":        waiting(unavailable().pods(pod("p", svc, waits("ContainerCreating", "")))),
		"a volume that waits for its pod":       waiting(newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, "").pods(pod("orders-db-0", db, waits("ContainerCreating", ""), mounts("d"))).with(func(e *Evidence) { e.Claims["d"] = claim("d", "fast") }).event("d", "WaitForFirstConsumer", "waiting for first consumer")),
		"an old pod that crashes beside new one": waiting(newWorld().unready(workload, v1alpha1.ReasonUnavailable, "").pods(pod("old", svc, waits("CrashLoopBackOff", ""), crashed(9, "Error", 1), func(p *corev1.Pod) {
			p.CreationTimestamp = ago(time.Hour)
			p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "old"
		}), pod("new", svc, waits("ContainerCreating", "")))),
	} {
		t.Run(name, func(t *testing.T) {
			f := Diagnose(w.Evidence).Root()
			if f == nil || f.Fault != InProgress {
				t.Errorf("found %+v, want InProgress", f)
			}
		})
	}
}

// TestRootComesFirst checks the order of several faults.
func TestRootComesFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		world world
		want  []string
	}{
		"a service that crashes because its database does": {
			crashing().database().unready(databaseOf, v1alpha1.ReasonCrashLooping, "").pods(
				pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1)), pod("orders-db-0", db, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))),
			[]string{"CrashLoop database", "CrashLoop service"}},
		"an image that can't be pulled, and a database that crashes": {
			newWorld().database().unready(workload, v1alpha1.ReasonImagePullFailed, "").unready(databaseOf, v1alpha1.ReasonCrashLooping, "").pods(
				pod("p", svc, waits("ErrImagePull", "not found")), pod("orders-db-0", db, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))),
			[]string{"CrashLoop database", "ImagePull service"}},
		"an image that can't be pulled, and a dependency that is down": {
			newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(workload, v1alpha1.ReasonImagePullFailed, "").pods(pod("p", svc, waits("ErrImagePull", "not found"))),
			[]string{"ImagePull service", "DependencyDown dependencies"}},
		"a crash of which the dependency that is down is no part": {
			newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(workload, v1alpha1.ReasonCrashLooping, "").
				pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "panic: no rates"),
			[]string{"CrashLoop service", "DependencyDown dependencies"}},
		"a crash that comes of the dependency": {
			newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(workload, v1alpha1.ReasonCrashLooping, "").
				pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "lookup users.shop.svc: no such host"),
			[]string{"DependencyDown dependencies"}},
		"a foreign autoscaler, and an image that can't be pulled": {
			newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonNotOwned, `HorizontalPodAutoscaler "orders" exists and belongs to Rollout "orders"; to fix: delete it`).
				unready(workload, v1alpha1.ReasonImagePullFailed, "").pods(pod("p", svc, waits("ErrImagePull", "not found"))),
			[]string{"ImagePull service", "NotOwned service"}},
		"an autoscaler that is refused, and an image that can't be pulled": {
			newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonRefused, `The API server refuses HorizontalPodAutoscaler "orders": bad`).
				unready(workload, v1alpha1.ReasonImagePullFailed, "").pods(pod("p", svc, waits("ErrImagePull", "not found"))),
			[]string{"ImagePull service", "AdmissionRefused service"}},
		"backups of a kind that is not installed, and an image that can't be pulled": {
			newWorld().unready(v1alpha1.ConditionBackupReady, v1alpha1.ReasonCRDNotInstalled, "The cluster does not know ScheduledBackup; to fix: install it").
				unready(workload, v1alpha1.ReasonImagePullFailed, "").pods(pod("p", svc, waits("ErrImagePull", "not found"))),
			[]string{"ImagePull service", "CRDNotInstalled backup"}},
		"a foreign CronJob of a backup, and a foreign Deployment": {
			newWorld().unready(v1alpha1.ConditionBackupReady, v1alpha1.ReasonNotOwned, `CronJob "orders-backup" exists and belongs to X`).
				unready(workload, v1alpha1.ReasonNotOwned, `Deployment "orders" exists and belongs to X`),
			[]string{"NotOwned spec", "Unrecognised backup"}},
		"a rotation that is not supported, and a route that is not": {
			newWorld().unready(v1alpha1.ConditionCredentialsRotated, v1alpha1.ReasonNotSupported, "CloudNativePG changes it").
				unready(routing, v1alpha1.ReasonNotSupported, "routes[0].timeout: is not supported; to fix: remove it"),
			[]string{"RouteNotSupported routes", "Unrecognised rotation"}},
		"a Topology that admits no members, and what was reported of a dependency before": {
			newWorld().unready(calls, v1alpha1.ReasonNotPermitted, `Microservice "users", a dependency, does not permit this caller`).
				unready(v1alpha1.ConditionReady, v1alpha1.ReasonNotPermitted, `Topology "mall" lets no members join`),
			[]string{"NamespaceNotAllowed spec", "NotPermitted dependencies"}},
		"killed for its memory, and so crashing": {
			crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(5, "OOMKilled", 137))), []string{"OutOfMemory service"}},
		"nothing listens, and so the probe fails": {
			unavailable().pods(pod("p", svc, probed("/"))).event("p", "Unhealthy", `Readiness probe failed: dial tcp 10.1.0.7:8080: connect: connection refused`), []string{"WrongPort service"}},
		"a migration that waits for the database's start": {
			newWorld().database().unready(databaseOf, v1alpha1.ReasonProgressing, "").unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonMigrating, "").unready(workload, v1alpha1.ReasonMigrating, ""),
			[]string{"InProgress database"}},
		"pods that start, and a route that another service has": {
			newWorld().unready(workload, v1alpha1.ReasonProgressing, "").unready(routing, v1alpha1.ReasonRouteConflict, "routes[0]: belongs to another service").with(stalled),
			[]string{"RouteConflict routes"}},
		"pods that start, and a Gateway that may come": {
			newWorld().unready(workload, v1alpha1.ReasonProgressing, "").unready(routing, v1alpha1.ReasonNoGateway, "Gateway does not exist"),
			[]string{"InProgress service", "NoGateway routes"}},
		"a Ready service with two things beside": {
			newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonUnavailable, "").with(autoscaled("no")),
			[]string{"DependencyDown dependencies", "NoMetrics service"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Diagnose(tc.world.Evidence).Findings {
				got = append(got, f.Fault+" "+string(f.Part))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}

// stalled makes the condition Stalled True.
func stalled(e *Evidence) {
	e.Microservice.Status.Conditions = append(e.Microservice.Status.Conditions,
		metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRouteConflict, ObservedGeneration: e.Microservice.Generation})
}

// TestFaultsAreStaged checks that each row of the table has a case here, a test on a
// real cluster or with a real API server, and a line in the documentation.
func TestFaultsAreStaged(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile("../../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	staged := read("test/e2e/why_faults_test.go") + read("cmd/kubectl-atoll/why_cluster_test.go")
	docs := read("docs/kubectl-atoll.md")
	if len(Faults()) < 20 {
		t.Errorf("%d faults are recognised, want at least 20", len(Faults()))
	}
	for _, fault := range Faults() {
		found := false
		for _, tc := range cases {
			found = found || tc.fault == fault
		}
		if !found {
			t.Errorf("%s has no case in this package", fault)
		}
		if !regexp.MustCompile(`fault: +"` + fault + `"`).MatchString(staged) {
			t.Errorf("%s is staged neither in test/e2e nor in cmd/kubectl-atoll", fault)
		}
		if !strings.Contains(docs, "| "+fault+" |") {
			t.Errorf("docs/kubectl-atoll.md does not document %s", fault)
		}
	}
}

// TestListening checks which port a log names.
func TestListening(t *testing.T) {
	for line, want := range map[string]string{
		`{"msg":"Listening","address":"[::]:9090"}`:                                                      "9090",
		`{"database_url":"postgres://db:5432/x","msg":"listening on :3000"}`:                             "3000",
		`{"db_port":5432,"msg":"starting"}`:                                                              "",
		`{"msg":"request served","remote_addr":"10.244.0.1:51234"}`:                                      "",
		`{"msg":"started","upstream":"users:9000","client_addr":"10.0.0.1:4444","listen_host":"a:6000"}`: "",
		`{"addr":":4000","message":"listening on :3000"}`:                                                "3000",
		`{"Port":"3000","level":"info","msg":"server started"}`:                                          "3000",
		`{"listenAddress":"0.0.0.0:3000","msg":"up"}`:                                                    "3000",
		`{"bind":3000,"msg":"up"}`:                                                                       "3000",
		"INFO: Uvicorn running on http://0.0.0.0:8000":                                                   "",
		"Server listening on port 3000":                                                                  "3000",
		"listening on :8080":                                                                             "",
		"Tomcat started on port 8081 (http)":                                                             "8081",
		"GET /rates?port=9090":                                                                           "",
		"12:00:01 serving metrics":                                                                       "",
		"Listening at: http://127.0.0.1:5000 (pid 1234567)":                                              "5000",
		"started in 1234 ms, accepting connections on :7777":                                             "7777",
	} {
		if got := listening([]string{line}, 8080); got != want {
			t.Errorf("%q names %q, want %q", line, got, want)
		}
	}
}
