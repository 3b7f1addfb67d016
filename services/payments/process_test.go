package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

// patience is far above what anything here takes, so that it only ends what hangs.
const patience = 20 * time.Second

// binary is the service as it is shipped.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndTest(m)) }

func buildAndTest(m *testing.M) int {
	directory, err := os.MkdirTemp("", name)
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(directory) }()
	binary = filepath.Join(directory, name)
	if output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		log.Printf("building the service: %v: %s", err, output)
		return 1
	}
	return postgrestest.Main(m)
}

// process is a running service.
type process struct {
	cmd     *exec.Cmd
	address string
	ended   chan error

	mu    sync.Mutex
	lines []map[string]any
}

// start runs the service on a free port, as environment says, until it listens.
func start(t *testing.T, environment ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary), ended: make(chan error, 1)}
	p.cmd.Env = append(append(os.Environ(), "PORT=0"), environment...)
	p.cmd.Stderr = os.Stderr
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	listening := make(chan string, 1)
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if line := p.keep(t, lines.Bytes()); line["msg"] == "Listening" {
				listening <- line["address"].(string)
			}
		}
	}()
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		<-read // Wait closes the pipe, and would lose what is still in it.
		p.ended <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-exited
	})
	select {
	case address := <-listening:
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		p.address = net.JoinHostPort("127.0.0.1", port)
	case err := <-p.ended:
		t.Fatalf("the service ended before it listened: %v", err)
	case <-time.After(patience):
		t.Fatal("the service does not listen")
	}
	return p
}

func (p *process) keep(t *testing.T, text []byte) map[string]any {
	line := map[string]any{}
	if err := json.Unmarshal(text, &line); err != nil {
		t.Errorf("a log line is not JSON: %s", text)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	return line
}

// logged returns the lines with a message.
func (p *process) logged(message string) (lines []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// get returns the status and body of a page.
func (p *process) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	response, err := http.Get("http://" + p.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// ready is whether the service wants requests.
func (p *process) ready(t *testing.T) func() bool {
	return func() bool {
		status, _ := p.get(t, "/readyz")
		return status == http.StatusOK
	}
}

// unready is whether the service wants none, for a reason.
func (p *process) unready(t *testing.T, reason string) func() bool {
	return func() bool {
		status, body := p.get(t, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, reason)
	}
}

// terminate asks the service to stop, as Kubernetes does.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// wait returns how the service ended.
func (p *process) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the service does not end")
		return nil
	}
}

// halfSent is a request whose body is not complete, so that the service waits for the rest.
type halfSent struct {
	connection net.Conn
	rest       string
}

func (p *process) sendHalf(t *testing.T, path, body string, headers ...string) halfSent {
	t.Helper()
	connection, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		path, len(body))
	for _, header := range headers {
		request.WriteString(header + "\r\n")
	}
	half := len(body) / 2
	request.WriteString("\r\n" + body[:half])
	if _, err := connection.Write(request.Bytes()); err != nil {
		t.Fatal(err)
	}
	return halfSent{connection: connection, rest: body[half:]}
}

// finish sends the rest and returns the status of the answer.
func (h halfSent) finish(t *testing.T) int {
	t.Helper()
	if _, err := io.WriteString(h.connection, h.rest); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(h.connection), nil)
	if err != nil {
		t.Fatalf("the request in flight got no answer: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// runMigrate runs the migrate subcommand to its end.
func runMigrate(environment ...string) (output string, err error) {
	cmd := exec.Command(binary, "migrate")
	cmd.Env = append(os.Environ(), environment...)
	printed, err := cmd.CombinedOutput()
	return string(printed), err
}

// mustMigrate is a migrate that succeeds.
func mustMigrate(t *testing.T, databaseURL string) (output string) {
	t.Helper()
	output, err := runMigrate("DATABASE_URL=" + databaseURL)
	if err != nil {
		t.Fatalf("migrate ended with %v: %s", err, output)
	}
	return output
}

// migrated returns the URL of a new database with the schema.
func migrated(t *testing.T) (databaseURL string) {
	t.Helper()
	databaseURL = postgrestest.NewDatabase(t)
	mustMigrate(t, databaseURL)
	return databaseURL
}

// eventually waits for a condition that another process brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("this did not come true: " + what)
		case <-again.C:
		}
	}
}
