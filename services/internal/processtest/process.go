package processtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/services/internal/eventually"
)

// Process is a running service.
type Process struct {
	// Address is the host and port that the service listens on.
	Address string
	cmd     *exec.Cmd
	ended   chan error

	mu    sync.Mutex
	lines []map[string]any
}

// Start starts the service on a free port, with environment, and waits until it listens.
func Start(t *testing.T, environment ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(binary), ended: make(chan error, 1)}
	p.cmd.Env = append(append(os.Environ(), "PORT=0", "INTERNAL_PORT=0"), environment...)
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
		<-read // Wait closes the pipe, so first read all that is in it.
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
		p.Address = net.JoinHostPort("127.0.0.1", port)
	case err := <-p.ended:
		t.Fatalf("the service exited before it listened: %v", err)
	case <-time.After(eventually.Patience):
		t.Fatal("the service does not listen")
	}
	return p
}

func (p *Process) keep(t *testing.T, text []byte) map[string]any {
	line := map[string]any{}
	if err := json.Unmarshal(text, &line); err != nil {
		t.Errorf("a log line is not JSON: %s", text)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	return line
}

// Logged returns the log lines with this message.
func (p *Process) Logged(message string) (lines []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// Get sends a GET request and returns the status and body of the response.
func (p *Process) Get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	response, err := http.Get("http://" + p.Address + path)
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

// Ready returns a condition that holds when the service is ready.
func (p *Process) Ready(t *testing.T) func() bool {
	return func() bool {
		status, _ := p.Get(t, "/readyz")
		return status == http.StatusOK
	}
}

// Unready returns a condition that holds when the service is unready for this reason.
func (p *Process) Unready(t *testing.T, reason string) func() bool {
	return func() bool {
		status, body := p.Get(t, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, reason)
	}
}

// Terminate sends SIGTERM, as the kubelet does.
func (p *Process) Terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// Kill sends SIGKILL, to simulate a crash.
func (p *Process) Kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// Wait waits until the service has exited and returns the error of its exit code.
func (p *Process) Wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(eventually.Patience):
		t.Fatal("the service does not exit")
		return nil
	}
}

// HalfSent is a request with an incomplete body: the service waits for the rest.
type HalfSent struct {
	connection net.Conn
	rest       string
}

// SendHalf sends a POST request with only half of its body.
func (p *Process) SendHalf(t *testing.T, path, body string, headers ...string) HalfSent {
	t.Helper()
	connection, err := net.Dial("tcp", p.Address)
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
	return HalfSent{connection: connection, rest: body[half:]}
}

// Finish sends the rest of the body and returns the status of the response.
func (h HalfSent) Finish(t *testing.T) int {
	t.Helper()
	if _, err := io.WriteString(h.connection, h.rest); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(h.connection), nil)
	if err != nil {
		t.Fatalf("the request in flight got no response: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}
