package document_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

// TestLook writes every shipped type's page for people to look at.
func TestLook(t *testing.T) {
	d, err := document.New(document.Config{Fonts: fonts(t), Link: "https://licence.example/v/"})
	require.NoError(t, err)
	dir := os.Getenv("ELICENSE_LOOK") // a folder for those who want to see them
	if dir == "" {
		dir = t.TempDir()
	}
	for _, name := range catalogue.ShippedNames() {
		typ := shippedType(t, name)
		drawing, err := d.Draw(signed(t, typ, sample(typ)))
		require.NoError(t, err)
		for i := range drawing.Pages() {
			page, err := drawing.PNG(i, 90)
			require.NoError(t, err)
			file := filepath.Join(dir, name+"-"+strconv.Itoa(i)+".png")
			require.NoError(t, os.WriteFile(file, page, 0o600))
		}
	}
}
