package sealed_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
)

var master = sealed.Master{1, 2, 3}

func lay(t testing.TB, inner engine.Engine) *sealed.Engine {
	t.Helper()
	keys, err := sealed.OpenKeyring(t.Context(), inner, master)
	if err != nil {
		require.ErrorIs(t, err, sealed.ErrNoKeyring)
		keys, err = sealed.CreateKeyring(t.Context(), inner, master, rand.Reader)
	}
	require.NoError(t, err)
	e, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: rand.Reader})
	require.NoError(t, err)
	return e
}

func TestContract(t *testing.T) {
	enginetest.RunLess(t, sealed.Overhead, func(t *testing.T) engine.Engine {
		t.Helper()
		return lay(t, memory.New())
	})
}

func TestContractOnBadger(t *testing.T) {
	enginetest.RunLess(t, sealed.Overhead, func(t *testing.T) engine.Engine {
		t.Helper()
		inner, err := badger.Open(badger.Config{Dir: t.TempDir(), MemTableBytes: 4 << 20, ReserveBytes: 1})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, inner.Close()) })
		return lay(t, inner)
	})
}

func TestOpenRefusesHalfAConfig(t *testing.T) {
	inner := memory.New()
	keys, err := sealed.CreateKeyring(t.Context(), inner, master, rand.Reader)
	require.NoError(t, err)
	for _, cfg := range []sealed.Config{
		{Keys: keys, Rand: rand.Reader}, {Inner: inner, Rand: rand.Reader}, {Inner: inner, Keys: keys},
	} {
		_, err := sealed.Open(cfg)
		require.Error(t, err)
	}
	_, err = sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: strings.NewReader("short")})
	require.Error(t, err)
}

// TestNothingInTheClear: values of earlier sessions stay readable, and none shows in the inner engine.
func TestNothingInTheClear(t *testing.T) {
	inner := memory.New()
	plain := strings.Repeat("holder of the licence ", 5)
	for _, key := range []string{"a", "b", "c"} {
		enginetest.Set(t, lay(t, inner), key, plain+key)
	}
	e := lay(t, inner)
	for _, key := range []string{"a", "b", "c"} {
		v, ok := enginetest.Value(t, e, key)
		require.True(t, ok)
		require.Equal(t, plain+key, v)
	}
	require.Len(t, enginetest.Pairs(t, e, engine.Range{}), 3, "the keyring does not show")
	for _, p := range enginetest.Pairs(t, inner, engine.Range{}) {
		require.NotContains(t, p.Value, "holder")
	}
}

// TestNoncesDiffer: the same value under the same key looks different each time.
func TestNoncesDiffer(t *testing.T) {
	inner := memory.New()
	e := lay(t, inner)
	seen := map[string]bool{}
	for range 100 {
		enginetest.Set(t, e, "k", "v")
		v, _ := enginetest.Value(t, inner, "k")
		require.False(t, seen[v[:17]], "session and counter used twice")
		seen[v[:17]] = true
	}
}

// TestAlteredValues: every flipped bit, cut, moved or foreign value is refused in Get and in Scan.
func TestAlteredValues(t *testing.T) {
	inner := memory.New()
	e := lay(t, inner)
	enginetest.Set(t, e, "k", "value")
	enginetest.Set(t, e, "other", "value")
	good, _ := enginetest.Value(t, inner, "k")
	other, _ := enginetest.Value(t, inner, "other")
	bad := []string{"", good[:16], good[:len(good)-1], good + "x", other}
	for i := range good {
		flipped := []byte(good)
		flipped[i] ^= 0x10
		bad = append(bad, string(flipped))
	}
	for _, stored := range bad {
		enginetest.Set(t, inner, "k", stored)
		err := e.View(t.Context(), func(r engine.Reader) error {
			v, err := r.Get([]byte("k"))
			require.Nil(t, v)
			return err
		})
		require.ErrorIs(t, err, engine.ErrCorrupt)
		err = e.View(t.Context(), func(r engine.Reader) error {
			return r.Scan(engine.Range{Prefix: []byte("k")}, func(_, _ []byte) (bool, error) { return true, nil })
		})
		require.ErrorIs(t, err, engine.ErrCorrupt)
	}
}

func TestReservedKeys(t *testing.T) {
	e := lay(t, memory.New())
	key := []byte("\x00elicense sealed/keyring")
	for _, act := range []func(engine.Writer) error{
		func(w engine.Writer) error { return w.Put(key, nil) },
		func(w engine.Writer) error { return w.Create(key, nil) },
		func(w engine.Writer) error { return w.Delete(key) },
		func(w engine.Writer) error { _, err := w.Get(key); return err },
	} {
		require.ErrorIs(t, e.Update(t.Context(), act), engine.ErrInvalidKey)
	}
}

func TestKeyring(t *testing.T) {
	ctx, inner := t.Context(), memory.New()
	_, err := sealed.OpenKeyring(ctx, inner, master)
	require.ErrorIs(t, err, sealed.ErrNoKeyring)
	require.ErrorIs(t, sealed.RewrapKeyring(ctx, inner, master, master, rand.Reader), sealed.ErrNoKeyring)
	_, err = sealed.CreateKeyring(ctx, inner, master, strings.NewReader("too little"))
	require.Error(t, err)
	keys, err := sealed.CreateKeyring(ctx, inner, master, rand.Reader)
	require.NoError(t, err)
	_, err = sealed.CreateKeyring(ctx, inner, master, rand.Reader)
	require.ErrorIs(t, err, sealed.ErrKeyring)
	enginetest.Set(t, lay(t, inner), "k", "v")

	wrong := sealed.Master{9}
	_, err = sealed.OpenKeyring(ctx, inner, wrong)
	require.ErrorIs(t, err, sealed.ErrWrongMaster)
	require.ErrorIs(t, sealed.RewrapKeyring(ctx, inner, wrong, master, rand.Reader), sealed.ErrWrongMaster)
	require.NoError(t, sealed.RewrapKeyring(ctx, inner, master, wrong, rand.Reader))
	_, err = sealed.OpenKeyring(ctx, inner, master)
	require.ErrorIs(t, err, sealed.ErrWrongMaster)
	again, err := sealed.OpenKeyring(ctx, inner, wrong)
	require.NoError(t, err)
	require.Equal(t, keys.Token("d", []byte("x")), again.Token("d", []byte("x")))
	e, err := sealed.Open(sealed.Config{Inner: inner, Keys: again, Rand: rand.Reader})
	require.NoError(t, err)
	v, _ := enginetest.Value(t, e, "k")
	require.Equal(t, "v", v)

	enginetest.Set(t, inner, "\x00elicense sealed/keyring", "damaged")
	_, err = sealed.OpenKeyring(ctx, inner, wrong)
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// fixed makes a keyring of known keys: data key, token key and blob key are 32 times 'd', 't' and 'b'.
func fixed(t testing.TB) *sealed.Keyring {
	t.Helper()
	random := strings.Repeat("d", 32) + strings.Repeat("t", 32) + strings.Repeat("b", 32) + strings.Repeat("s", 28)
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), master, strings.NewReader(random))
	require.NoError(t, err)
	return keys
}

func reference(key string, message []byte) [32]byte {
	h := hmac.New(sm3.New, []byte(key))
	h.Write(message)
	return [32]byte(h.Sum(nil))
}

func addressOf(keys *sealed.Keyring, content string) [32]byte {
	h := keys.AddressHash()
	h.Write([]byte(content))
	return [32]byte(h.Sum(nil))
}

func TestTokenIsHMACOfFramedParts(t *testing.T) {
	keys := fixed(t)
	var framed []byte
	for _, part := range []string{"holder", "citizen", "11010519491231002X"} {
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(part))), part...)
	}
	want := reference(strings.Repeat("t", 32), framed)
	require.Equal(t, want, keys.Token("holder", []byte("citizen"), []byte("11010519491231002X")))
	require.Equal(t, reference(strings.Repeat("b", 32), []byte("content")), addressOf(keys, "content"))

	distinct := map[[32]byte]bool{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}} {
		var b [][]byte
		for _, p := range parts {
			b = append(b, []byte(p))
		}
		distinct[keys.Token("d", b...)] = true
		distinct[keys.Token("", append([][]byte{[]byte("d")}, b...)...)] = true
	}
	require.Len(t, distinct, 14, "no two framings are the same")
}

func TestTokenAllocates(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, makes pools forget")
	}
	keys, part := fixed(t), []byte("11010519491231002X")
	require.Less(t, testing.AllocsPerRun(100, func() { keys.Token("holder", part) }), 3.0)
}

func TestPassphrase(t *testing.T) {
	ctx, inner := t.Context(), memory.New()
	_, err := sealed.LoadStretch(ctx, inner)
	require.ErrorIs(t, err, sealed.ErrNoKeyring)
	s, err := sealed.NewStretch(rand.Reader)
	require.NoError(t, err)
	require.NoError(t, sealed.SaveStretch(ctx, inner, s))
	again, err := sealed.LoadStretch(ctx, inner)
	require.NoError(t, err)
	require.Equal(t, s, again)
	m1, err := sealed.MasterFromPassphrase("correct horse", s)
	require.NoError(t, err)
	s.Salt[0]++
	m2, err := sealed.MasterFromPassphrase("correct horse", s)
	require.NoError(t, err)
	require.NotEqual(t, m1, m2)

	_, err = sealed.MasterFromPassphrase("", s)
	require.ErrorIs(t, err, sealed.ErrPassphrase)
	s.Iterations = sealed.MinIterations - 1
	_, err = sealed.MasterFromPassphrase("correct horse", s)
	require.ErrorIs(t, err, engine.ErrCorrupt)
	enginetest.Set(t, inner, "\x00elicense sealed/passphrase", "damaged")
	_, err = sealed.LoadStretch(ctx, inner)
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// FuzzOpenValue puts anything in the place of a sealed value: it is refused, or it is the value itself.
func FuzzOpenValue(f *testing.F) {
	inner := memory.New()
	e := lay(f, inner)
	enginetest.Set(f, e, "k", "value")
	good, _ := enginetest.Value(f, inner, "k")
	f.Add([]byte(good))
	f.Add([]byte(good)[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, stored []byte) {
		enginetest.Set(t, inner, "k", string(stored))
		var value []byte
		err := e.View(context.Background(), func(r engine.Reader) (err error) {
			value, err = r.Get([]byte("k"))
			return err
		})
		if bytes.Equal(stored, []byte(good)) {
			require.NoError(t, err)
			require.Equal(t, "value", string(value))
			return
		}
		require.ErrorIs(t, err, engine.ErrCorrupt)
		require.Nil(t, value)
	})
}

func BenchmarkToken(b *testing.B) {
	keys, part := fixed(b), []byte("11010519491231002X")
	b.ReportAllocs()
	for b.Loop() {
		keys.Token("holder", part)
	}
}

// BenchmarkPut seals eight values of 600 bytes in one Update of the memory engine.
func BenchmarkPut(b *testing.B) {
	e, value := lay(b, memory.New()), make([]byte, 600)
	b.ReportAllocs()
	b.SetBytes(8 * 600)
	for b.Loop() {
		require.NoError(b, e.Update(b.Context(), func(w engine.Writer) error {
			for i := range byte(8) {
				if err := w.Put([]byte{'k', i}, value); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func BenchmarkGet(b *testing.B) {
	e := lay(b, memory.New())
	enginetest.Set(b, e, "k", strings.Repeat("v", 600))
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, e.View(b.Context(),
			func(r engine.Reader) error { _, err := r.Get([]byte("k")); return err }))
	}
}

// TestParseMaster: 64 hexadecimal digits and nothing else.
func TestParseMaster(t *testing.T) {
	m, ok := sealed.ParseMaster([]byte(" " + strings.Repeat("0a", 32) + "\r\n"))
	require.True(t, ok)
	require.Equal(t, sealed.Master(bytes.Repeat([]byte{10}, 32)), m)
	for _, bad := range []string{"", strings.Repeat("0a", 31), strings.Repeat("0a", 33), strings.Repeat("0g", 32), "0a " + strings.Repeat("0a", 31)} {
		m, ok := sealed.ParseMaster([]byte(bad))
		require.False(t, ok, bad)
		require.Zero(t, m)
	}
}
