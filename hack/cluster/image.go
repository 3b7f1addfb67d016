package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nonRoot is the user of the images that staticImage builds. It is a number, because
// the kubelet can't check runAsNonRoot for a name.
const nonRoot = "65532"

// certificates is the machine's bundle of public certificate authorities.
const certificates = "/etc/ssl/certs/ca-certificates.crt"

// staticImage builds an image with one static binary, an empty /tmp, user names and
// public certificate authorities.
func staticImage(binary, path, user string) (v1.Image, error) {
	base := []entry{
		{path: "etc/", mode: 0o755},
		{path: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:" + nonRoot + ":" + nonRoot + ":nonroot:/:/sbin/nologin\n")},
		{path: "etc/group", mode: 0o644, content: []byte("root:x:0:\nnonroot:x:" + nonRoot + ":\n")},
		{path: "tmp/", mode: 0o1777},
	}
	if exists(certificates) {
		base = append(base,
			entry{path: "etc/ssl/", mode: 0o755},
			entry{path: "etc/ssl/certs/", mode: 0o755},
			entry{path: certificates[1:], mode: 0o644, source: certificates})
	}
	return newImage(v1.Config{Entrypoint: []string{path}, User: user, WorkingDir: "/"},
		layerSource{entries: base},
		layerSource{entries: []entry{{path: path[1:], mode: 0o755, source: binary}}})
}

// layerSource is the content of a layer: entries, or a tar on disk.
type layerSource struct {
	entries []entry
	tar     string
}

// newImage builds an image from layers. It contains no timestamps, so that the same
// content has the same digest.
func newImage(config v1.Config, sources ...layerSource) (v1.Image, error) {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	for _, source := range sources {
		layer, err := source.layer()
		if err != nil {
			return nil, fmt.Errorf("reading a layer: %w", err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, fmt.Errorf("adding a layer: %w", err)
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	return mutate.ConfigFile(image, file)
}

func (s layerSource) layer() (v1.Layer, error) {
	if s.tar != "" {
		return newTarLayer(openFile(s.tar))
	}
	return entriesLayer(s.entries)
}

// push pushes an image. The library uses HTTP for a registry on this machine.
func push(ctx context.Context, ref string, image v1.Image) error {
	tag, err := name.ParseReference(ref)
	if err != nil {
		return fmt.Errorf("parsing the image reference %q: %w", ref, err)
	}
	err = remote.Write(tag, image, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return fmt.Errorf("pushing %s: %w", ref, err)
	}
	return nil
}

// contentTag returns a tag made from the image's digest, so that only a changed image
// causes a rollout.
func contentTag(image v1.Image) (string, error) {
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	return digest.Hex[:12], nil
}
