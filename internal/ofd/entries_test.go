package ofd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

func entryList() *ofd.EntryList {
	return &ofd.EntryList{
		ID: "01", Creator: "示例", Version: "1", Created: "2026-03-01", SignedValue: "/signs/value.dat",
		Files: []ofd.ListedFile{{ID: "1", Path: "/OFD.xml"}, {ID: "2", Path: "/Doc_0/Document.xml"}, {ID: "3", Path: "/" + pageFile}},
	}
}

// TestEntries: the list is read as it was written, and names everything that is there or not.
func TestEntries(t *testing.T) {
	t.Parallel()
	b, err := ofd.MarshalEntries(entryList())
	require.NoError(t, err)
	list, err := ofd.ParseEntries(b)
	require.NoError(t, err)
	require.Equal(t, entryList(), list)

	_, _, found, err := mustOpen(t, files()).Entries()
	require.NoError(t, err)
	require.False(t, found)

	complete := files(ofd.File{Name: ofd.EntriesFile, Data: b}, ofd.File{Name: "signs/value.dat"})
	for _, c := range []struct {
		name              string
		files             []ofd.File
		edit              func(*ofd.EntryList)
		missing, unlisted []string
	}{
		{"complete", complete, nil, nil, nil},
		{"a further file", append(complete, ofd.File{Name: "evil"}), nil, nil, []string{"evil"}},
		{"a file is gone", complete, func(l *ofd.EntryList) { l.Files = append(l.Files, ofd.ListedFile{Path: "/gone"}) }, []string{"/gone"}, nil},
		{"listed twice", complete, func(l *ofd.EntryList) { l.Files = append(l.Files, ofd.ListedFile{Path: "/ofd.XML"}) }, []string{"/ofd.XML"}, nil},
		{"a path outside", complete, func(l *ofd.EntryList) { l.Files = append(l.Files, ofd.ListedFile{Path: "/../OFD.xml"}) }, []string{"/../OFD.xml"}, nil},
		{"no signature value", complete[:4], nil, []string{"/signs/value.dat"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mustOpen(t, c.files)
			list, raw, found, err := p.Entries()
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, b, raw)
			if c.edit != nil {
				c.edit(list)
			}
			missing, unlisted := p.CheckEntries(list)
			require.Equal(t, c.missing, missing)
			require.Equal(t, c.unlisted, unlisted)
		})
	}
}

func TestEntriesRefuses(t *testing.T) {
	t.Parallel()
	b, err := ofd.MarshalEntries(entryList())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		from, to string
		reason   ofd.Reason
	}{
		"two lists":       {"<ofd:FileList>", "<ofd:FileList/><ofd:FileList>", ofd.ReasonStructure},
		"something else":  {"<ofd:FileList>", "<ofd:FileList><ofd:x/>", ofd.ReasonStructure},
		"no value":        {"<ofd:SignedValueLoc>/signs/value.dat</ofd:SignedValueLoc>", "", ofd.ReasonStructure},
		"another root":    {"DocEntries", "DocEntry", ofd.ReasonStructure},
		"a document type": {"<ofd:DocEntries", "<!DOCTYPE a><ofd:DocEntries", ofd.ReasonDoctype},
	} {
		list, err := ofd.ParseEntries([]byte(strings.ReplaceAll(string(b), c.from, c.to)))
		require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, name)
		require.Nil(t, list, name)
	}
	for name, f := range map[string]func(*ofd.EntryList){
		"no identifier":   func(l *ofd.EntryList) { l.ID = "" },
		"no value":        func(l *ofd.EntryList) { l.SignedValue = "" },
		"no files":        func(l *ofd.EntryList) { l.Files = nil },
		"a relative path": func(l *ofd.EntryList) { l.Files[0].Path = "OFD.xml" },
		"a nameless file": func(l *ofd.EntryList) { l.Files[0].ID = "" },
		"a control":       func(l *ofd.EntryList) { l.Files[0].Path = "/\x02" },
		"another control": func(l *ofd.EntryList) { l.Creator = "\x02" },
	} {
		l := entryList()
		f(l)
		b, err := ofd.MarshalEntries(l)
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput}, name)
		require.Nil(t, b, name)
	}
}

// FuzzEntries: zero results on error, and what can be written is read as it was.
func FuzzEntries(f *testing.F) {
	b, err := ofd.MarshalEntries(entryList())
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ofd.ParseEntries(b)
		if err != nil {
			require.Nil(t, list)
			return
		}
		written, err := ofd.MarshalEntries(list)
		if err != nil {
			return
		}
		again, err := ofd.ParseEntries(written)
		require.NoError(t, err)
		require.Equal(t, list.Files, again.Files)
	})
}
