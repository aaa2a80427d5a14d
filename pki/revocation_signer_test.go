package pki_test

import (
	"crypto/rand"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// An authority that signs its CRLs with another key than its certificates.
func TestCRLKeys_A55(t *testing.T) {
	w := newStatusWorld(t)
	keyed := func(c *smx509.Certificate) { c.SubjectKeyId = []byte("crl") }
	crlOnly := func(c *smx509.Certificate) { c.KeyUsage, c.SubjectKeyId = smx509.KeyUsageCRLSign, []byte("crl") }
	named := extended(rawExtension{oid.AuthorityKeyID, false, []byte("\x30\x05\x80\x03crl")})
	elsewhere := func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{"http://crl.example/keys"} }
	other := forge(t, w.root, "other", isCA)
	// aboutKey is the list of the authority's first key that has nothing but the certificates of its other keys.
	aboutKey := func(changes ...crlChange) *pki.CRL {
		return forgeCRL(t, w.sub, append(changes, within(atURI("http://crl.example/keys")))...)
	}
	for _, test := range []struct {
		name   string
		signer *node
		more   func(signer *node) []*pki.CRL
		reason pki.Reason // empty: accepted
	}{
		{"certified by the authority itself", forge(t, w.sub, "sub", crlOnly, elsewhere),
			func(*node) []*pki.CRL { return []*pki.CRL{aboutKey()} }, ""},
		{"certified by the authority above", forge(t, w.root, "sub", crlOnly), nil, ""},
		{"a full authority with the same name", forge(t, w.root, "sub", isCA, keyed), nil, ""},
		{"certified by the authority itself, nothing known", forge(t, w.sub, "sub", crlOnly, elsewhere), nil,
			pki.ReasonSignerStatus},
		{"certified by the authority itself, revoked", forge(t, w.sub, "sub", crlOnly, elsewhere), func(s *node) []*pki.CRL {
			return []*pki.CRL{aboutKey(lists(revokedAt(s.Serial, past, 0)))}
		}, pki.ReasonSignerRevoked},
		{"certified by the authority above, revoked", forge(t, w.root, "sub", crlOnly), func(s *node) []*pki.CRL {
			return []*pki.CRL{forgeCRL(t, w.root, lists(revokedAt(s.Serial, past, 0)))}
		}, pki.ReasonSignerRevoked},
		{"certified by the authority above, held", forge(t, w.root, "sub", crlOnly), func(s *node) []*pki.CRL {
			return []*pki.CRL{forgeCRL(t, w.root, dated(now, future), lists(revokedAt(s.Serial, past, 6)))}
		}, pki.ReasonSignerRevoked},
		{"may not sign CRLs", forge(t, w.root, "sub", keyed), nil, pki.ReasonKeyUsage},
		{"without key usage", forge(t, w.root, "sub", keyed, func(c *smx509.Certificate) { c.KeyUsage = 0 }), nil,
			pki.ReasonKeyUsage},
		{"expired", forge(t, w.root, "sub", crlOnly, func(c *smx509.Certificate) { c.NotAfter = now.Add(-1) }), nil,
			pki.ReasonExpired},
		{"not yet valid", forge(t, w.root, "sub", crlOnly, func(c *smx509.Certificate) { c.NotBefore = now.Add(hour) }),
			nil, pki.ReasonNotYetValid},
		{"unknown critical extension",
			forge(t, w.root, "sub", crlOnly, extension(asn1.ObjectIdentifier{1, 2, 3}, true, []byte{5, 0})), nil,
			pki.ReasonExtension},
		{"a namesake below another authority", forge(t, other, "sub", crlOnly), nil, pki.ReasonNoSigner},
		{"a namesake of nobody", forge(t, nil, "sub", crlOnly), nil, pki.ReasonNoSigner},
		{"below a forged authority", forge(t, forge(t, nil, "root", isCA), "sub", crlOnly), nil, pki.ReasonNoSigner},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := forgeCRL(t, w.sub, named, func(s *crlSpec) { s.key = test.signer.key })
			e := w.crls(list)
			if test.more != nil {
				e.CRLs = append(e.CRLs, test.more(test.signer)...)
			}
			e.Certificates = []*pki.Certificate{nil, w.sub.Certificate, w.leaf.Certificate, test.signer.Certificate}
			s := w.status(t, pki.RevocationOptions{}, e)
			if test.reason == "" {
				require.Equal(t, pki.StatusGood, s.Status, "%+v", s.Findings)
				return
			}
			require.Equal(t, pki.StatusUnknown, s.Status)
			for _, f := range s.Findings {
				if f.CRL == list {
					require.Equal(t, test.reason, f.Refusal, f.Detail)
				}
			}
		})
	}
	signer := forge(t, w.root, "sub", crlOnly)
	e := w.crls(forgeCRL(t, w.sub, func(s *crlSpec) { s.key = signer.key }))
	require.Equal(t, pki.StatusUnknown, w.status(t, pki.RevocationOptions{}, e).Status, "its certificate is missing")
}

// The leaf was issued under the authority's old key, the list under the new one that stands above it in the chain.
func TestKeyRollover_A55(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	newKey := forge(t, root, "sub", isCA, func(c *smx509.Certificate) { c.SubjectKeyId = []byte("new") })
	oldKey := forge(t, newKey, "sub", isCA, func(c *smx509.Certificate) { c.SubjectKeyId = []byte("old") })
	leaf := forge(t, oldKey, "leaf")
	chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{newKey.Certificate, oldKey.Certificate},
		At: now, Usage: pki.UsageDigitalSignature,
	})
	require.NoError(t, err)
	require.Len(t, chain.Certificates, 4)
	judge := func(signer *node, changes ...crlChange) pki.RevocationReport {
		return pki.VerifyRevocation(chain, pki.RevocationOptions{At: now}, pki.Evidence{
			CRLs: []*pki.CRL{forgeCRL(t, root), forgeCRL(t, signer, changes...)},
		})
	}
	require.NoError(t, judge(newKey).Err())
	require.Equal(t, pki.ReasonRevoked, pki.ReasonOf(judge(newKey, lists(revokedAt(leaf.Serial, past, 0))).Err()))
	// The old key vouches for the leaf, but not for its own certificate.
	old := judge(oldKey)
	require.Equal(t, pki.StatusGood, old.Certificates[0].Status)
	require.Equal(t, pki.StatusUnknown, old.Certificates[1].Status)
}

// What a signer signed is worth nothing once he is expired or revoked, unless it is proven to have existed before.
func TestEvidenceOutlivesItsSigner_A55(t *testing.T) {
	w := newStatusWorld(t)
	signing := now.Add(-48 * hour)
	list := forgeCRL(t, w.sub, dated(signing, signing.Add(hour)))
	subGood := forgeCRL(t, w.root, dated(signing, signing.Add(hour)))
	later := pki.RevocationOptions{At: signing, Now: now}
	subRevoked := forgeCRL(t, w.root, lists(revokedAt(w.sub.Serial, now.Add(-24*hour), pki.CauseKeyCompromise)))

	require.Equal(t, pki.StatusGood, w.status(t, later, pki.Evidence{CRLs: []*pki.CRL{list, subGood}}).Status)
	unproven := w.status(t, later, pki.Evidence{CRLs: []*pki.CRL{list, subGood, subRevoked}})
	require.Equal(t, pki.StatusUnknown, unproven.Status)
	wantRefusal(t, unproven, pki.ReasonSignerRevoked)
	for by, want := range map[time.Time]pki.RevocationStatus{
		signing.Add(time.Minute): pki.StatusGood, now.Add(-24 * hour): pki.StatusUnknown, future: pki.StatusUnknown,
		signing.Add(-time.Minute): pki.StatusUnknown, // before it was made
	} {
		proven := pki.Evidence{CRLs: []*pki.CRL{list}, ExistedBy: by}
		s := w.status(t, later, proven, pki.Evidence{CRLs: []*pki.CRL{subGood, subRevoked}})
		require.Equal(t, want, s.Status, by)
	}

	expiring := newStatusWorld(t)
	expiring.sub = forgeKey(t, expiring.root, "sub", expiring.sub.key, isCA, func(c *smx509.Certificate) {
		c.NotAfter = now.Add(-24 * hour)
	})
	expiring.leaf = forge(t, expiring.sub, "leaf")
	expiring.chain = expiring.verify(t, expiring.leaf)
	evidence := pki.Evidence{CRLs: []*pki.CRL{
		forgeCRL(t, expiring.sub, dated(signing, signing.Add(hour))),
		forgeCRL(t, expiring.root, dated(signing, signing.Add(hour))),
	}}
	s := expiring.status(t, later, evidence)
	require.Equal(t, pki.ReasonExpired, s.Reason)
	evidence.ExistedBy = signing.Add(hour)
	require.Equal(t, pki.StatusGood, expiring.status(t, later, evidence).Status)
}

// The scope of the anchor binds evidence too.
func TestEvidenceWithinTheScope_A55(t *testing.T) {
	w := newStatusWorld(t)
	e := w.crls(forgeCRL(t, w.sub))
	judge := func(change func(*pki.Scope)) pki.CertificateStatus {
		chain := *w.chain
		change(&chain.Anchor.Scope)
		report := pki.VerifyRevocation(&chain, pki.RevocationOptions{At: now, LeafOnlyUnsafe: true}, e)
		return report.Certificates[0]
	}
	require.Equal(t, pki.StatusGood, judge(func(*pki.Scope) {}).Status)
	require.Equal(t, pki.ReasonExpired, judge(func(s *pki.Scope) { s.NotAfter = now.Add(-1) }).Reason)
	require.Equal(t, pki.ReasonNotYetValid, judge(func(s *pki.Scope) { s.NotBefore = now.Add(1) }).Reason)
	require.Equal(t, pki.ReasonAlgorithm, judge(func(s *pki.Scope) { s.Algorithms = []pki.KeyAlgorithm{pki.KeyRSA} }).Reason)

	noUsage := forgeKey(t, w.root, "sub", w.sub.key, isCA, func(c *smx509.Certificate) { c.KeyUsage = 0 })
	w.chain.Certificates[1] = noUsage.Certificate
	require.Equal(t, pki.ReasonKeyUsage, judge(func(*pki.Scope) {}).Reason)
	require.Equal(t, pki.StatusGood, judge(func(s *pki.Scope) {
		s.Exceptions = []pki.Exception{pki.ExceptionNoKeyUsage}
	}).Status)

	old := forge(t, nil, "old root", isCA, func(c *smx509.Certificate) { c.NotAfter = now.Add(-hour) })
	leaf := forge(t, old, "leaf")
	scope := pki.Scope{
		Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}, NotBefore: past, NotAfter: future,
		Exceptions: []pki.Exception{pki.ExceptionAnchorValidity},
	}
	chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
		Anchors: scoped(t, scope, old.Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	require.NoError(t, err)
	evidence := pki.Evidence{CRLs: []*pki.CRL{forgeCRL(t, old)}}
	require.NoError(t, pki.VerifyRevocation(chain, pki.RevocationOptions{At: now}, evidence).Err())
	chain.Anchor.Scope.Exceptions = nil
	report := pki.VerifyRevocation(chain, pki.RevocationOptions{At: now}, evidence)
	require.Equal(t, pki.ReasonExpired, pki.ReasonOf(report.Err()))
}

// Names of distribution points: relative ones, names of directories, issuers of CRLs.
func TestDistributionPoints_A55(t *testing.T) {
	w := newStatusWorld(t)
	rdn := der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, oid.OrganizationalUnit)
			b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte("shard 7")) })
		})
	})
	wrap := func(n uint8, inner []byte) []byte {
		return der(func(b *cryptobyte.Builder) { b.AddASN1(tagged(n), func(b *cryptobyte.Builder) { b.AddBytes(inner) }) })
	}
	relative := wrap(0, wrap(1, rdn))
	full := wrap(0, wrap(0, wrap(4, der(func(b *cryptobyte.Builder) {
		issuer := cryptobyte.String(w.sub.RawSubject)
		var body cryptobyte.String
		issuer.ReadASN1(&body, casn1.SEQUENCE)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(body)
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(rdn) })
		})
	}))))
	own := wrap(0, wrap(0, wrap(4, w.sub.RawSubject)))
	point := func(parts ...[]byte) change {
		return extension(oid.CRLDistribution.ASN1(), false, der(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, p := range parts {
						b.AddBytes(p)
					}
				})
			})
		}))
	}
	crlIssuer := wrap(2, wrap(4, w.root.RawSubject))
	plain := func(c *smx509.Certificate) { c.CRLDistributionPoints = nil }
	for _, test := range []struct {
		name   string
		point  change
		list   *pki.CRL
		reason pki.Reason
	}{
		{"relative and relative", point(relative), forgeCRL(t, w.sub, within(relative)), ""},
		{"relative and full", point(relative), forgeCRL(t, w.sub, within(full)), ""},
		{"full and relative", point(full), forgeCRL(t, w.sub, within(relative)), ""},
		{"none, and the issuer's name", plain, forgeCRL(t, w.sub, within(own)), ""},
		{"none, and a relative name", plain, forgeCRL(t, w.sub, within(relative)), pki.ReasonCRLScope},
		{"for some reasons", point(relative, reasons(1, 1)), forgeCRL(t, w.sub, within(relative)),
			pki.ReasonPartialReasons},
		{"for some reasons, of a list for others", point(relative, reasons(1, 1)),
			forgeCRL(t, w.sub, within(relative, reasons(3, 2))), pki.ReasonCRLScope},
		{"a list without a name covers every point", point(relative, reasons(1, 1)), forgeCRL(t, w.sub), ""},
		{"signed by another", point(relative, crlIssuer), forgeCRL(t, w.sub, within(relative)), pki.ReasonIndirectCRL},
		{"of another issuer", point(relative, crlIssuer), forgeCRL(t, w.root, within(relative, flag(4))),
			pki.ReasonIndirectCRL},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaf := forge(t, w.sub, "leaf", test.point)
			report := pki.VerifyRevocation(w.verify(t, leaf), pki.RevocationOptions{At: now}, w.crls(test.list))
			s := report.Certificates[0]
			require.Equal(t, test.reason, s.Reason, "%+v", s.Findings)
			require.Equal(t, test.reason == "", s.Status == pki.StatusGood)
		})
	}
}

// Evidence without end is not looked at without end.
func TestEvidenceBudget_A55(t *testing.T) {
	w := newStatusWorld(t)
	list := forgeCRL(t, w.sub)
	var e pki.Evidence
	for range 257 {
		e.CRLs = append(e.CRLs, list)
	}
	report := pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now}, e)
	require.Equal(t, pki.StatusUnknown, report.Status)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(report.Err()))

	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	e = pki.Evidence{}
	for range 20 {
		e.CRLs = append(e.CRLs, forgeCRL(t, w.sub, func(s *crlSpec) { s.key = key }))
		e.Certificates = append(e.Certificates, forge(t, w.root, "sub", isCA).Certificate)
	}
	report = pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now}, e)
	require.Equal(t, pki.StatusUnknown, report.Status)
	wantRefusal(t, report.Certificates[0], pki.ReasonBudget)
}
