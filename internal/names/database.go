// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package names

// VolumeName is the name of the volume claim template of a database's StatefulSet.
// The name of the claim begins with it.
const VolumeName = "data"

// Database returns the name of the StatefulSet, the Service and the binding Secret
// of a service's built-in database.
func Database(owner string) string { return owner + "-db" }

// DatabaseClaim returns the name of the PersistentVolumeClaim of a service's
// built-in database.
func DatabaseClaim(owner string) string { return VolumeName + "-" + Database(owner) + "-0" }

// AdminSecret returns the name of the Secret with the administrator's password of a
// service's built-in database.
func AdminSecret(owner string) string { return Database(owner) + "-admin" }

// NextSecret returns the name of the Secret that holds a new password until the
// rotation completes.
func NextSecret(owner string) string { return Database(owner) + "-next" }

// Backup returns the name of the CronJob that backs up a service's database.
func Backup(owner string) string { return owner + "-backup" }
