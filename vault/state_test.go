package vault_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

var kinds = []record.Kind{
	record.EventReserved, record.EventVoided, record.EventIssued, record.EventConverted, record.EventChanged,
	record.EventRenewed, record.EventReissued, record.EventAttached, record.EventSuspended, record.EventResumed,
	record.EventCancelled, record.EventRevoked, record.EventAnnulled, record.EventSuperseded, record.EventWithdrawn,
	record.EventRestored,
}

// allowed is the whole law of states, written a second time: every other step is refused.
var allowed = map[vault.State]map[record.Kind]vault.State{
	"": {
		record.EventReserved:  vault.Reserved,
		record.EventIssued:    vault.Valid,
		record.EventConverted: vault.Valid,
	},
	vault.Reserved: {record.EventVoided: vault.Voided, record.EventIssued: vault.Valid},
	vault.Valid: {
		record.EventConverted: vault.Valid, record.EventChanged: vault.Valid, record.EventRenewed: vault.Valid,
		record.EventReissued: vault.Valid, record.EventRestored: vault.Valid, record.EventAttached: vault.Valid,
		record.EventSuspended: vault.Suspended, record.EventCancelled: vault.Cancelled,
		record.EventRevoked: vault.Revoked, record.EventAnnulled: vault.Annulled,
		record.EventSuperseded: vault.Superseded, record.EventWithdrawn: vault.Withdrawn,
	},
	vault.Suspended: {
		record.EventResumed: vault.Valid, record.EventCancelled: vault.Cancelled, record.EventRevoked: vault.Revoked,
		record.EventAnnulled: vault.Annulled, record.EventSuperseded: vault.Superseded,
		record.EventAttached: vault.Suspended,
	},
	vault.Cancelled:  {record.EventAttached: vault.Cancelled},
	vault.Revoked:    {record.EventAttached: vault.Revoked},
	vault.Annulled:   {record.EventAttached: vault.Annulled},
	vault.Superseded: {record.EventAttached: vault.Superseded},
	vault.Withdrawn:  {record.EventConverted: vault.Valid},
	vault.Voided:     {},
}

func TestTransitions(t *testing.T) {
	require.Len(t, vault.States(), len(allowed))
	for _, from := range vault.States() {
		want, ok := allowed[from]
		require.True(t, ok, from)
		for _, kind := range append(slices.Clone(kinds), "unheard-of", "") {
			to, err := vault.Transition(from, kind)
			if want[kind] == "" {
				require.ErrorIs(t, err, vault.ErrTransition, "%s of %q", kind, from)
				require.Empty(t, to)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, want[kind], to, "%s of %q", kind, from)
		}
		if from != "" {
			require.NotEmpty(t, from.Chinese())
		}
	}
}

func day(s string) record.Date {
	d, err := record.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestStatesOfTime(t *testing.T) {
	from, until, none := day("2026-03-01"), day("2026-03-31"), record.Date{}
	for _, c := range []struct {
		state       vault.State
		on          string
		from, until record.Date
		want        vault.State
	}{
		{vault.Valid, "2026-02-28", from, until, vault.NotYetValid},
		{vault.Valid, "2026-03-01", from, until, vault.Valid},
		{vault.Valid, "2026-03-31", from, until, vault.Valid},
		{vault.Valid, "2026-04-01", from, until, vault.Expired},
		{vault.Valid, "2026-04-01", from, none, vault.Valid},
		{vault.Valid, "1950-01-01", none, none, vault.Valid},
		{vault.Suspended, "2026-04-01", from, until, vault.Suspended},
		{vault.Revoked, "2026-02-01", from, until, vault.Revoked},
		{vault.Reserved, "2026-04-01", from, until, vault.Reserved},
	} {
		require.Equal(t, c.want, vault.On(c.state, day(c.on), c.from, c.until))
	}
}

// TestEndIsTheEnd: after each end nothing but a document may follow.
func TestEndIsTheEnd(t *testing.T) {
	w := newWorld(t)
	for i, kind := range []record.Kind{
		record.EventCancelled, record.EventRevoked, record.EventAnnulled, record.EventSuperseded,
	} {
		a := w.issue("k"+string(kind), "JY1350102000002"+string(rune('0'+i)))
		act := vault.Act{Identifier: a.Identifier, Kind: kind, Basis: "依据", Reason: "理由"}
		act.Key = "end " + string(kind)
		_, err := w.v.Revoke(t.Context(), department(0), act)
		require.NoError(t, err)
		for name, do := range map[string]func() error{
			"suspend": func() error { return err2(w.v.Suspend(t.Context(), department(0), act)) },
			"resume":  func() error { return err2(w.v.Resume(t.Context(), department(0), act)) },
			"change":  func() error { return err2(w.v.Change(t.Context(), department(0), act)) },
			"renew":   func() error { return err2(w.v.Renew(t.Context(), department(0), act)) },
			"again":   func() error { return err2(w.v.Revoke(t.Context(), department(0), act)) },
		} {
			act.Key = name + string(kind)
			require.ErrorIs(t, do(), vault.ErrTransition, name)
		}
		act.Kind = record.EventSuspended
		require.ErrorIs(t, err2(w.v.Revoke(t.Context(), department(0), act)), vault.ErrInvalid)
		_, err = w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("late"))
		require.NoError(t, err)
	}
	CheckVault(t, w.v)
}

// TestActRefusals: what an act must say, every problem at once.
func TestActRefusals_D1_3(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	act := vault.Act{Key: "1", Identifier: a.Identifier, Effective: day("2026-03-03"), Reason: "行\n尾"}
	_, err := w.v.Suspend(t.Context(), department(0), act)
	require.ErrorIs(t, err, vault.ErrInvalid)
	require.ElementsMatch(t, []vault.Code{
		vault.CodeEffectiveFuture, vault.CodeActBasisMissing, vault.CodeTextControl,
	}, codesOf(err))

	good := vault.Act{Identifier: a.Identifier, Basis: "依据", Reason: "理由"}
	for name, c := range map[string]struct {
		change func(*vault.Act)
		want   vault.Code
		is     error
	}{
		"before it was issued":  {func(a *vault.Act) { a.Effective = day("2026-02-28") }, vault.CodeEffectiveEarly, vault.ErrInvalid},
		"no reason":             {func(a *vault.Act) { a.Reason = "" }, vault.CodeReasonMissing, vault.ErrInvalid},
		"another version":       {func(a *vault.Act) { a.Version = 2 }, vault.CodeVersionChanged, vault.ErrConflict},
		"no key":                {func(a *vault.Act) { a.Key = "" }, vault.CodeKeyMissing, vault.ErrInvalid},
		"malformed":             {func(a *vault.Act) { a.Identifier = "x" }, vault.CodeIdentifier, vault.ErrInvalid},
		"paper on a suspension": {func(a *vault.Act) { a.Paper = "P" }, vault.CodeStateForbids, vault.ErrInvalid},
		"values on one":         {func(a *vault.Act) { a.Values = map[string]string{"CZZT": "x"} }, vault.CodeFieldUnknown, vault.ErrInvalid},
	} {
		bad := good
		bad.Key = name
		c.change(&bad)
		before := content(t, w.engine)
		_, err := w.v.Suspend(t.Context(), department(0), bad)
		require.ErrorIs(t, err, c.is, name)
		require.Contains(t, codesOf(err), c.want, name)
		require.Equal(t, before, content(t, w.engine), name)
	}
	_, err = w.v.Suspend(
		t.Context(),
		department(1),
		vault.Act{Key: "o", Identifier: a.Identifier, Basis: "b", Reason: "r"},
	)
	require.ErrorIs(t, err, vault.ErrDenied)
	_, err = w.v.Reissue(
		t.Context(),
		department(0),
		vault.Act{Key: "p", Identifier: a.Identifier, Basis: "b", Reason: "r"},
	)
	require.Contains(t, codesOf(err), vault.CodePaperMissing)
	_, err = w.v.Reissue(t.Context(), department(0), vault.Act{
		Key: "p2", Identifier: a.Identifier, Basis: "b", Reason: "r", Paper: "纸JY13501020000011",
	})
	require.ErrorIs(t, err, vault.ErrPaperUsed, "its own old paper is no new one")
	other := vault.Act{Key: "id", Identifier: a.Identifier, Basis: "b", Reason: "r", Values: map[string]string{
		"ZZBS": w.issue("k2", "JY13501020000012").Identifier,
	}}
	_, err = w.v.Change(t.Context(), department(0), other)
	require.Contains(t, codesOf(err), vault.CodeIdentifierOther)
}

func codesOf(err error) []vault.Code {
	var codes []vault.Code
	for _, p := range problemsIn(err) {
		codes = append(codes, p.Code)
	}
	return codes
}

// TestAsOf_TwoAxes: what was in force on a day, by what was known at an instant; a suspension is dated back.
func TestAsOf_TwoAxes(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	w.now = w.now.AddDate(0, 0, 8) // 10 March
	before := w.now.Add(-time.Hour)
	act := vault.Act{Key: "s", Identifier: a.Identifier, Basis: "b", Reason: "r", Effective: day("2026-03-05")}
	_, err := w.v.Suspend(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	w.now = w.now.AddDate(0, 0, 1)
	act.Key, act.Kind, act.Effective = "e", record.EventRevoked, day("2026-03-04") // earlier still
	revoking := w.now.Add(-time.Hour)
	_, err = w.v.Revoke(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	for _, c := range []struct {
		legal string
		known time.Time
		want  vault.State
	}{
		{"2026-03-07", before, vault.Valid},
		{"2026-03-07", revoking, vault.Suspended},
		{"2026-03-04", revoking, vault.Valid},
		{"2026-03-04", time.Time{}, vault.Revoked},
		{"2026-03-07", time.Time{}, vault.Revoked},
		{"2026-03-03", time.Time{}, vault.Valid},
		{"2031-03-01", before, vault.Expired},
	} {
		m, err := w.v.AsOf(t.Context(), byLaw(), a.Identifier, day(c.legal), c.known)
		require.NoError(t, err)
		require.Equal(t, c.want, m.State, "%v", c)
		require.Equal(t, "JY13501020000011", m.Version.Value("ZZBH"))
	}
	_, err = w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-02-01"), time.Time{})
	require.ErrorIs(t, err, vault.ErrNotFound, "not in force yet")
	_, err = w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-03-07"), w.now.AddDate(-1, 0, 0))
	require.ErrorIs(t, err, vault.ErrNotFound, "not known yet")
}

// TestAsOfVersions: the version that was in force, with a document attached between.
func TestAsOfVersions(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	w.now = w.now.AddDate(0, 0, 8)
	_, err := w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("doc"))
	require.NoError(t, err)
	_, err = w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: a.Identifier, Basis: "b", Reason: "r", Values: map[string]string{"CZZT": "示例新名有限公司"},
		Effective: day("2026-03-08"),
	})
	require.NoError(t, err, problemsOf(err))
	for legal, want := range map[string]string{
		"2026-03-07": "示例食品有限公司", "2026-03-08": "示例新名有限公司", "2026-03-10": "示例新名有限公司",
	} {
		m, err := w.v.AsOf(t.Context(), byLaw(), a.Identifier, day(legal), time.Time{})
		require.NoError(t, err)
		require.Equal(t, want, m.Version.Value("CZZT"))
		require.Equal(t, vault.Valid, m.State)
	}
}

// TestHistoryIsAChain: each event names the commitment of the one before; its proof verifies offline.
func TestHistoryIsAChain(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	for i, do := range []func() error{
		func() error { return err2(w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("d"))) },
		func() error {
			return err2(w.v.Change(t.Context(), department(0), vault.Act{
				Key: "c", Identifier: a.Identifier, Basis: "b", Reason: "r",
				Values: map[string]string{"CZZT": "示例改名有限公司"},
			}))
		},
		func() error {
			return err2(w.v.Suspend(t.Context(), department(0), vault.Act{
				Key: "s", Identifier: a.Identifier, Basis: "b", Reason: "r",
			}))
		},
	} {
		if i == 1 {
			_, err := w.v.Sequence(t.Context())
			require.NoError(t, err)
		}
		require.NoError(t, do())
	}
	staged, err := w.v.History(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	require.Nil(t, staged[0].Proof, "no checkpoint yet")
	_, err = w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	list, err := w.v.History(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	require.Len(t, list, 4)
	previous := record.Digest{}
	for i, e := range list {
		require.Equal(t, i+1, e.Event.Number)
		require.Equal(t, previous, e.Event.Previous)
		previous = ledger.Commit(e.Salt, e.Raw)
		p, err := ledger.ParseProof(e.Proof)
		require.NoError(t, err)
		_, err = ledger.VerifyProof(p, e.Raw, w.ledgerKeys()...)
		require.NoError(t, err)
		p.Index++
		_, err = ledger.VerifyProof(p, e.Raw, w.ledgerKeys()...)
		require.Error(t, err)
	}
}
