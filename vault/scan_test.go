package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestPaperScans: the scans behind a converted licence are listed to whoever sees the version, from the sign-off on; to
// the department before. A version without a conversion has none, and one that was taken back none any more.
func TestPaperScans(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte("file")), Mapping: record.Sum([]byte("mapping")), FileName: "f.csv",
	})
	require.NoError(t, err)
	content := []byte("%PDF-1.4 made up")
	scan, err := b.PutScan(t.Context(), content)
	require.NoError(t, err)
	values := food("", number(1)).Values
	w.fill(lt, values)
	p, err := b.Prepare(t.Context(), 0, []vault.BatchRow{{Row: 1, Draft: draftWith(t, lt, 1, values, scan)}})
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), p)
	require.NoError(t, err)
	_, err = b.Finish(t.Context(), nil)
	require.NoError(t, err)
	sample, err := w.v.Sample(t.Context(), department(0), b.ID(), 1, 1)
	require.NoError(t, err)
	id := sample[0].Found.Identifier
	want := []vault.PaperScan{{Version: 1, Batch: b.ID(), Digest: record.Sum(content)}}

	list, err := w.v.PaperScans(t.Context(), department(0), id)
	require.NoError(t, err)
	require.Equal(t, want, list)
	_, err = w.v.PaperScans(t.Context(), byLaw(), id)
	require.ErrorIs(t, err, vault.ErrNotFound, "nobody else sees a batch before its sign-off")
	w.signOff(b.ID())
	for _, a := range []vault.Access{department(0), byLaw()} {
		entries := w.newEntries(func() { list, err = w.v.PaperScans(t.Context(), a, id) })
		require.NoError(t, err)
		require.Equal(t, want, list)
		require.Len(t, entries, 1)
		require.Equal(t, "scans", entries[0].Act)
		require.Equal(t, id, entries[0].Licence)
	}
	got, err := w.v.SampledScan(t.Context(), department(0), want[0].Batch, want[0].Digest)
	require.NoError(t, err)
	require.Equal(t, content, got)

	next, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte("next")), Mapping: record.Sum([]byte("mapping")), FileName: "g.csv",
	})
	require.NoError(t, err)
	scan, err = next.PutScan(t.Context(), []byte("%PDF-1.4 another"))
	require.NoError(t, err)
	values["KZ_ZS"] = "示例路9号"
	p, err = next.Prepare(t.Context(), 0, []vault.BatchRow{{Row: 1, Draft: draftWith(t, lt, 1, values, scan)}})
	require.NoError(t, err)
	results, err := next.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, vault.RowUpdated, results[0].Outcome)
	list, err = w.v.PaperScans(t.Context(), byLaw(), id)
	require.NoError(t, err)
	require.Equal(t, want, list, "of a version that waits nothing is told")
	list, err = w.v.PaperScans(t.Context(), department(0), id)
	require.NoError(t, err)
	require.Equal(t, append(want, vault.PaperScan{Version: 2, Batch: next.ID(), Digest: scan.Digest}), list)

	list, err = w.v.PaperScans(t.Context(), department(0), w.issue("plain", number(2)).Identifier)
	require.NoError(t, err)
	require.Empty(t, list)
}
