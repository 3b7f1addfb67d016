// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/nameserver"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// files has the flags that name the input of render, diff and lint.
type files struct {
	resource.FilenameOptions
	// stdin has what was read from standard input.
	stdin bytes.Buffer
}

// standardInput is the name of the source of objects from standard input.
const standardInput = "standard input"

func (f *files) addFlags(c *cobra.Command) {
	c.Flags().StringSliceVarP(&f.Filenames, "filename", "f", nil, "A file, a directory or a URL with objects, or - for standard input.")
	c.Flags().StringVarP(&f.Kustomize, "kustomize", "k", "", "A directory with a kustomization.")
	c.Flags().BoolVarP(&f.Recursive, "recursive", "R", false, "Read the subdirectories of a directory of -f.")
}

// managerFlags are flags of the manager that decide about the objects that Atoll applies. render
// and diff need the same values.
type managerFlags struct {
	rcloneImage, cloudNativePGNamespace string
	nameServers                         []string
}

func (f *managerFlags) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.rcloneImage, "rclone-image", database.RcloneImage, "The image that copies backups to and from buckets. Use the value of the manager's flag.")
	c.Flags().StringVar(&f.cloudNativePGNamespace, "cloudnative-pg-namespace", database.CloudNativePGNamespace, "The namespace of CloudNativePG's operator. Use the value of the manager's flag.")
	c.Flags().Func("name-servers", "The `addresses` of the cluster's name servers, separated by commas. Unset means those in the status of the Topology.", func(list string) (err error) {
		f.nameServers, err = nameserver.ParseList(list)
		return err
	})
}

// setIn sets the values in the world whose objects are built.
func (f *managerFlags) setIn(world *offline.World) {
	world.RcloneImage, world.CloudNativePGNamespace, world.NameServers = f.rcloneImage, f.cloudNativePGNamespace, f.nameServers
}

// readSources reads all objects, in the order of the files. Objects without a
// namespace get the namespace of -n.
func (f *files) readSources(p *plugin) ([]offline.Source, error) {
	namespace, err := p.namespace()
	if err != nil {
		return nil, err
	}
	options := f.FilenameOptions
	options.Filenames = nil
	b := resource.NewLocalBuilder().Unstructured().ContinueOnError()
	for _, name := range f.Filenames {
		if name == "-" {
			b = b.Stream(io.TeeReader(p.In, &f.stdin), standardInput)
			continue
		}
		options.Filenames = append(options.Filenames, name)
	}
	if len(f.Filenames) == 0 && f.Kustomize == "" {
		return nil, errors.New("no input: name a file with -f, or a kustomization with -k")
	}
	if err := refuseKustomizations(options.Filenames, f.Recursive); err != nil {
		return nil, err
	}
	if len(options.Filenames) > 0 || options.Kustomize != "" {
		b = b.FilenameParam(false, &options)
	}
	var sources []offline.Source
	err = b.Flatten().Do().Visit(func(info *resource.Info, err error) error {
		if err != nil {
			return err
		}
		source, err := offline.NewSource(info.Source, info.Object, namespace)
		if err == nil {
			sources = append(sources, source)
		}
		return err
	})
	if err != nil {
		return nil, explainReadErrors(err)
	}
	return sources, nil
}

// textOf returns the text of a source; nil if it is no file that can be read again, such as a URL.
func (f *files) textOf(name string) []byte {
	if name == standardInput {
		return f.stdin.Bytes()
	}
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	// The objects were read from the file before. If it is gone now, only the lines are not known.
	text, _ := os.ReadFile(name)
	return text
}

// validateSources prints to standard error what the API server would reject. It
// returns an error if there is anything, or if there is nothing to build.
func validateSources(ctx context.Context, p *plugin, sources []offline.Source) error {
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		return fmt.Errorf("reading the embedded CRDs: %w", err)
	}
	findings, count := offline.Validate(ctx, schemas, sources)
	for i := range findings {
		fmt.Fprintln(p.ErrOut, findings[i].String())
	}
	switch {
	case len(findings) > 0:
		return errFindings
	case count == 0:
		return fmt.Errorf("no Microservice and no Topology among %s", pluralize(len(sources), "object", "objects"))
	}
	return nil
}

// explainReadErrors joins the errors of all files into one.
func explainReadErrors(err error) error {
	var several utilerrors.Aggregate
	if errors.As(err, &several) {
		lines := make([]string, len(several.Errors()))
		for i, e := range several.Errors() {
			lines[i] = e.Error()
		}
		err = errors.New(strings.Join(lines, "\n  "))
	}
	return err
}

// refuseKustomizations returns an error if a directory of -f contains a kustomization: its
// files alone are not what is applied.
func refuseKustomizations(names []string, recursive bool) error {
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			// A URL, or a name that the reader reports.
			continue
		}
		// WalkDir does not follow a link.
		root, err := filepath.EvalSymlinks(name)
		if err != nil {
			return err
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && path != root && !recursive:
				return filepath.SkipDir
			case !entry.IsDir() && slices.Contains(konfig.RecognizedKustomizationFileNames(), entry.Name()):
				below, err := filepath.Rel(root, filepath.Dir(path))
				if err != nil {
					return err
				}
				directory := filepath.Join(name, below)
				return fmt.Errorf("directory %q contains a kustomization; use -k %s", directory, directory)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
