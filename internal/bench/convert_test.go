package bench_test

import (
	"context"
	"crypto"
	"crypto/rand"
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
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// BenchmarkConvert is the goal of conversion: CSV rows in to durable, encrypted, individually signed records with
// ledger leaves, against one bare SM2 signature per row plus the run's own writes replayed into the bare engine with
// the same grouping, both on both cores; and, beyond the goal, against the same with a writer that does not wait for the
// disk between two groups. One op is one row. The writes are recorded in a second conversion of the same
// file, so that recording costs nobody anything.
func BenchmarkConvert(b *testing.B) {
	file, typ := ledgerFile(b, b.N)
	ours := timedConversion(b, file, typ)
	groups := recordedConversion(b, file, typ)
	bare := bareConversion(b, b.N, groups, true)
	loop := bareConversion(b, b.N, groups, false)
	rows := float64(b.N)
	b.ReportMetric(rows/ours.wall.Seconds(), "rows/s")
	b.ReportMetric(rows/bare.wall.Seconds(), "bare-rows/s")
	b.ReportMetric(ours.cpu.Seconds()*1e6/rows, "cpu-µs/row")
	b.ReportMetric(bare.cpu.Seconds()*1e6/rows, "bare-cpu-µs/row")
	b.ReportMetric(loop.wall.Seconds()/ours.wall.Seconds(), "of-bare")
	b.ReportMetric(bare.wall.Seconds()/ours.wall.Seconds(), "of-overlapped-bare")
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

func recordedConversion(b *testing.B, file, typ string) [][]pair {
	b.Helper()
	r := newRig(b)
	r.recorder.writes = true
	r.convert(b, file, typ)
	groups, _ := r.recorder.take()
	return groups
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

// bareConversion signs once a row on both cores while one writer replays the recorded groups, until both are done. The
// writer waits for each group to be durable; overlapped, it works the next one meanwhile, as the vault does.
func bareConversion(b *testing.B, rows int, groups [][]pair, overlapped bool) cost {
	b.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(b, err)
	bare := newRig(b).bare
	return costOf(b, func() {
		var all sync.WaitGroup
		for k := range 2 {
			all.Go(func() { signEveryOther(b, key, k, rows) })
		}
		for _, g := range groups {
			worked := make(chan struct{})
			write := func() {
				if err := replay(context.Background(), bare, g, worked); err != nil {
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

func signEveryOther(b *testing.B, key crypto.Signer, from, rows int) {
	b.Helper()
	message := make([]byte, 32)
	for i := from; i < rows; i += 2 {
		if _, err := key.Sign(rand.Reader, message, nil); err != nil {
			b.Error(err)
		}
	}
}
