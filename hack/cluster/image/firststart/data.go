// Package firststart makes a database server's data at its first start, whole or
// not at all, and runs the scripts that come with it.
package firststart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	// staging is the folder in which the data is made. It lies inside the data's
	// own folder, which may be a mount and so can't be replaced.
	staging = ".initdb"
	// marker says that the files are still being moved up from there.
	marker = ".initdb-incomplete"
)

// Data is a server's data folder.
type Data struct {
	Dir string
	// Sign is the file or folder by which whole data is known. It comes last.
	Sign string
}

// Exists tells whether the data is there, and whole.
func (d Data) Exists() bool {
	_, err := os.Stat(filepath.Join(d.Dir, d.Sign))
	return err == nil
}

// Make has the data made in a folder of its own and moves it up when it is whole:
// an interrupted start is begun again from nothing.
func (d Data) Make(initialise func(dir string) error) error {
	if err := d.refuseForeign(); err != nil {
		return err
	}
	if err := d.clear(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return err
	}
	// A volume's root may belong to somebody else, who set its mode.
	if err := os.Chmod(d.Dir, 0o700); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	if err := initialise(filepath.Join(d.Dir, staging)); err != nil {
		return err
	}
	return d.promote()
}

// refuseForeign refuses a folder with files that are not an interrupted start's.
func (d Data) refuseForeign() error {
	if _, err := os.Stat(filepath.Join(d.Dir, marker)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != staging && name != "lost+found" {
			return fmt.Errorf("it is neither empty nor a database: it holds %q", name)
		}
	}
	return nil
}

// clear takes away what an interrupted start left.
func (d Data) clear() error {
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

// promote moves whole data up. The marker is there for as long as it is under way.
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
		if entry.Name() == d.Sign {
			continue
		}
		if err := os.Rename(filepath.Join(from, entry.Name()), filepath.Join(d.Dir, entry.Name())); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(from, d.Sign), filepath.Join(d.Dir, d.Sign)); err != nil {
		return err
	}
	return errors.Join(os.Remove(from), os.Remove(filepath.Join(d.Dir, marker)))
}
