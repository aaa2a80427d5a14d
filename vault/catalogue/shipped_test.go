package catalogue_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
)

func TestShippedParse_A67(t *testing.T) {
	names := catalogue.ShippedNames()
	require.GreaterOrEqual(t, len(names), 12)
	codes := make(map[string]bool)
	for _, name := range names {
		data, err := catalogue.ShippedFile(name)
		require.NoError(t, err)
		typ, err := catalogue.ParseType(data)
		var te *catalogue.TypeError
		if errors.As(err, &te) {
			for _, p := range te.Problems {
				t.Errorf("%s:%d:%d %s %s: %s", name, p.Line, p.Column, p.Path, p.Code, p.Text(catalogue.EN))
			}
		}
		require.NoError(t, err, name)
		require.False(t, codes[typ.Code], name)
		codes[typ.Code] = true
		require.NotEmpty(t, typ.Basis)
		require.False(t, typ.Classification.Closed())
		require.True(t, typ.OwnedBy(typ.Code[:18]))
		require.Equal(t, name, typ.Template)
		_, err = typ.Compile()
		require.NoError(t, err)
	}
	require.Len(t, catalogue.Shipped(), len(names))
}
