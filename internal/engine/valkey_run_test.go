// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine/enginetest"
)

// appending returns a server whose append-only file is on or off; empty leaves it
// unset.
func appending(value string) *Server {
	server := serverOf(v1alpha1.EngineValkey)
	if value != "" {
		server.Parameters = map[string]v1alpha1.ParameterValue{"appendonly": v1alpha1.ParameterValue(value)}
	}
	return server
}

// TestValkeyStartsWithWhatItWrote checks which file is loaded: the server itself
// decides by its setting alone.
func TestValkeyStartsWithWhatItWrote(t *testing.T) {
	for name, tc := range map[string]struct {
		noted, parameter string
		files            []string
		want             string
	}{
		"a new volume":                             {want: "yes"},
		"a new volume without":                     {parameter: "no", want: "no"},
		"as it was":                                {noted: "yes", parameter: "Yes", want: "yes"},
		"turned off":                               {noted: "yes", parameter: "No", files: []string{"dump.rdb"}, want: "yes"},
		"turned on":                                {noted: "no", files: []string{"dump.rdb", "appendonlydir/x"}, want: "no"},
		"before the notes":                         {files: []string{"dump.rdb", "appendonlydir/x"}, want: "yes"},
		"before the notes, without":                {parameter: "no", files: []string{"dump.rdb", "appendonlydir/x"}, want: "no"},
		"before the notes, turned on":              {files: []string{"dump.rdb"}, want: "no"},
		"before the notes, turned off":             {parameter: "no", files: []string{"appendonlydir/x"}, want: "yes"},
		"before the notes, of an older server":     {files: []string{"dump.rdb", "appendonly.aof"}, want: "yes"},
		"before the notes, and nothing was dumped": {parameter: "no", want: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			if tc.noted != "" {
				m.Write(tc.noted+"\n", "home", ".atoll-appendonly")
			}
			for _, file := range tc.files {
				m.Write("x", "home", file)
			}
			output, succeeded := m.Run(inVolume(m, appending(tc.parameter), false))
			started := m.Read("started")
			if !succeeded || !strings.HasSuffix(started, " --appendonly "+tc.want+"\n") || strings.Count(started, "--appendonly") != 1 {
				t.Errorf("succeeded is %t, and the server started with\n%s\nwant --appendonly %s at the end; output:\n%s", succeeded, started, tc.want, output)
			}
			// The note comes before the first write of the server, which adds other files.
			if got := m.Read("home", ".atoll-appendonly"); got != tc.want+"\n" {
				t.Errorf("noted is %q, want %q", got, tc.want)
			}
		})
	}
}

// valkeyGranted is the end of what a started server receives.
const valkeyGranted = "ACL SETUSER default +config|get +client|list +client|info +slowlog|get +latency|latest\n"

// TestValkeyChanges checks that no client connects before the change is complete.
func TestValkeyChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		noted, parameter string
		env              []string
		dumped           bool
		wantTold         string
		want             bool
	}{
		"nothing to change":                          {noted: "yes", want: true},
		"turned on":                                  {noted: "no", env: []string{"FAKE_AOF=0"}, wantTold: "CONFIG SET appendonly yes"},
		"turned on, being written":                   {noted: "no", env: []string{"FAKE_REWRITING=1"}},
		"turned on, could not be written":            {noted: "no", env: []string{"FAKE_REWRITTEN=err"}},
		"turned on and written":                      {noted: "no", want: true},
		"turned off":                                 {noted: "yes", parameter: "no", wantTold: "BGSAVE"},
		"turned off, being dumped":                   {noted: "yes", parameter: "no", env: []string{"FAKE_SAVING=1"}},
		"turned off and dumped":                      {noted: "yes", parameter: "no", dumped: true, wantTold: "CONFIG SET appendonly no", want: true},
		"turned off, but the server does not answer": {noted: "yes", parameter: "no", env: []string{"FAKE_DOWN=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewMachine(t)
			m.Write(tc.noted+"\n", "home", ".atoll-appendonly")
			for file, age := range map[string]time.Duration{"dump.rdb": time.Hour, ".atoll-started": time.Minute} {
				if file == "dump.rdb" && tc.dumped {
					age = time.Second
				}
				m.Write("x", "home", file)
				written := time.Now().Add(-age)
				if err := os.Chtimes(filepath.Join(m.Dir, "home", file), written, written); err != nil {
					t.Fatal(err)
				}
			}
			server := appending(tc.parameter)
			output, succeeded := m.Run(inVolume(m, server, true), tc.env...)
			told := m.Read("told")
			granted := strings.HasSuffix(told, valkeyGranted)
			if granted {
				told = told[:strings.LastIndex(strings.TrimSuffix(told, "\n"), "\n")+1]
			}
			if succeeded != tc.want || granted != tc.want || !strings.HasSuffix(strings.TrimSpace(told), tc.wantTold) || tc.wantTold == "" && told != "" {
				t.Errorf("succeeded is %t, want %t, and the server received\n%s\nwant %q; output:\n%s", succeeded, tc.want, m.Read("told"), tc.wantTold, output)
			}
			wantNoted := tc.noted
			if tc.want {
				wantNoted = appendOnly(server)
			}
			if diff := cmp.Diff(wantNoted+"\n", m.Read("home", ".atoll-appendonly")); diff != "" {
				t.Errorf("noted (-want +got):\n%s", diff)
			}
		})
	}
}

// TestValkeyLiveness restarts the replica that a killed restore leaves.
func TestValkeyLiveness(t *testing.T) {
	for name, tc := range map[string]struct {
		env  []string
		want bool
	}{
		"a server":                       {[]string{"FAKE_ROLE=master"}, true},
		"a replica":                      {nil, true},
		"a replica whose source is down": {[]string{"FAKE_LINK=down"}, false},
		"a replica that copies data":     {[]string{"FAKE_LINK=down", "FAKE_SYNCING=1"}, true},
		"a server that is down":          {[]string{"FAKE_DOWN=1"}, false},
		"a server that can't write":      {[]string{"FAKE_PING=MISCONF Errors writing to the AOF file: No space left on device"}, true},
		"a server with all its clients":  {[]string{"FAKE_PING=ERR max number of clients reached"}, true},
		"a server that loads its data":   {[]string{"FAKE_PING=LOADING Valkey is loading the dataset in memory"}, true},
		"a password that is refused":     {[]string{"FAKE_PING=WRONGPASS invalid username-password pair"}, false},
	} {
		m := enginetest.NewMachine(t)
		c := podSpec(serverOf(v1alpha1.EngineValkey)).Containers[0]
		c.Command = c.LivenessProbe.Exec.Command
		if output, alive := m.Run(&c, tc.env...); alive != tc.want {
			t.Errorf("%s: alive is %t, want %t: %s", name, alive, tc.want, output)
		}
	}
}

// TestValkeyUsers checks the rights of the service's user on a new volume: libraries for
// sessions and queues read the configuration and the clients when they start.
func TestValkeyUsers(t *testing.T) {
	m := enginetest.NewMachine(t)
	if output, succeeded := m.Run(inVolume(m, appending(""), false)); !succeeded {
		t.Fatalf("the server did not start:\n%s", output)
	}
	service, _, _ := strings.Cut(m.Read("home", "users.acl"), "\n")
	all, rights, found := strings.Cut(service, " -@admin ")
	if !found || !strings.HasPrefix(all, "user default on #") || !strings.HasSuffix(all, " ~* &* +@all") {
		t.Errorf("the service's user is %q, want all rights except those of an administrator", service)
	}
	if diff := cmp.Diff("+config|get +client|list +client|info +slowlog|get +latency|latest", rights); diff != "" {
		t.Errorf("rights beyond that (-want +got):\n%s", diff)
	}
}
