package vault_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// furnished is a vault with something in every space.
func furnished(t *testing.T, inner engine.Engine) *world {
	t.Helper()
	w := newWorldOn(t, inner)
	w.config.CheckpointKeys = w.ledgerKeys()
	var err error
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	a := w.issue("k", "JY13501020000011")
	_, err = w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("document"))
	require.NoError(t, err)
	_, err = w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: a.Identifier, Basis: "b", Reason: "r", Values: map[string]string{"ZZBH": "JY13501020000018"},
	})
	require.NoError(t, err, problemsOf(err))
	w.reserve("r")
	voided := w.reserve("v")
	_, err = w.v.Void(t.Context(), department(0), "void", voided.Identifier, "理由")
	require.NoError(t, err)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b := w.convertRows("one", w.batchRows(lt, "JY13501020000021", "JY13501020000022", "JY13501020000021"))
	w.signOff(b.ID)
	w.convertRows("two", w.batchRows(lt, "JY13501020000021", "JY13501020000023"))
	w.convertScan()
	_, err = w.v.Grant(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), consentTo("x", "", w.now.AddDate(0, 0, 1)))
	require.NoError(t, err)
	require.NoError(t, w.v.DeclareComplete(t.Context(), operator(), foodType, "*", "X"))
	return w
}

// convertScan commits a row with a scan, in a batch that stays unfinished.
func (w *world) convertScan() (batch string) {
	w.t.Helper()
	t := w.t
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	spec := vault.BatchSpec{Type: foodType, File: record.Sum([]byte("scans"))}
	open, err := w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	scan, err := open.PutScan(t.Context(), []byte("a scan"))
	require.NoError(t, err)
	rows := w.batchRows(lt, "JY13501020000031")
	rows[0].Draft = scanned(t, lt, scan)
	p, err := open.Prepare(t.Context(), 0, rows)
	require.NoError(t, err)
	_, err = open.Commit(t.Context(), p)
	require.NoError(t, err)
	return open.ID()
}

func scanned(t testing.TB, lt *vault.LicenceType, scan vault.Scan) *vault.Checked {
	t.Helper()
	values := food("", "JY13501020000031").Values
	(&world{t: t}).fill(lt, values)
	c := draftWith(t, lt, 1, values, scan)
	return c
}

// settle puts leaves into the ledger and leaves one staged.
func (w *world) settle() {
	w.t.Helper()
	_, err := w.v.Compare(
		w.t.Context(),
		byLaw(),
		vault.Query{Type: foodType, Number: "JY13501020000018"},
		map[string]string{"CZZT": "x"},
	)
	require.NoError(w.t, err)
	_, err = w.v.Checkpoint(w.t.Context())
	require.NoError(w.t, err)
	w.issue("staged", "JY13501020000041")
}

// TestInspectFindsTampering flips a byte of each value of each space below the vault, without any seal: whatever
// follows from something else is found.
func TestInspectFindsTampering(t *testing.T) {
	inner := memory.New()
	w := furnished(t, inner)
	w.settle()
	in := CheckVault(t, w.v)
	require.Positive(t, in.Staged)
	require.Positive(t, in.Leaves)
	// Registrations stand for themselves: nothing else says what they should be, so only their form is held.
	itself := "cofzk"
	spaces := map[byte]int{}
	all := content(t, inner)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		v := all[k]
		if spaces[k[0]]++; spaces[k[0]] > 2 {
			continue
		}
		for _, at := range []int{0, len(v) / 2, len(v) - 1} {
			if len(v) == 0 || k[0] == 'l' && inContent(v, at) {
				continue
			}
			if containsByte(itself, k[0]) && at != 0 {
				continue
			}
			if k[0] == 'k' || k[0] == 'r' && at != 0 || k[0] == 'b' && at == len(v)/2 || containsByte("zq", k[0]) ||
				k[0] == 'u' ||
				k[0] == 'g' && at != 0 {
				continue
			}
			bad := []byte(v)
			bad[at] ^= 0x01
			put(t, inner, k, bad)
			require.True(t, w.noticed(), "space %c, byte %d of %d", k[0], at, len(v))
			put(t, inner, k, []byte(v))
		}
		if !containsByte("cofzkuQqBPC", k[0]) {
			remove(t, inner, k)
			require.True(t, w.noticed(), "a value of space %c was removed", k[0])
			put(t, inner, k, []byte(v))
		}
	}
	for _, s := range "lvedBnhixprqQktTcofybOguSzswPmMCN" {
		require.Positive(t, spaces[byte(s)], "the vault has nothing in space %c", s)
	}
	CheckVault(t, w.v)
}

// TestInspectFindsAuditTampering: the chain shows a changed, removed or swapped entry.
func TestInspectFindsAuditTampering(t *testing.T) {
	inner := memory.New()
	w := newWorldOn(t, inner)
	w.issue("k", "JY13501020000011")
	for name, tamper := range map[string]func(engine.Writer) error{
		"removed": func(e engine.Writer) error { return e.Delete(auditKey(3)) },
		"cut off": func(e engine.Writer) error { return e.Delete(auditKey(w.audits())) },
		"changed": func(e engine.Writer) error {
			b, err := e.Get(auditKey(3))
			b[len(b)-3] ^= 1
			return must(err, e.Put(auditKey(3), b))
		},
		"swapped": func(e engine.Writer) error {
			a, err := e.Get(auditKey(3))
			b, err2 := e.Get(auditKey(4))
			return must(err, err2, e.Put(auditKey(3), b), e.Put(auditKey(4), a))
		},
	} {
		e := memory.New()
		copyEngine(t, inner, e)
		require.NoError(t, e.Update(t.Context(), tamper), name)
		cfg := w.config
		cfg.Engine = e
		v, err := vault.Open(t.Context(), cfg)
		require.NoError(t, err)
		in, err := v.Inspect(t.Context(), operator(), nil)
		require.NoError(t, err)
		require.NotEmpty(t, in.Findings, name)
	}
	CheckVault(t, w.v)
}

// TestInspectSealed: on the engine as it is used, with every value sealed, one flipped byte anywhere is noticed.
func TestInspectSealed(t *testing.T) {
	outer := memory.New()
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{2}, rand.Reader)
	require.NoError(t, err)
	inner, err := sealed.Open(sealed.Config{Inner: outer, Keys: keys, Rand: rand.Reader})
	require.NoError(t, err)
	w := furnished(t, inner)
	w.settle()
	CheckVault(t, w.v)
	spaces := map[string]int{}
	flipped := 0
	for k, v := range content(t, outer) {
		if spaces[k[:1]]++; spaces[k[:1]] > 2 {
			continue
		}
		bad := []byte(v)
		bad[len(bad)/2] ^= 0x80
		put(t, outer, k, bad)
		require.True(t, w.noticed(), "space %c", k[0])
		put(t, outer, k, []byte(v))
		flipped++
	}
	require.Greater(t, flipped, 30)
	CheckVault(t, w.v)
}

// noticed reports whether Inspect has a finding or cannot even read.
func (w *world) noticed() bool {
	cfg := w.config
	v, err := vault.Open(w.t.Context(), cfg)
	if err != nil {
		return true
	}
	in, err := v.Inspect(w.t.Context(), operator(), nil)
	return err != nil || len(in.Findings) > 0
}

// inContent says where a head holds its content digest, the one part that only a draft can tell again.
func inContent(v string, at int) bool {
	return at > len(v)/3 && at < len(v)-1
}

func containsByte(s string, b byte) bool {
	for i := range len(s) {
		if s[i] == b {
			return true
		}
	}
	return false
}

func put(t testing.TB, e engine.Engine, k string, v []byte) {
	t.Helper()
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte(k), v) }))
}

func remove(t testing.TB, e engine.Engine, k string) {
	t.Helper()
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Delete([]byte(k)) }))
}

func copyEngine(t testing.TB, from, to engine.Engine) {
	t.Helper()
	require.NoError(t, from.View(t.Context(), func(r engine.Reader) error {
		return to.Update(t.Context(), func(w engine.Writer) error {
			return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
				return true, w.Put(append([]byte(nil), k...), append([]byte(nil), v...))
			})
		})
	}))
}

func auditKey(n int) []byte { return binary.BigEndian.AppendUint64([]byte{'a'}, uint64(n)) }

func must(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestLedger: every event's proof verifies offline, checkpoints extend each other, and asking without news gives the
// same.
func TestLedger(t *testing.T) {
	w := newWorld(t)
	_, err := w.v.Checkpoint(t.Context())
	require.ErrorIs(t, err, vault.ErrNotFound, "an empty ledger has none")
	var earlier []ledger.SignedCheckpoint
	for i := range 5 {
		for j := range 3 {
			w.issue(fmt.Sprint(i, j), fmt.Sprintf("JY135010200%05d", 100+10*i+j))
		}
		text, err := w.v.Checkpoint(t.Context())
		require.NoError(t, err)
		again, err := w.v.Checkpoint(t.Context())
		require.NoError(t, err)
		require.Equal(t, text, again)
		cp, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
		require.NoError(t, err)
		require.Equal(t, uint64(3*(i+1)), cp.Size)
		for _, old := range earlier {
			hashes, err := w.v.Consistency(t.Context(), old.Size, cp.Size)
			require.NoError(t, err)
			require.NoError(t, ledger.VerifyConsistency(old, cp, hashes))
		}
		earlier = append(earlier, cp)
	}
	_, err = w.v.Consistency(t.Context(), 3, 1000)
	require.Error(t, err)
	CheckVault(t, w.v)
}

// TestRestored: a vault from a backup writes nothing until it has caught up with what was published.
func TestRestored(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	b := w.convert("f", "JY13501020000012")
	backup := memory.New()
	d, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	_, err = w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	copyEngine(t, w.engine, backup)
	same, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	w.issue("later", "JY13501020000013")
	published, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)

	cfg := w.config
	cfg.Engine = backup
	v, err := vault.Open(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, v.MarkRestored(t.Context()))
	v, err = vault.Open(t.Context(), cfg) // it stays marked
	require.NoError(t, err)
	yaml, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	act := vault.Act{Key: "x", Identifier: a.Identifier, Kind: record.EventRevoked, Basis: "b", Reason: "r"}
	req := w.complete(food("x", "JY13501020000019"))
	before := content(t, backup)
	for name, err := range map[string]error{
		"issue":   err2(v.Issue(t.Context(), department(0), req)),
		"reserve": err2(v.Reserve(t.Context(), department(0), w.complete(food("y", "JY13501020000020")))),
		"revoke":  err2(v.Revoke(t.Context(), department(0), act)), "change": err2(v.Change(t.Context(), department(0), act)),
		"attach":   err2(v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("x"))),
		"type":     err2(v.PutType(t.Context(), declare(), yaml)),
		"batch":    err2(v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType})),
		"sign-off": err2(v.SignOffBatch(t.Context(), department(0), b.ID, vault.SignOff{By: "x", Sampled: 1})),
		"undo":     err2(v.UndoBatch(t.Context(), department(0), b.ID, "r", func(vault.Undone) {})),
		"sequence": err2(v.Sequence(t.Context())), "checkpoint": err2(v.Checkpoint(t.Context())),
		"validate":     err2(v.Validate(t.Context(), department(0), req)),
		"validate act": err2(v.ValidateAct(t.Context(), department(0), act)),
		"public":       err2(v.PublicState(t.Context(), d.Token)),
		"status":       err2(v.CurrentStatus(t.Context(), a.Identifier)),
		"declare":      v.DeclareComplete(t.Context(), department(0), foodType, "*", ""),
	} {
		if name == "declare" {
			require.Error(t, err)
			continue
		}
		require.ErrorIs(t, err, vault.ErrRestored, name)
	}
	require.Equal(t, before, content(t, backup))
	own, err := v.Lookup(t.Context(), department(0), vault.Query{Identifier: a.Identifier})
	require.NoError(t, err, "a department reads its own")
	require.Len(t, own.Found, 1)
	claims := map[string]string{"CZZT": "示例食品有限公司"}
	q := vault.Query{Identifier: a.Identifier}
	for name, err := range map[string]error{
		"by law":    err2(v.Lookup(t.Context(), byLaw(), q)),
		"by holder": err2(v.Lookup(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), q)),
		"history":   err2(v.History(t.Context(), byLaw(), a.Identifier)),
		"receipt":   err2(v.Lookup(t.Context(), department(0), vault.Query{Identifier: a.Identifier, Receipt: true})),
		"compare":   err2(v.Compare(t.Context(), department(0), q, claims)),
		"bundle":    err2(v.Bundle(t.Context(), department(0), a.Identifier)),
	} {
		require.ErrorIs(t, err, vault.ErrRestored, "%s: what was revoked since must not be called valid", name)
	}

	cp := func(text []byte) ledger.Checkpoint {
		c, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
		require.NoError(t, err)
		return c.Checkpoint
	}
	require.ErrorIs(t, v.CatchUp(t.Context(), operator(), cp(published)), vault.ErrRestored, "a licence is missing")
	forked := cp(same)
	forked.Root[0] ^= 1
	require.ErrorIs(t, v.CatchUp(t.Context(), operator(), forked), vault.ErrRestored)
	other := cp(same)
	other.Origin = "another.example"
	require.ErrorIs(t, v.CatchUp(t.Context(), operator(), other), vault.ErrRestored)
	require.ErrorIs(t, v.CatchUp(t.Context(), department(0), cp(same)), vault.ErrDenied)
	require.NoError(t, v.CatchUp(t.Context(), operator(), cp(same)))
	_, err = v.Issue(t.Context(), department(0), req)
	require.NoError(t, err)
	CheckVault(t, v)
}

// TestInspectFindsOpenedBatch_A73: a batch that nobody has signed off and that look-ups show is found.
func TestInspectFindsOpenedBatch_A73(t *testing.T) {
	w := newWorld(t)
	b := w.convert("file", number(1))
	CheckVault(t, w.v)
	put(t, w.engine, "O"+b.ID, nil)
	in, err := w.v.Inspect(t.Context(), operator(), nil)
	require.NoError(t, err)
	require.Len(t, in.Findings, 1)
	require.Contains(t, in.Findings[0].What, "not signed off")
}

// findings are what an inspection finds.
func (w *world) findings() string {
	w.t.Helper()
	in, err := w.v.Inspect(w.t.Context(), operator(), nil)
	require.NoError(w.t, err)
	return fmt.Sprint(in.Findings)
}

// TestInspectFindsHighTile: a hash above the leaves that was altered, under which proofs fail, is found.
func TestInspectFindsHighTile(t *testing.T) {
	w := newWorld(t)
	numbers := make([]string, ledger.TileWidth+1)
	for i := range numbers {
		numbers[i] = number(1000 + i)
	}
	w.convert("file", numbers...)
	_, err := w.v.Sequence(t.Context())
	require.NoError(t, err)
	CheckVault(t, w.v)
	high := 0
	for k, v := range content(t, w.engine) {
		if k[0] != 'm' || k[1] == 0 {
			continue
		}
		high++
		bad := []byte(v)
		bad[0] ^= 1
		put(t, w.engine, k, bad)
	}
	require.Equal(t, 1, high)
	require.Contains(t, w.findings(), "does not follow from the leaves")
}

// TestInspectFindsForeignCheckpoint_D1_4: a checkpoint that the vault's own key has signed over another tree is found.
func TestInspectFindsForeignCheckpoint_D1_4(t *testing.T) {
	w := furnished(t, memory.New())
	text, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	cp, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
	require.NoError(t, err)
	CheckVault(t, w.v)
	other := cp.Checkpoint
	other.Root[0] ^= 1
	signed, err := ledger.SignCheckpoint(other, w.province.Vault)
	require.NoError(t, err)
	key := append([]byte{'C'}, binary.BigEndian.AppendUint64(nil, other.Size)...)
	put(t, w.engine, string(key), signed)
	require.Contains(t, w.findings(), "is not of this tree")
}

// TestInspectFindsOpenedType_A69: a classified type that was opened beneath the vault is found.
func TestInspectFindsOpenedType_A69(t *testing.T) {
	w := newWorld(t)
	w.reclassify(foodType, catalogue.LevelSecret)
	CheckVault(t, w.v)
	stored := []byte(content(t, w.engine)["t"+foodType])
	require.Equal(t, byte(1), stored[1], "closed")
	stored[1] = 0
	put(t, w.engine, "t"+foodType, stored)
	require.Contains(t, w.findings(), "type in force is not its definition")
}
