package document

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed templates/*.yaml
var shippedFiles embed.FS

// DefaultTemplate draws the licences of any type whose own template is not known.
const DefaultTemplate = "default"

// ShippedNames gives the names of the templates that come with the system, sorted.
func ShippedNames() []string {
	entries, _ := fs.ReadDir(shippedFiles, "templates") // the directory is part of the program
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return out
}

// ShippedFile gives a shipped template as it was written, as a pattern for one's own.
func ShippedFile(name string) ([]byte, error) {
	return shippedFiles.ReadFile("templates/" + name + ".yaml")
}

// Shipped reads every shipped template, by name.
func Shipped() (map[string]*Template, error) {
	out := make(map[string]*Template)
	for _, name := range ShippedNames() {
		data, err := ShippedFile(name)
		if err != nil {
			return nil, err
		}
		if out[name], err = ParseTemplate(data); err != nil {
			return nil, err
		}
	}
	return out, nil
}
