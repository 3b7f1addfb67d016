package firststart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ScriptFolder is the mount point of the initialization scripts.
const ScriptFolder = "/docker-entrypoint-initdb.d"

// RunScripts runs the scripts of a folder in the order of their names. It runs shell
// scripts with sh and env, and SQL scripts with the given function.
func RunScripts(folder string, env []string, sql func(path string) error) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		var err error
		switch filepath.Ext(path) {
		case ".sh":
			err = Program{Name: "sh", Args: []string{path}, Env: env}.Run()
		case ".sql":
			err = sql(path)
		}
		if err != nil {
			return fmt.Errorf("running %s: %w", path, err)
		}
	}
	return nil
}
