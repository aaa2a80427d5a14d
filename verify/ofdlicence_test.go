package verify_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// forgeIn is a forge whose departments are certified in a world.
func (w *world) forgeIn() *forge {
	w.t.Helper()
	f := &forge{t: w.t, province: &fixtures.Province{Anchors: w.anchors}}
	f.department = w.body(w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), fixtures.Departments()[0])
	f.other = w.body(w.enrol(ca.ProfileDepartment, fixtures.Departments()[1]), fixtures.Departments()[1])
	f.vault = w.body(w.enrol(ca.ProfileVault, fixtures.Authority()), fixtures.Authority())
	return f
}

func (w *world) body(n node, d fixtures.Department) body {
	w.t.Helper()
	b := body{code: d.Code, key: n.key, chain: n.chain}
	config := signing.Config{Key: n.key, Chain: n.chain, Rand: rand.Reader}
	var err error
	b.signer, err = signing.NewSigner(config)
	require.NoError(w.t, err)
	b.vault, err = signing.NewVaultSigner(fixtures.Origin, config)
	require.NoError(w.t, err)
	return b
}

// stateOf answers for every licence.
type stateOf struct {
	state  string
	record record.Digest
}

// stateAt answers that every licence is valid, at a time of its own.
type stateAt struct{ at time.Time }

func (s stateAt) CurrentStatus(_ context.Context, identifier string) (verify.Status, error) {
	return verify.Status{Identifier: identifier, State: "valid", Time: s.at, Since: issued}, nil
}

func (s stateOf) CurrentStatus(_ context.Context, identifier string) (verify.Status, error) {
	return verify.Status{Identifier: identifier, Record: s.record, State: s.state, Time: now, Since: issued}, nil
}

// inside is a bundle as a sealed licence carries it: what was known before it was recorded.
func inside(b *record.Bundle) *record.Bundle {
	return &record.Bundle{
		Format: b.Format, Record: b.Record, Signature: b.Signature, Certificates: b.Certificates, Disclosures: b.Disclosures,
	}
}

// TestSealedLicence_A35: a sealed licence is worth its paper as long as its issuer sealed all of it and its state now
// is known to be valid; the seal alone is never enough.
func TestSealedLicence_A35(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	whole := f.bundle(nil)
	foreign := f.bundle(func(p *parts) {
		p.record.IssuerCode, p.recordBy = f.other.code, f.other
	})
	digest := record.Sum(whole.Record)
	kept := ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(whole))}
	doc := w.sealed(page(kept), nil)
	for name, test := range map[string]struct {
		doc    []byte
		config func(*verify.Config)
		beside []byte
		want   verify.Indication
		id     string
		sub    verify.SubIndication
	}{
		"valid, says the source":       {config: state("valid", digest), want: verify.TotalPassed},
		"valid, says what came beside": {beside: encode(t, whole), want: verify.TotalPassed},
		"state unknown":                {want: verify.Indeterminate, id: "state.now", sub: verify.TryLater},
		"revoked":                      {config: state("revoked", digest), want: verify.TotalFailed, id: "source.state", sub: verify.Revoked},
		"superseded":                   {config: state("superseded", digest), want: verify.TotalFailed, id: "source.state", sub: verify.Superseded},
		"another version in force":     {config: state("valid", record.Digest{1}), want: verify.Indeterminate, id: "source.version", sub: verify.TryLater},
		"beside is another licence":    {beside: encode(t, foreign), config: state("valid", digest), want: verify.TotalFailed, id: "licence.beside", sub: verify.SigConstraintsFailure},
		"sealed by another department": {doc: w.sealed(page(ofd.File{Name: kept.Name, Data: encode(t, inside(foreign))}), nil),
			config: state("valid", digest), want: verify.TotalFailed, id: "seal.holder", sub: verify.SigConstraintsFailure},
		"two records": {doc: w.sealed(page(kept, ofd.File{Name: "Doc_0/Attachs/other.json", Data: encode(t, inside(foreign))}), nil),
			config: state("valid", digest), want: verify.TotalFailed, id: "licence.record", sub: verify.FormatFailure},
	} {
		t.Run(name, func(t *testing.T) {
			sent := verify.DocumentOf(doc)
			if test.doc != nil {
				sent = verify.DocumentOf(test.doc)
			}
			sent.Licence = test.beside
			v := w.sealVerifier(func(c *verify.Config) {
				c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
				if test.config != nil {
					test.config(c)
				}
			})
			r, err := v.VerifyDocument(t.Context(), sent, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

func state(word string, digest record.Digest) func(*verify.Config) {
	return func(c *verify.Config) { c.Status = stateOf{word, digest} }
}

// TestSealNotForApproval: a seal of the issuer that is no seal for administrative approval does not make a licence.
func TestSealNotForApproval_A26(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	plain := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	l := w.lie()
	l.signer, l.seal.Certificates = plain, [][]byte{plain.cert().Raw}
	l.more = []ofd.File{{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}}
	doc := l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
	r := w.judge(w.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
		c.Status = stateOf{"valid", record.Sum(b.Record)}
	}), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "seal.usage", r.Headline)
}
