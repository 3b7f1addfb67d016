// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputstest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// password is the one in every binding Secret.
const password = "secret-password"

// World is what the documents of an input hold.
type World struct {
	Services   []*v1alpha1.Microservice
	Topologies []*v1alpha1.Topology
	claim      *corev1.PersistentVolumeClaim
	set        *appsv1.StatefulSet
	deployment *appsv1.Deployment
	cluster    *unstructured.Unstructured
	jobs       []*batchv1.Job
	pods       []corev1.Pod
	// GatewayWanted says that the Topology came first, so that the case is about
	// its Gateway too.
	GatewayWanted bool
}

// Circumstances are what a case's objects don't say: the file case.yaml.
type Circumstances struct {
	// Credentials is Lost where the binding Secret is gone, AdminLost where the
	// administrator's is, None where none was there yet, and Foreign where
	// another owner has one.
	Credentials string `json:"credentials,omitempty"`
	// Next is how far a new password has come: Minted where no Secret holds it yet,
	// Made where its own does, and Published where the binding Secret does too.
	Next string `json:"next,omitempty"`
	// BackupOverdue says that the time for a backup has passed.
	BackupOverdue bool `json:"backupOverdue,omitempty"`
	// Only are the kinds that the case is about; unset means all.
	Only []string `json:"only,omitempty"`
	// MissingCRDs are the optional kinds that the cluster lacks.
	MissingCRDs []string `json:"missingCRDs,omitempty"`
	// Autoscalers are the HorizontalPodAutoscalers of others that scale the Deployment.
	Autoscalers []string `json:"autoscalers,omitempty"`
	// References is what was found of ConfigMaps and Secrets. Missing are those that do
	// not exist, as in Secret/orders, and keys, as in Secret/orders/password.
	References struct {
		Hash    string   `json:"hash,omitempty"`
		Missing []string `json:"missing,omitempty"`
	} `json:"references,omitzero"`
}

// ReadWorld reads the documents of a file.
func ReadWorld(t *testing.T, file string) *World {
	t.Helper()
	w := &World{}
	w.Read(t, file)
	return w
}

// Read adds the documents of a file. Only what is not of Atoll's concern in
// samples is passed over; anything else that is unknown fails.
func (w *World) Read(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := w.add(document); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

func (w *World) add(document []byte) error {
	var meta struct {
		Kind string `json:"kind"`
	}
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return err
	}
	switch meta.Kind {
	case "Microservice":
		ms := &v1alpha1.Microservice{}
		w.Services = append(w.Services, ms)
		// The API server gives each object one; owner references hold it.
		defer func() { ms.UID = types.UID("uid-of-" + ms.Name) }()
		return yaml.UnmarshalStrict(document, ms)
	case "Topology":
		w.GatewayWanted = w.GatewayWanted || len(w.Services) == 0
		topology := &v1alpha1.Topology{}
		w.Topologies = append(w.Topologies, topology)
		return yaml.UnmarshalStrict(document, topology)
	case "PersistentVolumeClaim":
		w.claim = &corev1.PersistentVolumeClaim{}
		return yaml.UnmarshalStrict(document, w.claim)
	case "StatefulSet":
		w.set = &appsv1.StatefulSet{}
		return yaml.UnmarshalStrict(document, w.set)
	case "Deployment":
		w.deployment = &appsv1.Deployment{}
		return yaml.UnmarshalStrict(document, w.deployment)
	case "Cluster":
		w.cluster = &unstructured.Unstructured{}
		return yaml.UnmarshalStrict(document, &w.cluster.Object)
	case "Job":
		job := &batchv1.Job{}
		w.jobs = append(w.jobs, job)
		return yaml.UnmarshalStrict(document, job)
	case "Pod":
		pod := corev1.Pod{}
		defer func() { w.pods = append(w.pods, pod) }()
		return yaml.UnmarshalStrict(document, &pod)
	case "Namespace", "":
		// A namespace, a kustomization or a comment.
		return nil
	}
	return fmt.Errorf("kind %q is not known to this test", meta.Kind)
}

// CaseInputs are the inputs of the first Microservice of a case, with changes.
func CaseInputs(t *testing.T, dir string, changes ...func(*inputs.Inputs)) *inputs.Inputs {
	t.Helper()
	w := ReadWorld(t, filepath.Join(dir, "input.yaml"))
	in := w.Inputs(w.Services[0], ReadCircumstances(t, dir))
	for _, change := range changes {
		change(in)
	}
	return in
}

// Inputs assembles the inputs of a Microservice.
func (w *World) Inputs(ms *v1alpha1.Microservice, c Circumstances) *inputs.Inputs {
	in, err := inputs.Assemble(ms, &source{world: w, circumstances: c})
	if err != nil {
		// Lookups in a world do not fail.
		panic(err)
	}
	// A case pins the hash, so that its golden file does not hold one over a test's data.
	in.References.Hash = c.References.Hash
	in.BackupOverdue = c.BackupOverdue
	return in
}

// addCredentials gives the database the Secrets that it would have.
func addCredentials(in *inputs.Inputs, c Circumstances) {
	users := inputs.UsersOf(in.Microservice, in.DatabaseState.Cluster)
	state := &in.DatabaseState
	switch c.Credentials {
	case "Foreign":
		state.ForeignSecret = names.Database(in.Microservice.Name)
		return
	case "", "AdminLost":
		state.Binding = &inputs.Credentials{Username: users.First, Password: password, UID: "uid-of-binding"}
		if state.Cluster != nil {
			state.Binding.Server = state.Cluster.GetUID()
		}
	}
	if c.Credentials != "AdminLost" && in.Microservice.Spec.Database.Provider != v1alpha1.ProviderCloudNativePG {
		state.Admin = &inputs.Credentials{Username: users.Admin, Password: "admin-password", UID: "uid-of-admin"}
	}
	if c.Next == "" {
		return
	}
	user := users.First
	if state.Binding != nil {
		user = users.After(users.First)
	}
	next := inputs.Credentials{Username: user, Password: "next-password", Rotation: in.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]}
	if state.Cluster != nil {
		next.Server = state.Cluster.GetUID()
	}
	if c.Next == "Published" {
		published := next
		published.UID = "uid-of-binding"
		state.Binding = &published
	}
	if c.Next != "Minted" {
		next.UID = "uid-of-next"
	}
	state.Next = &next
}

// Found returns how the graph finds the world's services.
func (w *World) Found() graph.Services {
	return graph.Services{Find: w.Service, MemberOf: graph.TopologyOf}
}

// Service returns the Microservice of a name, or nil.
func (w *World) Service(namespace, name string) *v1alpha1.Microservice {
	for _, ms := range w.Services {
		if ms.Name == name && ms.Namespace == namespace {
			return ms
		}
	}
	return nil
}

// ReadCircumstances reads the file case.yaml of a case; a case without one has none.
func ReadCircumstances(t *testing.T, dir string) Circumstances {
	t.Helper()
	var c Circumstances
	text, err := os.ReadFile(filepath.Join(dir, "case.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	if err == nil {
		err = yaml.UnmarshalStrict(text, &c)
	}
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return c
}
