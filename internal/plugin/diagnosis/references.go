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

package diagnosis

import (
	"fmt"
	"regexp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// referenceMissing tells of Secrets, ConfigMaps and keys that Atoll has missed.
func referenceMissing(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonReferenceNotFound)
	found := e.said(PartSpec, c, "Create it, or correct what names it")
	for _, f := range found {
		if of := referenced.FindStringSubmatch(c.Message); of != nil {
			f.Object = name(of[1], of[2])
			f.Steps = append(f.Steps, step(f.Object, "does not exist, or lacks a key"))
		}
	}
	return found
}

var (
	referenced = regexp.MustCompile(`^(Secret|ConfigMap) "([^"]+)"`)
	// What the kubelet says of them, as it makes a container or mounts a volume.
	missingObject = regexp.MustCompile(`(secret|configmap) "([^"]+)" not found`)
	missingKey    = regexp.MustCompile(`couldn't find key (\S+) in (Secret|ConfigMap) \S+?/(\S+)`)
	missingItem   = regexp.MustCompile(`references non-existent (secret|config) key: (\S+)`)
	// missingMounted is either of what a volume can lack.
	missingMounted = regexp.MustCompile(missingObject.String() + "|" + missingItem.String())
)

// referenceMissingInPods tells of those that the kubelet has missed: they went
// after the pod was made.
func referenceMissingInPods(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		said := ""
		containers := containersOf(pod, part)
		for i := range containers {
			said += containers[i].refused() + "\n"
		}
		event := e.notMounted(pod, missingMounted)
		// The kubelet says it every two minutes for as long as it is so.
		if event != nil && e.Now.Sub(LastSeen(event)) > justNow {
			event = nil
		}
		if event != nil {
			said += event.Message
		}
		f := &Finding{Steps: []Step{podStep(pod, "its containers can't be made")}}
		switch object, key, item := missingObject.FindStringSubmatch(said), missingKey.FindStringSubmatch(said), missingItem.FindStringSubmatch(said); {
		case object != nil:
			kind := map[string]string{"secret": "Secret", "configmap": "ConfigMap"}[object[1]]
			f.Object = name(kind, object[2])
			f.Cause = fmt.Sprintf("%s %q, which pod %s uses, does not exist in namespace %q", kind, object[2], pod.Name, pod.Namespace)
			f.Remedy = "Create it, or correct what names it in the spec"
		case key != nil:
			f.Object = name(key[2], key[3])
			f.Cause = fmt.Sprintf("%s %q has no key %q, which pod %s uses", key[2], key[3], key[1], pod.Name)
			f.Remedy = "Add the key, or correct what names it in the spec"
		case item != nil:
			f.Object = name("Pod", pod.Name)
			f.Cause = fmt.Sprintf("A volume of pod %s names the key %q, which its %s lacks", pod.Name, item[2], map[string]string{"secret": "Secret", "config": "ConfigMap"}[item[1]])
			f.Remedy = "Add the key, or correct podTemplate.spec.volumes"
		default:
			continue
		}
		f.Proof = told(event)
		return f
	}
	return nil
}
