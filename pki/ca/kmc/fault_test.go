package kmc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// Whatever write fails, and however: a pair that was handed out is in escrow, the same application gets the same pair,
// and the transcript has no gap.
func TestFaultsOfAssign(t *testing.T) {
	t.Parallel()
	for _, spares := range []int{0, 2} {
		for n := range 3 {
			for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
				faulty := enginetest.NewFaulty(memory.New(), nil)
				w := newWorldOn(t, faulty)
				w.config.Spares = spares
				w.reopen()
				_, err := w.centre.FillSpares(t.Context())
				require.NoError(t, err)
				faulty.SetPlan(enginetest.At(n, fault))
				a := kmc.Application{Request: "request-1", Holder: "holder-1", Recipient: w.to}
				first, err := w.centre.Assign(t.Context(), a)
				if fault == enginetest.After && n == 0 {
					require.NoError(t, err, "an outcome that is unknown is looked up")
				}
				faulty.SetPlan(nil)
				w.reopen()
				again, err2 := w.centre.Assign(t.Context(), a)
				require.NoError(t, err2)
				if err == nil {
					require.Equal(t, first, again)
				}
				got, err := w.centre.Recover(t.Context(), w.recovery(again, w.to), participants(w.keepers...))
				require.NoError(t, err)
				require.Equal(t, open(t, again, w.holder), open(t, got, w.holder))
				require.Equal(t, 1, countKeys(w, "kmc/u"))
				require.Equal(t, countKeys(w, "kmc/g"), countKeys(w, "kmc/e"))
				w.events()
			}
		}
	}
}

// An envelope whose delivery did not get into the transcript is not handed out.
func TestFaultsOfRecover(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
			faulty := enginetest.NewFaulty(memory.New(), nil)
			w := newWorldOn(t, faulty)
			d := w.assign("request-1")
			faulty.SetPlan(enginetest.At(n, fault))
			got, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
			events, _ := w.events()
			require.Equal(t, n < 2 && fault != enginetest.After, err != nil, "write %d fault %d", n, fault)
			if err != nil {
				require.Nil(t, got)
				require.NotContains(t, events, kmc.EventDelivered)
			} else {
				require.Contains(t, events, kmc.EventDelivered)
			}
			faulty.SetPlan(nil)
			_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
			require.NoError(t, err)
			w.events()
		}
	}
}

// A re-wrapping that stops anywhere either has not begun or is finished by ContinueRewrap; every key can be recovered
// before and after, by one set or the other.
func TestFaultsOfRewrap(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
			faulty := enginetest.NewFaulty(memory.New(), nil)
			w := newWorldOn(t, faulty)
			var deliveries []*kmc.Delivery
			for i := range 3 {
				deliveries = append(deliveries, w.assign(fmt.Sprint("request-", i)))
			}
			next := newKeepers(t, 2, "继任")
			r := kmc.Rewrapping{Next: custodyOf(2, next...), Grounds: grounds}
			faulty.SetPlan(enginetest.At(n, fault))
			_, err := w.centre.Rewrap(t.Context(), r, participants(w.keepers...), participants(next...))
			faulty.SetPlan(nil)
			w.reopen()
			if err != nil && w.centre.Custody().Generation == 2 {
				_, err = w.centre.ContinueRewrap(t.Context(), participants(w.keepers...))
				require.NoError(t, err, "write %d fault %d", n, fault)
			}
			with := participants(next...)
			if err != nil {
				with = participants(w.keepers...)
			}
			for _, d := range deliveries {
				got, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), with)
				require.NoError(t, err, "write %d fault %d", n, fault)
				require.Equal(t, open(t, d, w.holder), open(t, got, w.holder))
			}
			w.events()
		}
	}
}

// Closures may run again: what a first run did must not show.
func TestTwice(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, enginetest.Twice{Inner: memory.New()})
	w.config.Spares = 2
	w.reopen()
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	d := w.assign("request-1")
	require.Equal(t, d, w.assign("request-1"))
	next := newKeepers(t, 2, "继任")
	n, err := w.centre.Rewrap(t.Context(), kmc.Rewrapping{Next: custodyOf(2, next...), Grounds: grounds},
		participants(w.keepers...), participants(next...))
	require.NoError(t, err)
	require.Equal(t, 2, n, "one in use, one ready")
	got, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(next...))
	require.NoError(t, err)
	require.Equal(t, open(t, d, w.holder), open(t, got, w.holder))
}
