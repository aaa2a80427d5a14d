package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// TestLookupByToken_A79: who may see a licence finds it by its QR code too, and the code gives nobody a right that he
// does not have.
func TestLookupByToken_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	d, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	for name, access := range map[string]vault.Access{"law": byLaw(), "issuer": department(0)} {
		res, err := w.v.Lookup(t.Context(), access, vault.Query{Token: d.Token})
		require.NoError(t, err, name)
		require.Len(t, res.Found, 1, name)
		require.Equal(t, a.Identifier, res.Found[0].Identifier, name)
	}
	_, err = w.v.Lookup(t.Context(), department(1), vault.Query{Token: d.Token})
	require.ErrorIs(t, err, vault.ErrDenied)
	holder := w.asHolder("001", firm(2), vault.LevelCertificate)
	res, err := w.v.Lookup(t.Context(), holder, vault.Query{Token: d.Token})
	if err == nil {
		require.Empty(t, res.Found, "another holder's licence")
	}
	bad := []byte(d.Token)
	bad[3] ^= 1
	for _, token := range []string{string(bad), "x", d.Token + "A"} {
		_, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Token: token})
		require.ErrorIs(t, err, vault.ErrNotFound)
	}
}

// TestTokenOfClosed_A69: the QR code of a licence that is classified later finds nothing.
func TestTokenOfClosed_A69(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	d, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	w.reclassify(foodType, catalogue.LevelSecret)
	_, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Token: d.Token})
	require.ErrorIs(t, err, vault.ErrSecret)
}
