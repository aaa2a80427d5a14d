package main

import (
	"crypto/rand"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
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
