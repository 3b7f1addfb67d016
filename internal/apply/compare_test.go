// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// deployment returns a Deployment as Atoll applies it, with changes.
func deployment(changes ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "orders", Labels: map[string]string{"a": "1"}, Annotations: map[string]string{"b": "2"},
			OwnerReferences: []metav1.OwnerReference{controller("Microservice", "u1")}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "orders"}},
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{
				MaxUnavailable: ptr.To(intstr.FromInt32(0)), MaxSurge: ptr.To(intstr.FromString("25%"))}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "orders"}},
				Spec: corev1.PodSpec{
					EnableServiceLinks: ptr.To(false),
					Containers: []corev1.Container{{
						Name: "orders", Image: "orders:1", Args: []string{"serve"},
						Env:       []corev1.EnvVar{{Name: "A", Value: "1"}},
						Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000m")}},
						ReadinessProbe: &corev1.Probe{PeriodSeconds: 5, ProbeHandler: corev1.ProbeHandler{
							TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("http")}}},
					}},
					Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				},
			},
		},
	}
	for _, change := range changes {
		change(d)
	}
	return d
}

// container returns a change of the service's container.
func container(change func(*corev1.Container)) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { change(&d.Spec.Template.Spec.Containers[0]) }
}

// defaulted adds defaults as the API server does, and additions of other managers.
func defaulted(d *appsv1.Deployment) {
	d.UID, d.ResourceVersion, d.Generation = "u2", "7", 3
	d.Labels["added"], d.Annotations["added"] = "by another", "by another"
	d.CreationTimestamp = metav1.Unix(1, 0)
	d.Spec.ProgressDeadlineSeconds = ptr.To[int32](600)
	d.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "now"}
	d.Status.Replicas = 2
	pod := &d.Spec.Template.Spec
	pod.RestartPolicy, pod.DNSPolicy, pod.SchedulerName = corev1.RestartPolicyAlways, corev1.DNSClusterFirst, "default-scheduler"
	pod.SecurityContext = &corev1.PodSecurityContext{}
	pod.Containers[0].ImagePullPolicy = corev1.PullIfNotPresent
	pod.Containers[0].TerminationMessagePath = "/dev/termination-log"
	pod.Containers[0].ReadinessProbe.TimeoutSeconds = 1
	pod.Containers[0].Resources.Requests[corev1.ResourceMemory] = resource.MustParse("1Gi")
}

func controller(kind, uid string) metav1.OwnerReference {
	return metav1.OwnerReference{Kind: kind, Name: "orders", UID: types.UID(uid), Controller: ptr.To(true)}
}

func TestMatchesDesired(t *testing.T) {
	secret := func(data map[string][]byte) *corev1.Secret { return &corev1.Secret{Data: data} }
	service := func(port corev1.ServicePort) *corev1.Service {
		return &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{port}}}
	}
	autoscaler := func(value string) *autoscalingv2.HorizontalPodAutoscaler {
		return &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{Metrics: []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.PodsMetricSourceType,
			Pods: &autoscalingv2.PodsMetricSource{Target: autoscalingv2.MetricTarget{AverageValue: ptr.To(resource.MustParse(value))}},
		}}}}
	}
	raw := func(text string) *v1alpha1.Microservice {
		return &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{PodTemplate: &runtime.RawExtension{Raw: []byte(text)}}}
	}
	for name, tc := range map[string]struct {
		desired, live client.Object
		wantMatch     bool
	}{
		"equal objects":              {desired: deployment(), live: deployment(), wantMatch: true},
		"defaults of the API server": {desired: deployment(), live: deployment(defaulted), wantMatch: true},
		"a quantity in another form": {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Resources.Requests[corev1.ResourceCPU] = resource.MustParse("1") })), wantMatch: true},
		"a quantity in bytes": {
			desired: deployment(container(func(c *corev1.Container) { c.Resources.Requests[corev1.ResourceMemory] = resource.MustParse("1Gi") })),
			live: deployment(container(func(c *corev1.Container) {
				c.Resources.Requests[corev1.ResourceMemory] = resource.MustParse("1073741824")
			})), wantMatch: true},
		"a quantity behind a pointer in another form": {desired: autoscaler("1k"), live: autoscaler("1000"), wantMatch: true},
		"replicas of an autoscaler":                   {desired: deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = nil }), live: deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](7) }), wantMatch: true},
		"a field that is not desired":                 {desired: service(corev1.ServicePort{Port: 80}), live: service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(80), NodePort: 30000}), wantMatch: true},
		"a status":                                    {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Status.Replicas = 9 }), wantMatch: true},
		"a list that is not desired":                  {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: "a"}} }), wantMatch: true},
		"an added key of a Secret":                    {desired: secret(map[string][]byte{"a": []byte("1")}), live: secret(map[string][]byte{"a": []byte("1"), "b": []byte("2")}), wantMatch: true},
		"equal raw JSON":                              {desired: raw(`{"a":1}`), live: raw(`{"a":1}`), wantMatch: true},

		"a changed label":                  {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Labels["a"] = "2" })},
		"a lost label":                     {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { delete(d.Labels, "a") })},
		"a lost annotation":                {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Annotations = nil })},
		"an empty desired label":           {desired: deployment(func(d *appsv1.Deployment) { d.Labels["c"] = "" }), live: deployment()},
		"a lost pod label":                 {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Template.Labels = nil })},
		"a lost controller":                {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.OwnerReferences = nil })},
		"another controller":               {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.OwnerReferences[0].UID = "u9" })},
		"a controller that is not desired": {desired: deployment(func(d *appsv1.Deployment) { d.OwnerReferences = nil }), live: deployment()},
		"another kind":                     {desired: deployment(), live: &appsv1.StatefulSet{ObjectMeta: deployment().ObjectMeta}},
		"a changed number":                 {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](3) })},
		"a desired zero behind a pointer":  {desired: deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](0) }), live: deployment()},
		"a desired false behind a pointer": {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.EnableServiceLinks = ptr.To(true) })},
		"a lost pointer":                   {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.EnableServiceLinks = nil })},
		"a lost struct":                    {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Volumes[0].EmptyDir = nil })},
		"a changed string":                 {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Image = "orders:2" }))},
		"a changed item of a list":         {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Args = []string{"migrate"} }))},
		"an added item of a list":          {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Args = []string{"serve", "-v"} }))},
		"an added port":                    {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: 9}) }))},
		"an added container": {desired: deployment(), live: deployment(func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, corev1.Container{Name: "x"})
		})},
		"a lost item of a list":            {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Env = nil }))},
		"an emptied value":                 {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Env[0].Value = "" }))},
		"a changed quantity":               {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Resources.Requests[corev1.ResourceCPU] = resource.MustParse("1001m") }))},
		"a lost quantity":                  {desired: deployment(), live: deployment(container(func(c *corev1.Container) { c.Resources.Requests = nil }))},
		"a quantity of zero":               {desired: autoscaler("0"), live: autoscaler("1")},
		"a changed map":                    {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Selector.MatchLabels["app"] = "other" })},
		"a changed key of a Secret":        {desired: secret(map[string][]byte{"a": []byte("1")}), live: secret(map[string][]byte{"a": []byte("2")})},
		"a longer key of a Secret":         {desired: secret(map[string][]byte{"a": []byte("1")}), live: secret(map[string][]byte{"a": []byte("12")})},
		"a lost key of a Secret":           {desired: secret(map[string][]byte{"a": []byte("1")}), live: secret(nil)},
		"a number instead of a named port": {desired: service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("http")}), live: service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)})},
		"a name instead of a port number":  {desired: service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}), live: service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("http")})},
		"a percentage instead of zero": {desired: deployment(), live: deployment(func(d *appsv1.Deployment) {
			d.Spec.Strategy.RollingUpdate.MaxUnavailable = ptr.To(intstr.FromString("25%"))
		})},
		"a number instead of zero": {desired: deployment(), live: deployment(func(d *appsv1.Deployment) { d.Spec.Strategy.RollingUpdate.MaxUnavailable = ptr.To(intstr.FromInt32(1)) })},
		"different raw JSON":       {desired: raw(`{"a":1}`), live: raw(`{"a":2}`)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := matchesDesired(tc.desired, tc.live); got != tc.wantMatch {
				t.Errorf("match is %t, want %t", got, tc.wantMatch)
			}
		})
	}
}

// TestMatchesDesiredPermitsStatefulSetAsController covers claims: their StatefulSet
// may set itself as their controller.
func TestMatchesDesiredPermitsStatefulSetAsController(t *testing.T) {
	desired := &corev1.PersistentVolumeClaim{}
	for kind, wantMatch := range map[string]bool{"StatefulSet": true, "Microservice": false} {
		live := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{controller(kind, "u1")}}}
		if got := matchesDesired(desired, live); got != wantMatch {
			t.Errorf("a claim controlled by a %s: match is %t, want %t", kind, got, wantMatch)
		}
	}
}
