package verify_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// sealToo puts the seal of another over a sealed package.
func (w *sealWorld) sealToo(doc []byte, by node, box signing.Box) []byte {
	w.t.Helper()
	seal := w.makeSeal(w.maker, by)
	value, err := signing.NewSealer(signing.SealerConfig{
		Key: by.key, Chain: by.chain, Rand: rand.Reader, Now: func() time.Time { return now.Add(-time.Hour) }, Seal: seal,
	})
	require.NoError(w.t, err)
	o, err := signing.OpenOFD(bytes.NewReader(doc), int64(len(doc)), signing.OFDConfig{
		Now: func() time.Time { return now.Add(-time.Hour) },
	})
	require.NoError(w.t, err)
	require.NoError(w.t, o.Seal(w.t.Context(), signing.SealOrder{
		Value: value, Seal: seal, LeaveRootOpen: true, Stamps: []signing.Stamp{{Page: 1, Box: box}},
	}))
	var out bytes.Buffer
	require.NoError(w.t, o.Write(&out))
	return out.Bytes()
}

// TestSealStretched: a seal is a mark on a page and no page: stretched over it, it would hide what another sealed.
func TestSealStretched(t *testing.T) {
	w := newSealWorld(t)
	for boundary, want := range map[string]verify.Indication{
		"10 10 42 42": verify.TotalPassed, "10 10 45 45": verify.TotalPassed, "0 0 210 297": verify.TotalFailed,
		"0 0 42 297": verify.TotalFailed, "0 0 210 20": verify.TotalFailed,
	} {
		l := w.lie()
		l.stamp = boundary
		r := w.judge(w.sealVerifier(nil), l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) }))
		require.Equal(t, want, r.Indication, "%s %s", boundary, r.Headline)
		if want == verify.TotalFailed {
			require.Equal(t, "seal.size", r.Headline)
		}
	}
}

// TestSealOverLicence: a seal that is neither the issuer's nor a vault's is shown on the licence and may hide what it
// says; on a letter it is that of one more signer.
func TestSealOverLicence(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	other := w.enrol(ca.ProfileSeal, fixtures.Departments()[1])
	box := signing.Box{X: 20, Y: 20, W: 42, H: 42}
	v := w.sealVerifier(func(c *verify.Config) {
		state("valid", record.Sum(b.Record))(c)
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	})
	licence := w.sealedOpen(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}))
	r := w.judge(v, w.sealToo(licence, w.department, box))
	c, ok := r.Check("licence.covered")
	require.True(t, ok)
	require.Equal(t, verify.CheckPassed, c.Status)
	r = w.judge(v, w.sealToo(licence, other, box))
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "licence.covered", r.Headline)
	require.Contains(t, r.Notice("zh"), "别的机构的印章")
	r, err := v.Verify(t.Context(), w.sealToo(w.sealedOpen(page()), other, box), verify.Expect{NoLicenceUnsafe: true})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
}

// TestSealOverForeignLicence: likewise of another vault's licence, where it is not decided.
func TestSealOverForeignLicence(t *testing.T) {
	w := newSealWorld(t)
	own := fixtures.Departments()[0].Code
	files := change("OFD.xml", withMetadata("ZZBS", identifierOf(t, own, "1")))(page())
	alone := w.sealed(files, nil)
	v := w.sealVerifier(state("valid", record.Digest{}))
	require.Equal(t, verify.TotalPassed, w.judge(v, alone).Indication)
	other := w.enrol(ca.ProfileSeal, fixtures.Departments()[1])
	r := w.judge(v, w.sealToo(w.sealedOpen(files), other, signing.Box{X: 20, Y: 20, W: 42, H: 42}))
	require.Equal(t, verify.Indeterminate, r.Indication, "%s", r.Headline)
	c, ok := r.Check("licence.covered")
	require.True(t, ok)
	require.Equal(t, "a seal of another", c.Found)
	require.Equal(t, verify.CheckIndeterminate, c.Status)
}

// TestReceiptOfStolenKey: whoever has a vault's key writes receipts with any date; once it is known that the key was
// lost, an older date alone is no proof.
func TestReceiptOfStolenKey(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	doc := f.receipt(func(r *record.Receipt) { r.Time, r.SourceTime = now.Add(-3*time.Hour), now.Add(-3*time.Hour) }, f.vault)
	keyed := func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} }
	require.Equal(t, verify.TotalPassed, w.judge(w.sealVerifier(keyed), doc).Indication)
	aMonthLater := w.sealVerifier(func(c *verify.Config) {
		keyed(c)
		c.Now, c.Evidence = func() time.Time { return now.AddDate(0, 1, 0) }, nil
	})
	later := w.judge(aMonthLater, doc)
	require.Equal(t, verify.Recheck, later.Decision(), "what was so a month ago is not accepted today")
	require.Equal(t, "receipt.deciding", later.Headline)
	require.True(t, later.Authentic)
	require.Empty(t, later.Notice("zh"), "the applicant can do nothing about it")
	require.Contains(t, later.Todo("zh"), "重新查验")
	later, err := aMonthLater.Verify(t.Context(), doc, verify.Expect{At: now.Add(-2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, later.Indication, "it was enough when the case was decided")
	for lang, says := range map[string]string{"zh": "此后如何请重新查验", "en": "compare again"} {
		_, reason := later.Headlines(lang)
		require.Contains(t, reason, says)
	}
	at := now.Add(-2 * time.Hour) // later than the receipt says that it is
	r := w.judge(w.sealVerifier(keyed, revoked{f.vault.chain[0], at, pki.CauseKeyCompromise}), doc)
	require.NotEqual(t, verify.Accept, r.Decision(), "%v", r.Checks)
	require.Equal(t, "receipt.revocation", r.Headline)
}

// TestMembersByLook: a member whose name readers take for another one when they do not mind the case is none.
func TestMembersByLook(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	doc := encode(t, f.bundle(nil))
	v := w.sealVerifier(func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} })
	require.Equal(t, verify.TotalPassed, w.judge(v, doc).Indication)
	bent := bytes.Replace(doc, []byte(`"status"`), []byte(`"ſtatus"`), 1)
	require.NotEqual(t, doc, bent)
	r := w.judge(v, bent)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "document.members", r.Headline)
}
