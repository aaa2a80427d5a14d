package verify_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// TestListedFiles: a list of all files (GM/T 0099-2020) is judged, whether the seal covers it or it was put on top; a file
// that it does not name, one that is gone, and a list that nobody signed make the package fail.
func TestListedFiles(t *testing.T) {
	w := newSealWorld(t)
	packer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	signer := func(n node) *signing.Signer { return w.signer(n, nil) }
	plain, err := ofd.Marshal(page())
	require.NoError(t, err)
	o, err := signing.OpenOFD(bytes.NewReader(plain), int64(len(plain)), signing.OFDConfig{Now: func() time.Time { return now.Add(-time.Hour) }})
	require.NoError(t, err)
	require.NoError(t, o.ListFiles(signer(packer)))
	require.NoError(t, o.Seal(t.Context(), signing.SealOrder{
		Value: w.sealer(w.department), Seal: w.seal, Stamps: []signing.Stamp{{Page: 1, Box: signing.Box{X: 140, Y: 220, W: 42, H: 42}}},
	}))
	var out bytes.Buffer
	require.NoError(t, o.Write(&out))
	within := out.Bytes()

	sealed := w.sealed(page(), nil)
	list := func(doc []byte, by node, edit func(*ofd.EntryList)) []byte {
		return rewrite(t, doc, func(files []ofd.File) []ofd.File {
			l := &ofd.EntryList{ID: "1", SignedValue: "/Entries.dat"}
			for _, f := range files {
				l.Files = append(l.Files, ofd.ListedFile{ID: "2", Path: "/" + f.Name})
			}
			if edit != nil {
				edit(l)
			}
			xml, err := ofd.MarshalEntries(l)
			require.NoError(t, err)
			digest := sm3.Sum(xml)
			value, err := signer(by).Attached(t.Context(), digest[:])
			require.NoError(t, err)
			return append(files, ofd.File{Name: ofd.EntriesFile, Data: xml}, ofd.File{Name: "Entries.dat", Data: value})
		})
	}
	stranger := newWorld(t).enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	for name, test := range map[string]struct {
		doc []byte
		id  string // empty: it passes
	}{
		"under the seal": {within, ""},
		"on top":         {list(sealed, packer, nil), ""},
		"a file more": {rewrite(t, list(sealed, packer, nil), func(f []ofd.File) []ofd.File {
			return append(f, ofd.File{Name: "more.xml", Data: []byte("x")})
		}), "package.listed"},
		"a file that is gone": {list(sealed, packer, func(l *ofd.EntryList) {
			l.Files = append(l.Files, ofd.ListedFile{ID: "3", Path: "/gone"})
		}), "package.listed"},
		"a file that is not named": {list(sealed, packer, func(l *ofd.EntryList) { l.Files = l.Files[1:] }), "package.listed"},
		"content in place of the value": {list(sealed, packer, func(l *ofd.EntryList) {
			l.SignedValue = "/Doc_0/Pages/Page_0/Content.xml"
			l.Files = append(l.Files, ofd.ListedFile{ID: "3", Path: "/Entries.dat"})
		}), "signature.chain"},
		"by a stranger": {list(sealed, stranger, nil), "signature.chain"},
		"another list": {rewrite(t, list(sealed, packer, nil), func(f []ofd.File) []ofd.File {
			for i := range f {
				if f[i].Name == ofd.EntriesFile {
					f[i].Data = bytes.Replace(f[i].Data, []byte(`ID="1"`), []byte(`ID="9"`), 1)
				}
			}
			return f
		}), "signature.bound"},
		"no list": {rewrite(t, list(sealed, packer, nil), func(f []ofd.File) []ofd.File {
			for i := range f {
				if f[i].Name == ofd.EntriesFile {
					f[i].Data = []byte("x")
				}
			}
			return f
		}), "package.listed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), test.doc)
			require.Equal(t, test.id == "", r.Indication == verify.TotalPassed, "%s %v", r.Headline, r.Checks)
			if test.id != "" {
				require.True(t, slices.ContainsFunc(r.Checks, func(c verify.Check) bool {
					return c.ID == test.id && (c.Status == verify.CheckFailed || c.Status == verify.CheckIndeterminate)
				}), "%s %v", r.Headline, r.Checks)
			}
			require.Equal(t, fixtures.Departments()[0].Name, r.Fact("signer"), "the list's signer does not speak for the document")
		})
	}
	expect := verify.Expect{HolderCode: fixtures.Departments()[1].Code}
	r, err := w.sealVerifier(nil).Verify(t.Context(), list(sealed, packer, nil), expect)
	require.NoError(t, err)
	require.NotEqual(t, verify.TotalPassed, r.Indication, "nor does he answer for it: %v", r.Checks)
	expect = verify.Expect{HolderCode: fixtures.Departments()[0].Code}
	r, err = w.sealVerifier(nil).Verify(t.Context(), list(sealed, packer, nil), expect)
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Checks)
}
