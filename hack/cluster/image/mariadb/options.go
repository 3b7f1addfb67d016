package main

import (
	"fmt"
	"os/exec"
	"strings"
)

const defaultDataFolder = "/var/lib/mysql"

// configuredOptions are the server's options from its configuration files, which
// the arguments may choose.
func configuredOptions(given []string) ([]string, error) {
	var args []string
	for _, arg := range given {
		if arg == "--no-defaults" || strings.HasPrefix(arg, "--defaults-") {
			args = append(args, arg)
		}
	}
	out, err := exec.Command("my_print_defaults", append(args, "--mariadbd")...).Output()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: my_print_defaults: %w", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}

// dataFolder is the last one given, as the server takes it.
func dataFolder(options []string) string {
	folder := defaultDataFolder
	for i, option := range options {
		switch value, long := strings.CutPrefix(option, "--datadir="); {
		case long:
			folder = value
		case isDataFolder(option) && i+1 < len(options):
			folder = options[i+1]
		}
	}
	return folder
}

// withoutDataFolder leaves the options that hold for any data folder.
func withoutDataFolder(options []string) []string {
	var kept []string
	for i := 0; i < len(options); i++ {
		switch {
		case strings.HasPrefix(options[i], "--datadir="):
		case isDataFolder(options[i]):
			i++
		default:
			kept = append(kept, options[i])
		}
	}
	return kept
}

// isDataFolder tells whether the next argument names the data folder.
func isDataFolder(option string) bool { return option == "--datadir" || option == "-h" }

// withoutBlanks leaves the options that mariadb-install-db, a shell script that
// splits them, can pass on.
func withoutBlanks(options []string) []string {
	var kept []string
	for _, option := range options {
		if !strings.ContainsAny(option, " \t\n") {
			kept = append(kept, option)
		}
	}
	return kept
}
