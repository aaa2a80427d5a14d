package verify_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// TestLicence_A35_D21: an untouched record with proof and fresh status is accepted in the first line.
func TestLicence_A35_D21(t *testing.T) {
	f := newForge(t)
	doc := encode(t, f.bundle(nil))
	for name, edit := range map[string]func(*verify.Config){
		"plain": func(*verify.Config) {}, "cross-check": func(c *verify.Config) { c.CrossCheck = true },
	} {
		r := f.judge(doc, verify.Expect{}, edit)
		require.Equal(t, verify.TotalPassed, r.Indication, "%s: %s %s", name, r.Headline, r.SubIndication)
		require.Equal(t, verify.Accept, r.Decision())
		require.True(t, r.Authentic)
		require.Empty(t, r.SubIndication)
		require.Empty(t, r.Uncovered)
		for _, fact := range r.Facts {
			require.True(t, fact.Proven, fact.ID)
		}
		var out strings.Builder
		require.NoError(t, r.WriteText(&out, "zh"))
		lines := strings.Split(out.String(), "\n")
		require.Equal(t, "可以受理 / ACCEPT", lines[0])
		require.Equal(t, "证照真实，已入账本，现行有效", lines[1])
	}
}

// refusal is one thing that is wrong with a bundle, and the word for it.
type refusal struct {
	name     string
	edit     func(*parts)
	want     verify.Indication
	sub      verify.SubIndication
	headline string
}

func (f *forge) refuses(t *testing.T, tests []refusal, edit ...func(*verify.Config)) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := f.judge(encode(t, f.bundle(tt.edit)), verify.Expect{}, edit...)
			require.Equal(t, tt.headline, r.Headline)
			require.Equal(t, tt.want, r.Indication)
			require.Equal(t, tt.sub, r.SubIndication)
			require.NotEqual(t, verify.Accept, r.Decision())
		})
	}
}

// TestState_D22: each state has its own word, and what is not known is never 可以受理.
func TestState_D22(t *testing.T) {
	f := newForge(t)
	var tests []refusal
	for state, sub := range map[string]verify.SubIndication{
		"revoked": verify.Revoked, "expired": verify.Expired, "suspended": verify.Suspended,
		"cancelled": verify.Cancelled,
		"annulled":  verify.Annulled, "superseded": verify.Superseded, "withdrawn": verify.Withdrawn,
		"not-yet-valid": verify.NotYetValid, "reserved": verify.NotIssued, "voided": verify.NotIssued,
	} {
		tests = append(tests, refusal{
			state, func(p *parts) { p.status.State = state }, verify.TotalFailed, sub, "status.state",
		})
	}
	open := func(name, headline string, edit func(*parts)) {
		tests = append(tests, refusal{name, edit, verify.Indeterminate, verify.TryLater, headline})
	}
	open("unknown word", "status.state", func(p *parts) { p.status.State = "fine" })
	open("stale", "status.fresh", func(p *parts) { p.status.NextUpdate = now.Add(-time.Second) })
	open("of the future", "status.clock", func(p *parts) {
		p.status.Time, p.status.NextUpdate = now.Add(time.Hour), now.Add(2*time.Hour)
	})
	open("missing", "state.now", func(p *parts) {
		p.late = func(b *record.Bundle) { b.Status, b.StatusSig = nil, nil }
	})
	open("another record", "status.version", func(p *parts) { p.keepState, p.status.Record = true, record.Digest{1} })
	later := func(p *parts) {
		p.status.Identifier, p.status.Version = strings.Replace(p.status.Identifier, ".001.", ".002.", 1), 2
	}
	open("another licence", "status.version", func(p *parts) {
		p.status.Identifier = strings.Replace(p.status.Identifier, "AB12", "AB13", 1)
	})
	tests = append(tests,
		refusal{"later version", later, verify.TotalFailed, verify.Superseded, "status.version"},
		refusal{"later version that is over", func(p *parts) { later(p); p.status.State = "revoked" }, verify.TotalFailed,
			verify.Revoked, "status.state"},
		refusal{"version number", func(p *parts) { p.status.Version = 2 }, verify.TotalFailed,
			verify.SigConstraintsFailure, "status.version"},
		refusal{"days over", func(p *parts) { p.record.ValidUntil = issued }, verify.TotalFailed, verify.Expired,
			"record.validity"},
		refusal{"days to come", func(p *parts) {
			p.record.ValidFrom = record.Date{Year: 2026, Month: 3, Day: 3}
		}, verify.TotalFailed, verify.NotYetValid, "record.validity"},
		refusal{"unsigned", func(p *parts) {
			p.late = func(b *record.Bundle) { b.StatusSig = nil }
		}, verify.TotalFailed, verify.FormatFailure, "status.form"},
	)
	f.refuses(t, tests)
}

func TestStateSource(t *testing.T) {
	f := newForge(t)
	b := f.bundle(nil)
	bare := *b
	bare.Status, bare.StatusSig = nil, nil
	rec, err := record.Parse(b.Record)
	require.NoError(t, err)
	good := verify.Status{Identifier: rec.Identifier, Record: record.Sum(b.Record), State: "valid", Since: issued,
		Time: now}
	with := func(s verify.Status, err error) func(*verify.Config) {
		return func(c *verify.Config) { c.Status = source{s, err} }
	}
	change := func(edit func(*verify.Status)) verify.Status { s := good; edit(&s); return s }
	for _, tt := range []struct {
		name     string
		status   verify.Status
		err      error
		want     verify.Indication
		headline string
	}{
		{"valid", good, nil, verify.TotalPassed, ""},
		{"revoked", change(func(s *verify.Status) { s.State = "revoked" }), nil, verify.TotalFailed, "source.state"},
		{"silent", good, errors.New("no net"), verify.Indeterminate, "source.answer"},
		{"nothing", verify.Status{}, nil, verify.Indeterminate, "source.answer"},
		{"old", change(func(s *verify.Status) { s.Time = now.Add(-25 * time.Hour) }), nil, verify.Indeterminate,
			"source.answer"},
		{"future", change(func(s *verify.Status) { s.Time = now.Add(time.Hour) }), nil, verify.Indeterminate,
			"source.clock"},
		{"version", change(func(s *verify.Status) { s.Record = record.Digest{1} }), nil, verify.Indeterminate,
			"source.version"},
		{"later version", change(func(s *verify.Status) {
			s.Identifier = strings.Replace(s.Identifier, ".001.", ".002.", 1)
		}), nil, verify.TotalFailed, "source.version"},
		{"identifier", change(func(s *verify.Status) { s.Identifier = "x" }), nil, verify.Indeterminate,
			"source.version"},
	} {
		for _, doc := range []*record.Bundle{&bare, b} {
			r := f.judge(encode(t, doc), verify.Expect{}, with(tt.status, tt.err))
			require.Equal(t, tt.want, r.Indication, tt.name)
			require.Equal(t, tt.headline, r.Headline, tt.name)
		}
	}
	stale := encode(t, f.bundle(func(p *parts) { p.status.NextUpdate = p.status.Time }))
	staleRecord, err := record.ParseBundle(stale)
	require.NoError(t, err)
	good.Record = record.Sum(staleRecord.Record)
	require.Equal(t, verify.TotalPassed, f.judge(stale, verify.Expect{}, with(good, nil)).Indication)
	forged := encode(t, f.bundle(func(p *parts) { p.statusBy = f.other }))
	require.Equal(t, verify.TotalFailed, f.judge(forged, verify.Expect{}, with(good, nil)).Indication)
}

// TestRefusals: each check of record, signature and ledger refuses alone.
func TestRefusals_D22(t *testing.T) {
	f := newForge(t)
	flip := func(b []byte) { b[len(b)-1] ^= 1 }
	late := func(edit func(*record.Bundle)) func(*parts) { return func(p *parts) { p.late = edit } }
	later := now.AddDate(9, 0, 0)
	wrongCheck := func(p *parts) {
		p.record.Identifier = p.record.Identifier[:len(p.record.Identifier)-1] + "?"
		for c := byte('0'); c <= '9'; c++ {
			p.record.Identifier = p.record.Identifier[:len(p.record.Identifier)-1] + string(rune(c))
			if p.record.Identifier != p.event.Identifier {
				break
			}
		}
		p.event.Identifier, p.status.Identifier = p.record.Identifier, p.record.Identifier
	}
	const bad, open = verify.TotalFailed, verify.Indeterminate
	f.refuses(t, []refusal{
		{"record changed", late(func(b *record.Bundle) {
			b.Record = bytes.Replace(b.Record, []byte("示例市"), []byte("示例县"), 1)
		}),
			bad, verify.SigCryptoFailure, "record.signature"},
		{"record no text", late(func(b *record.Bundle) { flip(b.Record) }), bad, verify.FormatFailure, "record.text"},
		{"no signature", late(func(b *record.Bundle) { b.Signature = nil }), bad, verify.FormatFailure, "record.form"},
		{"bytes after signature", late(func(b *record.Bundle) { b.Signature = append(b.Signature, 0) }), bad,
			verify.FormatFailure, "record.form"},
		{"no certificates", late(func(b *record.Bundle) { b.Certificates = nil }), open,
			verify.NoSigningCertificateFound, "record.chain"},
		{"no issuing CA", late(func(b *record.Bundle) { b.Certificates = b.Certificates[:1] }), open,
			verify.NoCertificateChainFound, "record.chain"},
		{"certificate twice", late(func(b *record.Bundle) {
			b.Certificates = append(b.Certificates, b.Certificates[0])
		}),
			open, verify.ChainConstraintsFailure, "record.carried"},
		{"certificate of another",
			late(func(b *record.Bundle) { b.Certificates = append(b.Certificates, f.other.chain[0].Raw) }),
			open, verify.ChainConstraintsFailure, "record.carried"},
		{"certificate no DER", late(func(b *record.Bundle) { b.Certificates[1] = []byte{0x30, 0} }), bad,
			verify.FormatFailure, "record.chain"},
		{"another department signs", func(p *parts) { p.recordBy = f.other }, bad, verify.SigConstraintsFailure,
			"record.signer"},
		{"another department signs openly", func(p *parts) {
			p.recordBy, p.record.Signer = f.other, f.other.chain[0].Digest
		}, bad, verify.SigConstraintsFailure, "record.issuer"},
		{"identifier of another type", func(p *parts) { p.record.TypeCode = p.record.TypeCode[:18] + "002" },
			bad, verify.SigConstraintsFailure, "record.identifier"},
		{"identifier of another issuer", func(p *parts) {
			p.recordBy, p.record.Signer, p.record.IssuerCode = f.other, f.other.chain[0].Digest, f.other.code
		}, bad, verify.SigConstraintsFailure, "record.identifier"},
		{"no identifier", func(p *parts) {
			p.record.Identifier, p.event.Identifier, p.status.Identifier = "1.2.3", "1.2.3", "1.2.3"
		}, bad, verify.FormatFailure, "record.identifier"},
		{"check character", wrongCheck, bad, verify.FormatFailure, "record.check"},
		{"disclosed value", late(func(b *record.Bundle) { b.Disclosures[0].Value += "1" }), bad, verify.HashFailure,
			"record.disclosures"},
		{"disclosed salt", late(func(b *record.Bundle) { b.Disclosures[0].Salt[0]++ }), bad, verify.HashFailure,
			"record.disclosures"},
		{"disclosed twice", late(func(b *record.Bundle) { b.Disclosures = append(b.Disclosures, b.Disclosures[0]) }),
			bad, verify.HashFailure, "record.disclosures"},
		{"no proof", late(func(b *record.Bundle) { b.Proof = nil }), open, verify.NoPOE, "proof.inclusion"},
		{"proof no text", late(func(b *record.Bundle) { b.Proof = b.Proof[1:] }), bad, verify.FormatFailure,
			"proof.text"},
		{"proof of another record", func(p *parts) { p.keepEvent, p.event.Record = true, record.Digest{1} },
			bad, verify.HashFailure, "proof.event"},
		{"proof of another licence", func(p *parts) { p.event.Identifier += "1" }, bad, verify.HashFailure,
			"proof.event"},
		{"proof of another kind", func(p *parts) {
			p.keepEvent, p.event.Kind, p.event.Version = true, record.EventReserved, 0
		}, bad, verify.HashFailure, "proof.event"},
		{"proof no event", late(func(b *record.Bundle) { b.Proof = f.proof(f.vault, []byte("elicense")) }),
			bad, verify.FormatFailure, "proof.event"},
		{"checkpoint of a department", func(p *parts) { p.logBy = f.department }, bad, verify.SigCryptoFailure,
			"proof.inclusion"},
		{"recorded in the future", func(p *parts) { p.event.Recorded = now.Add(time.Hour) }, open, verify.TryLater,
			"proof.clock"},
		{"recorded after the certificate", func(p *parts) { p.event.Recorded = now.AddDate(-1, 0, 0) },
			bad, verify.NotYetValid, "record.chain"},
	})
	f.refuses(t, []refusal{
		{"certificate expired, time not proven",
			late(func(b *record.Bundle) { b.Proof, b.Status, b.StatusSig = nil, nil, nil }),
			bad, verify.Expired, "record.chain"},
	}, func(c *verify.Config) { c.Now = func() time.Time { return later } })
}

// TestBareCommitment: a proof that hides its event proves nothing of a licence.
func TestBareCommitment(t *testing.T) {
	f := newForge(t)
	b := f.bundle(nil)
	p, err := ledger.ParseProof(b.Proof)
	require.NoError(t, err)
	commitment := ledger.Commit([ledger.SaltBytes]byte(p.Salt), p.Event)
	for name, edit := range map[string]func(*ledger.Proof){
		"commitment": func(p *ledger.Proof) { p.Salt, p.Event, p.Commitment = nil, nil, commitment[:] },
		"event away": func(p *ledger.Proof) { p.Event = nil },
	} {
		hidden := p
		edit(&hidden)
		b.Proof, err = ledger.AppendProof(nil, hidden)
		require.NoError(t, err)
		for _, doc := range [][]byte{encode(t, b), b.Proof} {
			r := f.judge(doc, verify.Expect{})
			require.Equal(t, verify.SignedDataNotFound, r.SubIndication, name)
			require.Equal(t, verify.Indeterminate, r.Indication, name)
		}
	}
}

// TestKeysApart: the vault's key makes no licence, a department's no status, receipt or checkpoint.
func TestKeysApart_D22(t *testing.T) {
	f := newForge(t)
	authority := fixtures.Authority().Code
	f.refuses(t, []refusal{
		{"vault signs a licence", func(p *parts) {
			p.recordBy, p.record.Signer, p.record.IssuerCode = f.vault, f.vault.chain[0].Digest, authority
			p.record.Identifier = strings.Replace(p.record.Identifier, f.department.code, authority, 1)
		}, verify.TotalFailed, verify.SigConstraintsFailure, "record.key"},
		{"department signs a status", func(p *parts) { p.statusBy = f.department },
			verify.TotalFailed, verify.SigConstraintsFailure, "status.vault"},
	})
	require.False(t, f.judge(encode(t, f.bundle(nil)), verify.Expect{}, func(c *verify.Config) {
		c.LedgerKeys = nil
	}).Authentic)
	for name, keys := range map[string][]ledger.Verifier{
		"none": nil, "of another vault": {noteKey(t, f.other.vault.NoteKey())},
		"of another name": {noteKey(t, f.enrolAs("other.example").vault.NoteKey())},
	} {
		r := f.judge(encode(t, f.bundle(nil)), verify.Expect{}, func(c *verify.Config) { c.LedgerKeys = keys })
		require.NotEqual(t, verify.TotalPassed, r.Indication, name)
	}
}

// enrolAs is a vault with the same key under another name.
func (f *forge) enrolAs(origin string) body {
	d := fixtures.Authority()
	return f.enrol("vault-signing", d, origin)
}

// TestWitnessVault: a second known vault cannot vouch for the state of a licence in the ledger of the first.
func TestTwoVaults(t *testing.T) {
	f := newForge(t)
	second := f.enrolAs("second.example")
	r := f.judge(encode(t, f.bundle(func(p *parts) {
		p.statusBy, p.status.Vault = second, "second.example"
	})), verify.Expect{}, func(c *verify.Config) {
		c.LedgerKeys = append(c.LedgerKeys, noteKey(t, second.vault.NoteKey()))
	})
	require.Equal(t, "status.version", r.Headline)
	require.Equal(t, verify.Indeterminate, r.Indication)
	r = f.judge(encode(t, f.bundle(func(p *parts) { p.statusBy = second })), verify.Expect{}, func(c *verify.Config) {
		c.LedgerKeys = append(c.LedgerKeys, noteKey(t, second.vault.NoteKey()))
	})
	require.Equal(t, "status.vault", r.Headline, "a known key under another's name")
}

// TestExpectations: what the caller wants is part of the judgement.
func TestExpectations(t *testing.T) {
	f := newForge(t)
	doc := encode(t, f.bundle(nil))
	hidden := encode(t, f.bundle(func(p *parts) { p.opens = nil }))
	p := f.parts()
	good := verify.Expect{
		HolderCode: strings.ToLower(fixtures.FirmAt(1).Code), HolderName: " 示例(福建)食品有限公司", Type: p.record.TypeCode,
		Issuer: p.record.IssuerCode, Number: "示许字第９９０１００号", Identifier: p.record.Identifier, At: now.Add(-time.Hour),
	}
	require.Equal(t, verify.TotalPassed, f.judge(doc, good).Indication)
	require.Equal(t, verify.TotalPassed, f.judge(hidden, verify.Expect{Type: good.Type}).Indication)
	r := f.judge(hidden, good)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.SignedDataNotFound, r.SubIndication)
	for id, expect := range map[string]verify.Expect{
		"expect.holder-code": {HolderCode: fixtures.FirmAt(2).Code}, "expect.holder-name": {HolderName: "示例食品有限公司"},
		"expect.type": {Type: "x"}, "expect.issuer": {Issuer: f.other.code}, "expect.number": {Number: "1"},
		"expect.identifier": {Identifier: p.record.Identifier + "1"},
	} {
		r := f.judge(doc, expect)
		require.Equal(t, id, r.Headline)
		require.Equal(t, verify.ExpectationFailure, r.SubIndication)
		require.Equal(t, verify.Return, r.Decision())
	}
	for _, former := range []string{"350100100012345", "3501001000123", "EX000000-2", "ex0000002"} { // of before 2015
		r := f.judge(doc, verify.Expect{HolderCode: former})
		require.Equal(t, verify.Indeterminate, r.Indication, former)
		require.Equal(t, "expect.holder-code", r.Headline)
		_, reason := r.Headlines("zh")
		require.Contains(t, reason, "不能相比")
		require.NotContains(t, reason, former)
	}
	early := f.judge(doc, verify.Expect{At: now.AddDate(0, 0, -3)})
	require.Equal(t, verify.Indeterminate, func() verify.Indication {
		c, ok := early.Check("status.deciding")
		require.True(t, ok)
		require.Equal(t, verify.CheckIndeterminate, c.Status)
		return verify.Indeterminate
	}())
	require.Equal(t, verify.TotalFailed, early.Indication, "the validity had not begun")
	tomorrow := f.judge(doc, verify.Expect{At: now.AddDate(0, 0, 1)})
	require.Equal(t, verify.Recheck, tomorrow.Decision())
	require.Equal(t, now.AddDate(0, 0, 1).UTC(), tomorrow.RecheckAt)
	first, _ := tomorrow.Headlines("zh")
	require.Contains(t, first, "待 2026-03-03 09:30:00 北京时间 复验")
}

// TestSeveralHolders: code and name must be of one of them.
func TestSeveralHolders(t *testing.T) {
	f := newForge(t)
	a, b := fixtures.FirmAt(1), fixtures.FirmAt(2)
	doc := encode(t, f.bundle(func(p *parts) {
		p.opens[1].Value, p.opens[2].Value = a.Name+"^"+b.Name, a.Code+"^"+b.Code
		for i := range p.opens {
			p.record.Fields[i].Digest = p.opens[i].Digest()
		}
	}))
	require.Equal(t, verify.TotalPassed, f.judge(doc, verify.Expect{HolderCode: b.Code, HolderName: b.Name}).Indication)
	r := f.judge(doc, verify.Expect{HolderCode: a.Code, HolderName: b.Name})
	require.Equal(t, "expect.holder", r.Headline)
}

// TestForeignForm: a department's software may write its signature in another way, if the deployment says so.
func TestForeignForm(t *testing.T) {
	f := newForge(t)
	// An empty set of unsigned attributes, [1] {}, at the end of the SignerInfo.
	doc := encode(t, f.bundle(func(p *parts) {
		p.late = func(b *record.Bundle) { b.Signature = withUnsigned(t, b.Signature) }
	}))
	r := f.judge(doc, verify.Expect{})
	require.Equal(t, "record.form", r.Headline)
	require.Equal(t, verify.Indeterminate, r.Indication)
	r = f.judge(doc, verify.Expect{}, func(c *verify.Config) { c.ForeignForms = true })
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.Len(t, r.Uncovered, 1)
	status := encode(t, f.bundle(func(p *parts) {
		p.late = func(b *record.Bundle) { b.StatusSig = withUnsigned(t, b.StatusSig) }
	}))
	r = f.judge(status, verify.Expect{}, func(c *verify.Config) { c.ForeignForms = true })
	require.Equal(t, "status.form", r.Headline, "a vault writes in one way")
}

// TestTrustIssuing: a bundle that goes up to the root passes where only the issuing CA is trusted.
func TestTrustIssuing(t *testing.T) {
	f := newForge(t)
	doc := encode(t, f.bundle(nil))
	anchors, err := verify.ParseAnchors(pemOf(f.province.Issuing.Certificate()))
	require.NoError(t, err)
	r := f.judge(doc, verify.Expect{}, func(c *verify.Config) { c.Trust = anchors })
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
}
