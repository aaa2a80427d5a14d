package vault_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// declaredCodes reads the Code constants from the source, so that none is forgotten.
func declaredCodes(t *testing.T) map[string]vault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "messages.go", nil, 0)
	require.NoError(t, err)
	codes := map[string]vault.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			codes[spec.Names[0].Name] = vault.Code(text)
		}
		return true
	})
	return codes
}

func problemsIn(err error) []vault.Problem {
	var r *vault.Refusal
	if errors.As(err, &r) {
		return r.Problems
	}
	return nil
}

// ledgerKeys verifies the vault's checkpoints.
func (w *world) ledgerKeys() []ledger.Verifier {
	w.t.Helper()
	keys, err := verify.ParseLedgerKeys(w.province.Vault.NoteKey())
	require.NoError(w.t, err)
	return keys
}
