package ofd_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

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
		{"a file in a file", []string{"a/B", "A/b/c"}, ofd.ReasonDuplicate},
		{"a file that is a folder", []string{"a/b/c", "A/B"}, ofd.ReasonDuplicate},
		{"the header of a PDF", []string{"%PDF-1.4"}, ofd.ReasonHidden},
		{"the end of a PDF", []string{"startxref"}, ofd.ReasonHidden},
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

// TestWrittenIsRead: what is written opens again, whatever it is made from.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	dense := append(files(), ofd.File{Name: "Doc_0/Attachs/scan.bmp", Data: make([]byte, 3<<20)})
	out, err := ofd.Marshal(dense)
	require.NoError(t, err)
	p, err := ofd.Open(bytes.NewReader(out), int64(len(out)))
	require.NoError(t, err)
	got, err := p.ReadFile("Doc_0/Attachs/scan.bmp", 4<<20)
	require.NoError(t, err)
	require.Equal(t, dense[len(dense)-1].Data, got)

	// Without its folders, a PDF that is attached comes to the front.
	parts := []part{}
	for i := range 12 {
		parts = append(parts, part{name: strings.Repeat(string(rune('a'+i)), 60) + "/", stored: true})
	}
	parts = append(parts, part{name: "a.pdf", data: "%PDF-1.4", stored: true}, part{name: "OFD.xml", data: mainXML},
		part{name: "Doc_0/Document.xml", data: "<x/>"})
	source := craft(t, parts, nil)
	p, err = ofd.Open(bytes.NewReader(source), int64(len(source)))
	require.NoError(t, err)
	require.ErrorIs(t, p.Write(io.Discard, nil), &ofd.Error{Reason: ofd.ReasonHidden})

	for name, taken := range map[string]bool{"A.PDF": true, "a.pdf/x": true, "OFD.xm": false, "doc_0": true, "Doc_0/b": false} {
		require.Equal(t, taken, p.Taken(name), name)
	}
}

// TestSignatureWrittenIsRead: a Signature.xml that would be refused is not written.
func TestSignatureWrittenIsRead(t *testing.T) {
	t.Parallel()
	whole := func() *ofd.Signature {
		return &ofd.Signature{
			Provider: ofd.Provider{Name: "a"}, Time: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), SignedValue: "/v",
			References: []ofd.Reference{{Path: "/a", Value: make([]byte, 32)}},
			Stamps:     []ofd.Stamp{{ID: "1", PageRef: "1", Boundary: ofd.Box{W: 1, H: 1}}},
		}
	}
	_, err := ofd.MarshalSignature(whole())
	require.NoError(t, err)
	for name, edit := range map[string]func(s *ofd.Signature){
		"a stamp of no size":   func(s *ofd.Signature) { s.Stamps[0].Boundary.W = 0.0004 },
		"a stamp without end":  func(s *ofd.Signature) { s.Stamps[0].Boundary.W = math.Inf(1) },
		"a place that is none": func(s *ofd.Signature) { s.Stamps[0].Boundary.X = math.NaN() },
		"a clip of no size":    func(s *ofd.Signature) { s.Stamps[0].Clip = &ofd.Box{} },
		"too many stamps": func(s *ofd.Signature) {
			for i := range 4096 {
				s.Stamps = append(s.Stamps, ofd.Stamp{ID: strconv.Itoa(i + 2), PageRef: "1", Boundary: ofd.Box{W: 1, H: 1}})
			}
		},
	} {
		s := whole()
		edit(s)
		_, err := ofd.MarshalSignature(s)
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput}, name)
	}
	s := whole()
	for i := range 6000 {
		s.References = append(s.References, ofd.Reference{Path: "/" + strconv.Itoa(i) + strings.Repeat(`"`, 500), Value: make([]byte, 32)})
	}
	_, err = ofd.MarshalSignature(s)
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})
}
