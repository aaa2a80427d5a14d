package pki_test

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// unreadable are the CRLs and OCSP messages of the foreign collection that are refused as malformed, with the reason.
var unreadable = map[string]string{
	"openhitls/testdata/cert/asn1/cms/signeddata/chain/mid_ca_revocation.crl":                 "reasonCode without ENUMERATED",
	"openhitls/testdata/cert/asn1/cms/signeddata/wrong_key_usage_chain/mid_ca_revocation.crl": "reasonCode without ENUMERATED",
	"openhitls/testdata/cert/pem/crl/crl_error_reason.crl":                                    "reasonCode 7",
	"openhitls/testdata/cert/pem/crl/crl_v2_2.pem":                                            "deltaCRLIndicator is a BOOLEAN",
	"openhitls/testdata/cert/pem/crl/crl_v2_3.crl":                                            "invalidityDate is a UTCTime",
	"pyhanko/data/crypto/ocsp.req.der":                                                        "a request, no response",
	fixturesOfPyHanko + "/nist_pkits/crls/BadCRLSignatureCACRL.crl":                           "signature of a number of bits",
	"tongsuo-literals/test__crltest.c-L139-x509-crl.pem":                                      "cut off by the carving",
	"tongsuo-literals/test__crltest.c-L154-x509-crl.pem":                                      "cut off by the carving",
	"tongsuo-literals/test__crltest.c-L170-x509-crl.pem":                                      "cut off by the carving",
	"tongsuo-literals/test__crltest.c-L215-x509-crl.pem":                                      "cut off by the carving",
}

// Every CRL and OCSP response that nobody here wrote is read, or refused for a known reason.
func TestForeignEvidenceIsRead_A55(t *testing.T) {
	read, refused := 0, map[string]bool{}
	for _, folder := range []string{
		"botan", "pyhanko", "tongsuo", "tongsuo-literals", "gmssl", "gmssl-literals", "gmsm", "gmsm-literals", "openhitls",
	} {
		root := testdata(t, folder)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !isEvidence(path) {
				return err
			}
			name, err := filepath.Rel(testdata(t), path)
			require.NoError(t, err)
			if err := parseEvidence(readFile(t, path), name); err != nil {
				require.Contains(t, unreadable, name, "%v", err)
				refused[name] = true
				return nil
			}
			read++
			return nil
		})
		require.NoError(t, err)
	}
	require.Len(t, refused, len(unreadable))
	require.Equal(t, 481, read)
}

func isEvidence(path string) bool {
	switch filepath.Ext(path) {
	case ".crl", ".ors":
		return true
	case ".der":
		return strings.Contains(path, "ocsp") && !strings.Contains(path, "issuer.der") && !strings.Contains(path, "subject.der") ||
			strings.HasSuffix(path, "good-issuer.der")
	case ".pem":
		return strings.Contains(path, "x509-crl") || strings.Contains(path, "/crl_v")
	default:
		return false
	}
}

func parseEvidence(b []byte, name string) error {
	if strings.HasSuffix(name, ".ors") || strings.HasSuffix(name, ".der") {
		if text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(b)), "")); err == nil {
			b = text
		}
		_, err := pki.ParseOCSPResponse(b)
		return err
	}
	_, err := pki.ParseCRL(unwrapPEM(b))
	return err
}

// The CRLs of openHiTLS, signed with SM2.
func TestOpenHiTLSLists_A55(t *testing.T) {
	s := openSuite(t, "openhitls/testdata/cert/test_for_crl/sm2/sm2_with_userid")
	moment := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	scope := lenient
	scope.Tolerances = append([]pki.Tolerance{pki.ToleranceBitString}, lenient.Tolerances...)
	const extensions, verify, below = "extension_crl/", "crl_verify/", "crl_verify/intermediate/"
	server := []string{extensions + "server.crt", extensions + "root.crt"}
	user := func(name, issuer string) []string {
		return []string{below + "certs/" + name + ".crt", below + "certs/" + issuer + ".crt", verify + "certs/root.crt"}
	}
	for _, test := range []struct {
		name   string
		chain  []string
		crl    string
		want   pki.RevocationStatus // of the leaf
		reason pki.Reason
	}{
		{"revoked", server, extensions + "root.crl", pki.StatusRevoked, ""},
		{"other key identifier", server, extensions + "root_change_aki.crl", pki.StatusUnknown, pki.ReasonNoSigner},
		{"other nextUpdate", server, extensions + "root_change_date1.crl", pki.StatusUnknown, pki.ReasonBadSignature},
		{"other thisUpdate", server, extensions + "root_change_date2.crl", pki.StatusUnknown, pki.ReasonFromFuture},
		{"critical issuerAltName", server, extensions + "root_add_unrecognized_critical_extension.crl", pki.StatusUnknown,
			pki.ReasonExtension},
		{"server 1", []string{verify + "certs/server1.crt", verify + "certs/root.crt"}, verify + "crl/root.crl",
			pki.StatusRevoked, ""},
		{"server 2", []string{verify + "certs/server2.crt", verify + "certs/root.crt"}, verify + "crl/root.crl",
			pki.StatusGood, ""},
		{"authority", user("usr1", "intermediate")[1:], verify + "crl/root.crl", pki.StatusRevoked, ""},
		{"user 1", user("usr1", "intermediate"), below + "crl/intermediate.crl", pki.StatusRevoked, ""},
		{"user 2", user("usr2", "intermediate"), below + "crl/intermediate.crl", pki.StatusGood, ""},
		{"user 3", user("usr3", "intermediate"), below + "crl/intermediate.crl", pki.StatusGood, ""},
		{"user 3, later", user("usr3", "intermediate"), below + "crl/intermediate_usr3.crl", pki.StatusRevoked, ""},
		{"user 3, other signature", user("usr3", "intermediate"), below + "crl/intermediate_usr3_change_sign.crl",
			pki.StatusUnknown, pki.ReasonBadSignature},
		{"user 3, other issuer", user("usr3", "intermediate"), below + "crl/intermediate_usr3_change_dn.crl",
			pki.StatusUnknown, pki.ReasonNoEvidence},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := suite{t, s.folder}
			var chain []*pki.Certificate
			for _, name := range test.chain {
				chain = append(chain, s.certificate(name))
			}
			report := pki.VerifyRevocation(s.chain(moment, scope, chain...), pki.RevocationOptions{At: moment},
				pki.Evidence{CRLs: []*pki.CRL{s.crl(test.crl)}})
			require.Equal(t, test.want, report.Certificates[0].Status, "%+v", report.Certificates[0].Findings)
			require.Equal(t, test.reason, report.Certificates[0].Reason)
		})
	}
}

// pyHanko's attribute authority: lists for users, for CAs and for attribute certificates only.
func TestAttributeAuthority_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/attribute-certs/basic-aa")
	root, middle := s.certificate("root/root.crt"), s.certificate("root/interm-unrestricted.crt")
	aa := s.certificate("interm/aa-unrestricted.crt") //nolint:misspell // a file name
	for moment, name := range map[time.Time]string{
		time.Date(2019, 12, 1, 0, 0, 0, 0, time.UTC):  "all-good.crl",
		time.Date(2021, 12, 12, 0, 0, 0, 0, time.UTC): "some-revoked.crl",
	} {
		options := pki.RevocationOptions{At: moment}
		ofRoot, ofInterm := s.crl("root/root-"+name), s.crl("interm/interm-"+name) //nolint:misspell // a file name
		chain := s.chain(moment, lenient, middle, root)
		require.NoError(t, pki.VerifyRevocation(chain, options, pki.Evidence{CRLs: []*pki.CRL{ofRoot}}).Err(), name)
		// The authority's certificate names no distribution point, and the list answers only for its own.
		chain = s.chain(moment, lenient, aa, middle, root)
		report := pki.VerifyRevocation(chain, options, pki.Evidence{CRLs: []*pki.CRL{ofRoot, ofInterm}})
		require.Equal(t, pki.ReasonCRLScope, pki.ReasonOf(report.Err()), name)
	}
	for _, name := range []string{
		"aa-compromise-all-good", "aa-compromise-some-revoked", "other-reasons-all-good", "other-reasons-some-revoked",
		"all-good", "some-revoked", "nonaligned-name",
	} {
		require.True(t, s.crl("role-aa-"+name+".crl").Scope.OnlyAttributeCerts, name)
	}
	require.True(t, s.crl("role-aa-nonsensically-scoped.crl").Scope.OnlyUsers)
}

// PKITS again, by path and revocation together, with the wanted results that other people worked out of its document.
func TestPKITSVectorsRevocation_A55(t *testing.T) {
	var rows []struct {
		Name                        string
		CertPath, CRLPath           []string
		ShouldValidate              bool
		InitialPolicySet            []string
		InitialPolicyMappingInhibit bool
		InitialExplicitPolicy       bool
		InitialAnyPolicyInhibit     bool
	}
	folder := testdata(t, "gmsm-pkits")
	require.NoError(t, json.Unmarshal(readFile(t, folder, "vectors.json"), &rows))
	anchors := scoped(t, pkitsScope(), foreign(t, folder, "certs", "TrustAnchorRootCertificate.crt")[0])
	lists := testdata(t, pkitsFolder, "crls")
	agreed := 0
	for _, r := range rows {
		if isUnsupported(r.Name) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			var path []*pki.Certificate
			for _, name := range r.CertPath {
				path = append(path, foreign(t, folder, "certs", name)...)
			}
			e := pki.Evidence{Certificates: path}
			for _, name := range r.CRLPath {
				if c, err := pki.ParseCRL(readFile(t, lists, name)); err == nil {
					e.CRLs = append(e.CRLs, c)
				}
			}
			leaf := path[len(path)-1]
			var acceptable []oid.ID
			for _, name := range r.InitialPolicySet {
				acceptable = append(acceptable, nistPolicy(t, name))
			}
			_, err := pki.VerifyChain(leaf, pki.ChainOptions{
				Anchors: anchors, Intermediates: path, At: pkitsTime, Usage: anyUsage(leaf),
				Policies: pki.PolicyOptions{
					RequireExplicit: r.InitialExplicitPolicy, InhibitMapping: r.InitialPolicyMappingInhibit,
					InhibitAny: r.InitialAnyPolicyInhibit, Acceptable: acceptable,
				},
				Revocation: &pki.EvidenceChecker{Anchors: anchors, Evidence: []pki.Evidence{e}},
			})
			require.Equal(t, r.ShouldValidate, err == nil, "%v", err)
		})
		agreed++
	}
	require.Equal(t, 239, agreed)
}

// isUnsupported is for DSA and for indirect CRLs where one is needed to accept.
func isUnsupported(name string) bool {
	for _, number := range []string{
		"4.1.4", "4.1.5", "4.1.6", "4.14.22", "4.14.24", "4.14.25", "4.14.28", "4.14.29", "4.14.30", "4.14.33",
	} {
		if strings.HasPrefix(name, number+" ") {
			return true
		}
	}
	return false
}
