package ledger_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/ledger"
)

// growth is a consistency file's content from one size to another.
func (w world) growth(t testing.TB, older, newer uint64) ledger.Consistency {
	t.Helper()
	root, err := ledger.Root(older, w.store.read)
	require.NoError(t, err)
	hashes, err := ledger.ConsistencyProof(older, newer, w.store.read)
	require.NoError(t, err)
	return ledger.Consistency{Older: older, OlderRoot: root, Hashes: hashes, Checkpoint: w.checkpoint(t, newer)}
}

func TestVerifyGrowth(t *testing.T) {
	w := newWorld(t)
	for _, older := range []uint64{1, 2, 255, 256, 300, 999, 1000} {
		c := w.growth(t, older, w.size)
		file, err := ledger.AppendConsistency(nil, c)
		require.NoError(t, err)
		again, err := ledger.ParseConsistency(file)
		require.NoError(t, err)
		require.Equal(t, c.Older, again.Older)
		require.Equal(t, c.OlderRoot, again.OlderRoot)
		require.Equal(t, len(c.Hashes), len(again.Hashes))
		newer, err := ledger.VerifyGrowth(again, w.log)
		require.NoError(t, err)
		require.Equal(t, w.size, newer.Size)
	}
	c := w.growth(t, 300, w.size)
	file, err := ledger.AppendConsistency(nil, c)
	require.NoError(t, err)
	golden(t, "consistency.txt", file)
}

func TestVerifyGrowthRefuses(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		change func(*ledger.Consistency)
		want   error
	}{
		"another root":        {func(c *ledger.Consistency) { c.OlderRoot[0] ^= 1 }, ledger.ErrMismatch},
		"another size":        {func(c *ledger.Consistency) { c.Older++ }, ledger.ErrMismatch},
		"no hashes":           {func(c *ledger.Consistency) { c.Hashes = nil }, ledger.ErrMismatch},
		"older than nothing":  {func(c *ledger.Consistency) { c.Older = 0 }, ledger.ErrProof},
		"newer than the tree": {func(c *ledger.Consistency) { c.Older = 2000 }, ledger.ErrSize},
		"unsigned":            {func(c *ledger.Consistency) { c.Checkpoint[len(c.Checkpoint)-9] ^= 1 }, ledger.ErrSignature},
		"no checkpoint":       {func(c *ledger.Consistency) { c.Checkpoint = nil }, ledger.ErrProof},
		"too many hashes": {func(c *ledger.Consistency) {
			c.Hashes = make([]ledger.Hash, ledger.MaxProofHashes+1)
		}, ledger.ErrProof},
		"a fork of one size": {func(c *ledger.Consistency) { c.Older, c.OlderRoot[0] = w.size, 1 }, ledger.ErrFork},
	} {
		c := w.growth(t, 300, w.size)
		tt.change(&c)
		cp, err := ledger.VerifyGrowth(c, w.log)
		require.ErrorIs(t, err, tt.want, name)
		require.Zero(t, cp, name)
	}
	_, err := ledger.VerifyGrowth(w.growth(t, 300, w.size), newKey("other.test"))
	require.ErrorIs(t, err, ledger.ErrSignature)
}

func TestParseConsistencyRefuses(t *testing.T) {
	w := newWorld(t)
	file, err := ledger.AppendConsistency(nil, w.growth(t, 300, w.size))
	require.NoError(t, err)
	text := string(file)
	head, rest, _ := strings.Cut(text, "\n")
	older, hashes, _ := strings.Cut(rest, "\n")
	hash, _, _ := strings.Cut(hashes, "\n")
	for name, bad := range map[string]string{
		"nothing":          "",
		"no checkpoint":    head + "\n" + older + "\n",
		"another head":     "x" + text,
		"no older":         head + "\n" + hashes,
		"older alone":      head + "\nolder 300\n" + hashes,
		"leading zero":     strings.Replace(text, "older 300", "older 0300", 1),
		"zero":             strings.Replace(text, "older 300", "older 0", 1),
		"signed number":    strings.Replace(text, "older 300", "older +300", 1),
		"two spaces":       strings.Replace(text, "older 300 ", "older 300  ", 1),
		"short root":       strings.Replace(text, older, older[:len(older)-1], 1),
		"hash cut":         strings.Replace(text, hash, hash[1:], 1),
		"hash and a space": strings.Replace(text, hash, hash+" ", 1),
		"carriage return":  strings.Replace(text, hash, hash+"\r", 1),
		"too many":         head + "\n" + older + "\n" + strings.Repeat(hash+"\n", ledger.MaxProofHashes+1) + "\nx",
		"too long":         text + strings.Repeat("x", ledger.MaxConsistencyBytes),
	} {
		c, err := ledger.ParseConsistency([]byte(bad))
		require.ErrorIs(t, err, ledger.ErrProof, name)
		require.Zero(t, c, name)
	}
}

func FuzzConsistency(f *testing.F) {
	w := newWorld(f)
	for _, older := range []uint64{1, 300, w.size} {
		file, err := ledger.AppendConsistency(nil, w.growth(f, older, w.size))
		require.NoError(f, err)
		f.Add(file)
	}
	f.Add([]byte("elicense ledger consistency v1\nolder 1 x\n\ny"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ledger.ParseConsistency(data)
		if err != nil {
			require.Zero(t, c)
			return
		}
		again, err := ledger.AppendConsistency(nil, c)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, again))
		cp, err := ledger.VerifyGrowth(c, w.log)
		if err != nil {
			require.Zero(t, cp)
		}
	})
}
