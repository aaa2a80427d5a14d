package httpsig_test

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/internal/sm2sig"
)

// TestDocumentedVectors: what docs/signatures.md shows verifies, to the byte.
func TestDocumentedVectors(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/signatures.md")
	require.NoError(t, err)
	point, err := hex.DecodeString(regexp.MustCompile(`public  ([0-9a-f]{130})`).FindStringSubmatch(string(page))[1])
	require.NoError(t, err)
	public, err := sm2sig.ParsePublicKey(point)
	require.NoError(t, err)
	requests := regexp.MustCompile("(?s)```http\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	bases := regexp.MustCompile("(?s)```base\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, requests, 2)
	require.Len(t, bases, len(requests))
	for i, found := range requests {
		head, body, _ := strings.Cut(found[1], "\n\n")
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
		require.NoError(t, err)
		if body != "" {
			sum, err := httpsig.ParseDigest(r.Header.Values(httpsig.FieldDigest))
			require.NoError(t, err)
			require.Equal(t, sm3.Sum([]byte(body)), sum)
		}
		m := &httpsig.Message{Method: r.Method, Scheme: "https", Authority: r.Host, Field: r.Header.Values}
		m.Path, m.Query, m.HasQuery = strings.Cut(r.RequestURI, "?")
		list, err := httpsig.ParseSignatures(r.Header.Values(httpsig.FieldInput), r.Header.Values(httpsig.FieldSignature))
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, httpsig.KeyID([]byte("certificate")), list[0].KeyID)
		base, err := list[0].Base(m)
		require.NoError(t, err)
		require.Equal(t, bases[i][1], string(base))
		require.NoError(t, list[0].Verify(m, public))
		require.NoError(t, drain(r.Body))
	}
}

func drain(r io.ReadCloser) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
