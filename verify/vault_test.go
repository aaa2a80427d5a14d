package verify_test

import (
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// house is a real vault of the made-up province, with the verifier of a stranger who has root and ledger key.
type house struct {
	t  testing.TB
	v  *vault.Vault
	at time.Time
	j  *verify.Verifier
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, at: now}
	clock := func() time.Time { return h.at }
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	h.v, err = vault.Open(t.Context(), vault.Config{
		Engine: memory.New(), Blobs: blobs, Tokens: keys, Records: province.Custody, Signer: province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, UnsealedUnsafe: true,
	})
	require.NoError(t, err)
	require.NoError(t, fixtures.Settle(t.Context(), h.v))
	h.j, err = verify.New(verify.Config{
		Trust: province.Anchors, LedgerKeys: []ledger.Verifier{noteKey(t, province.Vault.NoteKey())}, Now: clock,
		CrossCheck: true,
	})
	require.NoError(t, err)
	return h
}

func (h *house) issuer() vault.Access {
	return vault.Access{Caller: fixtures.Caller(0), Purpose: "核发证照", Item: "350100-0001", Ground: vault.GroundIssuer}
}

func (h *house) issue() *vault.Answer {
	h.t.Helper()
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(h.t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(h.t, err)
	req := vault.Request{Key: "k1", Type: typ.Code, Paper: "纸1", Values: map[string]string{
		"ZZBH": "JY13501020000001", "CZZT": "示例食品有限公司", "CZZTDM": fixtures.FirmAt(1).Code, "CZZTDMLXDM": "001",
		"ZZBFRQ": "2026-03-01", "ZZYXQQSRQ": "2026-03-01", "ZZYXQJZRQ": "2031-02-28",
	}}
	for _, f := range typ.Fields {
		switch {
		case !f.Rules.Required || req.Values[f.Name] != "":
		case len(f.Rules.Enum) > 0:
			req.Values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			req.Values[f.Name] = "2020-01-01"
		case f.Kind == catalogue.KindDivision:
			req.Values[f.Name] = "350102"
		default:
			req.Values[f.Name] = "示例"
		}
	}
	a, err := h.v.Issue(h.t.Context(), h.issuer(), req)
	require.NoError(h.t, err)
	return a
}

func (h *house) bundle(identifier string, only ...string) []byte {
	h.t.Helper()
	_, err := h.v.Sequence(h.t.Context())
	require.NoError(h.t, err)
	b, err := h.v.Bundle(h.t.Context(), h.issuer(), identifier, only...)
	require.NoError(h.t, err)
	return encode(h.t, b)
}

func (h *house) judge(doc []byte, expect verify.Expect) *verify.Report {
	h.t.Helper()
	r, err := h.j.Verify(h.t.Context(), doc, expect)
	require.NoError(h.t, err)
	return r
}

// TestVault_A35: what a real vault hands out is judged by somebody who has two keys and no network.
func TestVault_A35(t *testing.T) {
	h := newHouse(t)
	a := h.issue()
	h.at = h.at.Add(time.Minute)
	doc := h.bundle(a.Identifier)
	r := h.judge(doc, verify.Expect{HolderName: "示例食品有限公司", Number: a.Number})
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
	one := h.judge(h.bundle(a.Identifier, "ZZBH"), verify.Expect{Number: a.Number})
	require.Equal(t, verify.TotalPassed, one.Indication, "one element proves itself")
	require.Empty(t, one.Fact("element.CZZT"))

	law := vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Item: "350000-0102", Case: "2026-0001", Ground: vault.GroundLaw,
		Basis: fixtures.HallBasis,
	}
	found, err := h.v.Lookup(t.Context(), law, vault.Query{Identifier: a.Identifier, Receipt: true})
	require.NoError(t, err)
	h.receipt(found.Receipt, verify.TotalPassed)
	old := found.Receipt
	for claim, want := range map[string]verify.Indication{
		"示例食品有限公司": verify.TotalPassed, "别家": verify.TotalFailed,
	} {
		c, err := h.v.Compare(t.Context(), law, vault.Query{Identifier: a.Identifier}, map[string]string{"CZZT": claim})
		require.NoError(t, err)
		h.receipt(c.Receipt, want)
	}

	h.at = h.at.Add(time.Hour)
	_, err = h.v.Revoke(t.Context(), h.issuer(), vault.Act{
		Key: "k2", Identifier: a.Identifier, Kind: record.EventRevoked, Basis: "食品安全法第一百二十三条", Reason: "违法经营",
	})
	require.NoError(t, err)
	r = h.judge(h.bundle(a.Identifier), verify.Expect{})
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, verify.Revoked, r.SubIndication, r.Headline)
	require.True(t, r.Authentic)
	h.at = h.at.AddDate(0, 0, 2)
	require.Equal(t, "status.fresh", h.judge(doc, verify.Expect{}).Headline,
		"the old bundle's statement is stale by then")
	h.grown(old)
}

// grown: whoever kept a receipt can be shown later that the ledger it names only grew since.
func (h *house) grown(r *vault.Receipt) {
	h.t.Helper()
	receipt, err := record.ParseReceipt(r.Raw)
	require.NoError(h.t, err)
	require.Positive(h.t, receipt.Checkpoint.Size)
	e := verify.Envelope{Raw: r.Raw, Signature: r.Signature, Opens: r.Opens, Checkpoint: r.Checkpoint}
	e.Consistency, err = h.v.Growth(h.t.Context(), uint64(receipt.Checkpoint.Size))
	require.NoError(h.t, err)
	doc, err := json.Marshal(e)
	require.NoError(h.t, err)
	require.Equal(h.t, "receipt.deciding", h.judge(doc, verify.Expect{}).Headline, "it says what was so then")
	report := h.judge(doc, verify.Expect{At: receipt.Time.Add(time.Minute)})
	require.Equal(h.t, verify.TotalPassed, report.Indication, report.Headline)
	for _, id := range []string{"receipt.checkpoint", "receipt.consistency"} {
		c, ok := report.Check(id)
		require.True(h.t, ok)
		require.Equal(h.t, verify.CheckPassed, c.Status, id)
	}
	require.NotEqual(h.t, report.Fact("checkpoint.size"), report.Fact("ledger.size"))
}

func (h *house) receipt(r *vault.Receipt, want verify.Indication) {
	h.t.Helper()
	doc, err := json.Marshal(r)
	require.NoError(h.t, err)
	report := h.judge(doc, verify.Expect{})
	require.Equal(h.t, want, report.Indication, "%s %s", report.Headline, report.SubIndication)
	require.True(h.t, report.Authentic)
}

// BenchmarkBundle is one licence with proof and status, judged cold: three chain links and three signatures of
// others.
func BenchmarkBundle(b *testing.B) {
	f := newForge(b)
	doc := encode(b, f.bundle(nil))
	v, err := verify.New(f.config())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		r, err := v.Verify(b.Context(), doc, verify.Expect{})
		if err != nil || r.Indication != verify.TotalPassed {
			b.Fatal(r.Headline)
		}
	}
}
