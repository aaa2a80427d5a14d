package server

import (
	"net/http"
	"slices"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// CodeText is one code of a refusal with everything that is said about it, for docs/errors.md.
type CodeText struct {
	Code      string
	Status    int // 0: by what was asked for, see docs/errors.md
	Retryable bool
	Zh, En    string
	FixZh     string
	FixEn     string
	Basis     string
	Part      string // transport, vault, type or value
}

// Codes are all codes that the service answers with, by part and name, from the tables that the answers come from.
// Placeholders stand in braces.
func Codes() []CodeText {
	var out []CodeText
	for c, m := range sentences {
		if zh, _ := vault.Code(c).Sentence(); zh != "" { // refused here in the words of the vault
			continue
		}
		d := defect(string(c), m.zh, m.en)
		out = append(out, CodeText{
			Code: string(c), Status: m.status, Retryable: m.retryable, Zh: d.Zh, En: d.En, FixZh: d.FixZh,
			FixEn: d.FixEn, Basis: d.Basis, Part: "transport",
		})
	}
	for _, c := range vault.Codes() {
		d := sentenceDefect(c)
		out = append(out, CodeText{
			Code: d.Code, Zh: d.Zh, En: d.En, FixZh: d.FixZh, FixEn: d.FixEn, Basis: d.Basis, Part: "vault",
		})
	}
	for _, c := range catalogue.Codes() {
		p := catalogue.Problem{Code: c, Found: "{found}", Want: "{want}"}
		out = append(out, CodeText{
			Code: string(c), Status: http.StatusUnprocessableEntity, Zh: p.Text(catalogue.ZH), En: p.Text(catalogue.EN),
			FixZh: p.Fix(catalogue.ZH), FixEn: p.Fix(catalogue.EN), Part: "type",
		})
	}
	for _, c := range normal.Codes() {
		p := normal.Problem{Code: c, Found: "{found}", Want: "{want}"}
		out = append(out, CodeText{
			Code: string(c), Status: http.StatusUnprocessableEntity, Zh: p.Text(normal.ZH), En: p.Text(normal.EN),
			FixZh: p.Fix(normal.ZH), FixEn: p.Fix(normal.EN), Part: "value",
		})
	}
	slices.SortFunc(out, func(a, b CodeText) int {
		if a.Part != b.Part {
			return slices.Index(parts, a.Part) - slices.Index(parts, b.Part)
		}
		if a.Code < b.Code {
			return -1
		}
		return 1
	})
	return out
}

// parts is the order of docs/errors.md.
var parts = []string{"transport", "vault", "type", "value"}
