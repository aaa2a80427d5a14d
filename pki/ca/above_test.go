package ca_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// offline is a register whose root is elsewhere.
type offline struct {
	*office
	rootConfig ca.Config
}

const rootValid = 180 * 24 * time.Hour

func newOffline(t *testing.T) *offline {
	t.Helper()
	o := &offline{office: newOffice(t)}
	o.rootConfig = ca.Config{Rand: o.config.Rand, Now: o.clock.now, Base: base}
	var err error
	o.root, err = ca.NewRoot(o.rootConfig, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省离线根证书"})
	require.NoError(t, err)
	o.issuing, err = o.root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	o.open()
	return o
}

// open opens the register without the root.
func (o *offline) open() {
	o.t.Helper()
	config := o.config
	config.Engine, config.Issuers = memory.New(), []*ca.Authority{o.issuing}
	config.Keys = nil
	var err error
	o.config, o.engine = config, config.Engine
	o.register, err = ca.OpenRegister(o.t.Context(), config)
	require.NoError(o.t, err)
}

// list makes the root's next CRL.
func (o *offline) list(previous []byte, revoked ...ca.Revocation) []byte {
	o.t.Helper()
	der, err := o.root.NextCRL(previous, revoked, rootValid)
	require.NoError(o.t, err)
	return der
}

func (o *offline) take(crls ...[]byte) error {
	return o.register.TakeFromAbove(o.t.Context(), operator, ca.FromAbove{CRLs: crls, Note: "仪式"})
}

func (o *offline) serverEnrolment() ca.Enrolment {
	e := o.enrolment(ca.ProfileServer)
	e.Twin = false
	return e
}

// revoked is the entry that revokes an authority.
func (o *offline) revoked(c *pki.Certificate) ca.Revocation {
	o.t.Helper()
	serial, ok := ca.SerialOf(c.Serial)
	require.True(o.t, ok)
	return ca.Revocation{Serial: serial, Status: ca.Status{
		State: ca.StateRevoked, Cause: pki.CauseCACompromise, At: o.clock.now(),
	}}
}

func (o *offline) handler() http.Handler {
	o.t.Helper()
	publisher, err := ca.NewPublisher(ca.PublisherConfig{Register: o.register, Actor: operator})
	require.NoError(o.t, err)
	h, err := ca.NewHandler(ca.HandlerConfig{Publisher: publisher})
	require.NoError(o.t, err)
	return h
}

func get(h http.Handler, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

// Row A55: what the root publishes is served, and an issuing authority is judged by it.
func TestRootCRL_A55(t *testing.T) {
	o := newOffline(t)
	where := ca.Addresses{Base: base, Issuer: o.root.KeyID()}
	own := o.issuing.Certificate()
	require.Equal(t, where.Full(), own.CRLDistributionPoints[0].FullName[0].Text)
	require.Equal(t, http.StatusNotFound, get(o.handler(), where.Full()).Code)

	first := o.list(nil)
	require.NoError(t, o.take(first))
	served := get(o.handler(), where.Full())
	require.Equal(t, first, served.Body.Bytes())
	require.Equal(t, o.root.Certificate().Raw, get(o.handler(), where.Certificate()).Body.Bytes())
	require.Equal(t, pki.StatusGood, o.judge(first))

	o.clock.add(time.Hour)
	next := o.list(first, o.revoked(own))
	require.NoError(t, o.take(next))
	require.Equal(t, next, get(o.handler(), where.Full()).Body.Bytes())
	require.Equal(t, pki.StatusRevoked, o.judge(next))
	_, err := o.register.Apply(t.Context(), window, ca.ApplicationID{}, o.serverEnrolment())
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err), "a revoked authority issues nothing")
}

// judge tells what a judge makes of the issuing authority's certificate.
func (o *offline) judge(der []byte) pki.RevocationStatus {
	o.t.Helper()
	crl, err := pki.ParseCRL(der)
	require.NoError(o.t, err)
	anchors, err := pki.NewAnchors(o.root.Certificate())
	require.NoError(o.t, err)
	now := o.clock.now()
	chain, err := pki.VerifyChain(o.issuing.Certificate(), pki.ChainOptions{Anchors: anchors, At: now, Usage: pki.UsageCertSign})
	require.NoError(o.t, err)
	return pki.VerifyRevocation(chain, pki.RevocationOptions{At: now, Now: now}, pki.Evidence{CRLs: []*pki.CRL{crl}}).Status
}

// The next CRL of a root forgets nothing, and nothing goes on it that must not.
func TestNextCRLRefuses(t *testing.T) {
	o := newOffline(t)
	good := o.revoked(o.issuing.Certificate())
	first := o.list(nil, good)
	other := newOffline(t)
	later := good
	later.Serial[0] ^= 1
	for name, test := range map[string]struct {
		previous []byte
		change   func(*ca.Revocation)
		valid    time.Duration
		want     ca.Reason
	}{
		"twice":           {first, func(v *ca.Revocation) { v.Serial = good.Serial }, rootValid, ca.ReasonState},
		"hold":            {first, func(v *ca.Revocation) { v.Cause = pki.CauseCertificateHold }, rootValid, ca.ReasonState},
		"held":            {first, func(v *ca.Revocation) { v.State = ca.StateHeld }, rootValid, ca.ReasonState},
		"no serial":       {first, func(v *ca.Revocation) { v.Serial = ca.Serial{} }, rootValid, ca.ReasonMalformed},
		"no date":         {first, func(v *ca.Revocation) { v.At = time.Time{} }, rootValid, ca.ReasonDate},
		"tomorrow":        {first, func(v *ca.Revocation) { v.At = v.At.AddDate(0, 0, 1) }, rootValid, ca.ReasonDate},
		"no time":         {first, func(*ca.Revocation) {}, 0, ca.ReasonDate},
		"beyond the root": {first, func(*ca.Revocation) {}, 40 * 365 * 24 * time.Hour, ca.ReasonDate},
		"another root's":  {other.list(nil), func(*ca.Revocation) {}, rootValid, ca.ReasonBadSignature},
		"no CRL":          {[]byte("CRL"), func(*ca.Revocation) {}, rootValid, ca.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			v := later
			test.change(&v)
			der, err := o.root.NextCRL(test.previous, []ca.Revocation{v}, test.valid)
			require.Equal(t, test.want, ca.ReasonOf(err), "%v", err)
			require.Nil(t, der)
		})
	}
	next, err := pki.ParseCRL(o.list(first, later))
	require.NoError(t, err)
	require.Equal(t, "2", next.Number.String())
	for _, serial := range []ca.Serial{good.Serial, later.Serial} {
		_, listed := next.Entry(serial.Big())
		require.True(t, listed)
	}
	o.clock.add(-time.Hour)
	_, err = o.root.NextCRL(first, nil, rootValid)
	require.ErrorIs(t, err, ca.ErrClock)
}

// What a root publishes goes forward, forgets nothing and is the root's own, or it is not served.
func TestTakeFromAboveRefuses(t *testing.T) {
	o := newOffline(t)
	first := o.list(nil)
	gone := o.list(first, o.revoked(o.issuing.Certificate()))
	forgetful := o.list(o.list(o.list(nil)))
	stale := o.list(gone)
	require.NoError(t, o.take(first))
	require.NoError(t, o.take(gone))
	stranger := newOffline(t)
	forged := bytes.Clone(stale)
	forged[len(forged)-1] ^= 1
	for name, test := range map[string]struct {
		crl  []byte
		want ca.Reason
	}{
		"again":           {gone, ca.ReasonNumber},
		"back":            {first, ca.ReasonLost},
		"forgets":         {forgetful, ca.ReasonLost},
		"a stranger's":    {stranger.list(nil), ca.ReasonIssuer},
		"forged":          {forged, ca.ReasonBadSignature},
		"an issuer's own": {o.issuersOwn(), ca.ReasonIssuer},
		"no CRL":          {[]byte("CRL"), ca.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, ca.ReasonOf(o.take(test.crl)))
			where := ca.Addresses{Base: base, Issuer: o.root.KeyID()}
			require.Equal(t, gone, get(o.handler(), where.Full()).Body.Bytes())
		})
	}
	require.ErrorIs(t, o.register.TakeFromAbove(t.Context(), window, ca.FromAbove{CRLs: [][]byte{stale}, Note: "仪式"}), ca.ErrDenied)
	o.clock.add(rootValid + time.Hour)
	require.Equal(t, ca.ReasonDate, ca.ReasonOf(o.take(stale)), "its time is over")
}

// A root's CRL with any field altered is published by nobody.
func TestAlteredRootCRL_A55(t *testing.T) {
	o := newOffline(t)
	good := o.list(nil, o.revoked(o.issuing.Certificate()))
	altered, err := dertest.Primitives(good)
	require.NoError(t, err)
	require.Greater(t, len(altered), 15)
	for _, a := range altered {
		require.Error(t, o.take(a.DER), a.Path)
	}
	require.NoError(t, o.take(good))
}

// An application that was approved before its issuer was revoked is not issued any more; the issuer's responder goes on.
func TestRevokedIssuerIssuesNothing(t *testing.T) {
	o := newOffline(t)
	a := o.approve(o.apply(o.serverEnrolment()))
	require.NoError(t, o.take(o.list(nil, o.revoked(o.issuing.Certificate()))))
	_, err := o.register.Issue(t.Context(), window, a.ID, nil)
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err))
	o.reopen()
	_, err = o.register.Issue(t.Context(), window, a.ID, nil)
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err), "after a restart too")
}

// issuersOwn is a full CRL of the register's own issuer.
func (o *offline) issuersOwn() []byte {
	o.t.Helper()
	der, err := o.issuing.NextCRL(nil, nil, rootValid)
	require.NoError(o.t, err)
	return der
}

// A new root is believed by its link certificates, and everything below it then; RFC 4210, 4.4.
func TestRootRollover(t *testing.T) {
	o := newOffline(t)
	require.NoError(t, o.take(o.list(nil)))
	o.clock.add(time.Hour)
	newer, err := ca.NewRoot(o.rootConfig, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省离线根证书"})
	require.NoError(t, err)
	oldWithNew, newWithOld, err := ca.LinkCertificates(o.root, newer)
	require.NoError(t, err)
	list, err := newer.NextCRL(nil, nil, rootValid)
	require.NoError(t, err)
	take := func(crl []byte, certificates ...*pki.Certificate) error {
		f := ca.FromAbove{Certificates: certificates, Note: "换根"}
		if crl != nil {
			f.CRLs = [][]byte{crl}
		}
		return o.register.TakeFromAbove(t.Context(), operator, f)
	}
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(take(nil, newer.Certificate())), "nobody vouches for it")
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(take(nil, newer.Certificate(), oldWithNew)), "it vouches for itself")
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(take(list)), "unknown root")
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(take(nil, o.issuing.Certificate())), "no root")
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(take(nil, nil)))
	require.NoError(t, take(list, newer.Certificate(), newWithOld, oldWithNew))
	require.NoError(t, take(nil, newer.Certificate(), newWithOld, oldWithNew), "again changes nothing")

	h := o.handler()
	at := ca.Addresses{Base: base, Issuer: newer.KeyID()}
	require.Equal(t, newer.Certificate().Raw, get(h, at.Certificate()).Body.Bytes())
	link := base + "/ca/" + newer.KeyID().String() + "-" + o.root.KeyID().String() + ".cer"
	require.Equal(t, newWithOld.Raw, get(h, link).Body.Bytes())
	require.Equal(t, http.StatusNotFound, get(h, base+"/ca/"+newer.KeyID().String()+"-x.cer").Code)
	require.Equal(t, list, get(h, at.Full()).Body.Bytes())
}

// The CRL of a root and the authority's certificates are on the radar.
func TestDeadlines(t *testing.T) {
	o := newOffline(t)
	deadlines := func() []ca.Deadline {
		list, err := o.register.Deadlines(t.Context(), auditor)
		require.NoError(t, err)
		return list
	}
	require.Equal(t, []ca.Deadline{{What: "crl", Key: o.root.KeyID()}}, deadlines(), "there is none yet")
	require.NoError(t, o.take(o.list(nil)))
	require.Empty(t, deadlines())
	ends := o.clock.now().Add(rootValid)
	for _, days := range []int{90, 30, 7, 0} {
		o.clock.add(ends.AddDate(0, 0, -days).Sub(o.clock.now()))
		require.Equal(t, []ca.Deadline{{What: "crl", Key: o.root.KeyID(), Ends: ends, Days: days}}, deadlines())
	}
	_, err := o.register.Deadlines(t.Context(), ca.Actor{Name: "甲", Roles: ca.RoleRevoke})
	require.ErrorIs(t, err, ca.ErrDenied)
}

// A restored register wants the last CRL of its root before it goes on: an issuing authority that was revoked since
// the backup would be back otherwise.
func TestCatchUpWantsRootCRL(t *testing.T) {
	o := newOffline(t)
	first := o.list(nil)
	require.NoError(t, o.take(first))
	require.NoError(t, o.register.MarkRestored(t.Context(), operator))
	gone := o.list(first, o.revoked(o.issuing.Certificate()))
	catchUp := func(crls ...[]byte) error {
		return o.register.CatchUp(t.Context(), operator, ca.Published{CRLs: crls, Note: "恢复"})
	}
	require.Equal(t, ca.ReasonBehind, ca.ReasonOf(catchUp()))
	require.NoError(t, catchUp(gone))
	_, err := o.register.Apply(t.Context(), window, ca.ApplicationID{}, o.serverEnrolment())
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err))
}
