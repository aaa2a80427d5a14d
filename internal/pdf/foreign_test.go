package pdf_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// class says in words what is found in a file: why it is refused, or for each signature what it covers and whether
// something was added since.
func class(t testing.TB, path string) string {
	t.Helper()
	r, err := os.Open(path)
	require.NoError(t, err)
	defer r.Close()
	info, err := r.Stat()
	require.NoError(t, err)
	f, err := pdf.Open(r, info.Size())
	if err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		require.Nil(t, f)
		return string(pdf.ReasonOf(err))
	}
	list, err := f.Signatures()
	if err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		require.Nil(t, list)
		return string(pdf.ReasonOf(err))
	}
	words := []string{}
	for _, s := range list {
		words = append(words, classOf(t, f, s))
	}
	if len(words) == 0 {
		return "unsigned"
	}
	return strings.Join(words, ", ")
}

func classOf(t testing.TB, f *pdf.File, s *pdf.Signature) string {
	t.Helper()
	if err := s.CheckRange(); err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		return string(pdf.ReasonOf(err))
	}
	changes, err := f.Changes(s)
	require.NoError(t, err)
	switch {
	case len(changes.Other) > 0:
		return "changed"
	case changes.None():
		return "whole"
	default:
		return "added"
	}
}

// foreign are the PDFs of others that are not just unsigned.
//
// Some of what others allow counts as changed here: fields below a field, appearances written over in their place, and
// extensions of the catalog that are objects of their own. Files that only a repair could read are refused.
var foreign = map[string]string{
}

func TestForeignPDFs(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to read")
	}
	count, left := 0, len(foreign)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		count++
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		want, ok := foreign[filepath.ToSlash(name)]
		if !ok {
			want, left = "unsigned", left+1
		}
		left--
		if got := class(t, path); got != want {
			t.Errorf("%q: %q,", filepath.ToSlash(name), got)
		}
		return nil
	}))
	require.Greater(t, count, 100)
	require.Zero(t, left, "files of the table that are not there")
}
