// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package shell

// Exit codes of the scripts of a database's server, which say why it cannot start. No
// engine uses them.
const (
	// ExitHeld means that another server holds the data.
	ExitHeld = 81
	// ExitUnlocked means that the data cannot be locked.
	ExitUnlocked = 82
	// ExitNoUser means that the image lacks the user that the pod runs as.
	ExitNoUser = 83
)
