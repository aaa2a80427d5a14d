package server_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server"
)

// FuzzLines holds the reader of lines against a naive one that has everything in memory, whatever the pieces in which
// a body arrives: the same lines in the same order, none too long, and an end only at the end.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{}\n{}\r\n\n  \n{\"a\":1} "), false)
	f.Add([]byte(strings.Repeat("x", server.MaxLine-1)+"\n1\n"), false)
	f.Add([]byte(strings.Repeat("x", server.MaxLine)+"\n"), true)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, body []byte, pieces bool) {
		var r io.Reader = bytes.NewReader(body)
		if pieces {
			r = iotest.HalfReader(r)
		}
		next := server.Lines(r)
		for _, want := range naiveLines(body) {
			got, err := next()
			if err != nil {
				require.True(t, server.IsCode(err, server.CodeLine))
				require.Greater(t, longest(body), server.MaxLine-1)
				return
			}
			require.Equal(t, string(want), string(got))
			require.Less(t, len(got), server.MaxLine+1)
		}
		got, err := next()
		require.Nil(t, got)
		if !errors.Is(err, io.EOF) {
			require.True(t, server.IsCode(err, server.CodeLine))
			require.Greater(t, longest(body), server.MaxLine-1)
		}
	})
}

// naiveLines are the lines that are not blank.
func naiveLines(body []byte) [][]byte {
	var out [][]byte
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if line = bytes.TrimRight(line, " \r\n"); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}

// longest is the length of the longest line with what is trimmed off it.
func longest(body []byte) int {
	most := 0
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		most = max(most, len(line))
	}
	return most
}

// TestLinesCut: a body that is cut off is no end.
func TestLinesCut(t *testing.T) {
	t.Parallel()
	next := server.Lines(io.MultiReader(strings.NewReader("{}\nhalf"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	got, err := next()
	require.NoError(t, err)
	require.Equal(t, "{}", string(got))
	got, err = next()
	require.Nil(t, got)
	require.True(t, server.IsCode(err, server.CodeCut))
}
