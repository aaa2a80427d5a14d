package vault_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
)

// numbersBy goes through NumberPage to its end, with so many numbers on a page.
func (w *world) numbersBy(limit int) []vault.NumberUse {
	w.t.Helper()
	var all []vault.NumberUse
	q := vault.NumberQuery{Type: foodType, Limit: limit}
	for {
		p, err := w.v.NumberPage(w.t.Context(), department(0), q)
		require.NoError(w.t, err)
		require.LessOrEqual(w.t, len(p.Uses), limit)
		all = append(all, p.Uses...)
		if p.Next == "" {
			return all
		}
		require.Len(w.t, p.Uses, limit, "only the last page is not full")
		q.After = p.Next
	}
}

// TestNumberPages: page by page every number stands exactly once and in order, in several series; of another department
// there is none.
func TestNumberPages(t *testing.T) {
	w := newWorld(t)
	require.Empty(t, w.numbersBy(3))
	for i := range 7 {
		req := w.complete(food(fmt.Sprint("n", i), ""))
		req.Division, req.Paper = []string{"350102", "350103"}[i%2], fmt.Sprint("纸", i)
		_, err := w.v.Issue(t.Context(), department(0), req)
		require.NoError(t, err, problemsOf(err))
	}
	all, err := w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Len(t, all, 7)
	for limit := 1; limit <= 8; limit++ {
		require.Equal(t, all, w.numbersBy(limit), limit)
	}
	others, err := w.v.NumberPage(t.Context(), department(1), vault.NumberQuery{Type: foodType})
	require.NoError(t, err)
	require.Empty(t, others.Uses)
	first, err := w.v.NumberPage(t.Context(), department(0), vault.NumberQuery{Type: foodType, Limit: 2})
	require.NoError(t, err)
	others, err = w.v.NumberPage(t.Context(), department(1), vault.NumberQuery{Type: foodType, After: first.Next})
	require.NoError(t, err)
	require.Empty(t, others.Uses, "a mark leads nobody to another's numbers")
	for _, mark := range []string{"%", "AA", base64.RawURLEncoding.EncodeToString([]byte("v1234567890"))} {
		p, err := w.v.NumberPage(t.Context(), department(0), vault.NumberQuery{Type: foodType, After: mark})
		require.Equal(t, []vault.Code{vault.CodeCursor}, codesOf(err), mark)
		require.Nil(t, p)
	}
}
