package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// counter is a desk where a bare sealed licence is handed in, and the vault is asked how it stands.
type counter struct {
	*desk

	forge *forge
	bare  verify.Named
}

func newCounter(t testing.TB) *counter {
	t.Helper()
	d := newDesk(t)
	c := &counter{desk: d, forge: d.forgeIn()}
	d.vault = noteKey(t, c.forge.vault.vault.NoteKey())
	c.bare = verify.Named{Name: "证照.ofd", Document: verify.DocumentOf(d.sealed(page(ofd.File{
		Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(c.forge.bundle(nil))),
	}), nil))}
	return c
}

// says is what the vault says of the licence, as edit left it.
func (c *counter) says(edit func(*parts)) *verify.Said {
	b := c.forge.bundle(edit)
	return &verify.Said{Statement: b.Status, Signature: b.StatusSig, Proof: b.Proof}
}

func asking(s verify.StatusSource) func(*verify.Config) {
	return func(c *verify.Config) { c.Status = s }
}

// TestSourceSigned_A36: what the vault signed of a licence's state when it was asked is kept with the evidence, so that
// a stranger comes to the same as of then, whatever the state was; as of now he knows no more than the statement says.
func TestSourceSigned_A36(t *testing.T) {
	c := newCounter(t)
	for state, want := range map[string]verify.Indication{
		"valid": verify.TotalPassed, "revoked": verify.TotalFailed, "suspended": verify.TotalFailed,
		"cancelled": verify.TotalFailed, "superseded": verify.TotalFailed, "of another vocabulary": verify.Indeterminate,
	} {
		t.Run(state, func(t *testing.T) {
			said := c.says(func(p *parts) { p.status.State = strings.ReplaceAll(state, " ", "-") })
			v := c.here(asking(said))
			r, err := v.VerifyDocument(t.Context(), c.bare.Document, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			if want != verify.TotalPassed {
				require.Equal(t, "source.state", r.Headline)
			}
			existence, _ := r.Check("record.existence")
			require.Equal(t, verify.CheckPassed, existence.Status)

			file := c.keep(v, verify.Expect{}, c.closing(), c.bare)
			for _, at := range []time.Time{now, now.Add(time.Hour)} {
				again := c.judge(c.elsewhere(at, nil), file)
				same(t, again)
				require.Equal(t, want, again.Indication, "%s %s", again.Headline, again.SubIndication)
				require.Equal(t, want, again.Kept[0].Then.Indication)
				require.Equal(t, want, again.Kept[0].Now.Indication)
			}
			years := c.judge(c.elsewhere(now.AddDate(30, 0, 0), nil), file)
			same(t, years)
			require.Equal(t, want, years.Kept[0].Then.Indication)
			require.NotEqual(t, verify.TotalPassed, years.Kept[0].Now.Indication)
		})
	}
}

// TestSourceStale: a statement that was kept is no word on the state once it is not of now.
func TestSourceStale(t *testing.T) {
	c := newCounter(t)
	file := c.keep(c.here(asking(c.says(nil))), verify.Expect{}, nil, c.bare)
	r := c.judge(c.elsewhere(now.Add(25*time.Hour), nil), file)
	same(t, r)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "evidence.now", r.Headline)
	require.Equal(t, "source.fresh", r.Kept[0].Now.Headline)
}

// TestSourceChanged: what became of the licence since shows as of now, and changes nothing of then.
func TestSourceChanged(t *testing.T) {
	c := newCounter(t)
	file := c.keep(c.here(asking(c.says(nil))), verify.Expect{}, nil, c.bare)
	revoked := c.says(func(p *parts) { p.status.State = "revoked" })
	r := c.judge(c.elsewhere(now.Add(time.Hour), asking(revoked)), file)
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Then.Indication)
	require.Equal(t, verify.TotalFailed, r.Kept[0].Now.Indication)
	require.Equal(t, verify.Revoked, r.SubIndication)
	require.Equal(t, "evidence.now", r.Headline)
	silent := c.judge(c.elsewhere(now.Add(time.Hour), asking(source{err: context.DeadlineExceeded})), file)
	require.Equal(t, verify.Indeterminate, silent.Kept[0].Now.Indication, "the vault of now is asked, and not the file")
}

// TestSourceCountsForNothing: an answer that is not soundly signed, of now and about this version leaves the state open.
// It never makes a licence pass, and what is wrong with it is not the fault of who hands the licence in.
func TestSourceCountsForNothing(t *testing.T) {
	c := newCounter(t)
	for name, test := range map[string]struct {
		edit func(*parts)
		late func(*verify.Said)
		id   string
		sub  verify.SubIndication
	}{
		"signed by a department": {func(p *parts) { p.statusBy = c.forge.other }, nil, "source.vault", verify.SigConstraintsFailure},
		"revoked, says a department": {func(p *parts) { p.statusBy, p.status.State = c.forge.other, "revoked" }, nil, "source.vault",
			verify.SigConstraintsFailure},
		"in another's name":   {func(p *parts) { p.status.Vault = otherOrigin }, nil, "source.vault", verify.SigConstraintsFailure},
		"no statement":        {nil, func(s *verify.Said) { s.Statement = nil }, "source.text", verify.FormatFailure},
		"no signature":        {nil, func(s *verify.Said) { s.Signature = nil }, "source.form", verify.FormatFailure},
		"another's signature": {nil, func(s *verify.Said) { s.Signature = c.says(nil).Signature; s.Statement = c.says(later).Statement }, "source.signature", verify.SigCryptoFailure},
		"too large":           {nil, func(s *verify.Said) { s.Proof = make([]byte, 1<<20) }, "source.answer", verify.TryLater},
		"a day old":           {func(p *parts) { p.status.Time = now.Add(-25 * time.Hour) }, nil, "source.fresh", verify.TryLater},
		"ended":               {func(p *parts) { p.status.NextUpdate = now.Add(-time.Minute) }, nil, "source.fresh", verify.TryLater},
		"of the future":       {func(p *parts) { p.status.Time = now.Add(time.Hour) }, nil, "source.clock", verify.TryLater},
		"of another version":  {func(p *parts) { p.status.Record, p.keepState = record.Digest{1}, true }, nil, "source.version", verify.TryLater},
		"contradicts itself":  {func(p *parts) { p.status.Version = 2 }, nil, "source.version", verify.SigConstraintsFailure},
		"of another licence":  {func(p *parts) { p.status.Identifier = strings.Replace(p.status.Identifier, "AB12", "AB13", 1) }, nil, "source.version", verify.TryLater},
	} {
		t.Run(name, func(t *testing.T) {
			said := c.says(test.edit)
			if test.late != nil {
				test.late(said)
			}
			v := c.here(asking(said))
			r, err := v.VerifyDocument(t.Context(), c.bare.Document, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, verify.Indeterminate, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
			again := c.judge(c.elsewhere(now, nil), c.keep(v, verify.Expect{}, nil, c.bare))
			same(t, again)
			require.Equal(t, test.id, again.Kept[0].Then.Headline)
		})
	}
}

func later(p *parts) { p.status.Time = p.status.Time.Add(time.Second) }

// TestSourceOfItsVault: where several vaults are believed, one of them counts for a licence of its own ledger alone,
// and the proof of that lies in the evidence; a word that is worse than "valid" counts whoever says it.
func TestSourceOfItsVault(t *testing.T) {
	c := newCounter(t)
	f := c.forge
	other := c.body(c.enrol(ca.ProfileVault, fixtures.Departments()[2]), fixtures.Departments()[2])
	other.vault = otherVault(t, other)
	both := []ledger.Verifier{c.vault, noteKey(t, other.vault.NoteKey())}
	without := func(s *verify.Said) *verify.Said { s.Proof = nil; return s }
	byOther := func(state string) *verify.Said {
		return c.says(func(p *parts) { p.status.State, p.status.Vault, p.statusBy = state, otherOrigin, other })
	}
	strange := c.says(nil)
	strange.Proof = f.bundle(func(p *parts) { p.event.Record, p.keepEvent = record.Digest{1}, true }).Proof
	elsewhere := c.says(nil)
	elsewhere.Proof = f.bundle(func(p *parts) { p.event.Identifier = strings.Replace(p.event.Identifier, "AB12", "AB13", 1) }).Proof
	early := c.says(nil)
	early.Proof = f.bundle(func(p *parts) { p.event.Recorded = now.Add(time.Hour) }).Proof
	bare := f.bundle(func(p *parts) { p.late = func(b *record.Bundle) { b.Status, b.StatusSig = nil, nil } })
	foreign := verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, bare))}
	for name, test := range map[string]struct {
		keys []ledger.Verifier
		said *verify.Said
		doc  verify.Named
		want verify.Indication
		id   string
	}{
		"one vault, no proof":                  {both[:1], without(c.says(nil)), c.bare, verify.TotalPassed, ""},
		"two vaults, no proof":                 {both, without(c.says(nil)), c.bare, verify.Indeterminate, "source.ledger"},
		"two vaults, with proof":               {both, c.says(nil), c.bare, verify.TotalPassed, ""},
		"two vaults, the other's word":         {both, byOther("valid"), c.bare, verify.Indeterminate, "source.ledger"},
		"two vaults, the other says no":        {both, byOther("revoked"), c.bare, verify.TotalFailed, "source.state"},
		"two vaults, proof of another version": {both, strange, c.bare, verify.Indeterminate, "source.ledger"},
		"two vaults, proof of another licence": {both, elsewhere, c.bare, verify.Indeterminate, "source.ledger"},
		"two vaults, proof of the future":      {both, early, c.bare, verify.Indeterminate, "source.ledger"},
		"two vaults, the bundle has the proof": {both, without(c.says(nil)), foreign, verify.TotalPassed, ""},
		"two vaults, a bundle and the other":   {both, byOther("valid"), foreign, verify.Indeterminate, "source.ledger"},
		"unknown vault":                        {both[:1], byOther("valid"), c.bare, verify.Indeterminate, "source.vault"},
	} {
		t.Run(name, func(t *testing.T) {
			known := func(config *verify.Config) { config.LedgerKeys = test.keys }
			v := c.here(func(config *verify.Config) { known(config); config.Status = test.said })
			r, err := v.VerifyDocument(t.Context(), test.doc.Document, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			again := c.judge(c.elsewhere(now, known), c.keep(v, verify.Expect{}, nil, test.doc))
			same(t, again)
			require.Equal(t, test.want, again.Indication)
		})
	}
}

// TestSourceForeign: the state of a licence without record, told with a signature, is judged again like any other.
func TestSourceForeign(t *testing.T) {
	c := newCounter(t)
	id := c.forge.parts().record.Identifier
	doc := verify.Named{Name: "外省证照.ofd", Document: verify.DocumentOf(c.sealed(change("OFD.xml", withMetadata("ZZBS", id))(page()), nil))}
	other := c.body(c.enrol(ca.ProfileVault, fixtures.Departments()[2]), fixtures.Departments()[2])
	two := func(config *verify.Config) {
		config.LedgerKeys = append(config.LedgerKeys, noteKey(t, otherVault(t, other).NoteKey()))
	}
	for name, test := range map[string]struct {
		edit func(*parts)
		know func(*verify.Config)
		want verify.Indication
		id   string
	}{
		"valid":               {nil, nil, verify.TotalPassed, ""},
		"suspended":           {func(p *parts) { p.status.State = "suspended" }, nil, verify.TotalFailed, "source.state"},
		"another's":           {func(p *parts) { p.status.Identifier = strings.Replace(id, "AB12", "AB13", 1) }, nil, verify.Indeterminate, "state.now"},
		"by a department":     {func(p *parts) { p.statusBy = c.forge.other }, nil, verify.Indeterminate, "source.vault"},
		"two vaults":          {nil, two, verify.TotalPassed, ""},
		"two vaults, no such": {func(p *parts) { p.event.Record, p.keepEvent = record.Digest{1}, true }, two, verify.Indeterminate, "source.ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			know := func(config *verify.Config) {
				if test.know != nil {
					test.know(config)
				}
			}
			v := c.here(func(config *verify.Config) { know(config); config.Status = c.says(test.edit) })
			r, err := v.VerifyDocument(t.Context(), doc.Document, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			again := c.judge(c.elsewhere(now, know), c.keep(v, verify.Expect{}, nil, doc))
			same(t, again)
			require.Equal(t, test.want, again.Indication)
		})
	}
}

// TestSourceSignerRevoked: a statement under a key that is known to be lost counts for nothing from then on; what was
// judged by it before stays what it was.
func TestSourceSignerRevoked(t *testing.T) {
	c := newCounter(t)
	signer := c.forge.vault.chain[0]
	lost := revoked{signer, now.Add(-time.Minute), pki.CauseKeyCompromise}
	r, err := c.here(asking(c.says(nil)), lost).VerifyDocument(t.Context(), c.bare.Document, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "source.revocation", r.Headline)

	file := c.keep(c.here(asking(c.says(nil)), lost), verify.Expect{}, nil, c.bare)
	same(t, c.judge(c.elsewhere(now, nil), file))
	file = c.keep(c.here(asking(c.says(nil))), verify.Expect{}, nil, c.bare)
	since := now.Add(time.Hour)
	again := c.judge(c.elsewhere(since, func(config *verify.Config) {
		config.Evidence = []pki.Evidence{{CRLs: []*pki.CRL{
			c.crl(c.issuing, since.Add(-time.Minute), revoked{signer, now.Add(30 * time.Minute), pki.CauseKeyCompromise}),
		}}}
	}), file)
	same(t, again)
	require.Equal(t, verify.TotalPassed, again.Kept[0].Then.Indication)
	require.Equal(t, verify.Indeterminate, again.Indication)
	require.Equal(t, "source.revocation", again.Kept[0].Now.Headline)
	require.Equal(t, verify.RevokedNoPOE, again.Kept[0].Now.SubIndication)
}

// TestSourceLies: whoever changes what an evidence file holds of the vault's word does not make a document pass.
func TestSourceLies(t *testing.T) {
	c := newCounter(t)
	put := func(s *verify.Said) func(*kept) {
		return func(k *kept) {
			var err error
			k.content[k.at(evidence.KindStatus)], err = json.Marshal(s)
			require.NoError(t, err)
		}
	}
	revoked := func(p *parts) { p.status.State = "revoked" }
	passed, err := c.here(asking(c.says(nil))).VerifyDocument(t.Context(), c.bare.Document, verify.Expect{})
	require.NoError(t, err)
	claim, err := passed.MarshalJSON()
	require.NoError(t, err)
	claims := func(edit func(*kept)) func(*kept) {
		return func(k *kept) { edit(k); k.content[k.at(evidence.KindReport)] = claim }
	}
	for name, test := range map[string]struct {
		state func(*parts)
		edit  func(*kept)
		want  verify.Indication
		id    string
	}{
		"left out":            {nil, func(k *kept) { k.drop(evidence.KindStatus) }, verify.Indeterminate, "evidence.same"},
		"by a department":     {nil, put(c.says(func(p *parts) { p.statusBy = c.forge.other })), verify.Indeterminate, "evidence.same"},
		"another's word":      {nil, put(c.says(func(p *parts) { p.status.Record, p.keepState = record.Digest{1}, true })), verify.Indeterminate, "evidence.same"},
		"another true word":   {nil, put(c.says(later)), verify.Indeterminate, "evidence.same"},
		"no JSON":             {nil, func(k *kept) { k.content[k.at(evidence.KindStatus)] = []byte("x") }, verify.TotalFailed, "evidence.parts"},
		"another spelling":    {nil, func(k *kept) { i := k.at(evidence.KindStatus); k.content[i] = append(k.content[i], ' ') }, verify.TotalFailed, "evidence.parts"},
		"revoked, claims":     {revoked, claims(func(*kept) {}), verify.TotalFailed, "evidence.same"},
		"revoked, forged":     {revoked, claims(put(c.says(func(p *parts) { p.statusBy = c.forge.department }))), verify.Indeterminate, "evidence.same"},
		"revoked, left out":   {revoked, claims(func(k *kept) { k.drop(evidence.KindStatus) }), verify.Indeterminate, "evidence.same"},
		"revoked, says valid": {revoked, claims(put(c.bent())), verify.Indeterminate, "evidence.same"},
	} {
		t.Run(name, func(t *testing.T) {
			file := remake(t, c.keep(c.here(asking(c.says(test.state))), verify.Expect{}, nil, c.bare), test.edit)
			r := c.judge(c.elsewhere(now, nil), file)
			require.Equal(t, test.want, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
			require.Equal(t, test.id, r.Headline)
			if test.state != nil {
				require.NotEqual(t, verify.TotalPassed, r.Kept[0].Then.Indication)
				require.NotEqual(t, verify.TotalPassed, r.Kept[0].Now.Indication)
			}
		})
	}
}

// bent is a statement that says valid under the signature of one that says revoked.
func (c *counter) bent() *verify.Said {
	said := c.says(func(p *parts) { p.status.State = "revoked" })
	said.Statement = bytes.Replace(said.Statement, []byte("revoked"), []byte("valid"), 1)
	return said
}

// TestSourceIdle: a statement that nothing was judged by has no place in an evidence file.
func TestSourceIdle(t *testing.T) {
	c := newCounter(t)
	file := remake(t, c.keep(c.here(nil), verify.Expect{}, nil, c.docs[2]), func(k *kept) {
		said, err := json.Marshal(c.says(nil))
		require.NoError(t, err)
		i := k.at(evidence.KindReport)
		k.manifest.Parts = slices.Insert(k.manifest.Parts, i, evidence.Part{Kind: evidence.KindStatus, Of: 1})
		k.content = slices.Insert(k.content, i, said)
	})
	r := c.judge(c.elsewhere(now, nil), file)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "evidence.needed", r.Headline)
}

// TestSourceUnsigned: a file that rests on a word which nobody signed still opens, says what it cannot say, and does not
// pass; one in which the bundle brought a statement too is judged by that.
func TestSourceUnsigned(t *testing.T) {
	c := newCounter(t)
	digest := record.Sum(c.forge.bundle(nil).Record)
	file := c.keep(c.here(state("valid", digest)), verify.Expect{}, nil, c.bare)
	r := c.judge(c.elsewhere(now, nil), file)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Stated.Indication)
	require.Equal(t, verify.Indeterminate, r.Kept[0].Then.Indication)
	require.Equal(t, "state.now", r.Kept[0].Then.Headline)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Contains(t, r.Uncovered, "state then: the source's word was not signed")
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text, "zh"))
	require.Contains(t, text.String(), "状态来源的答复没有签名")

	whole := verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, c.forge.bundle(nil)))}
	r = c.judge(c.elsewhere(now, nil), c.keep(c.here(state("valid", digest)), verify.Expect{}, nil, whole))
	require.Equal(t, verify.TotalPassed, r.Kept[0].Then.Indication)
	require.Equal(t, "evidence.same", r.Headline)
}

// TestSourceSilent: that the source did not answer is judged again as it was.
func TestSourceSilent(t *testing.T) {
	c := newCounter(t)
	file := c.keep(c.here(asking(source{err: context.DeadlineExceeded})), verify.Expect{}, nil, c.bare)
	r := c.judge(c.elsewhere(now, nil), file)
	same(t, r)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "source.answer", r.Kept[0].Then.Headline)
}

// TestSourceProofOnlyIfUsed: the ledger proof tells who recorded a licence and why; it is kept only where it was needed.
func TestSourceProofOnlyIfUsed(t *testing.T) {
	c := newCounter(t)
	proof := func(doc verify.Named, edit func(*parts)) []byte {
		file := c.keep(c.here(asking(c.says(edit))), verify.Expect{}, nil, doc)
		var said verify.Said
		remake(t, file, func(k *kept) {
			require.NoError(t, json.Unmarshal(k.content[k.at(evidence.KindStatus)], &said))
		})
		require.NotEmpty(t, said.Signature)
		return said.Proof
	}
	require.NotEmpty(t, proof(c.bare, nil))
	require.Empty(t, proof(c.bare, func(p *parts) { p.status.Record, p.keepState = record.Digest{1}, true }))
	require.Empty(t, proof(verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, c.forge.bundle(nil)))}, nil))
}

// TestSourceNotHeld: the vault that is asked need not know a licence of another: there the statement of its own counts.
// For whatever else it does not know, the state is open.
func TestSourceNotHeld(t *testing.T) {
	c := newCounter(t)
	whole := verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, c.forge.bundle(nil)))}
	unproven := verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, c.forge.bundle(func(p *parts) {
		p.late = func(b *record.Bundle) { b.Proof = nil }
	})))}
	over := verify.Named{Name: "证照.json", Document: verify.DocumentOf(encode(t, c.forge.bundle(func(p *parts) {
		p.status.NextUpdate = p.status.Time
	})))}
	for name, test := range map[string]struct {
		vault string
		doc   verify.Named
		want  verify.Indication
		id    string
	}{
		"another vault's":            {otherOrigin, whole, verify.TotalPassed, ""},
		"its own":                    {fixtures.Origin, whole, verify.Indeterminate, "source.answer"},
		"of nobody knows whom":       {otherOrigin, unproven, verify.Indeterminate, "proof.inclusion"},
		"another's, word not fresh":  {otherOrigin, over, verify.Indeterminate, "status.fresh"},
		"a sealed licence, no proof": {otherOrigin, c.bare, verify.Indeterminate, "source.answer"},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.here(asking(source{err: &verify.NotHeldError{Vault: test.vault}}))
			r, err := v.VerifyDocument(t.Context(), test.doc.Document, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			again := c.judge(c.elsewhere(now, nil), c.keep(v, verify.Expect{}, nil, test.doc))
			same(t, again)
			require.Equal(t, test.want, again.Indication)
		})
	}
}
