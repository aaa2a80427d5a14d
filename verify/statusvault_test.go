package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// TestStatusOfItsVault: where several vaults are believed, one of them cannot say that a licence of another is in force:
// only the proof tells whose ledger holds it. What is worse than "valid" counts whoever says it.
func TestStatusOfItsVault(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	other := w.body(w.enrol(ca.ProfileVault, fixtures.Departments()[2]), fixtures.Departments()[2])
	one := []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	renamed := noteKey(t, otherVault(t, other).NoteKey())
	whole := f.bundle(nil)
	doc := w.sealed(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(whole))}), nil)
	without := func(state string, from body) *record.Bundle {
		return f.bundle(func(p *parts) {
			p.status.State, p.late = state, func(b *record.Bundle) { b.Proof = nil }
			if from.vault != nil {
				p.status.Vault, p.statusBy = otherOrigin, from
			}
		})
	}
	liar := body{code: other.code, key: other.key, chain: other.chain, signer: other.signer, vault: otherVault(t, other)}
	for name, test := range map[string]struct {
		keys   []ledger.Verifier
		beside *record.Bundle
		want   verify.Indication
		id     string
	}{
		"one vault, no proof":               {one, without("valid", body{}), verify.TotalPassed, ""},
		"two vaults, no proof":              {append(one, renamed), without("valid", body{}), verify.Indeterminate, "status.ledger"},
		"two vaults, the other says valid":  {append(one, renamed), without("valid", liar), verify.Indeterminate, "status.ledger"},
		"two vaults, the other says no":     {append(one, renamed), without("revoked", liar), verify.TotalFailed, "status.state"},
		"two vaults, with proof":            {append(one, renamed), whole, verify.TotalPassed, ""},
		"two vaults, proof of another's":    {append(one, renamed), f.bundle(func(p *parts) { p.status.Vault, p.statusBy = otherOrigin, liar }), verify.Indeterminate, "status.version"},
		"one vault, revoked, without proof": {one, without("revoked", body{}), verify.TotalFailed, "status.state"},
	} {
		t.Run(name, func(t *testing.T) {
			sent := verify.DocumentOf(doc)
			sent.Licence = encode(t, test.beside)
			r, err := w.sealVerifier(func(c *verify.Config) { c.LedgerKeys = test.keys }).VerifyDocument(t.Context(), sent, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
		})
	}
}
