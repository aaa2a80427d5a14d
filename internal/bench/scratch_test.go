package bench_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

func BenchmarkVaultConvert(b *testing.B) {
	zone := time.FixedZone("CST", 8*3600)
	p, err := fixtures.NewProvince(rand.Reader, time.Now)
	require.NoError(b, err)
	inner, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	defer inner.Close()
	keys, err := sealed.CreateKeyring(b.Context(), inner, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	e, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: time.Now, Address: func(x []byte) blob.Address { return keys.Address(x) }})
	require.NoError(b, err)
	v, err := vault.Open(b.Context(), vault.Config{Engine: e, Blobs: blobs, Tokens: keys, Records: p.Custody, Signer: p.Vault, Now: time.Now, Rand: rand.Reader, Zone: zone, Workers: 2})
	require.NoError(b, err)
	require.NoError(b, fixtures.Settle(b.Context(), v))
	data, _ := catalogue.ShippedFile("food-business-licence")
	ty, _ := catalogue.ParseType(data)
	a := vault.Access{Caller: fixtures.Caller(0), Purpose: "x", Ground: vault.GroundIssuer}
	batch, err := v.OpenBatch(b.Context(), a, vault.BatchSpec{Type: ty.Code, File: record.Sum([]byte("x")), FileName: "x.csv"})
	require.NoError(b, err)
	dep := fixtures.Departments()[0]
	lt := batch.Type()
	today := record.DateOf(time.Now())
	var groups [][]vault.BatchRow
	for i := 0; i < b.N; i += batch.GroupRows() {
		var rows []vault.BatchRow
		for k := i; k < min(i+batch.GroupRows(), b.N); k++ {
			f := fixtures.FirmAt(uint64(k))
			row, _, pr := lt.Normalise(map[string]string{
				"ZZBH": fmt.Sprintf("JY1350102%08d", k), "ZZMC": "食品经营许可证", "CZZT": f.Name, "CZZTDM": f.Code, "CZZTDMLXDM": "001",
				"ZZBFRQ": "2021-03-01", "ZZYXQQSRQ": "2021-03-01", "ZZYXQJZRQ": "2026-02-28", "ZZBFJG": dep.Name, "ZZBFJGDM": dep.Code,
				"KZ_FDDBR": "张某", "KZ_ZS": "福建省福州市鼓楼区示例路100号", "KZ_JYCS": "福建省福州市鼓楼区示例路100号", "KZ_ZTYT": "食品销售经营者",
				"KZ_JYXM": "预包装食品销售,散装食品销售", "KZ_RCJGJG": "示例所", "KZ_RCJGRY": "李某",
			}, today)
			if len(pr) > 0 {
				b.Fatal(pr)
			}
			src := &record.Source{File: record.Sum([]byte("x")), Row: k + 1, Batch: batch.Account().ID}
			c, pr := lt.Check(vault.Draft{Row: row, Issuer: dep.Code, Source: src}, dep.Name, today, true)
			if len(pr) > 0 {
				b.Fatal(pr)
			}
			rows = append(rows, vault.BatchRow{Row: k + 1, Draft: c})
		}
		groups = append(groups, rows)
	}
	b.ResetTimer()
	ready := make(chan *vault.Prepared, 2)
	go func() {
		for i, g := range groups {
			p, err := batch.Prepare(b.Context(), i, g)
			if err != nil {
				b.Error(err)
				break
			}
			ready <- p
		}
		close(ready)
	}()
	for p := range ready {
		_, err := batch.Commit(b.Context(), p)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
