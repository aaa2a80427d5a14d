package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault"
)

// TestNoteSentence_A89: what was done to a value is told in words, whichever table the code is of; values that the
// sentence names are filled in.
func TestNoteSentence_A89(t *testing.T) {
	t.Parallel()
	for _, c := range normal.Codes() {
		zh, en := vault.Note{Code: vault.Code(c), Old: "旧", New: "新"}.Sentence()
		require.NotEmpty(t, zh, c)
		require.NotEmpty(t, en, c)
	}
	zh, _ := vault.Note{Code: "date_style", Old: "2026.3.1", New: "2026-03-01"}.Sentence()
	require.Equal(t, "日期“2026.3.1”读作 2026-03-01", zh)
	zh, _ = vault.Note{Code: vault.CodeHolderKindTold, New: "001"}.Sentence()
	require.Contains(t, zh, "持证主体代码类型按代码判断")
}
