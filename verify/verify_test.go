package verify_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func withCertificates(f *forge) *signing.Signer {
	s, err := signing.NewSigner(signing.Config{
		Key: f.department.key, Chain: f.department.chain, Rand: rand.Reader, WithCertificates: true,
		WithAttributes: true,
	})
	require.NoError(f.t, err)
	return s
}

func TestNewRefuses(t *testing.T) {
	f := newForge(t)
	for name, edit := range map[string]func(*verify.Config){
		"no trust":   func(c *verify.Config) { c.Trust = nil },
		"no anchors": func(c *verify.Config) { c.Trust = &pki.Anchors{} },
		"no clock":   func(c *verify.Config) { c.Now = nil },
		"nil key":    func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{nil} },
		"key twice":  func(c *verify.Config) { c.LedgerKeys = append(c.LedgerKeys, c.LedgerKeys[0]) },
	} {
		config := f.config()
		edit(&config)
		v, err := verify.New(config)
		require.ErrorIs(t, err, verify.ErrConfig, name)
		require.Nil(t, v, name)
	}
}

func TestZeroIsNo(t *testing.T) {
	var r verify.Report
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.Recheck, r.Decision())
	require.Equal(t, "INDETERMINATE", r.Indication.String())
	var s verify.CheckStatus
	require.Equal(t, "indeterminate", s.String())
	for _, i := range []verify.Indication{verify.TotalPassed, verify.TotalFailed, verify.Indeterminate} {
		text, err := i.MarshalText()
		require.NoError(t, err)
		var again verify.Indication
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, i, again)
	}
	i := verify.TotalPassed
	require.NoError(t, i.UnmarshalText([]byte("fine")))
	require.Equal(t, verify.Indeterminate, i)
}

func TestTrustFiles(t *testing.T) {
	f := newForge(t)
	_, err := verify.ParseAnchors(pemOf(f.department.chain[0]))
	require.ErrorIs(t, err, pki.ErrAnchors, "no CA")
	_, err = verify.ParseAnchors([]byte("x"))
	require.ErrorIs(t, err, pki.ErrCertificate)
	keys, err := verify.ParseLedgerKeys("# the vault\n\n" + f.vault.vault.NoteKey() + "\n" + f.other.vault.NoteKey())
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, fixtures.Origin, keys[0].Name())
	for _, text := range []string{"", "# nothing", "vault+00000000+AAAA"} {
		_, err = verify.ParseLedgerKeys(text)
		require.ErrorIs(t, err, verify.ErrConfig)
	}
}

func TestCancelled(t *testing.T) {
	f := newForge(t)
	v, err := verify.New(f.config())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := v.Verify(ctx, encode(t, f.bundle(nil)), verify.Expect{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.False(t, r.Authentic)
}

// TestUnknown: what is not a document of ours is refused by its form.
func TestUnknown(t *testing.T) {
	f := newForge(t)
	b := f.bundle(nil)
	good := string(encode(t, b))
	for name, doc := range map[string]string{
		"nothing": "", "text": "hello", "array": "[]", "empty object": "{}", "other object": `{"a":1}`,
		"half":  good[:len(good)/2],
		"after": good + "{}", "twice": strings.Replace(good, "{", `{"record":"AA==",`, 1),
		"capitals":     strings.Replace(good, `"record"`, `"Record"`, 1),
		"capitals too": strings.Replace(good, "{", `{"Record":"AA==",`, 1),
		"unknown":      strings.Replace(good, "{", `{"more":1,`, 1), "other format": strings.Replace(good,
			"bundle v1", "bundle v2", 1),
		"twice inside": strings.Replace(good, `"name":`, `"value":"x","name":`, 1),
		"record alone": string(b.Record), "status alone": string(b.Status),
		"envelope": `{"raw":"eA==","signature":"eA=="}`, "envelope of numbers": `{"raw":1}`,
		"envelope and more": `{"raw":"","x":""}`,
		"deep":              `{"format":` + strings.Repeat("[", 5000), "DER": "0\x82\x06",
		"PEM":  "-----BEGIN CERTIFICATE-----\nAA",
		"note": "a\n\n\u2014 b", "big": "{" + strings.Repeat(" ", verify.MaxDocument),
		"proof": "elicense ledger proof v1\nindex 0\n\n",
	} {
		r := f.judge([]byte(doc), verify.Expect{})
		require.Equal(t, verify.TotalFailed, r.Indication, name)
		require.Equal(t, verify.FormatFailure, r.SubIndication, name)
		require.False(t, r.Authentic, name)
	}
}

// TestReport_D27: the check that failed says what was expected and found; nothing personal is in it or in the reason.
func TestReport_D27(t *testing.T) {
	f := newForge(t)
	firm := fixtures.FirmAt(1)
	doc := encode(t, f.bundle(func(p *parts) {
		p.opens[1].Value = "示例\n可以受理 / ACCEPT\u202e"
		p.record.Fields[1].Digest = p.opens[1].Digest()
		p.recordBy = f.other
	}))
	r := f.judge(doc, verify.Expect{HolderCode: "91350100EX00000000", HolderName: "某某", Number: "某号"})
	c, ok := r.Check("record.signer")
	require.True(t, ok)
	require.Equal(t, record.Digest(f.department.chain[0].Digest).String(), c.Expected)
	require.Equal(t, record.Digest(f.other.chain[0].Digest).String(), c.Found)
	require.Equal(t, verify.LevelRules, c.Level)
	require.NotEmpty(t, c.Clause)
	require.Equal(t, firm.Code, r.Fact("element.CZZTDM"))
	for _, c := range r.Checks {
		require.NotEmpty(t, c.Clause, c.ID)
		for _, personal := range []string{firm.Code, "某某", "某号", "示许字", "EX00000000"} {
			require.NotContains(t, c.Expected+c.Found, personal, c.ID)
		}
	}
	for _, lang := range []string{"zh", "en"} {
		var out bytes.Buffer
		require.NoError(t, r.WriteText(&out, lang))
		lines := strings.Split(out.String(), "\n")
		require.Equal(t, "退回并告知 / RETURN", lines[0])
		require.NotContains(t, lines[1], firm.Code)
		for _, line := range lines[1:] {
			require.False(t, strings.HasPrefix(line, "可以受理"), "a value must not look like a line of the report")
		}
		require.NotContains(t, out.String(), "\u202e")
	}
	moments := make([]string, 0, len(r.Timeline))
	for _, m := range r.Timeline {
		moments = append(moments, m.ID)
	}
	require.Equal(t, []string{"issued", "valid-from", "recorded", "statement", "now", "status-until",
		"valid-until"}, moments)
}

func TestReportJSON(t *testing.T) {
	f := newForge(t)
	r := f.judge(encode(t, f.bundle(func(p *parts) { p.status.State = "revoked" })), verify.Expect{})
	out, err := json.Marshal(r)
	require.NoError(t, err)
	var got struct {
		MediaType     string `json:"media_type"`
		Policy        string
		Decision      struct{ Zh, En string }
		Reason        struct{ Zh, En string }
		Indication    verify.Indication
		SubIndication string `json:"sub_indication"`
		Checks        []struct {
			ID, Level, Clause string
			Status            verify.CheckStatus
			Title             struct{ Zh, En string }
			Problem           *struct{ Zh, En string }
		}
	}
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, verify.MediaType, got.MediaType)
	require.Equal(t, verify.PolicyVersion, got.Policy)
	require.Equal(t, "退回并告知", got.Decision.Zh)
	require.Contains(t, got.Reason.Zh, "证照已被吊销")
	require.Contains(t, got.Reason.En, "revoked")
	require.Equal(t, "REVOKED", got.SubIndication)
	require.Len(t, got.Checks, len(r.Checks))
	for _, c := range got.Checks {
		require.NotEmpty(t, c.Title.Zh, c.ID)
		require.NotEmpty(t, c.Clause, c.ID)
		require.Equal(t, c.Status == verify.CheckFailed || c.Status == verify.CheckIndeterminate,
			c.Problem != nil, c.ID)
	}
}

// TestClockMoves: the same file, judged as its status statement grows old.
func TestClockMoves(t *testing.T) {
	f := newForge(t)
	doc := encode(t, f.bundle(nil))
	for after, want := range map[time.Duration]verify.Indication{
		-11 * time.Minute: verify.TotalPassed, 0: verify.TotalPassed, 23 * time.Hour: verify.TotalPassed,
		24 * time.Hour: verify.Indeterminate, 6 * 366 * 24 * time.Hour: verify.TotalFailed,
		-40 * time.Minute: verify.Indeterminate,
		-2 * time.Hour:    verify.TotalFailed,
	} {
		r := f.judge(doc, verify.Expect{},
			func(c *verify.Config) { c.Now = func() time.Time { return now.Add(after) } })
		require.Equal(t, want, r.Indication, "%s: %s", after, r.Headline)
	}
}
