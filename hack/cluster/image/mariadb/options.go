package main

import (
	"fmt"
	"os/exec"
	"strings"
)

const defaultDataFolder = "/var/lib/mysql"

// configuredOptions returns the server's options from its configuration files, which the
// arguments can select.
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

// dataFolder returns the data folder. Like the server, it uses the last one given.
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

// withoutDataFolder removes the options that set the data folder.
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

// isDataFolder reports whether the next argument is the data folder.
func isDataFolder(option string) bool { return option == "--datadir" || option == "-h" }

// withoutWhitespace removes the options that contain whitespace, because the shell script
// mariadb-install-db would split them.
func withoutWhitespace(options []string) []string {
	var kept []string
	for _, option := range options {
		if !strings.ContainsAny(option, " \t\n") {
			kept = append(kept, option)
		}
	}
	return kept
}
