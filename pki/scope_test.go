package pki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// strict is the scope of NewAnchors.
func strict() pki.Scope {
	return pki.Scope{Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}}
}

// TestScopes: an anchor vouches for what its scope says, and for nothing else.
func TestScopes(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sub := forge(t, root, "sub", isCA)
	leaf := forge(t, sub, "leaf")
	directory := func(name string) pki.GeneralName {
		return pki.GeneralName{Form: pki.FormDirectory, Directory: nameOf(t, root, seq(
			rdnOf(oid.Country, text(0x13, "CN")), rdnOf(oid.CommonName, text(0x13, name)),
		))}
	}
	for _, test := range []struct {
		name   string
		scope  func(*pki.Scope)
		option func(*pki.ChainOptions)
		want   pki.Reason
	}{
		{name: "any purpose"},
		{name: "the purpose", scope: func(s *pki.Scope) { s.Purposes = []pki.Purpose{pki.PurposeSigning} },
			option: func(o *pki.ChainOptions) { o.Purpose = pki.PurposeSigning }},
		{name: "another purpose", scope: func(s *pki.Scope) { s.Purposes = []pki.Purpose{pki.PurposeCRL} },
			option: func(o *pki.ChainOptions) { o.Purpose = pki.PurposeSigning }, want: pki.ReasonScope},
		{name: "no purpose asked for", scope: func(s *pki.Scope) { s.Purposes = []pki.Purpose{pki.PurposeSigning} },
			want: pki.ReasonScope},
		{name: "unknown purpose", option: func(o *pki.ChainOptions) { o.Purpose = "everything" }, want: pki.ReasonPurpose},
		{name: "any is no purpose", option: func(o *pki.ChainOptions) { o.Purpose = pki.PurposeAny }, want: pki.ReasonPurpose},
		{name: "the usage", scope: func(s *pki.Scope) { s.Usages = pki.UsageDigitalSignature | pki.UsageNonRepudiation }},
		{name: "another usage", scope: func(s *pki.Scope) { s.Usages = pki.UsageNonRepudiation }, want: pki.ReasonScope},
		{name: "from now", scope: func(s *pki.Scope) { s.NotBefore, s.NotAfter = now, now }},
		{name: "from later", scope: func(s *pki.Scope) { s.NotBefore = now.Add(1) }, want: pki.ReasonScope},
		{name: "to earlier", scope: func(s *pki.Scope) { s.NotAfter = now.Add(-1) }, want: pki.ReasonScope},
		{name: "its names", scope: func(s *pki.Scope) {
			s.Names = &pki.NameConstraints{Permitted: []pki.GeneralName{directory("sub"), directory("leaf")}}
		}},
		{name: "other names", scope: func(s *pki.Scope) {
			s.Names = &pki.NameConstraints{Permitted: []pki.GeneralName{directory("sub")}}
		}, want: pki.ReasonNameConstraints},
		{name: "excluded names", scope: func(s *pki.Scope) {
			s.Names = &pki.NameConstraints{Excluded: []pki.GeneralName{directory("sub")}}
		}, want: pki.ReasonNameConstraints},
		{name: "a policy", scope: func(s *pki.Scope) { s.Policies = []oid.ID{"\x2a\x03"} }, want: pki.ReasonPolicy},
	} {
		t.Run(test.name, func(t *testing.T) {
			scope := strict()
			if test.scope != nil {
				test.scope(&scope)
			}
			options := pki.ChainOptions{
				Anchors: scoped(t, scope, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, At: now,
				Usage: pki.UsageDigitalSignature,
			}
			if test.option != nil {
				test.option(&options)
			}
			chain, err := pki.VerifyChain(leaf.Certificate, options)
			require.Equal(t, test.want, pki.ReasonOf(err), "%v", err)
			require.Equal(t, err == nil, chain != nil)
			if err == nil && !scope.NotBefore.IsZero() {
				require.Equal(t, []time.Time{now, now}, []time.Time{chain.NotBefore, chain.NotAfter})
			}
		})
	}
}

// TestScopeIsKept: what the caller does to his lists later changes nothing.
func TestScopeIsKept(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	scope := strict()
	trust := scoped(t, scope, root.Certificate)
	scope.Purposes[0], scope.Algorithms[0] = pki.PurposeCRL, pki.KeyRSA
	_, err := pki.VerifyChain(forge(t, root, "leaf").Certificate, pki.ChainOptions{
		Anchors: trust, At: now, Usage: pki.UsageDigitalSignature,
	})
	require.NoError(t, err)
}

// TestScopedAnchorsRefuse: an anchor without a scope, or that cannot be what it is said to be.
func TestScopedAnchorsRefuse(t *testing.T) {
	root := forge(t, nil, "root", isCA).Certificate
	unbounded := strict()
	unbounded.Exceptions = []pki.Exception{pki.ExceptionAnchorValidity}
	noNames := strict()
	noNames.Names = new(pki.NameConstraints)
	badNames := strict()
	badNames.Names = &pki.NameConstraints{Permitted: []pki.GeneralName{{Form: pki.FormDNS, Text: "a b"}}}
	for name, anchor := range map[string]pki.Anchor{
		"nothing":           {},
		"no certificate":    {Scope: strict()},
		"no scope":          {Certificate: root},
		"no purposes":       {Certificate: root, Scope: pki.Scope{Algorithms: []pki.KeyAlgorithm{pki.KeySM2}}},
		"no algorithms":     {Certificate: root, Scope: pki.Scope{Purposes: []pki.Purpose{pki.PurposeAny}}},
		"another algorithm": {Certificate: root, Scope: pki.Scope{Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeyRSA}}},
		"no CA":             {Certificate: forge(t, nil, "leaf").Certificate, Scope: strict()},
		"never ending":      {Certificate: root, Scope: unbounded},
		"no names":          {Certificate: root, Scope: noNames},
		"malformed names":   {Certificate: root, Scope: badNames},
	} {
		trust, err := pki.NewScopedAnchors(anchor)
		require.ErrorIs(t, err, pki.ErrAnchors, name)
		require.Nil(t, trust, name)
	}
	trust, err := pki.NewScopedAnchors(pki.Anchor{Certificate: root, Scope: strict()}, pki.Anchor{Certificate: root, Scope: strict()})
	require.NoError(t, err)
	require.Len(t, trust.Certificates(), 1)
}

// exceptionWorld is a path that breaks one rule.
type exceptionWorld struct {
	name      string
	exception pki.Exception
	want      pki.Reason // without the exception
	leaf      *pki.Certificate
	root      *pki.Certificate
	help      []*pki.Certificate
}

func exceptionWorlds(t *testing.T) []exceptionWorld {
	t.Helper()
	usage := func(u smx509.KeyUsage) change { return func(c *smx509.Certificate) { c.KeyUsage = u } }
	noSign := forge(t, nil, "no cert sign", isCA, usage(smx509.KeyUsageDigitalSignature))
	silent := forge(t, nil, "no key usage", isCA, usage(0))
	root := forge(t, nil, "root", isCA)
	quiet := forge(t, root, "quiet", isCA, usage(0))
	old := rsaNode(t, nil, 2048, smx509.SHA256WithRSA)
	short := rsaNode(t, nil, 1024, smx509.SHA256WithRSA)
	ended := forge(t, nil, "ended", isCA, func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	ahead := forge(t, nil, "ahead", isCA, func(c *smx509.Certificate) { c.NotBefore = now.Add(time.Hour) })
	first := versionOne(t)
	return []exceptionWorld{
		{name: "anchor without keyCertSign", exception: pki.ExceptionAnchorKeyUsage, want: pki.ReasonKeyUsage,
			leaf: forge(t, noSign, "leaf").Certificate, root: noSign.Certificate},
		{name: "anchor without key usage", exception: pki.ExceptionAnchorKeyUsage, want: pki.ReasonKeyUsage,
			leaf: forge(t, silent, "leaf").Certificate, root: silent.Certificate},
		{name: "authority without key usage", exception: pki.ExceptionNoKeyUsage, want: pki.ReasonKeyUsage,
			leaf: forge(t, quiet, "leaf").Certificate, root: root.Certificate, help: []*pki.Certificate{quiet.Certificate}},
		{name: "leaf without key usage", exception: pki.ExceptionNoKeyUsage, want: pki.ReasonKeyUsage,
			leaf: forge(t, root, "leaf", usage(0)).Certificate, root: root.Certificate},
		{name: "SHA-1", exception: pki.ExceptionSHA1, want: pki.ReasonWeak,
			leaf: rsaNode(t, old, 2048, smx509.SHA1WithRSA).Certificate, root: old.Certificate},
		{name: "short key of the leaf", exception: pki.ExceptionShortRSA, want: pki.ReasonWeak,
			leaf: rsaNode(t, old, 1024, smx509.SHA256WithRSA).Certificate, root: old.Certificate},
		{name: "short key of the anchor", exception: pki.ExceptionShortRSA, want: pki.ReasonWeak,
			leaf: rsaNode(t, short, 2048, smx509.SHA256WithRSA).Certificate, root: short.Certificate},
		{name: "anchor expired", exception: pki.ExceptionAnchorValidity, want: pki.ReasonExpired,
			leaf: forge(t, ended, "leaf").Certificate, root: ended.Certificate},
		{name: "anchor not yet valid", exception: pki.ExceptionAnchorValidity, want: pki.ReasonNotYetValid,
			leaf: forge(t, ahead, "leaf").Certificate, root: ahead.Certificate},
		{name: "anchor of version 1", exception: pki.ExceptionAnchorVersion,
			leaf: forge(t, first, "leaf").Certificate, root: first.Certificate},
	}
}

// TestExceptions: each rule holds below every anchor but the one whose scope names the exception, and the chain says
// that it was needed.
func TestExceptions(t *testing.T) {
	other := forge(t, nil, "other", isCA).Certificate
	for _, w := range exceptionWorlds(t) {
		t.Run(w.name, func(t *testing.T) {
			scope := generous(w.exception)
			if w.exception == pki.ExceptionAnchorValidity {
				scope.NotBefore, scope.NotAfter = past, future
			}
			verify := func(list ...pki.Anchor) (*pki.Chain, error) {
				trust, err := pki.NewScopedAnchors(list...)
				require.NoError(t, err)
				return pki.VerifyChain(w.leaf, pki.ChainOptions{
					Anchors: trust, Intermediates: w.help, At: now, Usage: pki.UsageDigitalSignature,
				})
			}
			chain, err := verify(pki.Anchor{Certificate: w.root, Scope: scope})
			require.NoError(t, err)
			require.Equal(t, []pki.Exception{w.exception}, chain.Exceptions)
			require.True(t, chain.ValidAt(now))
			if w.want == "" {
				_, err := pki.NewScopedAnchors(pki.Anchor{Certificate: w.root, Scope: generous()})
				require.ErrorIs(t, err, pki.ErrAnchors)
				return
			}
			_, err = verify(pki.Anchor{Certificate: w.root, Scope: generous()})
			require.Equal(t, w.want, pki.ReasonOf(err), "%v", err)
			_, err = verify(pki.Anchor{Certificate: w.root, Scope: generous()}, pki.Anchor{Certificate: other, Scope: scope})
			require.Equal(t, w.want, pki.ReasonOf(err), "the exception of another anchor: %v", err)
		})
	}
}

// TestMD5HasNoException: nothing here computes it.
func TestMD5HasNoException(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	pieces := craft(t, root)
	pieces.algorithm = seq(oidDER(oid.RSAWithMD5), []byte{5, 0})
	pieces.outer = pieces.algorithm
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: scoped(t, generous(pki.ExceptionSHA1, pki.ExceptionShortRSA), root.Certificate), At: now,
		Usage: pki.UsageDigitalSignature,
	})
	require.Equal(t, pki.ReasonWeak, pki.ReasonOf(err))
	require.Equal(t, pki.ReasonWeak, pki.ReasonOf(c.CheckIssuedBy(root.Certificate)))
}

// TestAlgorithmsOfScope: an anchor vouches for the kinds of keys that it names, on the whole path.
func TestAlgorithmsOfScope(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := forge(t, nil, "mixed").template
	der, err := smx509.CreateCertificate(rand.Reader, template, root.template, key.Public(), root.key)
	require.NoError(t, err)
	mixed, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	require.Equal(t, pki.KeyECDSA, mixed.Key.Algorithm)
	other := forge(t, nil, "other", isCA)
	both := strict()
	both.Algorithms = append(both.Algorithms, pki.KeyECDSA)
	verify := func(list ...pki.Anchor) error {
		trust, err := pki.NewScopedAnchors(list...)
		require.NoError(t, err)
		_, err = pki.VerifyChain(mixed, pki.ChainOptions{Anchors: trust, At: now, Usage: pki.UsageDigitalSignature})
		return err
	}
	require.NoError(t, verify(pki.Anchor{Certificate: root.Certificate, Scope: both}))
	require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(verify(pki.Anchor{Certificate: root.Certificate, Scope: strict()})))
	require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(verify(
		pki.Anchor{Certificate: root.Certificate, Scope: strict()}, pki.Anchor{Certificate: other.Certificate, Scope: both},
	)), "another anchor names it")
}

// TestPurposes: extended key usage is looked at where the purpose asks for it.
func TestPurposes(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	purposes := func(ids ...oid.ID) change {
		var list [][]byte
		for _, id := range ids {
			list = append(list, oidDER(id))
		}
		return extension(oid.ExtKeyUsage.ASN1(), false, seq(list...))
	}
	none := func(*smx509.Certificate) {}
	for _, test := range []struct {
		name      string
		sub, leaf change
		purpose   pki.Purpose
		want      pki.Reason
	}{
		{"signing, of a web server", none, purposes(oid.PurposeServerAuth), pki.PurposeSigning, ""},
		{"timestamp", none, purposes(oid.PurposeTimestamp), pki.PurposeTimestamp, ""},
		{"timestamp, not named", none, none, pki.PurposeTimestamp, pki.ReasonPurpose},
		{"timestamp, by any", none, purposes(oid.AnyExtKeyUsage), pki.PurposeTimestamp, pki.ReasonPurpose},
		{"timestamp, below an authority for it", purposes(oid.PurposeTimestamp), purposes(oid.PurposeTimestamp), pki.PurposeTimestamp, ""},
		{"timestamp, below an authority for any", purposes(oid.AnyExtKeyUsage), purposes(oid.PurposeTimestamp), pki.PurposeTimestamp, ""},
		{"timestamp, below another authority", purposes(oid.PurposeServerAuth), purposes(oid.PurposeTimestamp), pki.PurposeTimestamp, pki.ReasonPurpose},
		{"OCSP", none, purposes(oid.PurposeOCSPSigning), pki.PurposeOCSP, ""},
		{"OCSP, below an authority for servers", purposes(oid.PurposeServerAuth), purposes(oid.PurposeOCSPSigning), pki.PurposeOCSP, ""},
		{"OCSP, not named", none, none, pki.PurposeOCSP, pki.ReasonPurpose},
		{"server", none, purposes(oid.PurposeServerAuth), pki.PurposeTLSServer, ""},
		{"server, not limited", none, none, pki.PurposeTLSServer, ""},
		{"server, any", none, purposes(oid.AnyExtKeyUsage), pki.PurposeTLSServer, ""},
		{"server, of a client", none, purposes(oid.PurposeClientAuth), pki.PurposeTLSServer, pki.ReasonPurpose},
		{"client, of a server", none, purposes(oid.PurposeServerAuth), pki.PurposeTLSClient, pki.ReasonPurpose},
		{"client, below an authority for servers", purposes(oid.PurposeServerAuth), purposes(oid.PurposeClientAuth), pki.PurposeTLSClient, pki.ReasonPurpose},
	} {
		sub := forge(t, root, "sub", isCA, test.sub)
		leaf := forge(t, sub, "leaf", test.leaf)
		_, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
			Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, At: now,
			Usage: pki.UsageDigitalSignature, Purpose: test.purpose,
		})
		require.Equal(t, test.want, pki.ReasonOf(err), "%s: %v", test.name, err)
	}
}

// TestCheckAlgorithm: the caller can let algorithms end, and sees who signed with what and when.
func TestCheckAlgorithm(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	leaf := forge(t, root, "leaf")
	errOver := errors.New("its time is over")
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
		CheckAlgorithm: func(c *pki.Certificate, signer *pki.Key, at time.Time) error {
			require.True(t, c.Equal(leaf.Certificate))
			require.Equal(t, pki.KeySM2, signer.Algorithm)
			require.Equal(t, "SM2 with SM3", c.SignatureAlgorithm.String())
			require.Equal(t, now, at)
			return errOver
		},
	}
	_, err := pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonWeak, pki.ReasonOf(err))
	options.CheckAlgorithm = func(*pki.Certificate, *pki.Key, time.Time) error { return nil }
	_, err = pki.VerifyChain(leaf.Certificate, options)
	require.NoError(t, err)
}

// revocationOf is a checker that refuses with an error any path that holds a certificate.
type revocationOf struct {
	bad   *pki.Certificate
	err   error
	calls int
}

func (r *revocationOf) CheckRevocation(path []*pki.Certificate, _ time.Time) error {
	r.calls++
	for _, c := range path {
		if c.Equal(r.bad) {
			return r.err
		}
	}
	return nil
}

// TestRevocationSeam: the checker sees whole paths whose signatures hold, and a path that it refuses is not the end of
// the search.
func TestRevocationSeam(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sub := forge(t, root, "sub", isCA)
	renewed := forgeKey(t, root, "sub", sub.key, isCA)
	leaf := forge(t, sub, "leaf")
	revocation := &revocationOf{bad: sub.Certificate, err: errors.New("unreadable")}
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, At: now,
		Usage: pki.UsageDigitalSignature, Revocation: revocation,
	}
	_, err := pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonRevocation, pki.ReasonOf(err))
	revocation.err = &pki.RefusalError{Reason: "own reason"}
	_, err = pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.Reason("own reason"), pki.ReasonOf(err))
	options.Intermediates = append(options.Intermediates, renewed.Certificate)
	chain, err := pki.VerifyChain(leaf.Certificate, options)
	require.NoError(t, err)
	require.True(t, chain.Certificates[1].Equal(renewed.Certificate))
	require.Equal(t, 4, revocation.calls)
	_, err = pki.VerifyChain(forge(t, forge(t, root, "sub", isCA), "leaf").Certificate, options)
	require.Error(t, err)
	require.Equal(t, 4, revocation.calls, "not asked about a path whose signatures do not hold")
}

// rsaNode makes a certificate with an RSA key, below issuer or self-signed.
func rsaNode(t testing.TB, issuer *rsaIssuer, bits int, algorithm smx509.SignatureAlgorithm) *rsaIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	n := &rsaIssuer{key: key, template: forge(t, nil, "rsa root", isCA).template}
	parent, parentKey := n.template, key
	if issuer != nil {
		n.template = forge(t, nil, "rsa leaf").template
		parent, parentKey = issuer.template, issuer.key
	}
	n.template.SignatureAlgorithm = algorithm
	der, err := smx509.CreateCertificate(rand.Reader, n.template, parent, key.Public(), parentKey)
	require.NoError(t, err)
	n.Certificate, err = pki.ParseCertificate(der)
	require.NoError(t, err)
	return n
}

type rsaIssuer struct {
	*pki.Certificate
	template *smx509.Certificate
	key      *rsa.PrivateKey
}

// versionOne is a self-signed certificate of version 1.
func versionOne(t testing.TB) *node {
	t.Helper()
	n := forge(t, nil, "version 1", isCA)
	pieces := craft(t, n)
	pieces.version, pieces.noList, pieces.subject = nil, true, n.RawSubject
	pieces.key = n.RawKey
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	require.Equal(t, 1, c.Version)
	return &node{Certificate: c, template: n.template, key: n.key}
}
