package pki_test

import (
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

const leafPoint = "http://crl.example/7"

// statusWorld is a chain with what shows its issuing authority to be good.
type statusWorld struct {
	root, sub, leaf *node
	chain           *pki.Chain
	subCRL          *pki.CRL // of root
}

func newStatusWorld(t testing.TB, leafChanges ...change) *statusWorld {
	t.Helper()
	w := &statusWorld{root: forge(t, nil, "root", isCA)}
	w.sub = forge(t, w.root, "sub", isCA)
	point := func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{leafPoint} }
	w.leaf = forge(t, w.sub, "leaf", append([]change{point}, leafChanges...)...)
	w.chain = w.verify(t, w.leaf)
	w.subCRL = forgeCRL(t, w.root)
	return w
}

// verify looks for the chain when the leaf becomes valid.
func (w *statusWorld) verify(t testing.TB, leaf *node) *pki.Chain {
	t.Helper()
	chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
		Anchors: anchors(t, w.root.Certificate), Intermediates: []*pki.Certificate{w.sub.Certificate},
		At: leaf.NotBefore, Usage: pki.UsageDigitalSignature,
	})
	require.NoError(t, err)
	return chain
}

func (w *statusWorld) revoked(at time.Time, cause pki.Cause, x ...rawExtension) crlChange {
	return lists(revokedAt(w.leaf.Serial, at, cause, x...))
}

// crls bundles CRLs with the one that shows the issuing authority to be good.
func (w *statusWorld) crls(list ...*pki.CRL) pki.Evidence {
	return pki.Evidence{CRLs: append([]*pki.CRL{w.subCRL}, list...)}
}

func (w *statusWorld) responses(list ...*pki.OCSPResponse) pki.Evidence {
	return pki.Evidence{CRLs: []*pki.CRL{w.subCRL}, Responses: list}
}

// status judges at the present unless options say otherwise, and gives what is said of the leaf.
func (w *statusWorld) status(t testing.TB, options pki.RevocationOptions, evidence ...pki.Evidence) pki.CertificateStatus {
	t.Helper()
	if options.At.IsZero() {
		options.At = now
	}
	report := pki.VerifyRevocation(w.chain, options, evidence...)
	require.Len(t, report.Certificates, 2)
	require.Equal(t, report.Status == pki.StatusGood, report.Err() == nil)
	return report.Certificates[0]
}

func TestVerifyRevocation_A55(t *testing.T) {
	w := newStatusWorld(t)
	day := 24 * hour
	crl := func(changes ...crlChange) pki.Evidence { return w.crls(forgeCRL(t, w.sub, changes...)) }
	ocsp := func(changes ...ocspChange) pki.Evidence { return w.responses(forgeOCSP(t, w.sub, w.leaf, changes...)) }
	answers := func(status []byte, x ...rawExtension) ocspChange {
		return firstAnswer(func(a *answer) { a.status, a.extensions = status, x })
	}
	yesterday, old := now.Add(-day), dated(now.Add(-3*day), now.Add(-2*day))
	for _, test := range []struct {
		name     string
		evidence pki.Evidence
		options  pki.RevocationOptions
		want     pki.RevocationStatus
		reason   pki.Reason
	}{
		{"CRL without it", crl(), pki.RevocationOptions{}, pki.StatusGood, ""},
		{"OCSP good", ocsp(), pki.RevocationOptions{}, pki.StatusGood, ""},
		{"both", pki.Evidence{CRLs: append(crl().CRLs, nil), Responses: append(ocsp().Responses, nil)},
			pki.RevocationOptions{CrossCheck: true}, pki.StatusGood, ""},
		{"no evidence", w.crls(), pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonNoEvidence},

		{"CRL with it", crl(w.revoked(yesterday, pki.CauseKeyCompromise)), pki.RevocationOptions{}, pki.StatusRevoked, ""},
		{"CRL with it, no reason", crl(w.revoked(yesterday, 0)), pki.RevocationOptions{}, pki.StatusRevoked, ""},
		{"revoked this moment", crl(w.revoked(now, 0)), pki.RevocationOptions{}, pki.StatusRevoked, ""},
		{"stale CRL with it", crl(old, w.revoked(now.Add(-4*day), 0)), pki.RevocationOptions{}, pki.StatusRevoked, ""},
		{"OCSP revoked", ocsp(answers(statusRevoked(yesterday, pki.CauseSuperseded))), pki.RevocationOptions{},
			pki.StatusRevoked, ""},
		{"OCSP good, CRL with it", pki.Evidence{
			CRLs: crl(w.revoked(yesterday, 0)).CRLs, Responses: ocsp().Responses,
		}, pki.RevocationOptions{}, pki.StatusRevoked, ""},
		{"on hold", crl(w.revoked(yesterday, pki.CauseCertificateHold)), pki.RevocationOptions{}, pki.StatusOnHold, ""},
		{"OCSP on hold", ocsp(answers(statusRevoked(yesterday, pki.CauseCertificateHold))), pki.RevocationOptions{},
			pki.StatusOnHold, ""},
		{"OCSP on hold, the reason in an extension",
			ocsp(answers(statusRevoked(yesterday, 0), rawExtension{oid.CRLReason, false, enumerated(6)})),
			pki.RevocationOptions{}, pki.StatusOnHold, ""},

		{"revoked after the time", crl(w.revoked(yesterday, 0)), pki.RevocationOptions{At: yesterday.Add(-hour), Now: now},
			pki.StatusGood, ""},
		{"revoked after the time, invalid before",
			crl(w.revoked(yesterday, pki.CauseKeyCompromise, invalidFrom(yesterday.Add(-2*hour)))),
			pki.RevocationOptions{At: yesterday.Add(-hour), Now: now}, pki.StatusRevoked, ""},
		{"OCSP revoked after the time, invalid before",
			ocsp(answers(statusRevoked(yesterday, 0), invalidFrom(yesterday.Add(-2*hour)))),
			pki.RevocationOptions{At: yesterday.Add(-hour), Now: now}, pki.StatusRevoked, ""},
		{"invalid after revoked", crl(w.revoked(yesterday, 0, invalidFrom(now))),
			pki.RevocationOptions{At: yesterday, Now: now}, pki.StatusRevoked, ""},
		{"held after the time", crl(w.revoked(yesterday, pki.CauseCertificateHold)),
			pki.RevocationOptions{At: yesterday.Add(-hour), Now: now}, pki.StatusGood, ""},

		{"stale CRL", crl(old), pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonStale},
		{"stale CRL within the skew", crl(old), pki.RevocationOptions{Skew: 2 * day}, pki.StatusGood, ""},
		{"stale CRL, an age limit alone", crl(old), pki.RevocationOptions{MaxAge: 4 * day, MaxAgeAloneUnsafe: true},
			pki.StatusGood, ""},
		{"older than the limit", crl(), pki.RevocationOptions{MaxAge: hour - 1}, pki.StatusUnknown, pki.ReasonStale},
		{"as old as the limit", crl(), pki.RevocationOptions{MaxAge: hour}, pki.StatusGood, ""},
		{"no next update", crl(dated(now.Add(-hour), time.Time{})), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonStale},
		{"no next update, an age limit", crl(dated(now.Add(-hour), time.Time{})), pki.RevocationOptions{MaxAge: 2 * hour},
			pki.StatusGood, ""},
		{"no next update, made after the time", crl(dated(now.Add(-hour), time.Time{})),
			pki.RevocationOptions{At: now.Add(-2 * hour), Now: now}, pki.StatusGood, ""},
		{"OCSP without next update", ocsp(firstAnswer(func(a *answer) { a.next = time.Time{} })), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonStale},
		{"too early after the time", crl(), pki.RevocationOptions{At: now.Add(-2 * hour), Now: now, Delay: 2 * hour},
			pki.StatusUnknown, pki.ReasonTooEarly},
		{"late enough after the time", crl(), pki.RevocationOptions{At: now.Add(-2 * hour), Now: now, Delay: hour},
			pki.StatusGood, ""},
		{"CRL from the future", crl(dated(now.Add(time.Second), future)), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonFromFuture},
		{"CRL from the future within the skew", crl(dated(now.Add(time.Second), future)),
			pki.RevocationOptions{Skew: time.Second}, pki.StatusGood, ""},
		{"OCSP from the future", ocsp(func(s *ocspSpec) { s.produced = now.Add(time.Second) }), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonFromFuture},
		{"OCSP of a future status", ocsp(firstAnswer(func(a *answer) { a.this = now.Add(time.Second) })),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonFromFuture},
		{"after the time, with no present", crl(), pki.RevocationOptions{At: now.Add(-2 * hour)}, pki.StatusUnknown,
			pki.ReasonFromFuture},

		{"unknown extension", crl(extended(rawExtension{"\x2a\x03", true, []byte{5, 0}})), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonExtension},
		{"unknown extension, not critical", crl(extended(rawExtension{"\x2a\x03", false, []byte{5, 0}})),
			pki.RevocationOptions{}, pki.StatusGood, ""},
		{"critical freshest CRL", crl(extended(rawExtension{oid.FreshestCRL, true, freshest(leafPoint)})),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonExtension},
		{"freshest CRL", crl(extended(rawExtension{oid.FreshestCRL, false, freshest(leafPoint)})),
			pki.RevocationOptions{}, pki.StatusGood, ""},
		{"unknown extension of another entry",
			crl(lists(entry{big.NewInt(1), past, []rawExtension{{"\x2a\x03", true, []byte{5, 0}}}})),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonExtension},
		{"unknown extension of the response", ocsp(func(s *ocspSpec) {
			s.extensions = []rawExtension{{"\x2a\x03", true, []byte{5, 0}}}
		}), pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonExtension},
		{"unknown extension of the answer", ocsp(answers(statusGood, rawExtension{"\x2a\x03", true, []byte{5, 0}})),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonExtension},
		{"unknown extensions, not critical", ocsp(answers(statusGood, rawExtension{"\x2a\x03", false, []byte{5, 0}})),
			pki.RevocationOptions{}, pki.StatusGood, ""},
		{"indirect CRL", crl(within(flag(4))), pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonIndirectCRL},
		{"entry with an issuer of its own",
			crl(lists(entry{big.NewInt(1), past, []rawExtension{{oid.CertificateIssuer, true, []byte{0x30, 0}}}})),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonIndirectCRL},
		{"only users", crl(within(flag(1))), pki.RevocationOptions{}, pki.StatusGood, ""},
		{"only CAs", crl(within(flag(2))), pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonCRLScope},
		{"only CAs, with it", crl(within(flag(2)), w.revoked(yesterday, 0)), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonCRLScope},
		{"only attribute certificates", crl(within(flag(5))), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonCRLScope},
		{"its own shard", crl(within(atURI(leafPoint))), pki.RevocationOptions{}, pki.StatusGood, ""},
		{"another shard", crl(within(atURI("http://crl.example/8"))), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonCRLScope},
		{"another case of the shard", crl(within(atURI("http://CRL.example/7"))), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonCRLScope},
		{"some reasons", crl(within(reasons(3, 1, 2))), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonPartialReasons},
		{"all reasons in two", w.crls(forgeCRL(t, w.sub, within(reasons(3, 1, 2))),
			forgeCRL(t, w.sub, within(reasons(3, 3, 4, 5, 6, 7, 8)))), pki.RevocationOptions{}, pki.StatusGood, ""},
		{"all reasons in two, one stale", w.crls(forgeCRL(t, w.sub, within(reasons(3, 1, 2)), old),
			forgeCRL(t, w.sub, within(reasons(3, 3, 4, 5, 6, 7, 8)))), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonPartialReasons},
		{"revoked in one of two", w.crls(forgeCRL(t, w.sub, within(reasons(3, 1, 2)), w.revoked(yesterday, 1)),
			forgeCRL(t, w.sub, within(reasons(3, 3, 4, 5, 6, 7, 8)))), pki.RevocationOptions{}, pki.StatusRevoked, ""},

		{"another issuer's CRL", w.crls(forgeCRL(t, forge(t, w.root, "other", isCA))), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonNoEvidence},
		{"forged CRL", w.crls(forgeCRL(t, forge(t, w.root, "sub", isCA))), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonBadSignature},
		{"CRL of another key", crl(extended(rawExtension{oid.AuthorityKeyID, false, []byte("\x30\x05\x80\x03abc")})),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonNoSigner},
		{"response about another", ocsp(firstAnswer(func(a *answer) { a.serial = big.NewInt(1) })), pki.RevocationOptions{},
			pki.StatusUnknown, pki.ReasonNoEvidence},
		{"response about another's", ocsp(firstAnswer(func(a *answer) { a.issuer = w.root.Certificate })),
			pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonNoEvidence},
		{"response unknown", ocsp(answers(statusUnknown)), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonAnswerUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := w.status(t, test.options, test.evidence)
			require.Equal(t, test.want, s.Status, "%+v", s.Findings)
			require.Equal(t, test.reason, s.Reason)
			if s.Status == pki.StatusRevoked || s.Status == pki.StatusOnHold {
				require.NotNil(t, s.Revocation)
			}
		})
	}
}

// Every hash that names certificates in OCSP.
func TestCertIDHashes_A55(t *testing.T) {
	w := newStatusWorld(t)
	for _, hash := range []oid.ID{oid.SM3, oid.SM3Old, oid.SHA1, oid.SHA256, oid.SHA384, oid.SHA512} {
		r := forgeOCSP(t, w.sub, w.leaf, firstAnswer(func(a *answer) { a.hash = hash }), func(s *ocspSpec) { s.responder = byKey(w.sub) })
		require.Equal(t, pki.StatusGood, w.status(t, pki.RevocationOptions{}, w.responses(r)).Status, hash)
	}
	_, err := pki.NewCertID("\x2a\x03", w.sub.Certificate, w.leaf.Serial)
	require.ErrorIs(t, err, pki.ErrOCSP)
	_, err = pki.NewCertID(oid.SM3, nil, w.leaf.Serial)
	require.ErrorIs(t, err, pki.ErrOCSP)
	_, err = pki.NewCertID(oid.SM3, w.sub.Certificate, nil)
	require.ErrorIs(t, err, pki.ErrOCSP)
	strange := forgeOCSP(t, w.sub, w.leaf, firstAnswer(func(a *answer) {
		a.id = der(func(b *cryptobyte.Builder) {
			addCertID(b, pki.CertID{Hash: "\x2a\x03", IssuerName: []byte{1}, IssuerKey: []byte{2}, Serial: w.leaf.Serial})
		})
	}))
	s := w.status(t, pki.RevocationOptions{}, w.responses(strange))
	require.Equal(t, pki.ReasonAlgorithm, s.Findings[len(s.Findings)-1].Refusal)
}

// Each way in which a responder is refused, and the three in which one is accepted.
func TestResponders_A55(t *testing.T) {
	w := newStatusWorld(t)
	forOCSP := func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning} }
	noCheck := extension(oid.OCSPNoCheck.ASN1(), false, []byte{5, 0})
	anyPurpose := func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny} }
	noSignature := func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment }
	noUsage := func(c *smx509.Certificate) { c.KeyUsage = 0 }
	expired := func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Minute) }
	notYet := func(c *smx509.Certificate) { c.NotBefore = now.Add(time.Minute) }
	unknown := extension(asn1.ObjectIdentifier{1, 2, 3}, true, []byte{5, 0})
	twin := forge(t, w.root, "sub", isCA) // another authority that has got the issuer's name
	good := forge(t, w.sub, "responder", forOCSP, noCheck)
	for _, test := range []struct {
		name      string
		responder *node
		changes   []ocspChange
		options   pki.RevocationOptions
		reason    pki.Reason // empty: accepted
	}{
		{"delegate", good, nil, pki.RevocationOptions{}, ""},
		{"delegate called by key", good, []ocspChange{func(s *ocspSpec) { s.responder = byKey(good) }},
			pki.RevocationOptions{}, ""},
		{"delegate without key usage", forge(t, w.sub, "responder", forOCSP, noCheck, noUsage), nil,
			pki.RevocationOptions{}, ""},
		{"delegate of whom nothing is known", forge(t, w.sub, "responder", forOCSP), nil, pki.RevocationOptions{},
			pki.ReasonSignerStatus},
		{"delegate of whom nothing is known, accepted", forge(t, w.sub, "responder", forOCSP), nil,
			pki.RevocationOptions{UncheckedResponderUnsafe: true}, ""},
		{"not for OCSP", forge(t, w.sub, "responder", noCheck), nil, pki.RevocationOptions{}, pki.ReasonPurpose},
		{"for anything", forge(t, w.sub, "responder", anyPurpose, noCheck), nil, pki.RevocationOptions{},
			pki.ReasonPurpose},
		{"may not sign", forge(t, w.sub, "responder", forOCSP, noCheck, noSignature), nil, pki.RevocationOptions{},
			pki.ReasonKeyUsage},
		{"expired", forge(t, w.sub, "responder", forOCSP, noCheck, expired), nil, pki.RevocationOptions{},
			pki.ReasonExpired},
		{"not yet valid", forge(t, w.sub, "responder", forOCSP, noCheck, notYet), nil, pki.RevocationOptions{},
			pki.ReasonNotYetValid},
		{"unknown critical extension", forge(t, w.sub, "responder", forOCSP, noCheck, unknown), nil,
			pki.RevocationOptions{}, pki.ReasonExtension},
		{"of the authority above", forge(t, w.root, "responder", forOCSP, noCheck), nil, pki.RevocationOptions{},
			pki.ReasonNoSigner},
		{"of a namesake of the issuer", forge(t, twin, "responder", forOCSP, noCheck), nil, pki.RevocationOptions{},
			pki.ReasonNoSigner},
		{"the authority above itself", w.root, nil, pki.RevocationOptions{}, pki.ReasonNoSigner},
		{"a namesake of the issuer itself", twin, nil, pki.RevocationOptions{}, pki.ReasonBadSignature},
		{"the leaf itself", w.leaf, nil, pki.RevocationOptions{}, pki.ReasonPurpose},
		{"signed by another key", good, []ocspChange{func(s *ocspSpec) { s.key = w.leaf.key }}, pki.RevocationOptions{},
			pki.ReasonBadSignature},
		{"certificate missing", good, []ocspChange{func(s *ocspSpec) { s.certificates = nil }}, pki.RevocationOptions{},
			pki.ReasonNoSigner},
		{"called by a wrong key", good, []ocspChange{func(s *ocspSpec) { s.responder = byKey(w.leaf) }},
			pki.RevocationOptions{}, pki.ReasonNoSigner},
		{"called by a hash of no known size", good,
			[]ocspChange{func(s *ocspSpec) { s.responder = []byte{0xa2, 3, 4, 1, 7} }}, pki.RevocationOptions{},
			pki.ReasonNoSigner},
		{"named by an unknown algorithm", good, []ocspChange{func(s *ocspSpec) { s.algorithm = []byte("\x30\x03\x06\x01\x2a") }},
			pki.RevocationOptions{}, pki.ReasonAlgorithm},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := forgeOCSP(t, w.sub, w.leaf, append([]ocspChange{signedBy(test.responder)}, test.changes...)...)
			s := w.status(t, test.options, w.responses(r))
			require.Equal(t, test.reason, s.Reason, "%+v", s.Findings)
			require.Equal(t, test.reason == "", s.Status == pki.StatusGood)
		})
	}
	t.Run("certificate beside the response", func(t *testing.T) {
		r := forgeOCSP(t, w.sub, w.leaf, signedBy(good), func(s *ocspSpec) { s.certificates = nil })
		e := w.responses(r)
		e.Certificates = []*pki.Certificate{nil, w.leaf.Certificate, good.Certificate}
		require.Equal(t, pki.StatusGood, w.status(t, pki.RevocationOptions{}, e).Status)
	})
	t.Run("its own status from a CRL", func(t *testing.T) {
		checked := forge(t, w.sub, "responder", forOCSP)
		e := w.responses(forgeOCSP(t, w.sub, w.leaf, signedBy(checked)))
		e.CRLs = append(e.CRLs, forgeCRL(t, w.sub))
		require.Equal(t, pki.StatusGood, w.status(t, pki.RevocationOptions{}, e).Status)
		late := pki.RevocationOptions{At: now.Add(-3 * hour), Now: now, Delay: hour}
		require.Equal(t, pki.StatusGood, w.status(t, late, e).Status, "a delay is not for the responder")
		for cause, want := range map[pki.Cause]pki.Reason{
			pki.CauseKeyCompromise: pki.ReasonSignerRevoked, pki.CauseCertificateHold: pki.ReasonSignerRevoked,
		} {
			e.CRLs[1] = forgeCRL(t, w.sub, within(atURI("http://crl.example/8")), lists(revokedAt(checked.Serial, past, cause)))
			checked := forgeKey(t, w.sub, "responder", checked.key, forOCSP, func(c *smx509.Certificate) {
				c.SerialNumber, c.CRLDistributionPoints = checked.Serial, []string{"http://crl.example/8"}
			})
			e.Responses[0] = forgeOCSP(t, w.sub, w.leaf, signedBy(checked))
			s := w.status(t, pki.RevocationOptions{UncheckedResponderUnsafe: true}, e)
			require.Equal(t, pki.StatusUnknown, s.Status)
			wantRefusal(t, s, want)
		}
	})
	t.Run("its own status from itself", func(t *testing.T) {
		own := forge(t, w.sub, "responder", forOCSP)
		e := w.responses(forgeOCSP(t, w.sub, w.leaf, signedBy(own)), forgeOCSP(t, w.sub, own, signedBy(own)))
		s := w.status(t, pki.RevocationOptions{}, e)
		require.Equal(t, pki.StatusUnknown, s.Status)
		wantRefusal(t, s, pki.ReasonSignerStatus)
	})
}

func wantRefusal(t testing.TB, s pki.CertificateStatus, want pki.Reason) {
	t.Helper()
	for _, f := range s.Findings {
		if f.Refusal == want {
			return
		}
	}
	require.Fail(t, "no refusal "+string(want), "%+v", s.Findings)
}

func TestResponseStatuses_A55(t *testing.T) {
	w := newStatusWorld(t)
	for status, want := range map[int64]struct {
		status pki.OCSPStatus
		reason pki.Reason
	}{
		1: {pki.OCSPMalformedRequest, pki.ReasonOCSPRequest}, 2: {pki.OCSPInternalError, pki.ReasonOCSPInternal},
		3: {pki.OCSPTryLater, pki.ReasonOCSPTryLater}, 5: {pki.OCSPSigRequired, pki.ReasonOCSPSigRequired},
		6: {pki.OCSPUnauthorized, pki.ReasonOCSPForbidden},
	} {
		r := forgeOCSP(t, w.sub, w.leaf, func(s *ocspSpec) { s.status = status })
		require.Equal(t, want.status, r.Status)
		require.Empty(t, r.Answers)
		s := w.status(t, pki.RevocationOptions{}, w.responses(r))
		require.Equal(t, pki.StatusUnknown, s.Status)
		require.Equal(t, want.reason, s.Reason)
		require.Equal(t, want.reason, pki.ReasonOf(r.CheckAnswers(pki.OCSPRequest{})))
	}
}

// An expired certificate may have been dropped from the list: only a list that says that it keeps them is believed.
func TestExpiredCertificates_A55(t *testing.T) {
	expiry := now.Add(-24 * hour)
	w := newStatusWorld(t, func(c *smx509.Certificate) { c.NotAfter = expiry })
	keeps := func(from time.Time) crlChange {
		return extended(rawExtension{oid.ExpiredCertsOnCRL, false, generalized(from)})
	}
	options := pki.RevocationOptions{At: expiry.Add(-hour), Now: now}
	crl := func(changes ...crlChange) pki.CertificateStatus {
		return w.status(t, options, w.crls(forgeCRL(t, w.sub, changes...)))
	}
	cutoff := func(from time.Time) pki.CertificateStatus {
		return w.status(t, options, w.responses(forgeOCSP(t, w.sub, w.leaf, firstAnswer(func(a *answer) {
			a.extensions = []rawExtension{{oid.OCSPArchiveCutoff, false, generalized(from)}}
		}))))
	}
	require.Equal(t, pki.ReasonForgotten, crl().Reason)
	require.Equal(t, pki.ReasonForgotten, crl(keeps(expiry.Add(time.Second))).Reason)
	require.Equal(t, pki.StatusGood, crl(keeps(expiry)).Status)
	require.Equal(t, pki.StatusGood, crl(dated(expiry, future)).Status)
	require.Equal(t, pki.StatusRevoked, crl(w.revoked(past, 0)).Status)
	require.Equal(t, pki.ReasonForgotten, w.status(t, options, w.responses(forgeOCSP(t, w.sub, w.leaf))).Reason)
	require.Equal(t, pki.ReasonForgotten, cutoff(expiry.Add(time.Second)).Reason)
	require.Equal(t, pki.StatusGood, cutoff(expiry).Status)

	full := forgeCRL(t, w.sub, numbered(1), dated(expiry.Add(-2*hour), expiry))
	delta := forgeCRL(t, w.sub, numbered(2), deltaOf(1))
	require.Equal(t, pki.StatusGood, w.status(t, options, w.crls(full, delta)).Status, "the full CRL remembers")
	late := pki.RevocationOptions{At: expiry.Add(-time.Minute), Now: now, MaxAge: hour}
	require.Equal(t, pki.StatusUnknown, w.status(t, late, w.crls(full, delta)).Status, "the delta CRL may not")
}
