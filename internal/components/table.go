// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Component is a row of the table: a part of what a Microservice is made of.
type Component struct {
	// Name identifies the component, as in "service policy".
	Name string
	// Kind is the kind of its objects, and Prototype an empty object of that kind. A
	// component without a kind makes no objects and only reports.
	Kind      string
	Prototype kube.Object
	// Label is the value of the label app.kubernetes.io/component on its objects.
	Label string
	// Matches tells its objects from those of another component with the same kind and
	// label; nil where there is no other.
	Matches func(live metav1.Object) bool
	// CRD defines the kind where a cluster may lack it; nil where every cluster has it.
	CRD *CRD
	// WantedBy reports whether a Microservice may have the component. Those that may
	// are reconciled when the CRD comes or goes. It is required with CRD.
	WantedBy func(*v1alpha1.Microservice) bool

	// Condition is the type of the condition that covers the component.
	Condition string
	// After names components that come before in the table. While one of their objects can't
	// be applied, none of this one's is, except what BuildKept returns.
	After []string
	// BuildKept builds what stops pods all the same, and starts or changes none; nil where
	// nothing does.
	BuildKept func(*database.Database) ([]kube.Object, error)
	// Isolates means that the objects are the NetworkPolicies of the pods with the component's
	// label. While one can't be built or applied, none of these pods starts. In the table, the
	// component comes before those that have such pods.
	Isolates bool
	// Build returns the wanted objects. An error of type *Problem goes to the user:
	// the objects beside it are applied, and all others of the component stay as they are.
	Build func(*database.Database) ([]kube.Object, error)
	// Health returns how a wanted object is; live is nil while it does not exist. nil
	// means that existing is enough.
	Health func(db *database.Database, live kube.Object) condition.Health
	// Report returns what the condition says beside the health of objects; nil where
	// there is nothing to say.
	Report func(*database.Database) *condition.Health

	// CreateOnly reports whether an object is created and never changed afterwards;
	// nil means that none is.
	CreateOnly func(*database.Database, kube.Object) bool
	// Orphan reports whether an object stays when its Microservice is deleted; nil
	// means that none does.
	Orphan func(*database.Database, kube.Object) bool
	// UsedByPods means that pods may use an object, so that one which is no longer
	// wanted stays while pods of an earlier template run.
	UsedByPods bool
	// StandsIn reports whether a live object that is no longer wanted does what the spec
	// still declares, and what none of the applied objects does. It stays while an object of the
	// component can't be built or applied, and the others are deleted. nil means that none is
	// deleted while Build reports a problem.
	StandsIn func(in *inputs.Inputs, live kube.Object, applied []kube.Object) bool
	// Leftovers returns live objects that an object of the component created, that have
	// done their work, and that are deleted. nil means that there are none.
	Leftovers func(*database.Database) []kube.Object
	// BuildHeld builds what follows the spec also while the Microservice is no member
	// of the Topology that it names; nil where nothing does.
	BuildHeld func(*database.Database) ([]kube.Object, error)
}

// CRD is a CustomResourceDefinition that a cluster may lack.
type CRD struct {
	// Name is the name of the CustomResourceDefinition.
	Name string
	// Provider is what installs it, as users know it.
	Provider string
	// Optional means that a Microservice is complete without the component. Where the
	// CRD is missing, the component is left out and no condition mentions it.
	Optional bool
}

// GatewayAPI is what installs Gateways and routes.
const GatewayAPI = "the Gateway API"

const (
	gatewayAPI    = GatewayAPI
	cloudNativePG = "CloudNativePG"
	barmanPlugin  = "the Barman Cloud plugin of CloudNativePG"
)

// Deployment is the name of the component that runs the service's pods.
const Deployment = "deployment"

const (
	serviceAccount  = "service account"
	credentials     = "database credentials"
	nextCredentials = "next database credentials"
)

// Table lists every component of a Microservice, in the order of applying.
var Table = []Component{
	{Name: serviceAccount, Kind: "ServiceAccount", Prototype: &corev1.ServiceAccount{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionWorkloadReady, Build: of(workload.ServiceAccounts), UsedByPods: true},
	{Name: credentials, Kind: "Secret", Prototype: &corev1.Secret{}, Label: v1alpha1.ComponentDatabase, Matches: database.IsNoNextSecret,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.Secrets, CreateOnly: database.Minted, Orphan: database.Retained, UsedByPods: true},
	{Name: nextCredentials, Kind: "Secret", Prototype: &corev1.Secret{}, Label: v1alpha1.ComponentDatabase, Matches: database.IsNextSecret,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.NextSecrets, CreateOnly: database.Minted},
	{Name: "database volume", Kind: "PersistentVolumeClaim", Prototype: &corev1.PersistentVolumeClaim{}, Label: v1alpha1.ComponentDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.Claims, Orphan: always, UsedByPods: true},
	{Name: "service policy", Kind: "NetworkPolicy", Prototype: &networkingv1.NetworkPolicy{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionWorkloadReady, Build: of(isolation.ServicePolicies), Isolates: true},
	{Name: "database policy", Kind: "NetworkPolicy", Prototype: &networkingv1.NetworkPolicy{}, Label: v1alpha1.ComponentDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.Policies, Isolates: true, Orphan: database.RetainedServer, UsedByPods: true},
	{Name: "database server", Kind: "StatefulSet", Prototype: &appsv1.StatefulSet{}, Label: v1alpha1.ComponentDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, After: []string{credentials}, Build: database.StatefulSets, BuildKept: database.KeptServers, Health: database.ServerHealth, UsedByPods: true},
	{Name: "backup buckets", Kind: database.ObjectStoreKind.Kind, Prototype: prototype(database.ObjectStoreKind), Label: v1alpha1.ComponentDatabase,
		CRD: &CRD{Name: "objectstores.barmancloud.cnpg.io", Provider: barmanPlugin}, WantedBy: hasDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.ObjectStores, Orphan: database.Retained, UsedByPods: true},
	{Name: "database cluster", Kind: database.ClusterKind.Kind, Prototype: prototype(database.ClusterKind), Label: v1alpha1.ComponentDatabase,
		CRD: &CRD{Name: "clusters.postgresql.cnpg.io", Provider: cloudNativePG}, WantedBy: hasDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.Clusters, Health: database.ClusterHealth, Orphan: database.Retained, UsedByPods: true},
	{Name: "scheduled backup", Kind: database.ScheduledBackupKind.Kind, Prototype: prototype(database.ScheduledBackupKind), Label: v1alpha1.ComponentBackup,
		CRD: &CRD{Name: "scheduledbackups.postgresql.cnpg.io", Provider: cloudNativePG}, WantedBy: hasDatabase,
		Condition: v1alpha1.ConditionBackupReady, Build: database.ScheduledBackups},
	{Name: "service", Kind: "Service", Prototype: &corev1.Service{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionWorkloadReady, Build: workload.Services, UsedByPods: true},
	{Name: "database service", Kind: "Service", Prototype: &corev1.Service{}, Label: v1alpha1.ComponentDatabase,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.Services, UsedByPods: true},
	{Name: "restore", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentRestore,
		Condition: v1alpha1.ConditionDatabaseRestored, After: []string{serviceAccount, credentials}, Build: database.RestoreJobs, Report: database.RestoreHealth,
		CreateOnly: always},
	{Name: "password rotation", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentRotation,
		Condition: v1alpha1.ConditionCredentialsRotated, After: []string{credentials, nextCredentials}, Build: database.RotationJobs, Report: database.RotationHealth,
		CreateOnly: always},
	{Name: "database image", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentImage,
		Condition: v1alpha1.ConditionDatabaseReady, Build: database.ImageJobs, Report: database.ImageHealth,
		CreateOnly: always},
	{Name: "collation check", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentCollation,
		Condition: v1alpha1.ConditionCollationCurrent, After: []string{credentials}, Build: database.CollationJobs, Report: database.CollationHealth,
		CreateOnly: always},
	{Name: "database extensions", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentExtensions,
		Condition: v1alpha1.ConditionDatabaseReady, After: []string{credentials}, Build: database.ExtensionsJobs, Report: database.ExtensionsHealth,
		CreateOnly: always},
	{Name: "migration", Kind: "Job", Prototype: &batchv1.Job{}, Label: v1alpha1.ComponentMigration,
		Condition: v1alpha1.ConditionDatabaseMigrated, After: []string{serviceAccount, credentials}, Build: workload.MigrationJobs, Report: database.MigrationHealth,
		CreateOnly: always},
	{Name: "backup schedule", Kind: "CronJob", Prototype: &batchv1.CronJob{}, Label: v1alpha1.ComponentBackup,
		Condition: v1alpha1.ConditionBackupReady, After: []string{serviceAccount, credentials}, Build: database.CronJobs, Leftovers: database.LeftoverBackups},
	{Name: Deployment, Kind: "Deployment", Prototype: &appsv1.Deployment{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionWorkloadReady, After: []string{serviceAccount, credentials}, Build: workload.Deployments, BuildHeld: workload.HeldDeployments, BuildKept: workload.KeptDeployments, Health: healthOf(workload.DeploymentHealth)},
	{Name: "autoscaler", Kind: "HorizontalPodAutoscaler", Prototype: &autoscalingv2.HorizontalPodAutoscaler{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionAutoscalerReady, Build: of(workload.Autoscalers), Health: healthOf(workload.AutoscalerHealth)},
	{Name: "disruption budget", Kind: "PodDisruptionBudget", Prototype: &policyv1.PodDisruptionBudget{}, Label: v1alpha1.ComponentService,
		Condition: v1alpha1.ConditionWorkloadReady, Build: of(workload.DisruptionBudgets)},
	{Name: "HTTP routes", Kind: "HTTPRoute", Prototype: &gatewayv1.HTTPRoute{}, Label: v1alpha1.ComponentService,
		CRD: &CRD{Name: "httproutes.gateway.networking.k8s.io", Provider: gatewayAPI}, WantedBy: HasRoutes,
		Condition: v1alpha1.ConditionRoutesReady, Build: of(routes.HTTPRoutes), Health: healthOf(routes.HTTPRouteHealth), StandsIn: routes.StandsIn},
	{Name: "gRPC routes", Kind: "GRPCRoute", Prototype: &gatewayv1.GRPCRoute{}, Label: v1alpha1.ComponentService,
		CRD: &CRD{Name: "grpcroutes.gateway.networking.k8s.io", Provider: gatewayAPI}, WantedBy: HasRoutes,
		Condition: v1alpha1.ConditionRoutesReady, Build: of(routes.GRPCRoutes), Health: healthOf(routes.GRPCRouteHealth), StandsIn: routes.StandsIn},
	{Name: "pod monitor", Kind: monitoring.PodMonitorKind.Kind, Prototype: prototype(monitoring.PodMonitorKind), Label: v1alpha1.ComponentService,
		CRD: &CRD{Name: monitoring.PodMonitorCRD, Provider: "the Prometheus operator", Optional: true}, WantedBy: hasTopology,
		Condition: v1alpha1.ConditionWorkloadReady, Build: of(monitoring.PodMonitors)},
	{Name: "objectives", Kind: monitoring.PrometheusRuleKind.Kind, Prototype: prototype(monitoring.PrometheusRuleKind), Label: v1alpha1.ComponentService,
		CRD: &CRD{Name: monitoring.PrometheusRuleCRD, Provider: "the Prometheus operator"}, WantedBy: mayHaveRules,
		Condition: v1alpha1.ConditionObjectivesMonitored, Build: of(monitoring.PrometheusRules), Report: reportOf(monitoring.Health)},

	{Name: "external database", Condition: v1alpha1.ConditionDatabaseReady, Report: database.ExternalHealth},
	{Name: "backups", Condition: v1alpha1.ConditionBackupReady, Report: database.BackupHealth},
	{Name: "database connections", Condition: v1alpha1.ConditionConnectionsSufficient, Report: database.ConnectionsHealth},
	{Name: "foreign autoscalers", Condition: v1alpha1.ConditionAutoscalerReady, Report: reportOf(workload.ForeignAutoscaler)},
	{Name: "route conflicts", Condition: v1alpha1.ConditionRoutesReady, Report: reportOf(routes.RouteConflictHealth)},
	{Name: "dependencies", Condition: v1alpha1.ConditionDependenciesReady, Report: reportOf(workload.DependencyHealth)},
}

// Kinds returns the components of the table that are the first of their kind: one
// for each kind of object. Callers must not change the result.
func Kinds() []*Component { return kinds }

var kinds = firstOfKinds()

func firstOfKinds() []*Component {
	var kinds []*Component
	seen := map[string]bool{"": true}
	for i := range Table {
		if c := &Table[i]; !seen[c.Kind] {
			seen[c.Kind] = true
			kinds = append(kinds, c)
		}
	}
	return kinds
}

// Owns reports whether a live object of the component's kind belongs to it.
func (c *Component) Owns(live metav1.Object) bool {
	return live.GetLabels()[v1alpha1.LabelComponent] == c.Label && (c.Matches == nil || c.Matches(live))
}

// HasRoutes reports whether a Microservice declares routes.
func HasRoutes(ms *v1alpha1.Microservice) bool { return len(ms.Spec.Routes) > 0 }

func hasTopology(ms *v1alpha1.Microservice) bool { return ms.Spec.TopologyRef != nil }

func mayHaveRules(ms *v1alpha1.Microservice) bool { return ms.Spec.SLO != nil || hasTopology(ms) }

func hasDatabase(ms *v1alpha1.Microservice) bool { return ms.Spec.Database != nil }

func always(*database.Database, kube.Object) bool { return true }

// of adapts a builder that has no use for the database.
func of(build func(*inputs.Inputs) ([]kube.Object, error)) func(*database.Database) ([]kube.Object, error) {
	return func(db *database.Database) ([]kube.Object, error) { return build(db.Inputs) }
}

func healthOf(health func(*inputs.Inputs, kube.Object) condition.Health) func(*database.Database, kube.Object) condition.Health {
	return func(db *database.Database, live kube.Object) condition.Health { return health(db.Inputs, live) }
}

func reportOf(report func(*inputs.Inputs) *condition.Health) func(*database.Database) *condition.Health {
	return func(db *database.Database) *condition.Health { return report(db.Inputs) }
}

// prototype returns an empty object of a kind that Atoll has no Go type for.
func prototype(kind schema.GroupVersionKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	return o
}
