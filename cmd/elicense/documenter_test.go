package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// sandbox opens a new data directory of the made-up province.
func sandbox(tb testing.TB) *house {
	tb.Helper()
	c := &program{selfTest: pki.SelfTestResults, World: &cli.World{
		Name: "elicense", In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
		Env: func(string) string { return "" }, Now: time.Now, Rand: rand.Reader,
	}}
	h, err := c.createHouse(tb.Context(), filepath.Join(tb.TempDir(), "data"), plan{
		origin: fixtures.Origin, zone: "Asia/Shanghai", sandbox: true,
		operator: body{fixtures.Authority().Name, fixtures.Authority().Code},
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, h.close()) })
	return h
}

// issued gives a licence of the sandbox, as it is drawn.
func issued(tb testing.TB, h *house) *vault.Drawable {
	tb.Helper()
	t, err := resolveType(tb.Context(), h.vault, fixtures.FoodLicence)
	require.NoError(tb, err)
	firm, today := fixtures.FirmAt(1), time.Now().In(h.zone)
	a, err := h.vault.Issue(tb.Context(), as(0, "核发证照"), vault.Request{
		Key: "1", Type: t.Definition.Code, Paper: "NO.1", Division: fixtures.Departments()[0].Division,
		Values: map[string]string{
			"CZZT": firm.Name, "CZZTDM": firm.Code, "CZZTDMLXDM": holderFirm,
			"ZZBFRQ": record.DateOf(today).String(), "ZZYXQQSRQ": record.DateOf(today).String(),
			"ZZYXQJZRQ": record.DateOf(today.AddDate(5, 0, -1)).String(),
			"KZ_FDDBR":  "张示例", "KZ_ZS": "示例省示例市示例路1号", "KZ_JYCS": "示例省示例市示例路1号",
			"KZ_ZTYT": "食品销售经营者", "KZ_JYXM": "预包装食品销售",
		},
	})
	require.NoError(tb, err)
	d, err := h.vault.Drawable(tb.Context(), hall(), a.Identifier)
	require.NoError(tb, err)
	return d
}

// BenchmarkDocument is what a sealed document costs: drawn, packed, sealed.
func BenchmarkDocument(b *testing.B) {
	h := sandbox(b)
	d := issued(b, h)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		out, err := h.documents.Document(b.Context(), d)
		require.NoError(b, err)
		size = len(out)
	}
	b.ReportMetric(float64(size), "bytes/doc")
}

// BenchmarkConvertDocuments converts a ledger with a sealed document for each row, against drawing and sealing as many
// on all processors with nothing around it. One op is one row.
func BenchmarkConvertDocuments(b *testing.B) {
	h := sandbox(b)
	d := issued(b, h)
	ledger, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 1, Rows: b.N})
	require.NoError(b, err)
	var file bytes.Buffer
	_, err = ledger.WriteTo(&file)
	require.NoError(b, err)
	into := converting{house: h, access: as(0, "存量证照电子化转换"), name: "bench"}
	job := convert.Job{
		Type: d.Type.Code, Result: io.Discard,
		File: convert.File{Reader: bytes.NewReader(file.Bytes()), SizeBytes: int64(file.Len()), Name: "ledger.csv"},
	}
	b.ResetTimer()
	began, before := time.Now(), processorTime()
	report, err := h.documents.program.convertInto(b.Context(), into, job)
	ours, spent := time.Since(began), processorTime()-before
	b.StopTimer()
	require.NoError(b, err)
	require.Equal(b, b.N, report.Counts.Created)

	began, before = time.Now(), processorTime()
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for range b.N / runtime.GOMAXPROCS(0) {
				if _, err := h.documents.Document(b.Context(), d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, group.Wait())
	bare, least := time.Since(began), processorTime()-before
	b.ReportMetric(float64(b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(float64(b.N)/bare.Seconds(), "documents/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-us/row")
	b.ReportMetric(float64(least.Microseconds())/float64(b.N), "cpu-us/document")
}

// processorTime is what this process has used so far: where a machine is shared it tells more than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
