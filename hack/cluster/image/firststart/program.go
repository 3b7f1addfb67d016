package firststart

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Program is a program to run.
type Program struct {
	Name string
	Args []string
	// Env is added to the environment.
	Env []string
	// Input is what the program reads. Unset means nothing.
	Input io.Reader
}

// Cmd is the program, with its output where this one's is.
func (p Program) Cmd() *exec.Cmd {
	cmd := exec.Command(p.Name, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Input, os.Stdout, os.Stderr
	return cmd
}

// Run runs the program to its end.
func (p Program) Run() error {
	if err := p.Cmd().Run(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}

// WithServer puts the server's name before arguments that are options alone.
func WithServer(server string, args []string) []string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return append([]string{server}, args...)
	}
	return args
}

// Become puts a program in this one's place.
func Become(argv []string) error {
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, argv, os.Environ())
}
