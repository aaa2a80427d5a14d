package vault_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestSweep: what nothing names goes, after its time; what a licence or a row names stays.
func TestSweep(t *testing.T) {
	w := furnished(t, memory.New())
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, File: record.Sum([]byte("left"))})
	require.NoError(t, err)
	orphan := []byte("a scan whose row was never committed")
	_, err = b.PutScan(t.Context(), orphan)
	require.NoError(t, err)
	kept := len(keysOf(t, w.blobs)) - 2 // a blob of this size has two keys

	swept, err := w.v.Sweep(t.Context(), operator(), w.now.Add(time.Hour), false)
	require.NoError(t, err)
	require.Equal(t, blob.Swept{Kept: 3}, swept, "its row may still come")
	w.now = w.now.Add(2 * time.Hour)
	want := blob.Swept{Removed: 1, Kept: 2, RemovedBytes: int64(len(orphan))}
	swept, err = w.v.Sweep(t.Context(), operator(), w.now, true)
	require.NoError(t, err)
	require.Equal(t, want, swept)
	require.Len(t, keysOf(t, w.blobs), kept+2, "a dry run removes nothing")
	swept, err = w.v.Sweep(t.Context(), operator(), w.now, false)
	require.NoError(t, err)
	require.Equal(t, want, swept)
	require.Len(t, keysOf(t, w.blobs), kept)
	CheckVault(t, w.v)

	entries := w.auditEntries()
	require.Equal(t, "inspect", entries[len(entries)-1].Act)
	require.Equal(t, "sweep", entries[len(entries)-2].Act)
}

// TestSweepRefusals: only an operator sweeps, and not while a restored vault may lack what names a document.
func TestSweepRefusals(t *testing.T) {
	w := furnished(t, memory.New())
	w.now = w.now.AddDate(0, 0, 2)
	before := keysOf(t, w.blobs)
	_, err := w.v.Sweep(t.Context(), department(0), w.now, false)
	require.Equal(t, []vault.Code{vault.CodeNotOperator}, codesOf(err))
	require.NoError(t, w.v.MarkRestored(t.Context()))
	_, err = w.v.Sweep(t.Context(), operator(), w.now, false)
	require.ErrorIs(t, err, vault.ErrRestored)
	require.Equal(t, before, keysOf(t, w.blobs))
}
