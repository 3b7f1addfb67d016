// Package eventually lets tests wait for the work of another process or goroutine.
package eventually

import (
	"testing"
	"time"
)

// Patience is much longer than any step of a test takes. It ends only steps that hang.
const Patience = 20 * time.Second

// Holds waits until holds returns true. what describes the condition.
func Holds(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("timed out, the condition does not hold: " + what)
		case <-again.C:
		}
	}
}
