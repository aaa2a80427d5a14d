package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

const plainTemplate = `format: elicense-template/1
front:
  size: [210, 297]
  texts:
    - {text: "{ZZMC}", box: [10, 10, 190, 20], size: 8}
`

// TestShipped: every shipped template reads, and there is one for types that have none.
func TestShipped(t *testing.T) {
	t.Parallel()
	all, err := document.Shipped()
	require.NoError(t, err)
	require.Contains(t, all, document.DefaultTemplate)
	own := 0
	for _, name := range catalogue.ShippedNames() {
		if all[shippedType(t, name).Template] != nil {
			own++
		}
	}
	require.GreaterOrEqual(t, own, 9)
	require.Len(t, document.ShippedNames(), len(all))
}

// TestTemplateElements: a shipped template names only elements that its type has.
func TestTemplateElements(t *testing.T) {
	t.Parallel()
	for _, name := range catalogue.ShippedNames() {
		typ := shippedType(t, name)
		data, err := document.ShippedFile(typ.Template)
		if err != nil {
			continue
		}
		for part := range strings.SplitSeq(string(data), "KZ_") {
			element := "KZ_" + part[:len(part)-len(strings.TrimLeft(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))]
			if element == "KZ_" || strings.HasPrefix(part, "format") {
				continue
			}
			_, ok := typ.Field(element)
			require.True(t, ok, "%s has no %s", typ.Name, element)
		}
	}
}

// TestTemplateRefusals_D28: each rule of the form has its code, and its sentence in both languages.
func TestTemplateRefusals_D28(t *testing.T) {
	t.Parallel()
	texts := func(s string) string {
		return strings.Replace(plainTemplate, `{text: "{ZZMC}", box: [10, 10, 190, 20], size: 8}`, s, 1)
	}
	page := func(s string) string { return plainTemplate + s }
	const table = "  tables:\n    - "
	for _, c := range []struct {
		name, file string
		want       document.Code
	}{
		{"too big", strings.Repeat("# x\n", document.MaxTemplateBytes/4+1), document.CodeTooBig},
		{"not UTF-8", "\xff", document.CodeEncoding},
		{"nothing", "", document.CodeSyntax},
		{"two documents", plainTemplate + "---\na: b\n", document.CodeSyntax},
		{"broken", "a: [", document.CodeSyntax},
		{"alias", page("  seal: &a [1, 1, 9, 9]\n"), document.CodeAlias},
		{"tag", page("  seal: !!seq [1, 1, 9, 9]\n"), document.CodeAlias},
		{"deep", page("  seal: [[[[[[[[[[1]]]]]]]]]]\n"), document.CodeDepth},
		{"format", strings.Replace(plainTemplate, "/1", "/2", 1), document.CodeFormat},
		{"unknown key", page("  stamp: 1\n"), document.CodeUnknownKey},
		{"key twice", page("  seal: [1, 1, 9, 9]\n  seal: [1, 1, 9, 9]\n"), document.CodeDuplicate},
		{"missing", texts("{text: a, size: 8}"), document.CodeMissing},
		{"no page", "format: elicense-template/1\n", document.CodeMissing},
		{"mapping", page("  frame: guilloche\n"), document.CodeNotMapping},
		{"list", page("  tables: 3\n"), document.CodeNotList},
		{"text", texts("{text: true, box: [1, 1, 9, 9], size: 8}"), document.CodeNotText},
		{"length", texts("{text: a, box: [1, 1, 9, 9], size: big}"), document.CodeNotLength},
		{"length below", texts("{text: a, box: [1, 1, 9, 9], size: 0.1}"), document.CodeNotLength},
		{"length too fine", texts("{text: a, box: [1, 1, 9, 9], size: 8.0001}"), document.CodeNotLength},
		{"negative", texts("{text: a, box: [-1, 1, 9, 9], size: 8}"), document.CodeNotLength},
		{"least above size", texts("{text: a, box: [1, 1, 9, 9], size: 8, least: 9}"), document.CodeNotLength},
		{"bool", texts("{text: a, box: [1, 1, 9, 9], size: 8, middle: yes}"), document.CodeNotBool},
		{"many", texts("{text: a, box: [1, 1, 9, 9], size: 8}" + strings.Repeat("\n    - {text: a, box: [1, 1, 9, 9], size: 8}", 100)), document.CodeTooMany},
		{"cells", page(table + "{box: [1, 1, 40, 9], size: 4, label: 9, rows: [[ZZBH, CZZT, ZZMC]]}\n"), document.CodeTooMany},
		{"long", texts("{text: " + strings.Repeat("a", 501) + ", box: [1, 1, 9, 9], size: 8}"), document.CodeTooLong},
		{"characters", texts("{text: \"a\\u202eb\", box: [1, 1, 9, 9], size: 8}"), document.CodeCharacters},
		{"choice", texts("{text: a, box: [1, 1, 9, 9], size: 8, align: up}"), document.CodeChoice},
		{"color", texts("{text: a, box: [1, 1, 9, 9], size: 8, color: red}"), document.CodeColor},
		{"box", texts("{text: a, box: [1, 1, 9], size: 8}"), document.CodeBox},
		{"outside", texts("{text: a, box: [100, 1, 111, 9], size: 8}"), document.CodeOutside},
		{"outside table", page(table + "{box: [1, 1, 90, 299], size: 4, label: 9}\n"), document.CodeOutside},
		{"element", texts("{text: \"{name}\", box: [1, 1, 9, 9], size: 8}"), document.CodeElement},
		{"open brace", texts("{text: \"{ZZMC\", box: [1, 1, 9, 9], size: 8}"), document.CodeElement},
		{"lone brace", texts("{text: \"ZZMC}\", box: [1, 1, 9, 9], size: 8}"), document.CodeElement},
		{"photo element", page("  photo: {field: ZZBH, box: [1, 1, 9, 9]}\n"), document.CodeElement},
		{"overlap", page("  qr: [10, 40, 30, 30]\n  seal: [20, 50, 40, 40]\n"), document.CodeOverlap},
		{"overlap photo", page("  qr: [10, 40, 30, 30]\n  photo: {field: KZ_ZP, box: [20, 50, 40, 40]}\n"), document.CodeOverlap},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tpl, err := document.ParseTemplate([]byte(c.file))
			require.Nil(t, tpl)
			require.ErrorIs(t, err, document.ErrTemplate)
			var refused *document.TemplateError
			require.ErrorAs(t, err, &refused)
			var codes []document.Code
			for _, p := range refused.Problems {
				codes = append(codes, p.Code)
				require.NotEmpty(t, p.Text("zh"))
				require.NotEmpty(t, p.Text("en"))
				require.NotContains(t, p.Text("zh"), "{")
			}
			require.Contains(t, codes, c.want)
		})
	}
}

// TestAllProblemsAtOnce_D28: whoever writes a template sees everything that is wrong with it, with lines.
func TestAllProblemsAtOnce_D28(t *testing.T) {
	t.Parallel()
	_, err := document.ParseTemplate([]byte(`format: elicense-template/1
front:
  size: [210, 20]
  frame: {style: lace}
  texts:
    - {text: a, box: [1, 1, 9, 9], size: x}
    - {box: [1, 1, 9, 9], size: 3, color: red}
  photo: {field: KZ_ZP}
`))
	var refused *document.TemplateError
	require.ErrorAs(t, err, &refused)
	type at struct {
		line int
		code document.Code
	}
	var got []at
	for _, p := range refused.Problems {
		got = append(got, at{p.Line, p.Code})
	}
	require.Equal(t, []at{
		{3, document.CodeNotLength}, {4, document.CodeChoice}, {6, document.CodeNotLength}, {7, document.CodeColor},
		{7, document.CodeMissing}, {8, document.CodeMissing},
	}, got)
	require.Contains(t, err.Error(), "line 4: front.frame.style: unknown-value")
}

// TestLengths: millimetres are read and written exactly.
func TestLengths(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"0": 0, "12": 12000, "12.5": 12500, "0.001": 1, "210.25": 210250} {
		got, ok := document.ParseLength(s)
		require.True(t, ok, s)
		require.Equal(t, want, got)
		require.Equal(t, s, string(document.AppendMM(nil, got)))
	}
	for _, s := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "1.2345", "12345", "1,5", "0x1"} {
		_, ok := document.ParseLength(s)
		require.False(t, ok, s)
	}
	require.Equal(t, "-1.25", string(document.AppendMM(nil, -1250)))
}

// FuzzParseTemplate: no file crashes the parser; what it accepts draws a licence without leaving the page's XML.
func FuzzParseTemplate(f *testing.F) {
	for _, name := range document.ShippedNames() {
		data, err := document.ShippedFile(name)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(plainTemplate))
	typ := shippedType(f, "food-business-licence")
	typ.Template = document.DefaultTemplate
	l := signed(f, typ, sample(typ))
	f.Fuzz(func(t *testing.T, data []byte) {
		tpl, err := document.ParseTemplate(data)
		if err != nil {
			require.Nil(t, tpl)
			require.ErrorIs(t, err, document.ErrTemplate)
			return
		}
		d, err := document.New(document.Config{Templates: map[string]*document.Template{document.DefaultTemplate: tpl}})
		require.NoError(t, err)
		drawing, err := d.Draw(l)
		if err != nil {
			require.ErrorIs(t, err, document.ErrLicence)
			return
		}
		checkXML(t, open(t, drawing))
		wellFormed(t, mustSVG(t, drawing, 0))
	})
}
