package convert_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// notes have a fix of their own and refuse nothing.
var notes = []normal.Code{
	normal.CodeDivisionSplit, normal.CodeSeveralNames, normal.CodePrivateUse, normal.CodeMaybeRounded,
	normal.CodeMoneyCurrency,
}

// rowCodes are what is wrong with a row as a whole.
var rowCodes = []vault.Code{
	convert.CodeRowShort, convert.CodeRowLong, convert.CodeFormulaEmpty, convert.CodeCellError, convert.CodeOtherIssuer,
	convert.CodeHolderKind, convert.CodeNoMatch, convert.CodePartMissing, convert.CodeDitto, convert.CodeRowTooLarge,
	convert.CodePhotoMissing, convert.CodePhotoSeveral, convert.CodeScanRefused,
}

// TestRowWords: every code for which a value is refused is worded, in both languages, with no place left for a value.
func TestRowWords(t *testing.T) {
	var refusals []vault.Code
	for _, c := range normal.Codes() {
		m, ok := normal.MessageOf(c)
		require.True(t, ok)
		isNote := m.FixEN == "nothing to do" || m.FixEN == "please compare with the paper" || slices.Contains(notes, c)
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
	refusals = append(refusals, rowCodes...)
	for _, c := range refusals {
		require.True(t, convert.HasRowWords(c), c)
		zh, en := convert.RowWords(c)
		require.NotContains(t, zh+en, "{")
	}
}
