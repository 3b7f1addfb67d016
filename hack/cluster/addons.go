package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

//go:embed manifests
var manifestFiles embed.FS

// systemImage returns the reference of one of the cluster's own images. The node
// pulls every image from the local registry first: see config/hosts.toml.
func systemImage(name, tag string) string {
	return "localhost:" + registryPort + "/atoll/" + name + ":" + tag
}

// systemImages returns builders of the cluster's own images, by the repository and
// tag that the node pulls.
func (c cache) systemImages(own []artifact) map[string]func() (v1.Image, error) {
	binaries := map[string]string{}
	for _, a := range slices.Concat(own, toolArtifacts) {
		binaries[a.name] = c.bin(a.file())
	}
	images := map[string]func() (v1.Image, error){
		"atoll/pause:1": func() (v1.Image, error) {
			return staticImage(binaries["pause"], "/pause", nonRoot+":"+nonRoot)
		},
		"atoll/volume:1": func() (v1.Image, error) {
			// The program chooses its action by the name it is called with.
			return newImage(v1.Config{User: "0:0"}, layerSource{entries: []entry{
				{path: "setup", mode: 0o755, source: binaries["volume"]},
				{path: "teardown", mode: 0o777, link: "setup"},
			}})
		},
	}
	for _, d := range debianImages {
		for _, ref := range d.refs() {
			images[ref] = func() (v1.Image, error) {
				return d.image(c.debianTar(d), binaries[d.program])
			}
		}
	}
	for _, a := range addOnArtifacts {
		images["atoll/"+a.name+":"+a.version] = func() (v1.Image, error) {
			return staticImage(c.bin(a.file()), "/"+a.name, nonRoot+":"+nonRoot)
		}
	}
	return images
}

// pushSystemImages pushes the images unless the last pushed ones are unchanged. It
// compares file times and sizes, because reading the files takes longer than a start.
func (c cache) pushSystemImages(ctx context.Context, registry string, own []artifact) error {
	fingerprint, err := c.imagesFingerprint(own)
	if err != nil {
		return err
	}
	path := c.state("pushed")
	if last, err := os.ReadFile(path); err == nil && string(last) == fingerprint {
		return nil
	}
	for ref, build := range c.systemImages(own) {
		image, err := build()
		if err != nil {
			return fmt.Errorf("building the image %s: %w", ref, err)
		}
		if err := push(ctx, registry+"/"+ref, image); err != nil {
			return err
		}
	}
	return writeFile(path, []byte(fingerprint), 0o644)
}

// imagesFingerprint returns the names of the images, and the sizes and times of all files
// in them.
func (c cache) imagesFingerprint(own []artifact) (string, error) {
	var files []string
	for _, d := range debianImages {
		files = append(files, c.debianTar(d))
	}
	for _, a := range slices.Concat(own, addOnArtifacts, toolArtifacts) {
		files = append(files, c.bin(a.file()))
	}
	var fingerprint strings.Builder
	for _, d := range debianImages {
		fmt.Fprintln(&fingerprint, strings.Join(d.refs(), " "))
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&fingerprint, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
	}
	return fingerprint.String(), nil
}

// renderManifests returns the add-ons' manifests as one YAML stream with the custom
// resource definitions first.
func renderManifests(crdDir string) (string, error) {
	crds, err := joinYAMLFiles(os.DirFS(crdDir), ".")
	if err != nil {
		return "", fmt.Errorf("reading the Gateway API definitions: %w", err)
	}
	own, err := joinYAMLFiles(manifestFiles, "manifests")
	if err != nil {
		return "", fmt.Errorf("reading the manifests: %w", err)
	}
	return fillIn(crds+own, systemImage("traefik", traefikVersion)), nil
}

// fillIn replaces the names of images and addresses in manifests.
func fillIn(manifests, traefikImage string) string {
	return strings.NewReplacer(
		"@coredns@", systemImage("coredns", coreDNSVersion),
		"@local-path-provisioner@", systemImage("local-path-provisioner", localPathVersion),
		"@metrics-server@", systemImage("metrics-server", metricsServerVersion),
		"@volume@", systemImage("volume", "1"),
		"@traefik@", traefikImage,
		"@dns-ip@", dnsIP,
		"@gateway-ip@", gatewayIP,
	).Replace(manifests)
}

// joinYAMLFiles joins the manifests of a folder. It skips the admission policies that
// prevent a downgrade of the definitions, which this cluster does not need.
func joinYAMLFiles(files fs.FS, dir string) (string, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".yaml") || entry.Name() == "kustomization.yaml" || strings.Contains(entry.Name(), "_vap_") {
			continue
		}
		data, err := fs.ReadFile(files, path.Join(dir, entry.Name()))
		if err != nil {
			return "", err
		}
		out.WriteString("---\n")
		out.Write(data)
		out.WriteString("\n")
	}
	return out.String(), nil
}

func hexDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
