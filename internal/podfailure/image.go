// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/output"
)

// Classes of images that cannot be pulled.
const (
	ImageNameInvalid    Class = "ImageNameInvalid"
	ImageNeverPulled    Class = "ImageNeverPulled"
	ImageUnsigned       Class = "ImageUnsigned"
	ImageRateLimited    Class = "ImageRateLimited"
	ImagePlatform       Class = "ImagePlatform"
	ImageNotFound       Class = "ImageNotFound"
	ImageDenied         Class = "ImageDenied"
	RegistryNotFound    Class = "RegistryNotFound"
	RegistryUnreachable Class = "RegistryUnreachable"
)

// pullReasons are the reasons with which a container waits for an image that
// cannot be pulled.
var pullReasons = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
	"RegistryUnavailable", "SignatureValidationFailed"}

// pullClasses are found by the waiting reason or by a text of the registry, in
// lower case. The first one that fits counts. A class is reported in place of the
// registry's text, because that changes with every try.
var pullClasses = []struct {
	class  Class
	reason string
	texts  []string
}{
	{class: ImageNameInvalid, reason: "InvalidImageName"},
	{class: ImageNeverPulled, reason: "ErrImageNeverPull"},
	{class: ImageUnsigned, reason: "SignatureValidationFailed", texts: []string{"signaturevalidationfailed"}},
	{class: ImageRateLimited, texts: []string{"toomanyrequests", "rate limit"}},
	{class: ImagePlatform, texts: []string{"no match for platform"}},
	{class: ImageNotFound, texts: []string{"not found", "manifest unknown", "name unknown"}},
	{class: ImageDenied, texts: []string{"unauthorized", "denied", "forbidden", "authorization"}},
	{class: RegistryNotFound, texts: []string{"no such host"}},
}

// pulls say what the classes mean. One that is passing may end without a change of
// the spec.
var pulls = map[Class]struct {
	why     string
	passing bool
}{
	ImageNameInvalid:    {why: "it is not a valid image name"},
	ImageNeverPulled:    {why: "it is not on the node, and imagePullPolicy is Never"},
	ImageUnsigned:       {why: "its signature is not valid"},
	ImageRateLimited:    {why: "the registry's rate limit is reached", passing: true},
	ImagePlatform:       {why: "it has no variant for the platform of the node"},
	ImageNotFound:       {why: "the registry does not have it"},
	ImageDenied:         {why: "the registry denies access"},
	RegistryNotFound:    {why: "the registry's host name does not resolve", passing: true},
	RegistryUnreachable: {why: "the registry does not answer", passing: true},
}

func (c Class) passing() bool { return pulls[c].passing }

func (c *Container) pullFailure(waiting *corev1.ContainerStateWaiting) *Failure {
	f := c.failure(Pull, RegistryUnreachable)
	f.Detail = output.Safe(waiting.Message)
	text := strings.ToLower(waiting.Message)
	for _, known := range pullClasses {
		if known.reason != "" && waiting.Reason == known.reason || containsAny(text, known.texts...) {
			f.Class = known.class
			break
		}
	}
	return f
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// DeclaredAs tells a failure which image was declared for its container. Where the container
// has the same image of another registry, an admission policy or webhook put it there.
func (f *Failure) DeclaredAs(image string) *Failure {
	if is := f.Container; f.Stage == Pull && is.Spec.Image != image && strings.HasSuffix(is.Spec.Image, "/"+withoutRegistry(image)) {
		f.rewritten = image
	}
	return f
}

// withoutRegistry returns the repository and tag of an image. A first part with a dot or a
// port is the registry.
func withoutRegistry(image string) string {
	if registry, rest, found := strings.Cut(image, "/"); found && (strings.ContainsAny(registry, ".:") || registry == "localhost") {
		return rest
	}
	return image
}

func (f *Failure) pullRemedy() string {
	if f.rewritten != "" {
		return fmt.Sprintf("push the image to that registry, or correct the admission policy or webhook that put it in place of %q", f.rewritten)
	}
	field := f.imageField()
	switch f.Class {
	case ImageNameInvalid:
		return "correct " + field
	case ImageNeverPulled:
		return "set imagePullPolicy to IfNotPresent, or load the image onto the nodes"
	case ImageUnsigned:
		return "sign it, or correct " + field
	case ImageRateLimited:
		return "wait, or set imagePullSecrets to an account with a higher limit"
	case ImagePlatform:
		return platformRemedy
	case ImageNotFound:
		return "correct " + field + ", or push the image"
	case ImageDenied:
		return "set imagePullSecrets to a Secret that grants access, or correct " + field
	case RegistryNotFound:
		return "correct the registry's name in " + field + ", or the DNS of the nodes"
	}
	return "check the registry's name in " + field + ", and the network of the nodes; the kubelet tries again"
}

const platformRemedy = "build the image for that platform too, or set podTemplate.spec.nodeSelector to nodes that can run it"
