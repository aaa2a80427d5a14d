package pki_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

const fixturesOfPyHanko = "pyhanko/pkgs/pyhanko-certvalidator/tests/fixtures"

// lenient is the scope of anchors of suites that are older than today's rules.
var lenient = pki.Scope{
	Purposes:   []pki.Purpose{pki.PurposeAny},
	Algorithms: []pki.KeyAlgorithm{pki.KeySM2, pki.KeyECDSA, pki.KeyRSA},
	Exceptions: []pki.Exception{
		pki.ExceptionAnchorKeyUsage, pki.ExceptionNoKeyUsage, pki.ExceptionSHA1, pki.ExceptionShortRSA,
		pki.ExceptionAnchorVersion,
	},
	Tolerances: []pki.Tolerance{
		pki.ToleranceDefault, pki.ToleranceZeroSerial, pki.ToleranceGeneralName, pki.TolerancePrintableString,
		pki.ToleranceIA5String, pki.ToleranceExtension, pki.ToleranceEmptyExtension,
	},
}

// suite is a folder of external files.
type suite struct {
	*testing.T
	folder string
}

func openSuite(t *testing.T, folder string) suite {
	t.Helper()
	return suite{t, testdata(t, folder)}
}

func (s suite) read(name string) []byte {
	s.Helper()
	b, err := os.ReadFile(filepath.Join(s.folder, filepath.FromSlash(name)))
	require.NoError(s, err)
	return b
}

func (s suite) certificate(name string) *pki.Certificate {
	s.Helper()
	return tolerant(s, filepath.Join(s.folder, filepath.FromSlash(name)))
}

func (s suite) crl(name string) *pki.CRL {
	s.Helper()
	c, err := pki.ParseCRL(unwrapPEM(s.read(name)))
	require.NoError(s, err, name)
	return c
}

// response reads a response in DER or base64.
func (s suite) response(name string) *pki.OCSPResponse {
	s.Helper()
	b := s.read(name)
	if text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(b)), "")); err == nil {
		b = text
	}
	r, err := pki.ParseOCSPResponse(b)
	require.NoError(s, err, name)
	return r
}

// chain verifies a chain that is given whole, leaf first.
func (s suite) chain(at time.Time, scope pki.Scope, certificates ...*pki.Certificate) *pki.Chain {
	s.Helper()
	last := len(certificates) - 1
	a, err := pki.NewScopedAnchors(pki.Anchor{Certificate: certificates[last], Scope: scope})
	require.NoError(s, err)
	usage := certificates[0].KeyUsage
	if usage == 0 {
		usage = pki.UsageDigitalSignature
	}
	chain, err := pki.VerifyChain(certificates[0], pki.ChainOptions{
		Anchors: a, Intermediates: certificates[1:last], At: at, Usage: usage,
	})
	require.NoError(s, err)
	return chain
}

// openSSLCase is one case of OpenSSL's OCSP suite as pyHanko's data file has it.
type openSSLCase struct {
	Name, Root, Cert string
	OtherCerts       []string `json:"other_certs"`
	OCSPs            []string
	Moment           time.Time
	Error            struct {
		Class   string
		Message string `json:"msg_regex"`
	}
}

// openSSLRefusals are by what the file name says is wrong with the response.
var openSSLRefusals = map[string]pki.Reason{
	"ISOP": pki.ReasonBadSignature, "WRID": pki.ReasonNoSigner, "WINH": pki.ReasonOtherIssuer,
	"WIKH": pki.ReasonOtherIssuer, "WKDOSC": pki.ReasonNoSigner, "ISDOSC": pki.ReasonNoSigner,
}

func TestOpenSSLResponses_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/openssl-ocsp")
	var cases []openSSLCase
	require.NoError(t, json.Unmarshal(s.read("openssl-ocsp.json"), &cases))
	require.Equal(t, 29, len(cases))
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			s := suite{t, s.folder}
			report := c.judge(s)
			if c.Error.Class == "" {
				require.NoError(t, report.Err())
				require.Equal(t, pki.StatusGood, report.Status)
				return
			}
			require.Equal(t, pki.StatusUnknown, report.Status)
			want := pki.ReasonStale
			for _, name := range c.OCSPs {
				if wrong, _, found := strings.Cut(name, "_"); found {
					want = openSSLRefusals[wrong]
				}
			}
			wantFinding(t, report, want)
		})
	}
}

// wantFinding wants a piece of evidence refused, or found stale, for a reason.
func wantFinding(t *testing.T, report pki.RevocationReport, want pki.Reason) {
	t.Helper()
	var all []string
	for _, c := range report.Certificates {
		for _, f := range c.Findings {
			if f.Refusal == want || f.Stale == want {
				return
			}
			all = append(all, string(f.Refusal)+string(f.Stale)+": "+f.Detail)
		}
	}
	require.Fail(t, "no finding "+string(want), "%q", all)
}

func (c openSSLCase) judge(s suite) pki.RevocationReport {
	s.Helper()
	certificates := []*pki.Certificate{s.certificate(c.Cert)}
	for _, name := range c.OtherCerts {
		certificates = append(certificates, s.certificate(name))
	}
	certificates = append(certificates, s.certificate(c.Root))
	var evidence pki.Evidence
	for _, name := range c.OCSPs {
		evidence.Responses = append(evidence.Responses, s.response(name))
	}
	return pki.VerifyRevocation(s.chain(c.Moment, lenient, certificates...), pki.RevocationOptions{
		// D3 is answered by a responder without ocsp-nocheck, of whom nothing is known. For the delegated chains there is
		// evidence for the leaf alone.
		At: c.Moment, UncheckedResponderUnsafe: true, LeafOnlyUnsafe: strings.HasPrefix(c.Name, "delegated"),
	}, evidence)
}

// The same suite's altered issuers, which only OpenSSL's own test has: another subject or key does not fit the
// response; a wrong signature on the issuer's certificate does not matter where that certificate is the anchor.
func TestOpenSSLIssuers_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/openssl-ocsp")
	at := time.Date(2012, 10, 24, 9, 0, 0, 0, time.UTC)
	earlier := time.Date(2012, 10, 12, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ of, cert, issuer string }{
		{"D1", "EE", "ICA"}, {"D2", "ICA", "Root"}, {"D3", "EE", "Root"},
		{"ND1", "EE", "ICA"}, {"ND2", "ICA", "Root"}, {"ND3", "EE", "Root"},
	} {
		t.Run(c.of, func(t *testing.T) {
			s := suite{t, s.folder}
			moment := at
			if c.of[0] == 'N' {
				moment = earlier
			}
			leaf, response := s.certificate(c.of+"_Cert_"+c.cert+".pem"), s.response(c.of+".ors")
			judge := func(prefix string) (pki.RevocationReport, error) {
				issuer := s.certificate(prefix + c.of + "_Issuer_" + c.issuer + ".pem")
				a, err := pki.NewScopedAnchors(pki.Anchor{Certificate: issuer, Scope: lenient})
				require.NoError(t, err)
				chain, err := pki.VerifyChain(leaf, pki.ChainOptions{Anchors: a, At: moment, Usage: leaf.KeyUsage})
				if err != nil {
					return pki.RevocationReport{}, err
				}
				options := pki.RevocationOptions{At: moment, UncheckedResponderUnsafe: true}
				return pki.VerifyRevocation(chain, options, pki.Evidence{Responses: []*pki.OCSPResponse{response}}), nil
			}
			for _, prefix := range []string{"", "ISIC_"} {
				report, err := judge(prefix)
				require.NoError(t, err)
				require.NoError(t, report.Err(), prefix)
			}
			for prefix, want := range map[string]pki.Reason{
				"WSNIC_": pki.ReasonUnknownIssuer, "WKIC_": pki.ReasonBadSignature,
			} {
				_, err := judge(prefix)
				require.Equal(t, want, pki.ReasonOf(err), prefix)
				issuer := s.certificate(prefix + c.of + "_Issuer_" + c.issuer + ".pem")
				require.False(t, response.Answers[0].ID.Matches(issuer, leaf.Serial), prefix)
			}
		})
	}
}

func day(month time.Month, n int) time.Time { return time.Date(2020, month, n, 0, 0, 0, 0, time.UTC) }

// pyHanko's freshness fixtures: alice and one of the certificates of her authority are revoked as of December 1, 2020.
func TestFreshness_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/freshness")
	strict := lenient
	alice, middle, root := s.certificate("certs/alice.crt"), s.certificate("certs/interm.crt"), s.certificate("certs/root.crt")
	const days = 24 * time.Hour
	for _, test := range []struct {
		name      string
		options   pki.RevocationOptions
		responses []string
		crl       string
		want      pki.RevocationStatus
		reason    pki.Reason
	}{
		{"delay kept", pki.RevocationOptions{At: day(9, 18), Now: day(10, 1), Delay: 3 * days}, []string{"10-01"}, "10-01",
			pki.StatusGood, ""},
		{"delay not kept", pki.RevocationOptions{At: day(9, 30), Now: day(10, 1), Delay: 3 * days}, []string{"10-01"}, "10-01",
			pki.StatusUnknown, pki.ReasonTooEarly},
		{"young enough", pki.RevocationOptions{At: day(10, 1), MaxAge: 9 * days}, []string{"10-01"}, "10-01",
			pki.StatusGood, ""},
		{"too old", pki.RevocationOptions{At: day(10, 1), MaxAge: time.Hour}, []string{"10-01"}, "10-01",
			pki.StatusUnknown, pki.ReasonStale},
		{"the newest counts", pki.RevocationOptions{At: day(12, 10), MaxAge: 20 * days, MaxAgeAloneUnsafe: true},
			[]string{"11-29", "12-10"}, "12-10", pki.StatusRevoked, ""},
		{"the newest is withheld", pki.RevocationOptions{At: day(12, 10), MaxAge: 20 * days, MaxAgeAloneUnsafe: true},
			[]string{"11-29"}, "12-10", pki.StatusGood, ""},
		{"the newest is withheld, next update past", pki.RevocationOptions{At: day(12, 10), MaxAge: 20 * days},
			[]string{"11-29"}, "12-10", pki.StatusUnknown, pki.ReasonStale},
		{"from the future", pki.RevocationOptions{At: day(11, 29), MaxAge: 20 * days}, []string{"11-29", "12-10"}, "11-29",
			pki.StatusGood, ""},
		{"looked at later", pki.RevocationOptions{At: day(11, 29), Now: day(12, 10)}, []string{"11-29", "12-10"}, "11-29",
			pki.StatusGood, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := suite{t, s.folder}
			evidence := pki.Evidence{CRLs: []*pki.CRL{s.crl("root-2020-" + test.crl + ".crl")}}
			for _, date := range test.responses {
				evidence.Responses = append(evidence.Responses, s.response("alice-2020-"+date+".ors"))
			}
			report := pki.VerifyRevocation(s.chain(test.options.At, strict, alice, middle, root), test.options, evidence)
			require.Equal(t, test.want, report.Status, "%v", report.Err())
			if test.reason != "" {
				require.Equal(t, test.reason, pki.ReasonOf(report.Err()))
			}
		})
	}
	later := pki.VerifyRevocation(s.chain(day(11, 29), strict, alice, middle, root),
		pki.RevocationOptions{At: day(11, 29), Now: day(12, 10)},
		pki.Evidence{
			CRLs:      []*pki.CRL{s.crl("root-2020-12-10.crl")},
			Responses: []*pki.OCSPResponse{s.response("alice-2020-12-10.ors")},
		})
	require.NoError(t, later.Err())
	require.Equal(t, &pki.Revocation{From: day(12, 1), RevokedAt: day(12, 1), Cause: pki.CauseKeyCompromise},
		later.Certificates[0].Revocation)
}

// pyHanko's time slide fixtures, and the results that its own tests want.
func TestTimeSlide_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/ades/time-slide")
	alice, root := s.certificate("certs/alice.crt"), s.certificate("certs/root.crt")
	good, revoked := s.certificate("certs/interm.crt"), s.certificate("certs/interm-revoked.crt")
	november, december := day(11, 29).Add(5*time.Minute), day(12, 10).Add(5*time.Minute)
	crls := func(names ...string) pki.Evidence {
		var e pki.Evidence
		for _, name := range names {
			e.CRLs = append(e.CRLs, s.crl(name))
		}
		return e
	}
	with := func(e pki.Evidence, responses ...*pki.OCSPResponse) pki.Evidence {
		e.Responses = responses
		return e
	}
	archived := func(e pki.Evidence, certificates ...*pki.Certificate) pki.Evidence {
		e.Certificates, e.ExistedBy = certificates, day(11, 30)
		return e
	}
	for _, test := range []struct {
		name     string
		middle   *pki.Certificate
		now      time.Time
		evidence []pki.Evidence
		want     time.Time
		refusal  pki.Reason
	}{
		{"not revoked", good, november,
			[]pki.Evidence{with(crls("root-2020-11-29.crl"), s.response("alice-2020-11-29.ors"))}, november, ""},
		{"revoked, by OCSP", good, december,
			[]pki.Evidence{with(crls("root-2020-12-10.crl"), s.response("alice-2020-12-10.ors"))}, day(12, 1), ""},
		{"revoked, by CRL", good, december, []pki.Evidence{crls("root-2020-12-10.crl", "interm-2020-12-10.crl")},
			day(12, 1), ""},
		{"authority revoked", revoked, december,
			[]pki.Evidence{crls("root-2020-12-10.crl"), archived(crls("interm-2020-11-29.crl"), alice)}, day(12, 1), ""},
		{"authority revoked, leaf not proven", revoked, december,
			[]pki.Evidence{crls("root-2020-12-10.crl"), archived(crls("interm-2020-11-29.crl"))}, time.Time{},
			pki.ReasonNoProof},
		{"authority revoked, CRL not proven", revoked, december,
			[]pki.Evidence{crls("root-2020-12-10.crl", "interm-2020-11-29.crl"), archived(pki.Evidence{}, alice)}, time.Time{},
			pki.ReasonSignerRevoked},
		{"authority revoked, nothing else", revoked, december,
			[]pki.Evidence{crls("root-2020-12-10.crl"), archived(pki.Evidence{}, alice)}, time.Time{}, pki.ReasonNoEvidence},
		{"nothing", good, december, nil, time.Time{}, pki.ReasonNoEvidence},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := suite{t, s.folder}
			chain := s.chain(november, lenient, alice, test.middle, root)
			got, err := pki.SlideControlTime(chain, pki.RevocationOptions{Now: test.now}, test.evidence...)
			require.Equal(t, test.refusal, pki.ReasonOf(err), "%v", err)
			require.Equal(t, test.want, got)
		})
	}
}

// pyHanko's authority whose one responder answers for two of its CAs, with certificates of both.
func TestMultitaskingResponder_A55(t *testing.T) {
	s := openSuite(t, fixturesOfPyHanko+"/multitasking-ocsp")
	alice, middle, root := s.certificate("alice.cert.pem"), s.certificate("interm.cert.pem"), s.certificate("root.cert.pem")
	a, b := s.response("ocsp-resp-alice.der"), s.response("ocsp-resp-interm.der")
	at := a.ProducedAt.Add(time.Minute)
	report := pki.VerifyRevocation(s.chain(at, lenient, alice, middle, root), pki.RevocationOptions{At: at},
		pki.Evidence{Responses: []*pki.OCSPResponse{a, b}})
	require.NoError(t, report.Err())
}

// unwrapPEM gives the first PEM block of a text, or what is no PEM as it is.
func unwrapPEM(b []byte) []byte {
	if block, _ := pem.Decode(b); block != nil {
		return block.Bytes
	}
	return b
}

// addCorpus seeds a fuzz target with the files of folders of foreign test data, if there are any.
func addCorpus(f *testing.F, folders ...string) {
	f.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		return
	}
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
		require.NoError(f, err)
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder), e.Name()))
			if err == nil && len(b) < 8<<10 {
				f.Add(b)
			}
		}
	}
}
