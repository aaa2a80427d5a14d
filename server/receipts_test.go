package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

// TestReceipt_A78: a receipt comes with the answer that it is about and stands alone: submitted as it came, it is judged
// like any document, and one that was changed is refused.
func TestReceipt_A78(t *testing.T) {
	w := newWorld(t)
	w.judging()
	issued := w.issue("1")
	found := into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: byLaw(), Identifier: issued.Identifier, Receipt: true,
	}))
	require.NotNil(t, found.Receipt)
	judge := func(key string, r api.Receipt) api.Verification {
		content, err := json.Marshal(r)
		require.NoError(t, err)
		got := w.verify(key, api.VerificationRequest{Case: byLaw().Case, Documents: []api.Submitted{
			{Name: "receipt.json", Content: content},
		}})
		require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
		return into[api.Verification](t, got)
	}
	v := judge("k", *found.Receipt)
	require.Equal(t, "receipt", v.Documents[0].Kind)
	require.Equal(t, "TOTAL-PASSED", v.Indication, "%+v", v.Documents)
	forged := *found.Receipt
	forged.Raw = append([]byte{}, forged.Raw...)
	forged.Raw[len(forged.Raw)/2] ^= 1
	require.Equal(t, "TOTAL-FAILED", judge("f", forged).Indication)

	check := func(r api.Receipt) api.CheckedReceipt {
		got := w.call("reviewer", http.MethodPost, "/receipts/checks", r)
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		return into[api.CheckedReceipt](t, got)
	}
	genuine := check(*found.Receipt)
	require.Equal(t, "TOTAL-PASSED", genuine.Indication)
	require.Equal(t, "receipt", genuine.Kind)
	require.Contains(t, genuine.Facts, api.ReceiptFact{Name: "case", Value: byLaw().Case, Proven: true})
	require.Equal(t, "TOTAL-FAILED", check(forged).Indication)

	given := w.now
	w.now = w.now.AddDate(3, 0, 0)
	old := check(*found.Receipt)
	require.Equal(t, "INDETERMINATE", old.Indication)
	require.Equal(t, "receipt.deciding", old.Because, "nobody is told to accept what was so years ago")
	at := "/receipts/checks?at=" + given.Add(time.Minute).UTC().Format(time.RFC3339)
	then := w.call("reviewer", http.MethodPost, at, *found.Receipt)
	require.Equal(t, "TOTAL-PASSED", into[api.CheckedReceipt](t, then).Indication, "it was enough when the case was decided")
}
