package verify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// sound is a document that passes, and what of it counts.
type sound struct {
	doc     []byte
	content []byte
	counts  func(t testing.TB, doc []byte) string
}

// FuzzVerifyDocument overwrites bytes of documents that pass: one that still does is the same in everything that
// counts.
func FuzzVerifyDocument(f *testing.F) {
	w := newSealWorld(f)
	forge := w.forgeIn()
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	content := []byte("示例内容")
	bundle := forge.bundle(nil)
	list := []sound{
		{doc: w.sealed(page(), nil), counts: packageContent},
		{doc: w.sealed(page(), w.signer(w.department, nil)), counts: packageContent},
		{doc: must(w.signer(w.department, nil).Attached(f.Context(), content))(f), counts: signedContent},
		{doc: w.token(authority, content, now.Add(-time.Hour)), content: content, counts: signedContent},
		{doc: encode(f, bundle), counts: bundleContent},
		{doc: w.signPDF(plainPDF(), w.department, nil), counts: coveredContent},
		{doc: w.stampPDF(w.withEvidence(w.signPDF(plainPDF(), w.department, nil), now.Add(-time.Hour)), authority), counts: coveredContent},
	}
	v := w.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{noteKey(f, forge.vault.vault.NoteKey())}
		c.Intermediates = pki.NewPool(w.issuing.cert())
	})
	for i, s := range list {
		f.Add(uint8(i), uint32(0), []byte{})
		for at := 0; at < len(s.doc); at += 1 + len(s.doc)/24 {
			f.Add(uint8(i), uint32(at), []byte{s.doc[at] ^ 1})
			f.Add(uint8(i), uint32(at), []byte("AAAA"))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, with []byte) {
		s := list[int(which)%len(list)]
		changed := bytes.Clone(s.doc)
		n := copy(changed[int(at)%len(changed):], with)
		d := verify.DocumentOf(changed)
		if s.content != nil {
			d.Content, d.ContentSize = bytes.NewReader(s.content), int64(len(s.content))
		}
		r, err := v.VerifyDocument(t.Context(), d, verify.Expect{})
		require.NoError(t, err)
		same := bytes.Equal(changed, s.doc)
		if same {
			require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
		}
		if same || r.Indication != verify.TotalPassed {
			return
		}
		require.Equal(t, s.counts(t, s.doc), s.counts(t, changed), "%d bytes at %d", n, at)
	})
}

// packageContent is every file but the list of signatures, by name whatever its case.
func packageContent(t testing.TB, doc []byte) string {
	t.Helper()
	p, err := ofd.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	var b strings.Builder
	for _, name := range p.Files() {
		data, err := p.ReadFile(name, 1<<20)
		require.NoError(t, err)
		if folded := strings.ToLower(name); !strings.HasSuffix(folded, "signatures.xml") {
			b.WriteString(folded + "\x00" + string(data) + "\x00")
		}
	}
	return b.String()
}

// signedContent is what the signature covers, and its value.
func signedContent(t testing.TB, doc []byte) string {
	t.Helper()
	data, err := cms.Parse(doc)
	require.NoError(t, err)
	require.Len(t, data.Signers, 1)
	message, err := data.SignedBytes(&data.Signers[0], nil)
	require.NoError(t, err)
	return string(data.Content) + "\x00" + string(message) + "\x00" + string(data.Signers[0].Signature)
}

// coveredContent is what each signature of a PDF covers, and the value of the key. A document time-stamp that does not count is
// passed over.
func coveredContent(t testing.TB, doc []byte) string {
	t.Helper()
	p, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	list, err := p.Signatures()
	require.NoError(t, err)
	var b strings.Builder
	for _, s := range list {
		if s.SubFilter == pdf.FilterTimestamp {
			continue
		}
		body, size := p.Covered(s)
		covered, err := io.ReadAll(io.NewSectionReader(body, 0, size))
		require.NoError(t, err)
		value, err := s.Value()
		require.NoError(t, err)
		data, err := cms.Parse(value)
		require.NoError(t, err)
		require.Len(t, data.Signers, 1)
		b.WriteString(string(covered) + "\x00" + string(data.Signers[0].Signature) + "\x00")
	}
	return b.String()
}

// bundleContent is a bundle whatever its JSON.
func bundleContent(t testing.TB, doc []byte) string {
	t.Helper()
	b, err := record.ParseBundle(doc)
	require.NoError(t, err)
	out, err := json.Marshal(b)
	require.NoError(t, err)
	return string(out)
}
