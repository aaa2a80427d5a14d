package vault_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// TestAccesses_A79: a holder sees who looked at what, when and why, whichever way they asked; nobody else's looks, none
// that were refused, and only when logged in strongly.
func TestAccesses_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	me := w.asHolder("001", firm(1), vault.LevelCertificate)
	list, err := w.v.Accesses(t.Context(), me, 0, 0)
	require.NoError(t, err)
	require.Empty(t, list)

	law := byLaw()
	looks := []func() error{
		func() error { return err2(w.v.Lookup(t.Context(), law, vault.Query{Identifier: a.Identifier})) },
		func() error {
			return err2(w.v.Lookup(t.Context(), law, vault.Query{Type: foodType, Number: number(1)}))
		},
		func() error {
			return err2(w.v.Lookup(t.Context(), law, vault.Query{HolderKind: "001", HolderCode: firm(1)}))
		},
		func() error {
			q := vault.Query{Type: foodType, Issuer: fixtures.Departments()[0].Code}
			return err2(w.v.Lookup(t.Context(), department(0), q))
		},
		func() error {
			q := vault.Query{Identifier: a.Identifier}
			return err2(w.v.Compare(t.Context(), law, q, map[string]string{"CZZT": "x"}))
		},
		func() error { return err2(w.v.History(t.Context(), law, a.Identifier)) },
		func() error { return err2(w.v.Bundle(t.Context(), law, a.Identifier)) },
		func() error { return err2(w.v.Drawable(t.Context(), law, a.Identifier)) },
	}
	for _, look := range looks {
		require.NoError(t, look())
	}
	refused := byLaw()
	refused.Basis = "没有的依据"
	require.Error(t, err2(w.v.Lookup(t.Context(), refused, vault.Query{Identifier: a.Identifier})))

	list, err = w.v.Accesses(t.Context(), me, 0, 0)
	require.NoError(t, err)
	require.Len(t, list, len(looks))
	for i, act := range []string{"draw", "bundle", "history", "compare", "lookup", "lookup", "lookup", "lookup"} {
		require.Equal(t, act, list[i].Act)
		require.NotEmpty(t, list[i].Asked.Purpose)
	}
	require.Equal(t, fixtures.Departments()[0].Code, list[4].Department)
	require.Equal(t, law.Case, list[0].Asked.Case)
	page, err := w.v.Accesses(t.Context(), me, list[2].Number, 2)
	require.NoError(t, err)
	require.Equal(t, list[3:5], page)

	other, err := w.v.Accesses(t.Context(), w.asHolder("001", firm(2), vault.LevelCertificate), 0, 0)
	require.NoError(t, err)
	require.Empty(t, other)
	for name, access := range map[string]vault.Access{
		"weak login": w.asHolder("001", firm(1), vault.LevelRegistered), "by law": byLaw(), "issuer": department(0),
	} {
		_, err := w.v.Accesses(t.Context(), access, 0, 0)
		require.Error(t, err, name)
	}
}

// TestAccessesFollowTheHolder: who holds a licence later does not see who looked at it before.
func TestAccessesFollowTheHolder(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	look := func() {
		require.NoError(t, err2(w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})))
	}
	look()
	_, err := w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: a.Identifier, Basis: "依据", Reason: "理由", Values: map[string]string{"CZZTDM": firm(2)},
	})
	require.NoError(t, err, problemsOf(err))
	look()
	look()
	for holder, want := range map[string]int{firm(1): 1, firm(2): 2} {
		list, err := w.v.Accesses(t.Context(), w.asHolder("001", holder, vault.LevelCertificate), 0, 0)
		require.NoError(t, err)
		require.Len(t, list, want)
	}
}

// TestPublicState: whoever holds the token of the QR code learns whether the licence is in force and nothing else, in
// every state; a token that the vault did not make, and a licence that nobody may see, are as if there were none.
func TestPublicState(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	d, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	state := func() vault.State {
		p, err := w.v.PublicState(t.Context(), d.Token)
		require.NoError(t, err)
		require.Equal(t, w.now.UTC(), p.At)
		st, err := w.v.CurrentStatus(t.Context(), a.Identifier)
		require.NoError(t, err)
		require.Equal(t, string(p.State), st.State)
		require.Equal(t, p.Version, st.Version)
		return p.State
	}
	require.Equal(t, vault.Valid, state())
	act := func(kind record.Kind) {
		act := vault.Act{Key: "p " + string(kind), Identifier: a.Identifier, Kind: kind, Basis: "依据", Reason: "理由"}
		if kind == record.EventChanged {
			act.Values = map[string]string{"KZ_FDDBR": "李示例"}
		}
		_, err := w.real(kind)(t.Context(), department(0), act)
		require.NoError(t, err)
	}
	act(record.EventSuspended)
	require.Equal(t, vault.Suspended, state())
	act(record.EventResumed)
	act(record.EventChanged)
	p, err := w.v.PublicState(t.Context(), d.Token)
	require.NoError(t, err)
	require.Equal(t, 2, p.Version)
	now := w.now
	w.now = now.Add(10 * 365 * 24 * time.Hour)
	require.Equal(t, vault.Expired, state())
	w.now = now
	act(record.EventRevoked)
	require.Equal(t, vault.Revoked, state())

	forged := []byte(d.Token)
	forged[0] ^= 1
	for _, token := range []string{"", "x", string(forged), d.Token + "A", d.Token[:len(d.Token)-4], a.Identifier} {
		_, err := w.v.PublicState(t.Context(), token)
		require.ErrorIs(t, err, vault.ErrNotFound, token)
	}
	never, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "NEVER", 1)
	require.NoError(t, err)
	for _, identifier := range []string{"", "x", never.String()} {
		st, err := w.v.CurrentStatus(t.Context(), identifier)
		require.Error(t, err, identifier)
		require.Nil(t, st)
	}
	_, err = w.redefine(foodType, func(def *catalogue.Type) {
		def.Classification = catalogue.Classification{Level: catalogue.LevelSecret, Reason: "保密审查", Decided: "2026-03-01"}
	})
	require.NoError(t, err)
	_, err = w.v.PublicState(t.Context(), d.Token)
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = w.v.CurrentStatus(t.Context(), a.Identifier)
	require.ErrorIs(t, err, vault.ErrNotFound)
	list, err := w.v.Accesses(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), 0, 0)
	require.NoError(t, err)
	require.Empty(t, list, "looks at a type that was classified since")
}

// TestCurrentStatusSigned: the word on a state for a verifier is signed, and comes with the proof of the version in force,
// of one issued a moment ago too. Nothing is written into the audit: the verification is what is audited.
func TestCurrentStatusSigned(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	act := vault.Act{Key: "c", Identifier: a.Identifier, Kind: record.EventChanged, Basis: "依据", Reason: "理由",
		Values: map[string]string{"KZ_FDDBR": "李示例"}}
	changed, err := w.real(record.EventChanged)(t.Context(), department(0), act)
	require.NoError(t, err)
	var st *vault.Statement
	require.Empty(t, w.newEntries(func() { st, err = w.v.CurrentStatus(t.Context(), a.Identifier) }))
	require.NoError(t, err)
	require.Equal(t, changed.Identifier, st.Identifier)
	said, err := record.ParseStatus(st.Raw)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&st.Status, said))
	require.Equal(t, fixtures.Origin, said.Vault)
	data, err := cms.Parse(st.Signature)
	require.NoError(t, err)
	require.True(t, data.Detached)
	require.NotEmpty(t, data.Certificates)
	p, err := ledger.ParseProof(st.Proof)
	require.NoError(t, err)
	report, err := ledger.VerifyProof(p, nil, w.ledgerKeys()...)
	require.NoError(t, err)
	e, err := record.ParseEvent(report.Event)
	require.NoError(t, err)
	require.Equal(t, st.Record, e.Record)
	require.Equal(t, record.EventChanged, e.Kind)
}

// TestNewestCheckpoint: it is the one that was signed last, and asking signs nothing.
func TestNewestCheckpoint(t *testing.T) {
	w := newWorld(t)
	_, err := w.v.NewestCheckpoint(t.Context())
	require.ErrorIs(t, err, vault.ErrNotFound)
	w.issue("k", number(1))
	signed, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	w.issue("k2", number(2))
	before := content(t, w.engine)
	newest, err := w.v.NewestCheckpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, string(signed), string(newest))
	require.Equal(t, before, content(t, w.engine))
}
