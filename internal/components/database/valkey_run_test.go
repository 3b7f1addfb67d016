/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package database

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

// appending is a plan whose append-only file is on or off; empty leaves it unset.
func appending(t *testing.T, value string) *Plan {
	t.Helper()
	return planOf(t, v1alpha1.EngineValkey, func(spec *v1alpha1.Database) {
		spec.Parameters = map[string]v1alpha1.ParameterValue{}
		if value != "" {
			spec.Parameters["appendonly"] = v1alpha1.ParameterValue(value)
		}
	})
}

// TestValkeyStartsWithWhatItWrote is about which of the files that it may have is
// loaded: the server itself goes by its setting alone.
func TestValkeyStartsWithWhatItWrote(t *testing.T) {
	for name, tc := range map[string]struct {
		noted, parameter string
		files            []string
		want             string
	}{
		"a new volume":                                    {want: "yes"},
		"a new volume without":                            {parameter: "no", want: "no"},
		"as it was":                                       {noted: "yes", parameter: "Yes", want: "yes"},
		"turned off":                                      {noted: "yes", parameter: "No", files: []string{"dump.rdb"}, want: "yes"},
		"turned on":                                       {noted: "no", files: []string{"dump.rdb", "appendonlydir/x"}, want: "no"},
		"before there were notes":                         {files: []string{"dump.rdb", "appendonlydir/x"}, want: "yes"},
		"before there were notes, without":                {parameter: "no", files: []string{"dump.rdb", "appendonlydir/x"}, want: "no"},
		"before there were notes, turned on":              {files: []string{"dump.rdb"}, want: "no"},
		"before there were notes, turned off":             {parameter: "no", files: []string{"appendonlydir/x"}, want: "yes"},
		"before there were notes, of an older server":     {files: []string{"dump.rdb", "appendonly.aof"}, want: "yes"},
		"before there were notes, and nothing was dumped": {parameter: "no", want: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			if tc.noted != "" {
				m.write(tc.noted+"\n", "home", ".atoll-appendonly")
			}
			for _, file := range tc.files {
				m.write("x", "home", file)
			}
			output, succeeded := m.run(m.inVolume(appending(t, tc.parameter), false))
			started := m.read("started")
			if !succeeded || !strings.HasSuffix(started, " --appendonly "+tc.want+"\n") || strings.Count(started, "--appendonly") != 1 {
				t.Errorf("succeeded is %t, and it was started with\n%s\nwant --appendonly %s at the end. It said\n%s", succeeded, started, tc.want, output)
			}
			// It is noted before the server may write: what is there then says something else.
			if got := m.read("home", ".atoll-appendonly"); got != tc.want+"\n" {
				t.Errorf("noted is %q, want %q", got, tc.want)
			}
		})
	}
}

// TestValkeyChanges is about when nobody is let in yet.
func TestValkeyChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		noted, parameter string
		env              []string
		dumped           bool
		wantTold         string
		want             bool
	}{
		"nothing to change":                       {noted: "yes", want: true},
		"turned on":                               {noted: "no", env: []string{"FAKE_AOF=0"}, wantTold: "CONFIG SET appendonly yes"},
		"turned on, being written":                {noted: "no", env: []string{"FAKE_REWRITING=1"}},
		"turned on, could not be written":         {noted: "no", env: []string{"FAKE_REWRITTEN=err"}},
		"turned on and written":                   {noted: "no", want: true},
		"turned off":                              {noted: "yes", parameter: "no", wantTold: "BGSAVE"},
		"turned off, being dumped":                {noted: "yes", parameter: "no", env: []string{"FAKE_SAVING=1"}},
		"turned off and dumped":                   {noted: "yes", parameter: "no", dumped: true, wantTold: "CONFIG SET appendonly no", want: true},
		"turned off, but the server does not say": {noted: "yes", parameter: "no", env: []string{"FAKE_DOWN=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.write(tc.noted+"\n", "home", ".atoll-appendonly")
			for file, age := range map[string]time.Duration{"dump.rdb": time.Hour, ".atoll-started": time.Minute} {
				if file == "dump.rdb" && tc.dumped {
					age = time.Second
				}
				m.write("x", "home", file)
				written := time.Now().Add(-age)
				if err := os.Chtimes(filepath.Join(m.dir, "home", file), written, written); err != nil {
					t.Fatal(err)
				}
			}
			plan := appending(t, tc.parameter)
			output, succeeded := m.run(m.inVolume(plan, true), tc.env...)
			if succeeded != tc.want || !strings.HasSuffix(strings.TrimSpace(m.read("told")), tc.wantTold) || tc.wantTold == "" && m.read("told") != "" {
				t.Errorf("succeeded is %t, want %t, and the server was told\n%s\nwant %q. It said\n%s", succeeded, tc.want, m.read("told"), tc.wantTold, output)
			}
			wantNoted := tc.noted
			if tc.want {
				wantNoted = engines.AppendOnly(plan.server())
			}
			if diff := cmp.Diff(wantNoted+"\n", m.read("home", ".atoll-appendonly")); diff != "" {
				t.Errorf("noted (-want +got):\n%s", diff)
			}
		})
	}
}

// TestValkeyRestoreFails holds that the server is nobody's replica afterwards.
func TestValkeyRestoreFails(t *testing.T) {
	for name, tc := range map[string]struct {
		env      []string
		wantSaid string
	}{
		"a server that was restarted":                        {env: []string{"FAKE_ROLE=master"}, wantSaid: "no replica any more"},
		"a server that was restarted when it had everything": {env: []string{"FAKE_RESTARTS=1"}, wantSaid: "the server was restarted while"},
		"a server that can't write":                          {env: []string{"FAKE_REWRITTEN=err"}, wantSaid: "could not write the data"},
		"a source that ends":                                 {env: []string{"FAKE_LINK=down", "FAKE_ENDS=1"}, wantSaid: "the server that holds the backup has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
			m.write("", "report")
			output, succeeded := m.run(restoreContainer(t, v1alpha1.EngineValkey, ""), tc.env...)
			told := m.read("told")
			if succeeded || !strings.Contains(output, tc.wantSaid) || m.read("report") != "" {
				t.Errorf("succeeded is %t, reported is %q, and it said\n%s\nwant %q", succeeded, m.read("report"), output, tc.wantSaid)
			}
			for _, want := range []string{"REPLICAOF NO ONE", "CONFIG SET masterauth \n", "CONFIG SET masteruser \n", "ACL DELUSER atoll_restore_1\n"} {
				if !strings.Contains(told[strings.LastIndex(told, "REPLICAOF"):], want) {
					t.Errorf("the server was not told %q at the end:\n%s", want, told)
				}
			}
			if strings.Contains(told, "_done") {
				t.Errorf("it is marked as done:\n%s", told)
			}
		})
	}
}

// TestValkeyRestoresOnce is about a Job whose pod went after it had done its work.
func TestValkeyRestoresOnce(t *testing.T) {
	m := newMachine(t)
	m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
	m.write("user atoll_restore_1_done off\n", "users")
	m.write("# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n", "held")
	output, succeeded := m.run(restoreContainer(t, v1alpha1.EngineValkey, ""))
	if !succeeded || m.read("told") != "" || m.read("report") == "" {
		t.Errorf("succeeded is %t, told is %q, reported is %q: %s", succeeded, m.read("told"), m.read("report"), output)
	}
}

// TestValkeyLiveness ends what a restore leaves that was killed.
func TestValkeyLiveness(t *testing.T) {
	for name, tc := range map[string]struct {
		env  []string
		want bool
	}{
		"a server":                         {[]string{"FAKE_ROLE=master"}, true},
		"a replica":                        {nil, true},
		"a replica whose source is away":   {[]string{"FAKE_LINK=down"}, false},
		"a replica that takes data over":   {[]string{"FAKE_LINK=down", "FAKE_SYNCING=1"}, true},
		"a server that is away altogether": {[]string{"FAKE_DOWN=1"}, false},
	} {
		m := newMachine(t)
		c := planOf(t, v1alpha1.EngineValkey, nil).Engine.PodSpec(planOf(t, v1alpha1.EngineValkey, nil).server()).Containers[0]
		c.Command = c.LivenessProbe.Exec.Command
		if output, alive := m.run(&c, tc.env...); alive != tc.want {
			t.Errorf("%s: alive is %t, want %t: %s", name, alive, tc.want, output)
		}
	}
}
