package pki_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

// botanReasons turns the suite's words into reasons, any of which will do: our reasons are finer in places.
var botanReasons = map[string][]pki.Reason{
	"Verified":                                                      nil,
	"Signature error":                                               {pki.ReasonBadSignature},
	"Certificate is not yet valid":                                  {pki.ReasonNotYetValid},
	"Certificate has expired":                                       {pki.ReasonExpired},
	"Certificate issuer not found":                                  {pki.ReasonUnknownIssuer},
	"Cannot establish trust":                                        {pki.ReasonUnknownIssuer},
	"Loop in certificate chain":                                     {pki.ReasonLoop},
	"CA certificate not allowed to issue certs":                     {pki.ReasonNotCA, pki.ReasonKeyUsage},
	"Certificate chain too long":                                    {pki.ReasonPathLength},
	"Certificate does not pass name constraint":                     {pki.ReasonNameConstraints},
	"Certificate does not allow the requested usage":                {pki.ReasonKeyUsage, pki.ReasonPurpose},
	"Certificate signature has invalid parameters":                  {pki.ReasonAlgorithm},
	"Certificate does not match provided name":                      {pki.ReasonHost},
	"Certificate extension encoding error":                          {pki.ReasonEncoding},
	"No revocation data":                                            {leftToRevocation},
	"Certificate is revoked":                                        {leftToRevocation},
	"CA certificate not allowed to issue CRLs":                      {leftToRevocation},
	"CRL bad signature":                                             {leftToRevocation},
	"CRL has expired":                                               {leftToRevocation},
	"CRL contains a critical extension that could not be processed": {leftToRevocation},
}

// leftToRevocation stands for results that the path alone cannot give: it must be valid by itself.
const leftToRevocation pki.Reason = "left to revocation"

// botanDeviation is a case in which our result is another, with the reason why.
type botanDeviation struct {
	want pki.Reason // empty: valid
	why  string
}

// requireBotan holds an outcome against the suite's words or a listed deviation.
func requireBotan(t *testing.T, err error, text string, deviation *botanDeviation) {
	t.Helper()
	if deviation != nil {
		require.Equal(t, deviation.want, pki.ReasonOf(err), "deviation: %s: %v", deviation.why, err)
		return
	}
	reasons, ok := botanReasons[text]
	require.True(t, ok, "unknown result %q", text)
	if len(reasons) == 0 || reasons[0] == leftToRevocation {
		require.NoError(t, err)
		return
	}
	require.Contains(t, reasons, pki.ReasonOf(err), "%v", err)
}

// botanFolder reads root, leaf and the certificates between of one case.
func botanFolder(t *testing.T, folder string) (leaf *pki.Certificate, help []*pki.Certificate) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.crt"))
	require.NoError(t, err)
	for _, file := range files {
		if c := foreign(t, file)[0]; filepath.Base(file) == "end.crt" {
			leaf = c
		} else if filepath.Base(file) != "root.crt" {
			help = append(help, c)
		}
	}
	require.NotNil(t, leaf, folder)
	return leaf, help
}

// botanNIST are the cases of the older NIST path validation suite in which we do better or other than the suite says.
var botanNIST = map[string]*botanDeviation{
	"test45": {pki.ReasonPolicy, "an explicit policy is required and no policy is left"},
	"test47": {pki.ReasonPolicy, "an explicit policy is required and the policies do not meet"},
}

// TestBotanNIST runs the 76 cases with one root.
func TestBotanNIST(t *testing.T) {
	folder := testdata(t, "botan/x509/nist")
	root := foreign(t, folder, "root.crt")[0]
	exceptions := []pki.Exception{
		pki.ExceptionSHA1, pki.ExceptionShortRSA, pki.ExceptionNoKeyUsage, pki.ExceptionAnchorKeyUsage,
	}
	anchors := scoped(t, generous(exceptions...), root)
	want := expectations(t, folder, "expected.txt")
	require.Len(t, want, 76)
	for name, text := range want {
		t.Run(name, func(t *testing.T) {
			leaf, help := botanFolder(t, filepath.Join(folder, name))
			_, err := pki.VerifyChain(leaf, pki.ChainOptions{
				Anchors: anchors, Intermediates: help, At: time.Date(2018, 4, 1, 9, 30, 33, 0, time.UTC), Usage: anyUsage(leaf),
			})
			requireBotan(t, err, text, botanNIST[name])
		})
	}
}

// TestBotanExtended runs chains with several ways up and hashes.
func TestBotanExtended(t *testing.T) {
	folder := testdata(t, "botan/x509/extended")
	for name, text := range expectations(t, folder, "expected.txt") {
		t.Run(name, func(t *testing.T) {
			leaf, help := botanFolder(t, filepath.Join(folder, name))
			anchors := scoped(t, generous(), foreign(t, folder, name, "root.crt")...)
			_, err := pki.VerifyChain(leaf, pki.ChainOptions{
				Anchors: anchors, Intermediates: help, At: time.Date(2017, 9, 1, 9, 30, 33, 0, time.UTC), Usage: anyUsage(leaf),
			})
			requireBotan(t, err, text, nil)
		})
	}
}

var botanPSS = map[string]*botanDeviation{}

// TestBotanPSS runs RSASSA-PSS certificates: hashes, salts, wrong parameters and wrong signatures.
func TestBotanPSS(t *testing.T) {
	folder := testdata(t, "botan/x509/pss_certs")
	years := expectations(t, folder, "validation_times.txt")
	ran := 0
	for name, text := range expectations(t, folder, "expected.txt") {
		if _, err := os.Stat(filepath.Join(folder, name, "end.crt")); err != nil {
			continue // certificate requests
		}
		ran++
		t.Run(name, func(t *testing.T) {
			year, err := strconv.Atoi(years[name])
			if err != nil {
				year = 2018
			}
			leaf, _ := botanFolder(t, filepath.Join(folder, name))
			root := leaf
			if _, err := os.Stat(filepath.Join(folder, name, "root.crt")); err == nil {
				root = foreign(t, folder, name, "root.crt")[0]
			}
			scope := generous(
				pki.ExceptionSHA1, pki.ExceptionShortRSA, pki.ExceptionNoKeyUsage, pki.ExceptionAnchorKeyUsage,
			)
			scope.Tolerances = []pki.Tolerance{pki.ToleranceDefault, pki.ToleranceZeroSerial}
			if leaf.Equal(root) {
				// No path leads from an anchor to itself; what the case is about is its signature.
				requireBotan(t, leaf.CheckIssuedBy(root), text, botanPSS[name])
				return
			}
			at := time.Date(year, 1, 1, 9, 30, 33, 0, time.UTC)
			_, err = pki.VerifyChain(leaf, pki.ChainOptions{
				Anchors: scoped(t, scope, root), At: at, Usage: anyUsage(leaf),
			})
			requireBotan(t, err, text, botanPSS[name])
		})
	}
	require.Greater(t, ran, 100)
}

// botanX509Test are the cases whose result differs.
var botanX509Test = map[string]*botanDeviation{}

// TestBotanX509Test runs the chains of the x509test suite for a TLS server www.tls.test.
func TestBotanX509Test(t *testing.T) {
	folder := testdata(t, "botan/x509/x509test")
	root := foreign(t, folder, "root.pem")[0]
	scope := generous(
		pki.ExceptionSHA1, pki.ExceptionShortRSA, pki.ExceptionNoKeyUsage, pki.ExceptionAnchorKeyUsage,
	)
	for name, text := range expectations(t, folder, "expected.txt") {
		t.Run(name, func(t *testing.T) {
			list := foreign(t, folder, name)
			_, err := pki.VerifyChain(list[0], pki.ChainOptions{
				Anchors: scoped(t, scope, root), Intermediates: list[1:], Purpose: pki.PurposeTLSServer,
				At: time.Date(2016, 10, 21, 4, 20, 0, 0, time.UTC), Usage: pki.UsageDigitalSignature,
			})
			named := slices.ContainsFunc(list[0].SubjectAltNames, func(n pki.GeneralName) bool { return n.Form == pki.FormDNS })
			if err == nil && (named || strings.HasPrefix(name, "Invalid")) {
				err = list[0].CheckHost("www.tls.test")
			}
			requireBotan(t, err, text, botanX509Test[name])
		})
	}
}
