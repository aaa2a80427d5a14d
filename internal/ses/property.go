package ses

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// PropertyPath is the path of the sealed Signature.xml that propertyInfo names, without a leading slash: the text
// itself (GB/T 38540), or the member Entry of the JSON that Kinsec writes. It is false if there is no such path.
func PropertyPath(property string) (path string, ok bool) {
	path = property
	if strings.HasPrefix(property, "{") {
		if path, ok = entryOf(property); !ok {
			return "", false
		}
	}
	path = strings.TrimPrefix(path, "/")
	return path, path != ""
}

// entryOf reads the one object that stands there, once; a second member of the same name would make it mean two things.
func entryOf(text string) (string, bool) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", false
	}
	entry, seen := "", 0
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", false
		}
		value, err := d.Token()
		s, isText := value.(string)
		if err != nil || !isText {
			return "", false
		}
		if key == "Entry" {
			entry = s
			seen++
		}
	}
	if _, err := d.Token(); err != nil || seen != 1 {
		return "", false
	}
	_, err := d.Token()
	return entry, err == io.EOF
}
