package ca_test

import (
	"context"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
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
	require.NoError(p.t, pki.VerifySM2(issuer.PublicKey, crl.RawTBS, signatureOf(p.t, der)))
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

// signatureOf is the last field of a signed structure.
func signatureOf(t testing.TB, der []byte) []byte {
	t.Helper()
	var v struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	_, err := asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	return v.Signature.Bytes
}

const day = 24 * time.Hour
