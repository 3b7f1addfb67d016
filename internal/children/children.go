/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

// Package children knows what a Microservice and a Topology are made of: which
// objects, how each is built from the spec, and how each shows whether it is
// well. It is pure: everything it looks at is passed in as Inputs.
package children

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/database"
)

// Object is any Kubernetes object.
type Object interface {
	metav1.Object
	runtime.Object
}

// Kind is a row of the table: a kind of child.
type Kind struct {
	// Name is the kind's name, as in Deployment.
	Name string
	// Prototype is an empty object of the kind.
	Prototype Object
	// CRD is the name of the CustomResourceDefinition of an optional kind; empty
	// for kinds that every cluster has.
	CRD string
	// Condition is the condition of the Microservice that the kind counts to.
	Condition string
	// After names a kind above in the table that this one is of no use without:
	// while an object of that kind can't be applied, none of this one is.
	After string
	// Build makes the wanted objects of the kind; none when none is wanted. An
	// error of type *Problem is shown to the user: what is returned beside it is
	// applied, and what else exists of the kind stays as it is.
	Build func(*Inputs) ([]Object, error)
	// Health says how a wanted object is; live is nil while it does not exist. nil
	// means that existing is enough.
	Health func(in *Inputs, live Object) Health
	// Outlives says that an object of the kind stays when the Microservice goes;
	// nil means that all go with it.
	Outlives func(*Inputs, Object) bool
	// Fleeting says that an object which is no longer wanted goes at once, also while
	// another could not be applied: its work is done, or it stands in the way. nil means
	// that none does: what is still used in the place of what failed must stay.
	Fleeting func(live metav1.Object) bool
	// Once says that objects of the kind are made and never changed afterwards. What
	// they do has conditions of its own.
	Once bool
}

// Table is every kind of child of a Microservice, in the order of applying.
var Table = []Kind{
	{Name: "ServiceAccount", Prototype: &corev1.ServiceAccount{}, Condition: v1alpha1.ConditionWorkloadReady, Build: serviceAccount},
	{Name: "Secret", Prototype: &corev1.Secret{}, Condition: v1alpha1.ConditionDatabaseReady, Build: databaseSecrets, Outlives: secretRetained, Fleeting: isNextSecret},
	{Name: "PersistentVolumeClaim", Prototype: &corev1.PersistentVolumeClaim{}, Condition: v1alpha1.ConditionDatabaseReady, Build: databaseClaim, Outlives: always},
	{Name: "NetworkPolicy", Prototype: &networkingv1.NetworkPolicy{}, Condition: v1alpha1.ConditionDatabaseReady, Build: networkPolicies, Fleeting: isServicePolicy},
	{Name: "StatefulSet", Prototype: &appsv1.StatefulSet{}, Condition: v1alpha1.ConditionDatabaseReady, After: "Secret", Build: databaseStatefulSet, Health: databaseHealth},
	{Name: "ObjectStore", Prototype: prototype(database.ObjectStoreKind), CRD: "objectstores.barmancloud.cnpg.io", Condition: v1alpha1.ConditionDatabaseReady, Build: objectStores, Outlives: databaseRetained},
	{Name: "Cluster", Prototype: prototype(database.ClusterKind), CRD: "clusters.postgresql.cnpg.io", Condition: v1alpha1.ConditionDatabaseReady, Build: cluster, Health: clusterHealth, Outlives: databaseRetained},
	{Name: "ScheduledBackup", Prototype: prototype(database.ScheduledBackupKind), CRD: "scheduledbackups.postgresql.cnpg.io", Condition: v1alpha1.ConditionBackupReady, Build: scheduledBackup},
	{Name: "Service", Prototype: &corev1.Service{}, Condition: v1alpha1.ConditionWorkloadReady, Build: services},
	{Name: "Job", Prototype: &batchv1.Job{}, Condition: v1alpha1.ConditionDatabaseReady, After: "Secret", Build: jobs, Once: true, Fleeting: isAny},
	{Name: "CronJob", Prototype: &batchv1.CronJob{}, Condition: v1alpha1.ConditionBackupReady, After: "Secret", Build: backupCronJob},
	{Name: "Deployment", Prototype: &appsv1.Deployment{}, Condition: v1alpha1.ConditionWorkloadReady, After: "Secret", Build: deployment, Health: deploymentHealth},
	{Name: "HorizontalPodAutoscaler", Prototype: &autoscalingv2.HorizontalPodAutoscaler{}, Condition: v1alpha1.ConditionAutoscalerReady, Build: horizontalPodAutoscaler, Health: autoscalerHealth},
	{Name: "PodDisruptionBudget", Prototype: &policyv1.PodDisruptionBudget{}, Condition: v1alpha1.ConditionWorkloadReady, Build: podDisruptionBudget},
	{Name: "HTTPRoute", Prototype: &gatewayv1.HTTPRoute{}, CRD: "httproutes.gateway.networking.k8s.io", Condition: v1alpha1.ConditionRoutesReady, Build: httpRoutes, Health: httpRouteHealth},
	{Name: "GRPCRoute", Prototype: &gatewayv1.GRPCRoute{}, CRD: "grpcroutes.gateway.networking.k8s.io", Condition: v1alpha1.ConditionRoutesReady, Build: grpcRoutes, Health: grpcRouteHealth},
}

// prototype is an empty object of a kind that Atoll has no Go type of.
func prototype(kind schema.GroupVersionKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	return o
}

// ConditionOf is the condition that one object of the kind counts to. A Job
// counts to what it is for, and a NetworkPolicy to whose pods it is about.
func (k *Kind) ConditionOf(o metav1.Object) string {
	component := o.GetLabels()[v1alpha1.LabelComponent]
	switch {
	case k.Name == "NetworkPolicy" && component == v1alpha1.ComponentService:
		return v1alpha1.ConditionWorkloadReady
	case k.Name != "Job":
	case component == v1alpha1.ComponentMigration:
		return v1alpha1.ConditionDatabaseMigrated
	case component == v1alpha1.ComponentRestore:
		return v1alpha1.ConditionDatabaseRestored
	case component == v1alpha1.ComponentRotation:
		return v1alpha1.ConditionCredentialsRotated
	}
	return k.Condition
}

// Problem is something that the user is told in a condition, and that keeps a
// kind of child from being built.
type Problem struct {
	// Condition is the condition that shows it. Empty means the kind's own.
	Condition string
	Reason    string
	Message   string
	// Stalled says that only a change by the user helps. Otherwise something is
	// waited for that a watch will tell.
	Stalled bool
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Message }

func invalid(format string, args ...any) *Problem {
	return &Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf(format, args...), Stalled: true}
}

// Wanted is what Build found for one kind.
type Wanted struct {
	Kind    *Kind
	Objects []Object
	// Problem kept further objects from being built; what exists of these stays as
	// it is.
	Problem *Problem
}

// Build makes all wanted children, one entry for each row of the table. An
// error is a fault of Atoll; what is wrong with the spec is in the entries.
func Build(in *Inputs) ([]Wanted, error) {
	in.database, in.databaseErr = database.Resolve(in.Microservice, in.Topology, &in.DatabaseState)
	in.rotation = rotationOf(in)
	wanted := make([]Wanted, 0, len(Table))
	for i := range Table {
		kind := &Table[i]
		w := Wanted{Kind: kind}
		objects, err := kind.Build(in)
		if err != nil && !errors.As(err, &w.Problem) {
			return nil, fmt.Errorf("building %s of Microservice %q: %w", kind.Name, in.Microservice.Name, err)
		}
		if w.Problem != nil && w.Problem.Condition == "" {
			w.Problem.Condition = kind.Condition
		}
		w.Objects = objects
		for _, o := range objects {
			if kind.Outlives == nil || !kind.Outlives(in, o) {
				owned(in.Microservice, o)
			}
		}
		if kind.CRD != "" && in.MissingCRDs[kind.CRD] && len(w.Objects) > 0 {
			w.Objects, w.Problem = nil, missingCRD(kind)
		}
		wanted = append(wanted, w)
	}
	return wanted, nil
}

func missingCRD(kind *Kind) *Problem {
	from := "Gateway API"
	switch {
	case strings.HasSuffix(kind.CRD, ".postgresql.cnpg.io"):
		from = "CloudNativePG"
	case strings.HasSuffix(kind.CRD, ".barmancloud.cnpg.io"):
		from = "the Barman Cloud plugin of CloudNativePG"
	}
	return &Problem{
		Condition: kind.Condition,
		Reason:    v1alpha1.ReasonCRDNotInstalled,
		Message: fmt.Sprintf("The cluster does not know %s: install the CustomResourceDefinition %q (%s); it is taken up without a restart",
			kind.Name, kind.CRD, from),
	}
}

func one(o Object) ([]Object, error) { return []Object{o}, nil }
