package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/verify"
)

// oneType is a catalogue with one type in it.
type oneType struct{ t *vault.LicenceType }

func (o oneType) TypeReport(context.Context) ([]vault.TypeStatus, error) { return nil, nil }

func (o oneType) Type(_ context.Context, code string) (*vault.LicenceType, error) {
	if code != o.t.Definition.Code {
		return nil, vault.ErrUnknownType
	}
	return o.t, nil
}

// TestLabels: what a vault declares goes before what the program brings, and an element that neither knows has no label.
func TestLabels(t *testing.T) {
	t.Parallel()
	health, err := catalogue.ParseType(fixtures.HealthType())
	require.NoError(t, err)
	own := catalogue.Shipped()[0]
	own.Fields[0].Label = "本省叫法"
	declared, err := vault.NewLicenceType(own, fixtures.Departments()[0].Code)
	require.NoError(t, err)
	shipped, served := shippedLabels(), declaredLabels(oneType{declared})
	text, err := own.Encode()
	require.NoError(t, err)
	trusted, err := verify.ParseTrustFolder(map[string][]byte{"types/own.yaml": text})
	require.NoError(t, err)
	folder, err := folderLabels(trusted.Types)
	require.NoError(t, err)
	_, err = folderLabels([][]byte{[]byte("format: elicense-type/1\n")})
	require.ErrorIs(t, err, catalogue.ErrType)
	_, err = verify.ParseTrustFolder(map[string][]byte{"own.yaml": text})
	require.ErrorIs(t, err, verify.ErrConfig, "elsewhere nobody would know what it is for")
	for name, c := range map[string]struct {
		labels              labeller
		code, element, want string
	}{
		"shipped":                   {shipped, own.Code, own.Fields[0].Name, catalogue.Shipped()[0].Fields[0].Label},
		"declared":                  {served, own.Code, own.Fields[0].Name, "本省叫法"},
		"of the made-up province":   {shipped, health.Code, health.Fields[0].Name, health.Fields[0].Label},
		"of a folder of trust":      {folder, own.Code, own.Fields[0].Name, "本省叫法"},
		"and shipped beside it":     {folder, health.Code, health.Fields[0].Name, health.Fields[0].Label},
		"not declared, but shipped": {served, health.Code, health.Fields[0].Name, health.Fields[0].Label},
		"no element":                {served, own.Code, "KZ_NONE", ""},
		"no type":                   {served, "1", own.Fields[0].Name, ""},
	} {
		require.Equal(t, c.want, c.labels(t.Context(), c.code, c.element), name)
	}
}
