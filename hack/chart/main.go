// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart generates from config what users install without a checkout:
// dist/install.yaml, JSON Schemas for editors, and the CRDs, rights and admission policies of the Helm chart.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "The root folder of the repository.")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// chartFolder is the folder of the chart.
const chartFolder = "charts/atoll"

// readmePath is the README of the chart. Only the table of values in it is generated.
const readmePath = chartFolder + "/README.md"

// generatedFolders are folders with generated files only. A file in them that is not
// generated any more is deleted, so that make verify reports it.
var generatedFolders = []string{"dist", "charts/atoll/templates/crds", "charts/atoll/templates/policies", "charts/atoll/templates/rbac", "charts/atoll/files"}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for _, folder := range generatedFolders {
		if err := os.RemoveAll(filepath.Join(root, folder)); err != nil {
			return fmt.Errorf("deleting the previous files: %w", err)
		}
	}
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the text of each generated file, by its path.
func generate(root string) (map[string]string, error) {
	everywhere, err := build(filepath.Join(root, "config", "default"))
	if err != nil {
		return nil, err
	}
	namespaced, err := build(filepath.Join(root, "config", "namespaced"))
	if err != nil {
		return nil, err
	}
	if err := checkPolicies(filepath.Join(root, chartFolder), everywhere); err != nil {
		return nil, err
	}
	manifest, err := installManifest(everywhere)
	if err != nil {
		return nil, err
	}
	files, err := templates(everywhere, namespaced)
	if err != nil {
		return nil, err
	}
	monitoring, err := monitoringFiles(root)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, monitoring)
	schemas, err := schemaFiles(everywhere)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, schemas)
	files["dist/install.yaml"] = manifest
	files[readmePath], err = readmeWithValues(filepath.Join(root, chartFolder))
	return files, err
}
