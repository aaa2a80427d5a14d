package tsa_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

// checkers are programs that share no code with this project: openssl, and Bouncy Castle behind bccheck.
type checkers struct {
	tools, directory string
	root             string // PEM of who is trusted
	data             string // what was stamped
}

func newCheckers(t *testing.T, root *pki.Certificate) checkers {
	t.Helper()
	tools := os.Getenv("ELICENSE_CHECKERS_DIR")
	if tools == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no independent programs to check against")
	}
	c := checkers{tools: tools, directory: t.TempDir()}
	c.root = c.file(t, "root.pem", pki.AppendPEM(nil, root))
	c.data = c.file(t, "data", document)
	return c
}

func (c checkers) file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(c.directory, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func (c checkers) run(t *testing.T, tool string, args ...string) error {
	t.Helper()
	if tool != "openssl" {
		tool = filepath.Join(c.tools, tool)
	}
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, out)
	}
	return nil
}

// openssl takes the token out of a response, verifies signature, chain and purpose, and gives the TSTInfo.
func (c checkers) openssl(t *testing.T, response []byte) ([]byte, error) {
	t.Helper()
	token, info := filepath.Join(c.directory, "token.der"), filepath.Join(c.directory, "info.der")
	if err := c.run(t, "openssl", "ts", "-reply", "-in", c.file(t, "r.tsr", response), "-token_out", "-out", token); err != nil {
		return nil, err
	}
	if err := c.run(t, "gmopenssl", "cms", "-verify", "-in", token, "-inform", "DER", "-CAfile", c.root,
		"-purpose", "timestampsign", "-out", info); err != nil {
		return nil, err
	}
	return os.ReadFile(info)
}

func (c checkers) bouncyCastle(t *testing.T, response []byte) error {
	t.Helper()
	return c.run(t, "bccheck", "tsp", c.file(t, "r.tsr", response), "--ca", c.root, "--data", c.data)
}

func interopWorld(t *testing.T) (*world, checkers) {
	t.Helper()
	w := newWorld(t)
	w.config.Chain = w.config.Chain[:1]
	return w, newCheckers(t, w.root.Certificate)
}

// Our tokens are accepted by programs of others.
func TestOthersAcceptOurTokens(t *testing.T) {
	w, c := interopWorld(t)
	a := w.open(t)
	for range 3 {
		w.clocks.pass(123_400_000) // times with and without fraction
		response := a.Answer(t.Context(), query(t, document))
		v := w.judge(t, response, document)
		info, err := c.openssl(t, response)
		require.NoError(t, err)
		parsed, err := tsp.ParseInfo(info)
		require.NoError(t, err)
		require.Equal(t, v.GenTime, parsed.GenTime)
		require.NoError(t, c.bouncyCastle(t, response))
	}
	refused := a.Answer(t.Context(), nil)
	_, err := c.openssl(t, refused)
	require.Error(t, err)
	require.Error(t, c.bouncyCastle(t, refused))
}

// leaf is one primitive element of a DER structure.
type leaf struct {
	path     string // numbers of the elements that lead to it
	from, to int    // its contents
}

func leaves(t *testing.T, der []byte, path string, base int) []leaf {
	t.Helper()
	var out []leaf
	rest := cryptobyte.String(der)
	for n := 0; !rest.Empty(); n++ {
		var element, contents cryptobyte.String
		var tag casn1.Tag
		at := base + len(der) - len(rest)
		require.True(t, rest.ReadAnyASN1Element(&element, &tag))
		whole := element
		require.True(t, whole.ReadAnyASN1(&contents, &tag))
		start := at + len(element) - len(contents)
		name := fmt.Sprintf("%s.%d", path, n)
		inside := tag&0x20 != 0 || tag == casn1.OCTET_STRING && isSequence(contents)
		if inside {
			out = append(out, leaves(t, contents, name, start)...)
		} else if len(contents) > 0 {
			out = append(out, leaf{name, start, start + len(contents)})
		}
	}
	return out
}

func isSequence(s cryptobyte.String) bool { return s.SkipASN1(casn1.SEQUENCE) && s.Empty() }

// Fields of a token, as the numbers that lead to them, that no signature covers, and that others do not look at.
var unsigned = []string{
	".0.1.0.0",     // version of SignedData
	".0.1.0.1.0.0", // its list of digest algorithms
	".0.1.0.4.0.0", // version of SignerInfo
}

// signatureAlgorithm of SignerInfo is protected by an attribute that openssl does not know; it takes what the key is for.
const signatureAlgorithm = ".0.1.0.4.0.4.0"

// A token altered in any field is refused by us and by the others, but for what no signature covers, which others may
// not look at and we do.
func TestOthersRefuseAlteredTokens(t *testing.T) {
	w, c := interopWorld(t)
	response := w.open(t).Answer(t.Context(), query(t, document))
	r, err := tsp.ParseResponse(response)
	require.NoError(t, err)
	fields := leaves(t, r.Token, "", 0)
	require.Greater(t, len(fields), 80)
	asked := 0
	for i, field := range fields {
		if testing.Short() && i%5 != 0 {
			continue
		}
		token := slices.Clone(r.Token)
		token[field.to-1] ^= 1
		altered, err := tsp.MarshalResponse(&tsp.Response{Token: token})
		require.NoError(t, err)
		require.False(t, w.accepts(t, altered), "we accept %s", field.path)
		if slices.Contains(unsigned, field.path) {
			continue
		}
		_, err = c.openssl(t, altered)
		require.Equal(t, field.path != signatureAlgorithm, err != nil, "openssl and %s: %v", field.path, err)
		if !testing.Short() && asksBouncyCastle(field.path) {
			asked++
			require.Error(t, c.bouncyCastle(t, altered), "bccheck accepts %s", field.path)
		}
	}
	t.Logf("%d fields, %d of them by bccheck", len(fields), asked)
}

// asksBouncyCastle picks the fields of TSTInfo and SignerInfo: a process of Java takes long.
func asksBouncyCastle(path string) bool {
	return strings.HasPrefix(path, ".0.1.0.2.") || strings.HasPrefix(path, ".0.1.0.4.")
}

func (w *world) accepts(t *testing.T, response []byte) bool {
	t.Helper()
	token, err := pki.ParseTimestampResponse(response)
	if err != nil {
		return false
	}
	anchors, err := pki.NewAnchors(w.root.Certificate)
	require.NoError(t, err)
	digest, err := token.DigestOf(document)
	if err != nil {
		return false
	}
	_, err = token.Verify(pki.TimestampOptions{
		Digest: digest, At: noon.AddDate(1, 0, 0), Nonce: []byte{0x11, 0x22}, Chain: pki.ChainOptions{Anchors: anchors},
	})
	return err == nil
}

// Tokens that Bouncy Castle makes are accepted by us, over our requests and its own; altered, they are refused.
func TestWeAcceptTokensOfOthers(t *testing.T) {
	w, c := interopWorld(t)
	key, err := smx509.MarshalPKCS8PrivateKey(w.signer.key)
	require.NoError(t, err)
	certificate := c.file(t, "tsa.pem", pki.AppendPEM(nil, w.signer.Certificate))
	keyFile := c.file(t, "tsa.p8", pemOf("PRIVATE KEY", key))
	request := c.file(t, "q.tsq", query(t, document))
	out := filepath.Join(c.directory, "foreign.tsr")
	for _, ess := range []string{"sha256", "sm3"} {
		for _, over := range [][]string{{"--data", c.data}, {"--query", request}} {
			args := append([]string{"mktsp", out, "--tsa", certificate, "--key", keyFile, "--ess", ess}, over...)
			require.NoError(t, c.run(t, "bccheck", args...))
			response, err := os.ReadFile(out)
			require.NoError(t, err)
			token, err := pki.ParseTimestampResponse(response)
			require.NoError(t, err)
			require.Empty(t, token.Tolerances)
			anchors, err := pki.NewAnchors(w.root.Certificate)
			require.NoError(t, err)
			digest, err := token.DigestOf(document)
			require.NoError(t, err)
			o := pki.TimestampOptions{Digest: digest, At: token.GenTime, Chain: pki.ChainOptions{Anchors: anchors}}
			if over[0] == "--query" {
				o.Nonce = []byte{0x11, 0x22}
			}
			_, err = token.Verify(o)
			require.NoError(t, err, "%s %v", ess, over)
			for _, field := range leaves(t, token.Raw, "", 0) {
				altered := slices.Clone(token.Raw)
				altered[field.to-1] ^= 1
				if again, err := pki.ParseTimestamp(altered); err == nil {
					_, err = again.Verify(o)
					require.Error(t, err, "%s", field.path)
				}
			}
		}
	}
}

// Answers of the authority to requests that openssl makes.
func TestWeAnswerRequestsOfOthers(t *testing.T) {
	w, c := interopWorld(t)
	a := w.open(t)
	out := filepath.Join(c.directory, "q.tsq")
	require.NoError(t, c.run(t, "openssl", "ts", "-query", "-data", c.data, "-sm3", "-cert", "-out", out))
	request, err := os.ReadFile(out)
	require.NoError(t, err)
	response := a.Answer(t.Context(), request)
	_, err = c.openssl(t, response)
	require.NoError(t, err)
	parsed, err := tsp.ParseRequest(request)
	require.NoError(t, err)
	token, err := pki.ParseTimestampResponse(response)
	require.NoError(t, err)
	require.Equal(t, parsed.Nonce, token.Nonce)
	require.NoError(t, c.run(t, "openssl", "ts", "-query", "-data", c.data, "-sha256", "-out", out))
	request, err = os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, tsp.BadAlg, failure(t, a.Answer(t.Context(), request)))
}
