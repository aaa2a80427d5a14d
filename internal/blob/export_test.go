package blob

import "time"

// ParseManifest shows the parser to the fuzz test.
func ParseManifest(b []byte) (put time.Time, length int64, err error) {
	m, err := parseManifest(b)
	return m.put, m.length, err
}

// AppendManifest is the writer beside it.
func AppendManifest(b []byte, put time.Time, length int64) []byte {
	return manifest{put: put, length: length}.append(b)
}
