// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strconv"
	"strings"
)

// An official image has a tag for each version, which moves to a newer release of Debian
// or Ubuntu in time, and a tag for each version on each base. The C library of the base
// defines the order of PostgreSQL's text indexes. So a new volume gets the tag of a base,
// and keeps the base.

// tagged returns an image of a version, on a base unless that is empty.
func tagged(repository, version, base string) string {
	tag := repository + ":" + version
	if base != "" {
		tag += "-" + base
	}
	return tag
}

// numbersOf returns the major and the minor number of a version. The minor number of a
// version without one is that of its newest release: minor is unset, and exact is false.
func numbersOf(version string) (major, minor int, exact bool) {
	text, rest, exact := strings.Cut(version, ".")
	// The API accepts only numbers. Zero has no base.
	major, _ = strconv.Atoi(text)
	minor, _ = strconv.Atoi(rest)
	return major, minor, exact
}

// postgresBases are the first minor releases of each major version that have a tag for
// a base. Debian trixie came in August 2025, bookworm in June 2023.
var postgresBases = map[int]struct{ bookworm, trixie int }{
	15: {3, 14}, 16: {0, 10}, 17: {0, 6},
}

// Base returns the newest base with a tag for the version. The tags of earlier versions
// no longer move, and those of later ones are not known.
func (postgreSQL) Base(version string) string {
	const bookworm, trixie = "bookworm", "trixie"
	major, minor, exact := numbersOf(version)
	since, known := postgresBases[major]
	switch {
	case major == 18 || major == 19 || known && (!exact || minor >= since.trixie):
		return trixie
	case known && minor >= since.bookworm:
		return bookworm
	}
	return ""
}

// Base returns the base of the versions whose tags are known. MariaDB has collations of
// its own, so that its data does not depend on the base.
func (mariaDB) Base(version string) string {
	major, minor, exact := numbersOf(version)
	switch {
	case major == 10 && (!exact || minor == 6 || minor == 11):
		return "jammy"
	case major == 11 && (!exact || minor >= 4), major == 12:
		return "noble"
	}
	return ""
}

// Base returns the base of the versions whose tags are known. Valkey's data does not
// depend on the base.
func (valkey) Base(version string) string {
	major, minor, exact := numbersOf(version)
	if major == 8 || major == 9 || major == 7 && (!exact || minor == 2) {
		return "trixie"
	}
	return ""
}
