package kmc_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// stored gives one value of each space of a busy centre.
func stored(t testing.TB) map[byte][]byte {
	t.Helper()
	w := newWorld(t)
	w.config.Spares = 1
	w.reopen()
	d := w.assign("request-1")
	require.NoError(t, w.centre.Confirm(t.Context(), d.Key, []byte{7}))
	require.NoError(t, w.centre.Retire(t.Context(), d.Key, "到期"))
	w.assign("request-2")
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
	require.NoError(t, err)
	next := newKeepers(t, 2, "继任")
	k := w.keepers[0]
	calls := 0
	once := stubborn{who: k.Custodian(), answer: func(ctx kmcContext, q kmc.Question) (kmc.Approval, error) {
		if calls++; calls > 1 {
			return kmc.Approval{}, errNo
		}
		return k.Answer(ctx, q)
	}}
	_, err = w.centre.Rewrap(t.Context(), kmc.Rewrapping{Next: custodyOf(2, next...), Grounds: grounds},
		[]kmc.Participant{once, w.keepers[1]}, participants(next...))
	require.Error(t, err)
	out := map[byte][]byte{}
	all := w.dump()
	for i := 0; i < len(all); i += 2 {
		require.True(t, bytes.HasPrefix(all[i], []byte("kmc/")), "its own space only")
		out[all[i][4]] = all[i+1]
	}
	require.Len(t, out, 10, "every space")
	return out
}

// round parses and writes again.
func round(space byte, value []byte) ([]byte, error) {
	switch space {
	case 'c':
		v, err := kmc.ParseCustody(value)
		if err != nil {
			return nil, err
		}
		return v.Marshal()
	case 'e':
		v, err := kmc.ParseEscrow(value)
		if err != nil {
			return nil, err
		}
		return v.Marshal()
	case 'w':
		v, err := kmc.ParseHandover(value)
		if err != nil {
			return nil, err
		}
		return v.Marshal()
	default:
		state := map[byte]kmc.State{'s': kmc.StateSpare, 'u': kmc.StateInUse, 'h': kmc.StateHistory}[space]
		v, err := kmc.ParseRecord(state, value)
		if err != nil {
			return nil, err
		}
		return v.Marshal()
	}
}

const values = "suhecw"

func TestStoredValues(t *testing.T) {
	t.Parallel()
	for space, value := range stored(t) {
		if !bytes.ContainsRune([]byte(values), rune(space)) {
			continue
		}
		again, err := round(space, value)
		require.NoError(t, err, "%c", space)
		require.Equal(t, value, again, "%c", space)
		for name, bad := range map[string][]byte{
			"empty": nil, "cut": value[:len(value)-1], "longer": append(bytes.Clone(value), 0),
			"version": bytes.Replace(value, []byte{2, 1, 1}, []byte{2, 1, 2}, 1),
		} {
			_, err := round(space, bad)
			require.ErrorIs(t, err, kmc.ErrDamaged, "%c %s", space, name)
		}
	}
	_, err := round('u', stored(t)['s'])
	require.ErrorIs(t, err, kmc.ErrDamaged, "a spare is not in use")
	_, err = round('s', stored(t)['h'])
	require.ErrorIs(t, err, kmc.ErrDamaged)
}

// A record that stands under another key's name is damage, not that key.
func TestRecordOfAnotherKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.assign("request-1"), w.assign("request-2")
	require.NoError(t, w.engine.Update(t.Context(), func(wr engine.Writer) error {
		value, err := wr.Get(append([]byte("kmc/u"), a.Key[:]...))
		if err != nil {
			return err
		}
		return wr.Put(append([]byte("kmc/u"), b.Key[:]...), value)
	}))
	_, err := w.centre.Record(t.Context(), b.Key)
	require.ErrorIs(t, err, kmc.ErrDamaged)
	_, err = w.centre.Record(t.Context(), a.Key)
	require.NoError(t, err)
}

// An escrow under another key's name does not open, whoever approves.
func TestEscrowOfAnotherKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.assign("request-1"), w.assign("request-2")
	require.NoError(t, w.engine.Update(t.Context(), func(wr engine.Writer) error {
		value, err := wr.Get(append([]byte("kmc/e"), a.Key[:]...))
		if err != nil {
			return err
		}
		return wr.Put(append([]byte("kmc/e"), b.Key[:]...), value)
	}))
	_, err := w.centre.Recover(t.Context(), w.recovery(b, w.to), participants(w.keepers...))
	require.Equal(t, kmc.ReasonApproval, kmc.ReasonOf(err), "tokens see that the shares are another key's")
}

func FuzzStored(f *testing.F) {
	for space, value := range stored(f) {
		f.Add(space, value)
	}
	f.Fuzz(func(t *testing.T, space byte, value []byte) {
		if bytes.IndexByte([]byte(values), space) < 0 {
			return
		}
		again, err := round(space, value)
		if err != nil {
			require.ErrorIs(t, err, kmc.ErrDamaged)
			return
		}
		third, err := round(space, again)
		require.NoError(t, err)
		require.Equal(t, again, third)
	})
}

func FuzzParseStatement(f *testing.F) {
	_, session := newKey(f)
	for _, s := range []kmc.Statement{
		{Act: kmc.ActRewrap, Set: kmc.Fingerprint{1}},
		{Act: kmc.ActUserRecovery, Key: kmc.KeyID{2}, Holder: "h", Recipient: kmc.Fingerprint{3}},
	} {
		s.Case, s.Time, s.Custody, s.Session = "00112233445566778899aabbccddeeff", start, 1, session
		s.Who, s.Why, s.Basis = "甲", "乙", "丙"
		text, err := s.Marshal()
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := kmc.ParseStatement(text)
		if err != nil {
			require.Nil(t, s)
			require.Equal(t, kmc.ReasonRequest, kmc.ReasonOf(err))
			return
		}
		again, err := s.Marshal()
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
	})
}

func FuzzParseEntry(f *testing.F) {
	w := newWorld(f)
	d := w.assign("request-1")
	_, err := w.centre.Recover(f.Context(), w.recovery(d, w.to), participants(w.keepers...))
	require.NoError(f, err)
	_, entries := w.events()
	for _, e := range entries {
		text, err := e.Text()
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := kmc.ParseText(text)
		if err != nil {
			require.Nil(t, e)
			return
		}
		again, err := e.Text()
		require.NoError(t, err)
		require.Equal(t, text, again)
	})
}

func FuzzParseShare(f *testing.F) {
	w := newWorld(f)
	d := w.assign("request-1")
	plain, err := w.keepers[0].encryption.Decrypt(rand.Reader, w.cipher(d, 0), nil)
	require.NoError(f, err)
	f.Add(plain)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := kmc.ParseShare(b)
		if !ok {
			require.Zero(t, s)
			return
		}
		require.Equal(t, b, s.Marshal())
	})
}
