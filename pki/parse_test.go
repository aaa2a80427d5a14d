package pki_test

import (
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// malformedCases break a certificate in ways that no tolerance lets pass.
var malformedCases = []struct {
	field string // that the error names
	name  string
	craft func(*crafted)
}{
	{"version", "four", func(c *crafted) { c.version = tlv(0xa0, []byte{2, 1, 3}) }},
	{"version", "negative", func(c *crafted) { c.version = tlv(0xa0, []byte{2, 1, 0xff}) }},
	{"version", "two", func(c *crafted) { c.version = tlv(0xa0, []byte{2, 1, 2, 2, 1, 2}) }},
	{"serialNumber", "other type", func(c *crafted) { c.serial = text(4, "x") }},
	{"serialNumber", "empty", func(c *crafted) { c.serial = []byte{2, 0} }},
	{"signature", "differs outside", func(c *crafted) { c.outer = seq(oidDER(oid.SM2WithSM3), []byte{5, 0}) }},
	{"signature", "no identifier", func(c *crafted) { c.algorithm, c.outer = seq(), seq() }},
	{"signature.parameters", "other than NULL", func(c *crafted) {
		c.algorithm = seq(oidDER(oid.SM2WithSM3), text(4, "x"))
		c.outer = c.algorithm
	}},
	{"signature.parameters", "PSS without", func(c *crafted) { c.algorithm, c.outer = seq(oidDER(oid.RSAPSS)), seq(oidDER(oid.RSAPSS)) }},
	{"signature.parameters", "PSS with another trailer", func(c *crafted) {
		c.algorithm = seq(oidDER(oid.RSAPSS), seq(tlv(0xa3, []byte{2, 1, 2})))
		c.outer = c.algorithm
	}},
	{"issuer", "no sequence", func(c *crafted) { c.issuer = text(0x0c, "x") }},
	{"subject", "empty RDN", func(c *crafted) { c.subject = seq(tlv(0x31)) }},
	{"subject", "attribute of three", func(c *crafted) {
		c.subject = seq(tlv(0x31, seq(oidDER(oid.CommonName), text(0x0c, "x"), text(0x0c, "y"))))
	}},
	{"subject", "attribute without value", func(c *crafted) { c.subject = seq(tlv(0x31, seq(oidDER(oid.CommonName)))) }},
	{"validity", "no sequence", func(c *crafted) { c.validity = text(0x17, "250101000000Z") }},
	{"validity", "three times", func(c *crafted) {
		now := text(0x17, "250101000000Z")
		c.validity = seq(now, now, now)
	}},
	{"notBefore", "no date", func(c *crafted) { c.setTimes(text(0x17, "251301000000Z")) }},
	{"notBefore", "year of two digits in the long form", func(c *crafted) { c.setTimes(text(0x18, "250101000000Z")) }},
	{"notBefore", "other type", func(c *crafted) { c.setTimes(text(0x13, "250101000000Z")) }},
	{"notAfter", "missing", func(c *crafted) { c.validity = seq(text(0x17, "250101000000Z")) }},
	{"subjectPublicKeyInfo", "no sequence", func(c *crafted) { c.key = text(4, "x") }},
	{"subjectPublicKeyInfo", "bytes after", func(c *crafted) {
		c.key = seq(seq(oidDER("\x2a\x03")), []byte{3, 2, 0, 1}, []byte{5, 0})
	}},
	{"subjectPublicKeyInfo.subjectPublicKey", "no point of the curve", func(c *crafted) {
		c.key = seq(seq(oidDER(oid.ECPublicKey), oidDER(oid.SM2)), tlv(3, []byte{0, 4}, make([]byte, 64)))
	}},
	{"subjectPublicKeyInfo.subjectPublicKey", "no point of P-256", func(c *crafted) {
		c.key = seq(seq(oidDER(oid.ECPublicKey), oidDER(oid.CurveP256)), tlv(3, []byte{0, 4}, make([]byte, 64)))
	}},
	{"subjectPublicKeyInfo.parameters", "curve without name", func(c *crafted) {
		c.key = seq(seq(oidDER(oid.ECPublicKey)), tlv(3, []byte{0, 4}))
	}},
	{"subjectPublicKeyInfo", "negative modulus", func(c *crafted) {
		c.key = seq(seq(oidDER(oid.RSA), []byte{5, 0}), tlv(3, []byte{0}, seq([]byte{2, 1, 0xff}, []byte{2, 1, 3})))
	}},
	{"extensions", "duplicate", func(c *crafted) { c.add(c.extensions[0]) }},
	{"extensions", "no octets", func(c *crafted) { c.add(seq(oidDER("\x2a\x03"), []byte{5, 0})) }},
	{"extensions", "members after", func(c *crafted) { c.after = []byte{5, 0} }},
	{"extensions.critical", "long boolean", func(c *crafted) {
		c.add(seq(oidDER("\x2a\x03"), []byte{1, 2, 0, 0}, text(4, "x")))
	}},
	{"keyUsage", "no bits", func(c *crafted) { c.extensions[0] = ext(oid.KeyUsage, true, text(4, "x")) }},
	{"keyUsage", "too many", func(c *crafted) { c.extensions[0] = ext(oid.KeyUsage, true, []byte{3, 4, 0, 1, 1, 1}) }},
	{"keyUsage", "bytes after", func(c *crafted) { c.extensions[0] = ext(oid.KeyUsage, true, []byte{3, 2, 7, 0x80, 5, 0}) }},
	{"basicConstraints", "bytes after", func(c *crafted) { c.add(ext(oid.BasicConstraints, true, seq([]byte{5, 0}))) }},
	{"basicConstraints.pathLenConstraint", "negative", func(c *crafted) {
		c.add(ext(oid.BasicConstraints, true, seq([]byte{1, 1, 0xff}, []byte{2, 1, 0xff})))
	}},
	{"extKeyUsage", "empty", func(c *crafted) { c.add(ext(oid.ExtKeyUsage, false, seq())) }},
	{"extKeyUsage", "other type", func(c *crafted) { c.add(ext(oid.ExtKeyUsage, false, seq(text(4, "x")))) }},
	{"nameConstraints", "empty", func(c *crafted) { c.add(ext(oid.NameConstraints, true, seq())) }},
	{"nameConstraints", "two empty lists", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0), tlv(0xa1))))
	}},
	{"nameConstraints.permittedSubtrees", "mask with a gap", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x87, "\x0a\x00\x00\x00\xff\x00\xff\x00"))))))
	}},
	{"nameConstraints.permittedSubtrees", "no domain", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x82, "a b"))))))
	}},
	{"nameConstraints.permittedSubtrees", "no address", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x81, "@good.com"))))))
	}},
	{"nameConstraints.excludedSubtrees.minimum", "minimum", func(c *crafted) {
		c.add(ext(oid.NameConstraints, true, seq(tlv(0xa1, seq(text(0x82, "b"), []byte{0x80, 1, 1})))))
	}},
	{"certificatePolicies", "empty", func(c *crafted) { c.add(ext(oid.CertificatePolicies, false, seq())) }},
	{"certificatePolicies", "qualifier without value", func(c *crafted) {
		c.add(ext(oid.CertificatePolicies, false, seq(seq(oidDER("\x2a\x03"), seq(seq(oidDER(oid.PolicyCPS)))))))
	}},
	{"policyMappings", "empty", func(c *crafted) { c.add(ext(oid.PolicyMappings, true, seq())) }},
	{"policyMappings", "one half", func(c *crafted) { c.add(ext(oid.PolicyMappings, true, seq(seq(oidDER("\x2a\x03"))))) }},
	{"policyConstraints", "empty", func(c *crafted) { c.add(ext(oid.PolicyConstraints, true, seq())) }},
	{"policyConstraints", "negative", func(c *crafted) {
		c.add(ext(oid.PolicyConstraints, true, seq([]byte{0x80, 1, 0xff})))
	}},
	{"inhibitAnyPolicy", "bytes after", func(c *crafted) { c.add(ext(oid.InhibitAnyPolicy, true, []byte{2, 1, 0, 5, 0})) }},
	{"signatureValue", "no bits", func(c *crafted) { c.signature = func([]byte) []byte { return text(4, "x") } }},
	{"certificate", "bytes after", func(c *crafted) {
		c.signature = func([]byte) []byte { return append([]byte{3, 2, 0, 1}, 5, 0) }
	}},
}

// TestMalformed: each is refused by both readers, with the field's name and nothing else.
func TestMalformed(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	for _, test := range malformedCases {
		t.Run(test.field+"/"+test.name, func(t *testing.T) {
			pieces := craft(t, root)
			test.craft(pieces)
			for _, parse := range []func([]byte) (*pki.Certificate, error){pki.ParseCertificate, pki.ParseTolerant} {
				c, err := parse(pieces.der())
				var refused *pki.MalformedError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, pki.MalformedError{Field: test.field}, *refused)
				require.Nil(t, c)
			}
		})
	}
}

// TestExtensionValues reads one certificate that has everything.
func TestExtensionValues(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	pieces := craft(t, root)
	directory := seq(rdnOf(oid.CommonName, text(0x0c, "目录")))
	uri := text(0x86, "http://crl.example.cn/1.crl")
	pieces.extensions = [][]byte{
		ext(oid.KeyUsage, true, []byte{3, 3, 7, 0x06, 0x80}),
		ext(oid.BasicConstraints, true, seq([]byte{1, 1, 0xff}, []byte{2, 1, 5})),
		ext(oid.ExtKeyUsage, false, seq(oidDER(oid.PurposeTimestamp))),
		ext(oid.SubjectKeyID, false, text(4, "own")),
		ext(oid.AuthorityKeyID, false, seq(text(0x80, "key"), tlv(0xa1, tlv(0xa4, directory)), []byte{0x82, 2, 1, 0})),
		ext(oid.SubjectAltName, false, seq(
			text(0x81, "a@example.cn"), text(0x82, "*.example.cn"), tlv(0xa4, directory), uri, text(0x87, "\x0a\x00\x00\x01"),
			text(0x87, "\x20\x01\x0d\xb8"+string(make([]byte, 12))), tlv(0x88, []byte{0x2a, 3}),
			tlv(0xa0, oidDER("\x2a\x04"), tlv(0xa0, text(0x0c, "x"))), tlv(0xa3), tlv(0xa5),
		)),
		ext(oid.IssuerAltName, false, seq(text(0x82, "ca.example.cn"))),
		ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(text(0x82, ".example.cn"))), tlv(0xa1, seq(tlv(0xa4, directory))))),
		ext(oid.CRLDistribution, false, seq(
			seq(tlv(0xa0, tlv(0xa0, uri, tlv(0xa4, directory))), []byte{0x81, 2, 6, 0x40}),
			seq(tlv(0xa0, tlv(0xa1, seq(oidDER(oid.CommonName), text(0x0c, "分片")))), tlv(0xa2, tlv(0xa4, directory))),
		)),
		ext(oid.FreshestCRL, false, seq(seq(tlv(0xa0, tlv(0xa0, uri))))),
		ext(oid.AuthorityInfo, false, seq(
			seq(oidDER(oid.AccessOCSP), text(0x86, "http://ocsp.example.cn")), seq(oidDER(oid.AccessIssuers), uri),
			seq(oidDER(oid.AccessOCSP), text(0x82, "not a URI")),
		)),
		ext(oid.OCSPNoCheck, false, []byte{5, 0}),
		ext(oid.CertificatePolicies, false, seq(
			seq(oidDER("\x2a\x03"), seq(seq(oidDER(oid.PolicyCPS), text(0x16, "http://cps")))), seq(oidDER(oid.AnyPolicy)),
		)),
		ext(oid.PolicyMappings, true, seq(seq(oidDER("\x2a\x03"), oidDER("\x2a\x04")))),
		ext(oid.PolicyConstraints, true, seq([]byte{0x80, 1, 2}, []byte{0x81, 1, 3})),
		ext(oid.InhibitAnyPolicy, true, []byte{2, 1, 4}),
		ext("\x2a\x05", true, text(4, "x")),
	}
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	require.Equal(t, pki.UsageCertSign|pki.UsageKeyAgreement<<1|pki.UsageDecipherOnly|pki.UsageCRLSign, c.KeyUsage|pki.UsageCRLSign)
	require.True(t, c.IsCA && c.HasBasicConstraints && c.HasKeyUsage && c.OCSPNoCheck && c.HasPolicies)
	require.Equal(t, []int{5, 2, 3, 4}, []int{c.MaxPathLen, c.RequireExplicitPolicy, c.InhibitPolicyMapping, c.InhibitAnyPolicy})
	require.Equal(t, []oid.ID{oid.PurposeTimestamp}, c.ExtKeyUsage)
	require.Equal(t, []string{"own", "key"}, []string{string(c.SubjectKeyID), string(c.AuthorityKeyID)})
	require.Equal(t, big.NewInt(256), c.AuthoritySerial)
	require.Equal(t, "CN=目录", c.AuthorityIssuer[0].Directory.String())
	requireAlternatives(t, c)
	require.Equal(t, []string{"http://ocsp.example.cn"}, c.OCSPServers())
	require.Equal(t, []string{"http://crl.example.cn/1.crl"}, c.IssuerURLs())
	require.Equal(t, "ca.example.cn", c.IssuerAltNames[0].Text)
	require.Equal(t, ".example.cn", c.NameConstraints.Permitted[0].Text)
	require.Equal(t, "CN=目录", c.NameConstraints.Excluded[0].Directory.String())
	require.Empty(t, cmp.Diff([]pki.Policy{
		{ID: "\x2a\x03", Qualifiers: []pki.PolicyQualifier{{ID: oid.PolicyCPS, Value: text(0x16, "http://cps")}}}, {ID: oid.AnyPolicy},
	}, c.Policies))
	require.Equal(t, []pki.PolicyMapping{{Issuer: "\x2a\x03", Subject: "\x2a\x04"}}, c.PolicyMappings)
	unknown, ok := c.Extension("\x2a\x05")
	require.True(t, ok && unknown.Critical)
	_, ok = c.Extension("\x2a\x06")
	require.False(t, ok)
	requireDistribution(t, c)
}

func requireAlternatives(t *testing.T, c *pki.Certificate) {
	t.Helper()
	var forms []pki.NameForm
	var texts []string
	for _, n := range c.SubjectAltNames {
		require.False(t, n.Malformed)
		forms, texts = append(forms, n.Form), append(texts, n.Text)
	}
	require.Equal(t, []pki.NameForm{
		pki.FormMail, pki.FormDNS, pki.FormDirectory, pki.FormURI, pki.FormIP, pki.FormIP, pki.FormRegistered, pki.FormOther,
		pki.FormX400, pki.FormEDIParty,
	}, forms)
	require.Equal(t, []string{
		"a@example.cn", "*.example.cn", "", "http://crl.example.cn/1.crl", "10.0.0.1", "2001:db8:0:0:0:0:0:0", "1.2.3", "", "", "",
	}, texts)
	require.Equal(t, oid.ID("\x2a\x04"), c.SubjectAltNames[7].OtherID)
	require.Equal(t, "CN=目录", c.SubjectAltNames[2].Directory.String())
}

func requireDistribution(t *testing.T, c *pki.Certificate) {
	t.Helper()
	points := c.CRLDistributionPoints
	require.Len(t, points, 2)
	require.Equal(t, pki.ReasonFlags(2), points[0].Reasons)
	require.Equal(t, "http://crl.example.cn/1.crl", points[0].FullName[0].Text)
	require.Empty(t, points[0].CRLIssuer)
	require.Empty(t, points[1].FullName)
	issuer := points[1].CRLIssuer[0].Directory
	full := issuer.Child(points[1].Relative)
	require.Equal(t, "CN=分片,CN=目录", full.String())
	require.True(t, full.Within(issuer))
	require.False(t, issuer.Within(full))
	require.Equal(t, seq(rdnOf(oid.CommonName, text(0x0c, "目录")), rdnOf(oid.CommonName, text(0x0c, "分片"))), full.Raw)
	require.Equal(t, "CN=分片", pki.Name{}.Child(points[1].Relative).String())
	require.Equal(t, "http://crl.example.cn/1.crl", c.FreshestCRL[0].FullName[0].Text)
}

// TestHugeCertificate: a certificate that is right in everything but its size is refused.
func TestHugeCertificate(t *testing.T) {
	pieces := craft(t, forge(t, nil, "root", isCA))
	pieces.add(ext("\x2a\x03", false, make([]byte, 65<<10)))
	c, err := pki.ParseTolerant(pieces.der())
	require.ErrorIs(t, err, pki.ErrCertificate)
	require.Nil(t, c)
}

// TestTolerantPEM: the tolerance is for what is inside of the blocks.
func TestTolerantPEM(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	pieces := craft(t, root)
	pieces.serial = []byte{2, 1, 0}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pieces.der()})
	_, err := pki.ParseCertificatesPEM(block)
	require.ErrorIs(t, err, pki.ErrCertificate)
	list, err := pki.ParseTolerantPEM(pki.AppendPEM(block, root.Certificate))
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, []pki.Tolerance{pki.ToleranceZeroSerial}, list[0].Tolerances)
	require.Empty(t, list[1].Tolerances)
	_, err = pki.ParseTolerantPEM(append(block, "text"...))
	require.ErrorIs(t, err, pki.ErrCertificate)
}

// BenchmarkParseCertificate reads a certificate of a department beside the library.
func BenchmarkParseCertificate(b *testing.B) {
	root := forge(b, nil, "root", isCA)
	leaf := forge(b, root, "某某省某某厅", extension(oid.OrganizationCode.ASN1(), false, text(0x13, uscc(b, "MA123456"))))
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := pki.ParseCertificate(leaf.Raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := smx509.ParseCertificate(leaf.Raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestTimes reads both forms at their borders (RFC 5280, 4.1.2.5).
func TestTimes(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	for _, test := range []struct {
		der  []byte
		want time.Time
	}{
		{text(0x17, "500101000000Z"), time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)},
		{text(0x17, "491231235959Z"), time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)},
		{text(0x17, "680101000000Z"), time.Date(1968, 1, 1, 0, 0, 0, 0, time.UTC)},
		{text(0x18, "20500101000000Z"), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)},
		{text(0x18, "99991231235959Z"), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{text(0x18, "20020501120100Z"), time.Date(2002, 5, 1, 12, 1, 0, 0, time.UTC)},
	} {
		pieces := craft(t, root)
		pieces.validity = seq(test.der, test.der)
		c, err := pki.ParseCertificate(pieces.der())
		require.NoError(t, err)
		require.True(t, test.want.Equal(c.NotBefore), "%s", c.NotBefore)
	}
	pieces := craft(t, root)
	pieces.setTimes(text(0x17, "680101080000+0800"))
	c, err := pki.ParseTolerant(pieces.der())
	require.NoError(t, err)
	require.Equal(t, time.Date(1968, 1, 1, 0, 0, 0, 0, time.UTC), c.NotBefore)
}
