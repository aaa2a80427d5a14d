package signing_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
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

func (c checkers) path(name string) string { return filepath.Join(c.directory, name) }

func (c checkers) run(tool string, args ...string) error {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), filepath.Join(c.tools, tool), args...).CombinedOutput()
	if err != nil {
		c.t.Logf("%s %q: %v\n%s", tool, args, err, out)
	}
	return err
}

func (c checkers) accepts(tool string, args ...string) {
	c.t.Helper()
	require.NoError(c.t, c.run(tool, args...), tool)
}

func (c checkers) refuses(tool string, args ...string) {
	c.t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(c.t, c.run(tool, args...), &exit, tool)
}

// Row A55: certificates with SM2 and SM3 pass stock tools.
func TestStockToolsAcceptChain_A55(t *testing.T) {
	c := newCheckers(t)
	w := newWorld(t, time.Now())
	root := c.file("root.pem", pki.AppendPEM(nil, w.root.Certificate()))
	sub := c.file("sub.pem", pki.AppendPEM(nil, w.issuing.Certificate()))
	leaf := c.file("leaf.pem", pki.AppendPEM(nil, w.chain[0]))
	c.accepts("gmopenssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", sub, leaf)
	c.accepts("bccheck", "chain", "--ca", root, "--inter", sub, leaf)

	other := newWorld(t, time.Now())
	wrong := c.file("wrong.pem", pki.AppendPEM(nil, other.root.Certificate()))
	c.refuses("gmopenssl", "verify", "-x509_strict", "-CAfile", wrong, "-untrusted", sub, leaf)
	c.refuses("bccheck", "chain", "--ca", wrong, "--inter", sub, leaf)
}

func TestStockToolsReadKey(t *testing.T) {
	c := newCheckers(t)
	w := newWorld(t, time.Now())
	text, err := pki.MarshalKey(w.key, []byte("correct horse"), rand.Reader)
	require.NoError(t, err)
	key := c.file("key.pem", text)
	c.accepts("gmopenssl", "pkey", "-in", key, "-passin", "pass:correct horse", "-noout", "-check")
	c.refuses("gmopenssl", "pkey", "-in", key, "-passin", "pass:wrong", "-noout")
}

// OpenSSL verifies SignedData with signed attributes. Without them it hands plain SM3(content) to SM2, without Z,
// which no maker of GB/T 35275 signatures does; there its parser reads the structure and its SM2 checks the value
// over the content.
func TestOpenSSLAcceptsCMS(t *testing.T) {
	c := newCheckers(t)
	w := newWorld(t, time.Now())
	bundle := c.file("bundle.pem", pki.AppendPEM(nil, w.issuing.Chain()...))
	leaf := c.file("leaf.pem", pki.AppendPEM(nil, w.chain[0]))
	record := []byte("许可证记录 record\nwith a second line\n")
	content := c.file("content", record)
	changed := c.file("changed", append([]byte("x"), record...))
	verify := []string{
		"cms", "-verify", "-inform", "DER", "-in", c.path("cms.p7s"), "-CAfile", bundle, "-certfile", leaf,
		"-binary", "-purpose", "any", "-out", c.path("out"),
	}
	for _, certificates := range []bool{false, true} {
		config := w.config()
		config.WithCertificates, config.WithAttributes, config.Now = certificates, true, time.Now
		s := newSigner(t, config)

		der, err := s.Detached(t.Context(), record)
		require.NoError(t, err)
		c.accepts("gm2cms", c.file("gm.p7s", der), c.path("cms.p7s"))
		c.accepts("gmopenssl", append(verify, "-content", content)...)
		c.refuses("gmopenssl", append(verify, "-content", changed)...)

		der, err = s.Attached(t.Context(), record)
		require.NoError(t, err)
		c.accepts("gm2cms", c.file("gm.p7s", der), c.path("cms.p7s"))
		c.accepts("gmopenssl", verify...)
		out, err := os.ReadFile(c.path("out"))
		require.NoError(t, err)
		require.Equal(t, record, out)
	}

	der, err := newSigner(t, w.config()).Detached(t.Context(), record)
	require.NoError(t, err)
	c.accepts("gm2cms", c.file("gm.p7s", der), c.path("cms.p7s"))
	c.accepts("gmopenssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", c.path("cms.p7s"))
	data, err := cms.Parse(der)
	require.NoError(t, err)
	public := c.path("public.pem")
	c.accepts("gmopenssl", "x509", "-in", leaf, "-noout", "-pubkey", "-out", public)
	value := c.file("value", data.Signers[0].Signature)
	check := []string{"dgst", "-sm3", "-verify", public, "-sigopt", "distid:1234567812345678", "-signature", value}
	c.accepts("gmopenssl", append(check, content)...)
	c.refuses("gmopenssl", append(check, changed)...)
}

func TestBouncyCastleAcceptsCMS(t *testing.T) {
	c := newCheckers(t)
	w := newWorld(t, time.Now())
	root := c.file("root.pem", pki.AppendPEM(nil, w.root.Certificate()))
	record := []byte("许可证记录 record\nwith a second line\n")
	content := c.file("content", record)
	changed := c.file("changed", append([]byte("x"), record...))
	for _, attributes := range []bool{false, true} {
		config := w.config()
		config.WithCertificates, config.WithAttributes = true, attributes
		s := newSigner(t, config)
		detached, err := s.Detached(t.Context(), record)
		require.NoError(t, err)
		attached, err := s.Attached(t.Context(), record)
		require.NoError(t, err)
		d, a := c.file("detached.p7s", detached), c.file("attached.p7s", attached)
		c.accepts("bccheck", "cms", "--ca", root, "--content", content, d)
		c.refuses("bccheck", "cms", "--ca", root, "--content", changed, d)
		c.accepts("bccheck", "cms", "--ca", root, a)
	}
}

// What a foreign program signs is read and verified here.
func TestForeignCMSVerifies(t *testing.T) {
	c := newCheckers(t)
	w := newWorld(t, time.Now())
	text, err := pki.MarshalKey(w.key, []byte("pass"), rand.Reader)
	require.NoError(t, err)
	c.accepts("gmopenssl", "pkcs8", "-in", c.file("key.pem", text), "-passin", "pass:pass", "-out", c.path("plain.pem"))
	leaf := c.file("leaf.pem", pki.AppendPEM(nil, w.chain[0]))
	record := []byte("许可证记录 record")
	content := c.file("content", record)
	c.accepts("bccheck", "mkcms", "--cert", leaf, "--key", c.path("plain.pem"), "--content", content, "--detached",
		c.path("bc.p7s"))
	der, err := os.ReadFile(c.path("bc.p7s"))
	require.NoError(t, err)

	custody, err := signing.NewCustody(signing.CustodyConfig{Anchors: w.anchors, CrossCheck: true})
	require.NoError(t, err)
	require.NoError(t, custody.RegisterRemote(farmUSCC, w.chain))
	require.NoError(t, custody.CheckRecord(farmUSCC, w.chain[0].Digest, record, der, time.Now()))
	require.ErrorIs(t, custody.CheckRecord(farmUSCC, w.chain[0].Digest, record[1:], der, time.Now()),
		signing.ErrRecordSignature)
}
