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
		"none":                {want: "/var/lib/mysql"},
		"other options only":  {options: []string{"--port=3307"}, want: "/var/lib/mysql", wantRest: []string{"--port=3307"}},
		"folder in the mount": {options: []string{"--datadir=/var/lib/mysql/data", "--port=3307"}, want: "/var/lib/mysql/data", wantRest: []string{"--port=3307"}},
		"separate value":      {options: []string{"--port=3307", "--datadir", "/data"}, want: "/data", wantRest: []string{"--port=3307"}},
		"short option":        {options: []string{"-h", "/data", "--port=3307"}, want: "/data", wantRest: []string{"--port=3307"}},
		"last one wins":       {options: []string{"--datadir=/one", "--datadir=/two"}, want: "/two"},
		"missing value":       {options: []string{"--port=3307", "--datadir"}, want: "/var/lib/mysql", wantRest: []string{"--port=3307"}},
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

func TestWithoutWhitespace(t *testing.T) {
	got := withoutWhitespace([]string{"--lower-case-table-names=1", "--init-connect=SET NAMES utf8mb4", "--innodb-page-size=8k"})
	if want := []string{"--lower-case-table-names=1", "--innodb-page-size=8k"}; !slices.Equal(got, want) {
		t.Errorf("withoutWhitespace returned %q, want %q", got, want)
	}
}
