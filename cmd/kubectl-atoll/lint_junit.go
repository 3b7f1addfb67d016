// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/internal/output"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// The types below are the part of JUnit's format that GitLab and Jenkins read.
type (
	junitReport struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	// junitSuite is a file.
	junitSuite struct {
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Cases    []*junitCase `xml:"testcase"`
	}
	// junitCase is an object. It has one failure for all its errors, because GitLab and Jenkins
	// show only one.
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Line      int           `xml:"line,attr,omitempty"`
		Failure   *junitFailure `xml:"failure"`
		// Warnings are the texts of warnings, which fail nothing.
		Warnings string `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes the report as JUnit's XML: each file is a test suite, and each object a test.
func (o *lintOptions) writeJUnit(report *offline.Report) error {
	all := &junitReport{Name: "kubectl atoll lint"}
	for i := range report.Checked {
		c := &report.Checked[i]
		all.find(c.Source, c.Kind, c.Namespace, c.Name, c.Position.Line)
	}
	for i := range report.Findings {
		f := &report.Findings[i]
		of := all.find(f.Source, f.Kind, f.Namespace, f.Name, f.Line)
		if f.Severity == offline.SeverityError {
			of.fail(f)
		} else {
			of.Warnings += placed(f) + "\n"
		}
	}
	all.count()
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s%s\n", xml.Header, text)
	return err
}

// find returns the test of an object, and adds it if it is new.
func (r *junitReport) find(source, kind, namespace, name string, line int) *junitCase {
	at := slices.IndexFunc(r.Suites, func(s *junitSuite) bool { return s.Name == source })
	if at < 0 {
		at = len(r.Suites)
		r.Suites = append(r.Suites, &junitSuite{Name: source})
	}
	suite := r.Suites[at]
	test := fmt.Sprintf("%s %s/%s", kind, namespace, name)
	for _, known := range suite.Cases {
		if known.Name == test {
			return known
		}
	}
	added := &junitCase{Name: test, ClassName: source, File: source, Line: line}
	suite.Cases = append(suite.Cases, added)
	return added
}

// fail adds an error to the failure of the test.
func (c *junitCase) fail(f *offline.Finding) {
	if c.Failure == nil {
		c.Failure = &junitFailure{Message: f.Text(), Type: f.Code}
	}
	c.Failure.Text += placed(f) + "\n"
}

// placed returns a finding as one line that begins with its file and line.
func placed(f *offline.Finding) string {
	place := f.Source
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.Source, f.Line, f.Column)
	}
	return output.Printable(strings.TrimPrefix(fmt.Sprintf("%s: %s: %s [%s]", place, f.Severity, f.Text(), f.Code), ": "))
}

// count sets the numbers of tests and failures.
func (r *junitReport) count() {
	for _, suite := range r.Suites {
		suite.Tests = len(suite.Cases)
		for _, c := range suite.Cases {
			if c.Failure != nil {
				suite.Failures++
			}
		}
		r.Tests += suite.Tests
		r.Failures += suite.Failures
	}
}
