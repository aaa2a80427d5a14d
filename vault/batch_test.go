package vault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// line is a row of a made-up ledger: which number, which content, which holder, which identifier.
type line struct {
	number, text, holder int
	identifier           string
	from                 string // beginning of the validity, or that of food
	rejected             bool
}

func (w *world) lines(lt *vault.LicenceType, first int, list ...line) []vault.BatchRow {
	rows := make([]vault.BatchRow, len(list))
	for i, l := range list {
		rows[i] = vault.BatchRow{Row: first + i + 1, Rejected: "value_missing"}
		if l.rejected {
			continue
		}
		values := food("", number(l.number)).Values
		w.fill(lt, values)
		values["CZZT"] = fmt.Sprintf("示例%d号有限公司", l.text)
		if l.holder > 0 {
			values["CZZTDM"] = firm(l.holder)
		}
		if l.from != "" {
			from, err := time.Parse(time.DateOnly, l.from)
			require.NoError(w.t, err)
			values["ZZYXQQSRQ"], values["ZZYXQJZRQ"] = l.from, from.AddDate(5, 0, -1).Format(time.DateOnly)
		}
		if l.identifier != "" {
			values["ZZBS"] = l.identifier
		}
		rows[i] = vault.BatchRow{Row: first + i + 1, Draft: draft(w.t, lt, first+i+1, values)}
	}
	return rows
}

func outcomes(list []vault.RowResult) string {
	s := ""
	for i, r := range list {
		if i > 0 {
			s += " "
		}
		s += string(r.Outcome)
		if r.Code != "" {
			s += "/" + string(r.Code)
		}
		if r.OtherRow > 0 {
			s += fmt.Sprintf("@%d", r.OtherRow)
		}
	}
	return s
}

// work converts groups with a real run and a dry run before it, which must agree.
func (w *world) work(t testing.TB, file string, groups ...[]line) (string, *vault.BatchAccount) {
	t.Helper()
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	spec := vault.BatchSpec{Type: foodType, File: record.Sum([]byte(file))}
	dry, err := w.v.OpenDryRun(t.Context(), department(0), spec, memory.New())
	require.NoError(t, err)
	var rows [][]vault.BatchRow
	at := 0
	for _, g := range groups {
		rows = append(rows, w.lines(lt, at, g...))
		at += len(g)
	}
	before := content(t, w.engine)
	said := ""
	for _, g := range rows {
		list, err := dry.Judge(t.Context(), g)
		require.NoError(t, err)
		said += outcomes(list) + "; "
	}
	require.Equal(t, before, content(t, w.engine))
	b, err := w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	did := ""
	for g := range rows {
		p, err := b.Prepare(t.Context(), g, rows[g])
		require.NoError(t, err)
		list, err := b.Commit(t.Context(), p)
		require.NoError(t, err)
		did += outcomes(list) + "; "
	}
	require.Equal(t, said, did, "a dry run tells the truth")
	account, err := b.Finish(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, dry.Counts(), account.Counts)
	c := account.Counts
	require.Equal(t, at, c.Rows)
	require.Equal(t, c.Rows, c.Created+c.Updated+c.Unchanged+c.Conflict+c.Rejected)
	return did, account
}

// TestDecide_A73: what becomes of a row, by what the vault has.
func TestDecide_A73(t *testing.T) {
	w := newWorld(t)
	live := w.issue("live", number(1))
	ended := w.issue("ended", number(2))
	_, err := w.v.Revoke(t.Context(), department(0), vault.Act{
		Key: "e", Identifier: ended.Identifier, Kind: record.EventCancelled, Basis: "b", Reason: "r",
	})
	require.NoError(t, err)
	stock, _ := w.work(t, "stock", []line{{number: 3}, {number: 4}, {number: 5}})
	require.Equal(t, "created created created; ", stock)
	foreign, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "FOREIGN", 1)
	require.NoError(t, err)
	second := live.Identifier
	for name, c := range map[string]struct {
		groups [][]line
		want   string
	}{
		"rejected":                  {[][]line{{{rejected: true}}}, "rejected/value_missing; "},
		"unchanged":                 {[][]line{{{number: 3}}}, "unchanged; "},
		"lives on":                  {[][]line{{{number: 1, text: 9}}}, "conflict/conflict-living-licence; "},
		"ended":                     {[][]line{{{number: 2, text: 9}}}, "conflict/conflict-state; "},
		"another holder":            {[][]line{{{number: 4, holder: 6}}}, "conflict/conflict-other-holder; "},
		"another identifier":        {[][]line{{{number: 5, text: 3, identifier: foreign.String()}}}, "conflict/identifier-other-licence; "},
		"by its identifier":         {[][]line{{{number: 70, text: 3, identifier: second}}}, "conflict/conflict-living-licence; "},
		"twice in a group":          {[][]line{{{number: 10}, {number: 10}}}, "created unchanged; "},
		"twice and otherwise":       {[][]line{{{number: 11}, {number: 11, text: 1}}}, "created conflict/conflict-same-file@1; "},
		"thrice":                    {[][]line{{{number: 12}, {number: 12}, {number: 12, text: 1}}}, "created unchanged conflict/conflict-same-file@1; "},
		"in another group":          {[][]line{{{number: 13}}, {{number: 13}}, {{number: 13, text: 1}}}, "created; unchanged; conflict/conflict-same-file@1; "},
		"unchanged, then otherwise": {[][]line{{{number: 3}, {number: 3, text: 7}}, {{number: 3, text: 8}}}, "unchanged conflict/conflict-same-file@1; conflict/conflict-same-file@1; "},
		"one identifier, two numbers": {
			[][]line{{{number: 14, identifier: foreign.String()}, {number: 15, text: 2, identifier: foreign.String()}},
				{{number: 16, text: 3, identifier: foreign.String()}}},
			"created conflict/conflict-same-file@1; conflict/conflict-same-file@1; ",
		},
	} {
		got, _ := w.work(t, name, c.groups...)
		require.Equal(t, c.want, got, name)
	}
	got, _ := w.work(
		t,
		"updated",
		[]line{{number: 5, text: 77}, {number: 5, text: 77}},
		[]line{{number: 5, text: 78}, {number: 5}},
	)
	require.Equal(t, "updated unchanged; conflict/conflict-same-file@1 conflict/conflict-same-file@1; ", got)
	CheckVault(t, w.v)
}

// TestValidityGap_A73: no row takes a licence that is in force out of it until a later day; one of a licence that is not
// yet in force may.
func TestValidityGap_A73(t *testing.T) {
	w := newWorld(t)
	stock, _ := w.work(t, "stock", []line{{number: 1}, {number: 2, from: "2026-05-01"}, {number: 3}})
	require.Equal(t, "created created created; ", stock)
	again, _ := w.work(t, "again",
		[]line{{number: 1, from: "2026-04-01"}, {number: 2, from: "2026-06-01"}, {number: 3, from: "2026-03-02"}},
		[]line{{number: 1, text: 5}})
	require.Equal(t, "conflict/validity-gap updated updated; updated; ", again, "what was refused claims no licence")

	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, File: record.Sum([]byte("f"))})
	require.NoError(t, err)
	p, err := b.Prepare(t.Context(), 0, w.lines(lt, 0, line{number: 2, text: 6, from: "2026-07-01"}))
	require.NoError(t, err)
	w.now = time.Date(2026, 6, 1, 1, 0, 0, 0, zone)
	list, err := b.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "conflict/validity-gap", outcomes(list), "it came into force between preparing and committing")
	CheckVault(t, w.v)
}

// TestDryRunTellsTheTruth_A73 draws ledgers of few numbers, so that everything meets.
func TestDryRunTellsTheTruth_A73(t *testing.T) {
	w := newWorld(t)
	files := 0
	rapid.Check(t, func(r *rapid.T) {
		row := rapid.Custom(func(r *rapid.T) line {
			return line{
				number: rapid.IntRange(0, 4).Draw(r, "number"), text: rapid.IntRange(0, 2).Draw(r, "text"),
				rejected: rapid.IntRange(0, 9).Draw(r, "rejected") == 0,
			}
		})
		group := rapid.SliceOfN(row, 0, 4)
		files++
		w.work(t, fmt.Sprint("rapid", files), rapid.SliceOfN(group, 1, 3).Draw(r, "groups")...)
	})
	CheckVault(t, w.v)
}

// TestOvertaken: what happens between preparing and committing is seen.
func TestOvertaken(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, File: record.Sum([]byte("f"))})
	require.NoError(t, err)
	p, err := b.Prepare(t.Context(), 0, w.lines(lt, 0, line{number: 1}, line{number: 2, text: 5}))
	require.NoError(t, err)
	w.issue("faster", number(2))
	list, err := b.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "created conflict/conflict-living-licence", outcomes(list))
	_, err = b.Commit(t.Context(), p)
	require.ErrorIs(t, err, vault.ErrBatch, "the group is done")
	late, err := b.Prepare(t.Context(), 1, w.lines(lt, 2, line{number: 3}))
	require.NoError(t, err)
	_, err = b.Finish(t.Context(), nil)
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), late)
	require.ErrorIs(t, err, vault.ErrBatch, "the batch is finished")
	CheckVault(t, w.v)
}

// TestResume_A73: opened again, a batch knows which groups are done; the finished file starts a new run.
func TestResume_A73(t *testing.T) {
	f := enginetest.NewFaulty(memory.New(), nil)
	w := newWorldOn(t, f)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	spec := vault.BatchSpec{Type: foodType, File: record.Sum([]byte("f"))}
	groups := [][]vault.BatchRow{
		w.lines(lt, 0, line{number: 1}, line{number: 2}), w.lines(lt, 2, line{number: 3}, line{number: 1, text: 4}),
		w.lines(lt, 4, line{number: 5}),
	}
	for n, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
		b, err := w.v.OpenBatch(t.Context(), department(0), spec)
		require.NoError(t, err)
		p, err := b.Prepare(t.Context(), b.Account().Groups, groups[b.Account().Groups])
		require.NoError(t, err)
		f.SetPlan(enginetest.At(0, fault))
		_, err = b.Commit(t.Context(), p)
		require.ErrorIs(t, err, enginetest.ErrInjected, n)
		f.SetPlan(nil)
	}
	b, err := w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	require.Equal(t, 1, b.Account().Groups, "only what took effect")
	list, done, err := b.Done(t.Context(), 0)
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, "created created", outcomes(list))
	_, done, err = b.Done(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, done)
	for g := 1; g < len(groups); g++ {
		p, err := b.Prepare(t.Context(), g, groups[g])
		require.NoError(t, err)
		_, err = b.Commit(t.Context(), p)
		require.NoError(t, err)
	}
	account, err := b.Finish(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, record.Counts{Rows: 5, Created: 4, Conflict: 1}, account.Counts)
	cert, err := record.ParseBatchCertificate(account.Certificate)
	require.NoError(t, err)
	require.Equal(t, account.Counts, cert.Counts)
	again, err := w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	require.NotEqual(t, account.ID, again.ID())
	CheckVault(t, w.v)
}

// TestUndo_A73: what was created is withdrawn, what was updated returns to its former version by a new one, and a row
// that a later event relies on is refused; started again after a fault at any step, it ends the same.
func TestUndo_A73(t *testing.T) {
	for _, fault := range []enginetest.Fault{enginetest.None, enginetest.Before, enginetest.After, enginetest.Lost} {
		for step := range 5 {
			f := enginetest.NewFaulty(memory.New(), nil)
			w := newWorldOn(t, f)
			_, first := w.work(t, "one", []line{{number: 1}, {number: 2}})
			w.signOff(first.ID)
			_, second := w.work(t, "two", []line{{number: 1, text: 1}, {number: 3}}, []line{{number: 2, text: 1}, {number: 4}})
			find := func(n int) []vault.Found {
				res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(n)})
				require.NoError(t, err)
				return res.Found
			}
			later := vault.Act{Key: "later", Identifier: find(2)[0].Identifier, Basis: "b", Reason: "r"}
			_, err := w.v.Suspend(t.Context(), department(0), later)
			require.NoError(t, err)
			results := map[int]string{}
			visit := func(u vault.Undone) { results[u.Row] = u.Result }
			if fault != enginetest.None {
				f.SetPlan(enginetest.At(step, fault))
				_, err = w.v.UndoBatch(t.Context(), department(0), second.ID, "理由", visit)
				f.SetPlan(nil)
				if err != nil {
					require.ErrorIs(t, err, enginetest.ErrInjected)
					if undoing(t, w, second.ID) {
						_, openErr := w.v.OpenBatch(
							t.Context(),
							department(0),
							vault.BatchSpec{Type: foodType, File: record.Sum([]byte("two"))},
						)
						require.ErrorIs(t, openErr, vault.ErrBatch, "not while it is being undone")
					}
				}
			} else {
				err = errors.New("not begun")
			}
			if err != nil && !isUndone(t, w, second.ID) {
				_, err = w.v.UndoBatch(t.Context(), department(0), second.ID, "理由", visit)
				require.NoError(t, err)
				require.Equal(
					t,
					map[int]string{1: "restored", 2: "withdrawn", 3: "refused", 4: "withdrawn"},
					results,
					"%v %d",
					fault,
					step,
				)
			}
			require.Equal(t, "示例0号有限公司", find(1)[0].Value("CZZT"))
			require.Empty(t, find(3))
			require.Empty(t, find(4))
			_, err = w.v.UndoBatch(t.Context(), department(0), second.ID, "理由", visit)
			require.ErrorIs(t, err, vault.ErrBatch)
			got, _ := w.work(t, "three", []line{{number: 1, text: 2}, {number: 3, text: 2}})
			require.Equal(t, "updated created; ", got, "a corrected ledger goes in after an undo")
			CheckVault(t, w.v)
			if fault == enginetest.None {
				break
			}
		}
	}
}

func stateOf(t *testing.T, w *world, id string) vault.BatchState {
	t.Helper()
	b, err := w.v.Batch(t.Context(), department(0), id, func([]vault.RowResult) bool { return true })
	require.NoError(t, err)
	return b.State
}

func undoing(t *testing.T, w *world, id string) bool {
	t.Helper()
	return stateOf(t, w, id) == vault.BatchUndoing
}

func isUndone(t *testing.T, w *world, id string) bool {
	t.Helper()
	return stateOf(t, w, id) == vault.BatchUndone
}

// TestRestoredIsCurrent: undone before its sign-off, the version that brings the former content back is the one shown.
func TestRestoredIsCurrent(t *testing.T) {
	w := newWorld(t)
	_, first := w.work(t, "one", []line{{number: 1}})
	w.signOff(first.ID)
	_, second := w.work(t, "two", []line{{number: 1, text: 1}})
	_, err := w.v.UndoBatch(t.Context(), department(0), second.ID, "r", func(vault.Undone) {})
	require.NoError(t, err)
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(1)})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
	id, err := code.ParseIdentifier(res.Found[0].Identifier)
	require.NoError(t, err)
	require.Equal(t, 3, id.Version, "no superseded version is current")
	CheckVault(t, w.v)
}

// TestSignOffRules: who, how many, how many defects; only what waits, and only by its department.
func TestSignOffRules(t *testing.T) {
	w := newWorld(t)
	_, b := w.work(t, "one", []line{{number: 1}, {number: 2}})
	for _, so := range []vault.SignOff{
		{}, {By: "x"}, {Sampled: 1}, {By: "x", Sampled: 1, Defects: 2}, {By: "x", Sampled: 1, Defects: -1},
		{By: "a\n", Sampled: 1}, {By: "x", Sampled: 1, Remark: "a\n"},
	} {
		_, err := w.v.SignOffBatch(t.Context(), department(0), b.ID, so)
		require.ErrorIs(t, err, vault.ErrInvalid)
	}
	for _, reason := range []string{"", "a\nb", strings.Repeat("长", 501)} {
		_, err := w.v.UndoBatch(t.Context(), department(0), b.ID, reason, func(vault.Undone) {})
		require.ErrorIs(t, err, vault.ErrInvalid)
		require.Equal(t, vault.BatchWaiting, stateOf(t, w, b.ID))
	}
	good := vault.SignOff{By: "科长", Sampled: 1}
	_, err := w.v.SignOffBatch(t.Context(), byLaw(), b.ID, good)
	require.ErrorIs(t, err, vault.ErrDenied)
	_, theirs := w.v.SignOffBatch(t.Context(), department(1), b.ID, good)
	require.ErrorIs(t, theirs, vault.ErrNotFound)
	_, err = w.v.SignOffBatch(t.Context(), department(0), "unheard-of", good)
	require.Equal(t, theirs, err, "another's batch looks like none")
	w.signOff(b.ID)
	_, err = w.v.SignOffBatch(t.Context(), department(0), b.ID, good)
	require.ErrorIs(t, err, vault.ErrBatch)
	one, err := w.v.Sample(t.Context(), department(0), b.ID, 1, 7)
	require.NoError(t, err)
	same, err := w.v.Sample(t.Context(), department(0), b.ID, 1, 7)
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.Equal(t, one[0].Row, same[0].Row)
	list, err := w.v.Batches(t.Context(), department(1))
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = w.v.Batches(t.Context(), byLaw())
	require.ErrorIs(t, err, vault.ErrDenied)
	_, err = w.v.Batch(t.Context(), department(1), b.ID, func([]vault.RowResult) bool { return true })
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = w.v.Lookup(t.Context(), department(1), vault.Query{Batch: b.ID})
	require.Equal(t, theirs, err)
	open, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, Department: "other"})
	require.ErrorIs(t, err, vault.ErrDenied)
	require.Nil(t, open)
}

// TestScanOfAnother: knowing the digest of a scan does not open it; only the batch that brought it does.
func TestScanOfAnother(t *testing.T) {
	w := furnished(t, memory.New())
	list, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	opened := 0
	for _, b := range list {
		content, err := w.v.SampledScan(t.Context(), department(0), b.ID, record.Sum([]byte("a scan")))
		if err == nil {
			require.Equal(t, "a scan", string(content))
			opened++
			continue
		}
		require.ErrorIs(t, err, vault.ErrNotFound)
	}
	require.Equal(t, 1, opened)
}
