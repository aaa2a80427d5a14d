package ca_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// bent is a TBSCertificate that can be bent anywhere and written again.
type bent struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   validity
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions []pkix.Extension `asn1:"explicit,tag:3"`
}

type validity struct{ From, To asn1.RawValue }

func (b *bent) extension(id oid.ID) *pkix.Extension {
	for i := range b.Extensions {
		if oid.FromASN1(b.Extensions[i].Id) == id {
			return &b.Extensions[i]
		}
	}
	return nil
}

func (b *bent) drop(id oid.ID) {
	b.Extensions = slices.DeleteFunc(b.Extensions, func(e pkix.Extension) bool { return oid.FromASN1(e.Id) == id })
}

func (b *bent) put(id oid.ID, value string) {
	b.drop(id)
	b.Extensions = append(b.Extensions, pkix.Extension{Id: id.ASN1(), Value: []byte(value)})
}

// rename puts a name of attributes in place of the subject, each with its tag.
func (b *bent) rename(parts ...[2]string) {
	var body []byte
	for _, p := range parts {
		pair := append([]byte{6, 3}, p[0][:3]...)
		pair = append(append(pair, p[0][3], byte(len(p[1]))), p[1]...)
		pair = append([]byte{0x30, byte(len(pair))}, pair...)
		body = append(append(body, 0x31, byte(len(pair))), pair...)
	}
	b.Subject = asn1.RawValue{FullBytes: append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)}
	if len(body) < 128 {
		b.Subject = asn1.RawValue{FullBytes: append([]byte{0x30, byte(len(body))}, body...)}
	}
}

// Attributes with the tag of their value behind.
const (
	cn      = "\x55\x04\x03\x0c"
	country = "\x55\x04\x06\x13"
	org     = "\x55\x04\x0a\x0c"
	number  = "\x55\x04\x05\x13"
)

func utc(t time.Time) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagUTCTime, Bytes: []byte(t.UTC().Format("060102150405Z"))}
}

func general(t time.Time) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(t.UTC().Format("20060102150405Z"))}
}

// lintBreak is one way to break one rule.
type lintBreak struct {
	rule    string
	profile string
	name    string
	bend    func(b *bent)
}

func lintBreaks(o *office) []lintBreak {
	const server, person, department, firm = ca.ProfileServer, ca.ProfilePerson, ca.ProfileDepartment, ca.ProfileEnterprise
	start := o.clock.now()
	issuer := o.issuing.Certificate()
	long := strings.Repeat("x", 9<<10)
	return []lintBreak{
		{"size", server, "huge", func(b *bent) { b.put(oid.CertificatePolicies, long) }},
		{"version", server, "2", func(b *bent) { b.Version = 1 }},
		{"serial-number", server, "short", func(b *bent) { b.Serial.Rsh(b.Serial, 40) }},
		{"serial-number", server, "negative", func(b *bent) { b.Serial.Neg(b.Serial) }},
		{"serial-number", server, "zero", func(b *bent) { b.Serial.SetInt64(0) }},
		{"serial-number", server, "long", func(b *bent) { b.Serial.Lsh(b.Serial, 8) }},
		{"algorithm", server, "ECDSA", func(b *bent) {
			b.Algorithm = asn1.RawValue{FullBytes: []byte("\x30\x0a\x06\x08" + string(oid.ECDSAWithSHA256))}
		}},
		{"algorithm", server, "parameters", func(b *bent) {
			b.Algorithm = asn1.RawValue{FullBytes: []byte("\x30\x0d\x06\x08" + string(oid.SM2WithSM3) + "\x02\x01\x01")}
		}},
		{"issuer-name", server, "other", func(b *bent) { b.Issuer = b.Subject }},
		{"validity", server, "empty", func(b *bent) { b.Validity.To = b.Validity.From }},
		{"validity", server, "too long", func(b *bent) { b.Validity.To = utc(start.AddDate(2, 0, 0)) }},
		{"validity-in-issuer", server, "before", func(b *bent) { b.Validity.From = utc(issuer.NotBefore.Add(-time.Second)) }},
		{"validity-in-issuer", server, "after", func(b *bent) { b.Validity.To = utc(issuer.NotAfter.Add(time.Second)) }},
		{"time-encoding", server, "GeneralizedTime", func(b *bent) { b.Validity.From = general(start) }},
		{"subject-name", server, "no common name", func(b *bent) { b.rename([2]string{country, "CN"}) }},
		{"subject-name", server, "issuer's", func(b *bent) { b.Subject = b.Issuer }},
		{"subject-encoding", server, "UTF8 country", func(b *bent) { b.rename([2]string{"\x55\x04\x06\x0c", "CN"}, [2]string{cn, "a"}) }},
		{"subject-encoding", server, "other country", func(b *bent) { b.rename([2]string{country, "US"}, [2]string{cn, "a"}) }},
		{"subject-encoding", server, "no country", func(b *bent) { b.rename([2]string{cn, "a"}) }},
		{"subject-encoding", server, "printable name", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{"\x55\x04\x03\x13", "a"}) }},
		{"subject-encoding", server, "order", func(b *bent) { b.rename([2]string{cn, "a"}, [2]string{country, "CN"}) }},
		{"subject-encoding", server, "twice", func(b *bent) {
			b.rename([2]string{country, "CN"}, [2]string{cn, "a"}, [2]string{cn, "a"})
		}},
		{"subject-encoding", server, "number of no PrintableString", func(b *bent) {
			b.rename([2]string{country, "CN"}, [2]string{cn, "a"}, [2]string{number, "a@b"})
		}},
		{"subject-length", server, "65 letters", func(b *bent) {
			b.rename([2]string{country, "CN"}, [2]string{cn, strings.Repeat("x", 65)})
		}},
		{"subject-length", server, "control", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{cn, "a\x00b"}) }},
		{"subject-length", server, "empty", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{org, ""}, [2]string{cn, "a"}) }},
		{"subject-length", server, "blank", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{cn, "a "}) }},
		{"subject-of-holder", department, "no code", func(b *bent) { b.drop(oid.OrganizationCode) }},
		{"subject-of-holder", firm, "no name", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{cn, "a"}) }},
		{"subject-of-holder", person, "no number", func(b *bent) { b.drop(oid.IdentifyCode) }},
		{"subject-of-holder", person, "not told apart", func(b *bent) { b.rename([2]string{country, "CN"}, [2]string{cn, "a"}) }},
		{"subject-of-holder", server, "no host", func(b *bent) { b.drop(oid.SubjectAltName) }},
		{"subject-of-holder", server, "person's", func(b *bent) { b.put(oid.IdentifyCode, "\xa0\x14\x13\x12"+citizen) }},
		{"subject-of-holder", ca.ProfileVault, "person's", func(b *bent) { b.put(oid.IdentifyCode, "\xa0\x14\x13\x12"+citizen) }},
		{"subject-of-holder", ca.ProfileTSA, "code", func(b *bent) { b.put(oid.OrganizationCode, "\x13\x12"+farmUSCC) }},
		{"public-key", server, "off the curve", func(b *bent) { b.Key.FullBytes[len(b.Key.FullBytes)-1] ^= 1 }},
		{"issuer-key", server, "issuer's", func(b *bent) { b.Key = asn1.RawValue{FullBytes: issuer.RawKey} }},
		{"known-extensions", server, "unknown", func(b *bent) { b.put(oid.ID("\x55\x1d\x63"), "\x05\x00") }},
		{"known-extensions", server, "twice", func(b *bent) { b.Extensions = append(b.Extensions, *b.extension(oid.KeyUsage)) }},
		{"critical-extensions", server, "usage not critical", func(b *bent) { b.extension(oid.KeyUsage).Critical = false }},
		{"critical-extensions", server, "purposes critical", func(b *bent) { b.extension(oid.ExtKeyUsage).Critical = true }},
		{"critical-extensions", ca.ProfileTSA, "purposes not critical", func(b *bent) { b.extension(oid.ExtKeyUsage).Critical = false }},
		{"basic-constraints", server, "missing", func(b *bent) { b.drop(oid.BasicConstraints) }},
		{"basic-constraints", server, "CA", func(b *bent) { b.extension(oid.BasicConstraints).Value = []byte("\x30\x03\x01\x01\xff") }},
		{"basic-constraints", server, "FALSE written out", func(b *bent) { b.extension(oid.BasicConstraints).Value = []byte("\x30\x03\x01\x01\x00") }},
		{"key-usage", server, "missing", func(b *bent) { b.drop(oid.KeyUsage) }},
		{"key-usage", server, "other", func(b *bent) { b.extension(oid.KeyUsage).Value = []byte{3, 2, 5, 0xa0} }},
		{"key-usage", server, "trailing zeros", func(b *bent) { b.extension(oid.KeyUsage).Value = []byte{3, 2, 0, 0xc0} }},
		{"ext-key-usage", server, "missing", func(b *bent) { b.drop(oid.ExtKeyUsage) }},
		{"ext-key-usage", department, "any", func(b *bent) { b.put(oid.ExtKeyUsage, "\x30\x06\x06\x04\x55\x1d\x25\x00") }},
		{"ext-key-usage", ca.ProfileSeal, "no seal", func(b *bent) {
			b.extension(oid.ExtKeyUsage).Value = []byte("\x30\x0a\x06\x08" + string(oid.PurposeServerAuth))
		}},
		{"subject-key-identifier", server, "other", func(b *bent) { b.extension(oid.SubjectKeyID).Value[5] ^= 1 }},
		{"subject-key-identifier", server, "missing", func(b *bent) { b.drop(oid.SubjectKeyID) }},
		{"authority-key-identifier", server, "other", func(b *bent) { b.extension(oid.AuthorityKeyID).Value[6] ^= 1 }},
		{"authority-key-identifier", server, "missing", func(b *bent) { b.drop(oid.AuthorityKeyID) }},
		{"certificate-policies", server, "missing", func(b *bent) { b.drop(oid.CertificatePolicies) }},
		{"certificate-policies", server, "any", func(b *bent) { b.put(oid.CertificatePolicies, "\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00") }},
		{"subject-alt-name", server, "address", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x06\x87\x04\x0a\x00\x00\x01") }},
		{"subject-alt-name", server, "one label", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x04\x82\x02ab") }},
		{"subject-alt-name", server, "capital", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x06\x82\x04A.bc") }},
		{"subject-alt-name", server, "digits", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x0a\x82\x0810.0.0.1") }},
		{"subject-alt-name", server, "twice", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x0c\x82\x04a.bc\x82\x04a.bc") }},
		{"subject-alt-name", server, "empty", func(b *bent) { b.put(oid.SubjectAltName, "\x30\x00") }},
		{"identity", department, "check digit", func(b *bent) { b.put(oid.OrganizationCode, "\x13\x12113500000000100A8G") }},
		{"identity", department, "UTF8String", func(b *bent) { b.put(oid.OrganizationCode, "\x0c\x12"+farmUSCC) }},
		{"identity", person, "check digit", func(b *bent) { b.put(oid.IdentifyCode, "\xa0\x14\x13\x12350102199003070011") }},
		{"identity", person, "implicit tag", func(b *bent) { b.put(oid.IdentifyCode, "\x80\x12"+citizen) }},
		{"identity", person, "passport", func(b *bent) { b.put(oid.IdentifyCode, "\xa2\x05\x13\x03abc") }},
		{"identity", firm, "bytes after", func(b *bent) { b.put(oid.TaxNumber, "\x13\x01a\x05\x00") }},
		{"crl-distribution-points", server, "missing", func(b *bent) { b.drop(oid.CRLDistribution) }},
		{"crl-distribution-points", server, "other shard", func(b *bent) {
			v := b.extension(oid.CRLDistribution)
			v.Value = bytes.Replace(v.Value, []byte("/0.crl"), []byte("/1.crl"), 1)
		}},
		{"crl-distribution-points", ca.ProfileOCSP, "where none is", func(b *bent) { b.put(oid.CRLDistribution, "\x30\x00") }},
		{"freshest-crl", server, "of the full CRL", func(b *bent) {
			b.put(oid.FreshestCRL, "\x30\x0d\x30\x0b\xa0\x09\xa0\x07\x86\x05http:")
		}},
		{"authority-info-access", server, "missing", func(b *bent) { b.drop(oid.AuthorityInfo) }},
		{"authority-info-access", server, "elsewhere", func(b *bent) {
			v := b.extension(oid.AuthorityInfo)
			v.Value = bytes.Replace(v.Value, []byte("/ocsp/"), []byte("/0csp/"), 1)
		}},
		{"ocsp-nocheck", ca.ProfileOCSP, "missing", func(b *bent) { b.drop(oid.OCSPNoCheck) }},
		{"ocsp-nocheck", server, "there", func(b *bent) { b.put(oid.OCSPNoCheck, "\x05\x00") }},
	}
}

// Every rule of the lint is broken alone, and found.
func TestEveryRule(t *testing.T) {
	o := newOffice(t)
	broken := make(map[string]bool)
	a := ca.Addresses{Base: base, Issuer: o.issuing.KeyID()}
	issued := everyProfile(t, o)
	for _, c := range lintBreaks(o) {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			certificate, err := issued[c.profile].Certificate()
			require.NoError(t, err)
			profile, _ := ca.ProfileNamed(c.profile)
			require.Empty(t, ca.LintTBS(certificate.RawTBS, profile, o.issuing.Certificate(), a, 0))
			var b bent
			rest, err := asn1.Unmarshal(bytes.Clone(certificate.RawTBS), &b)
			require.NoError(t, err)
			require.Empty(t, rest)
			c.bend(&b)
			tbs, err := asn1.Marshal(b)
			require.NoError(t, err)
			faults := ca.LintTBS(tbs, profile, o.issuing.Certificate(), a, 0)
			require.True(t, slices.ContainsFunc(faults, func(f ca.Fault) bool { return f.Rule == c.rule }), "%v", faults)
			for _, f := range faults {
				require.NotContains(t, f.String(), citizen)
			}
		})
		broken[c.rule] = true
	}
	// issuer-authority is broken by the issuer, not by the certificate.
	server, err := issued[ca.ProfileServer].Certificate()
	require.NoError(t, err)
	profile, _ := ca.ProfileNamed(ca.ProfileServer)
	for _, above := range []*pki.Certificate{server, nil} {
		faults := ca.LintTBS(server.RawTBS, profile, above, a, 0)
		require.True(t, slices.ContainsFunc(faults, func(f ca.Fault) bool { return f.Rule == "issuer-authority" }))
	}
	broken["issuer-authority"] = true
	for _, rule := range ca.Rules() {
		require.True(t, broken[rule.Name], "rule %s is broken by no case", rule.Name)
		require.NotEmpty(t, rule.Clause)
	}
}

func FuzzLint(f *testing.F) {
	o := newOffice(f)
	c, err := o.issue(o.enrolment(ca.ProfileServer)).Certificate.Certificate()
	require.NoError(f, err)
	profile, _ := ca.ProfileNamed(ca.ProfileServer)
	a := ca.Addresses{Base: base, Issuer: o.issuing.KeyID()}
	f.Add(c.RawTBS)
	f.Fuzz(func(t *testing.T, tbs []byte) {
		if len(ca.LintTBS(tbs, profile, o.issuing.Certificate(), a, 0)) > 0 {
			return
		}
		// What passes is read by everybody else as well.
		var b bent
		rest, err := asn1.Unmarshal(tbs, &b)
		require.NoError(t, err)
		require.Empty(t, rest)
		again, err := asn1.Marshal(b)
		require.NoError(t, err)
		require.Equal(t, again, tbs, "DER in one way only")
	})
}
