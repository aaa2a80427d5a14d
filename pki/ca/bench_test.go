package ca_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// pair is one write as it reached the bare engine; a nil value is a removal.
type pair struct{ key, value []byte }

// recorder passes everything on and keeps the writes of each committed closure while it records.
type recorder struct {
	inner engine.Engine
	on    atomic.Bool
	mu    sync.Mutex
	pairs []pair
}

// View implements engine.Engine.
func (r *recorder) View(ctx context.Context, fn func(engine.Reader) error) error {
	return r.inner.View(ctx, fn)
}

// Update implements engine.Engine.
func (r *recorder) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if !r.on.Load() {
		return r.inner.Update(ctx, fn)
	}
	var log *writeLog
	err := r.inner.Update(ctx, func(w engine.Writer) error {
		log = &writeLog{Writer: w}
		return fn(log)
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pairs = append(r.pairs, log.pairs...)
	}
	return err
}

type writeLog struct {
	engine.Writer
	pairs []pair
}

func (l *writeLog) keep(key, value []byte) {
	l.pairs = append(l.pairs, pair{append([]byte(nil), key...), append([]byte{}, value...)})
}

// Put implements engine.Writer.
func (l *writeLog) Put(key, value []byte) error {
	l.keep(key, value)
	return l.Writer.Put(key, value)
}

// Create implements engine.Writer.
func (l *writeLog) Create(key, value []byte) error {
	l.keep(key, value)
	return l.Writer.Create(key, value)
}

// benchOffice is an office on the default engine, sealed.
func benchOffice(b *testing.B) (*office, *recorder, *badger.Engine) {
	b.Helper()
	bare := openBare(b, b.TempDir())
	log := &recorder{inner: bare}
	keys, err := sealed.CreateKeyring(b.Context(), log, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	o := openOffice(b, openSealed(b, log, keys), func(c *ca.RegisterConfig) {
		c.Tokens = keys
		c.Policy.Approvals = map[string]int{ca.ProfilePerson: 0, ca.ProfileServer: 0}
	})
	return o, log, bare
}

func openBare(b *testing.B, dir string) *badger.Engine {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: dir})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, bare.Close()) })
	return bare
}

func openSealed(b *testing.B, inner engine.Engine, keys *sealed.Keyring) engine.Engine {
	b.Helper()
	store, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	return store
}

// callers runs do n times by so many callers at once.
func callers(b *testing.B, many, n int, do func(i int) error) time.Duration {
	b.Helper()
	var next atomic.Int64
	var wait sync.WaitGroup
	started := time.Now()
	for range many {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return time.Since(started)
}

// BenchmarkIssue is the goal of issuing at 64 callers: request parsed and checked, certificate drafted, linted, signed,
// verified, and durable with its rows and audit entry, sealed; against the bare check of the same requests, bare
// signatures and this run's own writes given to the bare engine.
func BenchmarkIssue(b *testing.B) {
	o, log, bare := benchOffice(b)
	enrolments := make([]ca.Enrolment, b.N)
	for i := range enrolments {
		enrolments[i] = o.enrolment(ca.ProfilePerson)
		enrolments[i].Twin = false
	}
	ctx := b.Context()
	log.on.Store(true)
	b.ResetTimer()
	ours := callers(b, 64, b.N, func(i int) error {
		_, err := o.register.Enrol(ctx, window, ca.ApplicationID{}, enrolments[i])
		return err
	})
	b.StopTimer()
	log.on.Store(false)
	own, err := pki.PublicKeyOf(o.key.Public())
	require.NoError(b, err)
	message := make([]byte, 800) // as long as a TBSCertificate
	each := (len(log.pairs) + b.N - 1) / b.N
	least := callers(b, 64, b.N, func(i int) error {
		if _, err := ca.ParseRequest(enrolments[i].CSR); err != nil {
			return err
		}
		if _, err := own.Sign(rand.Reader, o.key, message); err != nil {
			return err
		}
		return bare.Update(ctx, func(w engine.Writer) error {
			for _, p := range log.pairs[min(i*each, len(log.pairs)):min((i+1)*each, len(log.pairs))] {
				if err := w.Put(p.key, p.value); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.ReportMetric(float64(b.N)/ours.Seconds(), "certificates/s")
	b.ReportMetric(float64(len(log.pairs))/float64(b.N), "puts/certificate")
	b.ReportMetric(least.Seconds()/ours.Seconds(), "of-bare")
}

// revokedMany is how many revoked certificates are many: ELICENSE_BENCH_REVOKED, or few.
func revokedMany() int {
	if n, err := strconv.Atoi(os.Getenv("ELICENSE_BENCH_REVOKED")); err == nil {
		return n
	}
	return 20_000
}

// BenchmarkRegisterRevoke is the register's part of revoking: one certificate among many revoked costs what it costs among a thousand,
// and so does what its shard's CRL and the delta have to read. Both registers take turns, so that whatever else the
// machine does falls on both; medians are compared.
func BenchmarkRegisterRevoke(b *testing.B) {
	few, many := revokedOffice(b, 1000), revokedOffice(b, revokedMany())
	b.ResetTimer()
	for range b.N {
		few.revokeNext(b)
		many.revokeNext(b)
	}
	b.StopTimer()
	b.ReportMetric(few.median(few.revoking), "µs-among-1000")
	b.ReportMetric(many.median(many.revoking), "µs-among-many")
	b.ReportMetric(many.median(many.revoking)/few.median(few.revoking), "many/few")
	b.ReportMetric(many.median(many.reading)/few.median(few.reading), "reading-many/few")
}

// revoked is an office with certificates to revoke.
type revoked struct {
	*office
	ids               []ca.CertificateID
	revoking, reading []time.Duration
}

// revokedOffice has so many revoked certificates and b.N that are not. Its engine is closed and opened before it is
// measured, so that what the engine still does with what was filled in is done.
func revokedOffice(b *testing.B, n int) *revoked {
	b.Helper()
	dir := b.TempDir()
	bare, err := badger.Open(badger.Config{Dir: dir})
	require.NoError(b, err)
	keys, err := sealed.CreateKeyring(b.Context(), bare, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	o := openOffice(b, openSealed(b, bare, keys), func(c *ca.RegisterConfig) {
		c.Tokens = keys
		c.Policy.Approvals = map[string]int{ca.ProfileServer: 0}
	})
	require.NoError(b, ca.FillRevoked(b.Context(), o.engine, o.issuing.KeyID(), n))
	r := &revoked{office: o}
	for range b.N {
		c, err := o.register.Enrol(b.Context(), window, ca.ApplicationID{}, o.plainServer())
		require.NoError(b, err)
		r.ids = append(r.ids, c.Certificate.ID)
	}
	require.NoError(b, bare.Close())
	o.config.Engine = openSealed(b, openBare(b, dir), keys)
	o.reopen()
	return r
}

func (r *revoked) revokeNext(b *testing.B) {
	b.Helper()
	const shard = 1 << 31 // where nothing else is
	id := r.ids[len(r.revoking)]
	started := time.Now()
	status, err := r.register.Revoke(b.Context(), revoker, id, pki.CauseSuperseded, "x")
	if err != nil {
		b.Fatal(err)
	}
	r.revoking = append(r.revoking, time.Since(started))
	started = time.Now()
	if _, _, err := r.register.RevokedInShard(b.Context(), id.Issuer, shard); err != nil {
		b.Fatal(err)
	}
	if _, _, err := r.register.ChangedSince(b.Context(), id.Issuer, status.Sequence-1, 10); err != nil {
		b.Fatal(err)
	}
	r.reading = append(r.reading, time.Since(started))
}

// median is in microseconds.
func (r *revoked) median(list []time.Duration) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2].Seconds() * 1e6
}
