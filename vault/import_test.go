package vault_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// newProvincial is another vault, with keys of its own, that knows the same departments.
func (w *world) newProvincial() *world {
	w.t.Helper()
	p := newWorld(w.t)
	p.config.Records = w.province.Custody
	p.config.Now = func() time.Time { return w.now }
	var err error
	p.v, err = vault.Open(w.t.Context(), p.config)
	require.NoError(w.t, err)
	return p
}

// export is a transfer as it travels.
func (w *world) export(identifier string, from int) *vault.Transfer {
	w.t.Helper()
	x, err := w.v.Export(w.t.Context(), department(0), identifier, from)
	require.NoError(w.t, err, problemsOf(err))
	return travelled(w.t, x)
}

func travelled(t testing.TB, x *vault.Transfer) *vault.Transfer {
	t.Helper()
	b, err := json.Marshal(x)
	require.NoError(t, err)
	out := new(vault.Transfer)
	require.NoError(t, json.Unmarshal(b, out))
	return out
}

func (w *world) found(identifier string) vault.Found {
	w.t.Helper()
	res, err := w.v.Lookup(w.t.Context(), department(0), vault.Query{Identifier: identifier})
	require.NoError(w.t, err)
	require.Len(w.t, res.Found, 1)
	return res.Found[0]
}

// history is a licence's events, as each vault keeps them.
func (w *world) history(identifier string) (raws [][]byte, salts [][16]byte) {
	w.t.Helper()
	list, err := w.v.History(w.t.Context(), department(0), identifier)
	require.NoError(w.t, err)
	for _, e := range list {
		raws, salts = append(raws, e.Raw), append(salts, e.Salt)
	}
	return raws, salts
}

// requireSame holds a licence in two vaults against each other: identifier, state, bytes, signatures, values, history.
func requireSame(t *testing.T, a, b *world, identifier string) {
	t.Helper()
	x, y := a.found(identifier), b.found(identifier)
	require.Equal(t, x.Identifier, y.Identifier)
	require.Equal(t, x.Raw, y.Raw)
	require.Equal(t, x.Signature, y.Signature)
	require.Empty(t, cmp.Diff(x.Disclosures, y.Disclosures))
	require.Equal(t, x.State, y.State)
	require.Equal(t, x.Since, y.Since)
	require.Equal(t, x.SourceTime, y.SourceTime)
	require.Len(t, y.Documents, len(x.Documents))
	for i := range x.Documents {
		require.Equal(t, x.Documents[i].Digest, y.Documents[i].Digest)
		content, err := b.v.Content(t.Context(), department(0), identifier, y.Documents[i])
		require.NoError(t, err)
		require.Equal(t, x.Documents[i].Digest, record.Sum(content))
	}
	xr, xs := a.history(identifier)
	yr, ys := b.history(identifier)
	require.Equal(t, xr, yr)
	require.Equal(t, xs, ys)
}

// TestImport_A75: what a department did in its vault is in the province's after the import, the same to the byte, also
// when it goes on where it was, and twice changes nothing.
func TestImport_A75(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	first := city.issue("1", number(1))
	res, err := province.v.Import(t.Context(), department(0), city.export(first.Identifier, 1))
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, 1, res.Added)
	requireSame(t, city, province, first.Identifier)

	city.now = city.now.Add(time.Hour)
	_, err = city.v.Attach(t.Context(), department(0), first.Identifier, "ofd", []byte("a sealed document"))
	require.NoError(t, err)
	_, err = city.v.Change(t.Context(), department(0), vault.Act{
		Key: "2", Identifier: first.Identifier, Basis: "b", Reason: "r", Paper: "纸9",
		Values: map[string]string{"CZZT": "示例食品有限责任公司"},
	})
	require.NoError(t, err, problemsOf(err))
	_, err = city.v.Suspend(t.Context(), department(0), vault.Act{Key: "3", Identifier: first.Identifier, Basis: "b", Reason: "r"})
	require.NoError(t, err)
	whole := city.export(first.Identifier, 1)
	rest := city.export(first.Identifier, res.Events+1)
	require.Len(t, rest.Events, len(whole.Events)-1)
	res, err = province.v.Import(t.Context(), department(0), rest)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, len(rest.Events), res.Added)
	require.Equal(t, vault.Suspended, res.State)
	requireSame(t, city, province, first.Identifier)
	res, err = province.v.Import(t.Context(), department(0), whole)
	require.NoError(t, err, problemsOf(err))
	require.Zero(t, res.Added)
	requireSame(t, city, province, first.Identifier)
	requireSound(t, city, province)
}

// requireSound inspects vaults whole.
func requireSound(t *testing.T, all ...*world) {
	t.Helper()
	for _, w := range all {
		_, err := w.v.Checkpoint(t.Context())
		require.NoError(t, err)
		in, err := w.v.Inspect(t.Context(), operator(), nil)
		require.NoError(t, err)
		require.Empty(t, in.Findings)
	}
}

// bring imports the rest of a licence, with the contents that travel apart.
func (w *world) bring(from *world, identifier string, first int) (transfers, apart int) {
	w.t.Helper()
	for more := true; more; transfers++ {
		x := from.export(identifier, first)
		for _, d := range x.Apart {
			content, err := from.v.ExportContent(w.t.Context(), department(0), identifier, first, d)
			require.NoError(w.t, err)
			kept, err := w.v.KeepContent(w.t.Context(), department(0), identifier, content)
			require.NoError(w.t, err)
			require.Equal(w.t, d, kept.Digest)
			x.Kept = append(x.Kept, kept)
			apart++
		}
		_, err := w.v.Import(w.t.Context(), department(0), x)
		require.NoError(w.t, err, problemsOf(err))
		first, more = first+len(x.Events), x.More
	}
	return transfers, apart
}

// TestImportApart_A75: what is too large for one transfer travels apart, and is the same to the byte.
func TestImportApart_A75(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	identifier := city.issue("1", number(1)).Identifier
	for i, size := range []int{9 << 20, 9 << 20, 13 << 20, 1, 40 << 20} {
		city.now = city.now.Add(time.Minute)
		_, err := city.v.Attach(t.Context(), department(0), identifier, "scan", bytes.Repeat([]byte{byte(i), 7}, size/2+1))
		require.NoError(t, err)
	}
	transfers, apart := province.bring(city, identifier, 1)
	require.Equal(t, []int{4, 2}, []int{transfers, apart}, "9 | 9 | 13 and 1 | 40")
	requireSame(t, city, province, identifier)
	requireSound(t, city, province)
}

// TestImportScansApart_A75: so do the scans of a converted licence.
func TestImportScansApart_A75(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	lt, err := city.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := city.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, File: record.Sum([]byte("file"))})
	require.NoError(t, err)
	scans := make([]vault.Scan, 5)
	for i := range scans {
		scans[i], err = b.PutScan(t.Context(), bytes.Repeat([]byte{byte(i), 9}, 2<<20))
		require.NoError(t, err)
	}
	values := food("", number(1)).Values
	city.fill(lt, values)
	p, err := b.Prepare(t.Context(), 0, []vault.BatchRow{{Row: 1, Draft: draftWith(t, lt, 1, values, scans...)}})
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), p)
	require.NoError(t, err)
	_, err = b.Finish(t.Context(), nil)
	require.NoError(t, err)
	_, err = city.v.SignOffBatch(t.Context(), department(0), b.ID(), vault.SignOff{By: "科长", Sampled: 1})
	require.NoError(t, err)
	transfers, apart := province.bring(city, city.identify(1), 1)
	require.Equal(t, []int{1, 2}, []int{transfers, apart})
	requireSame(t, city, province, city.identify(1))
	requireSound(t, city, province)
}

// TestKeepContentRefused: a content is kept for who may bring the licence, and taken only where it is named.
func TestKeepContentRefused(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	identifier := city.issue("1", number(1)).Identifier
	large := bytes.Repeat([]byte{1}, 13<<20)
	_, err := city.v.Attach(t.Context(), department(0), identifier, "scan", large)
	require.NoError(t, err)
	x := city.export(identifier, 2)
	require.Len(t, x.Apart, 1)
	_, err = city.v.ExportContent(t.Context(), department(1), identifier, 2, x.Apart[0])
	require.ErrorIs(t, err, vault.ErrDenied)
	for from, digest := range map[int]record.Digest{1: x.Apart[0], 2: {}, 3: x.Apart[0]} {
		_, err = city.v.ExportContent(t.Context(), department(0), identifier, from, digest)
		require.ErrorIs(t, err, vault.ErrNotFound, from)
	}
	_, err = province.v.KeepContent(t.Context(), department(1), identifier, large)
	require.ErrorIs(t, err, vault.ErrDenied)
	_, err = province.v.Import(t.Context(), department(0), city.export(identifier, 1))
	require.NoError(t, err)
	other, err := province.v.KeepContent(t.Context(), department(0), identifier, []byte("another"))
	require.NoError(t, err)
	for name, kept := range map[string][]vault.KeptContent{
		"none": nil, "another": {other}, "another's address": {{Digest: x.Apart[0], Address: other.Address}},
		"no such address": {{Digest: x.Apart[0]}},
	} {
		x.Kept = kept
		_, err = province.v.Import(t.Context(), department(0), x)
		require.Equal(t, vault.CodeImportInvalid, vault.CodeOf(err), name)
	}
	kept, err := province.v.KeepContent(t.Context(), department(0), identifier, large)
	require.NoError(t, err)
	x.Kept = []vault.KeptContent{other, kept}
	_, err = province.v.Import(t.Context(), department(0), x)
	require.NoError(t, err, problemsOf(err))
}

// TestImportFreshKeys: a vault that took everything over names persons, numbers, serials of papers and documents by keys
// of its own: whoever knows the first vault's token and blob keys can do nothing with them in the second.
func TestImportFreshKeys(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	first := city.issue("1", number(1))
	_, err := city.v.Attach(t.Context(), department(0), first.Identifier, "ofd", []byte("a sealed document"))
	require.NoError(t, err)
	_, err = province.v.Import(t.Context(), department(0), city.export(first.Identifier, 1))
	require.NoError(t, err, problemsOf(err))
	requireSame(t, city, province, first.Identifier)
	for name, space := range map[string]byte{"number": 'n', "holder": 'h', "paper": 'p', "document": 'B', "licence": 'v'} {
		before, after := keysIn(t, city, space), keysIn(t, province, space)
		require.Len(t, after, len(before), name)
		require.NotEmpty(t, before, name)
		for key := range before {
			require.NotContains(t, after, key, name)
		}
	}
}

// keysIn are the keys of a space.
func keysIn(t *testing.T, w *world, space byte) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	require.NoError(t, w.config.Engine.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: []byte{space}, KeysOnly: true}, func(key, _ []byte) (bool, error) {
			keys[string(key)] = true
			return true, nil
		})
	}))
	return keys
}

// TestImportReserved: a number that the vault made comes with its licence, and not before.
func TestImportReserved(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	req := city.complete(food("1", ""))
	req.Division, req.Paper = "350102", ""
	ticket, err := city.v.Reserve(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	_, err = city.v.Export(t.Context(), department(0), ticket.Identifier, 1)
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = city.v.Confirm(t.Context(), department(0), vault.Confirmation{Key: "2", Identifier: ticket.Identifier, Paper: "纸1"})
	require.NoError(t, err)
	x := city.export(ticket.Identifier, 1)
	require.Len(t, x.Events, 2)
	only := *x
	only.Events = x.Events[:1]
	_, err = province.v.Import(t.Context(), department(0), &only)
	require.Equal(t, vault.CodeImportReserved, vault.CodeOf(err))
	_, err = province.v.Import(t.Context(), department(0), x)
	require.NoError(t, err, problemsOf(err))
	requireSame(t, city, province, ticket.Identifier)
	requireSound(t, province)
}

// TestImportConflicts: what differs, what is taken and what is missing is refused and changes nothing.
func TestImportConflicts(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	first := city.issue("1", number(1))
	city.now = city.now.Add(time.Minute)
	_, err := city.v.Suspend(t.Context(), department(0), vault.Act{Key: "2", Identifier: first.Identifier, Basis: "b", Reason: "r"})
	require.NoError(t, err)
	whole := city.export(first.Identifier, 1)
	later := city.export(first.Identifier, 2)
	imported := func(code vault.Code, a vault.Access, x *vault.Transfer) {
		t.Helper()
		_, err := province.v.Import(t.Context(), a, x)
		require.Error(t, err)
		require.Equal(t, code, vault.CodeOf(err), "%v", err)
	}
	imported(vault.CodeImportGap, department(0), later)
	imported(vault.CodeNotIssuer, department(1), whole)

	_, err = province.v.Import(t.Context(), department(0), &vault.Transfer{Identifier: whole.Identifier, From: 1, Events: whole.Events[:1]})
	require.NoError(t, err, problemsOf(err))
	_, err = province.v.Suspend(t.Context(), department(0), vault.Act{Key: "3", Identifier: first.Identifier, Basis: "b", Reason: "other"})
	require.NoError(t, err)
	imported(vault.CodeImportDiffers, department(0), whole)
	imported(vault.CodeImportDiffers, department(0), later)

	another := city.newProvincial()
	_, err = another.v.Issue(t.Context(), department(0), another.complete(food("9", number(1))))
	require.NoError(t, err)
	_, err = another.v.Import(t.Context(), department(0), whole)
	require.Equal(t, vault.CodeNumberTaken, vault.CodeOf(err))
	requireSound(t, province, another)
}

// TestImportForged: whatever is changed in a transfer is noticed.
func TestImportForged(t *testing.T) {
	city := newWorld(t)
	first := city.issue("1", number(1))
	_, err := city.v.Attach(t.Context(), department(0), first.Identifier, "ofd", []byte("a sealed document"))
	require.NoError(t, err)
	good := city.export(first.Identifier, 1)
	other := city.export(city.issue("2", number(2)).Identifier, 1)
	province := city.newProvincial()
	for name, change := range map[string]func(*vault.Transfer){
		"none":       func(x *vault.Transfer) { x.Events = nil },
		"from":       func(x *vault.Transfer) { x.From = 2 },
		"zero":       func(x *vault.Transfer) { x.From = 0 },
		"identifier": func(x *vault.Transfer) { x.Identifier = other.Identifier },
		"event": func(x *vault.Transfer) {
			x.Events[0].Raw = bytes.Replace(x.Events[0].Raw, []byte("2026"), []byte("2025"), 1)
		},
		"salt":       func(x *vault.Transfer) { x.Events[0].Salt[0]++ },
		"short salt": func(x *vault.Transfer) { x.Events[0].Salt = x.Events[0].Salt[1:] },
		"record":     func(x *vault.Transfer) { x.Events[0].Version.Record = other.Events[0].Version.Record },
		"digest": func(x *vault.Transfer) {
			mine, others := record.Sum(good.Events[0].Version.Record), record.Sum(other.Events[0].Version.Record)
			x.Events[0].Raw = bytes.Replace(x.Events[0].Raw, []byte(mine.String()), []byte(others.String()), 1)
			x.Events = x.Events[:1]
		},
		"signature":  func(x *vault.Transfer) { x.Events[0].Version.Signature = other.Events[0].Version.Signature },
		"values":     func(x *vault.Transfer) { x.Events[0].Version.Values = other.Events[0].Version.Values },
		"no version": func(x *vault.Transfer) { x.Events[0].Version = nil },
		"a version":  func(x *vault.Transfer) { x.Events[1].Version = x.Events[0].Version },
		"document":   func(x *vault.Transfer) { x.Events[1].Document.Content = []byte("another") },
		"kind":       func(x *vault.Transfer) { x.Events[1].Document.Kind = "" },
		"no content": func(x *vault.Transfer) { x.Events[1].Document = nil },
		"image":      func(x *vault.Transfer) { x.Events[0].Version.Images = [][]byte{[]byte("x")} },
		"scan":       func(x *vault.Transfer) { x.Events[0].Version.Scans = [][]byte{[]byte("x")} },
		"order":      func(x *vault.Transfer) { x.Events[0], x.Events[1] = x.Events[1], x.Events[0] },
		"batch name": func(x *vault.Transfer) {
			x.Batches = []vault.TransferBatch{{Account: vault.BatchAccount{
				ID: "b", Type: foodType, Issuer: fixtures.Departments()[0].Code,
			}}}
		},
		"batch": func(x *vault.Transfer) { x.Batches = []vault.TransferBatch{{Account: vault.BatchAccount{ID: "b"}}} },
	} {
		x := travelled(t, good)
		change(x)
		_, err := province.v.Import(t.Context(), department(0), x)
		require.Error(t, err, name)
		require.NotEmpty(t, vault.CodeOf(err), "%s: %v", name, err)
	}
	in, err := province.v.Inspect(t.Context(), operator(), nil)
	require.NoError(t, err)
	require.Zero(t, in.Licences)
	_, err = province.v.Import(t.Context(), department(0), good)
	require.NoError(t, err, problemsOf(err))
}

// TestImportFuture: another vault's clock cannot put an event into the future.
func TestImportFuture(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	first := city.issue("1", number(1))
	x := city.export(first.Identifier, 1)
	city.now = city.now.Add(-time.Hour)
	_, err := province.v.Import(t.Context(), department(0), x)
	require.Equal(t, vault.CodeImportInvalid, vault.CodeOf(err))
}

// TestImportConverted: what a conversion brought comes once it is signed off, with its batch; taken back there it is
// taken back here, and nothing is done to the batch here.
func TestImportConverted(t *testing.T) {
	city := newWorld(t)
	province := city.newProvincial()
	_, account := city.work(t, "file", []line{{number: 1, text: 1}, {number: 2, text: 2}})
	name := city.identify(1)
	_, err := city.v.Export(t.Context(), department(0), name, 1)
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = city.v.SignOffBatch(t.Context(), department(0), account.ID, vault.SignOff{By: "科长", Sampled: 1})
	require.NoError(t, err)
	res, err := province.v.Import(t.Context(), department(0), city.export(name, 1))
	require.NoError(t, err, problemsOf(err))
	requireSame(t, city, province, name)
	shown, state := province.shown(1)
	require.Equal(t, "示例1号有限公司", shown)
	require.Equal(t, vault.Valid, state)
	_, err = province.v.UndoBatch(t.Context(), department(0), account.ID, "误", func(vault.Undone) {})
	require.ErrorIs(t, err, vault.ErrBatch)
	_, err = province.v.SignOffBatch(t.Context(), department(0), account.ID, vault.SignOff{By: "科长", Sampled: 1})
	require.ErrorIs(t, err, vault.ErrBatch)

	city.now = city.now.Add(time.Minute)
	city.undo(account.ID)
	res, err = province.v.Import(t.Context(), department(0), city.export(name, res.Events+1))
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, vault.Withdrawn, res.State)
	shown, _ = province.shown(1)
	require.Empty(t, shown)
	requireSound(t, city, province)

	// A conversion of this vault is not taken for another's of the same name.
	other := city.newProvincial()
	other.work(t, "file", []line{{number: 7, text: 7}})
	_, err = other.v.Import(t.Context(), department(0), city.export(name, 1))
	require.Equal(t, vault.CodeImportBatch, vault.CodeOf(err))
}

// FuzzImport: whatever a transfer says, an import refuses it or keeps what can be exported again, byte for byte.
func FuzzImport(f *testing.F) {
	city := newWorld(f)
	first := city.issue("1", number(1))
	_, err := city.v.Attach(f.Context(), department(0), first.Identifier, "ofd", []byte("a sealed document"))
	require.NoError(f, err)
	seed, err := json.Marshal(city.export(first.Identifier, 1))
	require.NoError(f, err)
	f.Add(seed)
	f.Add([]byte(`{"identifier":"1.2.156.3005.2","from":1,"events":[{"raw":"eA==","salt":"eA=="}]}`))
	province := city.newProvincial()
	f.Fuzz(func(t *testing.T, text []byte) {
		var x vault.Transfer
		if json.Unmarshal(text, &x) != nil {
			return
		}
		here := *province
		here.t = t
		res, err := here.v.Import(t.Context(), department(0), &x)
		if err != nil {
			require.Nil(t, res)
			require.NotEmpty(t, vault.CodeOf(err), err)
			return
		}
		require.Len(t, x.Events, len(here.export(x.Identifier, x.From).Events))
		require.Empty(t, cmp.Diff(travelled(t, &x).Events, here.export(x.Identifier, x.From).Events))
	})
}

// FuzzTransferEvent: the parts of a transfer that are read before anything is looked up, changed one by one: what is
// taken is written again as the same bytes, all else is refused with a code.
func FuzzTransferEvent(f *testing.F) {
	city := newWorld(f)
	first := city.issue("1", number(1))
	_, err := city.v.Attach(f.Context(), department(0), first.Identifier, "ofd", []byte("a sealed document"))
	require.NoError(f, err)
	for _, e := range city.export(first.Identifier, 1).Events {
		v := &vault.TransferVersion{}
		if e.Version != nil {
			v = e.Version
		}
		_, _, err := vault.ParseTransferEvent(first.Identifier, &e)
		require.NoError(f, err)
		f.Add(first.Identifier, e.Raw, e.Salt, v.Record, v.Values, e.Version != nil)
	}
	f.Fuzz(func(t *testing.T, identifier string, raw, salt, rec, values []byte, version bool) {
		x := vault.TransferEvent{Raw: raw, Salt: salt}
		if version {
			x.Version = &vault.TransferVersion{Record: rec, Values: values}
		} else {
			x.Document = &vault.TransferDocument{}
		}
		gotEvent, gotRecord, err := vault.ParseTransferEvent(identifier, &x)
		if err != nil {
			require.Nil(t, gotEvent)
			require.Nil(t, gotRecord)
			require.NotEmpty(t, vault.CodeOf(err), err)
			return
		}
		require.Equal(t, raw, gotEvent)
		if version {
			require.Equal(t, rec, gotRecord)
		}
	})
}
