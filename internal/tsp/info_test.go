package tsp_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

func TestParseInfo(t *testing.T) {
	der := element(0x30, infoFields()...)
	i, err := tsp.ParseInfo(der)
	require.NoError(t, err)
	require.Equal(t, &tsp.Info{
		Policy: oid.FromASN1(idPolicy), Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]},
		Serial: []byte{0x12, 0x67}, GenTime: time.Date(2026, 3, 1, 9, 0, 0, 250_000_000, time.UTC),
		Accuracy: tsp.Accuracy{Stated: true, Seconds: 1, Millis: 500, Micros: 100}, Ordering: true, Nonce: []byte{99},
		TSA: element(0xa4, issuer), Extensions: []tsp.Extension{{ID: "\x2a\x03", Critical: true, Value: []byte("x")}},
	}, i)
	require.Equal(t, 1500100*time.Microsecond, i.Accuracy.Duration())
	again, err := tsp.MarshalInfo(i)
	require.NoError(t, err)
	require.Equal(t, der, again)

	short, err := tsp.ParseInfo(element(0x30, infoFields()[:5]...))
	require.NoError(t, err)
	require.Equal(t, &tsp.Info{Policy: i.Policy, Imprint: i.Imprint, Serial: i.Serial, GenTime: i.GenTime}, short)
}

func TestGenTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"20260301090000Z":            time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		"20260301090000.1Z":          time.Date(2026, 3, 1, 9, 0, 0, 100_000_000, time.UTC),
		"20260301090000.123456Z":     time.Date(2026, 3, 1, 9, 0, 0, 123_456_000, time.UTC),
		"20240229235959Z":            time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC),
		"20260301090000.10Z":         {},
		"20260301090000.Z":           {},
		"20260301090000.0Z":          {},
		"20260301090000":             {},
		"20260301090000+0800":        {},
		"202603010900Z":              {},
		"20260301090060Z":            {},
		"20260229090000Z":            {},
		"20261301090000Z":            {},
		"2026030109000Z":             {},
		"20260301090000,5Z":          {},
		"20260301090000.12345678a":   {},
		"+2026030109000Z":            {},
		"00000301090000Z":            {},
		"20260301090000.1234567891Z": {},
	} {
		t.Run(text, func(t *testing.T) {
			i, err := tsp.ParseInfo(with(infoFields(), 4, element(0x18, []byte(text))))
			if want.IsZero() {
				require.ErrorIs(t, err, tsp.ErrMalformed)
				require.Nil(t, i)
				return
			}
			require.NoError(t, err)
			require.Equal(t, want, i.GenTime)
		})
	}
}

func TestParseInfoRefuses(t *testing.T) {
	fields := infoFields()
	good := element(0x30, fields...)
	for name, test := range map[string]struct {
		der  []byte
		want error
	}{
		"nothing":             {nil, tsp.ErrMalformed},
		"bytes after":         {append(bytes.Clone(good), 0), tsp.ErrMalformed},
		"too long":            {make([]byte, 65<<10), tsp.ErrLimit},
		"version 2":           {with(fields, 0, encode(2)), tsp.ErrVersion},
		"no version":          {with(fields, 0, nil), tsp.ErrMalformed},
		"no policy":           {with(fields, 1, nil), tsp.ErrMalformed},
		"no imprint":          {with(fields, 2, nil), tsp.ErrMalformed},
		"no serial":           {with(fields, 3, nil), tsp.ErrMalformed},
		"negative serial":     {with(fields, 3, encode(-1)), tsp.ErrMalformed},
		"no time":             {with(fields, 4, nil), tsp.ErrMalformed},
		"UTCTime":             {with(fields, 4, element(0x17, []byte("260301090000Z"))), tsp.ErrMalformed},
		"accuracy of nothing": {with(fields, 5, element(0x30, element(0x82, []byte{1}))), tsp.ErrMalformed},
		"negative seconds":    {with(fields, 5, element(0x30, encode(-1))), tsp.ErrMalformed},
		"too many seconds":    {with(fields, 5, element(0x30, encode(int64(1)<<32))), tsp.ErrMalformed},
		"0 millis":            {with(fields, 5, element(0x30, element(0x80, []byte{0}))), tsp.ErrMalformed},
		"1000 millis":         {with(fields, 5, element(0x30, element(0x80, []byte{3, 0xe8}))), tsp.ErrMalformed},
		"1000 micros":         {with(fields, 5, element(0x30, element(0x81, []byte{3, 0xe8}))), tsp.ErrMalformed},
		"micros before":       {with(fields, 5, element(0x30, element(0x81, []byte{1}), element(0x80, []byte{1}))), tsp.ErrMalformed},
		"FALSE written":       {with(fields, 6, encode(false)), tsp.ErrMalformed},
		"padded nonce":        {with(fields, 7, []byte{2, 2, 0, 1}), tsp.ErrMalformed},
		"two names":           {with(fields, 8, element(0xa0, element(0xa4, issuer), element(0xa4, issuer))), tsp.ErrMalformed},
		"name of no kind":     {with(fields, 8, element(0xa0, issuer)), tsp.ErrMalformed},
		"name [9]":            {with(fields, 8, element(0xa0, element(0x89, nil))), tsp.ErrMalformed},
		"no extension":        {with(fields, 9, element(0xa1)), tsp.ErrMalformed},
		"another field":       {with(fields, 9, encode(1)), tsp.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			i, err := tsp.ParseInfo(test.der)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, i)
		})
	}
}

func TestMarshalInfoRefuses(t *testing.T) {
	good := tsp.Info{
		Policy: oid.FromASN1(idPolicy), Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Serial: []byte{1},
		GenTime: time.Date(2026, 3, 1, 9, 0, 0, 1, time.UTC),
	}
	der, err := tsp.MarshalInfo(&good)
	require.NoError(t, err)
	require.Contains(t, string(der), "20260301090000Z", "nanoseconds are cut")
	for name, change := range map[string]func(*tsp.Info){
		"policy":          func(i *tsp.Info) { i.Policy = "" },
		"imprint":         func(i *tsp.Info) { i.Imprint.Digest = nil },
		"no serial":       func(i *tsp.Info) { i.Serial = nil },
		"negative serial": func(i *tsp.Info) { i.Serial = []byte{0x80} },
		"padded serial":   func(i *tsp.Info) { i.Serial = []byte{0, 1} },
		"long serial":     func(i *tsp.Info) { i.Serial = bytes.Repeat([]byte{1}, 22) },
		"year":            func(i *tsp.Info) { i.GenTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"accuracy":        func(i *tsp.Info) { i.Accuracy = tsp.Accuracy{Stated: true, Millis: 1000} },
		"nonce":           func(i *tsp.Info) { i.Nonce = []byte{} },
		"name":            func(i *tsp.Info) { i.TSA = []byte{0xa4} },
		"extensions":      func(i *tsp.Info) { i.Extensions = make([]tsp.Extension, 17) },
	} {
		bad := good
		change(&bad)
		der, err := tsp.MarshalInfo(&bad)
		require.ErrorIs(t, err, tsp.ErrInput, name)
		require.Nil(t, der, name)
	}
}

func TestAccuracyOf(t *testing.T) {
	for d, want := range map[time.Duration]tsp.Accuracy{
		0:                          {Stated: true},
		1:                          {Stated: true, Micros: 1},
		time.Second:                {Stated: true, Seconds: 1},
		1500100 * time.Microsecond: {Stated: true, Seconds: 1, Millis: 500, Micros: 100},
		999999001:                  {Stated: true, Seconds: 1},
	} {
		require.Equal(t, want, tsp.AccuracyOf(d), d)
	}
}
