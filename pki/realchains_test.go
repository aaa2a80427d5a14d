package pki_test

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// oneFile finds a file by pattern: the collection keeps some under folders whose names mean nothing.
func oneFile(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(testdata(t, filepath.FromSlash(pattern)))
	require.NoError(t, err)
	require.NotEmpty(t, found, pattern)
	return found[0]
}

func year(y int) time.Time { return time.Date(y, 6, 15, 12, 0, 0, 0, time.UTC) }

// TestRealChains: chains of authorities in operation and of other people's tools verify at the right dates, and at no
// others.
func TestRealChains(t *testing.T) {
	const (
		cfca    = "gmssl/_history/*/certs/sm2/"
		tongsuo = "tongsuo/test/certs/sm2/"
		signing = pki.UsageDigitalSignature | pki.UsageNonRepudiation
		sealing = pki.UsageKeyEncipherment | pki.UsageDataEncipherment | pki.UsageKeyAgreement
	)
	for _, test := range []struct {
		name              string
		leaf, help, root  string
		usage             pki.KeyUsage
		early, good, late int // years
		tolerances        []pki.Tolerance
	}{
		{
			name: "NRCAC to SHECA", leaf: cfca + "sm2-x509.pem", root: "gmssl/_history/*/certs/rootca/ROOTCA.pem",
			usage: pki.UsageCertSign, early: 2012, good: 2020, late: 2034,
		},
		{
			name: "CFCA EV", leaf: cfca + "CFCA_EV_CA/CFCA_EV_SM2_OCA.cer", root: cfca + "CFCA_EV_CA/CFCA_EV_SM2_ROOT.cer",
			usage: pki.UsageCertSign | pki.UsageCRLSign, early: 2011, good: 2026, late: 2030,
		},
		{
			name: "CFCA OV", leaf: cfca + "CFCA_EV_CA/CFCA_OV_SM2_OCA.cer", root: cfca + "CFCA_EV_CA/CFCA_EV_SM2_ROOT.cer",
			usage: pki.UsageCertSign, early: 2014, good: 2026, late: 2030,
		},
		{
			name: "CFCA EV code signing", leaf: cfca + "CFCA_EV_CA/CFCA_EV_SM2_CodeSign_OCA.cer",
			root: cfca + "CFCA_EV_CA/CFCA_EV_SM2_ROOT.cer", usage: pki.UsageCertSign, early: 2014, good: 2026, late: 2030,
		},
		{
			name: "CFCA OV code signing", leaf: cfca + "CFCA_EV_CA/CFCA_OV_SM2_CodeSign_OCA.cer",
			root: cfca + "CFCA_EV_CA/CFCA_EV_SM2_ROOT.cer", usage: pki.UsageCertSign, early: 2014, good: 2026, late: 2030,
		},
		{
			name: "CFCA GT OCA21", leaf: cfca + "CFCA_GT_CA/CFCA_GT_SM2_OCA21.cer", root: cfca + "CFCA_GT_CA/CFCA_GT_SM2_CA.cer",
			usage: pki.UsageCertSign, early: 2012, good: 2020, late: 2027,
		},
		{
			name: "CFCA GT OCA2", leaf: cfca + "CFCA_GT_CA/CFCA_SM2_OCA2.cer", root: cfca + "CFCA_GT_CA/CFCA_GT_SM2_CA.cer",
			usage: pki.UsageCertSign, early: 2012, good: 2026, late: 2033,
		},
		{
			name: "CFCA identity", leaf: cfca + "CFCA_IDENTITY_CA/CFCA_Identity_SM2_OCA.cer",
			root: cfca + "CFCA_IDENTITY_CA/CFCA_Identity_SM2_CA.cer", usage: pki.UsageCertSign, early: 2014, good: 2026, late: 2030,
		},
		{
			name: "Tongsuo server, signing", leaf: tongsuo + "server_sign.crt", help: tongsuo + "chain-ca.crt",
			root: tongsuo + "chain-ca.crt", usage: signing, early: 2022, good: 2026, late: 2124,
			tolerances: []pki.Tolerance{pki.ToleranceZeroSerial},
		},
		{
			name: "Tongsuo server, encryption", leaf: tongsuo + "server_enc.crt", help: tongsuo + "chain-ca.crt",
			root: tongsuo + "chain-ca.crt", usage: sealing, early: 2022, good: 2026, late: 2124,
			tolerances: []pki.Tolerance{pki.ToleranceZeroSerial},
		},
		{
			name: "Tongsuo client, signing", leaf: tongsuo + "client_sign.crt", help: tongsuo + "chain-ca.crt",
			root: tongsuo + "chain-ca.crt", usage: signing, early: 2022, good: 2026, late: 2124,
			tolerances: []pki.Tolerance{pki.ToleranceZeroSerial},
		},
		{
			name: "Tongsuo client, encryption", leaf: tongsuo + "client_enc.crt", help: tongsuo + "chain-ca.crt",
			root: tongsuo + "chain-ca.crt", usage: sealing, early: 2022, good: 2026, late: 2124,
			tolerances: []pki.Tolerance{pki.ToleranceZeroSerial},
		},
		{
			name: "Tongsuo with two authorities", leaf: "tongsuo/test/certs/sm2-leaf.crt",
			help: "tongsuo/test/certs/sm2-chain-ca.crt", root: "tongsuo/test/certs/sm2-chain-ca.crt",
			usage: pki.UsageDigitalSignature, early: 2019, good: 2026, late: 2031,
		},
		{
			name: "TLCP toolkit, signing", leaf: "gmsm-literals/pkcs7__sign_enveloped_test.go-L59*",
			root: "gotlcp-literals/example__certkey__cert_parse__main.go-L16*", usage: signing, early: 2022, good: 2023, late: 2024,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaf := foreign(t, oneFile(t, test.leaf))[0]
			roots := foreign(t, oneFile(t, test.root))
			root := roots[0]
			for _, c := range roots {
				if c.SelfIssued() {
					root = c
				}
			}
			var help []*pki.Certificate
			if test.help != "" {
				help = foreign(t, oneFile(t, test.help))
			}
			scope := pki.Scope{
				Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}, Tolerances: test.tolerances,
			}
			verify := func(y int) (*pki.Chain, error) {
				return pki.VerifyChain(leaf, pki.ChainOptions{
					Anchors: scoped(t, scope, root), Intermediates: help, At: year(y), Usage: test.usage, CrossCheck: true,
				})
			}
			chain, err := verify(test.good)
			require.NoError(t, err)
			require.True(t, chain.Certificates[len(chain.Certificates)-1].Equal(root))
			require.Equal(t, test.tolerances, chain.Tolerances)
			_, err = verify(test.early)
			require.Equal(t, pki.ReasonNotYetValid, pki.ReasonOf(err))
			_, err = verify(test.late)
			require.Equal(t, pki.ReasonExpired, pki.ReasonOf(err))
		})
	}
}

// TestExpiredDualCertificates: certificates that were valid in one year only.
func TestExpiredDualCertificates(t *testing.T) {
	const folder = "tongsuo/test/certs/sm2/"
	authorities := foreign(t, oneFile(t, folder+"chain-ca.crt"))
	scope := pki.Scope{
		Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2},
		Tolerances: []pki.Tolerance{pki.ToleranceZeroSerial},
	}
	for _, name := range []string{"server_sign_expire", "server_enc_expire", "client_sign_expire", "client_enc_expire"} {
		leaf := foreign(t, oneFile(t, folder+name+".crt"))[0]
		for at, want := range map[int]pki.Reason{2000: pki.ReasonNotYetValid, 1999: pki.ReasonNotYetValid, 2026: pki.ReasonExpired} {
			_, err := pki.VerifyChain(leaf, pki.ChainOptions{
				Anchors: scoped(t, scope, authorities...), At: year(at), Usage: anyUsage(leaf), Intermediates: authorities,
			})
			require.Equal(t, want, pki.ReasonOf(err), "%s in %d", name, at)
		}
	}
}

// TestNationalRootIsTheKnownOne holds the national root against what is known of it.
func TestNationalRootIsTheKnownOne(t *testing.T) {
	root := foreign(t, oneFile(t, "gmssl/_history/*/certs/rootca/ROOTCA.pem"))[0]
	require.Empty(t, root.Tolerances)
	require.Equal(t, "69e2fec0170ac67b", root.Serial.Text(16))
	require.Equal(t, "CN=ROOTCA,O=NRCAC,C=CN", root.Subject)
	require.Equal(t, []byte("\x4c\x32\xb1\x97\xd9\x33\x1b\xc4\xa6\x05\xc1\xc6\xe5\x8b\x62\x5b\xf0\x97\x76\x58"), root.SubjectKeyID)
	require.Equal(t, pki.UsageCertSign|pki.UsageCRLSign, root.KeyUsage)
	require.NoError(t, root.CheckIssuedBy(root))
}

// TestFujianSealMaker reads the certificate of a seal maker in operation. It breaks two rules of DER, names the purpose
// of a web server, and has to be read all the same.
func TestFujianSealMaker(t *testing.T) {
	der := carved(t, "hbh-ofd/tests/files/test3.ofd", "Doc_0/Signs/Sign_1/SignedValue.dat", "电子印章服务平台")
	_, err := pki.ParseCertificate(der)
	var refused *pki.MalformedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, pki.ToleranceDefault, refused.Tolerance)
	c, err := pki.ParseTolerant(der)
	require.NoError(t, err)
	require.Equal(t, []pki.Tolerance{pki.ToleranceBitString, pki.ToleranceDefault}, c.Tolerances)
	require.Equal(t, pki.UsageDigitalSignature|pki.UsageNonRepudiation, c.KeyUsage)
	require.Equal(t, []oid.ID{oid.PurposeServerAuth}, c.ExtKeyUsage)
	require.Equal(t, "福建省电子印章服务平台", c.Holder.Name)
	require.NotNil(t, c.PublicKey)
	require.False(t, c.IsCA)
}

// TestOtherWritingsOfSM2Keys: a curve that is written out and a curve in the place of the algorithm are known, by name.
func TestOtherWritingsOfSM2Keys(t *testing.T) {
	for file, want := range map[string]pki.Tolerance{
		"gmsm/smx509/testdata/explicit_curve_cert.der": pki.ToleranceExplicitCurve,
		"tongsuo/test/certs/sm2-root-cert.pem":         pki.ToleranceIdentifier,
	} {
		c := foreign(t, testdata(t, filepath.FromSlash(file)))[0]
		require.Equal(t, []pki.Tolerance{want}, c.Tolerances, file)
		require.NoError(t, c.CheckIssuedBy(c), file)
		options := pki.ChainOptions{At: year(2026), Usage: anyUsage(c)}
		scope := pki.Scope{Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}}
		other := forge(t, nil, "other", isCA)
		options.Anchors = scoped(t, scope, other.Certificate)
		_, err := pki.VerifyChain(c, options)
		require.Equal(t, pki.ReasonEncoding, pki.ReasonOf(err), file)
	}
}

// carved finds a certificate in a member of a zip file by a text in its subject.
func carved(t *testing.T, file, member, text string) []byte {
	t.Helper()
	b := readFile(t, testdata(t, filepath.FromSlash(file)))
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	f, err := z.Open(member)
	require.NoError(t, err)
	inside, err := io.ReadAll(f)
	require.NoError(t, err)
	for i := range len(inside) - 4 {
		if inside[i] != 0x30 || inside[i+1] != 0x82 {
			continue
		}
		end := i + 4 + int(inside[i+2])<<8 + int(inside[i+3])
		if end > len(inside) {
			continue
		}
		if c, err := pki.ParseTolerant(inside[i:end]); err == nil && bytes.Contains([]byte(c.Subject), []byte(text)) {
			return inside[i:end]
		}
	}
	require.Fail(t, "no such certificate")
	return nil
}
