package sealed_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
)

const keyringKey = "\x00elicense sealed/keyring"

// numbers counts the values under each data key.
func numbers(t *testing.T, inner engine.Engine) map[byte]int {
	t.Helper()
	n := map[byte]int{}
	for _, p := range enginetest.Pairs(t, inner, engine.Range{}) {
		if !strings.HasPrefix(p.Key, "\x00elicense") {
			n[p.Value[0]]++
		}
	}
	return n
}

// rewrapAll takes every step and gives their number and that of the values moved.
func rewrapAll(t *testing.T, e *sealed.Engine) (steps, moved int) {
	t.Helper()
	var next []byte
	for steps == 0 || next != nil {
		var n int
		var err error
		next, n, err = e.Rewrap(t.Context(), next)
		require.NoError(t, err)
		steps, moved = steps+1, moved+n
	}
	return steps, moved
}

func filled(t *testing.T, inner engine.Engine, n int) *sealed.Engine {
	t.Helper()
	e := lay(t, inner)
	for i := range n {
		enginetest.Set(t, e, fmt.Sprintf("k%05d", i), "value "+strconv.Itoa(i))
	}
	return e
}

func requireFilled(t *testing.T, e engine.Engine, n int) {
	t.Helper()
	pairs := enginetest.Pairs(t, e, engine.Range{})
	require.Len(t, pairs, n)
	for i, p := range pairs {
		require.Equal(t, "value "+strconv.Itoa(i), p.Value)
	}
}

// TestNewDataKey: at every point of a renewal, and after opening anew at that point, every value is readable; in the end
// nothing lies under the former key and it is stored no more.
func TestNewDataKey(t *testing.T) {
	const n = 600
	inner := memory.New()
	e := filled(t, inner, n)
	record, _ := enginetest.Value(t, inner, keyringKey)
	require.Equal(t, byte(1), record[0], "a keyring that was never renewed is as it always was")
	require.Len(t, record, 141)
	require.Equal(t, 1, e.Keys().DataKeys())
	token := e.Keys().Token("d", []byte("x"))

	require.NoError(t, e.NewDataKey(t.Context(), master))
	requireFilled(t, e, n)
	enginetest.Set(t, e, "k00000", "value 0")
	require.Equal(t, map[byte]int{1: n - 1, 2: 1}, numbers(t, inner))
	require.ErrorIs(t, e.RetireDataKeys(t.Context(), master), sealed.ErrDataKeyInUse)
	requireFilled(t, lay(t, inner), n)

	next, moved, err := e.Rewrap(t.Context(), nil)
	require.NoError(t, err)
	require.NotNil(t, next)
	require.Equal(t, 256, moved)
	require.ErrorIs(t, e.RetireDataKeys(t.Context(), master), sealed.ErrDataKeyInUse)
	e = lay(t, inner) // as after a crash
	requireFilled(t, e, n)
	require.Equal(t, 2, e.Keys().DataKeys())
	steps, moved := rewrapAll(t, e)
	require.Equal(t, n-1-256, moved)
	require.Greater(t, steps, 1)
	require.Equal(t, map[byte]int{2: n}, numbers(t, inner))

	require.NoError(t, e.RetireDataKeys(t.Context(), master))
	requireFilled(t, e, n)
	require.Equal(t, 1, e.Keys().DataKeys(), "so that the next renewal of this opening draws a key again")
	e = lay(t, inner)
	requireFilled(t, e, n)
	require.Equal(t, 1, e.Keys().DataKeys())
	require.Equal(t, token, e.Keys().Token("d", []byte("x")), "tokens and addresses stay")
	require.Equal(t, addressOf(e.Keys(), "content"), addressOf(lay(t, inner).Keys(), "content"))

	wrong := sealed.Master{9}
	require.ErrorIs(t, e.NewDataKey(t.Context(), wrong), sealed.ErrWrongMaster)
	require.ErrorIs(t, e.RetireDataKeys(t.Context(), wrong), sealed.ErrWrongMaster)
	requireFilled(t, lay(t, inner), n)
}

// TestFormerDataKeyOpensNothing: what is sealed after a renewal cannot be opened with the keyring of before.
func TestFormerDataKeyOpensNothing(t *testing.T) {
	inner := memory.New()
	e := filled(t, inner, 3)
	former, _ := enginetest.Value(t, inner, keyringKey)
	require.NoError(t, e.NewDataKey(t.Context(), master))
	rewrapAll(t, e)
	require.NoError(t, e.RetireDataKeys(t.Context(), master))
	enginetest.Set(t, inner, keyringKey, former)
	err := lay(t, inner).View(t.Context(), func(r engine.Reader) error { _, err := r.Get([]byte("k00001")); return err })
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// TestViewOutlivesItsDataKey: a View that began before a renewal reads to its end.
func TestViewOutlivesItsDataKey(t *testing.T) {
	inner, err := badger.Open(badger.Config{Dir: t.TempDir(), MemTableBytes: 4 << 20, ReserveBytes: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inner.Close()) })
	filled(t, inner, 10)
	e := lay(t, inner) // whose ciphers of the former session are not made yet
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		require.NoError(t, e.NewDataKey(context.Background(), master))
		rewrapAll(t, e)
		require.NoError(t, e.RetireDataKeys(context.Background(), master))
		v, err := r.Get([]byte("k00007"))
		require.Equal(t, "value 7", string(v))
		return err
	}))
}

// TestNewDataKeyUnderLoad: increments go on while data keys are renewed again and again; none is lost, and none lies
// under a key that is gone.
func TestNewDataKeyUnderLoad(t *testing.T) {
	inner, err := badger.Open(badger.Config{Dir: t.TempDir(), MemTableBytes: 4 << 20, ReserveBytes: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inner.Close()) })
	e := lay(t, inner)
	const writers, each = 4, 150
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range each {
				if err := increment(t.Context(), e, fmt.Sprintf("c%d", i%2)); err != nil {
					t.Errorf("incrementing: %v", err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	renewals := 0
	for running := true; running; renewals++ {
		select {
		case <-done:
			running = false
		default:
		}
		require.NoError(t, e.NewDataKey(t.Context(), master))
		rewrapAll(t, e)
		require.NoError(t, e.RetireDataKeys(t.Context(), master))
		if renewals == 200 {
			<-done
			running = false
		}
	}
	require.Greater(t, renewals, 1)
	for _, key := range []string{"c0", "c1"} {
		v, _ := enginetest.Value(t, lay(t, inner), key)
		require.Equal(t, strconv.Itoa(writers/2*each), v)
	}
	require.Len(t, numbers(t, inner), 1)
}

func increment(ctx context.Context, e engine.Engine, key string) error {
	return e.Update(ctx, func(w engine.Writer) error {
		v, err := w.Get([]byte(key))
		if errors.Is(err, engine.ErrNotFound) {
			v, err = []byte("0"), nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(v))
		if err != nil {
			return err
		}
		return w.Put([]byte(key), strconv.AppendInt(nil, int64(n+1), 10))
	})
}

// TestDataKeysEnd: values can name 255 data keys in the life of an engine.
func TestDataKeysEnd(t *testing.T) {
	inner := memory.New()
	e := filled(t, inner, 1)
	for range 254 {
		require.NoError(t, e.NewDataKey(t.Context(), master))
	}
	require.ErrorIs(t, e.NewDataKey(t.Context(), master), sealed.ErrDataKeys)
	requireFilled(t, lay(t, inner), 1)
	rewrapAll(t, e)
	require.NoError(t, e.RetireDataKeys(t.Context(), master))
	e = lay(t, inner)
	requireFilled(t, e, 1)
	require.ErrorIs(t, e.NewDataKey(t.Context(), master), sealed.ErrDataKeys, "numbers are not used again")
}

// TestReplacedKeyring: a keyring is put under another master key in two steps, with all its data keys.
func TestReplacedKeyring(t *testing.T) {
	ctx, inner, other := t.Context(), memory.New(), sealed.Master{7}
	_, err := sealed.RewrappedKeyring(ctx, inner, master, other, rand.Reader)
	require.ErrorIs(t, err, sealed.ErrNoKeyring)
	e := filled(t, inner, 3)
	require.NoError(t, e.NewDataKey(ctx, master))
	enginetest.Set(t, e, "k00001", "value 1")
	_, err = sealed.RewrappedKeyring(ctx, inner, other, master, rand.Reader)
	require.ErrorIs(t, err, sealed.ErrWrongMaster)
	record, err := sealed.RewrappedKeyring(ctx, inner, master, other, rand.Reader)
	require.NoError(t, err)
	requireFilled(t, lay(t, inner), 3)
	for _, bad := range [][]byte{nil, record[:len(record)-1], append([]byte{3}, record[1:]...)} {
		require.ErrorIs(t, sealed.ReplaceKeyring(ctx, inner, bad), engine.ErrCorrupt)
	}
	require.ErrorIs(t, sealed.ReplaceKeyring(ctx, memory.New(), record), sealed.ErrNoKeyring)
	require.NoError(t, sealed.ReplaceKeyring(ctx, inner, record))
	require.NoError(t, sealed.ReplaceKeyring(ctx, inner, record))
	_, err = sealed.OpenKeyring(ctx, inner, master)
	require.ErrorIs(t, err, sealed.ErrWrongMaster)
	require.NoError(t, sealed.RewrapKeyring(ctx, inner, other, master, rand.Reader))
	requireFilled(t, lay(t, inner), 3)
}

// TestRingOrder: data keys stand in the order of their numbers, each once, from 1.
func TestRingOrder(t *testing.T) {
	key := strings.Repeat("a", 32)
	for keys, sound := range map[string]bool{
		"\x01" + key: true, "\x01" + key + "\xff" + key: true, "\x00" + key: false, "\x02" + key + "\x02" + key: false,
		"\x02" + key + "\x01" + key: false, "": false, "\x01" + key[1:]: false,
	} {
		_, _, err := sealed.RereadRing(true, []byte(strings.Repeat("k", 64)+keys))
		if sound {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, engine.ErrCorrupt)
		}
	}
}

// FuzzRing reads anything as the keys of a keyring: what is read is written back as it was.
func FuzzRing(f *testing.F) {
	f.Add(false, []byte(strings.Repeat("k", 96)))
	f.Add(true, []byte(strings.Repeat("k", 64)+"\x01"+strings.Repeat("a", 32)+"\x03"+strings.Repeat("b", 32)))
	f.Fuzz(func(t *testing.T, many bool, keys []byte) {
		version, again, err := sealed.RereadRing(many, keys)
		if err != nil {
			require.ErrorIs(t, err, engine.ErrCorrupt)
			require.Nil(t, again)
			return
		}
		if many == (version == 2) {
			require.Equal(t, keys, again)
		}
	})
}
