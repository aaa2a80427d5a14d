package kmc_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/ca/kmc"
)

// A centre that lies in its own transcript, under its own good signature, is found out: what custodians did not sign it
// cannot say.
func TestTranscriptOfALiar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	_, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
	require.NoError(t, err)
	_, entries := w.events()
	founded, approved, delivered := entries[0], entries[1], entries[2]
	stranger := newKeeper(t, "路人")

	// judge puts a changed entry behind those before it.
	judge := func(before []*kmc.Entry, e kmc.Entry, change func(*kmc.Entry)) error {
		v := kmc.TranscriptVerifier{Key: w.centre.Key()}
		e.Number, e.Previous = 1, kmc.Fingerprint{}
		for _, b := range before {
			_, err := v.Add(b.Raw)
			require.NoError(t, err)
			e.Number, e.Previous = b.Number+1, b.Digest()
		}
		change(&e)
		require.NoError(t, w.centre.Seal(&e))
		_, err := v.Add(e.Raw)
		return err
	}
	statement := func(e *kmc.Entry, change func(*kmc.Statement)) {
		s, err := kmc.ParseStatement(e.Statement)
		require.NoError(t, err)
		change(s)
		e.Statement, err = s.Marshal()
		require.NoError(t, err)
	}
	resign := func(e *kmc.Entry, keepers ...*keeper) {
		e.Approvals = nil
		for _, k := range keepers {
			e.Approvals = append(e.Approvals, kmc.Approver{Custodian: k.Custodian(), Signature: sign(t, k, e.Statement)})
		}
	}
	one, two := []*kmc.Entry{founded}, []*kmc.Entry{founded, approved}
	require.NoError(t, judge(nil, *founded, func(*kmc.Entry) {}))
	require.NoError(t, judge(one, *approved, func(*kmc.Entry) {}))
	require.NoError(t, judge(two, *delivered, func(*kmc.Entry) {}))
	require.NoError(t, judge(one, *approved, func(e *kmc.Entry) { resign(e, w.keepers[2], w.keepers[0]) }))
	for name, c := range map[string]struct {
		before []*kmc.Entry
		entry  *kmc.Entry
		change func(*kmc.Entry)
	}{
		"approved by one":        {one, approved, func(e *kmc.Entry) { e.Approvals = e.Approvals[:1] }},
		"approved by one, twice": {one, approved, func(e *kmc.Entry) { e.Approvals[1] = e.Approvals[0] }},
		"approved by nobody":     {one, approved, func(e *kmc.Entry) { e.Approvals = nil }},
		"approved by a stranger": {one, approved, func(e *kmc.Entry) { resign(e, w.keepers[0], stranger) }},
		"another key":            {one, approved, func(e *kmc.Entry) { statement(e, func(s *kmc.Statement) { s.Key[0]++ }) }},
		"another reason":         {one, approved, func(e *kmc.Entry) { statement(e, func(s *kmc.Statement) { s.Why = "别的" }) }},
		"another case":           {one, approved, func(e *kmc.Entry) { e.Case = founded.Case }},
		"approved founding":      {one, founded, func(e *kmc.Entry) { e.Event, e.Set = kmc.EventApproved, nil }},
		"set of another number": {one, approved, func(e *kmc.Entry) {
			statement(e, func(s *kmc.Statement) { s.Custody = 2 })
			resign(e, w.keepers[:2]...)
		}},
		"no statement":            {one, approved, func(e *kmc.Entry) { e.Statement = nil }},
		"delivered, not approved": {one, delivered, func(*kmc.Entry) {}},
		"delivered, other case":   {two, delivered, func(e *kmc.Entry) { e.Case = founded.Case }},
		"unknown event":           {one, delivered, func(e *kmc.Entry) { e.Event = "forgotten" }},
		"founded twice":           {one, founded, func(*kmc.Entry) {}},
		"founded without one":     {nil, founded, func(e *kmc.Entry) { e.Approvals = e.Approvals[:2] }},
		"founded without a set":   {nil, founded, func(e *kmc.Entry) { e.Set = nil }},
		"founded with another":    {nil, founded, func(e *kmc.Entry) { set := *e.Set; set.Threshold = 3; e.Set = &set }},
	} {
		kept := *c.entry
		kept.Approvals = append([]kmc.Approver(nil), c.entry.Approvals...)
		require.ErrorIs(t, judge(c.before, kept, c.change), kmc.ErrDamaged, name)
	}
}

func TestEntryRefusesValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, entries := w.events()
	for name, change := range map[string]func(*kmc.Entry){
		"case":   func(e *kmc.Entry) { e.Case = "" },
		"detail": func(e *kmc.Entry) { e.Detail = "a\nb" },
		"event":  func(e *kmc.Entry) { e.Event = " x" },
		"digest": func(e *kmc.Entry) { e.Event = kmc.EventDelivered },
	} {
		e := *entries[0]
		change(&e)
		require.Error(t, w.centre.Seal(&e), name)
	}
}
