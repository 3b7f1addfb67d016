// Package config reads the service's settings from its environment.
package config

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/server"
)

// Config is every setting of the service. OpenTelemetry reads its own OTEL_ variables.
type Config struct {
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	Server   server.Config
	Database postgres.Config
	Users    peer.Config `envPrefix:"USERS_"`

	// MigrateTimeout bounds the migrate subcommand, its wait for the database included.
	MigrateTimeout time.Duration `env:"MIGRATE_TIMEOUT" envDefault:"5m"`
}

// Load reads the environment.
func Load() (Config, error) {
	cfg, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("reading the environment: %w", err)
	}
	return cfg, nil
}
