package main

import (
	"bytes"
	"io"
)

// indent sets each line of a report three spaces in.
type indent struct{ w io.Writer }

func (i indent) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if _, err := i.w.Write(append([]byte("   "), line...)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
