package main

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/document"
)

// said takes an error apart for a person: what is wrong with settings or a file in words, the single problems of a refused
// request, type or mapping each with its place. Other errors stay as they are.
func said(cmd *cobra.Command, err error) error {
	var told *cli.ToldError
	var settings *settingsError
	var bad *sheet.Error
	switch {
	case errors.As(err, &told):
		return err
	case errors.As(err, &settings):
		return &cli.ToldError{
			Err: err, Code: "settings", Zh: houseFile + " 不能使用：" + settings.zh, En: houseFile + " cannot be used: " + settings.en,
		}
	case errors.As(err, &bad):
		zh, en := sheetWords(bad, "zh"), sheetWords(bad, "en")
		return &cli.ToldError{Err: err, Code: string(bad.Code), Zh: zh, En: en}
	}
	if told := serviceTold(cmd, err); told != nil {
		return told
	}
	for _, tell := range []func(error) *cli.ToldError{ofdTold, pdfTold, sealTold} {
		if told := tell(err); told != nil {
			return told
		}
	}
	if list := problems(cmd, err); len(list) > 0 {
		return &cli.ProblemsError{Err: err, List: list}
	}
	return err
}

// describe puts an error into both languages.
func describe(err error) cli.Sentence { return cli.Describe(said(nil, err), words) }

// problems are the single problems inside an error.
func problems(cmd *cobra.Command, err error) []cli.Problem {
	var refusal *vault.Refusal
	var typ *catalogue.TypeError
	var mapping *convert.MappingError
	var template *document.TemplateError
	var service *client.ProblemError
	var out []cli.Problem
	switch {
	case errors.As(err, &service):
		for i := range service.Errors {
			out = append(out, problemIn(cmd, &service.Errors[i]))
		}
	case errors.As(err, &refusal):
		for _, p := range refusal.Problems {
			out = append(out, cli.Problem{
				Code: string(p.Code), Where: p.Field, Flag: flagOf(cmd, p), Found: p.Found, Zh: p.Zh, En: p.En,
			})
		}
	case errors.As(err, &typ):
		for _, p := range typ.Problems {
			out = append(out, cli.Problem{
				Code: string(p.Code), Line: p.Line, Column: p.Column, Where: p.Path, Found: p.Found,
				Zh: p.Text(catalogue.ZH) + "；" + p.Fix(catalogue.ZH), En: p.Text(catalogue.EN) + "; " + p.Fix(catalogue.EN),
			})
		}
	case errors.As(err, &template):
		for _, p := range template.Problems {
			out = append(out, cli.Problem{
				Code: string(p.Code), Line: p.Line, Column: p.Column, Where: p.Path, Found: p.Found,
				Zh: p.Text("zh"), En: p.Text("en"),
			})
		}
	case errors.As(err, &mapping):
		for _, p := range mapping.Problems {
			out = append(out, cli.Problem{
				Code: string(p.Code), Line: p.Line, Where: p.Path, Found: p.Found, Zh: p.Zh, En: p.En,
			})
		}
	}
	return out
}

// flagOf names a field of a request as the command line does. The basis of an act is --law, that of an access --basis.
func flagOf(cmd *cobra.Command, p vault.Problem) string {
	if cmd == nil || p.Field == "" {
		return ""
	}
	name := strings.ReplaceAll(p.Field, "_", "-")
	access := p.Code == vault.CodeBasisNotGranted || p.Code == vault.CodeConsentUnknown
	if name == "basis" && !access && cmd.Flags().Lookup("law") != nil {
		name = "law"
	}
	if name == "department" { // of a caller
		name = "code"
	}
	if cmd.Flags().Lookup(name) == nil {
		return ""
	}
	return "--" + name
}

func sheetWords(e *sheet.Error, lang string) string {
	say := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	what, fix := e.Code.Message(lang)
	var at []string
	for _, place := range []struct {
		n      int
		zh, en string
	}{{cmp.Or(e.Line, e.Row), "行", "line"}, {e.Column, "列", "column"}} {
		if place.n > 0 {
			at = append(at, say("第 "+strconv.Itoa(place.n)+" "+place.zh, place.en+" "+strconv.Itoa(place.n)))
		}
	}
	text := what + say("；", "; ") + fix
	if e.Code == sheet.CodeUnsure {
		text += say("（可能是 ", " (it may be ") + e.Detail + say("）", ")")
	}
	if len(at) > 0 {
		text = strings.Join(at, say("，", ", ")) + say("：", ": ") + text
	}
	return text
}
