// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd holds Atoll's CustomResourceDefinitions.
package crd

import "embed"

// Bases contains the CustomResourceDefinitions as files in the folder bases.
//
//go:embed bases/*.yaml
var Bases embed.FS
