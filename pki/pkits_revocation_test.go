package pki_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

const pkitsFolder = "pyhanko/pkgs/pyhanko-certvalidator/tests/fixtures/nist_pkits"

// pkitsStatus is one case of NIST's PKITS as its data file has it.
type pkitsStatus struct {
	ID, Name, Cert string
	OtherCerts     []string `json:"other_certs"`
	CRLs           []string
	Error          struct {
		Class   string
		Message string `json:"msg_regex"`
	}
}

// pkitsIndirect are the cases about CRLs that list certificates of other issuers: unsupported, so that nothing is
// known. Those that want a refusal get one.
var pkitsIndirect = []string{
	"41422", "41423", "41424", "41425", "41426", "41428", "41429", "41430", "41431", "41432", "41433", "41434", "41435",
}

// want is the status that the suite wants, and false if the case is about paths and says nothing about revocation.
func (c pkitsStatus) want() (pki.RevocationStatus, bool) {
	switch {
	case slices.Contains(pkitsIndirect, c.ID):
		return pki.StatusUnknown, true
	case c.Error.Class == "":
		return pki.StatusGood, true
	case strings.Contains(c.Error.Message, "CRL issuer was revoked"), strings.Contains(c.Error.Message, "CRL issuer certificate"):
		return pki.StatusUnknown, true // the signer is revoked, the certificate is not
	case strings.Contains(c.Error.Message, "due to a certificate hold"):
		return pki.StatusOnHold, true
	case c.Error.Class == "RevokedError":
		return pki.StatusRevoked, true
	case c.Error.Class == "InsufficientRevinfoError", c.Error.Class == "StaleRevinfoError":
		return pki.StatusUnknown, true
	default:
		return 0, false
	}
}

// PKITS: sections 4.4, 4.5, 4.7, 4.14 and 4.15 are about revocation; in the others every certificate must be good.
func TestPKITSRevocation_A55(t *testing.T) {
	text := readFile(t, testdata(t, pkitsFolder), "pkits.json")
	var cases []pkitsStatus
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 246)
	folder := testdata(t, pkitsFolder)
	anchors := pkitsAnchors(t, folder)
	judged := 0
	for _, c := range cases {
		want, ok := c.want()
		if !ok || isDSA(c) {
			continue
		}
		t.Run(c.ID+" "+c.Name, func(t *testing.T) {
			report := c.judge(t, folder, anchors)
			require.Equal(t, want, report.Status, "%+v", report.Err())
			require.Equal(t, want == pki.StatusGood, report.Err() == nil)
			if slices.Contains(pkitsIndirect, c.ID) && c.ID != "41426" { // in which nothing points at the CRL
				requireIndirect(t, report)
			}
		})
		judged++
	}
	require.Equal(t, 154, judged)
}

func isDSA(c pkitsStatus) bool { return strings.Contains(c.Name, "dsa") }

func pkitsAnchors(t *testing.T, folder string) *pki.Anchors {
	t.Helper()
	a, err := pki.NewScopedAnchors(pki.Anchor{
		Certificate: tolerant(t, filepath.Join(folder, "certs", "TrustAnchorRootCertificate.crt")),
		Scope: pki.Scope{
			Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeyRSA},
			Tolerances: []pki.Tolerance{pki.ToleranceNegativeSerial, pki.ToleranceLongSerial},
		},
	})
	require.NoError(t, err)
	return a
}

// tolerant reads a certificate in DER or PEM.
func tolerant(t testing.TB, file string) *pki.Certificate {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	c, err := pki.ParseTolerant(unwrapPEM(b))
	require.NoError(t, err, file)
	return c
}

func (c pkitsStatus) judge(t *testing.T, folder string, anchors *pki.Anchors) pki.RevocationReport {
	t.Helper()
	at := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	leaf := tolerant(t, filepath.Join(folder, "certs", c.Cert))
	var evidence pki.Evidence
	for _, name := range c.OtherCerts {
		evidence.Certificates = append(evidence.Certificates, tolerant(t, filepath.Join(folder, "certs", name)))
	}
	for _, name := range append([]string{"TrustAnchorRootCRL.crl"}, c.CRLs...) {
		b, err := os.ReadFile(filepath.Join(folder, "crls", name))
		require.NoError(t, err)
		crl, err := pki.ParseCRL(b)
		if err != nil { // BadCRLSignatureCACRL breaks the signature by a wrong number of unused bits
			require.Equal(t, "40404", c.ID)
			continue
		}
		evidence.CRLs = append(evidence.CRLs, crl)
	}
	usage := leaf.KeyUsage
	if usage == 0 {
		usage = pki.UsageDigitalSignature
	}
	chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
		Anchors: anchors, Intermediates: evidence.Certificates, At: at, Usage: usage,
	})
	require.NoError(t, err)
	return pki.VerifyRevocation(chain, pki.RevocationOptions{At: at}, evidence)
}

// requireIndirect wants the refusal to name why.
func requireIndirect(t *testing.T, report pki.RevocationReport) {
	t.Helper()
	for _, f := range report.Certificates[0].Findings {
		if f.Refusal == pki.ReasonIndirectCRL {
			return
		}
	}
	require.Fail(t, "not refused as indirect")
}
