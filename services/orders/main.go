// Command orders keeps the shop's orders: who wants what, for how much, and whether it is paid.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/atoll-dev/atoll/services/internal/observability"
	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/server"
	"github.com/atoll-dev/atoll/services/orders/internal/api"
	"github.com/atoll-dev/atoll/services/orders/internal/config"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
	"github.com/atoll-dev/atoll/services/orders/internal/users"
	"github.com/atoll-dev/atoll/services/orders/migrations"
)

const service = "orders"

//go:embed openapi.yaml
var openAPI []byte

func main() {
	// SIGTERM is how Kubernetes asks a pod to leave.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Args[1:]); err != nil {
		if slices.Equal(os.Args[1:], []string{"migrate"}) {
			report("migrate failed: " + err.Error())
		} else {
			slog.Error("Stopped on an error", "error", err)
		}
		os.Exit(1) //nolint:gocritic // stop only releases the signal handler.
	}
}

func run(ctx context.Context, args []string) error {
	cfg, err := config.Load()
	if err != nil {
		return err
	}
	observability.SetupLogging(os.Stdout, cfg.LogLevel)

	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case len(args) > 1:
		return fmt.Errorf("usage: %s [serve|migrate], got %d arguments", service, len(args))
	case command == "serve":
		return serve(ctx, cfg)
	case command == "migrate":
		return migrate(ctx, cfg)
	default:
		return fmt.Errorf("usage: %s [serve|migrate], got %q", service, command)
	}
}

// migrate waits for the database and brings its schema up to date.
func migrate(ctx context.Context, cfg config.Config) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.MigrateTimeout,
		fmt.Errorf("gave up after MIGRATE_TIMEOUT (%s)", cfg.MigrateTimeout))
	defer cancel()

	db, err := postgres.Open(ctx, cfg.Database, migrations.Files)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx, report)
}

// report prints one line of migrate's. It is text, because whoever started the migration reads it,
// and all on one stream, so that the cause of a failure stays last.
func report(line string) {
	fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(line), " "))
}

// serve answers requests until ctx ends, then drains. It leaves the schema to migrate.
func serve(ctx context.Context, cfg config.Config) error {
	usersPeer, err := peer.New("users", cfg.Users)
	if err != nil {
		return err
	}
	flushTraces, err := observability.SetupTracing(ctx, service)
	if err != nil {
		return err
	}
	defer flushTraces()

	db, err := postgres.Open(ctx, cfg.Database, migrations.Files)
	if err != nil {
		return err
	}
	defer db.Close()
	orders := store.New(db)

	registry := observability.NewRegistry(db.Pool())
	readiness := server.NewReadiness(db.Ping)
	go readiness.Await(ctx, db.AwaitSchema)

	usersPeer.MustRegister(registry)
	handler := observability.Instrument(api.New(orders, users.New(usersPeer), openAPI), registry)
	return server.Run(ctx, cfg.Server, server.Handler(handler, readiness, registry), readiness)
}
