package kmc_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/pki/ca/kmc"
)

// thief has everything that is stored, and the private keys of some custodians. It knows the formats.
type thief struct {
	stored [][]byte
	keys   []*sm2.PrivateKey
	found  [][]byte // every plain text its keys open
	points []kmc.Point
}

// search opens every SM2 ciphertext at every place of everything stored.
func (f *thief) search() {
	for _, value := range f.stored {
		for at := range value {
			rest := cryptobyte.String(value[at:])
			var element cryptobyte.String
			if !rest.ReadASN1Element(&element, casn1.SEQUENCE) {
				continue
			}
			for _, key := range f.keys {
				plain, err := key.Decrypt(nil, element, nil)
				if err != nil {
					continue
				}
				f.found = append(f.found, plain)
				if p, ok := kmc.PointOf(plain); ok {
					f.points = append(f.points, p)
				}
			}
		}
	}
}

// secrets are all SM4 keys that could be made of what was found: each 16 bytes in a row of anything stored or opened,
// and what each set of shares combines to.
func (f *thief) secrets(try func([kmc.SecretSize]byte)) {
	for _, b := range append(f.stored[:len(f.stored):len(f.stored)], f.found...) {
		for at := 0; at+kmc.SecretSize <= len(b); at++ {
			try([kmc.SecretSize]byte(b[at:]))
		}
	}
	for i := range f.points {
		if s, ok := kmc.Combine(f.points[i : i+1]); ok {
			try(s)
		}
		for j := range i {
			if s, ok := kmc.Combine([]kmc.Point{f.points[i], f.points[j]}); ok {
				try(s)
			}
		}
	}
}

// opens tries to open the escrow of a key.
func (f *thief) opens(t *testing.T, key kmc.KeyID, stored []byte) (d []byte) {
	t.Helper()
	e, err := kmc.ParseEscrow(stored)
	require.NoError(t, err)
	f.secrets(func(s [kmc.SecretSize]byte) {
		block, err := sm4.NewCipher(s[:])
		require.NoError(t, err)
		aead, err := cipher.NewGCM(block)
		require.NoError(t, err)
		if plain, err := aead.Open(nil, e.Nonce(), e.Sealed(), kmc.Bound(key, 1)); err == nil {
			d = plain
		}
	})
	return d
}

// Row A55: recovery needs two persons' secrets by mathematics. Whoever has one custodian's keys and every stored byte has
// nothing; with two he has the key, which shows that the search would find it.
func TestOneCustodianAloneOpensNothing_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Spares = 1
	w.reopen()
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	d := w.assign("request-1")
	private := open(t, d, w.holder)
	_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers[:2]...))
	require.NoError(t, err, "a recovery leaves nothing either")
	stored := w.dump()
	var kept []byte
	for i, k := range stored {
		if bytes.Equal(k, append([]byte("kmc/e"), d.Key[:]...)) {
			kept = stored[i+1]
		}
		require.NotContains(t, string(k), string(private[:]), "d is nowhere in the clear")
	}
	require.NotNil(t, kept)
	require.Nil(t, (&thief{stored: stored}).opens(t, d.Key, kept), "the store alone")
	for i, k := range w.keepers {
		alone := &thief{stored: stored, keys: []*sm2.PrivateKey{k.signing, k.encryption}}
		alone.search()
		require.Len(t, alone.points, 1, "his share")
		require.Nil(t, alone.opens(t, d.Key, kept), "custodian %d", i+1)
		next := w.keepers[(i+1)%3]
		two := &thief{stored: stored, keys: []*sm2.PrivateKey{k.encryption, next.encryption}}
		two.search()
		require.Equal(t, private[:], two.opens(t, d.Key, kept), "two of them")
	}
}

// Row A55: with one approver's secrets it fails, whatever he is called and however often.
func TestRecoverNeedsTwo_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	twin := newKeeper(t, "首任保管员2") // claims to be the second, has his own keys
	claims := *twin
	claims.Who = w.keepers[1].Who
	declines := newKeeper(t, "x")
	*declines = *w.keepers[1]
	declines.Consent = func(*kmc.Statement) error { return errNo }
	for name, c := range map[string]struct {
		with []kmc.Participant
		want kmc.Reason
	}{
		"nobody":              {nil, kmc.ReasonApproval},
		"one":                 {participants(w.keepers[0]), kmc.ReasonApproval},
		"one twice":           {participants(w.keepers[0], w.keepers[0]), kmc.ReasonCustodian},
		"a stranger":          {participants(w.keepers[0], twin), kmc.ReasonCustodian},
		"stranger who claims": {participants(w.keepers[0], &claims), kmc.ReasonApproval},
		"one declines":        {participants(w.keepers[0], declines), kmc.ReasonApproval},
		"nil":                 {[]kmc.Participant{w.keepers[0], nil}, kmc.ReasonCustodian},
		"too many":            {participants(append(w.keepers, w.keepers...)...), kmc.ReasonCustodian},
	} {
		got, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), c.with)
		require.Equal(t, c.want, kmc.ReasonOf(err), name)
		require.Nil(t, got, name)
	}
	events, _ := w.events()
	require.Equal(t, []kmc.Event{
		kmc.EventFounded, kmc.EventRefused, kmc.EventRefused, kmc.EventRefused, kmc.EventRefused, kmc.EventRefused,
		kmc.EventRefused, kmc.EventRefused, kmc.EventRefused,
	}, events, "each attempt is in the transcript")
}

// A custodian who signs but gives something else as his share is named; the key stays shut.
func TestRecoverFalseShares(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.assign("request-1"), w.assign("request-2")
	honest := w.keepers[1]
	ask := func(change func(q kmc.Question, a *kmc.Approval)) error {
		liar := stubborn{who: honest.Custodian()}
		liar.answer = func(ctx kmcContext, q kmc.Question) (kmc.Approval, error) {
			a, err := honest.Answer(ctx, q)
			change(q, &a)
			return a, err
		}
		_, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), []kmc.Participant{w.keepers[0], liar})
		return err
	}
	require.NoError(t, ask(func(kmc.Question, *kmc.Approval) {}))
	for name, c := range map[string]struct {
		change func(q kmc.Question, a *kmc.Approval)
		want   kmc.Reason
	}{
		"no share":             {func(_ kmc.Question, a *kmc.Approval) { a.Shares = nil }, kmc.ReasonShare},
		"the stored cipher":    {func(q kmc.Question, a *kmc.Approval) { a.Shares[0] = q.Shares[0] }, kmc.ReasonShare},
		"rubbish":              {func(_ kmc.Question, a *kmc.Approval) { a.Shares[0] = []byte("?") }, kmc.ReasonShare},
		"no signature":         {func(_ kmc.Question, a *kmc.Approval) { a.Signature = nil }, kmc.ReasonApproval},
		"signature of another": {func(q kmc.Question, a *kmc.Approval) { a.Signature = sign(t, w.keepers[2], q.Statement) }, kmc.ReasonApproval},
		"share of another key": {func(q kmc.Question, a *kmc.Approval) { a.Shares[0] = w.hand(q, other, 1, nil) }, kmc.ReasonShare},
		"another's share":      {func(q kmc.Question, a *kmc.Approval) { a.Shares[0] = w.hand(q, d, 2, nil) }, kmc.ReasonShare},
		"an altered share": {func(q kmc.Question, a *kmc.Approval) {
			a.Shares[0] = w.hand(q, d, 1, func(plain []byte) { plain[len(plain)-1] ^= 1 })
		}, kmc.ReasonShare},
		"a share cut short": {func(q kmc.Question, a *kmc.Approval) { a.Shares[0] = w.handBytes(q, []byte("share")) }, kmc.ReasonShare},
	} {
		require.Equal(t, c.want, kmc.ReasonOf(ask(c.change)), name)
	}
	w.events()
}

// A custodian's token hands out nothing but the share of the key that its holder approves.
func TestTokenDeclines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.assign("request-1"), w.assign("request-2")
	k := w.keepers[0]
	session, sessionKey := newKey(t)
	_ = session
	statement := kmc.Statement{
		Act: kmc.ActUserRecovery, Case: "00112233445566778899aabbccddeeff", Time: start, Custody: 1, Key: d.Key,
		Holder: "holder-1", Recipient: kmc.FingerprintOf(w.to), Who: "甲", Why: "乙", Basis: "丙", Session: sessionKey,
	}
	question := func(change func(*kmc.Statement), shares ...[]byte) kmc.Question {
		s := statement
		change(&s)
		text, err := s.Marshal()
		require.NoError(t, err)
		return kmc.Question{Statement: text, Shares: shares}
	}
	same := func(*kmc.Statement) {}
	mine, another := w.cipher(d, 0), w.cipher(other, 0)
	a, err := k.Answer(t.Context(), question(same, mine))
	require.NoError(t, err)
	require.Len(t, a.Shares, 1)
	for name, q := range map[string]kmc.Question{
		"no statement":          {Shares: [][]byte{mine}},
		"not a statement":       {Statement: []byte("act anything\n"), Shares: [][]byte{mine}},
		"share of another key":  question(same, another),
		"two shares":            question(same, mine, another),
		"no share":              question(same),
		"not his":               question(same, w.cipher(d, 1)),
		"another generation":    question(func(s *kmc.Statement) { s.Custody = 2 }, mine),
		"as a founding":         question(func(s *kmc.Statement) { s.Act, s.Set = kmc.ActFounding, kmc.Fingerprint{1} }, mine),
		"another key, same act": question(func(s *kmc.Statement) { s.Key = other.Key }, mine),
	} {
		a, err := k.Answer(t.Context(), q)
		require.Error(t, err, name)
		require.Empty(t, a.Shares, name)
		require.Empty(t, a.Signature, name)
	}
	shown := len(k.shown)
	k.declines = errNo
	_, err = k.Answer(t.Context(), question(same, mine))
	require.ErrorIs(t, err, kmc.ErrDeclined)
	require.True(t, errors.Is(err, errNo))
	require.Len(t, k.shown, shown+1)
	require.Equal(t, d.Key, k.shown[shown].Key)
	k.declines = nil
	for name, change := range map[string]func(*kmc.Token){
		"nobody to ask": func(k *kmc.Token) { k.Consent = nil }, "no signer": func(k *kmc.Token) { k.Signer = nil },
		"no decrypter": func(k *kmc.Token) { k.Decrypter = nil }, "no randomness": func(k *kmc.Token) { k.Rand = nil },
	} {
		token := k.Token
		change(&token)
		_, err := token.Answer(t.Context(), question(same, mine))
		require.ErrorIs(t, err, kmc.ErrDeclined, name)
	}
}
