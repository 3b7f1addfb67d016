// Command volume creates and deletes the folder of a local persistent volume for the
// local path provisioner, which sets VOL_DIR to the folder.
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
		return fmt.Errorf("VOL_DIR %q is not an absolute path of a folder below the root", dir)
	}
	switch filepath.Base(args[0]) {
	case "setup":
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		// The pod's user is unknown, so every user may write. Chmod overrides the umask.
		return os.Chmod(dir, 0o777)
	case "teardown":
		return os.RemoveAll(dir)
	}
	return errors.New("unknown command; run it as setup or teardown")
}
