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

// upgradeNeeded reports whether an older release series wrote the data.
func upgradeNeeded(dir string) (bool, error) {
	written, err := os.ReadFile(filepath.Join(dir, "mariadb_upgrade_info"))
	if errors.Is(err, os.ErrNotExist) {
		// The file had this name before MariaDB 11.
		written, err = os.ReadFile(filepath.Join(dir, "mysql_upgrade_info"))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	own, err := exec.Command(server, "--version").Output()
	if err != nil {
		return false, fmt.Errorf("%s --version: %w", server, err)
	}
	return isOlderSeries(string(written), string(own)), nil
}

var series = regexp.MustCompile(`(\d+)\.(\d+)\.\d+`)

// isOlderSeries compares the first versions in two texts. A text without a version counts
// as older.
func isOlderSeries(written, own string) bool {
	a, b := series.FindStringSubmatch(written), series.FindStringSubmatch(own)
	if a == nil || b == nil {
		return b != nil
	}
	for i := 1; i < len(a); i++ {
		// The pattern matches only digits, so Atoi can't fail.
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}
