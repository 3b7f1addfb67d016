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
		return errors.New("registry wants an address and a folder")
	}
	handler, err := newRegistry(args[1])
	if err != nil {
		return err
	}
	server := &http.Server{Addr: args[0], Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// newRegistry returns a registry that survives a restart. The library keeps
// layers on disk and manifests in memory, so manifests are written down as they
// are pushed, and pushed again, to itself, at the start.
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
		answer := &statusRecorder{ResponseWriter: w}
		store.ServeHTTP(answer, req)
		if answer.status != http.StatusCreated {
			return
		}
		stored := append([]byte(req.Header.Get("Content-Type")+"\n"), body...)
		if err := writeFile(filepath.Join(manifests, url.PathEscape(req.URL.Path)), stored, 0o644); err != nil {
			log.Printf("Writing down the manifest %s failed: %v", req.URL.Path, err)
		}
		// The library holds each layer in memory while it is pushed; the image is
		// complete now, and the memory is the machine's again.
		debug.FreeOSMemory()
	}), nil
}

// replayManifests pushes what was written down. An index needs its manifests to
// be there first, so it goes on for as long as a pass gets any further.
func replayManifests(store http.Handler, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			waiting[entry.Name()] = true
		}
	}
	for again := true; again; {
		again = false
		for name := range waiting {
			accepted, err := replayManifest(store, dir, name)
			if err != nil {
				return fmt.Errorf("reading the manifest %s: %w", name, err)
			}
			if accepted {
				delete(waiting, name)
				again = true
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
	answer := httptest.NewRecorder()
	store.ServeHTTP(answer, req)
	return answer.Code == http.StatusCreated, nil
}

// statusRecorder remembers the status that was answered.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
