package stepca_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/stepca"
)

// stranger is a verifier that shares no code with us, on files of its own.
type stranger struct {
	openssl string
	dir     string
}

func newStranger(t *testing.T) stranger {
	t.Helper()
	tools := os.Getenv("ELICENSE_CHECKERS_DIR")
	if tools == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no independent programs to check against")
	}
	return stranger{filepath.Join(tools, "gmopenssl"), t.TempDir()}
}

func (s stranger) file(t *testing.T, name, kind string, ders ...[]byte) string {
	t.Helper()
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// accepts has it verify a certificate for a server's name up to the root, with the list of revoked ones.
func (s stranger) accepts(t *testing.T, w *world, leaf, issuer, crl []byte) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), s.openssl, "verify", "-x509_strict", "-purpose", "sslserver",
		"-verify_hostname", service, "-CAfile", s.file(t, "root.pem", "CERTIFICATE", w.config.Roots[0].Raw),
		"-untrusted", s.file(t, "sub.pem", "CERTIFICATE", issuer), "-crl_check",
		"-CRLfile", s.file(t, "a.crl", "X509 CRL", crl), s.file(t, "leaf.pem", "CERTIFICATE", leaf)).CombinedOutput()
	t.Logf("%s", bytes.TrimSpace(out))
	return err == nil
}

// Row A55: what is issued here passes with a stranger, and with any octet changed it does not.
func TestStrangerAccepts_A55(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	w := newWorld(t)
	chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: csrOf(t, ecKey(t), service, service)})
	require.NoError(t, err)
	renewed, err := w.authority.Renew(t.Context(), chain[0])
	require.NoError(t, err)
	crl, err := w.authority.CRL(t.Context())
	require.NoError(t, err)
	leaf, issuer := chain[0].Raw, chain[1].Raw
	require.True(t, s.accepts(t, w, leaf, issuer, crl))
	require.True(t, s.accepts(t, w, renewed[0].Raw, issuer, crl))

	steps := 24
	if testing.Short() {
		steps = 4
	}
	for i := range steps {
		for name, der := range map[string][]byte{"certificate": leaf, "CRL": crl} {
			changed := bytes.Clone(der)
			changed[len(der)*i/steps] ^= 1
			if name == "CRL" {
				require.False(t, s.accepts(t, w, leaf, issuer, changed), "%s, octet %d", name, len(der)*i/steps)
			} else {
				require.False(t, s.accepts(t, w, changed, issuer, crl), "%s, octet %d", name, len(der)*i/steps)
			}
		}
	}

	w = newWorld(t)
	revoked, _ := w.leaf(t)
	require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: revoked.SerialNumber, ReasonCode: 1}))
	crl, err = w.authority.CRL(t.Context())
	require.NoError(t, err)
	require.False(t, s.accepts(t, w, revoked.Raw, w.config.Chain[0].Raw, crl))
	list, err := x509.ParseRevocationList(crl)
	require.NoError(t, err)
	require.Len(t, list.RevokedCertificateEntries, 1)
}
