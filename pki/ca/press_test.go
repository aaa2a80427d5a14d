package ca_test

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// press is an office that publishes.
type press struct {
	*office
	publisher *ca.Publisher
	schedule  ca.Schedule
	numbers   map[ca.CRLScope]*big.Int // the highest seen of each scope
}

func newPress(t testing.TB) *press {
	t.Helper()
	return newPressOn(t, memory.New())
}

func newPressOn(t testing.TB, e engine.Engine) *press {
	t.Helper()
	p := &press{office: openOffice(t, e, nil), numbers: map[ca.CRLScope]*big.Int{}}
	p.restart()
	return p
}

// restart is what a restarted process does.
func (p *press) restart() {
	p.t.Helper()
	p.reopen()
	var err error
	p.publisher, err = ca.NewPublisher(ca.PublisherConfig{Register: p.register, Actor: operator, Schedule: p.schedule})
	require.NoError(p.t, err)
}

func (p *press) due() {
	p.t.Helper()
	require.NoError(p.t, p.publisher.Due(context.Background()))
}

// server issues a certificate without a twin.
func (p *press) server() *ca.Issued {
	p.t.Helper()
	e := p.enrolment(ca.ProfileVault)
	e.Twin = false
	return p.issue(e).Certificate
}

// read parses a published CRL and checks what holds for all: signed by the issuer, the time, numbers that go forward.
func (p *press) read(scope ca.CRLScope, record ca.CRLRecord, der []byte) *pki.CRL {
	p.t.Helper()
	crl, err := pki.ParseCRL(der)
	require.NoError(p.t, err)
	issuer := p.issuing.Certificate()
	require.NoError(p.t, pki.VerifySM2(issuer.PublicKey, crl.RawTBS, crl.Signature))
	require.Equal(p.t, issuer.RawSubject, crl.RawIssuer)
	require.Equal(p.t, issuer.SubjectKeyID, crl.AuthorityKeyID)
	require.Equal(p.t, record.Number, crl.Number.Uint64())
	require.Equal(p.t, record.ThisUpdate, crl.ThisUpdate)
	require.Equal(p.t, record.NextUpdate, crl.NextUpdate)
	require.Equal(p.t, record.Entries, crl.Len())
	require.False(p.t, p.clock.now().Before(crl.ThisUpdate))
	require.True(p.t, p.clock.now().Before(crl.NextUpdate))
	if before := p.numbers[scope]; before != nil {
		require.GreaterOrEqual(p.t, crl.Number.Cmp(before), 0, "numbers go forward")
	}
	p.numbers[scope] = crl.Number
	return crl
}

func (p *press) shard(n uint32) *pki.CRL {
	p.t.Helper()
	scope := ca.CRLScope{Kind: ca.CRLShard, Shard: n}
	record, der, err := p.publisher.CRL(context.Background(), p.issuing.KeyID(), scope)
	require.NoError(p.t, err)
	return p.read(scope, record, der)
}

func (p *press) delta() *pki.CRL {
	p.t.Helper()
	scope := ca.CRLScope{Kind: ca.CRLDelta}
	record, der, err := p.publisher.CRL(context.Background(), p.issuing.KeyID(), scope)
	require.NoError(p.t, err)
	crl := p.read(scope, record, der)
	require.Equal(p.t, record.Base, crl.BaseNumber.Uint64())
	return crl
}

func (p *press) full() *pki.CRL {
	p.t.Helper()
	f, err := p.publisher.OpenFull(context.Background(), p.issuing.KeyID())
	require.NoError(p.t, err)
	return p.read(ca.CRLScope{Kind: ca.CRLFull}, f.CRLRecord, readAll(p.t, f))
}

func readAll(t testing.TB, f *ca.FullCRL) []byte {
	t.Helper()
	der := make([]byte, 0, f.Size)
	b := make([]byte, 100_000)
	for {
		n, err := f.Read(b)
		der = append(der, b[:n]...)
		if err != nil {
			require.Len(t, der, int(f.Size))
			return der
		}
	}
}

// causeOn is the reason for which a CRL lists a certificate.
func causeOn(crl *pki.CRL, c *ca.Issued) (pki.Cause, bool) {
	e, ok := crl.Entry(c.ID.Serial.Big())
	return e.Cause, ok
}

func (p *press) requireOn(crl *pki.CRL, c *ca.Issued, want pki.Cause) {
	p.t.Helper()
	cause, ok := causeOn(crl, c)
	require.True(p.t, ok)
	require.Equal(p.t, want, cause)
}

func (p *press) requireOff(crl *pki.CRL, c *ca.Issued) {
	p.t.Helper()
	_, ok := causeOn(crl, c)
	require.False(p.t, ok)
}

const day = 24 * time.Hour

// responder issues a certificate for an OCSP responder of the issuing authority and opens the responder.
func (p *press) responder(change func(*ca.ResponderConfig)) *ca.Responder {
	p.t.Helper()
	key := newKey(p.t)
	e := p.enrolment(ca.ProfileOCSP)
	e.CSR = newCSR(p.t, key)
	certificate, err := p.issue(e).Certificate.Certificate()
	require.NoError(p.t, err)
	config := ca.ResponderConfig{
		Register: p.register, Issuer: p.issuing.KeyID(), Key: key, Certificate: certificate,
	}
	if change != nil {
		change(&config)
	}
	o, err := ca.OpenResponder(context.Background(), config)
	require.NoError(p.t, err)
	return o
}

// ask makes a request about certificates.
func (p *press) ask(hash oid.ID, nonce []byte, issued ...*ca.Issued) []byte {
	p.t.Helper()
	var serials []*big.Int
	for _, c := range issued {
		serials = append(serials, c.ID.Serial.Big())
	}
	return p.askSerials(hash, nonce, p.issuing.Certificate(), serials...)
}

func (p *press) askSerials(hash oid.ID, nonce []byte, issuer *pki.Certificate, serials ...*big.Int) []byte {
	p.t.Helper()
	r := pki.OCSPRequest{Nonce: nonce}
	for _, serial := range serials {
		id, err := pki.NewCertID(hash, issuer, serial)
		require.NoError(p.t, err)
		r.IDs = append(r.IDs, id)
	}
	der, err := pki.MarshalOCSPRequest(r)
	require.NoError(p.t, err)
	return der
}

// answer asks a responder and checks what holds for every answer: it fits the request, and the responder has signed it.
func (p *press) answer(o *ca.Responder, request []byte) *pki.OCSPResponse {
	p.t.Helper()
	a := o.Answer(context.Background(), request)
	require.NoError(p.t, a.Err)
	require.Equal(p.t, pki.OCSPSuccessful, a.Status)
	r, err := pki.ParseOCSPResponse(a.DER)
	require.NoError(p.t, err)
	asked, err := pki.ParseOCSPRequest(request)
	require.NoError(p.t, err)
	require.NoError(p.t, r.CheckAnswers(*asked))
	require.Len(p.t, r.Answers, len(asked.IDs))
	require.Equal(p.t, asked.Nonce == nil, a.Cacheable)
	require.Len(p.t, r.Certificates, 1)
	require.NoError(p.t, pki.VerifySM2(r.Certificates[0].PublicKey, r.RawTBS, r.Signature))
	require.NoError(p.t, r.Certificates[0].CheckIssuedBy(p.issuing.Certificate()))
	for _, one := range r.Answers {
		require.Equal(p.t, a.ThisUpdate, one.ThisUpdate)
		require.Equal(p.t, a.NextUpdate, one.NextUpdate)
		require.False(p.t, p.clock.now().Before(one.ThisUpdate))
		require.True(p.t, p.clock.now().Before(one.NextUpdate))
	}
	return r
}

// status asks about one certificate.
func (p *press) status(o *ca.Responder, c *ca.Issued) pki.AnswerStatus {
	p.t.Helper()
	return p.answer(o, p.ask(oid.SHA1, nil, c)).Answers[0].Status
}

// judge has the verifiers' judge decide about a certificate with some evidence.
func (p *press) judge(c *ca.Issued, evidence pki.Evidence) pki.CertificateStatus {
	p.t.Helper()
	leaf, err := c.Certificate()
	require.NoError(p.t, err)
	anchors, err := pki.NewAnchors(p.root.Certificate())
	require.NoError(p.t, err)
	chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
		Anchors: anchors, Intermediates: []*pki.Certificate{p.issuing.Certificate()}, At: p.clock.now(), Usage: leaf.KeyUsage,
	})
	require.NoError(p.t, err)
	report := pki.VerifyRevocation(chain, pki.RevocationOptions{At: p.clock.now(), Now: p.clock.now()}, evidence)
	return report.Certificates[0]
}
