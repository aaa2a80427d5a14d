package verify_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func envelope(t testing.TB, raw []byte, by body, opens []record.Disclosure) []byte {
	t.Helper()
	signature, err := by.vault.SignStatement(t.Context(), raw)
	require.NoError(t, err)
	doc, err := json.Marshal(verify.Envelope{Raw: raw, Signature: signature, Opens: opens})
	require.NoError(t, err)
	return doc
}

// receipt is a signed comparison of number and name, both equal, as edit left it.
func (f *forge) receipt(edit func(*record.Receipt), by body) []byte {
	f.t.Helper()
	p := f.parts()
	raw, err := p.record.Append(nil)
	require.NoError(f.t, err)
	r := &record.Receipt{
		Vault: fixtures.Origin, Kind: "compare", Time: now.Add(-time.Minute),
		Asked:      record.Asked{Caller: "hall", Purpose: "办理", Ground: "law", Level: "none"},
		Identifier: p.record.Identifier, Version: 1, Record: record.Sum(raw), State: "valid",
		SourceTime: now.Add(-time.Hour),
		Result:     "matched", Checkpoint: record.Checkpoint{Size: 5, Root: record.Digest{1}},
	}
	for _, d := range p.opens[:3] {
		r.Claims = append(r.Claims, record.Claim{Field: d.Name, Verdict: "equal", Claimed: d.Digest()})
	}
	if edit != nil {
		edit(r)
	}
	text, err := r.Append(nil)
	require.NoError(f.t, err)
	return envelope(f.t, text, by, p.opens[:3])
}

func TestReceipt(t *testing.T) {
	f := newForge(t)
	r := f.judge(f.receipt(nil, f.vault), verify.Expect{
		HolderCode: fixtures.FirmAt(1).Code, HolderName: "示例（福建）食品有限公司", Issuer: f.department.code,
		Number: "示许字第990100号",
	})
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.Equal(t, verify.KindReceipt, r.Kind)
	for _, tt := range []struct {
		name      string
		edit      func(*record.Receipt)
		want      verify.Indication
		sub       verify.SubIndication
		headline  string
		authentic bool
	}{
		{"different", func(r *record.Receipt) { r.Result, r.Claims[0].Verdict = "different", "different" },
			verify.TotalFailed, verify.ComparisonDifferent, "receipt.result", true},
		{"missing", func(r *record.Receipt) { r.Result, r.Claims[0].Verdict = "missing", "missing" },
			verify.Indeterminate, verify.TryLater, "receipt.result", true},
		{"contradiction", func(r *record.Receipt) { r.Claims[0].Verdict = "different" },
			verify.TotalFailed, verify.SigConstraintsFailure, "receipt.result", true},
		{"revoked", func(r *record.Receipt) { r.State = "revoked" }, verify.TotalFailed, verify.Revoked,
			"receipt.result", true},
		{"unknown state", func(r *record.Receipt) { r.State = "x" }, verify.Indeterminate, verify.TryLater,
			"receipt.result", true},
		{"future", func(r *record.Receipt) { r.Time = now.Add(time.Hour) }, verify.Indeterminate, verify.TryLater,
			"receipt.clock", false},
		{"before the certificate", func(r *record.Receipt) { r.Time = now.AddDate(-1, 0, 0) },
			verify.TotalFailed, verify.NotYetValid, "receipt.chain", false},
		{"other vault", func(r *record.Receipt) { r.Vault = "other.example" },
			verify.TotalFailed, verify.SigConstraintsFailure, "receipt.vault", false},
		{"claim not opened", func(r *record.Receipt) { r.Claims[0].Claimed = record.Digest{1} },
			verify.TotalFailed, verify.HashFailure, "receipt.claims", false},
		{"claim twice", func(r *record.Receipt) { r.Claims = append(r.Claims, r.Claims[0]) },
			verify.TotalFailed, verify.SigConstraintsFailure, "receipt.claims", false},
	} {
		r := f.judge(f.receipt(tt.edit, f.vault), verify.Expect{})
		require.Equal(t, tt.headline, r.Headline, tt.name)
		require.Equal(t, tt.want, r.Indication, tt.name)
		require.Equal(t, tt.sub, r.SubIndication, tt.name)
		require.Equal(t, tt.authentic, r.Authentic, tt.name)
	}
	for at, want := range map[time.Duration]verify.Indication{
		0: verify.TotalPassed, -time.Minute: verify.TotalPassed, -time.Hour: verify.Indeterminate,
		-23 * time.Hour: verify.Indeterminate, time.Hour: verify.Indeterminate,
	} {
		r = f.judge(f.receipt(nil, f.vault), verify.Expect{At: now.Add(at)})
		require.Equal(t, want, r.Indication, "%v %s", at, r.Headline)
	}
	old := f.receipt(func(r *record.Receipt) { r.Time = now.Add(-25 * time.Minute) }, f.vault)
	later := func(c *verify.Config) { c.Now = func() time.Time { return now.AddDate(0, 0, 9) } }
	require.Equal(t, verify.TotalPassed, f.judge(old, verify.Expect{At: now}, later).Indication, "decided on the day")
	r = f.judge(old, verify.Expect{At: now.AddDate(0, 0, 2)}, later)
	require.Equal(t, "receipt.deciding", r.Headline, "decided two days later")
	require.Equal(t, verify.Indeterminate, r.Indication)
	r = f.judge(f.receipt(nil, f.department), verify.Expect{})
	require.Equal(t, "receipt.vault", r.Headline, "a department makes no receipt")
	require.Equal(t, verify.TotalFailed, r.Indication)
	r = f.judge(f.receipt(nil, f.vault), verify.Expect{}, func(c *verify.Config) { c.LedgerKeys = nil })
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.NoSigningCertificateFound, r.SubIndication)
	r = f.judge(f.receipt(nil, f.vault), verify.Expect{HolderName: "别人"})
	require.Equal(t, verify.ExpectationFailure, r.SubIndication)
}

// grow is a ledger of seven leaves with a checkpoint at two of its sizes, and the file that proves the growth.
func (f *forge) grow(by body, origin string, older uint64) (first, file []byte, named record.Checkpoint) {
	f.t.Helper()
	const newer = 7
	tiles := map[ledger.TileID][]byte{}
	read := func(id ledger.TileID) ([]byte, error) {
		if data, ok := tiles[id]; ok {
			return data, nil
		}
		return nil, ledger.ErrTile
	}
	leaves := make([]ledger.Hash, newer)
	for i := range leaves {
		leaves[i] = ledger.Hash{byte(i), 1}
	}
	writes, _, _, err := ledger.Append(0, read, leaves)
	require.NoError(f.t, err)
	for _, w := range writes {
		tiles[w.ID] = w.Data
	}
	sign := func(size uint64) (ledger.Hash, []byte) {
		root, err := ledger.Root(size, read)
		require.NoError(f.t, err)
		signer, err := signing.NewVaultSigner(origin, signing.Config{Key: by.key, Chain: by.chain, Rand: rand.Reader})
		require.NoError(f.t, err)
		text, err := ledger.SignCheckpoint(ledger.Checkpoint{Origin: origin, Size: size, Root: root}, signer)
		require.NoError(f.t, err)
		return root, text
	}
	c := ledger.Consistency{Older: older}
	c.OlderRoot, first = sign(older)
	_, c.Checkpoint = sign(newer)
	c.Hashes, err = ledger.ConsistencyProof(older, newer, read)
	require.NoError(f.t, err)
	file, err = ledger.AppendConsistency(nil, c)
	require.NoError(f.t, err)
	return first, file, record.Checkpoint{Size: int(older), Root: record.Digest(c.OlderRoot)}
}

// TestReceiptNamesItsLedger: what lies beside a receipt is the checkpoint that it names, by a known key of its vault,
// and proves growth from there.
func TestReceiptNamesItsLedger(t *testing.T) {
	f := newForge(t)
	cp, file, named := f.grow(f.vault, fixtures.Origin, 3)
	otherSize, otherFile, _ := f.grow(f.vault, fixtures.Origin, 4)
	forged, forgedFile, _ := f.grow(f.department, fixtures.Origin, 3)
	elsewhere, elsewhereFile, _ := f.grow(f.vault, "other.example", 3)
	flipped := bytes.Clone(file)
	flipped[bytes.IndexByte(flipped, '=')-3] ^= 1
	for _, tt := range []struct {
		name             string
		none             bool // the receipt names no checkpoint
		checkpoint, file []byte
		headline         string
		want             verify.Indication
	}{
		{"both", false, cp, file, "", verify.TotalPassed},
		{"checkpoint alone", false, cp, nil, "", verify.TotalPassed},
		{"neither", false, nil, nil, "", verify.TotalPassed},
		{"none named, none there", true, nil, nil, "", verify.TotalPassed},
		{"none named, one there", true, cp, nil, "receipt.checkpoint", verify.TotalFailed},
		{"none named, growth there", true, nil, file, "receipt.consistency", verify.TotalFailed},
		{"another size", false, otherSize, nil, "receipt.checkpoint", verify.TotalFailed},
		{"another key", false, forged, nil, "receipt.checkpoint", verify.TotalFailed},
		{"another ledger", false, elsewhere, nil, "receipt.checkpoint", verify.TotalFailed},
		{"no checkpoint at all", false, []byte("x"), nil, "receipt.checkpoint", verify.TotalFailed},
		{"growth from another size", false, cp, otherFile, "receipt.consistency", verify.TotalFailed},
		{"growth by another key", false, cp, forgedFile, "receipt.consistency", verify.TotalFailed},
		{"growth of another ledger", false, cp, elsewhereFile, "receipt.consistency", verify.TotalFailed},
		{"growth cut", false, cp, file[:40], "receipt.consistency", verify.TotalFailed},
		{"growth bent", false, cp, flipped, "receipt.consistency", verify.TotalFailed},
	} {
		doc := f.receipt(func(r *record.Receipt) {
			if r.Checkpoint = named; tt.none {
				r.Checkpoint = record.Checkpoint{}
			}
		}, f.vault)
		var e verify.Envelope
		require.NoError(t, json.Unmarshal(doc, &e))
		e.Checkpoint, e.Consistency = tt.checkpoint, tt.file
		doc, err := json.Marshal(e)
		require.NoError(t, err)
		r := f.judge(doc, verify.Expect{})
		require.Equal(t, tt.headline, r.Headline, tt.name)
		require.Equal(t, tt.want, r.Indication, tt.name)
	}
	p := f.parts()
	p.status.Record = record.Digest{1}
	raw, err := p.status.Append(nil)
	require.NoError(t, err)
	var e verify.Envelope
	require.NoError(t, json.Unmarshal(envelope(t, raw, f.vault, nil), &e))
	e.Checkpoint = cp
	doc, err := json.Marshal(e)
	require.NoError(t, err)
	require.Equal(t, "document.members", f.judge(doc, verify.Expect{}).Headline, "a status statement names none")
}

// TestNothingFound: a receipt about nothing is a no, or no answer.
func TestNothingFound(t *testing.T) {
	f := newForge(t)
	for result, want := range map[string]verify.SubIndication{
		"never-issued": verify.NotIssued, "not-converted": verify.TryLater, "source-silent": verify.TryLater,
		"found": verify.TryLater,
	} {
		r := &record.Receipt{
			Vault: fixtures.Origin, Kind: "lookup", Time: now, Result: result,
			Asked: record.Asked{Caller: "hall", Purpose: "办理", Ground: "law", Level: "none"},
		}
		raw, err := r.Append(nil)
		require.NoError(t, err)
		report := f.judge(envelope(t, raw, f.vault, nil), verify.Expect{})
		require.Equal(t, want, report.SubIndication, result)
		require.NotEqual(t, verify.TotalPassed, report.Indication)
		require.True(t, report.Authentic)
	}
}

func TestStatusAlone(t *testing.T) {
	f := newForge(t)
	for _, tt := range []struct {
		name     string
		edit     func(*record.Status)
		by       body
		want     verify.Indication
		headline string
	}{
		{"valid", func(*record.Status) {}, f.vault, verify.TotalPassed, ""},
		{"suspended", func(s *record.Status) { s.State = "suspended" }, f.vault, verify.TotalFailed, "status.state"},
		{"stale", func(s *record.Status) { s.NextUpdate = s.Time }, f.vault, verify.Indeterminate, "status.fresh"},
		{"identifier", func(s *record.Status) { s.Identifier = "1.2" }, f.vault, verify.TotalFailed,
			"status.identifier"},
		{"department", func(*record.Status) {}, f.department, verify.TotalFailed, "status.vault"},
	} {
		p := f.parts()
		p.status.Record = record.Digest{1}
		tt.edit(&p.status)
		raw, err := p.status.Append(nil)
		require.NoError(t, err)
		r := f.judge(envelope(t, raw, tt.by, nil), verify.Expect{})
		require.Equal(t, tt.headline, r.Headline, tt.name)
		require.Equal(t, tt.want, r.Indication, tt.name)
		r = f.judge(envelope(t, raw, tt.by, p.opens), verify.Expect{})
		require.NotEqual(t, verify.TotalPassed, r.Indication, "a status opens nothing")
	}
}

func TestBatchCertificate(t *testing.T) {
	f := newForge(t)
	p := f.parts()
	b := &record.BatchCertificate{
		Vault: fixtures.Origin, Batch: "b-1", TypeCode: p.record.TypeCode, Issuer: f.department.code, Finished: now,
		Counts: record.Counts{Rows: 3, Created: 2, Rejected: 1},
	}
	raw, err := b.Append(nil)
	require.NoError(t, err)
	r := f.judge(envelope(t, raw, f.vault, nil), verify.Expect{Issuer: f.department.code})
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.Equal(t, "3", r.Fact("rows"))
	require.Equal(t, "batch.vault", f.judge(envelope(t, raw, f.department, nil), verify.Expect{}).Headline)
	require.Equal(t, "batch.text", f.judge(envelope(t, raw, f.vault, p.opens), verify.Expect{}).Headline)
	require.Equal(t, "expect.holder-code", f.judge(envelope(t, raw, f.vault, nil),
		verify.Expect{HolderCode: "1"}).Headline)
}

// TestRecordAlone: without proof and state a licence is authentic and no more.
func TestRecordAlone(t *testing.T) {
	f := newForge(t)
	b := f.bundle(nil)
	signature, err := withCertificates(f).Detached(t.Context(), b.Record)
	require.NoError(t, err)
	doc, err := json.Marshal(verify.Envelope{Raw: b.Record, Signature: signature, Opens: b.Disclosures})
	require.NoError(t, err)
	r := f.judge(doc, verify.Expect{})
	require.Equal(t, verify.KindRecord, r.Kind)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.NoPOE, r.SubIndication)
	require.True(t, r.Authentic)
}

func TestProofAndCheckpointAlone(t *testing.T) {
	f := newForge(t)
	b := f.bundle(nil)
	r := f.judge(b.Proof, verify.Expect{})
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.Equal(t, "issued", r.Fact("ledger.event"))
	for kind, sub := range map[record.Kind]verify.SubIndication{
		record.EventRevoked: verify.Revoked, record.EventSuspended: verify.Suspended,
		record.EventCancelled: verify.Cancelled,
		record.EventAnnulled:  verify.Annulled, record.EventSuperseded: verify.Superseded,
		record.EventWithdrawn: verify.Withdrawn, record.EventReserved: verify.NotIssued,
		record.EventVoided: verify.NotIssued,
	} {
		p := f.parts()
		p.event.Kind = kind
		event, err := p.event.Append(nil)
		require.NoError(t, err)
		r := f.judge(f.proof(f.vault, event), verify.Expect{})
		require.Equal(t, sub, r.SubIndication)
		require.Equal(t, verify.TotalFailed, r.Indication)
	}
	require.Equal(t, verify.FormatFailure, f.judge(f.proof(f.vault, []byte("x")), verify.Expect{}).SubIndication)
	p, err := ledger.ParseProof(b.Proof)
	require.NoError(t, err)
	r = f.judge(p.Checkpoint, verify.Expect{})
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.Equal(t, verify.KindCheckpoint, r.Kind)
	p.Checkpoint[len(p.Checkpoint)-5] ^= 1
	require.Equal(t, verify.TotalFailed, f.judge(p.Checkpoint, verify.Expect{}).Indication)
	none := func(c *verify.Config) { c.LedgerKeys = nil }
	require.Equal(t, verify.Indeterminate, f.judge(b.Proof, verify.Expect{}, none).Indication)
}

func TestCertificateAlone(t *testing.T) {
	f := newForge(t)
	leaf, issuing, root := f.department.chain[0], f.department.chain[1], f.department.chain[2]
	r := f.judge(append(pemOf(leaf), pemOf(issuing)...), verify.Expect{Issuer: f.department.code})
	require.Equal(t, verify.Indeterminate, r.Indication, "revocation is not known")
	require.Equal(t, "certificate.revocation", r.Headline)
	require.True(t, func() bool { c, _ := r.Check("certificate.chain"); return c.Status == verify.CheckPassed }())
	require.Equal(t, verify.NoCertificateChainFound, f.judge(leaf.Raw, verify.Expect{}).SubIndication)
	require.Equal(t, verify.TotalPassed, f.judge(root.Raw, verify.Expect{}).Indication)
	require.Equal(t, verify.Indeterminate, f.judge(issuing.Raw, verify.Expect{}).Indication)
	for at, sub := range map[time.Time]verify.SubIndication{
		now.AddDate(-1, 0, 0): verify.NotYetValid, now.AddDate(40, 0, 0): verify.Expired,
	} {
		require.Equal(t, sub, f.judge(root.Raw, verify.Expect{At: at}).SubIndication)
		require.Equal(t, sub, f.judge(leaf.Raw, verify.Expect{At: at}).SubIndication)
	}
}
