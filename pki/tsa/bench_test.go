package tsa_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

// BenchmarkToken is a whole answer, from the bytes of a request to those of the response, against one bare SM2 signature
// in the same run: of-bare is how many tokens are made in the time of one signature. Tokens are verified before they
// leave; the second form leaves that out.
func BenchmarkToken(b *testing.B) {
	for _, unchecked := range []bool{false, true} {
		b.Run(map[bool]string{false: "verified", true: "unverified"}[unchecked], func(b *testing.B) {
			w := newWorld(b)
			w.config.SkipSignatureCheckUnsafe = unchecked
			a := w.open(b)
			request := query(b, document)
			ctx := context.Background()
			b.ReportAllocs()
			started := time.Now()
			for b.Loop() {
				a.Answer(ctx, request)
				w.clocks.pass(time.Millisecond) // a lease for every second
			}
			ours := time.Since(started) / time.Duration(b.N)
			b.ReportMetric(float64(time.Second)/float64(ours), "tokens/s")
			b.ReportMetric(float64(bareSignature(b, w))/float64(ours), "of-bare")
		})
	}
}

// bareSignature is the time of one signature over a message as long as the signed attributes of a token.
func bareSignature(b *testing.B, w *world) time.Duration {
	b.Helper()
	public, err := pki.PublicKeyOf(w.signer.key.Public())
	require.NoError(b, err)
	message := make([]byte, 250)
	const rounds = 5000
	started := time.Now()
	for range rounds {
		if _, err := public.Sign(rand.Reader, w.signer.key, message); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started) / rounds
}

// BenchmarkVerifyToken is the judgement of a token with its chain of two certificates.
func BenchmarkVerifyToken(b *testing.B) {
	w := newWorld(b)
	token, err := pki.ParseTimestampResponse(w.open(b).Answer(context.Background(), query(b, document)))
	require.NoError(b, err)
	anchors, err := pki.NewAnchors(w.root.Certificate)
	require.NoError(b, err)
	o := pki.TimestampOptions{Digest: token.Digest, At: noon, Chain: pki.ChainOptions{Anchors: anchors}}
	b.ReportAllocs()
	for b.Loop() {
		t, err := pki.ParseTimestamp(token.Raw)
		if err == nil {
			_, err = t.Verify(o)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
