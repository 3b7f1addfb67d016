// Package eventually waits in tests for what another process or goroutine brings about.
package eventually

import (
	"testing"
	"time"
)

// Patience is far above what anything in the tests takes, so that it only ends what hangs.
const Patience = 20 * time.Second

// Holds waits until a condition holds.
func Holds(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("this did not come true: " + what)
		case <-again.C:
		}
	}
}
