package pki_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

const opensslConfig = `
[req]
distinguished_name = dn
prompt = no
[dn]
C = CN
O = made up
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa_ext]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = unit
[unit]
serial = serial
digests = sha256, sha384, sha512
default_policy = 1.2.3.4.1
accuracy = secs:1, millisecs:500
tsa_name = yes
ess_cert_id_chain = no
`

// foreignTSA is a time-stamp authority of openssl with keys of a kind.
type foreignTSA struct {
	directory string
	anchors   *pki.Anchors
}

func (f foreignTSA) openssl(t *testing.T, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "openssl", args...)
	c.Dir = f.directory
	out, err := c.CombinedOutput()
	require.NoError(t, err, "openssl %q: %s", args, out)
}

func newForeignTSA(t *testing.T, algorithm string, options ...string) foreignTSA {
	t.Helper()
	if os.Getenv("ELICENSE_CHECKERS_DIR") == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no other authority to ask")
	}
	f := foreignTSA{directory: t.TempDir()}
	for name, text := range map[string]string{"config": opensslConfig, "serial": "1000", "data": string(stamped)} {
		require.NoError(t, os.WriteFile(filepath.Join(f.directory, name), []byte(text), 0o600))
	}
	for _, key := range []string{"root.key", "tsa.key"} {
		args := []string{"genpkey", "-algorithm", algorithm, "-out", key}
		for _, o := range options {
			args = append(args, "-pkeyopt", o)
		}
		f.openssl(t, args...)
	}
	f.openssl(t, "req", "-x509", "-new", "-key", "root.key", "-config", "config", "-extensions", "ca", "-subj", "/CN=root",
		"-days", "3650", "-out", "root.pem")
	f.openssl(t, "req", "-new", "-key", "tsa.key", "-config", "config", "-subj", "/C=CN/CN=tsa", "-out", "tsa.csr")
	f.openssl(t, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "365",
		"-extfile", "config", "-extensions", "tsa_ext", "-out", "tsa.pem")
	text, err := os.ReadFile(filepath.Join(f.directory, "root.pem"))
	require.NoError(t, err)
	roots, err := pki.ParseCertificatesPEM(text)
	require.NoError(t, err)
	f.anchors, err = pki.NewScopedAnchors(pki.Anchor{Certificate: roots[0], Scope: pki.Scope{
		Purposes: []pki.Purpose{pki.PurposeTimestamp}, Algorithms: []pki.KeyAlgorithm{pki.KeyECDSA, pki.KeyRSA},
	}})
	require.NoError(t, err)
	return f
}

// ask asks for a token over stamped by a digest.
func (f foreignTSA) ask(t *testing.T, digest string) (request, response []byte) {
	t.Helper()
	f.openssl(t, "ts", "-query", "-data", "data", "-"+digest, "-cert", "-out", "query")
	f.openssl(t, "ts", "-reply", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key", "-"+digest, "-config",
		"config", "-section", "unit", "-out", "reply")
	request, err := os.ReadFile(filepath.Join(f.directory, "query"))
	require.NoError(t, err)
	response, err = os.ReadFile(filepath.Join(f.directory, "reply"))
	require.NoError(t, err)
	return request, response
}

// Tokens by ECDSA and RSA that openssl makes are accepted; altered in any byte they are refused.
func TestTimestampsOfOpenSSL(t *testing.T) {
	for _, test := range []struct{ name, algorithm, option, digest string }{
		{"P-256", "EC", "ec_paramgen_curve:P-256", "sha256"},
		{"P-384", "EC", "ec_paramgen_curve:P-384", "sha384"},
		{"P-521", "EC", "ec_paramgen_curve:P-521", "sha512"},
		{"RSA", "RSA", "rsa_keygen_bits:2048", "sha256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newForeignTSA(t, test.algorithm, test.option)
			request, response := f.ask(t, test.digest)
			asked, err := tsp.ParseRequest(request)
			require.NoError(t, err)
			token, err := pki.ParseTimestampResponse(response)
			require.NoError(t, err)
			digest, err := token.DigestOf(stamped)
			require.NoError(t, err)
			o := pki.TimestampOptions{
				Digest: digest, At: token.GenTime.Add(time.Second), Nonce: asked.Nonce, MaxAccuracy: 2 * time.Second,
				Chain: pki.ChainOptions{Anchors: f.anchors},
			}
			v, err := token.Verify(o)
			require.NoError(t, err)
			require.Equal(t, 1500*time.Millisecond, v.Accuracy)
			require.Empty(t, v.Tolerances)
			step := 1
			if testing.Short() {
				step = 11
			}
			for i := 0; i < len(token.Raw); i += step {
				altered := slices.Clone(token.Raw)
				altered[i] ^= 1
				if again, err := pki.ParseTimestamp(altered); err == nil {
					_, err = again.Verify(o)
					require.Error(t, err, "octet %d", i)
				}
			}
		})
	}
}
