package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// tarLayer is an uncompressed layer. Compression would take longer than everything else,
// and most layers never leave this machine.
type tarLayer struct {
	open   func() (io.ReadCloser, error)
	digest v1.Hash
	size   int64
}

// newTarLayer reads the tar once for its digest. Each open must return the same bytes.
func newTarLayer(open func() (io.ReadCloser, error)) (v1.Layer, error) {
	content, err := open()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	digest, size, err := v1.SHA256(content)
	return tarLayer{open: open, digest: digest, size: size}, err
}

func (l tarLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l tarLayer) DiffID() (v1.Hash, error)             { return l.digest, nil }
func (l tarLayer) Size() (int64, error)                 { return l.size, nil }
func (l tarLayer) MediaType() (types.MediaType, error)  { return types.OCIUncompressedLayer, nil }
func (l tarLayer) Compressed() (io.ReadCloser, error)   { return l.open() }
func (l tarLayer) Uncompressed() (io.ReadCloser, error) { return l.open() }

// entry is one file, folder or link of a layer. A folder's path ends with a slash.
type entry struct {
	path    string
	mode    int64
	content []byte
	source  string // a file on disk with the content
	link    string // the target of a symbolic link
	uid     int
}

// entriesLayer returns a layer of entries without timestamps, so that the same entries
// have the same digest.
func entriesLayer(entries []entry) (v1.Layer, error) {
	return newTarLayer(func() (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() { writer.CloseWithError(writeTar(writer, entries)) }()
		return reader, nil
	})
}

func writeTar(out io.Writer, entries []entry) error {
	archive := tar.NewWriter(out)
	for _, e := range entries {
		if err := writeEntry(archive, e); err != nil {
			return err
		}
	}
	return archive.Close()
}

func writeEntry(archive *tar.Writer, e entry) error {
	header := &tar.Header{
		Name: e.path, Mode: e.mode, Uid: e.uid, Gid: e.uid, ModTime: time.Unix(0, 0),
		Typeflag: tar.TypeReg, Size: int64(len(e.content)),
	}
	var content io.Reader = bytes.NewReader(e.content)
	switch {
	case e.link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	case e.path[len(e.path)-1] == '/':
		header.Typeflag = tar.TypeDir
	case e.source != "":
		file, err := os.Open(e.source)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		header.Size, content = info.Size(), file
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.CopyN(archive, content, header.Size)
	return err
}
