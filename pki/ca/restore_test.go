package ca_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// copyEngine is a backup of an engine, opened as a new one.
func copyEngine(t testing.TB, from engine.Engine) engine.Engine {
	t.Helper()
	to := memory.New()
	require.NoError(t, from.View(context.Background(), func(r engine.Reader) error {
		return to.Update(context.Background(), func(w engine.Writer) error {
			return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
				return true, w.Put(append([]byte(nil), k...), append([]byte(nil), v...))
			})
		})
	}))
	return to
}

// crlSpec is a CRL as a test publishes it.
type crlSpec struct {
	number  uint64
	places  uint64 // zero: it does not say
	shard   int    // below zero: not of one shard
	delta   bool
	entries []ca.Revocation
	key     crypto.Signer // nil: the issuer's
}

func (o *office) crl(s crlSpec) []byte {
	o.t.Helper()
	list := &smx509.RevocationList{
		Number: new(big.Int).SetUint64(s.number), ThisUpdate: o.clock.now(), NextUpdate: o.clock.now().Add(time.Hour),
	}
	add := func(id oid.ID, critical bool, value any) {
		der, ok := value.([]byte)
		if !ok {
			var err error
			der, err = asn1.Marshal(value)
			require.NoError(o.t, err)
		}
		list.ExtraExtensions = append(list.ExtraExtensions, pkix.Extension{Id: id.ASN1(), Critical: critical, Value: der})
	}
	if s.places > 0 {
		add(oid.IssuedPlaces, false, new(big.Int).SetUint64(s.places))
	}
	if s.shard >= 0 {
		address := ca.Addresses{Base: base, Issuer: o.issuing.KeyID()}.Shard(uint32(s.shard))
		name := append([]byte{0x86, byte(len(address))}, address...)
		for _, tag := range []byte{0xa0, 0xa0, 0x30} {
			name = append([]byte{tag, byte(len(name))}, name...)
		}
		if len(name) > 127+2 {
			require.Fail(o.t, "address is too long for this test")
		}
		add(oid.IssuingDistributionPoint, true, name)
	}
	if s.delta {
		add(oid.DeltaCRLIndicator, true, 1)
	}
	for _, e := range s.entries {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: e.Serial.Big(), RevocationTime: e.At, ReasonCode: int(e.Cause),
		})
	}
	issuer, err := smx509.ParseCertificate(o.issuing.Certificate().Raw)
	require.NoError(o.t, err)
	key := s.key
	if key == nil {
		key = o.key
	}
	der, err := smx509.CreateRevocationList(rand.Reader, list, issuer, key)
	require.NoError(o.t, err)
	return der
}

// lostRegister is an office restored from a backup, with what happened after the backup: one more certificate, which is
// revoked, one that was valid at the backup and is revoked now, and CRLs up to number 7.
func lostRegister(t *testing.T) (o *office, published ca.Published, before, after *ca.Issued, csr []byte) {
	t.Helper()
	ctx := t.Context()
	o = openOffice(t, memory.New(), func(c *ca.RegisterConfig) { c.Issuers = c.Issuers[:1] })
	before = o.issue(o.plainServer()).Certificate
	_, err := o.register.BeginCRL(ctx, o.issuing.KeyID())
	require.NoError(t, err)
	require.NoError(t, o.register.RecordCRL(ctx, operator, o.issuing.KeyID(), ca.CRLRecord{
		Number: 1, Scope: ca.CRLScope{Kind: ca.CRLFull}, ThisUpdate: o.clock.now(), NextUpdate: o.clock.now().Add(time.Hour),
	}))
	backup := copyEngine(t, o.engine)
	e := o.plainServer()
	after = o.issue(e).Certificate
	var entries []ca.Revocation
	for _, id := range []ca.CertificateID{before.ID, after.ID} {
		s, err := o.register.Revoke(ctx, revoker, id, pki.CauseKeyCompromise, "x")
		require.NoError(t, err)
		entries = append(entries, ca.Revocation{Serial: id.Serial, Status: s})
	}
	places, err := o.register.IssuedPlaces(ctx, o.issuing.KeyID())
	require.NoError(t, err)
	published = ca.Published{
		CRLs:         [][]byte{o.crl(crlSpec{number: 7, places: places, shard: -1, entries: entries})},
		Certificates: [][]byte{after.DER}, Note: "机房搬迁后恢复",
	}
	o.clock.add(time.Hour)
	o.engine, o.config.Engine = backup, backup
	o.reopen()
	return o, published, before, after, e.CSR
}

// Row A55: a restored register stands still until it knows what was published, across restarts.
func TestRestoredRegister_A55(t *testing.T) {
	ctx := t.Context()
	o, published, before, after, csr := lostRegister(t)
	require.False(t, o.register.Behind(), "nobody has told it")
	require.ErrorIs(t, o.register.CheckPublished(ctx, published.CRLs[0]), ca.ErrRestored)
	for range 2 {
		require.True(t, o.register.Behind())
		_, err := o.register.Apply(ctx, window, ca.ApplicationID{}, o.plainServer())
		require.ErrorIs(t, err, ca.ErrRestored)
		_, err = o.register.Enrol(ctx, window, ca.ApplicationID{}, o.plainServer())
		require.ErrorIs(t, err, ca.ErrRestored)
		_, err = o.register.BeginCRL(ctx, o.issuing.KeyID())
		require.ErrorIs(t, err, ca.ErrRestored)
		_, err = o.register.Status(ctx, before.ID)
		require.ErrorIs(t, err, ca.ErrRestored, "it would call it good")
		o.reopen()
	}
	require.NoError(t, o.register.CatchUp(ctx, operator, published))
	require.False(t, o.register.Behind())
	o.reopen()
	require.False(t, o.register.Behind())
	for _, id := range []ca.CertificateID{before.ID, after.ID} {
		s, err := o.register.Status(ctx, id)
		require.NoError(t, err)
		require.Equal(t, ca.StateRevoked, s.State)
		require.Equal(t, pki.CauseKeyCompromise, s.Cause)
	}
	number, err := o.register.BeginCRL(ctx, o.issuing.KeyID())
	require.NoError(t, err)
	require.Equal(t, uint64(8), number)
	fresh := o.issue(o.plainServer()).Certificate
	require.Greater(t, fresh.Shard(), after.Shard()+50, "a gap for what nobody knows")
	found, err := o.register.Certificate(ctx, after.ID)
	require.NoError(t, err)
	require.Equal(t, after.DER, found.DER)
	require.Equal(t, ca.ProfileServer, found.Profile)
	again := o.plainServer()
	again.CSR = csr
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, again)
	require.ErrorIs(t, err, ca.ErrKey, "its key stays blocked")
	o.check()
	require.NoError(t, o.register.CheckPublished(ctx, published.CRLs[0]))
}

// givenUp accepts that what is not given is lost.
func givenUp(p ca.Published) ca.Published {
	p.AcceptLost = true
	return p
}

func TestCatchUpRefuses(t *testing.T) {
	ctx := t.Context()
	o, published, before, after, _ := lostRegister(t)
	require.Equal(t, ca.ReasonStage, ca.ReasonOf(o.register.CatchUp(ctx, operator, givenUp(published))), "not restored")
	require.NoError(t, o.register.MarkRestored(ctx, operator))
	stranger := newOffice(t)
	strange := stranger.issue(stranger.plainServer()).Certificate
	revoked := ca.Revocation{Serial: after.ID.Serial, Status: ca.Status{State: ca.StateRevoked, At: o.clock.now()}}
	shardCRL := o.crl(crlSpec{number: 6, shard: 0, entries: []ca.Revocation{revoked}})
	bent := append([]byte(nil), after.DER...)
	bent[len(bent)-1] ^= 1
	for name, test := range map[string]struct {
		change func(p *ca.Published)
		want   ca.Reason
	}{
		"no note":           {func(p *ca.Published) { p.Note = "" }, ca.ReasonMissingNote},
		"no CRL":            {func(p *ca.Published) { p.CRLs = nil }, ca.ReasonBehind},
		"only a shard's":    {func(p *ca.Published) { p.CRLs = [][]byte{o.crl(crlSpec{number: 7, shard: 0})} }, ca.ReasonBehind},
		"only a delta":      {func(p *ca.Published) { p.CRLs = [][]byte{o.crl(crlSpec{number: 7, shard: -1, delta: true})} }, ca.ReasonBehind},
		"no CRL at all":     {func(p *ca.Published) { p.CRLs[0] = []byte("x") }, ca.ReasonMalformed},
		"another's CRL":     {func(p *ca.Published) { p.CRLs[0] = stranger.crl(crlSpec{number: 7, shard: -1}) }, ca.ReasonBadSignature},
		"forged CRL":        {func(p *ca.Published) { p.CRLs[0] = o.crl(crlSpec{number: 7, shard: -1, key: newKey(t)}) }, ca.ReasonBadSignature},
		"lost not given up": {func(p *ca.Published) { p.AcceptLost, p.Certificates = false, nil; p.CRLs = append(p.CRLs, shardCRL) }, ca.ReasonLost},
		"revoked and unknown": {func(p *ca.Published) {
			p.CRLs[0], p.Certificates = o.crl(crlSpec{number: 7, shard: -1, entries: []ca.Revocation{revoked}}), nil
		}, ca.ReasonLost},
		"no certificate":        {func(p *ca.Published) { p.Certificates[0] = []byte("x") }, ca.ReasonMalformed},
		"another's certificate": {func(p *ca.Published) { p.Certificates[0] = strange.DER }, ca.ReasonIssuer},
		"altered certificate":   {func(p *ca.Published) { p.Certificates[0] = bent }, ca.ReasonLint},
		"own certificate":       {func(p *ca.Published) { p.Certificates[0] = o.issuing.Certificate().Raw }, ca.ReasonIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			p := givenUp(published)
			p.CRLs = append([][]byte(nil), published.CRLs...)
			p.Certificates = append([][]byte(nil), published.Certificates...)
			test.change(&p)
			err := o.register.CatchUp(ctx, operator, p)
			require.Equal(t, test.want, ca.ReasonOf(err), "%v", err)
			require.True(t, o.register.Behind())
			found, err := o.register.Certificate(ctx, before.ID)
			require.NoError(t, err)
			require.Equal(t, ca.StateValid, found.Status.State, "nothing half done")
		})
	}
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(o.register.CheckPublished(ctx, []byte("x"))))
	require.Equal(t, ca.ReasonBadSignature, ca.ReasonOf(o.register.CheckPublished(ctx, stranger.crl(crlSpec{number: 7, shard: -1}))))
	o.check()
}

// A revoked certificate that nobody has any more is still refused by the CRL of its shard and by OCSP.
func TestCatchUpByShard(t *testing.T) {
	ctx := t.Context()
	o, published, _, after, _ := lostRegister(t)
	require.NoError(t, o.register.MarkRestored(ctx, operator))
	at := o.clock.now()
	held := ca.Revocation{Serial: after.ID.Serial, Status: ca.Status{
		State: ca.StateHeld, Cause: pki.CauseCertificateHold, At: at,
	}}
	published.CRLs = append(published.CRLs, o.crl(crlSpec{number: 9, shard: int(after.Shard()), entries: []ca.Revocation{held}}))
	published.Certificates = nil
	require.NoError(t, o.register.CatchUp(ctx, operator, givenUp(published)))
	s, err := o.register.Status(ctx, after.ID)
	require.NoError(t, err)
	require.Equal(t, ca.StateRevoked, s.State, "the full CRL knows more")
	list, _, err := o.register.RevokedInShard(ctx, after.ID.Issuer, after.Shard())
	require.NoError(t, err)
	require.Len(t, list, 2)
	number, err := o.register.BeginCRL(ctx, o.issuing.KeyID())
	require.NoError(t, err)
	require.Equal(t, uint64(10), number)
}
