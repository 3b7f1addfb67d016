package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// process identifies one process. The kernel reuses a pid, but never with the same start
// time in the same boot.
type process struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"`
	Boot      string `json:"boot"`
}

// record describes the running cluster; the supervisor writes it.
type record struct {
	Supervisor process `json:"supervisor"`
	Node       process `json:"node"`
	// Started is the start time of the supervisor.
	Started time.Time `json:"started"`
	Ports   ports     `json:"ports"`
	// Policies means that the node enforces NetworkPolicies.
	Policies bool `json:"policies,omitempty"`
}

func (c cache) recordPath() string { return c.cluster("node.json") }

// readRecord returns the record of the last supervisor; it is empty if there is none.
func (c cache) readRecord() (record, error) {
	data, err := os.ReadFile(c.recordPath())
	if errors.Is(err, os.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("reading %s: %w", c.recordPath(), err)
	}
	return r, nil
}

func (c cache) writeRecord(r record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(c.recordPath(), append(data, '\n'), 0o644)
}
