package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// requirement is a program that the node runs and that is not built from a Go module.
type requirement struct{ program, debianPackage string }

// requirements lists the programs that every node needs. Building images from Debian
// packages needs more: see debianimage.go.
var requirements = []requirement{
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"mount", "mount"},
}

// firewallRequirement is a program that only the firewall runs.
var firewallRequirement = requirement{"ipset", "ipset"}

// missingPackages returns the Debian packages of the programs that are not found.
func missingPackages(wanted []requirement) []string {
	var packages []string
	for _, r := range wanted {
		if _, err := findProgram(r.program); err != nil {
			packages = append(packages, r.debianPackage)
		}
	}
	return packages
}

// findProgram also searches the system folders, which a user's PATH may lack.
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

// installPackages installs Debian packages. Its error names the packages when it can't.
func installPackages(ctx context.Context, packages []string) error {
	list := strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("missing programs and no apt-get: install the programs of these Debian packages and run the command again: %s", list)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("missing Debian packages: run sudo apt-get install %s", list)
	}
	if err := aptGet(ctx, "update"); err != nil {
		// One unreachable source must not prevent an install from the others.
		fmt.Fprintln(os.Stderr, "apt-get update failed; trying to install anyway")
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

// debianMirror returns the Debian archive in this machine's apt sources.
func debianMirror() (string, error) {
	for _, path := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if uri := parseMirror(string(data)); uri != "" {
			return uri, nil
		}
	}
	return "", errors.New("no Debian archive in the apt sources, which the images are built from; add one to /etc/apt/sources.list")
}

// parseMirror returns the first Debian archive in apt sources of either format.
func parseMirror(sources string) string {
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
