// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// evidenceOf is the evidence about each service, by name.
type evidenceOf map[string]world

func (of evidenceOf) gather(at types.NamespacedName) (*Evidence, error) {
	w, ok := of[at.Name]
	if !ok {
		return nil, errors.New("there is no " + at.String())
	}
	w.Microservice.Name = at.Name
	return w.Evidence, nil
}

func walk(t *testing.T, of evidenceOf) *Report {
	t.Helper()
	report, err := Walk(types.NamespacedName{Namespace: "shop", Name: "orders"}, of.gather)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func pathIs(t *testing.T, r *Report, want ...string) {
	t.Helper()
	if !slices.Equal(r.Path, want) {
		t.Errorf("the path is %q, want %q", r.Path, want)
	}
}

func TestWalk(t *testing.T) {
	ledger := func() *v1alpha1.Microservice {
		return unready(service("ledger"), databaseOf, v1alpha1.ReasonCrashLooping, "")
	}
	crashingDatabase := func() world {
		return newWorld().database().unready(databaseOf, v1alpha1.ReasonCrashLooping, "").
			pods(pod("ledger-db-0", db, waits("CrashLoopBackOff", ""), crashed(5, "Error", 1)))
	}
	t.Run("to the database of the service at the end", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
			"users":  newWorld(ledger()).calls(v1alpha1.Dependency{Name: "ledger", Startup: v1alpha1.StartupWait}).undeployed().unready(workload, v1alpha1.ReasonDependencyNotReady, ""),
			"ledger": crashingDatabase(),
		})
		pathIs(t, r, "orders", "users", "ledger", "ledger's database")
		if r.Root.Fault != "CrashLoop" || r.Root.Object != "Pod ledger-db-0" || !r.Faulty() {
			t.Errorf("the root is %+v", r.Root)
		}
		if first, last := r.Root.Steps[0], r.Root.Steps[len(r.Root.Steps)-1]; first.Object != "Microservice orders" || last.Object != "Pod ledger-db-0" {
			t.Errorf("the steps go from %q to %q", first.Object, last.Object)
		}
	})
	t.Run("no further than to where it is", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": unavailable().pods(pod("p", svc, waits("ErrImagePull", "not found"))).calls(users),
			"users":  newWorld(),
		})
		pathIs(t, r, "orders")
		if r.Root.Fault != "ImagePull" {
			t.Errorf("the root is %+v", r.Root)
		}
	})
	t.Run("to a service that is ready by now", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
			"users":  newWorld(),
		})
		pathIs(t, r, "orders")
		if r.Root.Fault != "DependencyDown" {
			t.Errorf("the root is %+v", r.Root)
		}
	})
	t.Run("through services that are ready, to the one that is not", func(t *testing.T) {
		needsLedger, needsUsers := service("users", v1alpha1.Dependency{Name: "ledger"}), service("payments", users)
		r := walk(t, evidenceOf{
			"orders":   newWorld(needsUsers, needsLedger, ledger()).calls(v1alpha1.Dependency{Name: "payments"}),
			"payments": newWorld(needsLedger, ledger()).calls(users),
			"users":    newWorld(ledger()).calls(v1alpha1.Dependency{Name: "ledger"}).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
			"ledger":   crashingDatabase(),
		})
		pathIs(t, r, "orders", "payments", "users", "ledger", "ledger's database")
		if r.State != graph.StateReady || r.Root == nil || r.Root.Fault != "CrashLoop" || !r.Root.Beside || !r.Faulty() {
			t.Errorf("the root is %+v", r.Root)
		}
		if len(r.Root.Steps) == 0 || r.Root.Steps[0] != step("Microservice orders", "calls payments, which is Ready, and which depends on ledger") {
			t.Errorf("the steps are %+v", r.Root.Steps)
		}
	})
	t.Run("not to an optional service that is down", func(t *testing.T) {
		optional := v1alpha1.Dependency{Name: "ledger", Optional: ptr.To(true)}
		for name, w := range map[string]world{
			"directly":               newWorld(ledger()).calls(optional),
			"behind a required one":  newWorld(service("users", optional), ledger()).calls(users),
			"behind an optional one": newWorld(service("users", v1alpha1.Dependency{Name: "ledger"}), ledger()).calls(v1alpha1.Dependency{Name: "users", Optional: ptr.To(true)}),
		} {
			if r := walk(t, evidenceOf{"orders": w, "users": newWorld(), "ledger": crashingDatabase()}); r.Root != nil || r.Faulty() {
				t.Errorf("%s: the root is %+v, want none", name, r.Root)
			}
		}
	})
	t.Run("to an optional service that the log blames", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(ledger()).calls(v1alpha1.Dependency{Name: "ledger", Optional: ptr.To(true)}).unready(workload, v1alpha1.ReasonCrashLooping, "").
				pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log("p", true, "dial ledger.shop.svc:8080: connection refused"),
			"ledger": crashingDatabase(),
		})
		pathIs(t, r, "orders", "ledger", "ledger's database")
	})
	t.Run("past what is beside in a service that others wait for", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
			"users":  newWorld().unready(v1alpha1.ConditionAutoscalerReady, v1alpha1.ReasonUnavailable, "").with(autoscaled("no")),
		})
		if r.Root.Fault != "DependencyDown" {
			t.Errorf("the root is %+v", r.Root)
		}
	})
	t.Run("of a service that is well", func(t *testing.T) {
		r := walk(t, evidenceOf{"orders": newWorld()})
		pathIs(t, r, "orders")
		if r.Root != nil || r.Faulty() {
			t.Errorf("the root is %+v, want none", r.Root)
		}
	})
	t.Run("fails with the evidence", func(t *testing.T) {
		_, err := Walk(types.NamespacedName{Namespace: "shop", Name: "stock"}, evidenceOf{}.gather)
		if err == nil || err.Error() != "there is no shop/stock" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("tells what could not be read once", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(down()).calls(users).unready(calls, v1alpha1.ReasonDependencyNotReady, "").with(func(e *Evidence) { e.Unread = []string{"Events", "Nodes"} }),
			"users":  newWorld().with(func(e *Evidence) { e.Unread = []string{"Events"} }),
		})
		if !slices.Equal(r.Unread, []string{"Events", "Nodes"}) {
			t.Errorf("not read is %q", r.Unread)
		}
	})
}

// TestWalkInCycles checks that the walk ends.
func TestWalkInCycles(t *testing.T) {
	notReady := func(name string, calls ...v1alpha1.Dependency) *v1alpha1.Microservice {
		return unready(service(name, calls...), workload, v1alpha1.ReasonCrashLooping, "")
	}
	ordersWait := v1alpha1.Dependency{Name: "orders", Startup: v1alpha1.StartupWait}
	t.Run("with one at fault", func(t *testing.T) {
		r := walk(t, evidenceOf{
			"orders": newWorld(notReady("users", ordersWait)).calls(usersWait).unready(calls, v1alpha1.ReasonDependencyNotReady, ""),
			"users":  unavailable().pods(pod("p", svc, waits("ErrImagePull", "not found"))),
		})
		pathIs(t, r, "orders", "users")
		if r.Root.Fault != "CycleWait" || r.Root.Object != "Pod p" || !strings.HasPrefix(r.Root.Cause, "orders -> users -> orders wait for each other and fail together; at fault is users: Image") {
			t.Errorf("the root is %+v", r.Root)
		}
	})
	t.Run("in which a service is rolled out and the others are ready", func(t *testing.T) {
		orders := v1alpha1.Dependency{Name: "orders"}
		for name, tc := range map[string]struct {
			others []*v1alpha1.Microservice
			faulty bool
		}{
			"and nothing is down": {[]*v1alpha1.Microservice{service("users", orders)}, false},
			"and another is down": {[]*v1alpha1.Microservice{service("users", orders, v1alpha1.Dependency{Name: "ledger"}), notReady("ledger")}, true},
		} {
			r := walk(t, evidenceOf{
				"orders": newWorld(tc.others...).calls(users).unready(workload, v1alpha1.ReasonProgressing, ""),
				"users":  newWorld(tc.others...).calls(tc.others[0].Spec.Dependencies...),
				"ledger": unavailable().pods(pod("p", svc, waits("ErrImagePull", "not found"))),
			})
			if r.Faulty() != tc.faulty || r.Root.Fault != "InProgress" {
				t.Errorf("%s: the path is %q, and the root is %+v", name, r.Path, r.Root)
			}
		}
	})
	t.Run("in which each needs the other", func(t *testing.T) {
		needs := func(name, other string) world {
			w := newWorld(notReady(other)).calls(v1alpha1.Dependency{Name: other}).unready(workload, v1alpha1.ReasonCrashLooping, "").
				pods(pod(name+"-1", svc, waits("CrashLoopBackOff", ""), crashed(3, "Error", 1))).log(name+"-1", true, "dial "+other+".shop.svc:8080: connection refused")
			return w.unready(calls, v1alpha1.ReasonDependencyNotReady, "")
		}
		r := walk(t, evidenceOf{"orders": needs("orders", "users"), "users": needs("users", "orders")})
		if r.Root.Fault != "CycleWait" || !strings.HasPrefix(r.Root.Cause, "orders -> users -> orders wait for each other: each becomes ready only after the next one") {
			t.Errorf("the root is %+v", r.Root)
		}
		if r.Root.Beside {
			t.Error("it keeps orders from being ready")
		}
	})
}

// TestLogsWanted checks which container's log is read, and whether that of its
// current or its previous run.
func TestLogsWanted(t *testing.T) {
	sidecar := func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy"})
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "proxy", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
	}
	for name, tc := range map[string]struct {
		world world
		want  []Log
	}{
		"none of a service that is well":          {newWorld().pods(pod("p", svc, ready)), nil},
		"none of a container that never ran":      {unavailable().pods(pod("p", svc, waits("ImagePullBackOff", ""))), nil},
		"the log of before of one that waits":     {crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(2, "Error", 1))), []Log{{"p", "orders", true}}},
		"the log of now of one that is not ready": {unavailable().pods(pod("p", svc, sidecar)), []Log{{"p", "orders", false}}},
		"the log of a try that failed":            {newWorld().database().job(PartMigration, "Failed").pods(pod("m", v1alpha1.ComponentMigration, failed(""))), []Log{{"m", "orders", false}}},
		"of the database and of the service": {crashing().database().pods(pod("d", db, waits("CrashLoopBackOff", ""), crashed(2, "Error", 1)), pod("p", svc)),
			[]Log{{"d", "orders", true}, {"p", "orders", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := LogsWanted(tc.world.Evidence); !slices.Equal(got, tc.want) {
				t.Errorf("wanted are %v, want %v", got, tc.want)
			}
		})
	}
}

func TestLastWords(t *testing.T) {
	for name, tc := range map[string]struct{ log, want string }{
		"the last line":               {"one\ntwo\n\n", "two"},
		"an error before a farewell":  {"2026-05-04 11:00:00.123 UTC [1] FATAL:  no such library\n2026-05-04 11:00:00.124 UTC [1] LOG:  shut down\n", "FATAL: no such library"},
		"a panic before its trace":    {"panic: no rates\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d\n", "panic: no rates"},
		"JSON":                        {`{"time":"2026-05-04T11:00:00Z","level":"ERROR","msg":"Stopped","error":"no rates"}`, "Stopped: no rates"},
		"JSON that says nothing":      {`{"a":1}`, `{"a":1}`},
		"nothing":                     {"\n\n", ""},
		"what would steer a terminal": {"\x1b[31mred error\x1b[0m\n", "red error"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lastWords(tail(tc.log)); got != tc.want {
				t.Errorf("the last words are %q, want %q", got, tc.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	for message, want := range map[string][2]string{
		`Secret "a" does not exist; to fix: create it, or correct env[B]`: {`Secret "a" does not exist`, "Create it, or correct env[B]"},
		`routes[0].path: "x" is no path; to fix: write /x`:                {`routes[0].path: "x" is no path`, "Write /x"},
		`No log was read`: {"No log was read", "Otherwise"},
	} {
		f := &Finding{}
		if f.report(condition.ParseMessage(message), "otherwise"); f.Cause != want[0] || f.Remedy != want[1] {
			t.Errorf("%q is reported as %q and %q, want %q", message, f.Cause, f.Remedy, want)
		}
	}
}

func TestPatientRemedy(t *testing.T) {
	for name, tc := range map[string]struct{ reason, remedy, want string }{
		"without a remedy": {v1alpha1.ReasonProgressing, "", "Wait; no fault was found so far"},
		"with a remedy":    {v1alpha1.ReasonUnavailable, "check the probes", "Wait; if nothing changes, check the probes"},
		"no backup yet":    {v1alpha1.ReasonNoBackup, "create a backup now with kubectl create job x", "Wait, or create a backup now with kubectl create job x"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := patientRemedy(tc.reason, tc.remedy); got != tc.want {
				t.Errorf("the remedy is %q, want %q", got, tc.want)
			}
		})
	}
}
