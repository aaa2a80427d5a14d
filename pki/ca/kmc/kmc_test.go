package kmc_test

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// Row A55: an encryption pair reaches its holder, and only him.
func TestAssign_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	private := open(t, d, w.holder)
	pair, err := sm2.NewPrivateKey(private[:])
	require.NoError(t, err)
	public, err := pki.PublicKeyOf(pair.Public())
	require.NoError(t, err)
	require.True(t, d.Public.Equal(public))

	record, err := w.centre.Record(t.Context(), d.Key)
	require.NoError(t, err)
	require.Equal(t, kmc.StateInUse, record.State)
	require.Equal(t, "holder-1", record.Holder)
	require.Equal(t, kmc.FingerprintOf(w.to), record.Recipient)
	require.Equal(t, start, record.Assigned)

	w.reopen()
	require.Equal(t, d, w.assign("request-1"), "asked again, the same pair in the same envelope")
	other := w.assign("request-2")
	require.NotEqual(t, d.Key, other.Key)
	_, stranger := newKey(t)
	for name, a := range map[string]kmc.Application{
		"other recipient": {Request: "request-1", Holder: "holder-1", Recipient: stranger},
		"other holder":    {Request: "request-1", Holder: "holder-2", Recipient: w.to},
	} {
		_, err = w.centre.Assign(t.Context(), a)
		require.Equal(t, kmc.ReasonReused, kmc.ReasonOf(err), name)
	}
}

func TestAssignRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		a    kmc.Application
		want kmc.Reason
	}{
		"no request":      {kmc.Application{Holder: "h", Recipient: w.to}, kmc.ReasonRequest},
		"no holder":       {kmc.Application{Request: "r", Recipient: w.to}, kmc.ReasonRequest},
		"line break":      {kmc.Application{Request: "r", Holder: "h\nx", Recipient: w.to}, kmc.ReasonRequest},
		"no recipient":    {kmc.Application{Request: "r", Holder: "h"}, kmc.ReasonRequest},
		"a custodian":     {kmc.Application{Request: "r", Holder: "h", Recipient: w.keepers[1].Who.Encryption}, kmc.ReasonRecipient},
		"custodian's pen": {kmc.Application{Request: "r", Holder: "h", Recipient: w.keepers[2].Who.Signing}, kmc.ReasonRecipient},
	} {
		d, err := w.centre.Assign(t.Context(), c.a)
		require.Equal(t, c.want, kmc.ReasonOf(err), name)
		require.Nil(t, d, name)
	}
	config := w.config
	config.Engine = memory.New()
	empty, err := kmc.Open(t.Context(), config)
	require.NoError(t, err)
	_, err = empty.Assign(t.Context(), kmc.Application{Request: "r", Holder: "h", Recipient: w.to})
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(err), "not founded")
}

// The three stores: ready, in use, history.
func TestHistories_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Spares = 3
	w.reopen()
	made, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, made)
	made, err = w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	require.Zero(t, made)
	ready, err := w.centre.Keys(t.Context(), kmc.StateSpare, kmc.KeyID{}, 10)
	require.NoError(t, err)
	require.Len(t, ready, 3)

	d := w.assign("request-1")
	open(t, d, w.holder)
	require.Contains(t, []kmc.KeyID{ready[0].Key, ready[1].Key, ready[2].Key}, d.Key, "a spare was taken")
	count := func(state kmc.State) int {
		keys, err := w.centre.Keys(t.Context(), state, kmc.KeyID{}, 10)
		require.NoError(t, err)
		return len(keys)
	}
	require.Equal(t, []int{2, 1, 0}, []int{count(kmc.StateSpare), count(kmc.StateInUse), count(kmc.StateHistory)})

	require.NoError(t, w.centre.Confirm(t.Context(), d.Key, []byte{1, 2}))
	require.NoError(t, w.centre.Confirm(t.Context(), d.Key, []byte{1, 2}), "once more")
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(w.centre.Confirm(t.Context(), d.Key, []byte{1, 3})))
	require.Equal(t, kmc.ReasonRequest, kmc.ReasonOf(w.centre.Confirm(t.Context(), d.Key, nil)))
	record, err := w.centre.Record(t.Context(), d.Key)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, record.Certificate)
	require.Empty(t, record.Envelope, "once delivered, the envelope is destroyed")
	_, err = w.centre.Assign(t.Context(), kmc.Application{Request: "request-1", Holder: "holder-1", Recipient: w.to})
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(err))

	w.now = start.Add(time.Hour)
	require.Equal(t, kmc.ReasonRequest, kmc.ReasonOf(w.centre.Retire(t.Context(), d.Key, "")))
	require.NoError(t, w.centre.Retire(t.Context(), d.Key, "证书到期"))
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(w.centre.Retire(t.Context(), d.Key, "证书到期")))
	require.Equal(t, []int{2, 0, 1}, []int{count(kmc.StateSpare), count(kmc.StateInUse), count(kmc.StateHistory)})
	w.assign("request-2")
	of, err := w.centre.KeysOf(t.Context(), "holder-1", kmc.KeyID{}, 10)
	require.NoError(t, err)
	require.Len(t, of, 2)
	behind, err := w.centre.KeysOf(t.Context(), "holder-1", of[0].Key, 10)
	require.NoError(t, err)
	require.Equal(t, of[1:], behind)
	_, err = w.centre.KeysOf(t.Context(), "", kmc.KeyID{}, 10)
	require.Equal(t, kmc.ReasonRequest, kmc.ReasonOf(err))
	_, err = w.centre.Keys(t.Context(), 0, kmc.KeyID{}, 10)
	require.Equal(t, kmc.ReasonRequest, kmc.ReasonOf(err))

	w.reopen()
	require.Zero(t, count(kmc.StateSpare), "what was ready in another run is destroyed")
	require.Equal(t, 1, count(kmc.StateInUse))
	_, err = w.centre.Record(t.Context(), kmc.KeyID{9})
	require.Equal(t, kmc.ReasonUnknown, kmc.ReasonOf(err))
	require.Equal(t, kmc.ReasonUnknown, kmc.ReasonOf(w.centre.Retire(t.Context(), kmc.KeyID{9}, "x")))
}

func TestManySparesAreDestroyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Spares = 300
	w.reopen()
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	w.reopen()
	require.Equal(t, 1, countKeys(w, "kmc/c"), "the custody")
	require.Zero(t, countKeys(w, "kmc/s")+countKeys(w, "kmc/e")+countKeys(w, "kmc/g"))
}

func countKeys(w *world, prefix string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.engine.View(w.t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: []byte(prefix), KeysOnly: true}, func(_, _ []byte) (bool, error) {
			n++
			return true, nil
		})
	}))
	return n
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*kmc.Config){
		"engine":     func(c *kmc.Config) { c.Engine = nil },
		"randomness": func(c *kmc.Config) { c.Rand = nil },
		"clock":      func(c *kmc.Config) { c.Now = nil },
		"signer":     func(c *kmc.Config) { c.Signer = nil },
		"judicial":   func(c *kmc.Config) { c.Judicial = []*pki.PublicKey{nil} },
		"spares":     func(c *kmc.Config) { c.Spares = kmc.MaxSpares + 1 },
		"negative":   func(c *kmc.Config) { c.Spares = -1 },
	} {
		config := w.config
		change(&config)
		c, err := kmc.Open(t.Context(), config)
		require.ErrorIs(t, err, kmc.ErrConfig, name)
		require.Nil(t, c, name)
	}
	enginetest.Set(t, w.engine, "kmc/c\x00\x00\x00\x01", "damage")
	_, err := kmc.Open(t.Context(), w.config)
	require.ErrorIs(t, err, kmc.ErrDamaged)
}

func certificate(t *testing.T, key *sm2.PrivateKey) *pki.Certificate {
	t.Helper()
	template := &smx509.Certificate{
		Subject: pkix.Name{CommonName: "甲"}, SerialNumber: big.NewInt(7), NotBefore: start, NotAfter: start.Add(time.Hour), SignatureAlgorithm: smx509.SM2WithSM3,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// Row A55: the answer to the holder's request carries both certificates and the pair, in a form that others read.
func TestResponse_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	private := open(t, d, w.holder)
	pair, err := sm2.NewPrivateKey(private[:])
	require.NoError(t, err)
	signing, encryption := certificate(t, w.holder), certificate(t, pair)
	der, err := d.Response(signing, encryption)
	require.NoError(t, err)
	read, err := smx509.ParseCSRResponse(w.holder, der)
	require.NoError(t, err)
	require.True(t, pair.Equal(read.EncryptPrivateKey))
	require.Equal(t, encryption.Raw, read.EncryptCerts[0].Raw)
	for name, c := range map[string][2]*pki.Certificate{
		"exchanged": {encryption, signing}, "no signing": {nil, encryption}, "no encryption": {signing, nil},
		"twice signing": {signing, signing},
	} {
		_, err := d.Response(c[0], c[1])
		require.Equal(t, kmc.ReasonRecipient, kmc.ReasonOf(err), name)
	}
}
