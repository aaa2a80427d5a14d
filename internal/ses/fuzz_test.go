package ses_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ses"
)

// Whatever is read without a tolerance is written again with the same bytes; what is refused leaves nothing.
func FuzzParseSeal(f *testing.F) {
	f.Add(makeSeal(f, newSeal(ses.V4)))
	f.Add(makeSeal(f, newSeal(ses.V1)))
	digests := newSeal(ses.V4)
	digests.Certificates, digests.Digests = nil, []ses.CertDigest{{Type: "SM3", Value: make([]byte, 32)}}
	f.Add(makeSeal(f, digests))
	if os.Getenv("ELICENSE_TESTDATA") != "" {
		for _, s := range foreignSeals {
			f.Add(foreignFile(f, s.file))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := ses.ParseSeal(der)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.Equal(t, der, s.Raw)
		require.NotEmpty(t, s.SignedBytes())
		if s.Version == ses.V4 {
			require.True(t, bytes.Contains(der, s.SignedBytes()))
		}
		if s.Version != ses.V4 || s.Tolerances != 0 || len(s.Extensions) > 0 {
			return
		}
		d, err := ses.NewSealDraft(s)
		if err != nil {
			return
		}
		if again, err := d.Seal(s.Signature); err == nil {
			require.Equal(t, der, again)
		}
	})
}

func FuzzParseSignature(f *testing.F) {
	v4, v1 := makeSeal(f, newSeal(ses.V4)), makeSeal(f, newSeal(ses.V1))
	f.Add(makeSignature(f, newSignature(f, v4), nil))
	f.Add(makeSignature(f, newSignature(f, v4), someToken))
	f.Add(makeSignature(f, newSignature(f, v1), nil))
	if os.Getenv("ELICENSE_TESTDATA") != "" {
		for _, s := range foreignSignatures {
			f.Add(foreignFile(f, s.file))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := ses.ParseSignature(der)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.Equal(t, der, s.Raw)
		require.True(t, bytes.Contains(der, s.SignedBytes()))
		seal, err := ses.ParseSeal(s.Seal.Raw)
		require.NoError(t, err)
		require.Equal(t, seal, s.Seal)
		require.Equal(t, s.Tolerances&seal.Tolerances, seal.Tolerances)
		_, _ = ses.PropertyPath(s.Property)
		d, err := ses.NewSignatureDraft(s)
		if err != nil || s.Tolerances != 0 || s.Version != ses.V4 {
			return
		}
		if again, err := d.Signature(s.Value, s.TimeStamp); err == nil {
			require.Equal(t, der, again)
		}
	})
}
