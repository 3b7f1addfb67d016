// Command notes stores notes in a database of any engine. The end-to-end tests use it to check
// that acknowledged writes survive. As a relay it has no database and calls further services. It
// never retries a call and returns every error to the client. echo and dial show which pods can
// reach each other.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	address = ":8080"
	maxBody = 1 << 20
	// hostTimeout limits a connection attempt to a host that drops packets.
	hostTimeout = 3 * time.Second
	// requestTimeout limits a request to a database that does not respond.
	requestTimeout  = 10 * time.Second
	shutdownTimeout = 20 * time.Second
)

// store is a database of one engine. It pings a connection before each use, so that it replaces
// connections that died while idle.
type store interface {
	put(ctx context.Context, key, value string) error
	get(ctx context.Context, key string) (value string, found bool, err error)
	all(ctx context.Context) (map[string]string, error)
	// user returns the user that the server authenticated.
	user(ctx context.Context) (string, error)
	// ready returns an error unless the notes can be read.
	ready(ctx context.Context) error
	// migrate creates the schema unless it exists, and reports whether it did.
	migrate(ctx context.Context, report func(line string)) error
	close()
}

// open does not connect, because the database may start after the service.
func open(databaseURL string, poolSize int) (store, error) {
	location, err := url.Parse(databaseURL)
	if err != nil {
		// The error contains the password, but its cause does not.
		return nil, fmt.Errorf("parsing DATABASE_URL: %w", errors.Unwrap(err))
	}
	switch location.Scheme {
	case "postgresql", "postgres":
		return openPostgreSQL(location, poolSize)
	case "mariadb", "mysql":
		return openMariaDB(location, poolSize)
	case "redis", "valkey":
		return openValkey(location, poolSize)
	default:
		return nil, fmt.Errorf("DATABASE_URL has the scheme %q, want postgresql, mariadb, mysql, redis or valkey", location.Scheme)
	}
}

func main() {
	// Kubernetes stops a pod with SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, oneLine(err))
		os.Exit(1) //nolint:gocritic // stop only releases the signal handler.
	}
}

// oneLine returns an error as one line, because tools show only the last line of a log.
func oneLine(err error) string {
	return strings.NewReplacer("\n", " ", "\t", "").Replace(err.Error())
}

func run(ctx context.Context, args []string, output io.Writer) error {
	switch {
	case slices.Equal(args, []string{"serve"}):
		return serve(ctx)
	case slices.Equal(args, []string{"migrate"}):
		return migrate(ctx, func(line string) { fmt.Fprintln(output, line) })
	case slices.Equal(args, []string{"relay"}):
		return relayRequests(ctx)
	case len(args) > 0 && args[0] == "echo":
		return echo(ctx, args[1:])
	case len(args) > 1 && args[0] == "dial":
		return dial(ctx, args[1:], func(address string) { fmt.Fprintln(os.Stdout, address) })
	default:
		return fmt.Errorf("usage: notes serve|migrate|relay|echo [port...]|dial address..., got %q", args)
	}
}

func openFromEnvironment() (store, error) {
	poolSize := 10
	if text := os.Getenv("ATOLL_DB_POOL"); text != "" {
		size, err := strconv.ParseInt(text, 10, 32)
		if err != nil || size < 1 {
			return nil, fmt.Errorf("ATOLL_DB_POOL is %q, want a whole number of at least 1", text)
		}
		poolSize = int(size)
	}
	return open(os.Getenv("DATABASE_URL"), poolSize)
}

// migrate creates the schema. Before that it sleeps for MIGRATE_SLEEP and fails with MIGRATE_FAIL.
func migrate(ctx context.Context, report func(line string)) error {
	if text := os.Getenv("MIGRATE_SLEEP"); text != "" {
		pause, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("parsing MIGRATE_SLEEP: %w", err)
		}
		report("sleeping " + text)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("sleeping: %w", context.Cause(ctx))
		}
	}
	if text := os.Getenv("MIGRATE_FAIL"); text != "" {
		report("reading the schema")
		report("failing, because MIGRATE_FAIL is set")
		return errors.New(text)
	}
	notes, err := openFromEnvironment()
	if err != nil {
		return err
	}
	defer notes.close()
	return notes.migrate(ctx, report)
}

func serve(ctx context.Context) error {
	notes, err := openFromEnvironment()
	if err != nil {
		return err
	}
	defer notes.close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	return serveHTTP(ctx, listener, handler(notes))
}

// serveHTTP serves requests until ctx ends, and then waits for the requests in flight.
func serveHTTP(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       120 * time.Second,
	}
	slog.Info("Listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("draining requests: %w", err)
	}
	slog.Info("Drained")
	return nil
}

// statusError is an error with an HTTP status.
type statusError struct {
	status int
	text   string
}

func (e statusError) Error() string { return e.text }

func handler(notes store) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
			defer cancel()
			err := h(w, r.WithContext(ctx))
			if err == nil {
				return
			}
			status := http.StatusInternalServerError
			if withStatus, ok := errors.AsType[statusError](err); ok {
				status = withStatus.status
			} else {
				slog.Error("Request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			}
			http.Error(w, err.Error(), status)
		})
	}
	handle("GET /healthz", func(w http.ResponseWriter, _ *http.Request) error { return writeText(w, "ok\n") })
	handle("GET /readyz", func(w http.ResponseWriter, r *http.Request) error {
		if err := notes.ready(r.Context()); err != nil {
			return statusError{http.StatusServiceUnavailable, err.Error()}
		}
		return writeText(w, "ok\n")
	})
	handle("GET /whoami", func(w http.ResponseWriter, r *http.Request) error {
		user, err := notes.user(r.Context())
		if err != nil {
			return err
		}
		return writeJSON(w, map[string]any{"user": user})
	})
	handle("GET /notes", func(w http.ResponseWriter, r *http.Request) error {
		all, err := notes.all(r.Context())
		if err != nil {
			return err
		}
		return writeJSON(w, map[string]any{"count": len(all), "digest": digest(all)})
	})
	handle("GET /notes/{key}", func(w http.ResponseWriter, r *http.Request) error {
		value, found, err := notes.get(r.Context(), r.PathValue("key"))
		switch {
		case err != nil:
			return err
		case !found:
			return statusError{http.StatusNotFound, fmt.Sprintf("no note %q", r.PathValue("key"))}
		}
		return writeText(w, value)
	})
	handle("PUT /notes/{key}", func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return statusError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the note is larger than %d bytes", tooLarge.Limit)}
		}
		if err != nil {
			return statusError{http.StatusBadRequest, "the request body is incomplete"}
		}
		key, value := r.PathValue("key"), string(body)
		if !isText(key) || !isText(value) {
			return statusError{http.StatusBadRequest, "key and note must be UTF-8 text without NUL bytes"}
		}
		if err := notes.put(r.Context(), key, value); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	return mux
}

// isText reports whether PostgreSQL accepts a string. All engines use the same rule.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// digest returns a digest that depends only on the notes, not on the engine.
func digest(notes map[string]string) string {
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		fmt.Fprintf(hash, "%s=%s\n", key, notes[key])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func writeText(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A write fails only if the client has disconnected.
	_, _ = io.WriteString(w, text)
	return nil
}

func writeJSON(w http.ResponseWriter, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding the response: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
	return nil
}
