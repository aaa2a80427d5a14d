package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// sandbox opens a data directory of the made-up province.
func sandbox(tb testing.TB) *house {
	tb.Helper()
	c := &program{selfTest: selfTested, World: &cli.World{
		Name: "elicense", In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
		Env: func(string) string { return "" }, Now: time.Now, Rand: rand.Reader,
	}}
	dir := filepath.Join(tb.TempDir(), "data")
	copySandbox(tb, dir)
	h, err := c.openHouse(tb.Context(), dir)
	require.NoError(tb, err)
	tb.Cleanup(func() { closeHouse(tb, h) })
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

// turn is how many rows are converted before as many documents are made with nothing around them.
const turn = 200

// BenchmarkConvertDocuments converts a ledger with a sealed document for each row, against drawing and sealing as many
// on all processors with nothing around it. Both sides run in turns, so that whatever else the machine does meets both.
// One op is one row.
func BenchmarkConvertDocuments(b *testing.B) {
	h := sandbox(b)
	d := issued(b, h)
	var ours, bare effort
	for part := range ledgerParts(b, b.N) {
		before := now()
		report, err := h.documents.program.convertInto(b.Context(),
			converting{house: h, access: as(0, "存量证照电子化转换"), name: "bench"}, convert.Job{
				Type: d.Type.Code, Result: io.Discard,
				File: convert.File{Reader: bytes.NewReader(part), SizeBytes: int64(len(part)), Name: "ledger.csv"},
			})
		ours.since(before)
		require.NoError(b, err)
		require.Zero(b, report.Counts.Rejected+report.Counts.Conflict)

		before = now()
		drawAndSeal(b, h, d, report.Counts.Created)
		bare.since(before)
	}
	b.ReportMetric(float64(b.N)/ours.clock.Seconds(), "rows/s")
	b.ReportMetric(float64(b.N)/bare.clock.Seconds(), "documents/s")
	b.ReportMetric(bare.clock.Seconds()/ours.clock.Seconds(), "of-bare")
	b.ReportMetric(bare.processor.Seconds()/ours.processor.Seconds(), "of-bare-cpu")
	b.ReportMetric(float64(ours.processor.Microseconds())/float64(b.N), "cpu-us/row")
	b.ReportMetric(float64(bare.processor.Microseconds())/float64(b.N), "cpu-us/document")
}

// ledgerParts cuts a made-up ledger into parts with a heading each.
func ledgerParts(b *testing.B, rows int) iter.Seq[[]byte] {
	b.Helper()
	ledger, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 1, Rows: rows})
	require.NoError(b, err)
	var file bytes.Buffer
	_, err = ledger.WriteTo(&file)
	require.NoError(b, err)
	lines := bytes.SplitAfter(bytes.TrimRight(file.Bytes(), "\r\n"), []byte("\n"))
	require.Len(b, lines, rows+1)
	return func(yield func([]byte) bool) {
		for part := range slices.Chunk(lines[1:], turn) {
			if !yield(slices.Concat(lines[0], bytes.Join(part, nil))) {
				return
			}
		}
	}
}

// drawAndSeal makes n documents on all processors.
func drawAndSeal(b *testing.B, h *house, d *vault.Drawable, n int) {
	b.Helper()
	var group errgroup.Group
	var left atomic.Int64
	left.Store(int64(n))
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for left.Add(-1) >= 0 {
				if _, err := h.documents.Document(b.Context(), d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, group.Wait())
}

// effort is what something took, by the clock and by the processors.
type effort struct{ clock, processor time.Duration }

// instant is when something begins.
type instant struct {
	clock     time.Time
	processor time.Duration
}

func now() instant { return instant{time.Now(), processorTime()} }

func (e *effort) since(t instant) {
	e.clock += time.Since(t.clock)
	e.processor += processorTime() - t.processor
}

// processorTime is what this process has used so far: where a machine is shared it tells more than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
