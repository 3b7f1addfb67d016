package postgrestest

import (
	"os"
	"path/filepath"
	"testing"
)

// Outage is a database that a test can make unreachable.
type Outage struct {
	URL      string
	database string
	socket   string
}

// NewOutage creates an empty database that is unreachable until End is called.
func NewOutage(t testing.TB) Outage {
	t.Helper()
	own, err := os.MkdirTemp("", "postgrestest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(own) })
	database := create(t)
	return Outage{URL: urlOf(own, database), database: database, socket: filepath.Join(own, socketName)}
}

// Begin closes every connection and prevents new ones.
func (o Outage) Begin(t testing.TB) {
	t.Helper()
	if err := os.Remove(o.socket); err != nil {
		t.Fatal(err)
	}
	Exec(t, urlOf(directory, "postgres"),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", o.database)
}

// End makes the database reachable.
func (o Outage) End(t testing.TB) {
	t.Helper()
	if err := os.Symlink(filepath.Join(directory, socketName), o.socket); err != nil {
		t.Fatal(err)
	}
}
