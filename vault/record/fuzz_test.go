package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/record"
)

// What a parser accepts, its value writes again byte by byte; what it refuses gives no value.
func fuzz(f *testing.F, kind string) {
	f.Helper()
	for _, s := range samples() {
		if s.kind == kind {
			f.Add(bytesOf(f, s.value))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := parsers[kind](raw)
		if err != nil {
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, v)
			return
		}
		require.Equal(t, string(raw), string(bytesOf(t, v)))
	})
}

func FuzzRecord(f *testing.F)           { fuzz(f, "record") }
func FuzzEvent(f *testing.F)            { fuzz(f, "event") }
func FuzzReceipt(f *testing.F)          { fuzz(f, "receipt") }
func FuzzStatus(f *testing.F)           { fuzz(f, "status") }
func FuzzBatchCertificate(f *testing.F) { fuzz(f, "batch") }
func FuzzAuditEntry(f *testing.F)       { fuzz(f, "audit") }

func FuzzDisclosures(f *testing.F) {
	raw, err := record.AppendDisclosures(nil, disclosures())
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte("\x01n0123456789abcdef\x80\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := record.ParseDisclosures(raw)
		if err != nil {
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, list)
			return
		}
		back, err := record.AppendDisclosures(nil, list)
		require.NoError(t, err)
		require.Equal(t, string(raw), string(back))
	})
}

// Digests and dates have one spelling each.
func FuzzWords(f *testing.F) {
	f.Add(sum("x").String())
	f.Add("2024-02-29")
	f.Add("101112131415161718191a1b1c1d1e1f")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := record.ParseDigest(s); err == nil {
			require.Equal(t, s, d.String())
		}
		if d, err := record.ParseDate(s); err == nil {
			require.Equal(t, s, d.String())
		}
		var v record.Salt
		if v.UnmarshalText([]byte(s)) == nil {
			back, err := v.MarshalText()
			require.NoError(t, err)
			require.Equal(t, s, string(back))
		}
	})
}
