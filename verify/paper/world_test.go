package paper_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/verify"
	"github.com/elicense/elicense/verify/paper"
)

var now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("UTC+8", 8*60*60))

// province has a judge, and documents of three kinds: one to accept, one to return, one to recheck.
type province struct {
	judge                *verify.Verifier
	good, wrong, unknown []byte
}

var newProvince = sync.OnceValues(func() (*province, error) {
	clock := func() time.Time { return now }
	own, err := fixtures.NewProvince(rand.Reader, clock)
	if err != nil {
		return nil, err
	}
	other, err := fixtures.NewProvince(rand.Reader, clock)
	if err != nil {
		return nil, err
	}
	p := &province{
		good: own.Anchors.Certificates()[0].Raw, unknown: other.Anchors.Certificates()[0].Raw,
		wrong: []byte(`{"format":"elicense-bundle/1","record":1}`),
	}
	p.judge, err = verify.New(verify.Config{Trust: own.Anchors, Now: clock})
	return p, err
})

// file is a document under a name.
func file(name string, b []byte) verify.Named {
	return verify.Named{Name: name, Document: verify.DocumentOf(b)}
}

func judge(t testing.TB, docs ...verify.Named) *verify.CaseReport {
	t.Helper()
	p, err := newProvince()
	require.NoError(t, err)
	c, err := p.judge.VerifyCase(t.Context(), docs, verify.Expect{})
	require.NoError(t, err)
	return c
}

func draw(t testing.TB, c *verify.CaseReport, cfg paper.Config) *paper.Drawing {
	t.Helper()
	if cfg.Signer == "" {
		cfg.Signer = "示例省数据管理局"
	}
	d, err := paper.Draw(c, cfg)
	require.NoError(t, err)
	return d
}

func open(t testing.TB, d *paper.Drawing) *ofd.Package {
	t.Helper()
	b, err := d.OFD()
	require.NoError(t, err)
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return p
}

var font = sync.OnceValues(func() (*page.Font, error) {
	data, err := os.ReadFile("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
	if err != nil {
		return nil, err
	}
	return page.ParseFont(data, 0)
})

func fonts(t testing.TB) page.Fonts {
	t.Helper()
	f, err := font()
	if err != nil {
		t.Skip("no CJK font: apt-get install fonts-wqy-microhei")
	}
	return page.Fonts{Body: f}
}
