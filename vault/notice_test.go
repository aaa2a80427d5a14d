package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (w *world) announce(kind record.Kind, identifier, object string) error {
	return w.v.Announce(w.t.Context(), vault.Notice{Kind: kind, Identifier: identifier, Object: object, Time: w.now})
}

// TestNotices_D1_9: a dispute stands in the feed of who follows its licence, at its place among the events and once,
// however often it is announced; nobody else learns of it.
func TestNotices_D1_9(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1", number(1))
	require.NoError(t, w.announce(vault.NoticeDisputed, first.Identifier, "d-1"))
	w.now = w.now.Add(time.Second)
	_, err := w.v.Suspend(t.Context(), department(0), vault.Act{Key: "2", Identifier: first.Identifier, Basis: "b", Reason: "r"})
	require.NoError(t, err)
	require.NoError(t, w.announce(vault.NoticeSettled, first.Identifier, "d-1"))
	require.NoError(t, w.announce(vault.NoticeDisputed, first.Identifier, "d-1"), "again")
	require.NoError(t, w.announce(vault.NoticeDisputed, first.Identifier, "d-2"))

	want := []record.Kind{
		record.EventIssued, vault.NoticeDisputed, record.EventSuspended, vault.NoticeSettled, vault.NoticeDisputed,
	}
	for limit := 1; limit < 7; limit++ {
		for _, a := range []vault.Access{department(0), operator()} {
			all := w.readFeed(a, vault.FeedQuery{Limit: limit})
			require.Equal(t, want, kindsOf(all))
			for i := range all {
				require.Equal(t, uint64(i), all[i].Sequence)
				require.Equal(t, first.Identifier, all[i].Identifier)
			}
			require.Equal(t, []string{"", "d-1", "", "d-1", "d-2"},
				[]string{all[0].Object, all[1].Object, all[2].Object, all[3].Object, all[4].Object})
		}
		require.Empty(t, w.readFeed(department(1), vault.FeedQuery{Limit: limit}))
		some := w.readFeed(department(0), vault.FeedQuery{Limit: limit, Kinds: []record.Kind{vault.NoticeSettled}})
		require.Len(t, some, 1)
		require.Equal(t, w.now.UTC(), some[0].Recorded)
	}
	require.Empty(t, w.readFeed(department(0), vault.FeedQuery{Types: []string{"x"}}))
	end, err := w.v.FeedEnd(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(5), end)
	CheckVault(t, w.v)
}

// TestNoticesOfOthers: a follower passes any number of notices that are not for him and has the events behind them under
// their right numbers.
func TestNoticesOfOthers(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1", number(1))
	const many = 2*vault.MaxFeedItems + 7
	for i := range many {
		require.NoError(t, w.announce(vault.NoticeDisputed, first.Identifier, fmt.Sprint("d-", i)))
	}
	other, err := w.v.Issue(t.Context(), department(1), w.complete(food("3", number(2))))
	require.NoError(t, err)
	require.NoError(t, w.announce(vault.NoticeDisputed, other.Identifier, "mine"))
	own := w.readFeed(department(1), vault.FeedQuery{})
	require.Equal(t, []record.Kind{record.EventIssued, vault.NoticeDisputed}, kindsOf(own))
	require.Equal(t, []uint64{many + 1, many + 2}, []uint64{own[0].Sequence, own[1].Sequence})
	require.Len(t, w.readFeed(operator(), vault.FeedQuery{}), many+3)
}

// TestNoticeRefused: what is no notice, or of no licence, is not announced.
func TestNoticeRefused(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1", number(1))
	for name, n := range map[string]vault.Notice{
		"kind":       {Kind: record.EventIssued, Identifier: first.Identifier, Object: "x", Time: w.now},
		"identifier": {Kind: vault.NoticeSettled, Identifier: "x", Object: "x", Time: w.now},
		"object":     {Kind: vault.NoticeSettled, Identifier: first.Identifier, Object: "a b", Time: w.now},
		"time":       {Kind: vault.NoticeSettled, Identifier: first.Identifier, Object: "x"},
	} {
		require.ErrorIs(t, w.v.Announce(t.Context(), n), vault.ErrNotice, name)
	}
	never, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "NEVER", 1)
	require.NoError(t, err)
	require.ErrorIs(t, w.announce(vault.NoticeSettled, never.String(), "x"), vault.ErrNotFound)
	c := newClassified(t)
	require.ErrorIs(t, c.announce(vault.NoticeSettled, c.identifier, "x"), vault.ErrSecret)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	require.ErrorIs(t, w.announce(vault.NoticeSettled, first.Identifier, "x"), vault.ErrRestored)
}
