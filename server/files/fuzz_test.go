package files_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server/files"
)

// FuzzManifest: a manifest is refused whole or reads to a file that writes the same bytes.
func FuzzManifest(f *testing.F) {
	file := &files.File{Owner: "one", Size: 5, Created: time.Unix(1, 0), Expires: time.Unix(2, 0)}
	f.Add(files.AppendManifest(file, 1))
	f.Add(files.AppendManifest(&files.File{}, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := files.ParseManifest(b)
		if err != nil {
			require.ErrorIs(t, err, files.ErrDamaged)
			require.Nil(t, got)
			return
		}
		require.Equal(t, b, got.Manifest())
	})
}
