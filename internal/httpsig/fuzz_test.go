package httpsig_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/httpsig"
)

// FuzzParseSignatures: what is read can be written again and means the same, and what was received is kept; what is
// refused gives nothing.
func FuzzParseSignatures(f *testing.F) {
	f.Add(`a=("@method" "date");created=1;expires=2;nonce="n\"\\";alg="x";keyid="k";tag="t", b=()`, "b=:AQ==: ,\t a=:Ag==:")
	f.Add(`a=("@query-param";name="x")`, "a=:AA==:")
	f.Add(`sig=("@path");tag="x";created=1618884473`, "sig=:AQ==:")
	f.Fuzz(func(t *testing.T, input, value string) {
		list, err := httpsig.ParseSignatures([]string{input}, []string{value})
		if err != nil {
			require.Nil(t, list)
			return
		}
		require.LessOrEqual(t, len(list), httpsig.MaxSignatures)
		for i := range list {
			s := &list[i]
			require.Contains(t, input, s.Input)
			again, err := httpsig.ParseSignatures([]string{s.Label + "=" + s.Input}, []string{s.Label + "=:AA==:"})
			require.NoError(t, err, "what was kept reads as it did")
			require.Equal(t, s.Params, again[0].Params)
			text, err := s.Params.Input()
			require.NoError(t, err)
			require.Len(t, text, len(s.Input), "only the order of parameters may differ")
			again, err = httpsig.ParseSignatures([]string{s.Label + "=" + text}, []string{s.Label + "=:AA==:"})
			require.NoError(t, err)
			require.Equal(t, s.Params, again[0].Params)
		}
	})
}

// FuzzBase: a message's values never add a line to the text that is signed.
func FuzzBase(f *testing.F) {
	f.Add("GET", "example.com", "/a", "b=c", "value")
	f.Add("GET\n", "h:443", "", "", "a\r\n b")
	f.Fuzz(func(t *testing.T, method, authority, path, query, value string) {
		s, err := httpsig.ParseSignatures(
			[]string{`a=("@method" "@authority" "@path" "@query" "@target-uri" "x")`}, []string{"a=:AA==:"})
		require.NoError(t, err)
		base, err := s[0].Base(&httpsig.Message{
			Method: method, Scheme: "https", Authority: authority, Path: path, Query: query, HasQuery: query != "",
			Field: func(string) []string { return []string{value} },
		})
		if err != nil {
			require.Nil(t, base)
			return
		}
		lines := 1
		for _, b := range base {
			require.Less(t, b, byte(0x7f))
			if b == '\n' {
				lines++
			}
		}
		require.Equal(t, 7, lines)
	})
}

// FuzzParseDigest: what is read is written as one digest that reads the same.
func FuzzParseDigest(f *testing.F) {
	f.Add("sha-256=:AAAA:, sm3=:ZsfwRi7u7dnxdGvs5OoUIBdfBsXGZ6+9hgRpmr0J4tA=:")
	f.Fuzz(func(t *testing.T, text string) {
		sum, err := httpsig.ParseDigest([]string{text})
		if err != nil {
			require.Zero(t, sum)
			return
		}
		again, err := httpsig.ParseDigest([]string{httpsig.Digest(sum)})
		require.NoError(t, err)
		require.Equal(t, sum, again)
	})
}
