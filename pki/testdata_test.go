package pki_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// external is a folder or file of test data that nobody here wrote.
func external(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("no ELICENSE_TESTDATA: " + path)
	}
	return filepath.Join(root, filepath.FromSlash(path))
}

func readExternal(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(external(t, path))
	require.NoError(t, err)
	return b
}

// addCorpus seeds a fuzz target with the files of folders of external test data, if there are any.
func addCorpus(f *testing.F, folders ...string) {
	f.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		return
	}
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
		require.NoError(f, err)
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder), e.Name()))
			if err == nil && len(b) < 8<<10 {
				f.Add(b)
			}
		}
	}
}

// unwrapPEM gives the first PEM block of a text, or what is no PEM as it is.
func unwrapPEM(b []byte) []byte {
	if block, _ := pem.Decode(b); block != nil {
		return block.Bytes
	}
	return b
}
