package main

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

const drillUSCC = "11350100EX0000010M" // a department of the vault's sandbox

const drillApplication = `- profile: department-signing
  name: {province: 示例省, organization: 示例市市场监督管理局, common_name: 示例市市场监督管理局}
  holder: {uscc: ` + drillUSCC + `}
  csr: office.csr
  evidence:
    - {document: 介绍信, number: 示例, holder: 示例市市场监督管理局, window: 一号窗口}
`

const drillLicence = `{"经营者名称":"示例食品有限公司","CZZTDM":"91350100EX0000002J","CZZTDMLXDM":"001","ZZBFRQ":%[1]q,
 "ZZYXQQSRQ":%[1]q,"ZZYXQJZRQ":%[2]q,"KZ_FDDBR":"张示例","KZ_ZS":"示例路1号","KZ_JYCS":"示例路1号",
 "KZ_ZTYT":"食品销售经营者","KZ_JYXM":"预包装食品销售"}`

// Row D1.10: a department's signing certificate comes from the authority and its key works at a vault. The key is
// stolen: what the vault says that it has signed goes to the authority's drill, and the plan for re-sealing comes out,
// with what was signed since under suspicion and first. The certificate's end is on the radar.
func TestStolenKey_D1_10(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the vault's program")
	}
	k := newKilling(t)
	k.must(k.ceremony(k.officer("window", enrolling), k.officer("review", approving))...)
	key, certificate := k.department()
	v := newVault(t, key, certificate)
	now := time.Now().UTC()
	early, today := v.issue(now.AddDate(0, -1, 0)), v.issue(now) // the first is dated before the certificate
	signed := k.path("signed.jsonl")
	require.NoError(t, os.WriteFile(signed, v.must("--json", "signed-by", certificate), 0o600))

	since := now.Format(time.DateOnly)
	plan := k.drill(certificate, "--signed", signed, "--since", since)
	require.Equal(t, ca.DrillCounts{Lines: 2, Versions: 2, Suspect: 2, Reseal: 2}, plan.Counts)
	require.Equal(t, []string{today + " since", early + " outside"}, work(plan), "the newest first")
	require.Equal(t, ca.DrillRevoke, plan.Steps[0].Act)
	require.Equal(t, ca.DrillReseal, plan.Steps[len(plan.Steps)-1].Act)

	k.must("revoke", certificate, "--reason", "keyCompromise", "--note", "私钥失控")
	plan = k.drill(certificate, "--signed", signed)
	require.Equal(t, "keyCompromise", plan.Certificates[0].Cause)
	require.Equal(t, ca.DrillNewKey, plan.Steps[0].Act, "it is revoked already")
	require.Equal(t, []string{today + " since", early + " outside"}, work(plan))
	require.Contains(t, k.must("drill", certificate, "--signed", signed), today)

	_, second := k.department()
	x, _, err := readBundle(second)
	require.NoError(t, err)
	for _, days := range []int{7, 30, 90} {
		require.Contains(t, k.radarAt(x.NotAfter.AddDate(0, 0, -days)), fmt.Sprintf(`{"count":1,"days":%d}`, days))
	}
}

func work(plan *ca.DrillPlan) (list []string) {
	for _, item := range plan.Work {
		list = append(list, fmt.Sprint(item.Identifier, " ", item.Suspect))
	}
	return list
}

// department makes a key, applies for its certificate at the window, and gives the file that was issued.
func (k *killing) department() (key crypto.Signer, certificate string) {
	k.t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(k.t, err)
	csr, err := ca.MakeRequest(rand.Reader, key)
	require.NoError(k.t, err)
	require.NoError(k.t, os.WriteFile(k.path("office.csr"), csr, 0o600))
	require.NoError(k.t, os.WriteFile(k.path("office.yaml"), []byte(drillApplication), 0o600))
	_ = os.Remove(k.path("office.yaml.ids"))
	application := field(k.t, k.must("--json", "apply", k.path("office.yaml")), "application")
	k.must("approve", application, "--officer", k.path("review.pem"), "--note", "材料齐全")
	id := field(k.t, k.must("--json", "issue", application, "--out", k.dir), "certificate")
	_, serial, _ := strings.Cut(id, "/")
	return key, k.path(serial + ".pem")
}

func (k *killing) drill(certificate string, args ...string) *ca.DrillPlan {
	k.t.Helper()
	var plan ca.DrillPlan
	out := k.must(append([]string{"--json", "drill", certificate}, args...)...)
	require.NoError(k.t, json.Unmarshal([]byte(out), &plan), out)
	return &plan
}

// radarAt is the radar at another time.
func (k *killing) radarAt(at time.Time) string {
	k.t.Helper()
	var out, said bytes.Buffer
	code := run(k.t.Context(), &cli.World{
		Name: "elicense-ca", Args: []string{"--json", "radar"}, In: strings.NewReader(""), Out: &out, Err: &said, Rand: rand.Reader,
		Env: func(name string) string { return k.env[name] }, Now: func() time.Time { return at },
	})
	require.Equal(k.t, cli.ExitDone, code, said.String())
	return out.String()
}

// vaultProgram is the vault's program with a sandbox, one of whose departments has the key and the certificate of the
// authority here.
type vaultProgram struct {
	t    *testing.T
	dir  string
	file string
}

func newVault(t *testing.T, key crypto.Signer, certificate string) *vaultProgram {
	t.Helper()
	v := &vaultProgram{t: t, dir: t.TempDir()}
	v.file = filepath.Join(v.dir, "elicense")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", v.file, "../elicense").CombinedOutput()
	require.NoError(t, err, string(out))
	v.must("init", "--sandbox")
	keys := v.path("elicense-data/keys")
	text, err := pki.MarshalKey(key, v.passphrase(), rand.Reader)
	require.NoError(t, err)
	x, above, err := readBundle(certificate)
	require.NoError(t, err)
	root, err := os.ReadFile(filepath.Join(filepath.Dir(certificate), "ca", rootCertificateFile))
	require.NoError(t, err)
	file := append(pki.AppendPEM(text, append([]*pki.Certificate{x}, above...)...), root...)
	require.NoError(t, os.WriteFile(filepath.Join(keys, "departments", drillUSCC+".pem"), file, 0o600))
	anchors, err := os.ReadFile(filepath.Join(keys, "anchors.pem"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(keys, "anchors.pem"), append(anchors, root...), 0o600))
	return v
}

func (v *vaultProgram) path(name string) string { return filepath.Join(v.dir, name) }

// passphrase is that of the key files of the vault's data directory.
func (v *vaultProgram) passphrase() []byte {
	v.t.Helper()
	text, err := os.ReadFile(v.path("elicense-data/master.key"))
	require.NoError(v.t, err)
	master, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(v.t, err)
	mac := hmac.New(func() hash.Hash { return sm3.New() }, master)
	mac.Write([]byte("elicense key files v1"))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// must runs the vault's program and gives its standard output.
func (v *vaultProgram) must(args ...string) []byte {
	v.t.Helper()
	c := exec.CommandContext(v.t.Context(), v.file, args...)
	c.Dir, c.Env = v.dir, []string{"LANG=en"}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	require.NoError(v.t, err, "%q: %s%s", args, out, &said)
	return out
}

// issue issues a licence of a day, good for five years, and gives its identifier.
func (v *vaultProgram) issue(day time.Time) string {
	v.t.Helper()
	from, to := day.Format(time.DateOnly), day.AddDate(5, 0, -1).Format(time.DateOnly)
	require.NoError(v.t, os.WriteFile(v.path("licence.json"), fmt.Appendf(nil, drillLicence, from, to), 0o600))
	out := v.must("--json", "issue", "--type", "食品经营许可证", "--key", "k"+from, "--paper", "NO."+from, "--division", "350102",
		"@licence.json")
	return field(v.t, strings.ReplaceAll(string(out), "\n", " "), "identifier")
}
