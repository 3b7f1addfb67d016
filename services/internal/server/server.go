// Package server runs the HTTP server: probes, metrics, limits and a graceful shutdown.
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

// Config has the settings of the server.
type Config struct {
	Port int `env:"PORT" envDefault:"8080"`
	// ShutdownDelay is how long the server accepts connections after /readyz has become unready. It is for
	// platforms that send SIGTERM before their load balancers have removed the endpoint.
	ShutdownDelay time.Duration `env:"SHUTDOWN_DELAY" envDefault:"0s"`
	// ShutdownTimeout is how long requests in flight may take to finish.
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s"`
}

// Handler serves the API, the probes and the metrics. Requests for probes and metrics are neither traced nor logged.
func Handler(api http.Handler, readiness *Readiness, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", writeOK)
	mux.Handle("GET /readyz", readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.Handle("/", api)
	return mux
}

// Run serves handler until ctx ends, and then waits for requests in flight.
func Run(ctx context.Context, cfg Config, handler http.Handler, readiness *Readiness) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		// Longer than the idle timeout of proxies. The side that reuses a connection must be the side that closes it.
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
	// A write error means that the kubelet closed the connection.
	_, _ = w.Write([]byte("ok\n"))
}
