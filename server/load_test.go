package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/load"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/limit"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// nowhere takes log lines, which are written all the same.
type nowhere struct{}

func (*nowhere) Write(p []byte) (int, error) { return len(p), nil }

// connections is how many callers the goals have.
const connections = 64

// loaded is a service over a vault on the default engine, sealed, full of licences, on a loopback address.
type loaded struct {
	b         *testing.B
	vault     *vault.Vault
	http      *httptest.Server
	licences  []string
	holders   []string // by licence: the holder's name
	transport *http.Transport
}

func newLoaded(b *testing.B, licences int) *loaded {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, bare.Close()) })
	keys, err := sealed.CreateKeyring(b.Context(), bare, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	store, err := sealed.Open(sealed.Config{Inner: bare, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: time.Now, Hash: keys.AddressHash})
	require.NoError(b, err)
	province, err := fixtures.NewProvince(rand.Reader, time.Now)
	require.NoError(b, err)
	l := &loaded{b: b}
	l.vault, err = vault.Open(b.Context(), vault.Config{
		Engine: store, Blobs: blobs, Tokens: keys, Records: province.Custody, Signer: province.Vault, Now: time.Now,
		Rand: rand.Reader, Zone: zone, Workers: 2,
	})
	require.NoError(b, err)
	require.NoError(b, fixtures.Settle(b.Context(), l.vault))
	l.fill(licences)
	s, err := server.New(server.Config{
		Vault: l.vault, Callers: new(world).callers(nil), Engine: memory.New(), Now: time.Now, Rand: rand.Reader,
		Log: slog.New(slog.NewJSONHandler(&nowhere{}, nil)), Limits: unlimited(),
	})
	require.NoError(b, err)
	s.AddConstant()
	l.http = httptest.NewServer(s.Handler())
	b.Cleanup(l.http.Close)
	l.transport = &http.Transport{MaxIdleConnsPerHost: connections, DialContext: new(net.Dialer).DialContext}
	b.Cleanup(l.transport.CloseIdleConnections)
	return l
}

// unlimited are limits that no generator on this machine reaches: what is measured is the service.
func unlimited() server.Limits {
	all := limit.Rate{PerSecond: 1e6, Burst: 1e6}
	return server.Limits{PerAddress: all, PerCaller: all}
}

// fill converts a ledger of so many rows.
func (l *loaded) fill(rows int) {
	l.b.Helper()
	ledger, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 1, Rows: rows})
	require.NoError(l.b, err)
	file, err := os.CreateTemp(l.b.TempDir(), "")
	require.NoError(l.b, err)
	defer func() { require.NoError(l.b, file.Close()) }()
	size, err := ledger.WriteTo(file)
	require.NoError(l.b, err)
	_, err = file.Seek(0, io.SeekStart)
	require.NoError(l.b, err)
	access := vault.Access{Caller: fixtures.Caller(0), Purpose: "存量证照电子化转换", Ground: vault.GroundIssuer}
	report, err := convert.Run(l.b.Context(), convert.Config{
		Vault: l.vault, Access: access, Now: time.Now, Workers: 2,
	}, convert.Job{
		Type: foodType(l.b), File: convert.File{Reader: file, SizeBytes: size, Name: "ledger.csv"}, Result: io.Discard,
	})
	require.NoError(l.b, err)
	require.Equal(l.b, rows, report.Counts.Created)
	_, err = l.vault.SignOffBatch(l.b.Context(), access, report.Batch, vault.SignOff{By: "核对人", Sampled: 1})
	require.NoError(l.b, err)
	for q := (vault.Query{Batch: report.Batch, Limit: 500}); ; {
		page, err := l.vault.Lookup(l.b.Context(), access, q)
		require.NoError(l.b, err)
		for i := range page.Found { // copies: the whole version would stay in memory with each
			l.licences = append(l.licences, strings.Clone(page.Found[i].Identifier))
			l.holders = append(l.holders, strings.Clone(page.Found[i].Value("CZZT")))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			debug.FreeOSMemory() // what converting needed is not the service's
			return
		}
	}
}

// lookup is a request for licence n.
func (l *loaded) lookup(n int) any {
	return api.LookupRequest{Asked: byLaw(), Identifier: l.licences[n], Fields: []string{"CZZT", "ZZYXQJZRQ"}}
}

// comparison is a request about licence n in which everything is right: most that halls compare is.
func (l *loaded) comparison(n int) any {
	return api.ComparisonRequest{Asked: byLaw(), Comparison: api.Comparison{
		Identifier: l.licences[n], Claims: map[string]string{"CZZT": l.holders[n]},
	}}
}

// put puts one kind of request on the service, each about another licence; rate 0: as fast as the connections can.
func (l *loaded) put(path string, request func(n int) any, requests int, rate float64) *load.Report {
	l.b.Helper()
	bodies := make([][]byte, requests)
	for i := range bodies {
		text, err := json.Marshal(request(random.IntN(len(l.licences))))
		require.NoError(l.b, err)
		bodies[i] = text
	}
	client := &http.Client{Transport: l.transport}
	report, err := load.Run(l.b.Context(), load.Plan{
		Connections: connections, Requests: requests, Rate: rate, Now: time.Now,
		Send: func(ctx context.Context, _, n int) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.http.URL+api.Version+path, bytes.NewReader(bodies[n]))
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer reviewer")
			req.Header.Set("Content-Type", "application/json")
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode == http.StatusOK { // read to its end, and not kept: the generator shares the processors
				_, err = io.Copy(io.Discard, res.Body)
				return err
			}
			text, err := io.ReadAll(res.Body)
			return errors.Join(fmt.Errorf("%d: %s", res.StatusCode, text), err)
		},
	})
	require.NoError(l.b, err)
	require.NoError(l.b, report.First)
	return report
}

// BenchmarkServe is the goal of look-ups and comparisons over HTTP: at least half of the rate of a constant route behind
// the same identity and audit, with the same generator, in turns of one run; and the times of an open loop at half the
// peak. ELICENSE_BENCH_LICENCES says how many licences the vault has.
func BenchmarkServe(b *testing.B) {
	licences := 2000
	if n, err := strconv.Atoi(os.Getenv("ELICENSE_BENCH_LICENCES")); err == nil {
		licences = n
	}
	l := newLoaded(b, licences)
	for _, x := range []struct {
		name, path string
		request    func(int) any
	}{{"lookup", "/lookups", l.lookup}, {"comparison", "/comparisons", l.comparison}} {
		b.Run(x.name, func(b *testing.B) {
			l.b = b
			l.against(x.path, x.request, max(b.N, connections))
		})
	}
}

// turns is how often the two sides change, so that what else the machine does falls on both.
const turns = 4

func (l *loaded) against(path string, request func(int) any, requests int) {
	b := l.b
	part := max(1, requests/turns)
	l.put(path, request, part, 0) // to warm what can be warm
	var ours, constant, closed float64
	var spent, least time.Duration
	var peak *load.Report
	b.ResetTimer()
	for range turns {
		start := proctest.ProcessorTime()
		c := l.put("/constant", l.lookup, part, 0)
		between := proctest.ProcessorTime()
		o := l.put(path, request, part, 0)
		least, spent = least+between-start, spent+proctest.ProcessorTime()-between
		constant, ours = constant+c.Elapsed.Seconds(), ours+o.Elapsed.Seconds()
		closed += float64(part)
		peak = o
	}
	b.StopTimer()
	open := l.put(path, request, part, closed/ours/2)
	b.ReportMetric(closed/ours, "requests/s")
	b.ReportMetric(constant/ours, "of-constant")
	if spent > 0 { // which tells them apart on a machine that has other work, too
		b.ReportMetric(float64(least)/float64(spent), "of-constant-by-processor-time")
		b.ReportMetric(float64(spent.Microseconds())/closed, "processor-µs")
	}
	b.ReportMetric(milliseconds(peak.Quantile(0.5)), "peak-p50-ms")
	b.ReportMetric(milliseconds(peak.Quantile(0.99)), "peak-p99-ms")
	b.ReportMetric(milliseconds(open.Quantile(0.5)), "half-p50-ms")
	b.ReportMetric(milliseconds(open.Quantile(0.99)), "half-p99-ms")
	b.ReportMetric(float64(proctest.AnonymousKiB())/1024, "MiB-RssAnon")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
