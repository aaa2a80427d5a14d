package enginetest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

var scanKeys = []string{"a", "b", "b\x00", "b\x00\x01", "ba", "bb", "bb\xff", "bb\xff\xff", "bc", "c", "\xff",
	"\xff\xff", "\xff\xffz"}

func testScan(t *testing.T, e engine.Engine) {
	m := map[string]string{}
	for i := range scanKeys {
		key := scanKeys[(i*5)%len(scanKeys)] // 5 and 13 have no common divisor: every key once, in no order
		m[key] = "v" + key
		Set(t, e, key, "v"+key)
	}
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		sweep(t, r, m)
		return nil
	}))
}

func testScanUncommitted(t *testing.T, e engine.Engine) {
	m := map[string]string{}
	for i, key := range scanKeys {
		if i%2 == 0 {
			m[key] = "old"
			Set(t, e, key, "old")
		}
	}
	want := map[string]string{}
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		clear(want)
		for k, v := range m {
			want[k] = v
		}
		for i, key := range scanKeys {
			switch i % 3 {
			case 0:
				require.NoError(t, w.Delete([]byte(key)))
				delete(want, key)
			case 1:
				require.NoError(t, w.Put([]byte(key), []byte("new")))
				want[key] = "new"
				sweepSome(t, w, want)
			}
		}
		sweep(t, w, want)
		return nil
	}))
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		sweep(t, r, want)
		return nil
	}))
}

// sweep compares every range that the keys and their prefixes can form with what the model says.
func sweep(t *testing.T, r engine.Reader, m map[string]string) {
	t.Helper()
	marks := []string{"", "0", "ab", "b", "bb", "bb\xff\xff\xff", "zz", "\xff\xff\xff"}
	marks = append(marks, scanKeys...)
	for _, prefix := range marks {
		for i := -1; i < len(marks); i++ {
			var start []byte
			if i >= 0 {
				start = []byte(marks[i])
			}
			for _, reverse := range []bool{false, true} {
				rg := engine.Range{Prefix: []byte(prefix), Start: start, Reverse: reverse}
				compare(t, r, m, rg)
				rg.KeysOnly = true
				compare(t, r, m, rg)
			}
		}
	}
}

func sweepSome(t *testing.T, r engine.Reader, m map[string]string) {
	t.Helper()
	compare(t, r, m, engine.Range{})
	compare(t, r, m, engine.Range{Prefix: []byte("b"), Reverse: true})
}

func compare(t *testing.T, r engine.Reader, m map[string]string, rg engine.Range) {
	t.Helper()
	if diff := cmp.Diff(expect(m, rg), collect(t, r, rg)); diff != "" {
		t.Fatalf("scan of %+v: (-want +got)\n%s", rg, diff)
	}
}

// expect is the contract's Scan written as plainly as possible.
func expect(m map[string]string, r engine.Range) []Pair {
	pairs := []Pair{}
	for k, v := range m {
		if !strings.HasPrefix(k, string(r.Prefix)) {
			continue
		}
		if r.Start != nil && (!r.Reverse && k < string(r.Start) || r.Reverse && k > string(r.Start)) {
			continue
		}
		if r.KeysOnly {
			v = ""
		}
		pairs = append(pairs, Pair{k, v})
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	if r.Reverse {
		slices.Reverse(pairs)
	}
	return pairs
}

// testScanModel runs random transactions, some of which fail, beside a map.
func testScanModel(t *testing.T, e engine.Engine) {
	rnd := rand.New(rand.NewPCG(1, 2))
	m := map[string]string{}
	for range 60 {
		seed, fail := rnd.Uint64(), rnd.IntN(4) == 0
		next := map[string]string{}
		err := e.Update(t.Context(), func(w engine.Writer) error {
			clear(next)
			for k, v := range m {
				next[k] = v
			}
			step(t, w, next, rand.New(rand.NewPCG(seed, 0)))
			if fail {
				return engine.ErrTooLarge
			}
			return nil
		})
		if fail {
			require.ErrorIs(t, err, engine.ErrTooLarge)
			continue
		}
		require.NoError(t, err)
		m = next
	}
	require.Equal(t, expect(m, engine.Range{}), Pairs(t, e, engine.Range{}))
}

func step(t *testing.T, w engine.Writer, m map[string]string, rnd *rand.Rand) {
	t.Helper()
	name := func() string { return string(spell(rnd.IntN(2000))) }
	for range 1 + rnd.IntN(80) {
		key, value := name(), name()
		switch rnd.IntN(5) {
		case 0:
			require.NoError(t, w.Delete([]byte(key)))
			delete(m, key)
		case 1:
			err := w.Create([]byte(key), []byte(value))
			if _, exists := m[key]; exists {
				require.ErrorIs(t, err, engine.ErrExists)
			} else {
				require.NoError(t, err)
				m[key] = value
			}
		default:
			require.NoError(t, w.Put([]byte(key), []byte(value)))
			m[key] = value
		}
	}
	compare(t, w, m, engine.Range{Prefix: []byte(name())[:1], Start: []byte(name()), Reverse: rnd.IntN(2) == 0})
}

// spell writes n with few letters, so that names share prefixes.
func spell(n int) []byte {
	b := []byte{'k'}
	for ; n > 0; n /= 3 {
		b = append(b, "a\x00\xff"[n%3])
	}
	return b
}
