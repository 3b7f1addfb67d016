// Command valkey-entrypoint is the entry point of the Valkey image. It follows the
// conventions of the official image: a configuration file or options without a program
// are passed to valkey-server, which accepts clients from any address.
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
		// Only the server's user may read the files that the server writes.
		syscall.Umask(0o077)
	}
	return firststart.Exec(argv)
}

// command returns the program to run and its arguments. The program is the server unless
// the arguments name another one.
func command(args []string) ([]string, error) {
	if len(args) > 0 && strings.HasSuffix(args[0], ".conf") {
		args = append([]string{server}, args...)
	}
	argv := firststart.WithServerName(server, args)
	if argv[0] != server {
		return argv, nil
	}
	return disableProtectedMode(argv)
}

var protectedMode = regexp.MustCompile(`(?mi)^\s*protected-mode\s`)

// disableProtectedMode disables protected mode, which refuses other machines, unless the
// configuration file sets it. Later options override it.
func disableProtectedMode(argv []string) ([]string, error) {
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
		if protectedMode.Match(config) {
			return argv, nil
		}
	}
	return slices.Insert(slices.Clone(argv), at, "--protected-mode", "no"), nil
}
