package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/record"
)

func bundle() *record.Bundle {
	return &record.Bundle{
		Format: record.BundleFormat, Record: must(issuedRecord().Append(nil)), Signature: []byte{0x30, 0},
		Certificates: [][]byte{{0x30, 1, 0}}, Disclosures: disclosures()[1:2], Proof: []byte("proof"),
		Status: must(status().Append(nil)), StatusSig: []byte{0x30, 2},
	}
}

func TestBundleGolden(t *testing.T) {
	raw, err := bundle().Encode()
	require.NoError(t, err)
	golden(t, "bundle.json", raw)
	got, err := record.ParseBundle(raw)
	require.NoError(t, err)
	require.Equal(t, bundle(), got)

	got.Proof, got.Status, got.StatusSig = nil, nil, nil
	raw, err = got.Encode()
	require.NoError(t, err)
	require.NotContains(t, string(raw), "status")
	require.NotContains(t, string(raw), "proof")
}

func TestParseBundleRefuses(t *testing.T) {
	raw := string(must(bundle().Encode()))
	for name, bad := range map[string]string{
		"empty":            "",
		"null":             "null",
		"array":            "[" + raw + "]",
		"cut":              raw[:len(raw)-3],
		"bytes after":      raw + "x",
		"another after":    raw + raw,
		"unknown member":   strings.Replace(raw, `"format"`, `"extra": 1, "format"`, 1),
		"other format":     strings.Replace(raw, " v1", " v2", 1),
		"no record":        strings.Replace(raw, `"record": "`, `"record": "", "signature": "`, 1),
		"record in letter": strings.Replace(raw, `"record": "`, `"record": "!`, 1),
		"salt too short":   strings.Replace(raw, `"salt": "20`, `"salt": "`, 1),
		"too long":         raw + strings.Repeat(" ", record.MaxBundle),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := record.ParseBundle([]byte(bad))
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, b)
		})
	}
}

// What is read as a bundle is written and read again as the same one.
func FuzzBundle(f *testing.F) {
	f.Add(must(bundle().Encode()))
	f.Add([]byte(`{"format":"elicense bundle v1","record":"AA=="}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := record.ParseBundle(raw)
		if err != nil {
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, b)
			return
		}
		out, err := b.Encode()
		require.NoError(t, err)
		if len(out) > record.MaxBundle {
			return // indentation can make it longer
		}
		again, err := record.ParseBundle(out)
		require.NoError(t, err)
		twice, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, string(out), string(twice))
	})
}
