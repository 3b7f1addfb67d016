package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is the period of the message that a long step still runs.
const heartbeat = time.Minute

// progress prints the number and the duration of each step.
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

	begin := time.Now()
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
				fmt.Fprintf(p.out, "%s: %s so far\n", label, elapsed(begin))
			}
		}
	})
	err := run()
	close(finished)
	beats.Wait()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(p.out, "%s: %s\n", label, elapsed(begin))
	return nil
}

func elapsed(since time.Time) time.Duration {
	return time.Since(since).Round(100 * time.Millisecond)
}
