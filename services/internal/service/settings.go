package service

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/server"
)

// Settings are the settings that every service has. OpenTelemetry reads the OTEL_ variables itself.
type Settings struct {
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	Server   server.Config
	Database postgres.Config

	// MigrateTimeout limits the time of the migrate subcommand with its wait for the database.
	MigrateTimeout time.Duration `env:"MIGRATE_TIMEOUT" envDefault:"5m"`
}

// Common returns s. A struct that embeds Settings has it too, so that this package can read its common settings.
func (s Settings) Common() Settings { return s }

// load reads the environment.
func load[S any]() (S, error) {
	settings, err := env.ParseAs[S]()
	if err != nil {
		var none S
		return none, fmt.Errorf("reading the environment: %w", err)
	}
	return settings, nil
}
