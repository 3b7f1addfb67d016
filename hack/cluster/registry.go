package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// runRegistry serves the registry: registry <address> <folder>.
func runRegistry(_ context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: registry <address> <folder>")
	}
	handler, err := newRegistry(args[1])
	if err != nil {
		return err
	}
	server := &http.Server{Addr: args[0], Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// newRegistry returns a registry that survives a restart. The library stores only layers
// on disk, so newRegistry saves pushed manifests and pushes them again at the start.
func newRegistry(dir string) (http.Handler, error) {
	blobs, manifests := filepath.Join(dir, "blobs"), filepath.Join(dir, "manifests")
	for _, folder := range []string{blobs, manifests} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	store := registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)),
		registry.Logger(log.New(io.Discard, "", 0)),
	)
	if err := replayManifests(store, manifests); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPut || !strings.Contains(req.URL.Path, "/manifests/") {
			store.ServeHTTP(w, req)
			return
		}
		body, err := io.ReadAll(io.LimitReader(req.Body, 4<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		response := &statusRecorder{ResponseWriter: w}
		store.ServeHTTP(response, req)
		if response.status != http.StatusCreated {
			return
		}
		stored := append([]byte(req.Header.Get("Content-Type")+"\n"), body...)
		if err := writeFile(filepath.Join(manifests, url.PathEscape(req.URL.Path)), stored, 0o644); err != nil {
			log.Printf("Saving the manifest %s failed: %v", req.URL.Path, err)
		}
		// The library buffers each pushed layer in memory. The image is complete, so
		// the memory can be returned to the system.
		debug.FreeOSMemory()
	}), nil
}

// replayManifests pushes the saved manifests. The registry rejects an index before its
// manifests, so replayManifests repeats until a pass pushes nothing.
func replayManifests(store http.Handler, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	pending := map[string]bool{}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			pending[entry.Name()] = true
		}
	}
	for progressed := true; progressed; {
		progressed = false
		for name := range pending {
			accepted, err := replayManifest(store, dir, name)
			if err != nil {
				return fmt.Errorf("reading the manifest %s: %w", name, err)
			}
			if accepted {
				delete(pending, name)
				progressed = true
			}
		}
	}
	return nil
}

func replayManifest(store http.Handler, dir, name string) (accepted bool, err error) {
	stored, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return false, err
	}
	path, err := url.PathUnescape(name)
	if err != nil {
		return false, err
	}
	contentType, body, _ := strings.Cut(string(stored), "\n")
	req, err := http.NewRequest(http.MethodPut, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", contentType)
	response := httptest.NewRecorder()
	store.ServeHTTP(response, req)
	return response.Code == http.StatusCreated, nil
}

// statusRecorder records the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
