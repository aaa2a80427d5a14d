package blob_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/blob/blobtest"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
)

var fixed = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func now() time.Time { return fixed }

func keyed() hash.Hash { return hmac.New(sm3.New, []byte("a key for tests")) }

func address(content []byte) blob.Address {
	h := keyed()
	h.Write(content)
	return blob.Address(h.Sum(nil))
}

func open(t testing.TB, e engine.Engine, now func() time.Time) *blob.Embedded {
	t.Helper()
	s, err := blob.Open(blob.Config{Engine: e, Hash: keyed, Now: now})
	require.NoError(t, err)
	return s
}

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T, now func() time.Time) blob.Store {
		t.Helper()
		return open(t, memory.New(), now)
	})
}

func TestContractSealedOnBadger(t *testing.T) {
	blobtest.Run(t, func(t *testing.T, now func() time.Time) blob.Store {
		t.Helper()
		inner, err := badger.Open(badger.Config{Dir: t.TempDir(), ReserveBytes: 1})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, inner.Close()) })
		keys, err := sealed.CreateKeyring(t.Context(), inner, sealed.Master{1}, rand.Reader)
		require.NoError(t, err)
		e, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: rand.Reader})
		require.NoError(t, err)
		s, err := blob.Open(blob.Config{Engine: e, Now: now, Hash: keys.AddressHash})
		require.NoError(t, err)
		return s
	})
}

func TestOpenRefusesHalfAConfig(t *testing.T) {
	e := memory.New()
	for _, cfg := range []blob.Config{
		{Hash: keyed, Now: now}, {Engine: e, Now: now}, {Engine: e, Hash: keyed},
		{Engine: e, Hash: sha512.New, Now: now},
	} {
		_, err := blob.Open(cfg)
		require.Error(t, err)
	}
}

// everything is a sweep that keeps nothing.
var everything = blob.Sweeping{
	OlderThan: fixed.Add(time.Hour), Referenced: func(blob.Address) (bool, error) { return false, nil },
}

// TestFaults makes each transaction of an upload fail in each way. The upload is an error, and afterwards the blob is
// whole or absent; putting it again succeeds, and a sweep leaves nothing behind.
func TestFaults(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 300<<10) // 10 chunks, four transactions
	for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
		for n := range 4 {
			t.Run(fmt.Sprint("fault ", fault, " at ", n), func(t *testing.T) {
				inner := memory.New()
				faulty := enginetest.NewFaulty(inner, enginetest.At(n, fault))
				s := open(t, faulty, now)
				_, err := s.Put(t.Context(), content)
				require.ErrorIs(t, err, enginetest.ErrInjected)
				got, err := s.Get(t.Context(), address(content))
				if err == nil {
					require.Equal(t, content, got)
				} else {
					require.ErrorIs(t, err, blob.ErrNotFound)
				}

				if n%2 == 0 {
					_, err = s.Put(t.Context(), content)
					require.NoError(t, err)
				}
				_, err = s.Sweep(t.Context(), everything)
				require.NoError(t, err)
				require.Empty(t, enginetest.Pairs(t, inner, engine.Range{KeysOnly: true}))
			})
		}
	}
}

// TestSweepInDoubt: when the removal itself is in doubt the sweep stops, and a later one finishes.
func TestSweepInDoubt(t *testing.T) {
	inner := memory.New()
	faulty := enginetest.NewFaulty(inner, nil)
	s := open(t, faulty, now)
	for i := range 3 {
		_, err := s.Put(t.Context(), []byte{byte(i)})
		require.NoError(t, err)
	}
	faulty.SetPlan(enginetest.At(1, enginetest.After))
	swept, err := s.Sweep(t.Context(), everything)
	require.ErrorIs(t, err, engine.ErrAmbiguous)
	require.Equal(t, 1, swept.Removed)
	swept, err = s.Sweep(t.Context(), everything)
	require.NoError(t, err)
	require.Equal(t, 1, swept.Removed)
	require.Empty(t, enginetest.Pairs(t, inner, engine.Range{}))
}

// TestDamage: whatever is changed below the store, Get answers with the content or an error.
func TestDamage(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // two chunks
	for _, p := range func() []enginetest.Pair {
		inner := memory.New()
		_, err := open(t, inner, now).Put(t.Context(), content)
		require.NoError(t, err)
		return enginetest.Pairs(t, inner, engine.Range{})
	}() {
		for name, damage := range map[string]func(w engine.Writer) error{
			"removed": func(w engine.Writer) error { return w.Delete([]byte(p.Key)) },
			"emptied": func(w engine.Writer) error { return w.Put([]byte(p.Key), nil) },
			"altered": func(w engine.Writer) error {
				return w.Put([]byte(p.Key), append([]byte{^p.Value[0]}, p.Value[1:]...))
			},
			"longer": func(w engine.Writer) error { return w.Put([]byte(p.Key), []byte(p.Value+"x")) },
		} {
			inner := memory.New()
			s := open(t, inner, now)
			a, err := s.Put(t.Context(), content)
			require.NoError(t, err)
			require.NoError(t, inner.Update(t.Context(), damage))
			got, err := s.Get(t.Context(), a)
			require.Nil(t, got)
			copyErr := s.Copy(t.Context(), a, &bytes.Buffer{})
			if p.Key[0] == 'h' && name == "removed" {
				require.ErrorIs(t, err, blob.ErrNotFound)
				require.ErrorIs(t, copyErr, blob.ErrNotFound)
			} else {
				require.ErrorIs(t, err, blob.ErrCorrupt, "%s of %q", name, p.Key[:1])
				require.ErrorIs(t, copyErr, blob.ErrCorrupt, "%s of %q", name, p.Key[:1])
			}
		}
	}
}

// TestSweepManyPages sweeps more blobs than one page holds.
func TestSweepManyPages(t *testing.T) {
	inner := memory.New()
	s := open(t, inner, now)
	const blobs = 2500
	for i := range blobs {
		_, err := s.Put(t.Context(), fmt.Append(nil, i))
		require.NoError(t, err)
	}
	wanted := func(a blob.Address) (bool, error) { return a[0]%2 == 0, nil }
	swept, err := s.Sweep(t.Context(), blob.Sweeping{OlderThan: fixed.Add(time.Hour), Referenced: wanted})
	require.NoError(t, err)
	require.Equal(t, blobs, swept.Removed+swept.Kept)
	require.Len(t, enginetest.Pairs(t, inner, engine.Range{KeysOnly: true}), 2*swept.Kept)
}

func FuzzManifest(f *testing.F) {
	f.Add(blob.AppendManifest(nil, fixed, 20_000))
	f.Add(blob.AppendManifest(nil, fixed, blob.MaxBytes+1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		put, length, err := blob.ParseManifest(b)
		if err != nil {
			require.True(t, errors.Is(err, blob.ErrCorrupt))
			require.True(t, put.IsZero())
			require.Zero(t, length)
			return
		}
		require.Equal(t, b, blob.AppendManifest(nil, put, length))
		require.LessOrEqual(t, length, int64(blob.MaxBytes))
	})
}

// BenchmarkPut stores sealed documents of 20 KB from 16 callers.
func BenchmarkPut(b *testing.B) {
	inner, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	defer func() { require.NoError(b, inner.Close()) }()
	keys, err := sealed.CreateKeyring(b.Context(), inner, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	e, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	s, err := blob.Open(blob.Config{Engine: e, Now: now,
		Hash: keys.AddressHash})
	require.NoError(b, err)
	b.SetBytes(20_000)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		content := make([]byte, 20_000)
		_, _ = rand.Read(content)
		for i := 0; pb.Next(); i++ {
			content[0], content[1], content[2] = byte(i), byte(i>>8), byte(i>>16)
			if _, err := s.Put(context.Background(), content); err != nil {
				b.Error(err)
			}
		}
	})
}
