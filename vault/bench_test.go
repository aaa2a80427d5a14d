package vault_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// benchLicences is how many licences the vault of the look-up goals holds: ELICENSE_BENCH_LICENCES, or few.
func benchLicences() int {
	if n, err := strconv.Atoi(os.Getenv("ELICENSE_BENCH_LICENCES")); err == nil {
		return n
	}
	return 2000
}

// bench is a world on the default engine, sealed, whose reads and writes can be logged.
type bench struct {
	*world

	bare *badger.Engine
	log  *opLog
	ids  []string
}

func newBench(b *testing.B) *bench {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, bare.Close()) })
	log := &opLog{inner: bare}
	keys, err := sealed.CreateKeyring(b.Context(), log, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	store, err := sealed.Open(sealed.Config{Inner: log, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	return &bench{world: newWorldOn(b, store), bare: bare, log: log}
}

// fill converts n licences of as many firms and opens their batch.
func (w *bench) fill(b *testing.B, n int) {
	b.Helper()
	batch, err := w.v.OpenBatch(b.Context(), department(0), vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte(strconv.Itoa(n))), FileName: "bench.csv",
	})
	require.NoError(b, err)
	for group := 0; group*batch.GroupRows() < n; group++ {
		var rows []vault.BatchRow
		for k := group * batch.GroupRows(); k < min((group+1)*batch.GroupRows(), n); k++ {
			rows = append(rows, vault.BatchRow{Row: k + 1, Draft: w.draft(b, batch, k)})
		}
		prepared, err := batch.Prepare(b.Context(), group, rows)
		require.NoError(b, err)
		results, err := batch.Commit(b.Context(), prepared)
		require.NoError(b, err)
		for _, r := range results {
			require.Equal(b, vault.RowCreated, r.Outcome)
			w.ids = append(w.ids, r.Identifier)
		}
	}
	account, err := batch.Finish(b.Context(), nil)
	require.NoError(b, err)
	_, err = w.v.SignOffBatch(b.Context(), department(0), account.ID, vault.SignOff{By: "示例", Sampled: 1})
	require.NoError(b, err)
}

func (w *bench) draft(b *testing.B, batch *vault.Batch, k int) *vault.Checked {
	b.Helper()
	dep := fixtures.Departments()[0]
	req := w.complete(food("", fmt.Sprintf("JY1350102%07d", k)))
	req.Values["CZZTDM"] = firm(k)
	req.Values["ZZBFJG"], req.Values["ZZBFJGDM"], req.Values["ZZMC"] = dep.Name, dep.Code, "食品经营许可证"
	today := record.DateOf(w.now)
	row, _, problems := batch.Type().Normalise(req.Values, today)
	require.Empty(b, problems)
	src := &record.Source{File: record.Sum([]byte("x")), Row: k + 1, Batch: batch.Account().ID}
	c, problems := batch.Type().Check(vault.Draft{Row: row, Issuer: dep.Code, Source: src}, dep.Name, today, true)
	require.Empty(b, problems)
	return c
}

// BenchmarkLookup is the goal of look-ups: the read alone against bare gets of the same bytes in the same run.
func BenchmarkLookup(b *testing.B) {
	w := newBench(b)
	n := benchLicences()
	w.fill(b, n)
	order := mathrand.New(mathrand.NewPCG(1, 2))
	b.Run("identifier", func(b *testing.B) {
		w.lookups(b, func() vault.Query { return vault.Query{Identifier: w.ids[order.IntN(n)]} })
	})
	b.Run("holder", func(b *testing.B) {
		w.lookups(b, func() vault.Query {
			return vault.Query{HolderKind: "001", HolderCode: firm(order.IntN(n))}
		})
	})
}

func (w *bench) lookups(b *testing.B, query func() vault.Query) {
	b.Helper()
	queries := make([]vault.Query, b.N)
	for i := range queries {
		queries[i] = query()
	}
	w.log.reads = true
	for i := range queries { // once, to know what is read and to warm what can be warm for both
		res, err := w.v.FindOnly(b.Context(), byLaw(), queries[i])
		require.NoError(b, err)
		require.Len(b, res.Found, 1)
	}
	w.log.reads = false
	keys := w.log.takeReads()
	b.ResetTimer()
	started := time.Now()
	for i := range queries {
		if _, err := w.v.FindOnly(b.Context(), byLaw(), queries[i]); err != nil {
			b.Fatal(err)
		}
	}
	ours := time.Since(started)
	b.StopTimer()
	started = time.Now()
	for i := range keys {
		if err := get(b.Context(), w.bare, keys[i]); err != nil {
			b.Fatal(err)
		}
	}
	bare := time.Since(started)
	b.ReportMetric(ours.Seconds()*1e6/float64(b.N), "µs/lookup")
	b.ReportMetric(bare.Seconds()*1e6/float64(b.N), "bare-µs/lookup")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-bare")
}

// get reads the keys of one transaction.
func get(ctx context.Context, e engine.Engine, keys [][]byte) error {
	return e.View(ctx, func(r engine.Reader) error {
		for _, k := range keys {
			if _, err := r.Get(k); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkAudited is the goal of look-ups with their durable audit entry at 64 callers: against the same entries
// written bare. The floor is the least that any look-up must do: the bare gets of its bytes, then its entry.
func BenchmarkAudited(b *testing.B) {
	w := newBench(b)
	w.fill(b, benchLicences())
	w.log.writes = true
	b.ResetTimer()
	ours := callers(b, 64, func(ctx context.Context, i int) error {
		_, err := w.v.Lookup(ctx, byLaw(), vault.Query{Identifier: w.ids[i%len(w.ids)]})
		return err
	})
	b.StopTimer()
	w.log.writes = false
	groups := entries(w.log.takeWrites())
	require.Len(b, groups, b.N)
	bare := w.replay(b, groups, nil)
	reads := w.readsOf(b)
	floor := w.replay(b, groups, func(i int) error { return get(b.Context(), w.bare, reads[i%len(reads)]) })
	b.ReportMetric(ours.rate(b.N), "lookups/s")
	b.ReportMetric(ours.each(b.N), "cpu-µs/lookup")
	b.ReportMetric(bare.each(b.N), "bare-cpu-µs/entry")
	b.ReportMetric(bare.wall.Seconds()/ours.wall.Seconds(), "of-bare")
	b.ReportMetric(bare.wall.Seconds()/floor.wall.Seconds(), "floor-of-bare")
}

// BenchmarkTraced is the cost of the id of a message (A91): audited look-ups at 64 callers that bear one, each another,
// against the same without, in turns.
func BenchmarkTraced(b *testing.B) {
	w := newBench(b)
	w.fill(b, benchLicences())
	look := func(message func(i int) string) cost {
		return callers(b, 64, func(ctx context.Context, i int) error {
			a := byLaw()
			a.Message = message(i)
			_, err := w.v.Lookup(ctx, a, vault.Query{Identifier: w.ids[i%len(w.ids)]})
			return err
		})
	}
	b.ResetTimer()
	var without, with time.Duration
	for turn := range 4 {
		without += look(func(int) string { return "" }).wall
		with += look(func(i int) string { return fmt.Sprintf("%08x%024x", turn+1, i+1) }).wall
	}
	b.StopTimer()
	b.ReportMetric(float64(4*b.N)/with.Seconds(), "lookups/s")
	b.ReportMetric(without.Seconds()/with.Seconds(), "of-untraced")
}

// readsOf gives what look-ups by identifier read, one after the other.
func (w *bench) readsOf(b *testing.B) [][][]byte {
	b.Helper()
	w.log.reads = true
	defer func() { w.log.reads = false }()
	for _, id := range w.ids[:min(len(w.ids), 2000)] {
		_, err := w.v.FindOnly(b.Context(), byLaw(), vault.Query{Identifier: id})
		require.NoError(b, err)
	}
	return w.log.takeReads()
}

// entries takes logged transactions apart into one for each audit entry: the entry, by whom holders find it, and the
// chain's end.
func entries(groups [][]op) [][]op {
	var out [][]op
	for _, g := range groups {
		end := g[len(g)-1]
		from := len(out)
		for _, o := range g[:len(g)-1] {
			if o.key[0] == 'a' {
				out = append(out, nil)
			}
			out[len(out)-1] = append(out[len(out)-1], o)
		}
		for i := from; i < len(out); i++ {
			out[i] = append(out[i], end)
		}
	}
	return out
}

// acts takes logged transactions of issuing apart into one for each licence.
func acts(groups [][]op, n int) [][]op {
	var all []op
	for _, g := range groups {
		all = append(all, g...)
	}
	out := make([][]op, 0, n)
	for each := (len(all) + n - 1) / n; len(all) > 0; all = all[min(each, len(all)):] {
		out = append(out, all[:min(each, len(all))])
	}
	return out
}

// BenchmarkIssue is the goal of issuing with a durable commit: 64 callers against one, and against the same writes
// folded bare. The floor is the least that any issue must do: one bare signature, then its writes.
func BenchmarkIssue(b *testing.B) {
	w := newBench(b)
	template := w.complete(food("", "")).Values
	var next atomic.Int64
	issue := func(ctx context.Context, _ int) error {
		n := int(next.Add(1))
		req := vault.Request{
			Key:    strconv.Itoa(n),
			Type:   foodType,
			Paper:  "P" + strconv.Itoa(n),
			Values: map[string]string{},
		}
		for k, v := range template {
			req.Values[k] = v
		}
		req.Values["ZZBH"], req.Values["CZZTDM"] = fmt.Sprintf("JY1350102%07d", n), firm(n)
		_, err := w.v.Issue(ctx, department(0), req)
		return err
	}
	one := callers(b, 1, issue)
	w.log.writes = true
	b.ResetTimer()
	many := callers(b, 64, issue)
	b.StopTimer()
	w.log.writes = false
	groups := acts(w.log.takeWrites(), b.N)
	bare := w.replay(b, groups, nil)
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(b, err)
	floor := w.replay(b, groups, func(int) error {
		_, err := key.Sign(rand.Reader, make([]byte, 32), nil)
		return err
	})
	b.ReportMetric(many.rate(b.N), "issued/s")
	b.ReportMetric(many.each(b.N), "cpu-µs/licence")
	b.ReportMetric(bare.each(b.N), "bare-cpu-µs/licence")
	b.ReportMetric(one.wall.Seconds()/many.wall.Seconds(), "of-one-caller")
	b.ReportMetric(bare.wall.Seconds()/many.wall.Seconds(), "of-bare")
	b.ReportMetric(bare.wall.Seconds()/floor.wall.Seconds(), "floor-of-bare")
}

// cost is what a run took: by the clock, and of the processors in user and system mode.
type cost struct{ wall, cpu time.Duration }

// each is the cost of one of n in microseconds of processor time.
func (c cost) each(n int) float64 { return c.cpu.Seconds() * 1e6 / float64(n) }

func (c cost) rate(n int) float64 { return float64(n) / c.wall.Seconds() }

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// callers runs fn b.N times on n goroutines.
func callers(b *testing.B, n int, fn func(context.Context, int) error) cost {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	runtime.GC()
	before, started := processorTime(b), time.Now()
	for range n {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				if err := fn(b.Context(), i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return cost{time.Since(started), processorTime(b) - before}
}

// replay writes logged transactions into a fresh bare engine, on 64 goroutines; before each it does what first does, if anything.
func (w *bench) replay(b *testing.B, groups [][]op, first func(i int) error) cost {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	defer func() { require.NoError(b, bare.Close()) }()
	return callers(b, 64, func(ctx context.Context, i int) error {
		if i >= len(groups) {
			return nil
		}
		if first != nil {
			if err := first(i); err != nil {
				return err
			}
		}
		return bare.Update(ctx, func(wr engine.Writer) error {
			for _, o := range groups[i] {
				if err := o.apply(wr); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// op is one write as it reached the bare engine; without a value it is a removal.
type op struct {
	key, value []byte
	remove     bool
}

func (o op) apply(w engine.Writer) error {
	if o.remove {
		return w.Delete(o.key)
	}
	return w.Put(o.key, o.value)
}

// opLog passes everything on and logs reads or writes by transaction when told to.
type opLog struct {
	inner engine.Engine

	mu            sync.Mutex
	reads, writes bool
	read          [][][]byte
	written       [][]op
}

var _ engine.Engine = (*opLog)(nil)

func (l *opLog) takeReads() [][][]byte { defer func() { l.read = nil }(); return l.read }

func (l *opLog) takeWrites() [][]op { defer func() { l.written = nil }(); return l.written }

func (l *opLog) View(ctx context.Context, fn func(engine.Reader) error) error {
	if !l.reads {
		return l.inner.View(ctx, fn)
	}
	return l.inner.View(ctx, func(r engine.Reader) error {
		rl := &readLog{Reader: r}
		err := fn(rl)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.read = append(l.read, rl.keys)
		return err
	})
}

func (l *opLog) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if !l.writes {
		return l.inner.Update(ctx, fn)
	}
	var wl *writeLog
	err := l.inner.Update(ctx, func(w engine.Writer) error {
		wl = &writeLog{Writer: w}
		return fn(wl)
	})
	if err == nil {
		l.mu.Lock()
		l.written = append(l.written, wl.ops)
		l.mu.Unlock()
	}
	return err
}

type readLog struct {
	engine.Reader

	keys [][]byte
}

// Get logs the keys that are there: the goal is about the bytes that are read.
func (l *readLog) Get(key []byte) ([]byte, error) {
	value, err := l.Reader.Get(key)
	if err == nil {
		l.keys = append(l.keys, append([]byte(nil), key...))
	}
	return value, err
}

// Scan logs the keys that are visited, for the same reason.
func (l *readLog) Scan(r engine.Range, visit func(key, value []byte) (bool, error)) error {
	return l.Reader.Scan(r, func(key, value []byte) (bool, error) {
		l.keys = append(l.keys, append([]byte(nil), key...))
		return visit(key, value)
	})
}

type writeLog struct {
	engine.Writer

	ops []op
}

func (l *writeLog) keep(key, value []byte) {
	l.ops = append(l.ops, op{append([]byte(nil), key...), append([]byte(nil), value...), false})
}

func (l *writeLog) Put(key, value []byte) error {
	l.keep(key, value)
	return l.Writer.Put(key, value)
}

func (l *writeLog) Create(key, value []byte) error {
	l.keep(key, value)
	return l.Writer.Create(key, value)
}

func (l *writeLog) Delete(key []byte) error {
	l.ops = append(l.ops, op{append([]byte(nil), key...), nil, true})
	return l.Writer.Delete(key)
}
