package files

import "github.com/elicense/elicense/internal/blob"

// AppendManifest writes the manifest of a file with so many pieces.
func AppendManifest(f *File, pieces int) []byte {
	c := *f
	c.pieces = make([]blob.Address, pieces)
	return c.manifest()
}

// Manifest writes the manifest of a file that was read.
func (f *File) Manifest() []byte { return f.manifest() }

// ParseManifest reads a manifest.
func ParseManifest(b []byte) (*File, error) { return parseManifest("", b) }
