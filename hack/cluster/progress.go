package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often a long step says that it is still at work.
const heartbeat = time.Minute

// progress prints each step with its number, and how long it took.
type progress struct {
	out   io.Writer
	total int
	done  int
}

// step runs one numbered step.
func (p *progress) step(what string, run func() error) error {
	p.done++
	label := fmt.Sprintf("[%2d/%d] %s", p.done, p.total, what)
	fmt.Fprintln(p.out, label)

	began := time.Now()
	finished := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-finished:
				return
			case <-ticker.C:
				fmt.Fprintf(p.out, "%s: %s so far\n", label, elapsed(began))
			}
		}
	})
	err := run()
	close(finished)
	beats.Wait()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(p.out, "%s: %s\n", label, elapsed(began))
	return nil
}

func elapsed(since time.Time) time.Duration {
	return time.Since(since).Round(100 * time.Millisecond)
}
