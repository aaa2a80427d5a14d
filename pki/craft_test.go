package pki_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// tlv writes one element: a tag and contents.
func tlv(tag byte, contents ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.Tag(tag), func(b *cryptobyte.Builder) {
		for _, c := range contents {
			b.AddBytes(c)
		}
	})
	return b.BytesOrPanic()
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func seq(contents ...[]byte) []byte { return tlv(0x30, contents...) }

func text(tag byte, s string) []byte { return tlv(tag, []byte(s)) }

func oidDER(id oid.ID) []byte { return tlv(6, []byte(id)) }

// ext writes an extension.
func ext(id oid.ID, critical bool, value []byte) []byte {
	if critical {
		return seq(oidDER(id), []byte{1, 1, 0xff}, tlv(4, value))
	}
	return seq(oidDER(id), tlv(4, value))
}

// rdnOf writes an RDN with one attribute.
func rdnOf(id oid.ID, value []byte) []byte { return tlv(0x31, seq(oidDER(id), value)) }

// crafted is a certificate in pieces, each the DER of a member, so that any of them can be made wrong. Nil members are
// left out.
type crafted struct {
	version, serial, algorithm, issuer, validity, subject, key []byte
	uniqueIDs                                                  []byte
	extensions                                                 [][]byte
	noList                                                     bool // no list of extensions
	outer                                                      []byte
	signature                                                  func([]byte) []byte // makes the BIT STRING
	after                                                      []byte              // at the end of the TBSCertificate
	private                                                    *sm2.PrivateKey
}

// node reads what was crafted, for issuing below it.
func (c *crafted) node(t testing.TB) *node {
	t.Helper()
	read, err := pki.ParseTolerant(c.der())
	require.NoError(t, err)
	return &node{Certificate: read, key: c.private}
}

// craft takes a good leaf below issuer apart.
func craft(t testing.TB, issuer *node) *crafted {
	t.Helper()
	leaf := forge(t, nil, "crafted")
	algorithm := seq(oidDER(oid.SM2WithSM3))
	c := &crafted{
		version: tlv(0xa0, []byte{2, 1, 2}), serial: []byte{2, 1, 77}, algorithm: algorithm, outer: algorithm,
		issuer:   issuer.RawSubject,
		validity: seq(text(0x17, past.UTC().Format("060102150405Z")), text(0x17, future.UTC().Format("060102150405Z"))),
		subject:  seq(rdnOf(oid.CommonName, text(0x0c, "crafted"))), key: leaf.RawKey,
		extensions: [][]byte{ext(oid.KeyUsage, true, []byte{3, 2, 7, 0x80})}, private: leaf.key,
	}
	c.signature = func(tbs []byte) []byte {
		value, err := issuer.PublicKey.Sign(rand.Reader, issuer.key, tbs)
		require.NoError(t, err)
		return tlv(3, []byte{0}, value)
	}
	return c
}

// der puts the pieces together and signs.
func (c *crafted) der() []byte {
	parts := [][]byte{
		c.version, c.serial, c.algorithm, c.issuer, c.validity, c.subject, c.key, c.uniqueIDs,
	}
	if !c.noList {
		parts = append(parts, tlv(0xa3, seq(c.extensions...)))
	}
	tbs := seq(append(parts, c.after)...)
	return seq(tbs, c.outer, c.signature(tbs))
}

// add appends extensions.
func (c *crafted) add(extensions ...[]byte) { c.extensions = append(c.extensions, extensions...) }

// tolerated are the departures, one for each Tolerance, made alone.
var tolerated = []struct {
	tolerance pki.Tolerance
	name      string
	craft     func(*crafted)
}{
	{pki.ToleranceNegativeSerial, "serial", func(c *crafted) { c.serial = []byte{2, 1, 0xff} }},
	{pki.ToleranceZeroSerial, "serial", func(c *crafted) { c.serial = []byte{2, 1, 0} }},
	{pki.ToleranceLongSerial, "serial", func(c *crafted) { c.serial = tlv(2, bytes.Repeat([]byte{0x55}, 21)) }},
	{pki.ToleranceInteger, "serial", func(c *crafted) { c.serial = []byte{2, 2, 0, 1} }},
	{pki.ToleranceBoolean, "critical", func(c *crafted) {
		c.add(seq(oidDER(oid.BasicConstraints), []byte{1, 1, 1}, tlv(4, seq())))
	}},
	{pki.ToleranceDefault, "critical", func(c *crafted) {
		c.add(seq(oidDER(oid.BasicConstraints), []byte{1, 1, 0}, tlv(4, seq())))
	}},
	{pki.ToleranceDefault, "cA", func(c *crafted) { c.add(ext(oid.BasicConstraints, true, seq([]byte{1, 1, 0}))) }},
	{pki.ToleranceBitString, "key usage", func(c *crafted) {
		c.extensions[0] = ext(oid.KeyUsage, true, []byte{3, 2, 0, 0x80})
	}},
	{pki.ToleranceBitString, "unused bits set", func(c *crafted) {
		c.extensions[0] = ext(oid.KeyUsage, true, []byte{3, 2, 7, 0x81})
	}},
	{pki.ToleranceTime, "no seconds", func(c *crafted) { c.setTimes(text(0x17, "2501010000Z")) }},
	{pki.ToleranceTime, "offset", func(c *crafted) { c.setTimes(text(0x17, "250101080000+0800")) }},
	{pki.ToleranceTime, "fraction", func(c *crafted) { c.setTimes(text(0x18, "20250101000000.5Z")) }},
	{pki.ToleranceTime, "local", func(c *crafted) { c.setTimes(text(0x18, "20250101000000")) }},
	{pki.ToleranceUTF8String, "subject", func(c *crafted) { c.setName(text(0x0c, "\xb2\xa9")) }},
	{pki.TolerancePrintableString, "subject", func(c *crafted) { c.setName(text(0x13, "证书")) }},
	{pki.TolerancePrintableString, "at sign", func(c *crafted) { c.setName(text(0x13, "a@b")) }},
	{pki.ToleranceIA5String, "subject", func(c *crafted) { c.setName(text(0x16, "证书")) }},
	{pki.ToleranceWideString, "odd BMPString", func(c *crafted) { c.setName(text(0x1e, "abc")) }},
	{pki.ToleranceWideString, "half a surrogate pair", func(c *crafted) { c.setName(text(0x1e, "\xd8\x00")) }},
	{pki.ToleranceWideString, "Latin-1", func(c *crafted) { c.setName(text(0x14, "M\xfcller")) }},
	{pki.ToleranceWideString, "no character", func(c *crafted) { c.setName(text(0x1c, "\x00\x11\x00\x00")) }},
	{pki.ToleranceKeyParameters, "RSA key", func(c *crafted) {
		c.key = seq(seq(oidDER(oid.RSA)), tlv(3, []byte{0}, seq(text(2, "\x00"+string(rsaModulus)), []byte{2, 3, 1, 0, 1})))
	}},
	{pki.ToleranceExplicitCurve, "SM2", func(c *crafted) { c.key = explicitKey(c.key) }},
	{pki.ToleranceIdentifier, "curve", func(c *crafted) {
		c.key = bytes.Replace(c.key, oidDER(oid.ECPublicKey), oidDER(oid.SM2), 1)
		c.key[1]++ // the other identifier is one octet longer
		c.key[3]++
	}},
	{pki.ToleranceIdentifier, "signature", func(c *crafted) {
		c.algorithm = seq(oidDER(oid.SM2WithSM3Old))
		c.outer = c.algorithm
	}},
	{pki.ToleranceVersion, "extensions", func(c *crafted) { c.version = nil }},
	{pki.ToleranceVersion, "identifier", func(c *crafted) {
		c.version, c.noList, c.uniqueIDs = nil, true, tlv(0x81, []byte{0, 1})
	}},
	{pki.ToleranceGeneralName, "mail", func(c *crafted) { c.setAlternative(text(0x81, "nobody")) }},
	{pki.ToleranceGeneralName, "mail in UTF-8", func(c *crafted) { c.setAlternative(text(0x81, "证书@example.cn")) }},
	{pki.ToleranceGeneralName, "DNS", func(c *crafted) { c.setAlternative(text(0x82, "a b")) }},
	{pki.ToleranceGeneralName, "DNS with an asterisk in it", func(c *crafted) { c.setAlternative(text(0x82, "a*.b")) }},
	{pki.ToleranceGeneralName, "URI", func(c *crafted) { c.setAlternative(text(0x86, "somewhere")) }},
	{pki.ToleranceGeneralName, "URI with a zero", func(c *crafted) { c.setAlternative(text(0x86, "http://a\x00.b")) }},
	{pki.ToleranceGeneralName, "IP", func(c *crafted) { c.setAlternative(text(0x87, "12345")) }},
	{pki.ToleranceGeneralName, "no list", func(c *crafted) { c.add(ext(oid.SubjectAltName, false, text(4, "x"))) }},
	{pki.ToleranceSubtreeBounds, "maximum", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x82, "b"), []byte{0x81, 1, 9})))))
	}},
	{pki.ToleranceEmptyExtension, "access", func(c *crafted) { c.add(ext(oid.AuthorityInfo, false, seq())) }},
	{pki.ToleranceEmptyExtension, "subtrees", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x82, "b"))), tlv(0xa1))))
	}},
	{pki.ToleranceExtension, "distribution points", func(c *crafted) {
		c.add(ext(oid.CRLDistribution, false, text(4, "x")))
	}},
	{pki.ToleranceExtension, "key identifier", func(c *crafted) { c.add(ext(oid.SubjectKeyID, false, text(12, "x"))) }},
	{pki.ToleranceDuplicatePolicy, "policies", func(c *crafted) {
		p := seq(oidDER(oid.AnyPolicy))
		c.add(ext(oid.CertificatePolicies, false, seq(p, p)))
	}},
	{pki.ToleranceExtensionPresent, "extensions", func(c *crafted) { c.extensions = nil }},
}

func (c *crafted) setTimes(from []byte) { c.validity = seq(from, text(0x17, "270101000000Z")) }

func (c *crafted) setName(value []byte) { c.subject = seq(rdnOf(oid.CommonName, value)) }

func (c *crafted) setAlternative(name []byte) { c.add(ext(oid.SubjectAltName, false, seq(name))) }

// rsaModulus is an odd number of 2048 bits. Nothing is ever verified with it.
var rsaModulus = bytes.Repeat([]byte{0xd5}, 256)

// explicitKey writes the curve of an SM2 key out.
func explicitKey(key []byte) []byte {
	point := key[len(key)-pointBytes:]
	var octets [5][]byte
	for i, hex := range pki.SM2Parameters {
		octets[i] = unhex(hex)
	}
	positive := func(b []byte) []byte { return tlv(2, []byte{0}, b) }
	params := seq(
		[]byte{2, 1, 1}, seq(oidDER(oid.PrimeField), positive(octets[0])), seq(tlv(4, octets[1]), tlv(4, octets[2])),
		tlv(4, octets[3]), positive(octets[4]), []byte{2, 1, 1},
	)
	return seq(seq(oidDER(oid.ECPublicKey), params), tlv(3, []byte{0}, point))
}

const pointBytes = 65

// TestTolerances: each departure is refused by the strict reader under its name, read by the tolerant one under the
// same name and no other, and passes in a chain only if the scope of the anchor names it.
func TestTolerances(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	covered := make(map[pki.Tolerance]bool)
	for _, test := range tolerated {
		t.Run(string(test.tolerance)+"/"+test.name, func(t *testing.T) {
			covered[test.tolerance] = true
			pieces := craft(t, root)
			_, err := pki.ParseCertificate(pieces.der())
			require.NoError(t, err, "the pieces are good before")
			test.craft(pieces)
			der := pieces.der()

			c, err := pki.ParseCertificate(der)
			var refused *pki.MalformedError
			require.ErrorAs(t, err, &refused)
			require.ErrorIs(t, err, pki.ErrCertificate)
			require.Equal(t, test.tolerance, refused.Tolerance)
			require.NotEmpty(t, refused.Field)
			require.Nil(t, c)

			c, err = pki.ParseTolerant(der)
			require.NoError(t, err)
			require.Equal(t, []pki.Tolerance{test.tolerance}, c.Tolerances)
			requireGranted(t, root, c, test.tolerance)
		})
	}
	for _, tolerance := range pki.AllTolerances {
		require.True(t, covered[tolerance] || tolerance == pki.ToleranceEmptyIssuer, "no case for %s", tolerance)
	}
}

// requireGranted holds a certificate with one tolerance against scopes with and without it.
func requireGranted(t *testing.T, root *node, c *pki.Certificate, tolerance pki.Tolerance) {
	t.Helper()
	other := forge(t, nil, "other root", isCA)
	with := generous(pki.ExceptionNoKeyUsage)
	with.Tolerances = []pki.Tolerance{tolerance}
	known := false
	verify := func(list ...pki.Anchor) (*pki.Chain, error) {
		trust, err := pki.NewScopedAnchors(list...)
		require.NoError(t, err)
		return pki.VerifyChain(c, pki.ChainOptions{
			Anchors: trust, At: now, Usage: pki.UsageDigitalSignature, KnownLeaf: known,
		})
	}
	chain, err := verify(pki.Anchor{Certificate: root.Certificate, Scope: with})
	require.NoError(t, err)
	require.Equal(t, []pki.Tolerance{tolerance}, chain.Tolerances)
	_, err = verify(pki.Anchor{Certificate: root.Certificate, Scope: generous(pki.ExceptionNoKeyUsage)})
	require.Equal(t, pki.ReasonEncoding, pki.ReasonOf(err), "no scope names it")
	_, err = verify(
		pki.Anchor{Certificate: root.Certificate, Scope: generous(pki.ExceptionNoKeyUsage)},
		pki.Anchor{Certificate: other.Certificate, Scope: with},
	)
	require.Equal(t, pki.ReasonEncoding, pki.ReasonOf(err), "the scope of another anchor names it")
	known = true
	chain, err = verify(pki.Anchor{Certificate: root.Certificate, Scope: generous(pki.ExceptionNoKeyUsage)})
	require.NoError(t, err, "the leaf itself was named")
	require.Empty(t, chain.Tolerances)
}

// TestKnownLeaf: that a leaf was named byte for byte says nothing of an authority above it, nor of other rules.
func TestKnownLeaf(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	verify := func(leaf *pki.Certificate, scope pki.Scope, help ...*pki.Certificate) error {
		trust, err := pki.NewScopedAnchors(pki.Anchor{Certificate: root.Certificate, Scope: scope})
		require.NoError(t, err)
		_, err = pki.VerifyChain(leaf, pki.ChainOptions{
			Anchors: trust, Intermediates: help, At: now, Usage: pki.UsageDigitalSignature, KnownLeaf: true,
		})
		return err
	}
	issuing := forge(t, root, "issuing", isCA)
	leaf := forge(t, issuing, "leaf")
	require.NoError(t, verify(leaf.Certificate, generous(), issuing.Certificate))
	odd := *issuing.Certificate
	odd.Tolerances = []pki.Tolerance{pki.ToleranceDefault}
	require.Equal(t, pki.ReasonEncoding, pki.ReasonOf(verify(leaf.Certificate, generous(), &odd)))
	stranger := forge(t, nil, "leaf")
	require.Equal(t, pki.ReasonUnknownIssuer, pki.ReasonOf(verify(stranger.Certificate, generous())))
}
