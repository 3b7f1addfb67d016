// Package server runs the HTTP server: probes, metrics, limits and a shutdown that drains.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is how the server listens and stops.
type Config struct {
	Port int `env:"PORT" envDefault:"8080"`
	// ShutdownDelay keeps accepting connections while /readyz already says no, for
	// platforms that do not wait for their load balancers before they send SIGTERM.
	ShutdownDelay time.Duration `env:"SHUTDOWN_DELAY" envDefault:"0s"`
	// ShutdownTimeout is what requests in flight get to finish.
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s"`
}

// Handler adds the endpoints for the platform beside the API. They are neither traced nor logged.
func Handler(api http.Handler, readiness *Readiness, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", writeOK)
	mux.Handle("GET /readyz", readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.Handle("/", api)
	return mux
}

// Run serves handler until ctx ends, then lets requests in flight finish.
func Run(ctx context.Context, cfg Config, handler http.Handler, readiness *Readiness) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		// Longer than proxies keep idle connections: the side that reuses one must be the side that closes it.
		IdleTimeout:    120 * time.Second,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+strconv.Itoa(cfg.Port))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	slog.InfoContext(ctx, "Listening", "address", listener.Addr().String())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	return drain(server, cfg, readiness)
}

func drain(server *http.Server, cfg Config, readiness *Readiness) error {
	slog.Info("Draining", "timeout", cfg.ShutdownTimeout.String())
	readiness.Drain()
	time.Sleep(cfg.ShutdownDelay)

	ctx, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("draining requests: %w", err), server.Close())
	}
	slog.Info("Drained")
	return nil
}

func writeOK(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A probe that has left needs no answer.
	_, _ = w.Write([]byte("ok\n"))
}
