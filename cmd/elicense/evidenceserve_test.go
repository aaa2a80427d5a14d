package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
)

// fetch gets what a service keeps as a file for the first department.
func (s *serving) fetch(id string) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+"/files/"+id, nil)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Caller(0)])
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, res.Body.Close()) }()
	content, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, res.StatusCode, "%s", content)
	return content
}

// TestBareLicenceAtCounter_A36: a sealed licence and a copy of it, handed in at a service without anything beside, are
// judged by the state that the vault signs. The evidence alone, with the folder of trust, comes to the same elsewhere
// and later, after the licence was revoked and the service is gone.
func TestBareLicenceAtCounter_A36(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	r, work := newSandbox(t), t.TempDir()
	firm, from := fixtures.FirmAt(1), time.Now().AddDate(0, 0, -2)
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	var a vault.Answer
	require.NoError(t, json.Unmarshal([]byte(r.ok("--json", "issue", "--type", fixtures.FoodLicence, "--key", "k",
		"--paper", "P-1", "--division", "350102", "CZZT="+firm.Name, "CZZTDM="+firm.Code,
		"CZZTDMLXDM=001", "ZZBFRQ="+day(from), "KZ_FDDBR=张示例", "KZ_ZS=示例路1号", "KZ_JYCS=示例路1号", "KZ_ZTYT=食品销售经营者",
		"KZ_JYXM=预包装食品销售", "ZZYXQQSRQ="+day(from), "ZZYXQJZRQ="+day(from.AddDate(5, 0, -1)),
	)), &a))
	original, copied := filepath.Join(work, "licence.ofd"), filepath.Join(work, "copy.ofd")
	r.ok("document", "get", a.Identifier, "1", "--save", original)
	r.ok("document", "copy", a.Identifier, "--for", "示例市政务服务中心", "--why", "办理备案",
		"--until", day(from.AddDate(1, 0, 0)), "--save", copied)
	bundle := filepath.Join(work, "licence.json")
	r.ok("lookup", a.Identifier, "--export", bundle)
	r.ok("certificate", "trust", filepath.Join(work, "trust"))

	s := serve(t, r.dir)
	var evidence []string
	verdict := func(key string, files ...string) api.Verification {
		q := api.VerificationRequest{Case: "2026-000123"}
		for _, f := range files {
			content, err := os.ReadFile(f)
			require.NoError(t, err)
			q.Documents = append(q.Documents, api.Submitted{Name: filepath.Base(f), Content: content})
		}
		text, err := json.Marshal(q)
		require.NoError(t, err)
		var v api.Verification
		s.call(http.MethodPost, "/verifications", bytes.NewReader(text), &v, "Content-Type", "application/json",
			api.HeaderIdempotencyKey, key)
		evidence = append(evidence, filepath.Join(work, key+".evidence"))
		require.NoError(t, os.WriteFile(evidence[len(evidence)-1], s.fetch(v.Evidence.ID), 0o600))
		return v
	}
	good := verdict("good", original, copied)
	require.Equal(t, "TOTAL-PASSED", good.Indication, "%+v", good.Documents)
	rejudge := func() (out api.Rejudgement) {
		s.call(http.MethodPost, "/verifications/"+good.ID+"/rejudgements", nil, &out, api.HeaderIdempotencyKey, "again")
		return out
	}
	for _, d := range rejudge().Documents {
		require.Equal(t, api.Rejudged{Name: d.Name, Stated: d.Stated, Then: d.Stated, Now: d.Stated}, d)
	}
	s.kill()
	r.ok("revoke", a.Identifier, "--key", "r", "--reason", "违法", "--law", "食品安全法第一百二十四条")
	s = serve(t, r.dir)
	for _, d := range rejudge().Documents {
		require.Equal(t, api.Rejudged{
			Name: d.Name, Stated: d.Stated, Then: d.Stated, Now: "TOTAL-FAILED REVOKED source.state", Changed: true,
		}, d)
	}
	require.Equal(t, "TOTAL-FAILED", verdict("bad", original).Indication)
	pair := verdict("pair", original, bundle) // the bundle's word was good and is still fresh: the worse one counts
	require.Equal(t, []string{"licence.json", ""}, []string{pair.Documents[0].With, pair.Documents[1].With})
	for _, d := range pair.Documents {
		require.Equal(t, []string{"TOTAL-FAILED", "source.state"}, []string{d.Indication, d.Headline})
	}
	for _, f := range pair.Reports {
		if f.Form == "html" {
			require.Contains(t, string(s.fetch(f.File.ID)), "<td>法定代表人（负责人）</td><td>张示例</td>")
		}
	}
	s.kill()

	require.NoError(t, os.RemoveAll(r.dir)) // what was judged then needs neither service nor vault
	judge := func(file string, at time.Time, code int) string {
		got := r.run("verify", file, "--trust", filepath.Join(work, "trust"), "--at", at.Format(time.RFC3339))
		require.Equal(t, code, got.code, got.out+got.err)
		require.NotContains(t, got.out, "不同")
		return got.out
	}
	require.Contains(t, judge(evidence[0], time.Now().Add(time.Minute), 0), "可以受理 / ACCEPT\n")
	require.Contains(t, judge(evidence[0], time.Now().AddDate(0, 2, 0), 4), "当时的结论是可以受理，重新核验一致")
	require.Contains(t, judge(evidence[1], time.Now().AddDate(0, 2, 0), 3), "当时的结论是退回并告知，重新核验一致：状态来源：证照已被吊销")
}
