package record_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault/record"
)

func TestDisclosureGolden(t *testing.T) {
	raw, err := record.AppendDisclosures(nil, disclosures())
	require.NoError(t, err)
	golden(t, "disclosures.hex", []byte(hex.Dump(raw)))
	got, err := record.ParseDisclosures(raw)
	require.NoError(t, err)
	require.Equal(t, disclosures(), got)
}

// The digest is SM3 of exactly the bytes that docs/formats.md names.
func TestDisclosureDigest(t *testing.T) {
	d := disclosures()[0]
	preimage := "\x02" + string(d.Salt[:]) + "\x06number" + "示许字第990100号"
	require.Equal(t, record.Digest(sm3.Sum([]byte(preimage))), d.Digest())
	require.Equal(t, issuedRecord().Fields[0].Digest, d.Digest())
	long := record.Disclosure{Name: strings.Repeat("n", 64), Value: strings.Repeat("v", record.MaxValue)}
	preimage = "\x02" + strings.Repeat("\x00", 16) + "\x40" + long.Name + long.Value
	require.Equal(t, record.Digest(sm3.Sum([]byte(preimage))), long.Digest())
}

func drawDisclosures(t *rapid.T) []record.Disclosure {
	name := rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`)
	one := rapid.Custom(func(t *rapid.T) record.Disclosure {
		d := record.Disclosure{Name: name.Draw(t, "name"), Value: rapid.String().Draw(t, "value")}
		d.Value += strings.Repeat("字", rapid.SampledFrom([]int{0, 0, 42, 43, 5461, 21845}).Draw(t, "more"))
		d.Value = strings.ToValidUTF8(d.Value, "?")
		d.Value = d.Value[:min(len(d.Value), record.MaxValue)]
		d.Value = strings.ToValidUTF8(d.Value, "")
		copy(d.Salt[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "salt"))
		return d
	})
	return rapid.SliceOfNDistinct(one, 1, 8, func(d record.Disclosure) string { return d.Name }).Draw(t, "list")
}

func recordOf(list []record.Disclosure) *record.Record {
	r := issuedRecord()
	r.Fields = fields(list)
	return r
}

func TestDisclosuresRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawDisclosures(t)
		raw, err := record.AppendDisclosures([]byte("kept"), list)
		require.NoError(t, err)
		got, err := record.ParseDisclosures(raw[4:])
		require.NoError(t, err)
		require.Equal(t, list, got)
		require.NoError(t, recordOf(list).CheckDisclosures(got))
	})
}

// Any part of the elements may be shown, each alone too, in any order; nothing at all is fine as well.
func TestPartialDisclosure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawDisclosures(t)
		r := recordOf(list)
		shown := rapid.Permutation(list).Draw(t, "order")
		shown = shown[:rapid.IntRange(0, len(shown)).Draw(t, "shown")]
		require.NoError(t, r.CheckDisclosures(shown))
		for i := range list {
			require.NoError(t, r.CheckDisclosures(list[i:i+1]))
		}
	})
}

// No bit of a name, salt or value can change, no two elements can swap, none can be shown twice.
func TestDisclosureTampering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawDisclosures(t)
		r := recordOf(list)
		bad := slices.Clone(list)
		i := rapid.IntRange(0, len(list)-1).Draw(t, "at")
		j := rapid.IntRange(0, len(list)-1).Draw(t, "other")
		flip := byte(1) << rapid.IntRange(0, 7).Draw(t, "bit")
		switch rapid.SampledFrom([]string{"salt", "name", "value", "longer", "swap", "twice"}).Draw(t, "what") {
		case "salt":
			bad[i].Salt[rapid.IntRange(0, 15).Draw(t, "byte")] ^= flip
		case "name":
			bad[i].Name = flipped(t, bad[i].Name, flip)
		case "value":
			bad[i].Value = flipped(t, bad[i].Value+"x", flip)
		case "longer":
			bad[i].Value += " "
		case "swap":
			if i == j {
				return
			}
			bad[i].Name, bad[j].Name = bad[j].Name, bad[i].Name
		case "twice":
			bad = append(bad, bad[i])
		}
		require.ErrorIs(t, r.CheckDisclosures(bad), record.ErrFormat)
	})
}

func flipped(t *rapid.T, s string, bit byte) string {
	b := []byte(s)
	b[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= bit
	return string(b)
}

// A character cannot move from the end of a name to the beginning of its value.
func TestDisclosureBoundary(t *testing.T) {
	a := record.Disclosure{Name: "ab", Value: "cd"}
	b := record.Disclosure{Name: "a", Value: "bcd"}
	c := record.Disclosure{Name: "abc", Value: "d"}
	require.NotEqual(t, a.Digest(), b.Digest())
	require.NotEqual(t, a.Digest(), c.Digest())
	r := recordOf([]record.Disclosure{a})
	require.ErrorIs(t, r.CheckDisclosures([]record.Disclosure{b}), record.ErrFormat)
}

// A record says nothing of what its fields hold: no value of a disclosed field, nor its plain digest, nor equal
// digests for equal values.
func TestRecordHidesValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.StringMatching(`[1-9][0-9]{16}[0-9X]`), rapid.StringMatching(`\p{Han}{4,12}`),
			rapid.StringMatching(`[a-z]{12,20} [a-z]{3,9}`)).Draw(t, "value")
		var salts [2]record.Salt
		copy(salts[0][:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "salt"))
		salts[1] = salts[0]
		salts[1][15] ^= 1
		list := []record.Disclosure{{"a", salts[0], value}, {"b", salts[1], value}, {"c", salts[1], value}}
		r := recordOf(list)
		raw := string(bytesOf(t, r))
		require.NotContains(t, raw, value)
		require.NotContains(t, raw, sum(value).String())
		for _, f := range r.Fields {
			require.Equal(t, 1, strings.Count(raw, f.Digest.String()))
		}
	})
}

// A guess without the salt is of no use: half of the bits of a digest change with one bit of the salt.
func TestSaltSpreads(t *testing.T) {
	a := record.Disclosure{Name: "holder-name", Value: "示范"}
	b := a
	b.Salt[0] ^= 1
	x, y := a.Digest(), b.Digest()
	differ := 0
	for i := range x {
		differ += bits.OnesCount8(x[i] ^ y[i])
	}
	require.InDelta(t, 128, differ, 48)
}

func TestParseDisclosuresRefuses(t *testing.T) {
	salt16 := strings.Repeat("s", 16)
	big := string(binary.AppendUvarint(nil, record.MaxValue+1)) + strings.Repeat("v", record.MaxValue+1)
	for name, raw := range map[string]string{
		"no name":                "\x00" + salt16 + "\x01v",
		"name with a point":      "\x03a.b" + salt16 + "\x01v",
		"name too long":          "\x41" + strings.Repeat("n", 65) + salt16 + "\x01v",
		"name beyond the end":    "\x05abc",
		"only a length":          "\x01",
		"no salt":                "\x01n",
		"short salt":             "\x01n" + salt16[1:],
		"no length of value":     "\x01n" + salt16,
		"value beyond the end":   "\x01n" + salt16 + "\x02v",
		"length not canonical":   "\x01n" + salt16 + "\x81\x00v",
		"zero not canonical":     "\x01n" + salt16 + "\x80\x00",
		"length not ended":       "\x01n" + salt16 + "\x80",
		"length beyond 64 bits":  "\x01n" + salt16 + strings.Repeat("\xff", 10) + "\x01",
		"huge length":            "\x01n" + salt16 + "\xff\xff\xff\xff\xff\xff\xff\xff\x7fv",
		"value too long":         "\x01n" + salt16 + big,
		"value not UTF-8":        "\x01n" + salt16 + "\x01\xff",
		"bytes after":            "\x01n" + salt16 + "\x01vx",
		"more elements than 256": strings.Repeat("\x01n"+salt16+"\x01v", record.MaxFields+1),
	} {
		t.Run(name, func(t *testing.T) {
			list, err := record.ParseDisclosures([]byte(raw))
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, list)
		})
	}
	list, err := record.ParseDisclosures(nil)
	require.NoError(t, err)
	require.Empty(t, list)
	list, err = record.ParseDisclosures([]byte(strings.Repeat("\x01n"+salt16+"\x00", record.MaxFields)))
	require.NoError(t, err)
	require.Len(t, list, record.MaxFields)
}

func TestAppendDisclosuresRefuses(t *testing.T) {
	for name, list := range map[string][]record.Disclosure{
		"no name":           {{Name: "", Value: "v"}},
		"name with a space": {{Name: "a b", Value: "v"}},
		"long name":         {{Name: strings.Repeat("n", 65), Value: "v"}},
		"long value":        {{Name: "n", Value: strings.Repeat("v", record.MaxValue+1)}},
		"value not UTF-8":   {{Name: "n", Value: "\xff"}},
		"too many":          make([]record.Disclosure, record.MaxFields+1),
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := record.AppendDisclosures([]byte("kept"), list)
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, raw)
		})
	}
}

func TestCheckDisclosuresRefusesUnknownName(t *testing.T) {
	r := issuedRecord()
	require.ErrorIs(t, r.CheckDisclosures([]record.Disclosure{{Name: "other"}}), record.ErrFormat)
	require.ErrorIs(t, r.CheckDisclosures([]record.Disclosure{{}}), record.ErrFormat)
}

func TestJSON(t *testing.T) {
	type all struct {
		Digest   record.Digest       `json:"digest"`
		None     record.Digest       `json:"none"`
		Salt     record.Salt         `json:"salt"`
		Date     record.Date         `json:"date"`
		OpenEnd  record.Date         `json:"openEnd"`
		Elements []record.Disclosure `json:"elements"`
	}
	v := all{Digest: sum("x"), Salt: salt(1), Date: day("2024-02-29"), Elements: disclosures()[:1]}
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, `{"digest":"`+sum("x").String()+`","none":"","salt":"101112131415161718191a1b1c1d1e1f",
		"date":"2024-02-29","openEnd":"",
		"elements":[{"name":"number","salt":"101112131415161718191a1b1c1d1e1f","value":"示许字第990100号"}]}`, string(raw))
	var back all
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, v, back)
	require.NoError(t, issuedRecord().CheckDisclosures(back.Elements))
}

func TestJSONRefuses(t *testing.T) {
	digest := sum("x").String()
	refuse := func(to any, values ...string) {
		t.Helper()
		for _, s := range values {
			require.Error(t, json.Unmarshal([]byte(`"`+s+`"`), to), s)
		}
	}
	d, s, date := sum("kept"), salt(7), day("2024-02-29")
	refuse(&d, digest+"=", digest[1:], strings.Repeat("A", 43), strings.Repeat("A", 42)+"B", "-", digest[:42]+`\n`,
		digest[:41]+`\r\n`)
	refuse(&s, "", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32),
		"101112131415161718191A1B1C1D1E1F", strings.Repeat("0", 30)+"zz")
	refuse(&date, "2023-02-29", "-", "2024-2-9", "长期", "0000-00-00", "2024-02-29 ")
	require.Equal(t, sum("kept"), d, "a refused value leaves the old one")
	require.Equal(t, salt(7), s)
	require.Equal(t, day("2024-02-29"), date)
	_, err := json.Marshal(record.Date{Year: 12024, Month: 1, Day: 1})
	require.ErrorIs(t, err, record.ErrFormat)
}

func TestParseDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d record.Digest
		copy(d[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
		got, err := record.ParseDigest(d.String())
		require.NoError(t, err)
		require.Equal(t, d, got)
		s := rapid.StringMatching(`[A-Za-z0-9_-]{43}`).Draw(t, "text")
		if got, err = record.ParseDigest(s); err == nil {
			require.Equal(t, s, got.String())
		}
	})
}

// Every day that the calendar has is read, and no other: time.Date knows the same calendar.
func TestDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, m := rapid.IntRange(1, 9999).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m")
		d := rapid.IntRange(1, 31).Draw(t, "d")
		date := record.Date{Year: y, Month: time.Month(m), Day: d}
		day := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		got, err := record.ParseDate(date.String())
		require.Equal(t, day.Day() == d, err == nil)
		if err != nil {
			return
		}
		require.Equal(t, date, got)
		require.Equal(t, date, record.DateOf(day))
		require.Equal(t, day.Format(time.DateOnly), got.String())
		next := record.DateOf(day.AddDate(0, 0, 1))
		require.True(t, date.Before(next))
		require.False(t, next.Before(date))
		require.False(t, date.Before(date))
		require.True(t, record.Date{}.Before(date))
	})
	// A day is that of the time's own zone: 20:00 UTC is the day after in Beijing.
	beijing := time.FixedZone("", 8*3600)
	require.Equal(t, day("2024-03-01"), record.DateOf(at("2024-02-29T20:00:00Z").In(beijing)))
}

func TestMakesVersion(t *testing.T) {
	makes := []record.Kind{record.EventIssued, record.EventConverted, record.EventChanged, record.EventRenewed,
		record.EventReissued, record.EventRestored}
	none := []record.Kind{record.EventReserved, record.EventVoided, record.EventAttached, record.EventSuspended,
		record.EventResumed, record.EventCancelled, record.EventRevoked, record.EventAnnulled, record.EventSuperseded,
		record.EventWithdrawn, "other"}
	for _, k := range makes {
		require.True(t, k.MakesVersion(), k)
	}
	for _, k := range none {
		require.False(t, k.MakesVersion(), k)
	}
}
