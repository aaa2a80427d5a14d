package clitest

import (
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// CheckHelp holds every help text of a finished program against the language that it is finished in: an English one has
// no Chinese, and none has a separator of languages left, which stands there where one of them is missing its space.
// Examples are left out: their names and values are Chinese.
func CheckHelp(t *testing.T, root *cobra.Command, lang string) {
	t.Helper()
	check := func(where, text string) {
		if strings.Contains(text, " / ") || strings.Contains(text, "）/ ") || strings.Contains(text, "\n/\n") {
			t.Errorf("%s: two languages in %q", where, text)
		}
		if lang == "en" && strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: %q is not English", where, text)
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		check(c.CommandPath(), c.Short)
		check(c.CommandPath(), c.Long)
		flag := func(f *pflag.Flag) { check(c.CommandPath()+" --"+f.Name, f.Usage) }
		c.Flags().VisitAll(flag)
		c.PersistentFlags().VisitAll(flag)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
