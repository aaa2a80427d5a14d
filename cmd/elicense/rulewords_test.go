package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

// notes have a fix of their own and refuse nothing.
var notes = []normal.Code{
	normal.CodeDivisionSplit, normal.CodeSeveralNames, normal.CodePrivateUse, normal.CodeMaybeRounded,
	normal.CodeMoneyCurrency,
}

// TestRuleWords: every way of writing that a comparison passes over is worded in both languages.
func TestRuleWords(t *testing.T) {
	for _, c := range normal.Codes() {
		m, ok := normal.MessageOf(c)
		require.True(t, ok)
		if m.FixEN == "nothing to do" || m.FixEN == "please compare with the paper" || slices.Contains(notes, c) {
			require.NotEmpty(t, ruleWords[c], c)
		}
	}
}
