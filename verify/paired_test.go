package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/verify"
)

// TestPaired: a sealed licence and the bundle of the same record in one case are judged together, each has its verdict,
// and every form of the report says so. Nothing else is paired.
func TestPaired(t *testing.T) {
	d, other := newDesk(t), newDesk(t)
	licence := d.docs[0]
	mine, its := licence.Licence, other.docs[0].Licence
	licence.Licence = nil
	v := d.here(nil)
	judge := func(docs ...verify.Named) *verify.CaseReport {
		c, err := v.VerifyCase(t.Context(), docs, verify.Expect{})
		require.NoError(t, err)
		require.Len(t, c.Reports, len(docs), "what was handed in is judged")
		return c
	}
	bundle := func(name string, b []byte) verify.Named {
		return verify.Named{Name: name, Document: verify.DocumentOf(b)}
	}

	c := judge(bundle("证照.json", mine), licence, bundle("又一份.json", mine))
	require.Equal(t, verify.TotalPassed, c.Indication())
	require.Equal(t, []string{"", "证照.json", ""}, []string{c.Reports[0].With, c.Reports[1].With, c.Reports[2].With})
	text, page, list := written(t, c)
	require.Contains(t, list, "证照/证照.ofd  可以受理 / ACCEPT  证照真实，由颁发机构签章，现行有效（连同《证照.json》核验）")
	require.Contains(t, text, "连同核验（同案提交的证照库说明）: 证照.json\n")
	require.Contains(t, page, "<td>证照.json</td>")
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(raw), `"with":"证照.json"`))
	var file bytes.Buffer
	require.NoError(t, c.WriteEvidence(t.Context(), &file, d.closing()))
	r := d.judge(d.elsewhere(now, nil), file.Bytes())
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)

	twice := bytes.Replace(mine, []byte("{"), []byte(`{"format":"elicense-bundle/1",`), 1)
	for name, beside := range map[string][]byte{
		"of another licence": its, "no bundle": []byte(`{"format":1}`), "member given twice": twice,
		"longer than any bundle": append(bytes.Clone(mine), bytes.Repeat([]byte(" "), 4<<20)...),
	} {
		c := judge(licence, bundle("证照.json", beside))
		require.Empty(t, c.Reports[0].With, name)
		require.Equal(t, "state.now", c.Reports[0].Headline, name)
	}
	named := licence
	named.Licence = mine
	require.Empty(t, judge(named, bundle("证照.json", mine)).Reports[0].With, "what was given with it goes before")
}

// written are the forms of the second report for people, and the list of the case.
func written(t *testing.T, c *verify.CaseReport) (text, page, list string) {
	t.Helper()
	var b [3]bytes.Buffer
	require.NoError(t, c.Reports[1].WriteText(&b[0], "zh"))
	require.NoError(t, c.Reports[1].WriteHTML(&b[1], c.Names[1], "zh"))
	require.NoError(t, c.WriteText(&b[2], "zh"))
	return b[0].String(), b[1].String(), b[2].String()
}

// TestLabels: people read what they call an element, in every form; programs read its short name.
func TestLabels(t *testing.T) {
	d := newDesk(t)
	bundle := d.docs[0].Licence
	var asked []string
	v := d.here(func(c *verify.Config) {
		c.Labels = func(_ context.Context, typeCode, element string) string {
			asked = append(asked, typeCode)
			return map[string]string{"CZZT": "经营者名称", "KZ_JYFW": "经营范围（类别）"}[element]
		}
	})
	r := d.judge(v, bundle)
	require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
	require.NotEmpty(t, asked)
	for _, code := range asked {
		require.Equal(t, r.Fact("type"), code)
	}
	for lang, want := range map[string][]string{
		"zh": {"经营者名称: ", "证照编号: ", "经营范围（类别）: "},
		"en": {"holder: ", "number: ", "经营范围（类别） (KZ_JYFW): "},
	} {
		var text, page bytes.Buffer
		require.NoError(t, r.WriteText(&text, lang))
		require.NoError(t, r.WriteHTML(&page, "证照.json", lang))
		var outline []string
		for _, s := range r.Outline(lang).Sections {
			for _, row := range s.Rows {
				outline = append(outline, row.Label)
			}
		}
		for _, w := range want {
			require.Contains(t, text.String(), "\n"+w)
			require.Contains(t, page.String(), "<td>"+strings.TrimSuffix(w, ": ")+"</td>")
			require.Contains(t, outline, strings.TrimSuffix(w, ": "))
		}
	}
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	plain := d.judge(d.here(nil), bundle)
	without, err := json.Marshal(plain)
	require.NoError(t, err)
	require.Equal(t, string(without), string(raw), "nothing of it is for programs")
	var text bytes.Buffer
	require.NoError(t, plain.WriteText(&text, "zh"))
	require.Contains(t, text.String(), "\nKZ_JYFW: ", "a type that is not known here")
	require.Contains(t, text.String(), "\n持证主体: ")
}
