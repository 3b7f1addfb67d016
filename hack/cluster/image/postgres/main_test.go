package main

import (
	"slices"
	"testing"
)

func TestSettingsFrom(t *testing.T) {
	env := map[string]string{"POSTGRES_USER": "orders"}
	s := settingsFrom(func(key string) string { return env[key] })
	if s.user != "orders" || s.database != "orders" || s.data != "/var/lib/postgresql/data" {
		t.Errorf("settingsFrom returned %+v", s)
	}
}

func TestScriptEnv(t *testing.T) {
	s := settingsFrom(func(string) string { return "" })
	want := []string{"POSTGRES_USER=postgres", "POSTGRES_DB=postgres", "PGDATA=/data/.initdb", "PGHOST=/tmp/init-1", "PGHOSTADDR="}
	if got := s.scriptEnv("/tmp/init-1", "/data/.initdb"); !slices.Equal(got, want) {
		t.Errorf("scriptEnv returned %q, want %q", got, want)
	}
}
