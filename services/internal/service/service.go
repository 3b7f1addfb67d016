// Package service runs a service: its settings, its subcommands, and how it starts and ends.
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

// Service is what makes a service different from the others. S is all of its settings.
type Service[S interface{ Common() Settings }] struct {
	Name string
	// Migrations are goose migrations, which lead to the schema that the service needs.
	Migrations fs.FS
	// Prepare checks the settings before anything is started.
	Prepare func(S) (Build, error)
}

// Build makes the service on its database. The registry is for metrics of its own.
type Build func(db *postgres.DB, registry prometheus.Registerer) Parts

// Parts are what a service runs.
type Parts struct {
	// API answers the requests.
	API http.Handler
	// Background works beside the API once the schema is there, until its context ends. Nil if there is no such work.
	Background func(context.Context)
}

// Main runs the subcommand that the arguments of the process name, and ends the process.
func (s Service[S]) Main() {
	// SIGTERM is how Kubernetes asks a pod to leave.
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

// Run runs the subcommand that args name; without args, serve.
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

// migrate waits for the database and brings its schema up to date.
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

// report prints one line of migrate's. It is text, because whoever started the migration reads it,
// and all on one stream, so that the cause of a failure stays last.
func report(line string) {
	fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(line), " "))
}

// serve answers requests until ctx ends, then drains. It leaves the schema to migrate.
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
	handler := observability.Instrument(parts.API, registry)

	// What works in the background outlives the server, so that what the server accepts while it drains is done too.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	readiness := server.NewReadiness(db.Ping)
	var working sync.WaitGroup
	working.Go(func() {
		readiness.Await(background, db.AwaitSchema)
		if parts.Background != nil {
			parts.Background(background)
		}
	})
	defer working.Wait()
	defer stop()

	return server.Run(ctx, settings.Common().Server, server.Handler(handler, readiness, registry), readiness)
}
