package catalogue_test

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestEncodeGolden holds the stored bytes and the digest of a type.
func TestEncodeGolden(t *testing.T) {
	typ := mustBase(t)
	data, err := typ.Encode()
	require.NoError(t, err)
	digest, err := typ.Digest()
	require.NoError(t, err)
	golden(t, "type.json", data)
	golden(t, "type.sm3", []byte(hex.EncodeToString(digest[:])+"\n"))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestEncodeRoundTrip(t *testing.T) {
	all := append(catalogue.Shipped(), mustBase(t))
	for _, typ := range all {
		data, err := typ.Encode()
		require.NoError(t, err)
		again, err := catalogue.ParseType(data)
		require.NoError(t, err)
		require.Equal(t, typ, again)
	}
}

// TestEncodeIsCanonical: empty lists and absent ones are stored alike, and so is a type written in another order.
func TestEncodeIsCanonical(t *testing.T) {
	typ := mustBase(t)
	want, err := typ.Encode()
	require.NoError(t, err)
	typ.Fields[1].Synonyms = []string{}
	typ.Fields[1].Rules.Enum = []string{}
	got, err := typ.Encode()
	require.NoError(t, err)
	require.Equal(t, want, got)
	typ.Validity = catalogue.Validity{Ranges: catalogue.Ranges{}}
	typ.Numbering = catalogue.Numbering{Scope: []string{}}
	got, err = typ.Encode()
	require.NoError(t, err)
	require.NotContains(t, string(got), "validity")
	require.NotContains(t, string(got), "numbering")
}

func TestEncodeRefuses(t *testing.T) {
	typ := mustBase(t)
	typ.Basis = nil
	data, err := typ.Encode()
	require.ErrorIs(t, err, catalogue.ErrType)
	require.Nil(t, data)
	_, err = typ.Digest()
	require.ErrorIs(t, err, catalogue.ErrType)
	typ = mustBase(t)
	for range 100 {
		typ.Items = append(typ.Items, catalogue.Item{Code: strings.Repeat("示", 500), Name: strings.Repeat("例", 500)})
	}
	_, err = typ.Encode()
	require.ErrorIs(t, err, catalogue.ErrType)
}

func TestDiffTypes_A67(t *testing.T) {
	next := func(change func(*catalogue.Type)) ([]catalogue.Change, catalogue.Problems) {
		typ := mustBase(t)
		typ.Version = 2
		change(&typ)
		return catalogue.DiffTypes(mustBase(t), typ)
	}
	changes, problems := next(func(typ *catalogue.Type) {
		typ.Name = "新示例许可证"
		typ.Fields[0].Rules.MaxLength = 60
		typ.Fields = append([]catalogue.Field{{Name: "KZ_NEW", Label: "新", Kind: catalogue.KindText}}, typ.Fields...)
		typ.Items = nil
	})
	require.Empty(t, problems)
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	require.Equal(t, []string{
		"fields.KZ_FDDBR.rules.maxLength", "fields.KZ_NEW.kind", "fields.KZ_NEW.label", "fields.KZ_NEW.name",
		"items", "name", "version",
	}, paths)
	require.Equal(t, catalogue.Change{Path: "fields.KZ_FDDBR.rules.maxLength", Old: "50", New: "60"}, changes[0])

	tests := []struct {
		name   string
		change func(*catalogue.Type)
		code   catalogue.Code
	}{
		{"code", func(typ *catalogue.Type) { typ.Code = "11990000MB1E000137010" }, catalogue.CodeDiffType},
		{"authority", func(typ *catalogue.Type) { typ.Authority.Code = "11990000MB1E000212" }, catalogue.CodeDiffType},
		{"version", func(typ *catalogue.Type) { typ.Version = 3 }, catalogue.CodeDiffVersion},
		{"removed", func(typ *catalogue.Type) { typ.Fields = typ.Fields[1:] }, catalogue.CodeDiffRemoved},
		{"kind", func(typ *catalogue.Type) { typ.Fields[0].Kind = catalogue.KindDate }, catalogue.CodeDiffKind},
		{
			"format", func(typ *catalogue.Type) { typ.Fields[0].Format = catalogue.FormatOrgName },
			catalogue.CodeDiffKind,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := next(tt.change)
			require.Len(t, problems, 1)
			require.Equal(t, tt.code, problems[0].Code)
		})
	}
}
