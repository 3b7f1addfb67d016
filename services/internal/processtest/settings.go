package processtest

import (
	"strings"
	"testing"
)

func (s Service) poolHasTheConfiguredSize(t *testing.T) {
	for _, size := range []string{"0", "-1", "1.5", "many"} {
		t.Run(size, func(t *testing.T) {
			t.Setenv("ATOLL_DB_POOL", size)
			if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "ATOLL_DB_POOL is \""+size+"\"") {
				t.Errorf("got %v, want an error that names ATOLL_DB_POOL", err)
			}
		})
	}
	process := s.start(t, Migrated(t), "ATOLL_DB_POOL=3")
	if _, metrics := process.Get(t, "/metrics"); !strings.Contains(metrics, "\npgxpool_max_conns 3\n") {
		t.Error("/metrics does not have pgxpool_max_conns 3")
	}
}

func (s Service) unknownSubcommandIsRejected(t *testing.T) {
	if err := s.Run(t.Context(), []string{"destroy"}); err == nil || !strings.Contains(err.Error(), "[serve|migrate]") {
		t.Errorf("got %v, want the usage", err)
	}
}
