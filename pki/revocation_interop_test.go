package pki_test

import (
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// workshop is a folder in which programs that share no code with this project make and judge evidence.
type workshop struct {
	*testing.T
	openssl string // of the kind of key
	keyArgs []string
	digest  string
	folder  string
}

// workshopConfig is for openssl ca and openssl req.
const workshopConfig = `[ca]
default_ca = d
[d]
database = index.txt
crlnumber = crlnumber
default_md = default
default_crl_days = 30
[crl]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical, @point
[point]
fullname = URI:http://crl.example/7
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://crl.example/7
[responder]
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[req]
distinguished_name = dn
[dn]
`

func checkerFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("ELICENSE_CHECKERS_DIR")
	if folder == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no independent programs to make evidence")
	}
	return folder
}

// openWorkshop makes an authority, a leaf with the serial number 1234 (hexadecimal) and a responder.
func openWorkshop(t *testing.T, kind string) *workshop {
	t.Helper()
	checkers := checkerFolder(t)
	w := &workshop{T: t, openssl: "openssl", digest: "-sha256", folder: t.TempDir()}
	switch kind {
	case "SM2":
		w.openssl, w.digest = filepath.Join(checkers, "gmopenssl"), "-sm3"
		w.keyArgs = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"}
	case "ECDSA":
		w.keyArgs = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}
	case "RSA":
		w.keyArgs = []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}
	}
	w.write("config", []byte(workshopConfig))
	w.write("crlnumber", []byte("05\n"))
	w.write("index.txt", nil)
	w.run("genpkey", append(w.keyArgs, "-out", "authority.key")...)
	w.run("req", "-config", "config", "-extensions", "authority", "-x509", "-new", "-key", "authority.key", w.digest,
		"-subj", "/C=CN/CN=authority", "-days", "300", "-out", "authority.pem")
	w.issue("leaf", "0x1234")
	w.issue("responder", "0x1235")
	return w
}

func (w *workshop) path(name string) string { return filepath.Join(w.folder, name) }

func (w *workshop) write(name string, content []byte) {
	w.Helper()
	require.NoError(w, os.WriteFile(w.path(name), content, 0o600))
}

func (w *workshop) read(name string) []byte {
	w.Helper()
	return readFile(w, w.path(name))
}

func (w *workshop) run(verb string, args ...string) {
	w.Helper()
	w.start(w.openssl, append([]string{verb}, args...)...)
}

func (w *workshop) start(program string, args ...string) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), program, args...)
	cmd.Dir = w.folder
	out, err := cmd.CombinedOutput()
	require.NoError(w, err, "%s %q: %s", program, args, out)
}

func (w *workshop) issue(name, serial string) {
	w.Helper()
	w.run("genpkey", append(w.keyArgs, "-out", name+".key")...)
	w.run("req", "-config", "config", "-new", "-key", name+".key", w.digest, "-subj", "/C=CN/CN="+name, "-out", name+".csr")
	w.run("x509", "-req", "-in", name+".csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-set_serial", serial,
		"-days", "100", w.digest, "-extfile", "config", "-extensions", name, "-out", name+".pem")
}

func (w *workshop) certificate(name string) *pki.Certificate {
	w.Helper()
	c, err := pki.ParseTolerant(unwrapPEM(w.read(name)))
	require.NoError(w, err)
	return c
}

// chain is that of the leaf to the authority, which is the anchor.
func (w *workshop) chain() *pki.Chain {
	w.Helper()
	authority := w.certificate("authority.pem")
	chain, err := pki.VerifyChain(w.certificate("leaf.pem"), pki.ChainOptions{
		Anchors: scoped(w, generous(), authority), At: time.Now(), Usage: pki.UsageDigitalSignature,
	})
	require.NoError(w, err)
	return chain
}

// revoke lists the leaf in the authority's database.
func (w *workshop) revoke(at time.Time, cause string) {
	w.Helper()
	w.write("index.txt", fmt.Appendf(nil, "R\t%s\t%s,%s\t1234\tunknown\t/C=CN/CN=leaf\n",
		time.Now().AddDate(0, 1, 0).UTC().Format("060102150405Z"), at.UTC().Format("060102150405Z"), cause))
}

func (w *workshop) crl() *pki.CRL {
	w.Helper()
	w.run("ca", "-config", "config", "-gencrl", "-keyfile", "authority.key", "-cert", "authority.pem", "-md", w.digest[1:],
		"-crlexts", "crl", "-out", "list.pem")
	c, err := pki.ParseCRL(unwrapPEM(w.read("list.pem")))
	require.NoError(w, err)
	return c
}

// answer has openssl answer a request of ours.
func (w *workshop) answer(request pki.OCSPRequest, signer string) *pki.OCSPResponse {
	w.Helper()
	raw, err := pki.MarshalOCSPRequest(request)
	require.NoError(w, err)
	w.write("request.der", raw)
	w.run("ocsp", "-index", "index.txt", "-CA", "authority.pem", "-rsigner", signer+".pem", "-rkey", signer+".key",
		"-rmd", w.digest[1:], "-ndays", "2", "-reqin", "request.der", "-respout", "response.der")
	r, err := pki.ParseOCSPResponse(w.read("response.der"))
	require.NoError(w, err)
	require.NoError(w, r.CheckAnswers(request))
	return r
}

func (w *workshop) judge(chain *pki.Chain, e pki.Evidence) pki.CertificateStatus {
	w.Helper()
	report := pki.VerifyRevocation(chain, pki.RevocationOptions{At: time.Now(), Skew: time.Minute}, e)
	require.Equal(w, report.Status, report.Certificates[0].Status)
	return report.Certificates[0]
}

// CRLs and responses that OpenSSL makes are read and judged, and its responder understands our requests.
func TestEvidenceOfOpenSSL_A55(t *testing.T) {
	for _, kind := range []string{"SM2", "ECDSA", "RSA"} {
		t.Run(kind, func(t *testing.T) {
			w := openWorkshop(t, kind)
			chain := w.chain()
			request := func(hash oid.ID) pki.OCSPRequest {
				id, err := pki.NewCertID(hash, chain.Certificates[1], big.NewInt(0x1234))
				require.NoError(t, err)
				return pki.OCSPRequest{IDs: []pki.CertID{id}, Nonce: []byte("0123456789abcdef0123456789abcdef")}
			}
			hash := oid.SHA256
			if kind == "SM2" {
				hash = oid.SM3
			}
			require.Equal(t, pki.StatusGood, w.judge(chain, pki.Evidence{CRLs: []*pki.CRL{w.crl()}}).Status)
			unknown := w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{w.answer(request(hash), "responder")}})
			require.Equal(t, pki.ReasonAnswerUnknown, unknown.Reason)
			since := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
			for text, want := range map[string]struct {
				status pki.RevocationStatus
				cause  pki.Cause
			}{
				"superseded": {pki.StatusRevoked, pki.CauseSuperseded}, "certificateHold": {pki.StatusOnHold, pki.CauseCertificateHold},
			} {
				w.revoke(since, text)
				for name, e := range map[string]pki.Evidence{
					"CRL":                {CRLs: []*pki.CRL{w.crl()}},
					"delegate":           {Responses: []*pki.OCSPResponse{w.answer(request(hash), "responder")}},
					"delegate, SHA-1":    {Responses: []*pki.OCSPResponse{w.answer(request(oid.SHA1), "responder")}},
					"authority's answer": {Responses: []*pki.OCSPResponse{w.answer(request(hash), "authority")}},
				} {
					s := w.judge(chain, e)
					require.Equal(t, want.status, s.Status, "%s: %+v", name, s.Findings)
					require.Equal(t, &pki.Revocation{From: since, RevokedAt: since, Cause: want.cause}, s.Revocation, name)
				}
			}
			w.write("index.txt", fmt.Appendf(nil, "V\t%s\t\t1234\tunknown\t/C=CN/CN=leaf\n",
				time.Now().AddDate(0, 1, 0).UTC().Format("060102150405Z")))
			good := w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{w.answer(request(hash), "responder")}})
			require.Equal(t, pki.StatusGood, good.Status, "%+v", good.Findings)
			bad := w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{w.answer(request(hash), "leaf")}})
			require.Equal(t, pki.ReasonPurpose, bad.Reason)
		})
	}
}

// Responses that Bouncy Castle makes with SM2, and what is left of them when a field is altered.
func TestEvidenceOfBouncyCastle_A55(t *testing.T) {
	w := openWorkshop(t, "SM2")
	bccheck := filepath.Join(checkerFolder(t), "bccheck")
	chain := w.chain()
	make := func(args ...string) *pki.OCSPResponse {
		w.start(bccheck, append([]string{
			"mkocsp", "--issuer", "authority.pem", "--rcert", "responder.pem", "--key", "responder.key", "--cert", "leaf.pem",
			"out.der",
		}, args...)...)
		r, err := pki.ParseOCSPResponse(w.read("out.der"))
		require.NoError(t, err)
		return r
	}
	good := make("--hash", "sm3")
	require.Equal(t, oid.SM3, good.Answers[0].ID.Hash)
	require.Equal(t, pki.StatusGood, w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{good}}).Status)
	plain := make("--hash", "sha1")
	require.Equal(t, pki.StatusGood, w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{plain}}).Status)
	revoked := w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{make("--hash", "sm3", "--revoked")}})
	require.Equal(t, pki.StatusRevoked, revoked.Status)
	require.Equal(t, pki.CauseKeyCompromise, revoked.Revocation.Cause)

	outcomes := alterFields(good.Raw, func(raw []byte) string {
		r, err := pki.ParseOCSPResponse(raw)
		if err != nil {
			return "malformed"
		}
		s := w.judge(chain, pki.Evidence{Responses: []*pki.OCSPResponse{r}})
		require.Equal(t, pki.StatusUnknown, s.Status)
		return string(s.Findings[0].Refusal)
	})
	requireOutcomes(t, outcomes)
	const data = "0.1.0.1.0.0" // ResponseData
	for path, want := range map[string]string{
		"0.0":               string(pki.ReasonOCSPRequest),  // responseStatus
		"0.1.0.0":           "malformed",                    // responseType
		data + ".0.0.0.0.1": string(pki.ReasonNoSigner),     // responderID
		data + ".2.0.0.1":   string(pki.ReasonOtherIssuer),  // issuerNameHash
		data + ".2.0.0.2":   string(pki.ReasonOtherIssuer),  // issuerKeyHash
		data + ".2.0.0.3":   string(pki.ReasonOtherSubject), // serialNumber
	} {
		require.Equal(t, want, outcomes[path], "%s of %v", path, outcomes)
	}
}

// What is left of OpenSSL's CRL when a field is altered.
func TestAlteredCRLOfOpenSSL_A55(t *testing.T) {
	w := openWorkshop(t, "SM2")
	w.revoke(time.Now().Add(-time.Hour), "superseded")
	chain, list := w.chain(), w.crl()
	outcomes := alterFields(list.Raw, func(raw []byte) string {
		c, err := pki.ParseCRL(raw)
		if err != nil {
			return "malformed"
		}
		s := w.judge(chain, pki.Evidence{CRLs: []*pki.CRL{c}})
		require.Equal(t, pki.StatusUnknown, s.Status)
		return string(s.Findings[0].Refusal)
	})
	requireOutcomes(t, outcomes)
	for path, want := range map[string]string{
		"0.0.0":         "malformed",                    // version
		"0.0.1.0":       "malformed",                    // signature, which is not the algorithm outside
		"0.0.2.1.0.1":   string(pki.ReasonOtherIssuer),  // issuer
		"0.0.3":         "malformed",                    // thisUpdate, ten years late and so after nextUpdate
		"0.0.5.0.0":     string(pki.ReasonBadSignature), // userCertificate
		"0.0.5.0.2.0.1": "malformed",                    // the reason's tag
		"0.1.0":         "malformed",                    // signatureAlgorithm
		"0.2":           "malformed",                    // unused bits of the signature
	} {
		require.Equal(t, want, outcomes[path], "%s of %v", path, outcomes)
	}
}

// requireOutcomes wants every alteration refused, some of them for the signature alone.
func requireOutcomes(t *testing.T, outcomes map[string]string) {
	t.Helper()
	require.Greater(t, len(outcomes), 15)
	bad := 0
	for path, outcome := range outcomes {
		require.NotEmpty(t, outcome, path)
		if outcome == string(pki.ReasonBadSignature) {
			bad++
		}
	}
	require.Positive(t, bad, "%v", outcomes)
}

// alterFields changes one bit of the first octet of the contents of each primitive element in turn, going into OCTET
// STRINGs that hold DER. Elements are called by their places, from the outermost.
func alterFields(raw []byte, judge func([]byte) string) map[string]string {
	outcomes := map[string]string{}
	var walk func(from, to int, path string)
	walk = func(from, to int, path string) {
		for n := 0; from < to; n++ {
			tag, start, end := element(raw, from)
			if end > to {
				return
			}
			name := fmt.Sprint(path, n)
			if from = end; start == end {
				continue
			}
			if tag&0x20 != 0 {
				walk(start, end, name+".")
			} else {
				changed := append([]byte(nil), raw...)
				changed[start] ^= 1
				outcomes[name] = judge(changed)
				if tag == 4 && end-start > 4 && raw[start] == 0x30 {
					walk(start, end, name+".")
				}
			}
		}
	}
	walk(0, len(raw), "")
	return outcomes
}

// element gives the tag of the element at from, and where its contents begin and end.
func element(raw []byte, from int) (tag byte, start, end int) {
	length, start := int(raw[from+1]), from+2
	if length >= 0x80 {
		octets := length - 0x80
		length = int(new(big.Int).SetBytes(raw[start : start+octets]).Int64())
		start += octets
	}
	return raw[from], start, start + length
}

// Our requests, and those of OpenSSL, are read by both.
func TestRequestsOfOpenSSL_A55(t *testing.T) {
	w := openWorkshop(t, "SM2")
	w.run("ocsp", "-issuer", "authority.pem", "-sm3", "-cert", "leaf.pem", "-sha1", "-cert", "responder.pem", "-reqout", "theirs.der")
	r, err := pki.ParseOCSPRequest(w.read("theirs.der"))
	require.NoError(t, err)
	require.Len(t, r.IDs, 2)
	require.NotEmpty(t, r.Nonce)
	authority := w.certificate("authority.pem")
	require.True(t, r.IDs[0].Matches(authority, big.NewInt(0x1234)))
	require.True(t, r.IDs[1].Matches(authority, big.NewInt(0x1235)))
	require.Equal(t, []oid.ID{oid.SM3, oid.SHA1}, []oid.ID{r.IDs[0].Hash, r.IDs[1].Hash})
	ours, err := pki.MarshalOCSPRequest(*r)
	require.NoError(t, err)
	require.Equal(t, w.read("theirs.der"), ours)
}
