package pki_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// pkitsTime is when every certificate of the suite is valid that is meant to be.
var pkitsTime = time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)

// pkitsCase is one case of the Public Key Interoperability Test Suite (NIST PKITS 1.0.1).
type pkitsCase struct {
	name  string
	leaf  string
	help  []string
	crls  []string
	valid bool
	// want is the reason of the refusal by the path alone; empty if only revocation refuses.
	want   pki.Reason
	policy pki.PolicyOptions
}

// pkitsDSA are the cases with DSA, which is not supported.
var pkitsDSA = []string{"40104", "40105", "40106", "4.1.4", "4.1.5", "4.1.6"}

// pkitsReasons turns the words of the suite's wanted results into reasons.
var pkitsReasons = map[string]pki.Reason{
	"no valid set of policies":           pki.ReasonPolicy,
	"a policy mapping for the":           pki.ReasonPolicy,
	"in the permitted namespace":         pki.ReasonNameConstraints,
	"excluded from the namespace":        pki.ReasonNameConstraints,
	"exceeds the maximum path length":    pki.ReasonPathLength,
	"is not a CA":                        pki.ReasonNotCA,
	"issuer name could not be matched":   pki.ReasonUnknownIssuer,
	"is not allowed to sign":             pki.ReasonKeyUsage,
	"is not valid until":                 pki.ReasonNotYetValid,
	"expired":                            pki.ReasonExpired,
	"could not be verified":              pki.ReasonBadSignature,
	"unsupported critical extension":     pki.ReasonExtension,
	"no revocation information could be": "",
}

// pkitsCases reads the 246 wanted results.
func pkitsCases(t *testing.T, folder string) []pkitsCase {
	t.Helper()
	var rows []struct {
		ID, Name, Cert string
		OtherCerts     []string `json:"other_certs"`
		CRLs           []string
		Error          *struct {
			Class string
			Regex string `json:"msg_regex"`
		}
		Params struct {
			Explicit bool     `json:"initial_explicit_policy"`
			Mapping  bool     `json:"initial_policy_mapping_inhibit"`
			Any      bool     `json:"initial_any_policy_inhibit"`
			Set      []string `json:"user_initial_policy_set"`
		}
	}
	require.NoError(t, json.Unmarshal(readFile(t, folder, "pkits.json"), &rows))
	require.Len(t, rows, 246)
	var cases []pkitsCase
	for _, r := range rows {
		c := pkitsCase{name: r.ID + " " + r.Name, leaf: r.Cert, help: r.OtherCerts, crls: r.CRLs, valid: r.Error == nil}
		c.policy = pki.PolicyOptions{
			RequireExplicit: r.Params.Explicit, InhibitMapping: r.Params.Mapping, InhibitAny: r.Params.Any,
			Acceptable: policyIDs(t, r.Params.Set),
		}
		if r.Error != nil && r.Error.Class == "PathValidationError" {
			c.want = reasonIn(t, r.Error.Regex)
		}
		cases = append(cases, c)
	}
	return cases
}

func reasonIn(t *testing.T, text string) pki.Reason {
	t.Helper()
	for _, words := range slices.Sorted(maps.Keys(pkitsReasons)) {
		if strings.Contains(text, words) {
			return pkitsReasons[words]
		}
	}
	require.Fail(t, "no reason for a wanted result", text)
	return ""
}

func policyIDs(t *testing.T, dotted []string) []oid.ID {
	t.Helper()
	var out []oid.ID
	for _, d := range dotted {
		id, err := oid.Parse(d)
		require.NoError(t, err)
		out = append(out, id)
	}
	return out
}

// pkitsScope lets pass what the suite wants to be valid and the profile forbids, by name.
func pkitsScope() pki.Scope {
	scope := generous()
	scope.Tolerances = []pki.Tolerance{
		pki.ToleranceNegativeSerial, // 4.4.14 is valid with one
		pki.ToleranceLongSerial,     // 4.4.16 and 4.4.17
		pki.ToleranceBitString,      // the signature of 4.1.2 was damaged in its unused bits
	}
	return scope
}

// TestPKITS runs all 246 cases. What the path alone must refuse is refused for the wanted reason.
func TestPKITS(t *testing.T) {
	folder := testdata(t, "pyhanko/pkgs/pyhanko-certvalidator/tests/fixtures/nist_pkits")
	root := foreign(t, folder, "certs", "TrustAnchorRootCertificate.crt")[0]
	anchors := scoped(t, pkitsScope(), root)
	counts := map[string]int{}
	for _, c := range pkitsCases(t, folder) {
		t.Run(c.name, func(t *testing.T) { counts[runPKITS(t, folder, anchors, c)]++ })
	}
	t.Logf("%v", counts)
}

// runPKITS runs one case and says what it proved.
func runPKITS(t *testing.T, folder string, anchors *pki.Anchors, c pkitsCase) string {
	t.Helper()
	leaf := foreign(t, folder, "certs", c.leaf)[0]
	var help []*pki.Certificate
	for _, name := range c.help {
		help = append(help, foreign(t, folder, "certs", name)...)
	}
	_, err := pki.VerifyChain(leaf, pki.ChainOptions{
		Anchors: anchors, Intermediates: help, At: pkitsTime, Usage: anyUsage(leaf), Policies: c.policy,
	})
	if slices.Contains(pkitsDSA, strings.Fields(c.name)[0]) {
		require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(err), "%v", err)
		return "DSA, refused by name"
	}
	if c.want != "" {
		require.Equal(t, c.want, pki.ReasonOf(err), "%v", err)
		return "refused by the path"
	}
	require.NoError(t, err)
	if c.valid {
		return "valid"
	}
	return "left to revocation"
}

// TestPKITSVectors runs the same suite with the results that other people worked out of its document, and with the
// certificates in the order of the path.
func TestPKITSVectors(t *testing.T) {
	folder := testdata(t, "gmsm-pkits")
	var rows []struct {
		Name                        string
		CertPath                    []string
		ShouldValidate              bool
		InitialPolicySet            []string
		InitialPolicyMappingInhibit bool
		InitialExplicitPolicy       bool
		InitialAnyPolicyInhibit     bool
	}
	require.NoError(t, json.Unmarshal(readFile(t, folder, "vectors.json"), &rows))
	require.NotEmpty(t, rows)
	root := foreign(t, folder, "certs", "TrustAnchorRootCertificate.crt")[0]
	anchors := scoped(t, pkitsScope(), root)
	agreed := 0
	for _, r := range rows {
		if slices.Contains(pkitsDSA, strings.Fields(r.Name)[0]) {
			continue
		}
		var path []*pki.Certificate
		for _, name := range r.CertPath {
			path = append(path, foreign(t, folder, "certs", name)...)
		}
		options := pki.ChainOptions{
			Anchors: anchors, Intermediates: path, At: pkitsTime, Usage: anyUsage(path[len(path)-1]),
			Policies: pki.PolicyOptions{
				RequireExplicit: r.InitialExplicitPolicy, InhibitMapping: r.InitialPolicyMappingInhibit,
				InhibitAny: r.InitialAnyPolicyInhibit,
			},
		}
		for _, name := range r.InitialPolicySet {
			options.Policies.Acceptable = append(options.Policies.Acceptable, nistPolicy(t, name))
		}
		_, err := pki.VerifyChain(path[len(path)-1], options)
		if r.ShouldValidate {
			require.NoError(t, err, r.Name)
			agreed++
		} else if err != nil {
			agreed++ // those that only revocation refuses are counted by the other test
		}
	}
	t.Logf("%d of %d results by the path alone", agreed, len(rows))
}

// nistPolicy is a policy by the name that the document gives it.
func nistPolicy(t *testing.T, name string) oid.ID {
	t.Helper()
	if name == "anyPolicy" {
		return oid.AnyPolicy
	}
	number, ok := strings.CutPrefix(name, "NIST-test-policy-")
	require.True(t, ok, name)
	return policyIDs(t, []string{"2.16.840.1.101.3.2.1.48." + number})[0]
}

// TestForeignFoldersExist keeps a test from passing because its files are gone.
func TestForeignFoldersExist(t *testing.T) {
	for _, folder := range []string{"gmsm-pkits/certs", "botan/x509/nist", "botan/x509/x509test", "botan/x509/pss_certs"} {
		entries, err := os.ReadDir(testdata(t, filepath.FromSlash(folder)))
		require.NoError(t, err)
		require.NotEmpty(t, entries)
	}
}
