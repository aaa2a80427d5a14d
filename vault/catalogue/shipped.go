package catalogue

import (
	"embed"
	"io/fs"
)

//go:embed types/*.yaml
var shippedFiles embed.FS

// Shipped gives the types that come with the system, in order of their file names. Those whose national code is known
// bear it; the others are defined by a made-up province.
func Shipped() []Type {
	var out []Type
	for _, name := range ShippedNames() {
		data, err := ShippedFile(name)
		if err != nil {
			continue
		}
		if t, err := ParseType(data); err == nil {
			out = append(out, t)
		}
	}
	return out
}

// ShippedNames gives the names of the files behind Shipped, without suffix, sorted.
func ShippedNames() []string {
	const suffix = ".yaml"
	entries, _ := fs.ReadDir(shippedFiles, "types") // the directory is part of the program
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.Name()[:len(e.Name())-len(suffix)])
	}
	return out
}

// ShippedFile gives one file behind Shipped as it was written, as a pattern for one's own types.
func ShippedFile(name string) ([]byte, error) {
	return shippedFiles.ReadFile("types/" + name + ".yaml")
}
