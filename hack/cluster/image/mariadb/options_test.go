package main

import (
	"slices"
	"testing"
)

func TestDataFolder(t *testing.T) {
	tests := map[string]struct {
		options  []string
		want     string
		wantRest []string
	}{
		"none":                  {want: "/var/lib/mysql"},
		"others alone":          {options: []string{"--port=3307"}, want: "/var/lib/mysql", wantRest: []string{"--port=3307"}},
		"a folder in the mount": {options: []string{"--datadir=/var/lib/mysql/data", "--port=3307"}, want: "/var/lib/mysql/data", wantRest: []string{"--port=3307"}},
		"in two words":          {options: []string{"--port=3307", "--datadir", "/data"}, want: "/data", wantRest: []string{"--port=3307"}},
		"short":                 {options: []string{"-h", "/data", "--port=3307"}, want: "/data", wantRest: []string{"--port=3307"}},
		"the last one given":    {options: []string{"--datadir=/one", "--datadir=/two"}, want: "/two"},
		"cut short":             {options: []string{"--port=3307", "--datadir"}, want: "/var/lib/mysql", wantRest: []string{"--port=3307"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := dataFolder(tc.options); got != tc.want {
				t.Errorf("dataFolder returned %q, want %q", got, tc.want)
			}
			if got := withoutDataFolder(tc.options); !slices.Equal(got, tc.wantRest) {
				t.Errorf("withoutDataFolder returned %q, want %q", got, tc.wantRest)
			}
		})
	}
}

func TestWithoutBlanks(t *testing.T) {
	got := withoutBlanks([]string{"--lower-case-table-names=1", "--init-connect=SET NAMES utf8mb4", "--innodb-page-size=8k"})
	if want := []string{"--lower-case-table-names=1", "--innodb-page-size=8k"}; !slices.Equal(got, want) {
		t.Errorf("withoutBlanks returned %q, want %q", got, want)
	}
}
