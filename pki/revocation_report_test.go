package pki_test

import (
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Nothing that is left out counts as good.
func TestRevocationOptionsRefuse(t *testing.T) {
	var none pki.RevocationReport
	require.Equal(t, pki.StatusUnknown, none.Status)
	require.Equal(t, pki.ReasonOptions, pki.ReasonOf(none.Err()))
	w := newStatusWorld(t)
	e := w.crls(forgeCRL(t, w.sub))
	good := pki.RevocationOptions{At: now}
	require.NoError(t, pki.VerifyRevocation(w.chain, good, e).Err())
	chain := func(change func(*pki.Chain)) *pki.Chain {
		c := *w.chain
		change(&c)
		return &c
	}
	for name, report := range map[string]pki.RevocationReport{
		"no chain":       pki.VerifyRevocation(nil, good, e),
		"an empty chain": pki.VerifyRevocation(new(pki.Chain), good, e),
		"an anchor alone": pki.VerifyRevocation(chain(func(c *pki.Chain) {
			c.Certificates = c.Certificates[2:]
		}), good, e),
		"no anchor":      pki.VerifyRevocation(chain(func(c *pki.Chain) { c.Anchor = pki.Anchor{} }), good, e),
		"another anchor": pki.VerifyRevocation(chain(func(c *pki.Chain) { c.Anchor.Certificate = w.leaf.Certificate }), good, e),
		"a gap": pki.VerifyRevocation(chain(func(c *pki.Chain) {
			c.Certificates = []*pki.Certificate{w.leaf.Certificate, nil, w.root.Certificate}
		}), good, e),
		"no time":          pki.VerifyRevocation(w.chain, pki.RevocationOptions{Now: now}, e),
		"a time to come":   pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now, Now: now.Add(-1)}, e),
		"a negative age":   pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now, MaxAge: -1}, e),
		"a negative delay": pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now, Delay: -1}, e),
		"a negative skew":  pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now, Skew: -1}, e),
	} {
		require.Equal(t, pki.StatusUnknown, report.Status, name)
		require.Equal(t, pki.ReasonOptions, pki.ReasonOf(report.Err()), name)
		require.Empty(t, report.Certificates, name)
	}
	require.Equal(t, "unknown", pki.StatusUnknown.String())
	require.Equal(t, "on-hold", pki.StatusOnHold.String())
	require.Equal(t, "unknown", pki.RevocationStatus(9).String())
}

// The worst certificate decides; the refusal is about it.
func TestWorstCertificateDecides_A55(t *testing.T) {
	w := newStatusWorld(t)
	sub := func(cause pki.Cause) *pki.CRL {
		return forgeCRL(t, w.root, lists(revokedAt(w.sub.Serial, now.Add(-time.Minute), cause)))
	}
	leafGood := forgeCRL(t, w.sub)
	leafHeld := forgeCRL(t, w.sub, w.revoked(past, pki.CauseCertificateHold))
	leafRevoked := forgeCRL(t, w.sub, w.revoked(past, pki.CauseSuperseded))
	archived := func(c ...*pki.CRL) pki.Evidence { return pki.Evidence{CRLs: c, ExistedBy: now.Add(-hour)} }
	for _, test := range []struct {
		name    string
		of      pki.Evidence // the authority
		leaf    pki.Evidence
		options pki.RevocationOptions
		want    pki.RevocationStatus
		reason  pki.Reason
		subject string
	}{
		{"all good", w.crls(), archived(leafGood), pki.RevocationOptions{}, pki.StatusGood, "", ""},
		{"leaf revoked", w.crls(), archived(leafRevoked), pki.RevocationOptions{}, pki.StatusRevoked, pki.ReasonRevoked, "leaf"},
		{"leaf on hold", w.crls(), archived(leafHeld), pki.RevocationOptions{}, pki.StatusOnHold, pki.ReasonOnHold, "leaf"},
		{"leaf unknown", w.crls(), pki.Evidence{}, pki.RevocationOptions{}, pki.StatusUnknown, pki.ReasonNoEvidence, "leaf"},
		{"authority unknown", pki.Evidence{}, archived(leafGood), pki.RevocationOptions{}, pki.StatusUnknown,
			pki.ReasonNoEvidence, "sub"},
		{"authority unknown, leaf revoked", pki.Evidence{}, archived(leafRevoked), pki.RevocationOptions{},
			pki.StatusRevoked, pki.ReasonRevoked, "leaf"},
		{"authority unknown, leaf on hold", pki.Evidence{}, archived(leafHeld), pki.RevocationOptions{}, pki.StatusOnHold,
			pki.ReasonOnHold, "leaf"},
		{"authority revoked, leaf good", pki.Evidence{CRLs: []*pki.CRL{sub(0)}}, archived(leafGood),
			pki.RevocationOptions{}, pki.StatusRevoked, pki.ReasonRevoked, "sub"},
		{"authority on hold, leaf revoked", pki.Evidence{CRLs: []*pki.CRL{sub(6)}}, archived(leafRevoked),
			pki.RevocationOptions{}, pki.StatusRevoked, pki.ReasonRevoked, "leaf"},
		{"authority revoked, leaf revoked", pki.Evidence{CRLs: []*pki.CRL{sub(0)}}, archived(leafRevoked),
			pki.RevocationOptions{}, pki.StatusRevoked, pki.ReasonRevoked, "sub"},
		{"authority unknown, leaf alone matters", pki.Evidence{}, archived(leafGood),
			pki.RevocationOptions{LeafOnlyUnsafe: true}, pki.StatusGood, "", ""},
		{"both unknown, leaf alone matters", pki.Evidence{}, pki.Evidence{}, pki.RevocationOptions{LeafOnlyUnsafe: true},
			pki.StatusUnknown, pki.ReasonNoEvidence, "leaf"},
		{"authority revoked, leaf alone matters", pki.Evidence{CRLs: []*pki.CRL{sub(0)}}, archived(leafGood),
			pki.RevocationOptions{LeafOnlyUnsafe: true}, pki.StatusRevoked, pki.ReasonRevoked, "sub"},
		{"authority on hold, leaf alone matters", pki.Evidence{CRLs: []*pki.CRL{sub(6)}}, archived(leafGood),
			pki.RevocationOptions{LeafOnlyUnsafe: true}, pki.StatusOnHold, pki.ReasonOnHold, "sub"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.At = now
			report := pki.VerifyRevocation(w.chain, test.options, test.of, test.leaf)
			require.Equal(t, test.want, report.Status)
			err := report.Err()
			require.Equal(t, test.reason, pki.ReasonOf(err), "%v", err)
			if test.subject != "" {
				var refusal *pki.RefusalError
				require.ErrorAs(t, err, &refusal)
				require.Contains(t, refusal.Subject, "CN="+test.subject)
			}
		})
	}
}

// A revoked path gives way to another while a chain is looked for.
func TestEvidenceChecker_A55(t *testing.T) {
	w := newStatusWorld(t)
	other := forgeKey(t, w.root, "sub", w.sub.key, isCA)
	good, revoked := forgeCRL(t, w.sub), forgeCRL(t, w.root, lists(revokedAt(w.sub.Serial, past, 0)))
	trusted := anchors(t, w.root.Certificate)
	search := func(c *pki.EvidenceChecker, sub ...*pki.Certificate) (*pki.Chain, error) {
		return pki.VerifyChain(w.leaf.Certificate, pki.ChainOptions{
			Anchors: trusted, Intermediates: sub, At: now, Usage: pki.UsageDigitalSignature, Revocation: c,
		})
	}
	checker := &pki.EvidenceChecker{Anchors: trusted, Evidence: []pki.Evidence{{CRLs: []*pki.CRL{good, revoked}}}}
	chain, err := search(checker, w.sub.Certificate, other.Certificate)
	require.NoError(t, err)
	require.True(t, chain.Certificates[1].Equal(other.Certificate))
	_, err = search(checker, w.sub.Certificate)
	require.Equal(t, pki.ReasonRevoked, pki.ReasonOf(err))
	_, err = search(&pki.EvidenceChecker{Anchors: trusted}, w.sub.Certificate)
	require.Equal(t, pki.ReasonNoEvidence, pki.ReasonOf(err))
	for name, a := range map[string]*pki.Anchors{
		"nil": nil, "none": new(pki.Anchors), "others": anchors(t, forge(t, nil, "root", isCA).Certificate),
	} {
		_, err = search(&pki.EvidenceChecker{Anchors: a, Evidence: checker.Evidence}, other.Certificate)
		require.Equal(t, pki.ReasonOptions, pki.ReasonOf(err), name)
	}
	require.Error(t, checker.CheckRevocation(nil, now))
	two, err := pki.NewScopedAnchors(
		pki.Anchor{Certificate: w.root.Certificate, Scope: pki.Scope{
			Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2},
		}},
		pki.Anchor{Certificate: w.root.Certificate, Scope: pki.Scope{
			Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}, NotAfter: now.Add(-hour),
		}})
	require.NoError(t, err)
	_, err = search(&pki.EvidenceChecker{Anchors: two, Evidence: checker.Evidence}, other.Certificate)
	require.Equal(t, pki.ReasonExpired, pki.ReasonOf(err), "every scope must allow the evidence")
}

// The control time goes back to where everything can be shown, and no further.
func TestSlideControlTime_A55(t *testing.T) {
	w := newStatusWorld(t)
	const day = 24 * hour
	stale := dated(now.Add(-3*day), now.Add(-2*day))
	for _, test := range []struct {
		name     string
		evidence []pki.Evidence
		want     time.Time
		refusal  pki.Reason
	}{
		{"fresh", []pki.Evidence{w.crls(forgeCRL(t, w.sub))}, now, ""},
		{"stale leaf", []pki.Evidence{w.crls(forgeCRL(t, w.sub, stale))}, now.Add(-3 * day), ""},
		{"stale authority, leaf evidence newer", []pki.Evidence{{CRLs: []*pki.CRL{forgeCRL(t, w.root, stale), forgeCRL(t, w.sub)}}},
			time.Time{}, pki.ReasonNoProof},
		{"stale authority, all proven then", []pki.Evidence{{
			CRLs:         []*pki.CRL{forgeCRL(t, w.root, stale), forgeCRL(t, w.sub, stale)},
			Certificates: []*pki.Certificate{w.leaf.Certificate, w.sub.Certificate}, ExistedBy: now.Add(-3 * day),
		}}, now.Add(-3 * day), ""},
		{"held", []pki.Evidence{w.crls(forgeCRL(t, w.sub, w.revoked(now.Add(-day), 6)))}, now.Add(-day), ""},
		{"invalid before revoked", []pki.Evidence{w.crls(forgeCRL(t, w.sub, w.revoked(now.Add(-day), 1, invalidFrom(past))))},
			past, ""},
		{"in two parts", []pki.Evidence{w.crls(forgeCRL(t, w.sub, stale, within(reasons(3, 1, 2))),
			forgeCRL(t, w.sub, within(reasons(3, 3, 4, 5, 6, 7, 8))))}, now.Add(-3 * day), ""},
		{"in one of two parts", []pki.Evidence{w.crls(forgeCRL(t, w.sub, within(reasons(3, 1, 2))))}, time.Time{},
			pki.ReasonPartialReasons},
		{"forged", []pki.Evidence{w.crls(forgeCRL(t, w.sub, func(s *crlSpec) { s.key = w.leaf.key }))}, time.Time{},
			pki.ReasonBadSignature},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now, Delay: hour}, test.evidence...)
			require.Equal(t, test.refusal, pki.ReasonOf(err), "%v", err)
			require.Equal(t, test.want, got)
		})
	}
	_, err := pki.SlideControlTime(w.chain, pki.RevocationOptions{At: now})
	require.Equal(t, pki.ReasonOptions, pki.ReasonOf(err))
	_, err = pki.SlideControlTime(nil, pki.RevocationOptions{Now: now})
	require.Equal(t, pki.ReasonOptions, pki.ReasonOf(err))

	expired := newStatusWorld(t, func(c *smx509.Certificate) { c.NotAfter = now.Add(-2 * day) })
	_, err = pki.SlideControlTime(expired.chain, pki.RevocationOptions{Now: now}, expired.crls(forgeCRL(t, expired.sub)))
	require.Equal(t, pki.ReasonForgotten, pki.ReasonOf(err))
	keeps := extended(rawExtension{oid.ExpiredCertsOnCRL, false, generalized(past)})
	got, err := pki.SlideControlTime(expired.chain, pki.RevocationOptions{Now: now}, expired.crls(forgeCRL(t, expired.sub, keeps)))
	require.NoError(t, err)
	require.Equal(t, now, got)
}

// No changed bit of evidence goes unseen: what can still be read either says the same or counts no more.
func TestEveryBitOfEvidenceCounts_A55(t *testing.T) {
	w := newStatusWorld(t)
	list := rawCRL(t, w.sub, numbered(7), within(atURI(leafPoint)), w.revoked(past, pki.CauseSuperseded))
	response := rawOCSP(t, w.sub, w.leaf, func(s *ocspSpec) { s.answers[0].status = statusRevoked(past, 4) })
	step := 1
	if testing.Short() {
		step = 7
	}
	judge := func(e pki.Evidence) pki.RevocationStatus {
		return w.status(t, pki.RevocationOptions{}, w.crls(), e).Status
	}
	flip := func(raw []byte, i int) []byte {
		changed := append([]byte(nil), raw...)
		changed[i/8] ^= 1 << (i % 8)
		return changed
	}
	for i := 0; i < 8*len(list); i += step {
		c, err := pki.ParseCRL(flip(list, i))
		if err != nil {
			require.Nil(t, c)
			continue
		}
		require.Equal(t, pki.StatusUnknown, judge(pki.Evidence{CRLs: []*pki.CRL{c}}), "bit %d of the CRL", i)
	}
	for i := 0; i < 8*len(response); i += step {
		r, err := pki.ParseOCSPResponse(flip(response, i))
		if err != nil {
			require.Nil(t, r)
			continue
		}
		require.Equal(t, pki.StatusUnknown, judge(pki.Evidence{Responses: []*pki.OCSPResponse{r}}), "bit %d of the response", i)
	}
}

// Evidence that is not proven to have existed at the control time does not count for it.
func TestSlideEvidence_A55(t *testing.T) {
	w := newStatusWorld(t)
	yesterday := now.Add(-24 * hour)
	subRevoked := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.root, lists(revokedAt(w.sub.Serial, yesterday, 0)))}}
	old := dated(yesterday.Add(-2*hour), yesterday.Add(hour))
	known := pki.Evidence{Certificates: []*pki.Certificate{w.leaf.Certificate}, ExistedBy: yesterday.Add(-hour)}
	slide := func(existedBy time.Time) (time.Time, error) {
		leafGood := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.sub, old)}, ExistedBy: existedBy}
		return pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, subRevoked, known, leafGood)
	}
	got, err := slide(yesterday.Add(-time.Minute))
	require.NoError(t, err)
	require.Equal(t, yesterday, got)
	_, err = slide(yesterday.Add(time.Minute))
	require.Error(t, err)

	proven := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.sub, old)}, ExistedBy: yesterday.Add(-time.Minute)}
	_, err = pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, subRevoked, proven)
	require.Equal(t, pki.ReasonNoProof, pki.ReasonOf(err), "the leaf is not proven")

	// The authority was not revoked, but nothing newer shows it: what is proven only later is too late.
	staleSub := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.root, dated(yesterday, yesterday.Add(hour)))}, ExistedBy: yesterday}
	leafGood := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.sub, old)}, ExistedBy: yesterday.Add(time.Minute)}
	_, err = pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, staleSub, known, leafGood)
	require.Equal(t, pki.ReasonNoProof, pki.ReasonOf(err))
	leafGood.ExistedBy = yesterday
	got, err = pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, staleSub, known, leafGood)
	require.NoError(t, err)
	require.Equal(t, yesterday, got)

	// A revocation that came to be known later counts from its date; by itself it shows nothing to have been good.
	found := func(at time.Time) pki.Evidence {
		return pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, w.sub, w.revoked(at, 1))}}
	}
	got, err = pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, staleSub, known, leafGood, found(past))
	require.NoError(t, err)
	require.Equal(t, past, got)
	_, err = pki.SlideControlTime(w.chain, pki.RevocationOptions{Now: now}, staleSub, known, found(yesterday.Add(hour)))
	require.Error(t, err)
}
