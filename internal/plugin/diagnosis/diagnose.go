// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"slices"

	"github.com/atoll-dev/atoll/internal/graph"
)

// fault is a row of the table.
type fault struct {
	name string
	find func(*Evidence) []*Finding
	// pods finds the fault in the pods of one part. It runs for each part.
	pods func(*Evidence, Part) *Finding
}

// table holds every fault that is recognised, in order of causality: of two faults in
// one part of a service, the first is the cause. A new fault is a function and a row.
var table = []fault{
	{name: "Terminating", find: terminating},
	{name: "NotSeen", find: notSeen},
	{name: "Suspended", find: suspended},
	{name: "TopologyNotFound", find: topologyNotFound},
	{name: "NamespaceNotAllowed", find: namespaceNotAllowed},
	{name: "InvalidSpec", find: invalidSpec},
	{name: "NotOwned", find: notOwned},
	{name: "CRDNotInstalled", find: crdNotInstalled},
	{name: "CredentialsLost", find: credentialsLost},
	{name: "ReferenceMissing", find: referenceMissing, pods: referenceMissingInPods},
	{name: "Quota", find: quotaExceeded},
	{name: "AdmissionRefused", find: admissionRefused},

	{name: "ClaimPending", pods: claimPending},
	{name: "Unschedulable", pods: unschedulable},
	{name: "NodeNotReady", pods: nodeNotReady},
	{name: "ImagePlatform", pods: imagePlatform},
	{name: "ImagePull", pods: imagePull},
	{name: "VolumeMount", pods: volumeMount},
	{name: "PodSandbox", pods: podSandbox},
	{name: "RunsAsRoot", pods: runsAsRoot},
	{name: "CommandNotFound", pods: commandNotFound},
	{name: "ContainerConfig", pods: containerConfig},
	{name: "OutOfMemory", pods: outOfMemory},
	{name: "ReadOnlyFilesystem", pods: readOnlyFilesystem},
	{name: "HookFailed", pods: hookFailed},

	{name: "RestoreFailed", find: restoreFailed},
	{name: "MigrationFailed", find: migrationFailed},
	{name: "DependencyNotFound", find: dependencyNotFound},
	{name: "PortNotFound", find: portNotFound},
	{name: "NotPermitted", find: notPermitted},
	{name: "CycleWait", find: cycleWait},
	{name: "DependencyDown", find: dependencyDown},

	{name: "InitContainer", pods: initContainer},
	{name: "LivenessKill", pods: livenessKill},
	{name: "CrashLoop", pods: crashLoop},
	{name: "WrongPort", pods: wrongPort},
	{name: "FailingProbe", pods: failingProbe},
	{name: "DatabaseDown", find: databaseDown},

	{name: "NoGateway", find: noGateway},
	{name: "NoGatewayClass", find: noGatewayClass},
	{name: "GatewayNotReady", find: gatewayNotReady},
	{name: "RouteConflict", find: routeConflict},
	{name: "HostAlreadyClaimed", find: hostClaimed},
	{name: "RouteNotSupported", find: routeNotSupported},
	{name: "RouteNotAccepted", find: routeNotAccepted},

	{name: "SelectorClash", find: selectorClash},
	{name: "PolicyCut", find: policyCut},
	{name: "UndeclaredCall", find: undeclaredCall},
	{name: "NoMetrics", find: noMetrics},
	{name: "ForeignAutoscaler", find: foreignAutoscaler},
	{name: "DrainBlocked", find: drainBlocked},
	{name: "TooFewConnections", find: tooFewConnections},
	{name: "BackupFailed", find: backupFailed},
}

// Faults returns the names of all faults, in order of causality.
func Faults() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].name
	}
	return names
}

// The faults of conditions that no row of the table explains.
const (
	// InProgress means that a condition becomes True without a change of the spec.
	InProgress = "InProgress"
	// Unrecognised means that a condition is False and no fault was recognised.
	Unrecognised = "Unrecognised"
)

// Diagnose finds the faults of a service.
func Diagnose(e *Evidence) *Diagnosis {
	ms := e.Microservice
	d := &Diagnosis{Namespace: ms.Namespace, Service: ms.Name, Findings: []*Finding{}, Unread: e.Unread}
	d.State, d.Reason, d.Message = graph.StateFromConditions(ms.Status.Conditions, ms.Generation)
	if ms.DeletionTimestamp != nil {
		d.Reason, d.Message = "Terminating", "It is being deleted"
	}
	for row := range table {
		d.look(e, row)
	}
	if d.State == graph.StateReady {
		for _, f := range d.Findings {
			f.Beside = true
		}
	}
	d.Findings = append(d.Findings, unexplained(e, d)...)
	slices.SortStableFunc(d.Findings, func(a, b *Finding) int {
		return cmp.Or(order(a.Beside)-order(b.Beside), order(d.onlyWaits(a))-order(d.onlyWaits(b)), cmp.Compare(a.Part.rank(), b.Part.rank()), cmp.Compare(a.row, b.row))
	})
	d.Findings = firstOfWaits(firstOfPods(d.Findings))
	return d
}

// onlyWaits reports whether a finding needs no change, while the service has another fault
// that does.
func (d *Diagnosis) onlyWaits(f *Finding) bool {
	return d.State == graph.StateStalled && f.Fault == InProgress
}

func order(later bool) int {
	if later {
		return 1
	}
	return 0
}

// look applies one row of the table.
func (d *Diagnosis) look(e *Evidence, row int) {
	var found []*Finding
	if table[row].find != nil {
		found = table[row].find(e)
	}
	if table[row].pods != nil {
		for _, part := range parts {
			if f := table[row].pods(e, part); f != nil {
				f.pods = true
				found = append(found, e.inPart(f, part))
			}
		}
	}
	for _, f := range found {
		f.Fault, f.row = table[row].name, row
		d.Findings = append(d.Findings, f)
	}
}

// firstOfWaits removes progress that waits for an earlier finding.
func firstOfWaits(findings []*Finding) []*Finding {
	before := false
	return slices.DeleteFunc(findings, func(f *Finding) bool {
		waits := before && f.Fault == InProgress && !f.Beside
		before = before || !f.Beside
		return waits
	})
}

// firstOfPods keeps one finding in the pods of each part: the others follow from it. It
// keeps none in the pods of the service where their logs blame another service.
func firstOfPods(findings []*Finding) []*Finding {
	reported := map[Part]bool{PartService: slices.ContainsFunc(findings, func(f *Finding) bool { return f.symptom })}
	return slices.DeleteFunc(findings, func(f *Finding) bool {
		if !f.pods {
			return false
		}
		again := reported[f.Part]
		reported[f.Part] = true
		return again
	})
}
