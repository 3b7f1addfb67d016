/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package names

// VolumeName is the name of the claim template, and so the first part of the
// claim's name.
const VolumeName = "data"

// Database is the name of a service's built-in database: StatefulSet, Service and
// binding Secret.
func Database(owner string) string { return owner + "-db" }

// DatabaseClaim is the name of the volume claim of a service's built-in database.
func DatabaseClaim(owner string) string { return VolumeName + "-" + Database(owner) + "-0" }

// AdminSecret is the name of the Secret with the administrator's password
// of a service's built-in database.
func AdminSecret(owner string) string { return Database(owner) + "-admin" }

// NextSecret is the name of the Secret that holds a new password until it is
// the one in use.
func NextSecret(owner string) string { return Database(owner) + "-next" }

// Backup is the name of the CronJob that backs a service's database up.
func Backup(owner string) string { return owner + "-backup" }
