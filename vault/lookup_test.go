package vault_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func number(i int) string { return fmt.Sprintf("JY135010200%05d", 10000+i) }

// TestPages: every licence that was there before is seen exactly once, whatever is written between two pages.
func TestPages(t *testing.T) {
	w := newWorld(t)
	issuer := fixtures.Departments()[0].Code
	want := map[string]bool{}
	issued := 0
	for i := range 12 {
		want[w.issue(fmt.Sprint(i), number(i)).Identifier] = true
	}
	for name, q := range map[string]vault.Query{
		"issuer": {Type: foodType, Issuer: issuer}, "holder": {HolderKind: "001", HolderCode: firm(1)},
		"holder and type": {HolderKind: "001", HolderCode: firm(1), Type: foodType},
	} {
		seen := map[string]int{}
		q.Limit = 3
		for page := 0; ; page++ {
			res, err := w.v.Lookup(t.Context(), byLaw(), q)
			require.NoError(t, err, name)
			require.LessOrEqual(t, len(res.Found), 3)
			for _, f := range res.Found {
				seen[f.Identifier]++
			}
			if page < 3 {
				issued++
				w.issue(fmt.Sprint(name, page), number(20+issued))
			}
			if q.Cursor = res.Next; q.Cursor == "" {
				break
			}
		}
		for id := range want {
			require.Equal(t, 1, seen[id], name)
		}
		for _, n := range seen {
			require.Equal(t, 1, n, name)
		}
	}
	for _, c := range []struct{ limit, want int }{{0, 21}, {-3, 21}, {1 << 30, 21}, {1, 1}} {
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Issuer: issuer, Limit: c.limit})
		require.NoError(t, err)
		require.Len(t, res.Found, c.want)
	}
}

// TestCursors: a page mark serves its own query only, and cannot be made up or changed.
func TestCursors(t *testing.T) {
	w := newWorld(t)
	issuer := fixtures.Departments()[0].Code
	for i := range 3 {
		w.issue(fmt.Sprint(i), number(i))
	}
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Issuer: issuer, Limit: 1})
	require.NoError(t, err)
	mark := res.Next
	for i := range mark {
		bad := []byte(mark)
		bad[i] ^= 1
		_, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Issuer: issuer, Cursor: string(bad)})
		require.Equal(t, []vault.Code{vault.CodeCursor}, codesOf(err), "character %d", i)
	}
	for _, q := range []vault.Query{
		{HolderKind: "001", HolderCode: firm(1), Cursor: mark}, {Type: foodType, Issuer: fixtures.Departments()[1].Code, Cursor: mark},
		{Type: foodType, Issuer: issuer, Cursor: mark[:10]}, {Type: foodType, Issuer: issuer, Cursor: mark + "AAAA"},
	} {
		_, err := w.v.Lookup(t.Context(), byLaw(), q)
		require.Equal(t, []vault.Code{vault.CodeCursor}, codesOf(err))
	}
}

// TestSpellings: a query is read as a value is, so full-width digits and spaces find the same licence.
func TestSpellings(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	wide := ""
	for _, r := range firm(1) {
		wide += string(r + 0xfee0)
	}
	for _, q := range []vault.Query{
		{HolderKind: "001", HolderCode: wide}, {HolderKind: "001", HolderCode: " " + firm(1)},
		{Type: foodType, Number: "ＪＹ13501020000011"}, {Type: foodType, Number: "JY1350 1020000011"},
	} {
		res, err := w.v.Lookup(t.Context(), byLaw(), q)
		require.NoError(t, err)
		require.Len(t, res.Found, 1)
	}
	res, err := w.v.Lookup(
		t.Context(),
		w.asHolder("001", " "+wide, vault.LevelRealName),
		vault.Query{Identifier: a.Identifier},
	)
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
}

// TestAbsence: what "not found" means, and that it is never said of what the vault holds and does not show.
func TestAbsence(t *testing.T) {
	w := newWorld(t)
	issuer := fixtures.Departments()[0].Code
	ask := func(n string) vault.Absence {
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: n, Issuer: issuer, Receipt: true})
		require.NoError(t, err)
		require.Empty(t, res.Found)
		r, err := record.ParseReceipt(res.Receipt.Raw)
		require.NoError(t, err)
		require.Equal(t, string(res.Absence), r.Result)
		return res.Absence
	}
	require.Equal(t, vault.SourceSilent, ask(number(1)))
	w.issue("k", number(0))
	require.Equal(t, vault.NotConverted, ask(number(1)))
	require.NoError(t, w.v.DeclareComplete(t.Context(), department(0), foodType, issuer, "JY1350102001"))
	require.Equal(t, vault.NeverIssued, ask(number(1)))
	require.Equal(t, vault.NotConverted, ask("JY13501029999999"))
	b := w.convert("f", number(2))
	require.Equal(t, vault.NotConverted, ask(number(2)), "it waits for its sign-off")
	_, err := w.v.UndoBatch(t.Context(), department(0), b.ID, "r", func(vault.Undone) {})
	require.NoError(t, err)
	require.Equal(t, vault.NotConverted, ask(number(2)), "withdrawn reads as not yet converted")
	require.NoError(t, w.v.DeclareComplete(t.Context(), department(0), foodType, issuer, ""))
	require.Equal(t, vault.NeverIssued, ask("JY13501029999999"))
	require.ErrorIs(t, w.v.DeclareComplete(t.Context(), department(1), foodType, issuer, ""), vault.ErrDenied)
	require.ErrorIs(t, w.v.DeclareComplete(t.Context(), department(0), foodType, "*", ""), vault.ErrDenied)
	require.ErrorIs(t, w.v.DeclareComplete(t.Context(), department(0), foodType, issuer, "a\n"), vault.ErrInvalid)
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(5), Type: foodType})
	require.NoError(t, err)
	require.Equal(t, vault.NotConverted, res.Absence, "one issuer is complete, not all")
	require.NoError(t, w.v.DeclareComplete(t.Context(), operator(), foodType, "*", ""))
	res, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(5), Type: foodType})
	require.NoError(t, err)
	require.Equal(t, vault.NeverIssued, res.Absence)
}

// TestSignOffOpens: until its sign-off a batch is hidden and the former version shown; AsOf and history say no more.
func TestSignOffOpens(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	first := w.convertRows("one", w.batchRows(lt, number(1)))
	q := vault.Query{Type: foodType, Number: number(1)}
	find := func(a vault.Access) []vault.Found {
		res, err := w.v.Lookup(t.Context(), a, q)
		require.NoError(t, err)
		return res.Found
	}
	require.Empty(t, find(byLaw()))
	require.Empty(t, find(department(0)))
	w.signOff(first.ID)
	require.Len(t, find(byLaw()), 1)
	id := find(byLaw())[0].Identifier

	changed := food("", number(1)).Values
	w.fill(lt, changed)
	changed["CZZT"] = "示例改名有限公司"
	second := w.convertRows("two", []vault.BatchRow{{Row: 1, Draft: draft(t, lt, 1, changed)}})
	require.Equal(t, 1, second.Counts.Updated)
	_, err = w.v.Attach(t.Context(), department(0), id, "scan", []byte("of the second version"))
	require.NoError(t, err)
	found := find(byLaw())
	require.Equal(t, "示例食品有限公司", found[0].Value("CZZT"))
	require.Equal(t, id, found[0].Identifier)
	require.Equal(t, record.Sum(found[0].Raw), found[0].Digest, "of the version that is shown")
	require.Empty(t, found[0].Documents)
	m, err := w.v.AsOf(t.Context(), byLaw(), id, record.DateOf(w.now), time.Time{})
	require.NoError(t, err)
	require.Equal(t, "示例食品有限公司", m.Version.Value("CZZT"))
	list, err := w.v.History(t.Context(), byLaw(), id)
	require.NoError(t, err)
	require.Len(t, list, 1, "the hidden conversion is left out, and its document")
	list, err = w.v.History(t.Context(), department(0), id)
	require.NoError(t, err)
	require.Len(t, list, 3, "its issuer sees it")
	bundle, err := w.v.Bundle(t.Context(), byLaw(), id)
	require.NoError(t, err)
	rec, err := record.Parse(bundle.Record)
	require.NoError(t, err)
	require.Equal(t, id, rec.Identifier)

	w.signOff(second.ID)
	found = find(byLaw())
	require.Equal(t, "示例改名有限公司", found[0].Value("CZZT"))
	require.Len(t, found[0].Documents, 1)
	content, err := w.v.Content(t.Context(), byLaw(), id, found[0].Documents[0])
	require.NoError(t, err)
	require.Equal(t, "of the second version", string(content))
	stolen := found[0].Documents[0]
	stolen.Kind = "other"
	_, err = w.v.Content(t.Context(), byLaw(), id, stolen)
	require.ErrorIs(t, err, vault.ErrNotFound)
	CheckVault(t, w.v)
}

// TestCompare_A78: verdicts with the rules that made them, byte-equal however asked; the receipt is signed and opens.
func TestCompare_A78_D1_8(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	claims := map[string]string{
		"CZZT": "示例食品有限公司 ", "ZZBFRQ": "2026年3月1日", "CZZTDM": firm(1), "ZZYXQJZRQ": "2030-01-01", "ZZBH": "ＪＹ13501020000011",
	}
	var fields [][]vault.FieldVerdict
	for _, q := range []vault.Query{
		{Identifier: a.Identifier}, {Type: foodType, Number: "JY13501020000011"}, {HolderKind: "001", HolderCode: firm(1)},
	} {
		c, err := w.v.Compare(t.Context(), byLaw(), q, claims)
		require.NoError(t, err)
		require.Equal(t, "different", c.Result)
		require.Equal(t, vault.Valid, c.State)
		require.NotEmpty(t, c.SourceTime)
		fields = append(fields, c.Fields)
		require.Equal(t, fields[0], c.Fields)
		w.checkReceipt(t, c, claims)
	}
	verdicts := map[string]vault.Verdict{}
	for _, f := range fields[0] {
		verdicts[f.Field] = f.Verdict
	}
	require.Equal(t, map[string]vault.Verdict{
		"CZZT": vault.Equal, "ZZBFRQ": vault.Equal, "CZZTDM": vault.Equal, "ZZYXQJZRQ": vault.Different, "ZZBH": vault.Equal,
	}, verdicts)
	for _, bad := range []map[string]string{{}, nil, {"unheard": "x"}, {"CZZT": string(make([]byte, 1<<20))}} {
		_, err := w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, bad)
		require.ErrorIs(t, err, vault.ErrInvalid)
	}
	none, err := w.v.Compare(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(7)}, claims)
	require.NoError(t, err)
	require.Equal(t, string(vault.NotConverted), none.Result)
	w.issue("k2", "JY13501020000012")
	_, err = w.v.Compare(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1)}, claims)
	require.Equal(t, []vault.Code{vault.CodeQuery}, codesOf(err), "which one?")
}

func (w *world) checkReceipt(t *testing.T, c *vault.Comparison, claims map[string]string) {
	t.Helper()
	r, err := record.ParseReceipt(c.Receipt.Raw)
	require.NoError(t, err)
	require.Equal(t, c.Result, r.Result)
	require.Len(t, r.Claims, len(claims))
	for i, claim := range r.Claims {
		require.Equal(t, claim.Claimed, c.Receipt.Opens[i].Digest())
		require.Equal(t, claims[claim.Field], c.Receipt.Opens[i].Value)
		require.Equal(t, string(c.Fields[i].Verdict), claim.Verdict)
	}
	for _, value := range claims {
		require.NotContains(t, string(c.Receipt.Raw), value, "a receipt says nothing of a person")
	}
	require.NotEmpty(t, c.Receipt.Signature)
}

// TestProvenOffline_A78: a receipt and a bundle pass the offline judge, and no longer after one flipped bit.
func TestProvenOffline_A78(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	c, err := w.v.Compare(
		t.Context(),
		byLaw(),
		vault.Query{Identifier: a.Identifier},
		map[string]string{"CZZT": "示例食品有限公司"},
	)
	require.NoError(t, err)
	bundle, err := w.v.Bundle(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	judge, err := verify.New(verify.Config{
		Trust: w.province.Anchors, LedgerKeys: w.ledgerKeys(), Now: w.config.Now, Zone: zone,
	})
	require.NoError(t, err)
	judged := func(doc any) verify.Indication {
		b, err := json.Marshal(doc)
		require.NoError(t, err)
		r, err := judge.Verify(t.Context(), b, verify.Expect{})
		require.NoError(t, err)
		return r.Indication
	}
	require.Equal(t, verify.TotalPassed, judged(c.Receipt))
	require.Equal(t, verify.TotalPassed, judged(bundle))
	c.Receipt.Raw[len(c.Receipt.Raw)/2] ^= 1
	bundle.Record[len(bundle.Record)/2] ^= 1
	require.NotEqual(t, verify.TotalPassed, judged(c.Receipt))
	require.NotEqual(t, verify.TotalPassed, judged(bundle))
}

// TestCompareByAnyName_A78: an element is compared by any of its names, which the receipt and the answer give by the short
// one; the same element by two names is refused, whether there is a licence or not.
func TestCompareByAnyName_A78(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	typ, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	holder, ok := typ.Column("CZZT")
	require.True(t, ok)
	unknown := vault.Query{Type: foodType, Number: "JY13501020000099"}
	for _, name := range []string{"CZZT", "czzt", "certificateHolderName", holder.Label} {
		c, err := w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{name: "示例食品有限公司"})
		require.NoError(t, err, name)
		require.Equal(t, "matched", c.Result, name)
		require.Equal(t, map[string]string{"CZZT": "示例食品有限公司"}, c.Claims)
		require.Equal(t, "CZZT", c.Receipt.Opens[0].Name)
		c, err = w.v.Compare(t.Context(), byLaw(), unknown, map[string]string{name: "x"})
		require.NoError(t, err, name)
		require.Equal(t, map[string]string{"CZZT": "x"}, c.Claims, "by the type that was asked about")
	}
	for _, q := range []vault.Query{{Identifier: a.Identifier}, unknown} {
		_, err = w.v.Compare(t.Context(), byLaw(), q, map[string]string{"CZZT": "x", "certificateHolderName": "示例食品有限公司"})
		require.ErrorIs(t, err, vault.ErrInvalid)
		require.Equal(t, []vault.Code{vault.CodeFieldTwice}, codesOf(err))
	}
}

// TestGuessingLimit: whoever fails too often about one holder is refused for the day, however the question is put.
func TestGuessingLimit(t *testing.T) {
	w := newWorld(t)
	w.config.MaxMismatches = 4
	v, err := vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	a := w.issue("k", "JY13501020000011")
	wrong, right := map[string]string{"CZZT": "别的公司"}, map[string]string{"CZZT": "示例食品有限公司"}
	for _, q := range []vault.Query{
		{Identifier: a.Identifier}, {Identifier: a.Identifier, Type: "junk", Number: "1"},
		{Type: foodType, Number: "JY13501020000011"}, {HolderKind: "001", HolderCode: firm(1)},
	} {
		_, err := v.Compare(t.Context(), byLaw(), q, wrong)
		require.NoError(t, err)
	}
	for _, claims := range []map[string]string{wrong, right} {
		c, err := v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier, Number: "other junk"}, claims)
		require.ErrorIs(t, err, vault.ErrTooMany)
		require.Nil(t, c)
		last := w.auditEntries()[len(w.auditEntries())-1]
		require.Equal(t, []string{"compare", a.Identifier, string(vault.CodeGuessing)}, []string{last.Act, last.Licence, last.Result})
	}
	seen, err := v.Accesses(t.Context(), strongNow(w), 0, 0)
	require.NoError(t, err)
	require.Len(t, seen, 4, "what was refused has shown nothing")
	v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	_, err = v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, wrong)
	require.ErrorIs(t, err, vault.ErrTooMany, "the count is in the engine")
	_, err = v.Compare(t.Context(), department(0), vault.Query{Identifier: a.Identifier}, wrong)
	require.NoError(t, err, "another caller has a count of its own")
	w.now = w.now.AddDate(0, 0, 1)
	_, err = v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, right)
	require.NoError(t, err, "tomorrow is another day")
}

// TestGuessingRace: fifty at once never get more answers than the limit allows.
func TestGuessingRace(t *testing.T) {
	w := newWorld(t)
	w.config.MaxMismatches = 7
	v, err := vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	a := w.issue("k", "JY13501020000011")
	var answered atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c, err := v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{
				"CZZT": fmt.Sprint("公司", i),
			})
			if err == nil && c.Result == "different" {
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 7, answered.Load())
	results := map[string]int{}
	for _, e := range w.auditEntries() {
		if e.Act == "compare" {
			results[e.Result]++
		}
	}
	require.Equal(t, map[string]int{"different": 7, string(vault.CodeGuessing): 43}, results, "as it was answered")
	CheckVault(t, v)
}

// TestAtOnce_A70: what is issued, changed and revoked is seen by the next look-up, with its version.
func TestAtOnce_A70(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	for version := 2; version < 6; version++ {
		ch, err := w.v.Change(t.Context(), department(0), vault.Act{
			Key: fmt.Sprint(version), Identifier: a.Identifier, Basis: "b", Reason: "r",
			Values: map[string]string{"CZZT": fmt.Sprintf("示例%d号有限公司", version)},
		})
		require.NoError(t, err, problemsOf(err))
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
		require.NoError(t, err)
		require.Equal(t, ch.Identifier, res.Found[0].Identifier)
		require.Equal(t, ch.Record, record.Sum(res.Found[0].Raw))
		require.Equal(t, ch.Record, res.Found[0].Digest)
	}
	_, err := w.v.Revoke(t.Context(), department(0), vault.Act{
		Key: "end", Identifier: a.Identifier, Kind: record.EventAnnulled, Basis: "b", Reason: "r",
	})
	require.NoError(t, err)
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
	require.NoError(t, err)
	require.Equal(t, vault.Annulled, res.Found[0].State)
}

// TestAuditors: many readers at once each have their own entry, and the chain is whole.
func TestAuditors(t *testing.T) {
	w := newWorldOn(t, memory.New())
	a := w.issue("k", "JY13501020000011")
	before := w.audits()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for range 5 {
				_, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, before+200, w.audits())
	CheckVault(t, w.v)
}

// TestReceiptNamesCheckpoint: receipts name the last signed checkpoint and bring it, batch certificates one that covers
// the batch; from either the ledger is shown to have only grown.
func TestReceiptNamesCheckpoint(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	receipt := func() (*record.Receipt, []byte) {
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier, Receipt: true})
		require.NoError(t, err)
		r, err := record.ParseReceipt(res.Receipt.Raw)
		require.NoError(t, err)
		return r, res.Receipt.Checkpoint
	}
	r, signed := receipt()
	require.Equal(t, record.Checkpoint{}, r.Checkpoint, "none was signed yet")
	require.Nil(t, signed)
	published, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	cp, err := ledger.ParseCheckpoint(published, w.ledgerKeys()...)
	require.NoError(t, err)
	w.issue("later", number(2)) // not under a checkpoint yet
	for range 2 {
		r, signed = receipt()
		require.Equal(t, record.Checkpoint{Size: int(cp.Size), Root: record.Digest(cp.Root)}, r.Checkpoint)
		require.Equal(t, published, signed)
		_, err = w.v.Sequence(t.Context()) // sequenced is not signed
		require.NoError(t, err)
	}
	c, err := w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{"CZZT": "x"})
	require.NoError(t, err)
	require.Equal(t, published, c.Receipt.Checkpoint)

	b := w.convert("file", number(3), number(4))
	certificate, err := record.ParseBatchCertificate(b.Certificate)
	require.NoError(t, err)
	require.Equal(t, 4, certificate.Checkpoint.Size)
	r, signed = receipt()
	require.Equal(t, certificate.Checkpoint, r.Checkpoint)
	newest, err := ledger.ParseCheckpoint(signed, w.ledgerKeys()...)
	require.NoError(t, err)
	file, err := w.v.Growth(t.Context(), cp.Size)
	require.NoError(t, err)
	growth, err := ledger.ParseConsistency(file)
	require.NoError(t, err)
	require.Equal(t, cp.Root, growth.OlderRoot)
	grown, err := ledger.VerifyGrowth(growth, w.ledgerKeys()...)
	require.NoError(t, err)
	require.Equal(t, newest.Root, grown.Root)
	for _, size := range []uint64{0, 5} {
		_, err := w.v.Growth(t.Context(), size)
		require.ErrorIs(t, err, vault.ErrNotFound)
	}
	CheckVault(t, w.v)
}

// TestPagesOfBatch_A73: what a batch brought is paged through in the order of its rows, each licence once, and rows that
// brought nothing are passed over.
func TestPagesOfBatch_A73(t *testing.T) {
	w := newWorld(t)
	_, old := w.work(t, "old", []line{{number: 9}})
	w.signOff(old.ID)
	_, b := w.work(t, "pages",
		[]line{{number: 3}, {rejected: true}, {number: 9}, {number: 1}}, []line{{number: 3}, {number: 2}, {number: 4}})
	w.signOff(b.ID)
	for limit := 1; limit < 6; limit++ {
		var found []string
		q := vault.Query{Batch: b.ID, Limit: limit}
		for pages := 0; ; pages++ {
			require.Less(t, pages, 6)
			res, err := w.v.Lookup(t.Context(), byLaw(), q)
			require.NoError(t, err)
			require.LessOrEqual(t, len(res.Found), limit)
			for i := range res.Found {
				found = append(found, res.Found[i].Value("ZZBH"))
			}
			if q.Cursor = res.Next; q.Cursor == "" {
				break
			}
		}
		require.Equal(t, []string{number(3), number(1), number(2), number(4)}, found, limit)
	}
	// A holder's consent or login is for the holder's licences, not for a ledger.
	_, err := w.v.Lookup(t.Context(), strongNow(w), vault.Query{Batch: b.ID})
	require.ErrorIs(t, err, vault.ErrDenied)
}
