// Package service runs a service: it reads the settings, runs the subcommands, and starts and stops the server.
package service

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atoll-dev/atoll/services/internal/observability"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/server"
)

// Service is the definition of one service. S has all of its settings.
type Service[S interface{ Common() Settings }] struct {
	Name string
	// Migrations are the goose migrations to the schema that the service needs.
	Migrations fs.FS
	// Prepare checks the settings. It runs before anything is started.
	Prepare func(S) (Build, error)
}

// Build creates the parts of the service. registry is for metrics that only this service has.
type Build func(db *postgres.DB, registry prometheus.Registerer) Parts

// Parts are the parts of a running service.
type Parts struct {
	// API handles the requests.
	API http.Handler
	// Internal handles the requests of other services, on a port that no route leads to. Unset means that the
	// service has none.
	Internal http.Handler
	// Background runs beside the API. It starts when the schema is ready and returns when its context ends.
	// Unset means that the service has no such work.
	Background func(context.Context)
}

// Main runs the subcommand in the arguments of the process. It exits with code 1 on an error.
func (s Service[S]) Main() {
	// The kubelet sends SIGTERM to stop a container.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	if err := s.Run(ctx, os.Args[1:]); err != nil {
		if slices.Equal(os.Args[1:], []string{"migrate"}) {
			report("migrate failed: " + err.Error())
		} else {
			slog.Error("Stopped on an error", "error", err)
		}
		os.Exit(1) //nolint:gocritic // stop only releases the signal handler.
	}
}

// Run runs the subcommand in args. The default is serve.
func (s Service[S]) Run(ctx context.Context, args []string) error {
	settings, err := load[S]()
	if err != nil {
		return err
	}
	observability.SetupLogging(os.Stdout, settings.Common().LogLevel)

	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case len(args) > 1:
		return fmt.Errorf("usage: %s [serve|migrate], got %d arguments", s.Name, len(args))
	case command == "serve":
		return s.serve(ctx, settings)
	case command == "migrate":
		return s.migrate(ctx, settings.Common())
	default:
		return fmt.Errorf("usage: %s [serve|migrate], got %q", s.Name, command)
	}
}

// migrate waits for the database and updates its schema.
func (s Service[S]) migrate(ctx context.Context, settings Settings) error {
	ctx, cancel := context.WithTimeoutCause(ctx, settings.MigrateTimeout,
		fmt.Errorf("gave up after MIGRATE_TIMEOUT (%s)", settings.MigrateTimeout))
	defer cancel()

	db, err := postgres.Open(ctx, settings.Database, s.Migrations)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx, report)
}

// report prints a line of the output of migrate. The output is text, because a person reads it. All lines go to
// one stream, so that the cause of a failure is the last line.
func report(line string) {
	fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(line), " "))
}

// serve handles requests until ctx ends, and then drains. It does not change the schema: migrate does.
func (s Service[S]) serve(ctx context.Context, settings S) error {
	build, err := s.Prepare(settings)
	if err != nil {
		return err
	}
	flushTraces, err := observability.SetupTracing(ctx, s.Name)
	if err != nil {
		return err
	}
	defer flushTraces()

	db, err := postgres.Open(ctx, settings.Common().Database, s.Migrations)
	if err != nil {
		return err
	}
	defer db.Close()

	registry := observability.NewRegistry(db.Pool())
	parts := build(db, registry)
	instrument := observability.Instrument(registry)

	// Background work stops after the server, so that it also handles what the server accepts while it drains.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	readiness := server.NewReadiness(db.Ping, postgres.Explain)
	var working sync.WaitGroup
	working.Go(func() {
		readiness.Await(background, db.AwaitSchema)
		if parts.Background != nil {
			parts.Background(background)
		}
	})
	defer working.Wait()
	defer stop()

	handlers := server.Handlers{Public: server.Handler(instrument(parts.API), readiness, registry)}
	if parts.Internal != nil {
		handlers.Internal = instrument(parts.Internal)
	}
	return server.Run(ctx, settings.Common().Server, handlers, readiness)
}
