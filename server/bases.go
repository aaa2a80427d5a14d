package server

import (
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// ruleBehind is the rule by which a code refuses. It stands in the table of the code's words, whose entries cannot be
// written without one.
func ruleBehind(code string) rule.Rule {
	for _, r := range [...]rule.Rule{
		sentences[Code(code)].rule, vault.Code(code).Rule(), catalogue.Code(code).Rule(), normal.Code(code).Rule(),
		convert.RuleOf(vault.Code(code)), sheet.Code(code).Rule(),
	} {
		if r != (rule.Rule{}) {
			return r
		}
	}
	return rule.Rule{}
}
