package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/verify"
)

// TestJudgeKeepsUp: a service that runs for months judges by the CRLs of the day, which it renews; what cannot be read
// any more leaves it with the trust that it had.
func TestJudgeKeepsUp(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	firm := fixtures.FirmAt(1)
	var a vault.Answer
	require.NoError(t, json.Unmarshal([]byte(r.ok("--json", "issue", "--type", fixtures.FoodLicence, "--key", "k",
		"--paper", "P-1", "--division", "350102", "CZZT="+firm.Name, "CZZTDM="+firm.Code,
		"CZZTDMLXDM=001", "ZZBFRQ=2026-03-02", "KZ_FDDBR=张示例", "KZ_ZS=示例路1号", "KZ_JYCS=示例路1号", "KZ_ZTYT=食品销售经营者",
		"KZ_JYXM=预包装食品销售", "ZZYXQQSRQ=2026-03-02", "ZZYXQJZRQ=2031-03-01",
	)), &a))
	file := filepath.Join(t.TempDir(), "licence.json")
	r.ok("lookup", a.Identifier, "--export", file)
	bundle, err := os.ReadFile(file)
	require.NoError(t, err)

	now := time.Now()
	var log bytes.Buffer
	c := &program{World: &cli.World{
		Name: "elicense", Out: &log, Err: &log, Env: func(string) string { return "" }, Rand: rand.Reader,
		Now: func() time.Time { return now },
	}, dir: r.dir, selfTest: selfTested}
	h, err := c.openHouse(t.Context(), r.dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, h.close()) }()
	j, err := c.newJudge(t.Context(), h)
	require.NoError(t, err)
	decision := func() string {
		report, err := j.Verify(t.Context(), bundle, verify.Expect{})
		require.NoError(t, err)
		return report.Decision().String() + " " + report.Headline
	}
	first := decision()
	require.Contains(t, first, "accept")
	for range 3 {
		now = now.Add(40 * 24 * time.Hour)
		require.Equal(t, first, decision())
	}
	former := j.verifier(t.Context())
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, trustFolder, "broken.pem"), []byte("no certificate"), 0o600))
	now = now.Add(2 * time.Minute)
	require.Same(t, former, j.verifier(t.Context()))
	require.Contains(t, log.String(), "folder of trust not read")
}
