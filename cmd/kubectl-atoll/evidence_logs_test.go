// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

// TestReadLogKeepsTheEnd reads a log whose last lines are longer than what is kept, from a server
// that limits bytes as the kubelet does: it writes from the first of the last lines.
func TestReadLogKeepsTheEnd(t *testing.T) {
	var lines []string
	for i := range 2 * diagnosis.LogLines {
		lines = append(lines, fmt.Sprintf(`{"n":%d,"trace":"%s"}`, i, strings.Repeat("x", 8<<10)))
	}
	lines = append(lines, "panic: no rates")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/shop/pods/orders-1/log" || r.URL.Query().Get("container") != "orders" || r.URL.Query().Get("previous") != "true" {
			t.Errorf("the request is %s", r.URL)
		}
		count, err := strconv.Atoi(r.URL.Query().Get("tailLines"))
		if err != nil {
			t.Error(err)
		}
		text := strings.Join(lines[len(lines)-count:], "\n") + "\n"
		if limit, err := strconv.Atoi(r.URL.Query().Get("limitBytes")); err == nil {
			text = text[:min(limit, len(text))]
		}
		_, _ = io.WriteString(w, text)
	}))
	defer server.Close()
	t.Setenv("KUBECONFIG", "/dev/null")
	p := newPlugin(genericiooptions.NewTestIOStreamsDiscard())
	p.flags.APIServer = ptr.To(server.URL)
	got, err := p.readLog(t.Context(), "shop", diagnosis.Log{Pod: "orders-1", Container: "orders", Previous: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(got, "\npanic: no rates\n") || !strings.HasPrefix(got, `{"n":`) || len(got) > maxLogBytes || len(got) < maxLogBytes/2 {
		t.Errorf("%d bytes, which begin with %q and end with %q", len(got), got[:min(20, len(got))], got[max(0, len(got)-20):])
	}
}

func TestLastBytes(t *testing.T) {
	for name, tc := range map[string]struct{ log, want string }{
		"a short log":                     {"one\ntwo\n", "one\ntwo\n"},
		"a log as long as the limit":      {"123456789\n", "123456789\n"},
		"a log that is cut inside a line": {strings.Repeat("first\n", 1000) + "two\nthr\n", "two\nthr\n"},
		"a line that is too long":         {strings.Repeat("a", 100) + "0123456789", "0123456789"},
		"such a line with its end":        {strings.Repeat("a", 100) + "012345678\n", "012345678\n"},
		"nothing":                         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, from := range map[string]io.Reader{
				"at once": strings.NewReader(tc.log), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.log)),
				"with the end": iotest.DataErrReader(strings.NewReader(tc.log)),
			} {
				if got, err := lastBytes(from, 10); err != nil || got != tc.want {
					t.Errorf("%s: got %q and %v, want %q", kind, got, err, tc.want)
				}
			}
		})
	}
	t.Run("a log that breaks off", func(t *testing.T) {
		broken := errors.New("broken")
		if _, err := lastBytes(io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(broken)), 10); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}
