package ca_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// benchRevoked is how many certificates are revoked in the large register: ELICENSE_BENCH_REVOKED, or few.
func benchRevoked() int {
	if n, err := strconv.Atoi(os.Getenv("ELICENSE_BENCH_REVOKED")); err == nil {
		return n
	}
	return 20_000
}

// newBenchPress is a press on the default engine with encryption at rest.
func newBenchPress(b *testing.B) *press {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, bare.Close()) })
	keys, err := sealed.CreateKeyring(b.Context(), bare, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	store, err := sealed.Open(sealed.Config{Inner: bare, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	return newPressOn(b, store)
}

// BenchmarkOCSP is the goals of OCSP below HTTP, in one run: an answer that is signed when asked against the bare
// signature (of-bare, at least 0.6), and one signed beforehand and read from the engine against that (of-live, at
// least 5).
func BenchmarkOCSP(b *testing.B) {
	const n = 2000
	p := newBenchPress(b)
	require.NoError(b, ca.SeedValid(b.Context(), p.engine, p.issuing.KeyID(), n, p.clock.now()))
	var key crypto.Signer
	o := p.responder(func(c *ca.ResponderConfig) { key = c.Key })
	_, err := o.Presign(b.Context())
	require.NoError(b, err)
	order := mathrand.New(mathrand.NewPCG(1, 2))
	requests := func(nonce []byte) [][]byte {
		out := make([][]byte, b.N)
		for i := range out {
			out[i] = p.askSerials(oid.SHA1, nonce, p.issuing.Certificate(), ca.SeededSerial(order.IntN(n)).Big())
		}
		return out
	}
	live, stored := requests(nonce), requests(nil)
	digest := make([]byte, 32)
	var bare, lively, readily time.Duration
	b.ResetTimer()
	for from := 0; from < b.N; from += 50 { // turn and turn about, so that all three meet the same neighbours
		to := min(from+50, b.N)
		bare += timeOf(func() error { return signAll(key, digest, to-from) })
		lively += timeOf(func() error { return answerAll(o, live[from:to]) })
		readily += timeOf(func() error { return answerAll(o, stored[from:to]) })
	}
	perCall := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(b.N) }
	b.ReportMetric(perCall(bare), "µs/signature")
	b.ReportMetric(perCall(lively), "µs/live")
	b.ReportMetric(perCall(readily), "µs/stored")
	b.ReportMetric(bare.Seconds()/lively.Seconds(), "of-bare")
	b.ReportMetric(lively.Seconds()/readily.Seconds(), "of-live")
}

func timeOf(work func() error) time.Duration {
	started := time.Now()
	if err := work(); err != nil {
		panic(err)
	}
	return time.Since(started)
}

func signAll(key crypto.Signer, digest []byte, n int) error {
	for range n {
		if _, err := key.Sign(rand.Reader, digest, crypto.Hash(0)); err != nil {
			return err
		}
	}
	return nil
}

func answerAll(o *ca.Responder, requests [][]byte) error {
	for _, request := range requests {
		if a := o.Answer(context.Background(), request); a.Status != pki.OCSPSuccessful {
			return fmt.Errorf("%s: %w", a.Status, a.Err)
		}
	}
	return nil
}

// BenchmarkRevoke is the goal of revocations: one certificate among a million that are revoked against one among a
// thousand, in one run, from the call to its return with the shard's CRL and the delta durable (of-small, at most 1.5).
// In the first, the two shards hold as many revoked certificates; in the second the large register's is full.
func BenchmarkRevoke(b *testing.B) {
	for _, c := range []struct {
		name  string
		inOne int // revoked certificates in the shard that the large register works on
	}{{"alike", 1000}, {"full", ca.ShardSize - 1}} {
		b.Run(c.name, func(b *testing.B) {
			shards := max(1, benchRevoked()/ca.ShardSize)
			small, large := newQueue(b, 1000), newQueue(b, shards*ca.ShardSize+c.inOne)
			var one, many time.Duration
			b.ResetTimer()
			for i := range b.N {
				one += small.revoke(b, i)
				many += large.revoke(b, i)
			}
			b.ReportMetric(one.Seconds()*1e3/float64(b.N), "ms/small")
			b.ReportMetric(many.Seconds()*1e3/float64(b.N), "ms/large")
			b.ReportMetric(many.Seconds()/one.Seconds(), "of-small")
		})
	}
}

// queue is a press with revoked certificates and b.N more that wait for it, all in one shard.
type queue struct {
	*press
	waiting []*ca.Issued
}

func newQueue(b *testing.B, revoked int) *queue {
	b.Helper()
	q := &queue{press: newBenchPress(b)}
	ctx := context.Background()
	require.NoError(b, ca.SeedRevoked(ctx, q.engine, q.issuing.KeyID(), revoked, q.clock.now()))
	q.restart()
	for i := range b.N {
		c, err := q.issuing.Issue(ca.Request{
			Profile: ca.ProfileVault, Subject: ca.Name{Organization: "示例省农业厅", CommonName: "示例省农业厅"},
			USCC: farmUSCC, PublicKey: newKey(b).Public(),
		})
		require.NoError(b, err)
		place := uint64(revoked + i%(ca.ShardSize-revoked%ca.ShardSize))
		issued, err := ca.SeedIssued(ctx, q.engine, q.issuing, place, c)
		require.NoError(b, err)
		q.waiting = append(q.waiting, issued)
	}
	_, err := q.publisher.PublishFull(ctx, q.issuing.KeyID())
	require.NoError(b, err)
	return q
}

func (q *queue) revoke(b *testing.B, i int) time.Duration {
	b.Helper()
	started := time.Now()
	_, err := q.publisher.Revoke(b.Context(), revoker, q.waiting[i].ID, pki.CauseSuperseded, "换证")
	elapsed := time.Since(started)
	require.NoError(b, err)
	return elapsed
}
