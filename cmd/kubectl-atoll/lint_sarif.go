// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

const (
	// project is where the source code is.
	project = "https://github.com/atoll-dev/atoll"
	// documents is where users read the documents.
	documents = project + "/blob/main/docs/"
)

// The types below are the part of SARIF 2.1.0 that lint writes.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool sarifTool `json:"tool"`
		// ColumnKind is the unit of columns.
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string             `json:"id"`
		ShortDescription sarifMessage       `json:"shortDescription"`
		Help             sarifMessage       `json:"help"`
		HelpURI          string             `json:"helpUri"`
		Configuration    sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysicalLocation  `json:"physicalLocation"`
		Logical  []sarifLogicalLocation `json:"logicalLocations"`
	}
	sarifPhysicalLocation struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
		// URIBaseID stands for the root of the repository. It is empty for an absolute URI.
		URIBaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogicalLocation struct {
		Name               string `json:"name"`
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
)

// writeSARIF writes the report as SARIF 2.1.0, which GitHub and editors show beside the lines.
func (o *lintOptions) writeSARIF(report *offline.Report) error {
	driver := sarifDriver{Name: "kubectl-atoll", InformationURI: project, Rules: []sarifRule{}}
	if info, recorded := debug.ReadBuildInfo(); recorded {
		driver.Version = newPluginVersion(info).Version
	}
	indexes := map[string]int{}
	results := []sarifResult{}
	for i := range report.Findings {
		f := &report.Findings[i]
		at, known := indexes[f.Code]
		if !known {
			at = len(driver.Rules)
			indexes[f.Code] = at
			driver.Rules = append(driver.Rules, sarifRuleOf(f.Code))
		}
		results = append(results, sarifResult{RuleID: f.Code, RuleIndex: at, Level: string(f.Severity),
			Message: sarifMessage{Text: f.Text()}, Locations: []sarifLocation{sarifLocationOf(f)}})
	}
	return writeJSON(o.Out, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{{Tool: sarifTool{Driver: driver}, ColumnKind: "unicodeCodePoints", Results: results}},
	})
}

// sarifRuleOf returns the description of the findings with a code.
func sarifRuleOf(code string) sarifRule {
	rule := offline.RuleOf(code)
	level := offline.SeverityWarning
	if rule.Errors {
		level = offline.SeverityError
	}
	summary := capitalized(rule.Summary)
	if summary == "" {
		summary = code
	}
	page := documents + rule.Help()
	return sarifRule{
		ID: code, HelpURI: page, Configuration: sarifConfiguration{Level: string(level)},
		ShortDescription: sarifMessage{Text: strings.ReplaceAll(summary, "`", "") + "."},
		Help: sarifMessage{
			Text:     fmt.Sprintf("%s. See %s", strings.ReplaceAll(summary, "`", ""), page),
			Markdown: fmt.Sprintf("%s. See [the documents of Atoll](%s).", summary, page),
		},
	}
}

func capitalized(text string) string {
	for i, first := range text {
		return string(unicode.ToUpper(first)) + text[i+len(string(first)):]
	}
	return ""
}

func sarifLocationOf(f *offline.Finding) sarifLocation {
	object := fmt.Sprintf("%s/%s/%s", f.Namespace, f.Kind, f.Name)
	if f.Field != "" {
		object += " " + f.Field
	}
	return sarifLocation{
		Physical: sarifPhysicalLocation{Artifact: sarifArtifactOf(f.Source), Region: sarifRegion{StartLine: max(f.Line, 1), StartColumn: f.Column}},
		Logical:  []sarifLogicalLocation{{Name: f.Name, FullyQualifiedName: object, Kind: "resource"}},
	}
}

// sarifArtifactOf returns the URI of a source. A file below the working directory has a relative
// one, as GitHub needs it. Objects of a kustomization are at its file, because a folder has no lines.
func sarifArtifactOf(source string) sarifArtifact {
	if strings.Contains(source, "://") {
		return sarifArtifact{URI: source}
	}
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if info, err := os.Stat(filepath.Join(source, name)); err == nil && info.Mode().IsRegular() {
			source = filepath.Join(source, name)
			break
		}
	}
	if filepath.IsAbs(source) {
		relative, ok := belowWorkingDirectory(source)
		if !ok {
			return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: filepath.ToSlash(source)}).String()}
		}
		source = relative
	}
	return sarifArtifact{URI: (&url.URL{Path: filepath.ToSlash(filepath.Clean(source))}).String(), URIBaseID: "%SRCROOT%"}
}

func belowWorkingDirectory(path string) (relative string, ok bool) {
	directory, err := os.Getwd()
	if err != nil {
		return "", false
	}
	relative, err = filepath.Rel(directory, path)
	return relative, err == nil && filepath.IsLocal(relative)
}
