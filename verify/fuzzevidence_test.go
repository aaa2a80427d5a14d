package verify_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// FuzzVerifyEvidence changes one part of an evidence file that nobody closed, and puts the file together again with
// digests that fit. If it still passes, every part is what it was in everything that counts, and the reports are the
// same to the byte.
func FuzzVerifyEvidence(f *testing.F) {
	c := newCounter(f)
	d, whole := c.desk, c.bare
	whole.Licence = encode(f, c.forge.bundle(nil))
	file := d.keep(d.here(asking(c.says(nil))), verify.Expect{At: now}, nil, whole, d.docs[1], c.bare)
	sound, err := evidence.Open(bytes.NewReader(file), int64(len(file)))
	require.NoError(f, err)
	v := d.elsewhere(now, nil)
	for i := range sound.Parts {
		f.Add(uint8(i), uint32(0), []byte{})
		for at := int64(0); at < sound.Parts[i].Size; at += 1 + sound.Parts[i].Size/6 {
			f.Add(uint8(i), uint32(at), []byte("A"))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, with []byte) {
		i := int(which) % len(sound.Parts)
		was, err := sound.ReadPart(i)
		require.NoError(t, err)
		is := bytes.Clone(was)
		copy(is[int(at)%len(is):], with)
		r, err := v.Verify(t.Context(), remake(t, file, func(k *kept) { k.content[i] = is; k.order() }), verify.Expect{})
		require.NoError(t, err)
		same := bytes.Equal(was, is)
		if same {
			require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
		}
		if same || r.Indication != verify.TotalPassed {
			return
		}
		for _, kept := range r.Kept {
			require.Empty(t, kept.Differences)
		}
		p := sound.Parts[i]
		switch {
		case p.Kind == evidence.KindDocument && p.Of != 2:
			require.Equal(t, packageContent(t, was), packageContent(t, is))
		case p.Kind == evidence.KindDocument:
			require.Equal(t, detachedContent(t, d.content, was), detachedContent(t, d.content, is))
		case p.Kind == evidence.KindLicence:
			require.Equal(t, wordOfVault(t, was), wordOfVault(t, is))
		case p.Kind == evidence.KindCertificate:
			c, err := pki.ParseTolerant(is) // it can stand there under the name of an authority, and counts for nothing
			require.NoError(t, err)
			require.Contains(t, []string{string(d.root.cert().RawSubject), string(d.issuing.cert().RawSubject)}, string(c.RawSubject))
		default:
			require.Failf(t, "passed", "%s changed at %d", p.Kind, at)
		}
	})
}

// wordOfVault is what counts of a bundle beside a document: which record it is of, proof and status.
func wordOfVault(t testing.TB, doc []byte) string {
	t.Helper()
	b, err := record.ParseBundle(doc)
	require.NoError(t, err)
	return strings.Join([]string{string(b.Record), string(b.Proof), string(b.Status), string(b.StatusSig)}, "\x00")
}

// detachedContent is what a signature is over, and its value.
func detachedContent(t testing.TB, content, doc []byte) string {
	t.Helper()
	data, err := cms.Parse(doc)
	require.NoError(t, err)
	require.Len(t, data.Signers, 1)
	message, err := data.SignedBytes(&data.Signers[0], content)
	require.NoError(t, err)
	return string(message) + "\x00" + string(data.Signers[0].Signature)
}
