package ofd_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// TestMarshal: what is written is what another reader finds, in its order, and the same each time.
func TestMarshal(t *testing.T) {
	t.Parallel()
	files := []ofd.File{
		{Name: "OFD.xml", Data: []byte(strings.Repeat("<a/>", 100))},
		{Name: "Doc_0/Res/图.bin", Data: []byte{1, 2, 3}},
		{Name: "Doc_0/empty.txt", Data: []byte{}},
	}
	out, err := ofd.Marshal(files)
	require.NoError(t, err)
	again, err := ofd.Marshal(files)
	require.NoError(t, err)
	require.Equal(t, out, again)

	z, err := zip.NewReader(bytes.NewReader(out), int64(len(out)))
	require.NoError(t, err)
	var got []ofd.File
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		got = append(got, ofd.File{Name: f.Name, Data: data})
	}
	require.Empty(t, cmp.Diff(files, got))
}

// TestMarshalRefuses names that readers understand differently, doubles and nothing at all.
func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		files  []string
		reason ofd.Reason
	}{
		{"nothing", nil, ofd.ReasonInput},
		{"no name", []string{""}, ofd.ReasonName},
		{"absolute", []string{"/OFD.xml"}, ofd.ReasonName},
		{"upward", []string{"a/../OFD.xml"}, ofd.ReasonName},
		{"here", []string{"./OFD.xml"}, ofd.ReasonName},
		{"folder", []string{"Doc_0/"}, ofd.ReasonName},
		{"backslash", []string{`Doc_0\a`}, ofd.ReasonName},
		{"drive", []string{"C:a"}, ofd.ReasonName},
		{"control", []string{"a\x00b"}, ofd.ReasonName},
		{"no UTF-8", []string{"a\xff"}, ofd.ReasonName},
		{"long", []string{strings.Repeat("a", ofd.MaxNameBytes+1)}, ofd.ReasonLimit},
		{"double", []string{"a", "a"}, ofd.ReasonDuplicate},
		{"double but for case", []string{"a", "A"}, ofd.ReasonDuplicate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var files []ofd.File
			for _, n := range c.files {
				files = append(files, ofd.File{Name: n})
			}
			out, err := ofd.Marshal(files)
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, out)
		})
	}
}
