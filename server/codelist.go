package server

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// CodeText is one code of a refusal with everything that is said about it, for docs/errors.md.
type CodeText struct {
	api.Defect

	Status    int // 0: by what was asked for, see docs/errors.md
	Retryable bool
	Part      string // one of parts
}

// Codes are all codes that the service answers with, by part and name, from the tables that the answers come from.
// Placeholders stand in braces.
func Codes() []CodeText {
	out := slices.Concat(transportCodes(), vaultCodes(), convertCodes(), valueCodes(), sheetCodes())
	slices.SortFunc(out, func(a, b CodeText) int {
		return cmp.Or(
			cmp.Compare(slices.Index(parts, a.Part), slices.Index(parts, b.Part)), cmp.Compare(a.Code, b.Code),
		)
	})
	return out
}

func transportCodes() []CodeText {
	var out []CodeText
	for c, m := range sentences {
		if zh, _ := vault.Code(c).Sentence(); zh == "" { // else refused here in the words of the vault
			out = append(out, CodeText{defect(string(c), m.zh, m.en), m.status, m.retryable, "transport"})
		}
	}
	return out
}

func vaultCodes() []CodeText {
	var out []CodeText
	for _, c := range vault.Codes() {
		out = append(out, CodeText{Defect: sentenceDefect(c), Part: "vault"})
	}
	return out
}

func convertCodes() []CodeText {
	var out []CodeText
	for _, c := range convert.Codes() {
		if _, also := normal.MessageOf(normal.Code(c)); !also { // else it means the same of a value
			zh, en := convert.Sentence(c)
			out = append(out, unprocessable("conversion", defect(string(c), zh, en)))
		}
	}
	return out
}

// valueCodes are those of definitions of types and of values.
func valueCodes() []CodeText {
	var out []CodeText
	for _, c := range catalogue.Codes() {
		p := catalogue.Problem{Code: c, Found: "{found}", Want: "{want}"}
		out = append(out, unprocessable("type", catalogueDefect(&p)))
	}
	for _, c := range normal.Codes() { // which the catalogue says too
		p := catalogue.Problem{Code: catalogue.Code(c), Found: "{found}", Want: "{want}"}
		out = append(out, unprocessable("value", catalogueDefect(&p)))
	}
	return out
}

func sheetCodes() []CodeText {
	var out []CodeText
	for _, c := range sheet.Codes() {
		out = append(out, unprocessable("sheet", sheetDefect(c)))
	}
	return out
}

func unprocessable(part string, d api.Defect) CodeText {
	return CodeText{Defect: d, Status: http.StatusUnprocessableEntity, Part: part}
}

// parts is the order of docs/errors.md.
var parts = []string{"transport", "vault", "type", "value", "conversion", "sheet"}
