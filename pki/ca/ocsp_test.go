package ca_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

var nonce = []byte("sixteen bytes !!")

// Row A55: good for what was issued and is valid, revoked for what is, unknown for everything else; with and without
// a nonce, by each of the hashes.
func TestOCSP_A55(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(nil)
	good, held, revoked, compromised := p.server(), p.server(), p.server(), p.server()
	p.clock.add(time.Hour)
	invalid := p.clock.now().Add(-10 * time.Minute)
	for _, outcome := range p.publisher.ChangeAll(ctx, revoker, []ca.Change{
		{ID: held.ID, To: ca.StateHeld, Note: "挂起"},
		{ID: revoked.ID, To: ca.StateRevoked, Note: "注销"},
		{ID: compromised.ID, To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: invalid, Note: "泄露"},
	}) {
		require.NoError(t, outcome.Err)
	}
	since := p.clock.now()
	p.clock.add(time.Minute)
	for _, hash := range []oid.ID{oid.SHA1, oid.SM3, oid.SHA256} {
		for _, nonce := range [][]byte{nil, nonce} {
			r := p.answer(o, p.ask(hash, nonce, good, held, revoked, compromised))
			require.Equal(t, nonce, r.Nonce)
			require.Equal(t, p.clock.now(), r.ProducedAt)
			a := r.Answers
			require.Equal(t, pki.AnswerGood, a[0].Status)
			require.Equal(t, pki.AnswerRevoked, a[1].Status)
			require.Equal(t, pki.CauseCertificateHold, a[1].Cause)
			require.Equal(t, pki.AnswerRevoked, a[2].Status)
			require.Equal(t, pki.CauseUnspecified, a[2].Cause)
			require.Equal(t, since, a[2].RevokedAt)
			require.Equal(t, pki.CauseKeyCompromise, a[3].Cause)
			require.Equal(t, invalid, a[3].InvalidFrom)
			require.Equal(t, p.issuing.Certificate().NotBefore, a[3].ArchiveCutoff)
		}
	}
	never := p.answer(o, p.askSerials(oid.SM3, nonce, p.issuing.Certificate(), big.NewInt(77), ca.SeededSerial(3).Big()))
	require.Equal(t, pki.AnswerUnknown, never.Answers[0].Status, "good is only what was really issued")
	require.Equal(t, pki.AnswerUnknown, never.Answers[1].Status)

	_, err := p.publisher.Resume(ctx, revoker, held.ID, "恢复")
	require.NoError(t, err)
	require.Equal(t, pki.AnswerGood, p.status(o, held))
	p.clock.add(6 * 365 * day)
	require.Equal(t, pki.OCSPTryLater, o.Answer(ctx, p.ask(oid.SM3, nonce, good)).Status, "its own certificate has expired")
}

// The judge of verifiers takes the CRLs and the answers for what they are.
func TestJudgeAgrees(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(nil)
	good, held, revoked := p.server(), p.server(), p.server()
	p.due()
	p.clock.add(time.Hour)
	_, err := p.publisher.Suspend(ctx, revoker, held.ID, "挂起")
	require.NoError(t, err)
	_, err = p.publisher.Revoke(ctx, revoker, revoked.ID, pki.CauseKeyCompromise, "泄露")
	require.NoError(t, err)
	for name, evidence := range map[string]func(*ca.Issued) pki.Evidence{
		"shard": func(*ca.Issued) pki.Evidence { return pki.Evidence{CRLs: []*pki.CRL{p.shard(0)}} },
		"full and delta": func(*ca.Issued) pki.Evidence {
			return pki.Evidence{CRLs: []*pki.CRL{p.full(), p.delta()}}
		},
		"OCSP": func(c *ca.Issued) pki.Evidence {
			return pki.Evidence{Responses: []*pki.OCSPResponse{p.answer(o, p.ask(oid.SM3, nonce, c))}}
		},
	} {
		for c, want := range map[*ca.Issued]pki.RevocationStatus{
			good: pki.StatusGood, held: pki.StatusOnHold, revoked: pki.StatusRevoked,
		} {
			got := p.judge(c, evidence(c))
			require.Equal(t, want, got.Status, "%s: %s %v", name, got.Reason, got.Findings)
		}
	}
	got := p.judge(revoked, pki.Evidence{CRLs: []*pki.CRL{p.full()}})
	require.Equal(t, pki.StatusGood, got.Status, "the full one is older than the revocation: that is what deltas are for")
}

// What was signed beforehand is served as long as it says what is true, and not a moment longer.
func TestStoredAnswers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(nil)
	a, b := p.server(), p.server()
	n, err := o.Presign(ctx)
	require.NoError(t, err)
	require.Equal(t, 2*3, n, "two hashes, three certificates with the responder's own")
	n, err = o.Presign(ctx)
	require.NoError(t, err)
	require.Zero(t, n, "all are fresh")
	signedAt := p.clock.now()
	p.clock.add(time.Hour)
	for _, hash := range []oid.ID{oid.SHA1, oid.SM3} {
		r := p.answer(o, p.ask(hash, nil, a))
		require.Equal(t, signedAt, r.ProducedAt, "stored")
		require.Equal(t, signedAt.Add(day), r.Answers[0].NextUpdate)
		require.Equal(t, p.clock.now(), p.answer(o, p.ask(hash, nonce, a)).ProducedAt, "a nonce is answered live")
		require.Equal(t, p.clock.now(), p.answer(o, p.ask(hash, nil, a, b)).ProducedAt, "two at once too")
	}
	require.Equal(t, p.clock.now(), p.answer(o, p.ask(oid.SHA256, nil, a)).ProducedAt, "a hash that is not stored")

	_, err = p.register.Revoke(ctx, revoker, a.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	require.Equal(t, pki.AnswerRevoked, p.status(o, a), "at once, though nobody has refreshed anything")
	require.Equal(t, pki.AnswerGood, p.status(o, b))
	p.clock.add(time.Minute)
	require.NoError(t, o.Refresh(ctx, a.ID, ca.CertificateID{Issuer: p.root.KeyID()}, ca.CertificateID{Issuer: p.issuing.KeyID()}))
	refreshed := p.clock.now()
	p.clock.add(time.Minute)
	r := p.answer(o, p.ask(oid.SM3, nil, a))
	require.Equal(t, refreshed, r.ProducedAt)
	require.Equal(t, pki.AnswerRevoked, r.Answers[0].Status)

	p.clock.add(13 * time.Hour)
	n, err = o.Presign(ctx)
	require.NoError(t, err)
	require.Equal(t, 2*3, n, "half of their time has gone")
	p.clock.add(25 * time.Hour)
	require.Equal(t, p.clock.now(), p.answer(o, p.ask(oid.SM3, nil, b)).ProducedAt, "past their time")
	p.clock.add(-2 * day)
	require.Equal(t, pki.OCSPTryLater, o.Answer(ctx, p.ask(oid.SM3, nil, b)).Status, "the clock was set back")
}

// Answers for certificates that have expired are signed when asked for; what was stored goes.
func TestStoredAnswersOfExpired(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	c := p.server()
	p.clock.add(5*365*day - 30*day)
	o := p.responder(nil)
	_, err := o.Presign(ctx)
	require.NoError(t, err)
	stored := ca.CountStored(ctx, p.engine)
	p.clock.add(40 * day)
	n, err := o.Presign(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n, "the responder's own")
	require.Equal(t, stored-2, ca.CountStored(ctx, p.engine))
	require.Equal(t, pki.AnswerGood, p.status(o, c))
}

// More certificates than a batch: each once.
func TestPresignMany(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(func(c *ca.ResponderConfig) { c.Hashes = []oid.ID{oid.SM3} })
	require.NoError(t, ca.SeedRevoked(ctx, p.engine, p.issuing.KeyID(), 600, p.clock.now()))
	n, err := o.Presign(ctx)
	require.NoError(t, err)
	require.Equal(t, 601, n)
	require.Equal(t, 601, ca.CountStored(ctx, p.engine))
	r := p.answer(o, p.askSerials(oid.SM3, nil, p.issuing.Certificate(), ca.SeededSerial(599).Big()))
	require.Equal(t, pki.AnswerRevoked, r.Answers[0].Status)
}

// A stored answer that somebody has put in another's place, or that is damaged, is not served.
func TestStoredAnswerDamaged(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(nil)
	a := p.server()
	_, err := o.Presign(ctx)
	require.NoError(t, err)
	p.clock.add(time.Minute)
	require.NoError(t, ca.DamageStored(ctx, p.engine))
	require.Equal(t, p.clock.now(), p.answer(o, p.ask(oid.SHA1, nil, a)).ProducedAt)
	n, err := o.Presign(ctx)
	require.NoError(t, err)
	require.Equal(t, 4, n, "signed again")
}

func TestOCSPRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	o := p.responder(nil)
	c := p.server()
	sound := p.ask(oid.SM3, nil, c)
	many := make([]*ca.Issued, ca.MaxOCSPQuestions+1)
	for i := range many {
		many[i] = c
	}
	long := append([]byte{0x30, 0x82, 0x40, 0x00}, make([]byte, 0x4000)...)
	for name, c := range map[string]struct {
		request []byte
		want    pki.OCSPStatus
	}{
		"empty":              {nil, pki.OCSPMalformedRequest},
		"not DER":            {[]byte("GET / HTTP/1.1"), pki.OCSPMalformedRequest},
		"trailing byte":      {append(bytes.Clone(sound), 0), pki.OCSPMalformedRequest},
		"cut":                {sound[:len(sound)-1], pki.OCSPMalformedRequest},
		"no question":        {[]byte{0x30, 4, 0x30, 2, 0x30, 0}, pki.OCSPMalformedRequest},
		"too long":           {long, pki.OCSPMalformedRequest},
		"too many":           {p.ask(oid.SM3, nil, many...), pki.OCSPMalformedRequest},
		"critical extension": {withExtension(t, sound, oid.OCSPServiceLocator, true, []byte{5, 0}), pki.OCSPMalformedRequest},
		"empty nonce":        {withExtension(t, sound, oid.OCSPNonce, false, []byte{4, 0}), pki.OCSPMalformedRequest},
		"huge nonce":         {withExtension(t, sound, oid.OCSPNonce, false, append([]byte{4, 0x81, 129}, make([]byte, 129)...)), pki.OCSPMalformedRequest},
		"another issuer":     {p.askSerials(oid.SM3, nil, p.root.Certificate(), big.NewInt(5)), pki.OCSPUnauthorized},
		"another hash":       {p.askSerials(oid.SHA512, nil, p.issuing.Certificate(), c.ID.Serial.Big()), pki.OCSPUnauthorized},
	} {
		a := o.Answer(ctx, c.request)
		require.Equal(t, c.want, a.Status, name)
		r, err := pki.ParseOCSPResponse(a.DER)
		require.NoError(t, err, name)
		require.Equal(t, c.want, r.Status, name)
		require.Zero(t, a.ThisUpdate, name)
		require.False(t, a.Cacheable, name)
	}
	require.Len(t, p.answer(o, p.ask(oid.SM3, nil, many[1:]...)).Answers, ca.MaxOCSPQuestions)
	require.Equal(t, pki.OCSPSuccessful, o.Answer(ctx, withExtension(t, sound, oid.OCSPServiceLocator, false, []byte{5, 0})).Status)

	// Of two issuers: one is answered, the other is not known here.
	mixed := pki.OCSPRequest{}
	for _, issuer := range []*pki.Certificate{p.issuing.Certificate(), p.root.Certificate()} {
		id, err := pki.NewCertID(oid.SM3, issuer, c.ID.Serial.Big())
		require.NoError(t, err)
		mixed.IDs = append(mixed.IDs, id)
	}
	der, err := pki.MarshalOCSPRequest(mixed)
	require.NoError(t, err)
	r := p.answer(o, der)
	require.Equal(t, pki.AnswerGood, r.Answers[0].Status)
	require.Equal(t, pki.AnswerUnknown, r.Answers[1].Status)

	negative := p.answer(o, p.askSerials(oid.SM3, nil, p.issuing.Certificate(), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 200)))
	require.Equal(t, pki.AnswerUnknown, negative.Answers[0].Status)
	require.Equal(t, pki.AnswerUnknown, negative.Answers[1].Status)

	require.NoError(t, p.register.MarkRestored(ctx, operator))
	require.Equal(t, pki.OCSPTryLater, o.Answer(ctx, sound).Status, "a restored register does not know what it does not know")
}

// withExtension adds an extension to a request without any.
func withExtension(t *testing.T, request []byte, id oid.ID, critical bool, value []byte) []byte {
	t.Helper()
	input := cryptobyte.String(request)
	var outer, tbs cryptobyte.String
	require.True(t, input.ReadASN1(&outer, casn1.SEQUENCE) && outer.ReadASN1(&tbs, casn1.SEQUENCE))
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddASN1(casn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						oid.Add(b, id)
						if critical {
							b.AddASN1Boolean(true)
						}
						b.AddASN1OctetString(value)
					})
				})
			})
		})
	})
	der, err := b.Bytes()
	require.NoError(t, err)
	return der
}

// A responder that relying parties would not believe is not opened.
func TestOpenResponderRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	var sound ca.ResponderConfig
	p.responder(func(c *ca.ResponderConfig) { sound = *c })
	vault, err := p.server().Certificate()
	require.NoError(t, err)
	otherKey := newKey(t)
	foreign, err := p.root.Issue(ca.Request{
		Profile: ca.ProfileOCSP, Subject: ca.Name{CommonName: "别家的响应器"}, PublicKey: sound.Key.Public(),
	})
	require.NoError(t, err)
	wrongPurpose, err := p.issuing.Issue(ca.Request{
		Profile: ca.ProfileTSA, Subject: ca.Name{CommonName: "时间戳"}, PublicKey: sound.Key.Public(),
	})
	require.NoError(t, err)
	for name, change := range map[string]func(*ca.ResponderConfig){
		"no register":      func(c *ca.ResponderConfig) { c.Register = nil },
		"no key":           func(c *ca.ResponderConfig) { c.Key = nil },
		"no certificate":   func(c *ca.ResponderConfig) { c.Certificate = nil },
		"unknown issuer":   func(c *ca.ResponderConfig) { c.Issuer = ca.KeyID{1} },
		"another key":      func(c *ca.ResponderConfig) { c.Key = otherKey },
		"another holder":   func(c *ca.ResponderConfig) { c.Certificate = vault },
		"by another":       func(c *ca.ResponderConfig) { c.Certificate = foreign },
		"other purpose":    func(c *ca.ResponderConfig) { c.Certificate = wrongPurpose },
		"too short":        func(c *ca.ResponderConfig) { c.Valid = time.Second },
		"live too short":   func(c *ca.ResponderConfig) { c.LiveValid = time.Second },
		"hash it does not": func(c *ca.ResponderConfig) { c.Hashes = []oid.ID{oid.SHA512} },
	} {
		config := sound
		change(&config)
		o, err := ca.OpenResponder(ctx, config)
		require.ErrorIs(t, err, ca.ErrConfig, name)
		require.Nil(t, o, name)
	}
	serial, ok := ca.SerialOf(sound.Certificate.Serial)
	require.True(t, ok)
	_, err = p.publisher.Revoke(ctx, revoker, ca.CertificateID{Issuer: p.issuing.KeyID(), Serial: serial}, pki.CauseKeyCompromise, "泄露")
	require.NoError(t, err)
	_, err = ca.OpenResponder(ctx, sound)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err), "its own certificate is revoked")
}

// An engine that cannot be read gives no answer, and above all no good one.
func TestOCSPWithoutEngine(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	e := &brittle{Engine: memory.New()}
	p := newPressOn(t, e)
	o := p.responder(nil)
	c := p.server()
	_, err := o.Presign(ctx)
	require.NoError(t, err)
	e.broken = true
	for _, nonce := range [][]byte{nil, nonce} {
		a := o.Answer(ctx, p.ask(oid.SM3, nonce, c))
		require.Equal(t, pki.OCSPTryLater, a.Status)
		require.ErrorIs(t, a.Err, errBroken)
	}
	_, err = o.Presign(ctx)
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, o.Refresh(ctx, c.ID), errBroken)
}

var errBroken = errors.New("broken")

type brittle struct {
	engine.Engine
	broken bool
}

func (b *brittle) View(ctx context.Context, fn func(engine.Reader) error) error {
	if b.broken {
		return errBroken
	}
	return b.Engine.View(ctx, fn)
}

func FuzzOCSPAnswer(f *testing.F) {
	p := newPress(f)
	o := p.responder(nil)
	c := p.server()
	_, err := o.Presign(f.Context())
	require.NoError(f, err)
	for _, hash := range []oid.ID{oid.SHA1, oid.SM3, oid.SHA256} {
		f.Add(p.ask(hash, nil, c))
		f.Add(p.ask(hash, nonce, c, c))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		a := o.Answer(context.Background(), request)
		r, err := pki.ParseOCSPResponse(a.DER)
		require.NoError(t, err)
		require.Equal(t, a.Status, r.Status)
		if a.Status != pki.OCSPSuccessful {
			require.Len(t, a.DER, 5)
			return
		}
		asked, err := pki.ParseOCSPRequest(request)
		require.NoError(t, err)
		require.NoError(t, r.CheckAnswers(*asked))
		for _, one := range r.Answers {
			require.True(t, one.Status != pki.AnswerGood || one.ID.Serial.Cmp(c.ID.Serial.Big()) == 0 || one.ID.Matches(p.issuing.Certificate(), r.Certificates[0].Serial))
		}
	})
}
