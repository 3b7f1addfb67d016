package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	grpcAddress = ":9000"
	// relayed is the gRPC health service whose check calls the further services.
	relayed = "relay"
	// podKey is the header of a response that names the pod which sent it.
	podKey = "pod"
	// connectionAge is the time after which the server asks its clients to connect anew, so that
	// they find new pods.
	connectionAge = 10 * time.Second
	roundRobin    = `{"loadBalancingConfig":[{"round_robin":{}}]}`
)

// relay is a service that calls further services for each request, by HTTP and gRPC. It never
// retries a call.
type relay struct {
	pod   string
	hops  map[string]hop
	conns []*grpc.ClientConn
}

// hop calls one service and returns the name of the pod that answered.
type hop func(ctx context.Context) (pod string, err error)

// newRelay prepares calls to the URLs in a list separated by commas. It does not connect.
func newRelay(pod, to string) (*relay, error) {
	r := &relay{pod: pod, hops: map[string]hop{}}
	for url := range strings.SplitSeq(to, ",") {
		switch {
		case url == "":
		case strings.HasPrefix(url, "http://"):
			r.hops[url] = callHTTP(url)
		case strings.HasPrefix(url, "dns:///"):
			conn, err := grpc.NewClient(url, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(roundRobin))
			if err != nil {
				return nil, fmt.Errorf("preparing calls to %s: %w", url, err)
			}
			r.conns = append(r.conns, conn)
			r.hops[url] = callGRPC(conn)
		default:
			return nil, fmt.Errorf("RELAY_TO has %q, want URLs that begin with http:// or dns:///", url)
		}
	}
	return r, nil
}

func (r *relay) close() {
	for _, conn := range r.conns {
		_ = conn.Close()
	}
}

func callHTTP(url string) hop {
	client := &http.Client{Timeout: requestTimeout}
	return func(ctx context.Context) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/relay", http.NoBody)
		if err != nil {
			return "", err
		}
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s answered %s", url, response.Status)
		}
		return response.Header.Get(podKey), nil
	}
}

func callGRPC(conn *grpc.ClientConn) hop {
	client := healthpb.NewHealthClient(conn)
	return func(ctx context.Context) (string, error) {
		var header metadata.MD
		if _, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: relayed}, grpc.Header(&header)); err != nil {
			return "", err
		}
		return strings.Join(header.Get(podKey), ""), nil
	}
}

// call calls all further services at once and returns the pods that answered.
func (r *relay) call(ctx context.Context) (map[string]string, error) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	pods := map[string]string{}
	var failures []error
	for url, call := range r.hops {
		calls.Go(func() {
			pod, err := call(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, fmt.Errorf("calling %s: %w", url, err))
				return
			}
			pods[url] = pod
		})
	}
	calls.Wait()
	return pods, errors.Join(failures...)
}

func (r *relay) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _ = writeText(w, "ok\n") })
	mux.HandleFunc("GET /relay", func(w http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), requestTimeout)
		defer cancel()
		w.Header().Set(podKey, r.pod)
		pods, err := r.call(ctx)
		if err != nil {
			slog.Error("Relay failed", "error", err)
			http.Error(w, oneLine(err), http.StatusBadGateway)
			return
		}
		_ = writeJSON(w, pods)
	})
	return mux
}

// checker answers health checks. It calls the further services only where asked to, so that no
// probe depends on them.
type checker struct {
	healthpb.UnimplementedHealthServer
	relay *relay
}

func (c *checker) Check(ctx context.Context, request *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if request.GetService() == relayed {
		if err := grpc.SetHeader(ctx, metadata.Pairs(podKey, c.relay.pod)); err != nil {
			return nil, err
		}
		if _, err := c.relay.call(ctx); err != nil {
			slog.Error("Relay failed", "error", err)
			return nil, status.Error(codes.Unavailable, oneLine(err))
		}
	}
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
}

func (r *relay) grpcServer() *grpc.Server {
	server := grpc.NewServer(grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: requestTimeout}))
	healthpb.RegisterHealthServer(server, &checker{relay: r})
	return server
}

// relayRequests serves HTTP and gRPC until ctx ends, and then waits for the calls in flight.
func relayRequests(ctx context.Context) error {
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the name of the pod: %w", err)
	}
	r, err := newRelay(pod, os.Getenv("RELAY_TO"))
	if err != nil {
		return err
	}
	defer r.close()
	var listeners [2]net.Listener
	for i, at := range [...]string{address, grpcAddress} {
		if listeners[i], err = new(net.ListenConfig).Listen(ctx, "tcp", at); err != nil {
			return fmt.Errorf("listening: %w", err)
		}
	}
	server := r.grpcServer()
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listeners[1]) }()
	go func() { failed <- serveHTTP(ctx, listeners[0], r.handler()) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	server.GracefulStop()
	return errors.Join(<-failed, <-failed)
}
