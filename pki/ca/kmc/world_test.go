package kmc_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca/kmc"
)

func memoryEngine() engine.Engine { return memory.New() }

var start = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// Made-up grounds.
var (
	ceremony = kmc.Grounds{Who: "示例省密钥管理中心 值班长甲", Why: "密钥管理中心建立", Basis: "示例省电子认证管理办法第三条"}
	grounds  = kmc.Grounds{Who: "示例市公安局 经办人乙", Why: "解密在办案件的往来文书", Basis: "示例法第四十条"}
)

func newKey(t testing.TB) (*sm2.PrivateKey, *pki.PublicKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	return key, public
}

// keeper is a custodian of the tests: a token, and what it was shown.
type keeper struct {
	kmc.Token
	signing, encryption *sm2.PrivateKey
	shown               []*kmc.Statement
	declines            error
}

var errNo = errors.New("the person said no")

func newKeeper(t testing.TB, name string) *keeper {
	t.Helper()
	signing, signingPublic := newKey(t)
	encryption, encryptionPublic := newKey(t)
	k := &keeper{signing: signing, encryption: encryption}
	k.Token = kmc.Token{
		Who:    kmc.Custodian{Name: name, Signing: signingPublic, Encryption: encryptionPublic},
		Signer: signing, Decrypter: encryption, Rand: rand.Reader,
		Consent: func(s *kmc.Statement) error {
			k.shown = append(k.shown, s)
			return k.declines
		},
	}
	return k
}

func newKeepers(t testing.TB, n int, set string) (keepers []*keeper) {
	t.Helper()
	for i := range n {
		keepers = append(keepers, newKeeper(t, fmt.Sprintf("%s保管员%d", set, i+1)))
	}
	return keepers
}

func custodyOf(threshold int, keepers ...*keeper) kmc.Custody {
	c := kmc.Custody{Threshold: threshold}
	for _, k := range keepers {
		c.Custodians = append(c.Custodians, k.Who)
	}
	return c
}

func participants(keepers ...*keeper) (out []kmc.Participant) {
	for _, k := range keepers {
		out = append(out, k)
	}
	return out
}

// world is a founded centre with three custodians of whom two are needed, and a holder.
type world struct {
	t       testing.TB
	engine  engine.Engine
	config  kmc.Config
	centre  *kmc.Centre
	keepers []*keeper
	now     time.Time
	holder  *sm2.PrivateKey // his signing key
	to      *pki.PublicKey
	court   *sm2.PrivateKey // may receive judicial recoveries
	courtTo *pki.PublicKey
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, memory.New())
}

func newWorldOn(t testing.TB, e engine.Engine) *world {
	t.Helper()
	w := &world{t: t, engine: e, keepers: newKeepers(t, 3, "首任"), now: start}
	w.holder, w.to = newKey(t)
	w.court, w.courtTo = newKey(t)
	signer, _ := newKey(t)
	w.config = kmc.Config{
		Engine: e, Rand: rand.Reader, Now: func() time.Time { return w.now }, Signer: signer,
		Judicial: []*pki.PublicKey{w.courtTo},
	}
	w.reopen()
	require.NoError(t, w.centre.Found(t.Context(), custodyOf(2, w.keepers...), ceremony, participants(w.keepers...)))
	return w
}

func (w *world) reopen() {
	w.t.Helper()
	var err error
	w.centre, err = kmc.Open(w.t.Context(), w.config)
	require.NoError(w.t, err)
}

func (w *world) assign(request string) *kmc.Delivery {
	w.t.Helper()
	d, err := w.centre.Assign(w.t.Context(), kmc.Application{Request: request, Holder: "holder-1", Recipient: w.to})
	require.NoError(w.t, err)
	return d
}

// open takes the private key out of a delivery.
func open(t testing.TB, d *kmc.Delivery, with crypto.Decrypter) [32]byte {
	t.Helper()
	k, err := envelope.ParseKey(d.Envelope)
	require.NoError(t, err)
	require.True(t, d.Public.Equal(k.Public))
	require.Equal(t, d.Key, kmc.KeyIDOf(k.Public))
	private, err := k.Open(with)
	require.NoError(t, err)
	return private
}

func (w *world) recovery(d *kmc.Delivery, to *pki.PublicKey) kmc.Recovery {
	return kmc.Recovery{Act: kmc.ActUserRecovery, Key: d.Key, Holder: "holder-1", Recipient: to, Grounds: grounds}
}

// dump is everything that is stored.
func (w *world) dump() (out [][]byte) {
	w.t.Helper()
	require.NoError(w.t, w.engine.View(w.t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
			out = append(out, append([]byte(nil), k...), append([]byte(nil), v...))
			return true, nil
		})
	}))
	return out
}

// events reads the transcript with the verifier and gives what happened.
func (w *world) events() (events []kmc.Event, entries []*kmc.Entry) {
	w.t.Helper()
	v := kmc.TranscriptVerifier{Key: w.centre.Key()}
	require.NoError(w.t, w.centre.Transcript(w.t.Context(), 1, func(raw []byte) error {
		e, err := v.Add(raw)
		if err != nil {
			return err
		}
		events, entries = append(events, e.Event), append(entries, e)
		return nil
	}))
	return events, entries
}

// stubborn is a participant who answers with whatever the test wants.
type stubborn struct {
	who    kmc.Fingerprint
	answer func(context.Context, kmc.Question) (kmc.Approval, error)
}

func (s stubborn) Custodian() kmc.Fingerprint { return s.who }

func (s stubborn) Answer(ctx context.Context, q kmc.Question) (kmc.Approval, error) {
	return s.answer(ctx, q)
}

type kmcContext = context.Context

func sign(t testing.TB, k *keeper, message []byte) []byte {
	t.Helper()
	signature, err := k.Who.Signing.Sign(rand.Reader, k.signing, message)
	require.NoError(t, err)
	return signature
}

// cipher is the stored share of a key for the custodian at a place.
func (w *world) cipher(d *kmc.Delivery, place int) (cipher []byte) {
	w.t.Helper()
	require.NoError(w.t, w.engine.View(w.t.Context(), func(r engine.Reader) error {
		der, err := r.Get(append([]byte("kmc/e"), d.Key[:]...))
		if err != nil {
			return err
		}
		e, err := kmc.ParseEscrow(der)
		if err == nil {
			cipher = e.Ciphers()[place]
		}
		return err
	}))
	return cipher
}

// hand opens a stored share and hands it over, changed, as an answer to a question.
func (w *world) hand(q kmc.Question, d *kmc.Delivery, place int, change func(plain []byte)) []byte {
	w.t.Helper()
	plain, err := w.keepers[place].encryption.Decrypt(nil, w.cipher(d, place), nil)
	require.NoError(w.t, err)
	if change != nil {
		change(plain)
	}
	return w.handBytes(q, plain)
}

func (w *world) handBytes(q kmc.Question, plain []byte) []byte {
	w.t.Helper()
	s, err := kmc.ParseStatement(q.Statement)
	require.NoError(w.t, err)
	cipher, err := envelope.Encrypt(rand.Reader, s.Session, plain)
	require.NoError(w.t, err)
	return cipher
}
