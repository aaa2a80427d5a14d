package tsp_test

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

var fixedTime = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// foreignTokens are the tokens inside the files of other makers: found by their identifiers, wherever they stand.
func foreignTokens(t *testing.T) map[string][]byte {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign tokens to read")
	}
	tokens := map[string][]byte{}
	for _, folder := range []string{
		"bc-java-tsp", "dss-cades", "dss-pades", "dss-spi", "pdfsign", "pyhanko/data/pdf", "tongsuo/test/recipes",
	} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, der := range tokensIn(text) {
				tokens[string(der)] = der
			}
			return err
		})
		require.NoError(t, err)
	}
	return tokens
}

var hexString = regexp.MustCompile(`<([0-9A-Fa-f]{1000,})>`)

func tokensIn(text []byte) [][]byte {
	var out [][]byte
	signedData := append([]byte{6, 9}, oid.SignedData...)
	for at := 0; ; {
		next := bytes.Index(text[at:], signedData)
		if next < 0 {
			break
		}
		at += next + 1
		if at < 5 {
			continue
		}
		s := cryptobyte.String(text[at-5:])
		var der cryptobyte.String
		if s.ReadASN1Element(&der, casn1.SEQUENCE) && bytes.Contains(der[:min(len(der), 160)], []byte(oid.TSTInfo)) {
			out = append(out, der)
		}
	}
	for _, m := range hexString.FindAllSubmatch(text, -1) {
		der, err := hex.DecodeString(string(m[1][:len(m[1])/2*2]))
		if err == nil {
			out = append(out, tokensIn(der)...)
		}
	}
	return out
}

// Every token that other makers wrote reads, and its TSTInfo is written again with the same bytes.
func TestForeignTokensRead(t *testing.T) {
	tokens := foreignTokens(t)
	for _, der := range tokens {
		token, err := tsp.ParseToken(der)
		require.NoError(t, err)
		require.Empty(t, token.Tolerances.Names())
		require.NotEmpty(t, token.Bindings)
		again, err := tsp.MarshalInfo(token.Info)
		require.NoError(t, err)
		require.Equal(t, token.Signed.Content, again)
	}
	t.Logf("%d tokens", len(tokens))
	require.Equal(t, 55, len(tokens))
}

func TestForeignMessagesRead(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign messages to read")
	}
	folder := filepath.Join(root, "tongsuo/test/recipes/80-test_tsa_data")
	query, err := os.ReadFile(filepath.Join(folder, "all-zero.tsq"))
	require.NoError(t, err)
	r, err := tsp.ParseRequest(query)
	require.NoError(t, err)
	again, err := tsp.MarshalRequest(r)
	require.NoError(t, err)
	require.Equal(t, query, again)

	reply, err := os.ReadFile(filepath.Join(folder, "sectigo-all-zero.tsr"))
	require.NoError(t, err)
	response, err := tsp.ParseResponse(reply)
	require.NoError(t, err)
	token, err := tsp.ParseToken(response.Token)
	require.NoError(t, err)
	require.True(t, r.Imprint.Equal(token.Info.Imprint))
}
