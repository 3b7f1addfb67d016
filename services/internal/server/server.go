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
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config has the settings of the server.
type Config struct {
	Port int `env:"PORT" envDefault:"8080"`
	// InternalPort is for the requests of other services, if the service has such.
	InternalPort int `env:"INTERNAL_PORT" envDefault:"8090"`
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

// Handlers handle the requests of each port.
type Handlers struct {
	Public http.Handler
	// Internal is for other services. Unset means that nothing listens on the internal port.
	Internal http.Handler
}

// Run serves until ctx ends, and then waits for requests in flight.
func Run(ctx context.Context, cfg Config, handlers Handlers, readiness *Readiness) error {
	failed := make(chan error, 2)
	public, err := start(ctx, cfg.Port, handlers.Public, failed)
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "Listening", "address", public.Addr)
	servers := []*http.Server{public}
	if handlers.Internal != nil {
		internal, err := start(ctx, cfg.InternalPort, handlers.Internal, failed)
		if err != nil {
			return errors.Join(err, public.Close())
		}
		slog.InfoContext(ctx, "Listening for other services", "address", internal.Addr)
		servers = append(servers, internal)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	return drain(servers, cfg, readiness)
}

// start serves handler on a port. The address of the server is the one that it listens on.
func start(ctx context.Context, port int, handler http.Handler, failed chan<- error) (*http.Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{
		Addr:              listener.Addr().String(),
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		// Longer than the idle timeout of proxies. The side that reuses a connection must be the side that closes it.
		IdleTimeout:    120 * time.Second,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	go func() { failed <- server.Serve(listener) }()
	return server, nil
}

func drain(servers []*http.Server, cfg Config, readiness *Readiness) error {
	slog.Info("Draining", "timeout", cfg.ShutdownTimeout.String())
	readiness.Drain()
	time.Sleep(cfg.ShutdownDelay)

	ctx, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	var draining sync.WaitGroup
	failures := make([]error, len(servers))
	for i, server := range servers {
		draining.Go(func() {
			if err := server.Shutdown(ctx); err != nil {
				failures[i] = errors.Join(fmt.Errorf("draining requests: %w", err), server.Close())
			}
		})
	}
	draining.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	slog.Info("Drained")
	return nil
}

func writeOK(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A write error means that the kubelet closed the connection.
	_, _ = w.Write([]byte("ok\n"))
}
