package trace_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/trace"
)

const (
	id   = "0af7651916cd43dd8448eb211c80319c"
	rest = "-b7ad6b7169203331-01"
)

// TestParse_A91 has the examples of W3C Trace Context and what it says of fields that do not hold.
func TestParse_A91(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []string
		id     string
		bad    bool
	}{
		"none":              {},
		"sampled":           {values: []string{"00-" + id + rest}, id: id},
		"version to come":   {values: []string{"cc-" + id + rest + "-what-the-future-brings"}, id: id},
		"version ff":        {values: []string{"ff-" + id + rest}, bad: true},
		"more in version 0": {values: []string{"00-" + id + rest + "-x"}, bad: true},
		"run on":            {values: []string{"cc-" + id + rest + "x"}, bad: true},
		"twice":             {values: []string{"00-" + id + rest, "00-" + id + rest}, bad: true},
		"zeros":             {values: []string{"00-" + strings.Repeat("0", 32) + rest}, bad: true},
		"parent of zeros":   {values: []string{"00-" + id + "-0000000000000000-01"}, bad: true},
		"capitals":          {values: []string{"00-" + strings.ToUpper(id) + rest}, bad: true},
		"no digits":         {values: []string{"00-" + id[1:] + "g" + rest}, bad: true},
		"shifted":           {values: []string{"00-" + id[1:] + "-0b7ad6b7169203331-01"}, bad: true},
		"an id alone":       {values: []string{id}, bad: true},
		"empty":             {values: []string{""}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := trace.Parse(c.values)
			require.Equal(t, c.id, got)
			if c.bad {
				require.ErrorIs(t, err, trace.ErrMalformed)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

// TestValue_A91: what is written is read, is never all zero, and is drawn.
func TestValue_A91(t *testing.T) {
	t.Parallel()
	made, err := trace.New(rand.Reader)
	require.NoError(t, err)
	value, err := trace.Value(rand.Reader, made)
	require.NoError(t, err)
	got, err := trace.Parse([]string{value})
	require.NoError(t, err)
	require.Equal(t, made, got)
	zeros, err := trace.New(bytes.NewReader(make([]byte, 16)))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("0", 31)+"1", zeros)
	_, err = trace.New(bytes.NewReader(nil))
	require.Error(t, err)
	_, err = trace.Value(bytes.NewReader(nil), id)
	require.Error(t, err)
}

// FuzzParse: whatever is accepted is an id that can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add("00-" + id + rest)
	f.Add("cc-" + id + rest + "-x")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := trace.Parse([]string{text})
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.Len(t, got, 32)
		value, err := trace.Value(rand.Reader, got)
		require.NoError(t, err)
		again, err := trace.Parse([]string{value})
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
