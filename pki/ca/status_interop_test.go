package ca_test

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// checkers runs programs that share no code with this project.
type checkers struct {
	t         *testing.T
	tools     string
	directory string
}

func newCheckers(t *testing.T) checkers {
	t.Helper()
	tools := os.Getenv("ELICENSE_CHECKERS_DIR")
	if tools == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no independent programs to check against")
	}
	return checkers{t: t, tools: tools, directory: t.TempDir()}
}

func (c checkers) file(name string, content []byte) string {
	c.t.Helper()
	path := filepath.Join(c.directory, name)
	require.NoError(c.t, os.WriteFile(path, content, 0o600))
	return path
}

// run gives the exit status and what the program said.
func (c checkers) run(tool string, args ...string) (ok bool, said string) {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), filepath.Join(c.tools, tool), args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(c.t, err, &exit, tool)
	}
	return err == nil, string(out)
}

func (c checkers) accepts(tool string, args ...string) string {
	c.t.Helper()
	ok, said := c.run(tool, args...)
	require.True(c.t, ok, "%s %q: %s", tool, args, said)
	return said
}

func (c checkers) refuses(tool string, args ...string) {
	c.t.Helper()
	ok, said := c.run(tool, args...)
	require.False(c.t, ok, "%s %q: %s", tool, args, said)
}

// bouncyCastle asks bccheck about many certificates in one process, since one for each would take an hour.
func (c checkers) bouncyCastle(root, sub string, files []string) []bool {
	c.t.Helper()
	script, err := os.ReadFile(filepath.Join(c.tools, "bccheck"))
	require.NoError(c.t, err)
	source, err := filepath.Abs("testdata/Many.java")
	require.NoError(c.t, err)
	require.Contains(c.t, string(script), " BcCheck ")
	many := strings.Replace(string(script), " BcCheck ", " '"+source+"' ", 1)
	list := c.file("list", []byte(strings.Join(files, "\n")+"\n"))
	out, err := exec.CommandContext(c.t.Context(), "sh", "-c", many, "bccheck", root, sub, list).CombinedOutput()
	require.NoError(c.t, err, string(out))
	text, err := os.ReadFile(list + ".answers")
	require.NoError(c.t, err)
	var answers []bool
	for answer := range strings.FieldsSeq(string(text)) {
		answers = append(answers, answer == "yes")
	}
	require.Len(c.t, answers, len(files))
	return answers
}

// published is a press in the present with everything that relying parties fetch, in files.
type published struct {
	*press
	checkers
	root, sub               string
	good, held, revoked     *ca.Issued
	goodPEM, heldPEM, gone  string
	full, delta, shard      string
	fullDER, deltaDER, crl0 []byte
}

func newPublished(t *testing.T) *published {
	t.Helper()
	c := newCheckers(t)
	p := newPress(t)
	p.clock.add(time.Since(p.clock.now()).Truncate(time.Second) - 2*time.Hour)
	d := &published{press: p, checkers: c}
	d.good, d.held, d.revoked = p.server(), p.server(), p.server()
	_, err := p.publisher.Suspend(t.Context(), revoker, d.held.ID, "挂起")
	require.NoError(t, err)
	p.due()
	p.clock.add(time.Hour)
	changes := []ca.Change{
		{ID: d.revoked.ID, To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: p.clock.now().Add(-time.Hour), Note: "泄露"},
		{ID: d.held.ID, To: ca.StateValid, Note: "恢复"},
	}
	for _, outcome := range p.publisher.ChangeAll(t.Context(), revoker, changes) {
		require.NoError(t, outcome.Err)
	}
	d.root = c.file("root.pem", pki.AppendPEM(nil, p.root.Certificate()))
	d.sub = c.file("sub.pem", pki.AppendPEM(nil, p.issuing.Certificate()))
	for path, issued := range map[*string]*ca.Issued{&d.goodPEM: d.good, &d.heldPEM: d.held, &d.gone: d.revoked} {
		certificate, err := issued.Certificate()
		require.NoError(t, err)
		*path = c.file(issued.ID.Serial.String()+".pem", pki.AppendPEM(nil, certificate))
	}
	d.fullDER, d.deltaDER, d.crl0 = p.full().Raw, p.delta().Raw, p.shard(0).Raw
	d.full, d.delta, d.shard = d.crl("full.crl", d.fullDER), d.crl("delta.crl", d.deltaDER), d.crl("shard.crl", d.crl0)
	return d
}

// crl writes a CRL as PEM, which every option of the programs reads.
func (d *published) crl(name string, der []byte) string {
	return d.file(name, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

// Row A55: OpenSSL and Bouncy Castle read and verify every CRL, and refuse it under another issuer.
func TestStockToolsAcceptCRLs_A55(t *testing.T) {
	d := newPublished(t)
	for _, crl := range []string{d.full, d.delta, d.shard} {
		d.accepts("gmopenssl", "crl", "-in", crl, "-noout", "-CAfile", d.sub)
		d.accepts("bccheck", "crl", crl, "--issuer", d.sub)
		d.refuses("bccheck", "crl", crl, "--issuer", d.root)
	}
	said := d.accepts("gmopenssl", "crl", "-in", d.delta, "-noout", "-text")
	for _, want := range []string{"Delta CRL Indicator: critical", "Remove From CRL", "Key Compromise", "Invalidity Date"} {
		require.Contains(t, said, want)
	}
	said = d.accepts("gmopenssl", "crl", "-in", d.shard, "-noout", "-text")
	require.Contains(t, said, "Issuing Distribution Point: critical")
	require.Contains(t, said, ca.Addresses{Base: base, Issuer: d.issuing.KeyID()}.Shard(0))
	said = d.accepts("gmopenssl", "crl", "-in", d.full, "-noout", "-text")
	require.Contains(t, said, "Freshest CRL")
	require.Contains(t, said, "Certificate Hold")
}

// Row A55: with the shard's CRL, stock tools pass what is good and refuse what is revoked.
func TestStockToolsUseCRLs_A55(t *testing.T) {
	d := newPublished(t)
	verify := func(crls ...string) []string {
		args := []string{"verify", "-x509_strict", "-crl_check", "-extended_crl", "-CAfile", d.root, "-untrusted", d.sub}
		for _, crl := range crls {
			args = append(args, "-CRLfile", crl)
		}
		return args
	}
	d.accepts("gmopenssl", append(verify(d.shard), d.goodPEM)...)
	d.accepts("gmopenssl", append(verify(d.shard), d.heldPEM)...)
	d.refuses("gmopenssl", append(verify(d.shard), d.gone)...)
	d.accepts("gmopenssl", append(verify(d.full), d.gone)...) // older than the revocation: it takes the delta to show it
	d.refuses("gmopenssl", append(verify(d.full, d.delta), "-use_deltas", d.gone)...)
	d.refuses("gmopenssl", append(verify(d.full), d.heldPEM)...)
	d.accepts("gmopenssl", append(verify(d.full, d.delta), "-use_deltas", d.heldPEM)...)
	other := newPress(t)
	other.due()
	d.refuses("gmopenssl", append(verify(d.crl("other.crl", other.full().Raw)), d.goodPEM)...)
}

// Each field of a CRL altered in turn: refused by both programs and by our own judge.
func TestStockToolsRefuseAlteredCRLs_A55(t *testing.T) {
	d := newPublished(t)
	for name, der := range map[string][]byte{"full": d.fullDER, "delta": d.deltaDER, "shard": d.crl0} {
		altered, err := dertest.Primitives(der)
		require.NoError(t, err)
		require.Greater(t, len(altered), 20, name)
		for _, a := range altered {
			path := d.file("altered.crl", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: a.DER}))
			ok, said := d.run("gmopenssl", "crl", "-in", path, "-noout", "-CAfile", d.sub)
			require.False(t, ok && !bytes.Contains([]byte(said), []byte("verify failure")), "%s %s: %s", name, a.Path, said)
			require.Equal(t, pki.StatusUnknown, d.judgeRaw(d.good, a.DER), "%s %s", name, a.Path)
			if !testing.Short() {
				d.refuses("bccheck", "crl", path, "--issuer", d.sub)
			}
		}
	}
}

// judgeRaw has the judge decide with a CRL that may not even parse.
func (d *published) judgeRaw(c *ca.Issued, der []byte) pki.RevocationStatus {
	d.press.t.Helper()
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return pki.StatusUnknown
	}
	return d.judge(c, pki.Evidence{CRLs: []*pki.CRL{crl}}).Status
}

// Row A55: OCSP answers, live and stored, by each hash, pass OpenSSL and Bouncy Castle; altered in any field they do not.
func TestStockToolsAcceptOCSP_A55(t *testing.T) {
	d := newPublished(t)
	o := d.responder(nil)
	_, err := o.Presign(t.Context())
	require.NoError(t, err)
	check := func(path, certificate string) []string {
		return []string{"ocsp", "-respin", path, "-issuer", d.sub, "-cert", certificate, "-CAfile", d.root, "-no_nonce"}
	}
	for _, hash := range []oid.ID{oid.SHA1, oid.SM3, oid.SHA256} {
		for _, nonce := range [][]byte{nil, nonce} {
			good := d.file("good.der", d.answer(o, d.ask(hash, nonce, d.good)).Raw)
			gone := d.file("gone.der", d.answer(o, d.ask(hash, nonce, d.revoked)).Raw)
			if hash == oid.SHA1 { // the program looks for an answer by that hash alone
				require.Contains(t, d.accepts("gmopenssl", check(good, d.goodPEM)...), ": good")
				require.Contains(t, d.accepts("gmopenssl", check(gone, d.gone)...), ": revoked")
			}
			require.Contains(t, d.accepts("bccheck", "ocsp", good, "--issuer", d.sub, "--cert", d.goodPEM), " good ")
			require.Contains(t, d.accepts("bccheck", "ocsp", gone, "--issuer", d.sub, "--cert", d.gone), " RevokedStatus ")
			d.refuses("bccheck", "ocsp", good, "--issuer", d.sub, "--cert", d.gone)
		}
	}
}

func TestStockToolsRefuseAlteredOCSP_A55(t *testing.T) {
	d := newPublished(t)
	o := d.responder(nil)
	for name, c := range map[string]struct {
		issued *ca.Issued
		pem    string
	}{"good": {d.good, d.goodPEM}, "revoked": {d.revoked, d.gone}} {
		der := d.answer(o, d.ask(oid.SHA1, nonce, c.issued)).Raw
		altered, err := dertest.Primitives(der)
		require.NoError(t, err)
		require.Greater(t, len(altered), 50, name)
		for _, a := range altered {
			path := d.file("altered.der", a.DER)
			ok, said := d.run("gmopenssl", "ocsp", "-respin", path, "-issuer", d.sub, "-cert", c.pem, "-CAfile", d.root, "-no_nonce")
			passed := ok && bytes.Contains([]byte(said), []byte("verify OK"))
			require.Equal(t, unsigned(a.Path), passed, "%s %s: %s", name, a.Path, said)
			require.Equal(t, pki.StatusUnknown, d.judgeResponse(c.issued, a.DER), "%s %s", name, a.Path)
			if !testing.Short() && !strings.HasPrefix(a.Path, ownCertificate) {
				ok, said := d.run("bccheck", "ocsp", path, "--issuer", d.sub, "--cert", c.pem)
				require.Equal(t, unsigned(a.Path), ok, "%s %s: %s", name, a.Path, said)
			}
		}
	}
}

// ownCertificate is where the responder's certificate stands in a response.
const ownCertificate = "0.1.0.1.0.3."

// unsigned tells whether a value of an OCSP response is the one that no signature covers and that the programs do not
// look at: the parameters of BasicOCSPResponse.signatureAlgorithm. Our judge does.
func unsigned(path string) bool { return path == "0.1.0.1.0.1.1 NULL" }

func (d *published) judgeResponse(c *ca.Issued, der []byte) pki.RevocationStatus {
	d.press.t.Helper()
	r, err := pki.ParseOCSPResponse(der)
	if err != nil {
		return pki.StatusUnknown
	}
	return d.judge(c, pki.Evidence{Responses: []*pki.OCSPResponse{r}}).Status
}

// What OpenSSL asks is answered.
func TestStockToolsAskOCSP(t *testing.T) {
	d := newPublished(t)
	o := d.responder(nil)
	path := filepath.Join(d.directory, "request.der")
	for _, hash := range []string{"-sha1", "-sm3", "-sha256"} {
		for _, nonce := range []string{"-nonce", "-no_nonce"} {
			d.accepts("gmopenssl", "ocsp", "-issuer", d.sub, hash, "-cert", d.goodPEM, hash, "-cert", d.gone, nonce, "-reqout", path)
			request, err := os.ReadFile(path)
			require.NoError(t, err)
			r := d.answer(o, request)
			require.Equal(t, pki.AnswerGood, r.Answers[0].Status)
			require.Equal(t, pki.AnswerRevoked, r.Answers[1].Status)
			require.Equal(t, nonce == "-nonce", r.Nonce != nil)
		}
	}
}
