package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// systemDirs lists the host's folders that are mounted read-only in the node.
var systemDirs = []string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu"}

// etcEntries lists the entries of the host's /etc that the node uses.
var etcEntries = []string{
	"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "passwd", "group",
	"protocols", "services", "ethertypes", "ssl", "static",
}

// hostTunables maps kernel settings to the values that the kubelet expects. The node
// mounts its own files over them, so that the kubelet does not change the host.
var hostTunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// buildRoot creates the node's root file system: the host's programs, read-only, the
// cluster's state, and an in-memory file system for the rest. The mounts end with the
// node.
func buildRoot(c cache, policies bool) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	root := c.cluster("root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mounting the root: %w", err)
	}
	b := rootBuilder{root: root}
	for _, dir := range systemDirs {
		b.hostEntry("/"+dir, dir)
	}
	b.dir("etc")
	for _, entry := range etcEntries {
		b.hostEntry("/etc/"+entry, "etc/"+entry)
	}
	b.file("etc/hosts", "127.0.0.1 localhost\n"+nodeIP+" "+nodeName+"\n")
	// No server listens there, so that external names fail immediately.
	b.file("etc/resolv.conf", "nameserver 127.0.0.1\n")
	b.file("etc/nsswitch.conf", "hosts: files dns\n")
	for _, dir := range []string{"run", "tmp", "root", "mnt", "srv"} {
		b.dir(dir)
	}
	b.dir("run/lock")
	b.bind("/dev", "dev", unix.MS_REC)
	b.mount("proc", "proc", "proc")
	b.mountSys()
	b.bind(c.state(), strings.TrimPrefix(nodeState, "/"), 0)
	b.bind(c.state("var"), "var", 0)
	b.link("/run", "var/run")
	b.linkPrograms(c, policies)
	b.coverTunables()
	if b.err != nil {
		return b.err
	}
	return switchRoot(root)
}

// switchRoot changes to the new root and unmounts the old one.
func switchRoot(root string) error {
	old := filepath.Join(root, "mnt")
	if err := unix.PivotRoot(root, old); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Mount("", "/mnt", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the old root private: %w", err)
	}
	if err := unix.Unmount("/mnt", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting the old root: %w", err)
	}
	// Pods may use mount propagation, which needs shared mounts.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing the mounts: %w", err)
	}
	return unix.Sethostname([]byte(nodeName))
}

// rootBuilder populates the new root. After the first error it does nothing.
type rootBuilder struct {
	root string
	err  error
}

func (b *rootBuilder) abs(path string) string { return filepath.Join(b.root, path) }

func (b *rootBuilder) do(what string, run func() error) {
	if b.err != nil {
		return
	}
	if err := run(); err != nil {
		b.err = fmt.Errorf("%s: %w", what, err)
	}
}

func (b *rootBuilder) dir(path string) {
	b.do("creating /"+path, func() error { return os.MkdirAll(b.abs(path), 0o755) })
}

func (b *rootBuilder) file(path, content string) {
	b.do("writing /"+path, func() error { return os.WriteFile(b.abs(path), []byte(content), 0o644) })
}

func (b *rootBuilder) link(target, path string) {
	b.do("linking /"+path, func() error {
		if err := os.Remove(b.abs(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return os.Symlink(target, b.abs(path))
	})
}

func (b *rootBuilder) mount(kind, source, path string) {
	b.dir(path)
	b.do("mounting /"+path, func() error { return unix.Mount(source, b.abs(path), kind, 0, "") })
}

func (b *rootBuilder) bind(from, path string, flags uintptr) {
	b.do("binding "+from, func() error {
		if err := os.MkdirAll(from, 0o755); err != nil {
			return err
		}
		if err := os.MkdirAll(b.abs(path), 0o755); err != nil {
			return err
		}
		return unix.Mount(from, b.abs(path), "", unix.MS_BIND|flags, "")
	})
}

// hostEntry adds a folder, file or link of the host if it exists. A folder is a read-only
// bind mount; a file is a copy.
func (b *rootBuilder) hostEntry(from, path string) {
	b.do("adding "+from, func() error {
		info, err := os.Lstat(from)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			target, err := os.Readlink(from)
			if err != nil {
				return err
			}
			return os.Symlink(target, b.abs(path))
		case info.IsDir():
			if err := os.MkdirAll(b.abs(path), 0o755); err != nil {
				return err
			}
			if err := unix.Mount(from, b.abs(path), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
				return err
			}
			return unix.Mount("", b.abs(path), "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
		default:
			data, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			return os.WriteFile(b.abs(path), data, info.Mode().Perm())
		}
	})
}

// mountSys mounts /sys of the node's network namespace and the machine's cgroups.
func (b *rootBuilder) mountSys() {
	b.mount("sysfs", "sysfs", "sys")
	b.bind("/sys/fs/cgroup", "sys/fs/cgroup", unix.MS_REC)
}

// linkPrograms mounts the cached binaries and links them under names without a version.
func (b *rootBuilder) linkPrograms(c cache, policies bool) {
	base := strings.TrimPrefix(nodeBin, "/")
	b.dir(base + "/path")
	b.bind(c.path("bin"), base+"/bin", 0)
	b.do("making the binaries read-only", func() error {
		return unix.Mount("", b.abs(base+"/bin"), "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	})
	for _, list := range [][]artifact{testAssets, wantedNodeArtifacts(policies)} {
		for _, a := range list {
			b.link(nodeBin+"/bin/"+a.file(), base+"/path/"+a.name)
		}
	}
}

// coverTunables mounts the node's own files over kernel settings of the machine.
func (b *rootBuilder) coverTunables() {
	b.dir("run/tunables")
	for name, value := range hostTunables {
		target := b.abs("proc/sys/" + name)
		if !exists(target) {
			continue
		}
		file := "run/tunables/" + strings.ReplaceAll(name, "/", ".")
		b.file(file, value+"\n")
		b.do("covering "+name, func() error { return unix.Mount(b.abs(file), target, "", unix.MS_BIND, "") })
	}
}

// cgroupRoots returns the machine's cgroup hierarchies: one in version 2, and one for
// each controller in version 1.
func cgroupRoots() []string {
	if exists("/sys/fs/cgroup/cgroup.controllers") {
		return []string{"/sys/fs/cgroup"}
	}
	entries, err := os.ReadDir("/sys/fs/cgroup")
	if err != nil {
		return nil
	}
	var roots []string
	for _, entry := range entries {
		// Controllers that share a hierarchy have symbolic links to it.
		if entry.IsDir() {
			roots = append(roots, filepath.Join("/sys/fs/cgroup", entry.Name()))
		}
	}
	return roots
}

// cpuWeights gives all pods together ten times the share of CPU of one process outside
// them. With the default, a busy machine leaves the pods too little to answer their probes.
// The files are those of version 1 and version 2.
var cpuWeights = map[string]string{"cpu.shares": "10240", "cpu.weight": "1000"}

// createCgroups creates the pods' root cgroup, which the kubelet expects to exist.
func createCgroups(name string) error {
	roots := cgroupRoots()
	if len(roots) == 0 {
		return errors.New("no cgroup hierarchy is mounted at /sys/fs/cgroup")
	}
	for _, root := range roots {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// In version 1 a new cpuset is empty, and no process can join it.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, file), value, 0); err != nil {
				log.Printf("Setting %s of %s failed: %v", file, dir, err)
			}
		}
		for file, weight := range cpuWeights {
			path := filepath.Join(dir, file)
			if !exists(path) {
				continue
			}
			if err := os.WriteFile(path, []byte(weight), 0); err != nil {
				log.Printf("Setting %s failed: %v", path, err)
			}
		}
	}
	return nil
}
