package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// upgradeNeeded tells whether data was written by an older release series.
func upgradeNeeded(dir string) (bool, error) {
	written, err := os.ReadFile(filepath.Join(dir, "mariadb_upgrade_info"))
	if errors.Is(err, os.ErrNotExist) {
		// Its name before MariaDB 11.
		written, err = os.ReadFile(filepath.Join(dir, "mysql_upgrade_info"))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	own, err := exec.Command(server, "--version").Output()
	if err != nil {
		return false, fmt.Errorf("%s --version: %w", server, err)
	}
	return older(string(written), string(own)), nil
}

var series = regexp.MustCompile(`(\d+)\.(\d+)\.\d+`)

// older compares the first versions in two texts. None is older than any.
func older(written, own string) bool {
	a, b := series.FindStringSubmatch(written), series.FindStringSubmatch(own)
	if a == nil || b == nil {
		return b != nil
	}
	for i := 1; i < len(a); i++ {
		// The pattern lets digits alone through.
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}
