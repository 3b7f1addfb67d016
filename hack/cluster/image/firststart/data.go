// Package firststart creates a database server's data at its first start, atomically,
// and runs the initialization scripts.
package firststart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	// staging is the folder in which the data is created. It lies inside the data
	// folder, which may be a mount and then can't be replaced.
	staging = ".initdb"
	// marker is a file that exists while files are moved out of staging.
	marker = ".initdb-incomplete"
)

// Data is a server's data folder.
type Data struct {
	Dir string
	// Sentinel is the file or folder that exists only in complete data. It is moved last.
	Sentinel string
}

// Exists reports whether the data exists and is complete.
func (d Data) Exists() bool {
	_, err := os.Stat(filepath.Join(d.Dir, d.Sentinel))
	return err == nil
}

// Create creates the data in a staging folder and moves it to its place when it is
// complete. It deletes the files of an interrupted start first.
func (d Data) Create(initialise func(dir string) error) error {
	if err := d.checkNoForeignFiles(); err != nil {
		return err
	}
	if err := d.removeIncomplete(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return err
	}
	// The root of a volume may have another owner, who has set its mode.
	if err := os.Chmod(d.Dir, 0o700); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	if err := initialise(filepath.Join(d.Dir, staging)); err != nil {
		return err
	}
	return d.promote()
}

// checkNoForeignFiles returns an error if the folder contains files that do not come from
// an interrupted start.
func (d Data) checkNoForeignFiles() error {
	if _, err := os.Stat(filepath.Join(d.Dir, marker)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != staging && name != "lost+found" {
			return fmt.Errorf("the folder is neither empty nor a database: it contains %q", name)
		}
	}
	return nil
}

// removeIncomplete deletes the files of an interrupted start.
func (d Data) removeIncomplete() error {
	entries, err := os.ReadDir(d.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "lost+found" && name != marker {
			if err := os.RemoveAll(filepath.Join(d.Dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// promote moves complete data out of staging. The marker exists during the move.
func (d Data) promote() error {
	if err := os.WriteFile(filepath.Join(d.Dir, marker), nil, 0o600); err != nil {
		return err
	}
	from := filepath.Join(d.Dir, staging)
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == d.Sentinel {
			continue
		}
		if err := os.Rename(filepath.Join(from, entry.Name()), filepath.Join(d.Dir, entry.Name())); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(from, d.Sentinel), filepath.Join(d.Dir, d.Sentinel)); err != nil {
		return err
	}
	return errors.Join(os.Remove(from), os.Remove(filepath.Join(d.Dir, marker)))
}
