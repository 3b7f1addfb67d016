// Command valkey-entrypoint is the entry point of the Valkey image. It keeps to
// the conventions of the official image: a configuration file or options alone
// are those of valkey-server, which any address may reach.
package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/atoll-dev/atoll/hack/cluster/image/firststart"
)

const server = "valkey-server"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "valkey-entrypoint:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	argv, err := command(args)
	if err != nil {
		return err
	}
	if argv[0] == server {
		// What the server writes is for its own user.
		syscall.Umask(0o077)
	}
	return firststart.Become(argv)
}

// command is what to run: a configuration file or options alone are the server's.
func command(args []string) ([]string, error) {
	if len(args) > 0 && strings.HasSuffix(args[0], ".conf") {
		args = append([]string{server}, args...)
	}
	argv := firststart.WithServer(server, args)
	if argv[0] != server {
		return argv, nil
	}
	return unprotected(argv)
}

var protection = regexp.MustCompile(`(?mi)^\s*protected-mode\s`)

// unprotected turns protected mode off, which keeps other machines out, unless the
// configuration file has a word on it. An option that follows has the last.
func unprotected(argv []string) ([]string, error) {
	if len(argv) == 2 && slices.Contains([]string{"-h", "--help", "-v", "--version"}, argv[1]) {
		return argv, nil
	}
	at := 1
	if len(argv) > 1 && !strings.HasPrefix(argv[1], "-") {
		at = 2
		config, err := os.ReadFile(argv[1])
		if err != nil {
			return nil, err
		}
		if protection.Match(config) {
			return argv, nil
		}
	}
	return slices.Insert(slices.Clone(argv), at, "--protected-mode", "no"), nil
}
