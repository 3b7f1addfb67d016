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
	// Input is the program's stdin. Unset means empty.
	Input io.Reader
}

// Cmd returns the command, which inherits stdout and stderr.
func (p Program) Cmd() *exec.Cmd {
	cmd := exec.Command(p.Name, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Input, os.Stdout, os.Stderr
	return cmd
}

// Run runs the program and waits for its exit.
func (p Program) Run() error {
	if err := p.Cmd().Run(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}

// WithServerName prepends the server's name unless the arguments name a program.
func WithServerName(server string, args []string) []string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return append([]string{server}, args...)
	}
	return args
}

// Exec replaces this process with a program.
func Exec(argv []string) error {
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, argv, os.Environ())
}
