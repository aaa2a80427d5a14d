package code_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
)

const root = code.IdentifierRoot + "."

// The identifiers of standards 1.2: real ones, and one of our own making.
func TestIdentifierVectors_A21(t *testing.T) {
	for _, body := range []string{
		"11100000000013338W011.11430000006122244L.20230000403.001.U",
		"11100000000013338W011.11430000006122244L.20230000403.002.S",
		"11100000000013338W009.11330105002500287C.2025052201.002.0",
		"11100000MB03271699022.340100.000000016.001.9",
		"11100000000013338W011.11110000000021135M.20230329701.003.Y",
		"11100000000013338W032.11220000013544541J.2430599.001.F",
		"11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
		"11100000MB0143028R001.11350128345071904J.000000001.001.7",
	} {
		id, err := code.ParseIdentifier(root + body)
		require.NoError(t, err, body)
		require.True(t, id.CheckValid(), body)
		require.Equal(t, root+body, id.String())
		require.NoError(t, code.CheckIdentifier(root+body), body)

		made, err := code.NewIdentifier(id.Type, id.Issuer, id.Serial, id.Version)
		require.NoError(t, err, body)
		require.Equal(t, id, made)

		lower, err := code.ParseIdentifier(strings.ToLower(root + body))
		require.NoError(t, err)
		require.Equal(t, id, lower)
	}
}

// ISO/IEC 7064 itself: A12425GABC1234002 has check character M, spread here over the parts.
func TestIdentifierISOVector(t *testing.T) {
	id := code.Identifier{Type: "A12425G", Issuer: "ABC", Serial: "1234", Version: 2}
	require.Equal(t, byte('M'), id.ExpectedCheck())
}

// Two published samples carry a wrong check character; they are read, and the expected one is told.
func TestIdentifierTolerantReading(t *testing.T) {
	id, err := code.ParseIdentifier(root + "11100000000013338W050.91610800064834709T.2023000001.001.X")
	require.NoError(t, err)
	require.False(t, id.CheckValid())
	require.Equal(t, byte('2'), id.ExpectedCheck())
	require.Equal(t, byte('X'), id.Check)

	err = code.CheckIdentifier(id.String())
	var e *code.CheckError
	require.ErrorAs(t, err, &e)
	require.Equal(t, code.ReasonCheck, e.Reason)
	require.Equal(t, "2", e.Want)
	require.Equal(t, len(id.String()), e.Position)
}

func TestIdentifierWithVersion(t *testing.T) {
	id, err := code.ParseIdentifier(root + "11100000000013338W011.11430000006122244L.20230000403.001.U")
	require.NoError(t, err)
	next, err := id.WithVersion(2)
	require.NoError(t, err)
	require.Equal(t, root+"11100000000013338W011.11430000006122244L.20230000403.002.S", next.String())
	require.Equal(t, 1, id.Version)
	for _, n := range []int{0, -1, 1000} {
		none, err := id.WithVersion(n)
		requireReason(t, err, code.ErrIdentifier, "version", code.ReasonRange)
		require.Zero(t, none)
	}
}

func TestParseIdentifierRefuses(t *testing.T) {
	const typ, issuer = "11100000000013338W011", "11430000006122244L"
	for name, tc := range map[string]struct {
		in     string
		field  string
		reason code.Reason
	}{
		"empty":              {"", "root", code.ReasonRoot},
		"no root":            {typ + "." + issuer + ".1.001.U", "root", code.ReasonRoot},
		"other root":         {"1.2.156.3005.3." + typ + "." + issuer + ".1.001.U", "root", code.ReasonRoot},
		"four parts":         {root + typ + "." + issuer + ".1.001", "", code.ReasonParts},
		"six parts":          {root + typ + "." + issuer + ".1.001.U.U", "", code.ReasonParts},
		"short type":         {root + typ[1:] + "." + issuer + ".1.001.U", "type", code.ReasonLength},
		"type alphabet":      {root + "11100000000013338-011." + issuer + ".1.001.U", "type", code.ReasonAlphabet},
		"issuer length":      {root + typ + ".1143.1.001.U", "issuer", code.ReasonLength},
		"issuer alphabet":    {root + typ + ".1143000000612224_L.1.001.U", "issuer", code.ReasonAlphabet},
		"issuer no division": {root + typ + ".34010A.1.001.9", "issuer", code.ReasonDivision},
		"empty serial":       {root + typ + "." + issuer + "..001.U", "serial", code.ReasonEmpty},
		"serial alphabet":    {root + typ + "." + issuer + ".一.001.U", "serial", code.ReasonAlphabet},
		"version 000":        {root + typ + "." + issuer + ".1.000.U", "version", code.ReasonRange},
		"version short":      {root + typ + "." + issuer + ".1.1.U", "version", code.ReasonRange},
		"version letters":    {root + typ + "." + issuer + ".1.ABC.U", "version", code.ReasonRange},
		"no check":           {root + typ + "." + issuer + ".1.001.", "check", code.ReasonLength},
		"check twice":        {root + typ + "." + issuer + ".1.001.UU", "check", code.ReasonLength},
		"too long": {root + typ + "." + issuer + "." + strings.Repeat("1", 100) + ".001.U", "",
			code.ReasonLength},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := code.ParseIdentifier(tc.in)
			requireReason(t, err, code.ErrIdentifier, tc.field, tc.reason)
			require.Zero(t, id)
			require.Error(t, code.CheckIdentifier(tc.in))
		})
	}
}

func TestNewIdentifierRefuses_A21(t *testing.T) {
	const typ, issuer = "11100000000013338W011", "11430000006122244L"
	for name, tc := range map[string]struct {
		typ, issuer, serial string
		version             int
		field               string
		reason              code.Reason
	}{
		"type with a wrong USCC": {"11100000000013339W011", issuer, "1", 1, "type.authority", code.ReasonOrganisation},
		"type serial 000":        {"11100000000013338W000", issuer, "1", 1, "type.serial", code.ReasonRange},
		"issuer check digit":     {typ, "11430000006122244M", "1", 1, "issuer", code.ReasonCheck},
		"issuer empty":           {typ, "", "1", 1, "issuer", code.ReasonLength},
		"lower-case serial":      {typ, issuer, "a1", 1, "serial", code.ReasonAlphabet},
		"version":                {typ, issuer, "1", 1000, "version", code.ReasonRange},
		"too long":               {typ, issuer, strings.Repeat("A", 80), 1, "", code.ReasonLength},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := code.NewIdentifier(tc.typ, tc.issuer, tc.serial, tc.version)
			requireReason(t, err, code.ErrIdentifier, tc.field, tc.reason)
			require.Zero(t, id)
		})
	}
	long, err := code.NewIdentifier(typ, issuer, strings.Repeat("Z", 66), 999)
	require.NoError(t, err)
	require.Len(t, long.String(), code.MaxIdentifierBytes)
	require.NoError(t, code.CheckIdentifier(long.String()))
	require.Error(t, code.CheckIdentifier(strings.ToLower(long.String())))
}

// Every single wrong character and every swap of neighbours in the body is seen, as MOD 37,36 promises.
func TestIdentifierCheckSeesErrors(t *testing.T) {
	id, err := code.ParseIdentifier(root + "11100000MB0143028R001.11350128345071904J.000000001.001.7")
	require.NoError(t, err)
	for k := range id.Serial {
		for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			other := id
			other.Serial = id.Serial[:k] + string(c) + id.Serial[k+1:]
			require.Equal(t, other.Serial == id.Serial, other.CheckValid())
		}
	}
}

func requireReason(t *testing.T, err, sentinel error, field string, reason code.Reason) {
	t.Helper()
	require.ErrorIs(t, err, sentinel)
	var e *code.CheckError
	require.ErrorAs(t, err, &e)
	require.Equal(t, reason, e.Reason, e.Error())
	require.Equal(t, field, e.Field, e.Error())
}

func FuzzParseIdentifier(f *testing.F) {
	f.Add(root + "11100000000013338W011.11430000006122244L.20230000403.001.U")
	f.Add(root + "11100000mb03271699022.340100.000000016.001.9")
	f.Add("1.2.156.3005.2.....")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := code.ParseIdentifier(s)
		if err != nil {
			require.Zero(t, id)
			require.ErrorIs(t, err, code.ErrIdentifier)
			require.Error(t, code.CheckIdentifier(s))
			return
		}
		require.Equal(t, strings.ToUpper(s), id.String())
		if code.CheckIdentifier(s) == nil {
			require.True(t, id.CheckValid())
			again, err := code.NewIdentifier(id.Type, id.Issuer, id.Serial, id.Version)
			require.NoError(t, err)
			require.Equal(t, id, again)
		}
	})
}

func BenchmarkParseIdentifier(b *testing.B) {
	s := root + "11100000MB0143028R001.11350128345071904J.000000001.001.7"
	b.ReportAllocs()
	for b.Loop() {
		if id, err := code.ParseIdentifier(s); err != nil || !id.CheckValid() {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewIdentifier(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, code.MaxIdentifierBytes)
	for b.Loop() {
		id, err := code.NewIdentifier("11100000MB0143028R001", "11350128345071904J", "000000001", 1)
		if err != nil {
			b.Fatal(err)
		}
		buf = id.AppendTo(buf[:0])
	}
}
