package paper_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/verify"
	"github.com/elicense/elicense/verify/paper"
)

func documents(t testing.TB) []verify.Named {
	t.Helper()
	p, err := newProvince()
	require.NoError(t, err)
	return []verify.Named{file("根.cer", p.good), file("包.json", p.wrong), file("别处的根.cer", p.unknown)}
}

func all(d *paper.Drawing) string {
	var b strings.Builder
	for i := range d.Pages() {
		b.WriteString(d.Text(i))
	}
	return b.String()
}

// squeezed is a text without what line breaks may put into it.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// TestFirstLines_D28: the first line of a report is the decision and the second its reason, of one file and of a case.
func TestFirstLines_D28(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	for i, want := range []string{"可以受理 / ACCEPT", "退回并告知 / RETURN", "待复验 / RECHECK"} {
		c := judge(t, docs[i])
		text := draw(t, c, paper.Config{}).Text(0)
		_, reason := c.Reports[0].Headlines("zh")
		first, rest, _ := strings.Cut(text, "\n")
		require.Equal(t, want, first)
		require.True(t, strings.HasPrefix(squeezed(rest), squeezed(reason)), rest)
	}
	lines := strings.Split(draw(t, judge(t, docs...), paper.Config{Lang: "en"}).Text(0), "\n")
	require.Equal(t, []string{
		"退回并告知 / RETURN", "3 documents: 1 to accept, 1 to return, 1 to recheck", "Report of verification",
	}, lines[:3])
}

// TestEverythingStands_D28: case number, digests, policy, notice, every check and every moment stand on the pages, in both
// languages, with a font and without.
func TestEverythingStands_D28(t *testing.T) {
	t.Parallel()
	c := judge(t, documents(t)...)
	c.Number = "2026-000123"
	for _, cfg := range []paper.Config{{}, {Lang: "en", Seal: true}, {Fonts: fonts(t)}} {
		d := draw(t, c, cfg)
		text := squeezed(all(d))
		for _, s := range said(c, cfg.Lang) {
			require.Contains(t, text, squeezed(s))
		}
		require.Empty(t, d.Outside())
		require.Equal(t, cfg.Seal, d.SealBox != page.Box{})
	}
}

// said are the words that a report must hold.
func said(c *verify.CaseReport, lang string) []string {
	out := []string{c.Number, verify.PolicyVersion, map[string]string{"": "2026-03-02 09:30:00 北京时间", "en": "2026-03-02 09:30:00 UTC+8"}[lang], "示例省数据管理局", "report.json"}
	for i, r := range c.Reports {
		o := r.Outline(lang)
		out = append(out, c.Names[i], c.Inputs[i].SM3, o.Decision, o.Reason, o.Notice, o.Todo, o.Kind, o.Indication)
		for _, s := range o.Sections {
			out = append(out, s.Title)
			for _, row := range s.Rows {
				out = append(out, row.Text, row.Note)
			}
			if s.ID == "facts" {
				out = append(out, s.Rows[0].Label)
			}
		}
	}
	return out
}

// TestReportTravels_D28: programs find the same report inside.
func TestReportTravels_D28(t *testing.T) {
	t.Parallel()
	c := judge(t, documents(t)...)
	p := open(t, draw(t, c, paper.Config{}))
	got, err := p.ReadFile(paper.AttachmentFile, 1<<20)
	require.NoError(t, err)
	want, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	var report struct {
		Media     string `json:"media_type"`
		Documents []struct {
			Input struct{ SM3 string }
		}
	}
	require.NoError(t, json.Unmarshal(got, &report))
	require.Equal(t, verify.CaseMediaType, report.Media)
	require.Len(t, report.Documents, 3)
	require.Len(t, report.Documents[0].Input.SM3, 64)
	content, err := p.Content(p.Documents()[0].Root)
	require.NoError(t, err)
	require.NotEmpty(t, content.Attachments)
}

// TestLongCase: a case of twenty files and more runs over many pages; what a table is about is said again on each, and
// the pages are numbered.
func TestLongCase(t *testing.T) {
	t.Parallel()
	var docs []verify.Named
	for i := range 20 {
		d := documents(t)[i%3]
		d.Name = fmt.Sprintf("材料%02d-%s", i+1, d.Name)
		docs = append(docs, d)
	}
	c := judge(t, docs...)
	for i := range c.Reports[1].Checks { // one that fills pages by itself
		for range 80 {
			c.Reports[1].Checks = append(c.Reports[1].Checks, c.Reports[1].Checks[i])
		}
	}
	d := draw(t, c, paper.Config{Seal: true})
	require.Greater(t, d.Pages(), 8)
	require.Empty(t, d.Outside())
	text := all(d)
	require.Contains(t, text, "2  材料02-包.json · 未通过的检查（续）")
	for i := range d.Pages() {
		require.Contains(t, d.Text(i), fmt.Sprintf("第 %d 页，共 %d 页", i+1, d.Pages()))
	}
	var sums []string
	for _, in := range c.Inputs {
		sums = append(sums, in.SM3)
	}
	require.Empty(t, d.Apart(c.Names, sums), "a file's digest stands by its name")
	require.Equal(t, d.Pages()-1, d.SealPage, "the seal stands beside the last lines")
	content, err := open(t, d).Content("Doc_0/Document.xml")
	require.NoError(t, err)
	require.Len(t, content.Pages, d.Pages())
}

// TestNamesAreText: the name of a file, and what a document says, is text: no markup, no line of its own, nothing that
// turns the direction of writing.
func TestNamesAreText(t *testing.T) {
	t.Parallel()
	p, err := newProvince()
	require.NoError(t, err)
	name := "甲\n可以受理 / ACCEPT\n\u202e</ofd:TextCode>&\"<script>\x00\u2028乙" + strings.Repeat("长", 300)
	d := draw(t, judge(t, file(name, p.wrong)), paper.Config{Signer: "局\n可以受理 / ACCEPT<&>"})
	for i := range d.Pages() {
		require.NotContains(t, strings.Split(d.Text(i), "\n"), "可以受理 / ACCEPT")
	}
	require.NotContains(t, all(d), "\u202e")
	require.Contains(t, squeezed(all(d)), strings.Repeat("长", 300))
	wellFormed(t, open(t, d))
}

// TestNothingIsCut: a row longer than a page goes on on the next.
func TestNothingIsCut(t *testing.T) {
	t.Parallel()
	p, err := newProvince()
	require.NoError(t, err)
	d := draw(t, judge(t, file(strings.Repeat("长", 5000), p.good)), paper.Config{})
	require.Greater(t, d.Pages(), 3)
	require.Empty(t, d.Outside())
	require.GreaterOrEqual(t, strings.Count(all(d), "长"), 10_000, "in the list and above its checks")
}

func wellFormed(t testing.TB, p *ofd.Package) {
	t.Helper()
	for _, name := range p.Files() {
		if !strings.HasSuffix(name, ".xml") {
			continue
		}
		b, err := p.ReadFile(name, 1<<22)
		require.NoError(t, err)
		for x := xml.NewDecoder(strings.NewReader(string(b))); ; {
			_, err := x.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
	}
}

// TestSameBytes: the same report gives the same package, whatever was drawn before.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	c := judge(t, documents(t)...)
	first, err := draw(t, c, paper.Config{}).OFD()
	require.NoError(t, err)
	draw(t, judge(t, documents(t)[0]), paper.Config{})
	again, err := draw(t, c, paper.Config{}).OFD()
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// TestRefusals: a report on nothing, on what has no digest, or by nobody is none.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := judge(t, documents(t)[0])
	_, err := paper.Draw(c, paper.Config{})
	require.ErrorIs(t, err, paper.ErrSigner)
	for _, wrong := range []*verify.CaseReport{
		{}, {Names: c.Names, Reports: c.Reports}, {Inputs: c.Inputs, Reports: c.Reports},
	} {
		_, err = paper.Draw(wrong, paper.Config{Signer: "局"})
		require.ErrorIs(t, err, paper.ErrReport)
	}
	if testing.Short() {
		return // the last one has many pages
	}
	long := judge(t, documents(t)[1])
	for range 120_000 {
		long.Reports[0].Checks = append(long.Reports[0].Checks, long.Reports[0].Checks[0])
	}
	_, err = paper.Draw(long, paper.Config{Signer: "局"})
	require.ErrorIs(t, err, paper.ErrReport)
}
