package vault_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
)

// seeds adds the values of a space of a furnished vault.
func seeds(f *testing.F, space byte) {
	f.Helper()
	w := newWorldOn(f, memory.New())
	a := w.issue("k", "JY13501020000011")
	_, err := w.v.Attach(f.Context(), department(0), a.Identifier, "ofd", []byte("document"))
	require.NoError(f, err)
	w.convert("file", number(1), number(2), number(1))
	n := 0
	for k, v := range content(f, w.engine) {
		if k[0] == space {
			f.Add([]byte(v))
			n++
		}
	}
	require.Positive(f, n)
	f.Add([]byte{})
	f.Add([]byte{1, 1})
}

// again holds a reading to its round trip: what is read is written again as the same bytes, apart from overlong
// integers, which read as the same value.
func again(t *testing.T, read func([]byte) ([]byte, error), b []byte) {
	t.Helper()
	out, err := read(b)
	if err != nil {
		require.ErrorIs(t, err, vault.ErrDamaged)
		require.Nil(t, out)
		return
	}
	once, err := read(out)
	require.NoError(t, err)
	require.Equal(t, out, once)
	require.LessOrEqual(t, len(out), len(b))
	if len(out) == len(b) {
		require.Equal(t, b, out)
	}
}

func FuzzHead(f *testing.F) {
	seeds(f, 'l')
	f.Fuzz(func(t *testing.T, b []byte) { again(t, vault.ReencodeHead, b) })
}

func FuzzResults(f *testing.F) {
	seeds(f, 'g')
	f.Fuzz(func(t *testing.T, b []byte) { again(t, vault.ReencodeResults, b) })
}

func FuzzNotice(f *testing.F) {
	for _, kind := range vault.NoticeKinds() {
		f.Add(vault.EncodeNotice(&vault.Notice{
			Kind: kind, Identifier: "1.2.156.3005.2.x", Object: "0123456789abcdef", Time: time.Unix(1772413800, 0),
		}))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) { again(t, vault.ReencodeNotice, b) })
}

func FuzzDocument(f *testing.F) {
	seeds(f, 'd')
	f.Fuzz(func(t *testing.T, b []byte) { again(t, vault.ReencodeDocument, b) })
}

func FuzzVersion(f *testing.F) {
	seeds(f, 'v')
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := vault.ParseStoredVersion(b)
		if err != nil {
			require.ErrorIs(t, err, vault.ErrDamaged)
			require.Nil(t, v)
			return
		}
		raw, err := v.Record.Append(nil)
		require.NoError(t, err)
		require.Equal(t, raw, v.Raw)
		require.True(t, bytes.Contains(b, v.Signature))
	})
}

func FuzzEvent(f *testing.F) {
	seeds(f, 'e')
	f.Fuzz(func(t *testing.T, b []byte) {
		e, raw, err := vault.ParseStoredEvent(b)
		if err != nil {
			require.ErrorIs(t, err, vault.ErrDamaged)
			require.Nil(t, e)
			return
		}
		written, err := e.Append(nil)
		require.NoError(t, err)
		require.Equal(t, raw, written)
	})
}

// FuzzCursor: only what the vault made leads anywhere.
func FuzzCursor(f *testing.F) {
	w := newWorldOn(f, memory.New())
	prefix := []byte("prefix")
	good := w.v.MakeCursor(prefix, [16]byte{1, 2, 3})
	f.Add(good)
	f.Add("")
	f.Add(good[:len(good)-1] + "A")
	f.Fuzz(func(t *testing.T, cursor string) {
		start, err := w.v.DecodeCursor(prefix, cursor)
		switch {
		case cursor == "":
			require.NoError(t, err)
			require.Nil(t, start)
		case err != nil:
			require.ErrorIs(t, err, vault.ErrInvalid)
			require.Nil(t, start)
		default:
			raw, err := vault.RawCursor(cursor)
			require.NoError(t, err)
			require.Equal(t, cursor, w.v.MakeCursor(prefix, [16]byte(raw)))
		}
	})
}
