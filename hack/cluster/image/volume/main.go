// Command volume makes and deletes the folder behind a local persistent volume,
// for the local path provisioner, which says in VOL_DIR which one.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args, os.Getenv("VOL_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, "volume:", err)
		os.Exit(1)
	}
}

func run(args []string, dir string) error {
	if !filepath.IsAbs(dir) || filepath.Dir(dir) == dir {
		return fmt.Errorf("VOL_DIR %q is not a folder that can be made or deleted", dir)
	}
	switch filepath.Base(args[0]) {
	case "setup":
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		// The pod's user is not known here, and the umask has no say.
		return os.Chmod(dir, 0o777)
	case "teardown":
		return os.RemoveAll(dir)
	}
	return errors.New("call it as setup or teardown")
}
