package bench_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// BenchmarkConvert is the goal of conversion: CSV rows in to durable, encrypted, individually signed records with
// ledger leaves, against one bare SM2 signature per row plus the run's own writes replayed into the bare engine with
// the same grouping, both on both cores; and, beyond the goal, against the same with a writer that does not wait for the
// disk between two groups. The floor is the least that any conversion must do: sign the record and not 32 bytes, take
// the digests of record and values, and write the same sealed. One op is one row. The writes are recorded in a second
// conversion of the same file, so that recording costs nobody anything.
func BenchmarkConvert(b *testing.B) {
	file, typ := ledgerFile(b, b.N)
	ours := timedConversion(b, file, typ)
	groups, versions := recordedConversion(b, file, typ)
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(b, err)
	sign := func(int) error {
		_, err := key.Sign(rand.Reader, make([]byte, 32), nil)
		return err
	}
	bare := bareLoop{newRig(b).bare, groups, sign}.run(b, true)
	loop := bareLoop{newRig(b).bare, groups, sign}.run(b, false)
	floor := bareLoop{newRig(b).sealed, unsealed(groups), vouch(b, key, versions)}.run(b, false)
	rows := float64(b.N)
	b.ReportMetric(rows/ours.wall.Seconds(), "rows/s")
	b.ReportMetric(rows/bare.wall.Seconds(), "bare-rows/s")
	b.ReportMetric(ours.cpu.Seconds()*1e6/rows, "cpu-µs/row")
	b.ReportMetric(bare.cpu.Seconds()*1e6/rows, "bare-cpu-µs/row")
	b.ReportMetric(loop.wall.Seconds()/ours.wall.Seconds(), "of-bare")
	b.ReportMetric(bare.wall.Seconds()/ours.wall.Seconds(), "of-overlapped-bare")
	b.ReportMetric(floor.cpu.Seconds()*1e6/rows, "floor-cpu-µs/row")
	b.ReportMetric(loop.wall.Seconds()/floor.wall.Seconds(), "floor-of-bare")
}

// cost is what a run took: by the clock, and of the processors in user and system mode. The second tells, where a
// machine is shared, whether the first was the machine's or the program's.
type cost struct{ wall, cpu time.Duration }

// costOf runs fn after a collection.
func costOf(b *testing.B, fn func()) cost {
	b.Helper()
	runtime.GC()
	before, started := processorTime(b), time.Now()
	fn()
	return cost{time.Since(started), processorTime(b) - before}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func timedConversion(b *testing.B, file, typ string) cost {
	b.Helper()
	r := newRig(b)
	defer holdHeap()()
	var report *convert.Report
	b.ResetTimer()
	ours := costOf(b, func() { report = r.convert(b, file, typ) })
	b.StopTimer()
	require.Equal(b, b.N, report.Counts.Created)
	return ours
}

// recordedConversion gives the writes of a conversion as they reached the bare engine, and some of the versions made.
func recordedConversion(b *testing.B, file, typ string) ([][]pair, []version) {
	b.Helper()
	r := newRig(b)
	r.recorder.writes = true
	r.convert(b, file, typ)
	groups, _ := r.recorder.take()
	return groups, r.versions(b)
}

// version is what a stored version is made of.
type version struct {
	raw    []byte // the record
	values []record.Disclosure
}

// versions reads a thousand of the vault's.
func (r *rig) versions(b *testing.B) []version {
	b.Helper()
	var list []version
	err := r.sealed.View(b.Context(), func(rd engine.Reader) error {
		return rd.Scan(engine.Range{Prefix: []byte("v")}, func(_, stored []byte) (bool, error) {
			var parts [3][]byte
			for i := range parts {
				n, k := binary.Uvarint(stored)
				parts[i], stored = bytes.Clone(stored[k:k+int(n)]), stored[k+int(n):]
			}
			values, err := record.ParseDisclosures(parts[2])
			list = append(list, version{parts[0], values})
			return len(list) < 1000, err
		})
	})
	require.NoError(b, err)
	require.NotEmpty(b, list)
	return list
}

// unsealed gives writes of the same keys and lengths as they were before they were sealed.
func unsealed(groups [][]pair) [][]pair {
	out := make([][]pair, len(groups))
	for i, g := range groups {
		for _, p := range g {
			if p.value != nil {
				p.value = p.value[:len(p.value)-sealed.Overhead]
			}
			out[i] = append(out[i], p)
		}
	}
	return out
}

// vouch takes every digest of a version and signs its record.
func vouch(b *testing.B, key crypto.Signer, versions []version) func(int) error {
	b.Helper()
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(b, err)
	return func(i int) error {
		v := &versions[i%len(versions)]
		for k := range v.values {
			v.values[k].Digest()
		}
		record.Sum(v.raw)
		_, err := public.Sign(rand.Reader, key, v.raw)
		return err
	}
}

// ledgerFile writes a clean ledger of so many rows and names its type.
func ledgerFile(b *testing.B, rows int) (path, typ string) {
	b.Helper()
	l, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 1, Rows: rows})
	require.NoError(b, err)
	path = filepath.Join(b.TempDir(), "ledger.csv")
	f, err := os.Create(path)
	require.NoError(b, err)
	_, err = l.WriteTo(f)
	require.NoError(b, err)
	require.NoError(b, f.Close())
	for _, t := range catalogue.Shipped() {
		if t.Name == fixtures.FoodLicence {
			typ = t.Code
		}
	}
	return path, typ
}

func (r *rig) convert(b *testing.B, path, typ string) *convert.Report {
	b.Helper()
	f, err := os.Open(path)
	require.NoError(b, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(b, err)
	access := vault.Access{Caller: fixtures.Caller(0), Purpose: "存量证照电子化转换", Ground: vault.GroundIssuer}
	report, err := convert.Run(b.Context(), convert.Config{
		Vault: r.vault, Access: access, Now: time.Now, Workers: 2,
	}, convert.Job{
		Type: typ, File: convert.File{Reader: f, SizeBytes: info.Size(), Name: "ledger.csv"},
		Result: io.Discard,
	})
	require.NoError(b, err)
	return report
}

// bareLoop signs once a row on both cores while one writer replays recorded groups, until both are done.
type bareLoop struct {
	engine engine.Engine
	groups [][]pair
	sign   func(row int) error
}

// run has the writer wait for each group to be durable; overlapped, it works the next one meanwhile, as the vault does.
func (l bareLoop) run(b *testing.B, overlapped bool) cost {
	b.Helper()
	return costOf(b, func() {
		var all sync.WaitGroup
		for k := range 2 {
			all.Go(func() { l.signEveryOther(b, k) })
		}
		for _, g := range l.groups {
			worked := make(chan struct{})
			write := func() {
				if err := replay(context.Background(), l.engine, g, worked); err != nil {
					b.Error(err)
				}
			}
			if !overlapped {
				write()
				continue
			}
			all.Go(write)
			<-worked
		}
		all.Wait()
	})
}

func (l bareLoop) signEveryOther(b *testing.B, from int) {
	b.Helper()
	for i := from; i < b.N; i += 2 {
		if err := l.sign(i); err != nil {
			b.Error(err)
		}
	}
}
