package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is the period of the message that a long step still runs.
const heartbeat = time.Minute

// task is one step of a command.
type task struct {
	label string
	// expected is the duration on a machine with two cores that does nothing else. Only the
	// ratios between tasks matter once a few have run.
	expected time.Duration
	run      func() error
}

// progress runs tasks and prints the number and the duration of each, and the time that the
// rest will take.
type progress struct {
	out   io.Writer
	now   func() time.Time
	tasks []task
}

// runTasks runs tasks in order until one fails, and prints their progress to out.
func runTasks(out io.Writer, tasks []task) error {
	p := progress{out: out, now: time.Now, tasks: tasks}
	return p.run()
}

func (p *progress) run() error {
	begin := p.now()
	for i, t := range p.tasks {
		if err := p.step(i, t, p.now().Sub(begin)); err != nil {
			return fmt.Errorf("step %d of %d, %s: %w", i+1, len(p.tasks), t.label, err)
		}
	}
	return nil
}

// step runs the task with an index, after the earlier ones took the time before.
func (p *progress) step(i int, t task, before time.Duration) error {
	label := fmt.Sprintf("[%2d/%d] %s", i+1, len(p.tasks), t.label)
	fmt.Fprintf(p.out, "%s%s\n", label, describeRemaining(p.remaining(i, before, 0)))

	begin := p.now()
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
				spent := p.now().Sub(begin)
				fmt.Fprintf(p.out, "%s: %s so far%s\n", label, spent.Round(time.Second), describeRemaining(p.remaining(i, before, spent)))
			}
		}
	})
	err := t.run()
	close(finished)
	beats.Wait()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s: %s\n", label, roundDuration(p.now().Sub(begin)))
	return nil
}

// remaining estimates the time until the last task ends. The tasks before i took the time
// before, and task i has run for spent. The finished tasks show how fast the machine is.
func (p *progress) remaining(i int, before, spent time.Duration) time.Duration {
	var done, rest time.Duration
	for j, t := range p.tasks {
		if j < i {
			done += t.expected
		} else {
			rest += t.expected
		}
	}
	// Short tasks say little about the machine.
	factor := 1.0
	if done >= 30*time.Second {
		factor = before.Seconds() / done.Seconds()
	}
	scale := func(d time.Duration) time.Duration { return time.Duration(float64(d) * factor) }
	// A task that runs for longer than expected does not take time from the later ones.
	current := max(scale(p.tasks[i].expected)-spent, 0)
	return current + scale(rest-p.tasks[i].expected)
}

// totalExpected returns the time of all tasks on an idle machine with two cores.
func totalExpected(tasks []task) time.Duration {
	var total time.Duration
	for _, t := range tasks {
		total += t.expected
	}
	return total
}

// describeRemaining returns the end of a line that says how long the rest takes. It is empty
// for less than half a minute.
func describeRemaining(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes < 1:
		return ""
	case minutes == 1:
		return " (about 1 minute left)"
	}
	return fmt.Sprintf(" (about %d minutes left)", minutes)
}

// roundDuration rounds to a tenth of a second.
func roundDuration(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
