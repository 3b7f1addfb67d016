package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeStore stores notes in memory and returns err if it is set.
type fakeStore struct {
	mu    sync.Mutex
	notes map[string]string
	err   error
	// onPut is called before a note is stored.
	onPut func()
}

func (f *fakeStore) put(_ context.Context, key, value string) error {
	if f.onPut != nil {
		f.onPut()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.notes[key] = value
	}
	return f.err
}

func (f *fakeStore) get(_ context.Context, key string) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value, found := f.notes[key]
	return value, found, f.err
}

func (f *fakeStore) all(context.Context) (map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.notes), f.err
}

func (f *fakeStore) user(context.Context) (string, error)        { return "ada", f.err }
func (f *fakeStore) ready(context.Context) error                 { return f.err }
func (f *fakeStore) migrate(context.Context, func(string)) error { return f.err }
func (f *fakeStore) close()                                      {}

// call sends a request and returns the status and body of the response.
func call(t *testing.T, h http.Handler, method, path, body string) (status int, responseBody string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return recorder.Code, recorder.Body.String()
}

func TestRequests(t *testing.T) {
	const (
		// The digests of "a=1\nb=two\n" and of the empty string, computed with sha256sum.
		digestOfTwo  = "5394ef68c5fb3f650880156605c3f945e45f4d5518e7639d04a0aa50d90ade5a"
		digestOfNone = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	)
	failure := errors.New("the disk is full")
	two := map[string]string{"b": "two", "a": "1"}
	tests := map[string]struct {
		notes              map[string]string
		err                error
		method, path, body string
		wantStatus         int
		want               string
	}{
		"stores a note":                   {method: "PUT", path: "/notes/c", body: "three", wantStatus: 204},
		"replaces a note":                 {notes: two, method: "PUT", path: "/notes/a", body: "one", wantStatus: 204},
		"stores an empty note":            {method: "PUT", path: "/notes/c", wantStatus: 204},
		"stores a note of 1 MiB":          {method: "PUT", path: "/notes/c", body: strings.Repeat("x", 1<<20), wantStatus: 204},
		"refuses a larger note":           {method: "PUT", path: "/notes/c", body: strings.Repeat("x", 1<<20+1), wantStatus: 413, want: "the note is larger than 1048576 bytes\n"},
		"refuses a note that is not text": {method: "PUT", path: "/notes/c", body: "\xff", wantStatus: 400, want: "key and note must be UTF-8 text without NUL bytes\n"},
		"refuses a note with a NUL byte":  {method: "PUT", path: "/notes/c", body: "\x00", wantStatus: 400, want: "key and note must be UTF-8 text without NUL bytes\n"},
		"reports a failed write":          {err: failure, method: "PUT", path: "/notes/c", wantStatus: 500, want: "the disk is full\n"},
		"reads a note":                    {notes: two, method: "GET", path: "/notes/b", wantStatus: 200, want: "two"},
		"reads a key with a slash":        {notes: map[string]string{"x/y": "z"}, method: "GET", path: "/notes/x%2Fy", wantStatus: 200, want: "z"},
		"reports an unknown note":         {notes: two, method: "GET", path: "/notes/c", wantStatus: 404, want: "no note \"c\"\n"},
		"reports a failed read":           {err: failure, method: "GET", path: "/notes/a", wantStatus: 500, want: "the disk is full\n"},
		"summarises all notes":            {notes: two, method: "GET", path: "/notes", wantStatus: 200, want: `{"count":2,"digest":"` + digestOfTwo + "\"}\n"},
		"summarises no notes":             {method: "GET", path: "/notes", wantStatus: 200, want: `{"count":0,"digest":"` + digestOfNone + "\"}\n"},
		"reports a failed summary":        {err: failure, method: "GET", path: "/notes", wantStatus: 500, want: "the disk is full\n"},
		"returns the user":                {method: "GET", path: "/whoami", wantStatus: 200, want: "{\"user\":\"ada\"}\n"},
		"reports a failed user query":     {err: failure, method: "GET", path: "/whoami", wantStatus: 500, want: "the disk is full\n"},
		"is ready with a database":        {method: "GET", path: "/readyz", wantStatus: 200, want: "ok\n"},
		"is not ready without a database": {err: failure, method: "GET", path: "/readyz", wantStatus: 503, want: "the disk is full\n"},
		"is healthy without a database":   {err: failure, method: "GET", path: "/healthz", wantStatus: 200, want: "ok\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fake := &fakeStore{notes: maps.Clone(test.notes), err: test.err}
			if fake.notes == nil {
				fake.notes = map[string]string{}
			}
			status, response := call(t, handler(fake), test.method, test.path, test.body)
			if status != test.wantStatus || response != test.want {
				t.Errorf("got %d %q, want %d %q", status, response, test.wantStatus, test.want)
			}
			if key, ok := strings.CutPrefix(test.path, "/notes/"); ok && status == http.StatusNoContent && fake.notes[key] != test.body {
				t.Errorf("stored %q, want %q", fake.notes[key], test.body)
			}
		})
	}
}

func TestShutdownWaitsForRequestInFlight(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, finish := make(chan struct{}), make(chan struct{})
	fake := &fakeStore{notes: map[string]string{}, onPut: func() {
		close(started)
		<-finish
	}}
	exited := make(chan error, 1)
	go func() { exited <- serveHTTP(ctx, listener, handler(fake)) }()

	status := make(chan int, 1)
	go func() {
		defer close(status)
		request, err := http.NewRequest(http.MethodPut, "http://"+listener.Addr().String()+"/notes/a", strings.NewReader("1"))
		if err != nil {
			t.Error(err)
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
		status <- response.StatusCode
	}()
	<-started
	cancel()
	eventually(t, "the server refuses new connections", func() bool {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	close(finish)
	if got := <-status; got != http.StatusNoContent {
		t.Errorf("the request in flight got status %d, want 204", got)
	}
	if err := <-exited; err != nil {
		t.Errorf("serveHTTP returned %v, want no error", err)
	}
}

func TestRun(t *testing.T) {
	tests := map[string]struct {
		environment map[string]string
		args        []string
		wantOutput  string
		wantErr     string
	}{
		"no command": {
			wantErr: "usage: notes serve|migrate|relay|echo [port...]|dial address..., got []",
		},
		"unknown engine": {
			environment: map[string]string{"DATABASE_URL": "oracle://ada:secret@db:1521/x"},
			args:        []string{"serve"},
			wantErr:     `DATABASE_URL has the scheme "oracle", want postgresql, mariadb, mysql, redis or valkey`,
		},
		"invalid URL": {
			environment: map[string]string{"DATABASE_URL": "postgresql://ada:secret@db:54 32/x"},
			args:        []string{"serve"},
			wantErr:     `parsing DATABASE_URL: invalid port ":54 32" after host`,
		},
		"pool size is not a number": {
			environment: map[string]string{"ATOLL_DB_POOL": "many"},
			args:        []string{"serve"},
			wantErr:     `ATOLL_DB_POOL is "many", want a whole number of at least 1`,
		},
		"pool size is zero": {
			environment: map[string]string{"ATOLL_DB_POOL": "0"},
			args:        []string{"migrate"},
			wantErr:     `ATOLL_DB_POOL is "0", want a whole number of at least 1`,
		},
		"MIGRATE_FAIL fails before the database is opened": {
			environment: map[string]string{"MIGRATE_FAIL": "column \"x\" does not exist", "ATOLL_DB_POOL": "many"},
			args:        []string{"migrate"},
			wantOutput:  "reading the schema\nfailing, because MIGRATE_FAIL is set\n",
			wantErr:     `column "x" does not exist`,
		},
		"MIGRATE_SLEEP sleeps before MIGRATE_FAIL": {
			environment: map[string]string{"MIGRATE_SLEEP": "1ms", "MIGRATE_FAIL": "enough"},
			args:        []string{"migrate"},
			wantOutput:  "sleeping 1ms\nreading the schema\nfailing, because MIGRATE_FAIL is set\n",
			wantErr:     "enough",
		},
		"invalid MIGRATE_SLEEP": {
			environment: map[string]string{"MIGRATE_SLEEP": "long"},
			args:        []string{"migrate"},
			wantErr:     `parsing MIGRATE_SLEEP: time: invalid duration "long"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"DATABASE_URL", "ATOLL_DB_POOL", "MIGRATE_FAIL", "MIGRATE_SLEEP"} {
				t.Setenv(variable, test.environment[variable])
			}
			var output bytes.Buffer
			err := run(t.Context(), test.args, &output)
			if err == nil || err.Error() != test.wantErr {
				t.Errorf("got error %v, want %s", err, test.wantErr)
			}
			if output.String() != test.wantOutput {
				t.Errorf("printed %q, want %q", output.String(), test.wantOutput)
			}
		})
	}
}

func TestSleepStopsWhenCanceled(t *testing.T) {
	t.Setenv("MIGRATE_SLEEP", "1h")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"migrate"}, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestOpenDoesNotConnect(t *testing.T) {
	for _, databaseURL := range []string{
		"postgresql://ada:secret@127.0.0.1:1/x?sslmode=disable",
		"mariadb://ada:secret@127.0.0.1:1/x",
		"mysql://ada:secret@127.0.0.1:1/x",
		"redis://ada:secret@127.0.0.1:1/0",
		"valkey://ada:secret@127.0.0.1:1/0",
	} {
		t.Run(databaseURL, func(t *testing.T) {
			opened, err := open(databaseURL, 10)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.close()
			status, response := call(t, handler(opened), "GET", "/readyz", "")
			if status != http.StatusServiceUnavailable || !strings.Contains(response, "refused") {
				t.Errorf("/readyz: got %d %q, want 503 and the cause", status, response)
			}
		})
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const timeout = 20 * time.Second // Much longer than any condition takes.
	deadline := time.After(timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("timed out waiting until " + what)
		case <-tick.C:
		}
	}
}
