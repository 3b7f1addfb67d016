package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// requirement is a program that the node runs and that no Go module gives.
type requirement struct{ program, debianPackage string }

// requirements of the node. Images from Debian packages need more: see debianimage.go.
var requirements = []requirement{
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"mount", "mount"},
}

// absent returns the Debian packages of the programs that can't be found.
func absent(wanted []requirement) []string {
	var packages []string
	for _, r := range wanted {
		if _, err := findProgram(r.program); err != nil {
			packages = append(packages, r.debianPackage)
		}
	}
	return packages
}

// findProgram looks in the system folders too, which a user's PATH may lack.
func findProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(dir + "/" + name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// install installs Debian packages, or says what to install by hand.
func install(ctx context.Context, packages []string) error {
	list := strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("this machine lacks programs that Debian has in these packages: %s; install them and try again", list)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("run: sudo apt-get install %s", list)
	}
	if err := aptGet(ctx, "update"); err != nil {
		// One source that can't be reached must not stop an install from the others.
		fmt.Fprintln(os.Stderr, "apt-get update failed; trying to install all the same")
	}
	if err := aptGet(ctx, append([]string{"install", "--yes", "--no-install-recommends"}, packages...)...); err != nil {
		return fmt.Errorf("installing %s: %w", list, err)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet=2"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(strings.TrimSpace(string(out))))
	}
	return nil
}

// debianMirror is where this machine's apt takes Debian from.
func debianMirror() (string, error) {
	for _, path := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if uri := mirrorIn(string(data)); uri != "" {
			return uri, nil
		}
	}
	return "", errors.New("apt's sources name no Debian archive, which images are made from: add one to /etc/apt/sources.list")
}

// mirrorIn finds the first Debian archive in apt's sources, in either format.
func mirrorIn(sources string) string {
	for line := range strings.Lines(sources) {
		fields := strings.Fields(line)
		if len(fields) == 0 || (fields[0] != "deb" && fields[0] != "URIs:") {
			continue
		}
		for _, field := range fields[1:] {
			uri := strings.TrimRight(field, "/")
			if strings.HasPrefix(uri, "http") && strings.HasSuffix(uri, "/debian") {
				return uri
			}
		}
	}
	return ""
}
