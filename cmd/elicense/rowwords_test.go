package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// notes have a fix of their own and refuse nothing.
var notes = []normal.Code{
	normal.CodeDivisionSplit, normal.CodeSeveralNames, normal.CodePrivateUse, normal.CodeMaybeRounded,
	normal.CodeMoneyCurrency,
}

// TestRowWords: every code for which a value is refused is worded, in both languages, with no place left for a value.
func TestRowWords(t *testing.T) {
	var refusals []vault.Code
	for _, c := range normal.Codes() {
		m, ok := normal.MessageOf(c)
		require.True(t, ok)
		isNote := m.FixEN == "Nothing to do." || m.FixEN == "Please compare with the paper." || slices.Contains(notes, c)
		if !isNote {
			refusals = append(refusals, vault.Code(c))
		}
	}
	require.Greater(t, len(refusals), 30)
	for _, c := range catalogue.Codes() {
		if strings.HasPrefix(string(c), "value_") {
			refusals = append(refusals, vault.Code(c))
		}
	}
	for _, lang := range []string{"zh", "en"} {
		p := &program{World: &cli.World{Lang: lang}}
		for _, c := range refusals {
			require.NotEmpty(t, shortWords[c], c)
			require.NotContains(t, p.codeWords(c), "{")
		}
	}
}
