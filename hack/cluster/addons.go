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

// systemImage names an image of the cluster's own. Whatever registry an image
// names, the node asks the local one first: see config/hosts.toml.
func systemImage(name, tag string) string {
	return "localhost:" + registryPort + "/atoll/" + name + ":" + tag
}

// systemImages are the images of the cluster's own, by the repository and tag
// under which the node asks for them.
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
			// The program tells by its name what it is to do.
			return imageOf(v1.Config{User: "0:0"}, layerSource{entries: []entry{
				{path: "setup", mode: 0o755, source: binaries["volume"]},
				{path: "teardown", mode: 0o777, link: "setup"},
			}})
		},
	}
	for _, d := range debianImages {
		images[d.repository+":"+d.tag] = func() (v1.Image, error) {
			return d.image(c.debianTar(d), binaries[d.program])
		}
	}
	for _, a := range addOnArtifacts {
		images["atoll/"+a.name+":"+a.version] = func() (v1.Image, error) {
			return staticImage(c.bin(a.file()), "/"+a.name, nonRoot+":"+nonRoot)
		}
	}
	return images
}

// pushSystemImages pushes what the registry may not have. A mark tells what was
// pushed last, because reading it all again would take longer than starting.
func (c cache) pushSystemImages(ctx context.Context, registry string, own []artifact) error {
	mark, err := c.imagesMark(own)
	if err != nil {
		return err
	}
	path := c.state("pushed")
	if last, err := os.ReadFile(path); err == nil && string(last) == mark {
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
	return writeFile(path, []byte(mark), 0o644)
}

// imagesMark changes with any file that goes into an image.
func (c cache) imagesMark(own []artifact) (string, error) {
	var files []string
	for _, d := range debianImages {
		files = append(files, c.debianTar(d))
	}
	for _, a := range slices.Concat(own, addOnArtifacts, toolArtifacts) {
		files = append(files, c.bin(a.file()))
	}
	var mark strings.Builder
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&mark, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
	}
	return mark.String(), nil
}

// manifests returns the add-ons' manifests as one YAML stream, custom resource
// definitions first.
func manifests(crdDir string) (string, error) {
	crds, err := yamlFiles(os.DirFS(crdDir), ".")
	if err != nil {
		return "", fmt.Errorf("reading the Gateway API definitions: %w", err)
	}
	own, err := yamlFiles(manifestFiles, "manifests")
	if err != nil {
		return "", fmt.Errorf("reading the manifests: %w", err)
	}
	return strings.NewReplacer(
		"@coredns@", systemImage("coredns", coreDNSVersion),
		"@local-path-provisioner@", systemImage("local-path-provisioner", localPathVersion),
		"@volume@", systemImage("volume", "1"),
		"@traefik@", systemImage("traefik", traefikVersion),
		"@dns-ip@", dnsIP,
		"@gateway-ip@", gatewayIP,
	).Replace(crds + own), nil
}

// yamlFiles joins the manifests of a folder. An admission policy that guards real
// clusters against downgrades has nothing to guard here.
func yamlFiles(files fs.FS, dir string) (string, error) {
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

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
