package convert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault/convert"
)

// BenchmarkConvert is a whole conversion on the memory engine: rows a second from CSV to committed, signed records.
func BenchmarkConvert(b *testing.B) {
	const rows = 20000
	_, job := foodJob(b, fixtures.LedgerOptions{Rows: rows, Seed: 1})
	for b.Loop() {
		b.StopTimer()
		cfg := newWorld(b).configOf(0)
		b.StartTimer()
		if _, err := convert.Run(b.Context(), cfg, job); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkDryRun leaves signing and writing out.
func BenchmarkDryRun(b *testing.B) {
	const rows = 20000
	_, job := foodJob(b, fixtures.LedgerOptions{Rows: rows, Seed: 1})
	job.DryRun = true
	cfg := newWorld(b).configOf(0)
	for b.Loop() {
		if _, err := convert.Run(b.Context(), cfg, job); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkNormalise is this package's own share: read, cut, map, normalise and check, without vault and engine, on one
// core.
func BenchmarkNormalise(b *testing.B) {
	const rows = 10000
	w := newWorld(b)
	l, job := foodJob(b, fixtures.LedgerOptions{Rows: rows, Seed: 1})
	t, err := w.v.Type(b.Context(), job.Type)
	require.NoError(b, err)
	n, err := convert.NewNormaliser(job.File, t, job.Mapping, issuer(l.Department()))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		have, rejected, err := n.Run(b.Context())
		require.NoError(b, err)
		require.Zero(b, rejected)
		require.Equal(b, rows, have)
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(rows*b.N), "µs/row")
}
