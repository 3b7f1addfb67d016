package main

import (
	"archive/tar"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func binary(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestContentTagDependsOnContent(t *testing.T) {
	tagOf := func(content, path string) string {
		t.Helper()
		image, err := staticImage(binary(t, content), path, nonRoot)
		if err != nil {
			t.Fatal(err)
		}
		tag, err := contentTag(image)
		if err != nil {
			t.Fatal(err)
		}
		return tag
	}
	first := tagOf("one", "/orders")
	if again := tagOf("one", "/orders"); again != first {
		t.Errorf("the same content has tags %q and %q", first, again)
	}
	if tagOf("two", "/orders") == first || tagOf("one", "/users") == first {
		t.Error("a different binary or path has the same tag")
	}
}

func TestStaticImage(t *testing.T) {
	image, err := staticImage(binary(t, "code"), "/orders", nonRoot+":"+nonRoot)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/orders" || config.OS != "linux" {
		t.Errorf("wrong configuration: %+v", config)
	}
	files := filesOf(t, image)
	if h := files["orders"]; h == nil || h.Mode != 0o755 || h.Size != 4 {
		t.Errorf("the binary has header %+v", h)
	}
	if h := files["tmp/"]; h == nil || h.Typeflag != tar.TypeDir || h.Mode != 0o1777 {
		t.Errorf("/tmp has header %+v", h)
	}
	if files["etc/passwd"] == nil {
		t.Error("/etc/passwd is missing")
	}
}

// filesOf returns the headers of all entries in an image's layers, by path.
func filesOf(t *testing.T, image v1.Image) map[string]*tar.Header {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*tar.Header{}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		archive := tar.NewReader(content)
		for header, err := archive.Next(); err != io.EOF; header, err = archive.Next() {
			if err != nil {
				t.Fatal(err)
			}
			files[header.Name] = header
		}
	}
	return files
}

func TestRegistrySurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	start := func() *httptest.Server {
		t.Helper()
		handler, err := newRegistry(dir)
		if err != nil {
			t.Fatal(err)
		}
		return httptest.NewServer(handler)
	}
	image, err := staticImage(binary(t, "code"), "/orders", nonRoot)
	if err != nil {
		t.Fatal(err)
	}
	want, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	server := start()
	if err := push(context.Background(), strings.TrimPrefix(server.URL, "http://")+"/shop/orders:1", image); err != nil {
		t.Fatal(err)
	}
	server.Close()

	server = start()
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/shop/orders:1")
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pulled.Digest(); err != nil || got != want {
		t.Errorf("pulled %v, %v; want %v", got, err, want)
	}
	layers, err := pulled.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			t.Error(err)
		}
	}
}
