package pki_test

import (
	"bufio"
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

// testdata is a folder of the collection of files that nobody here wrote.
func testdata(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign certificates to judge")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

func readFile(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return b
}

// derIn lists the contents of the PEM blocks of certificates, or the bytes themselves if there is no PEM.
func derIn(text []byte) [][]byte {
	if !bytes.Contains(text, []byte("-----BEGIN ")) {
		return [][]byte{text}
	}
	var out [][]byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return out
		}
		if block.Type == "CERTIFICATE" {
			out = append(out, block.Bytes)
		}
	}
}

// foreign reads the certificates of a file, with every tolerance.
func foreign(t testing.TB, parts ...string) []*pki.Certificate {
	t.Helper()
	var out []*pki.Certificate
	for _, der := range derIn(readFile(t, parts...)) {
		c, err := pki.ParseTolerant(der)
		require.NoError(t, err, "%v", parts)
		out = append(out, c)
	}
	require.NotEmpty(t, out, "%v", parts)
	return out
}

// expectations reads lines NAME:TEXT; empty lines and lines beginning with # are comments.
func expectations(t testing.TB, parts ...string) map[string]string {
	t.Helper()
	want := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(readFile(t, parts...)))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, text, ok := strings.Cut(line, ":")
		require.True(t, ok, "line %q", line)
		want[name] = text
	}
	require.NotEmpty(t, want)
	return want
}

// generous is a scope that lets pass what old test suites are full of.
func generous(exceptions ...pki.Exception) pki.Scope {
	return pki.Scope{
		Purposes:   []pki.Purpose{pki.PurposeAny},
		Algorithms: []pki.KeyAlgorithm{pki.KeySM2, pki.KeyECDSA, pki.KeyRSA, pki.KeyRSAPSS},
		Exceptions: exceptions,
	}
}

func scoped(t testing.TB, scope pki.Scope, certificates ...*pki.Certificate) *pki.Anchors {
	t.Helper()
	var list []pki.Anchor
	for _, c := range certificates {
		list = append(list, pki.Anchor{Certificate: c, Scope: scope})
	}
	a, err := pki.NewScopedAnchors(list...)
	require.NoError(t, err)
	return a
}

// anyUsage is a usage that the certificate has.
func anyUsage(c *pki.Certificate) pki.KeyUsage {
	for bit := pki.UsageDigitalSignature; bit <= pki.UsageDecipherOnly; bit <<= 1 {
		if c.KeyUsage&bit != 0 {
			return bit
		}
	}
	return pki.UsageDigitalSignature
}
