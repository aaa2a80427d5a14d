package tsp_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

func TestParseRequest(t *testing.T) {
	der := element(0x30, requestFields()...)
	r, err := tsp.ParseRequest(der)
	require.NoError(t, err)
	require.Equal(t, &tsp.Request{
		Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Policy: oid.FromASN1(idPolicy),
		Nonce: []byte{0xb3}, CertReq: true, Extensions: []tsp.Extension{{ID: "\x2a\x03", Value: []byte("x")}},
	}, r)
	again, err := tsp.MarshalRequest(r)
	require.NoError(t, err)
	require.Equal(t, der, again)

	short, err := tsp.ParseRequest(element(0x30, requestFields()[:2]...))
	require.NoError(t, err)
	require.Equal(t, &tsp.Request{Imprint: r.Imprint}, short)
}

// The request of a product in use names the arc of content types as its digest algorithm.
func TestParseRequestTolerates(t *testing.T) {
	for name, test := range map[string]struct {
		imprint []byte
		want    string
	}{
		"SM3":           {imprint(idSM3, digest[:]), ""},
		"SM3, NULL":     {element(0x30, algorithm(idSM3, null), element(4, digest[:])), ""},
		"SHA-256":       {imprint(idSHA256, digest[:]), ""},
		"unknown":       {imprint(object{1, 2, 3, 9}, []byte("x")), ""},
		"SM3, no key":   {imprint(append(slices.Clone(idSM3), 1), digest[:]), "imprint-algorithm"},
		"content types": {imprint(idKinsec, digest[:]), "imprint-algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			der := with(requestFields(), 1, test.imprint)
			r, err := tsp.ParseRequest(der)
			require.NoError(t, err)
			require.Equal(t, test.want, r.Tolerances.String())
			again, err := tsp.MarshalRequest(r)
			require.NoError(t, err)
			require.Equal(t, der, again)
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	fields := requestFields()
	good := element(0x30, fields...)
	extension := element(0x30, encode(object{1, 2, 3}), element(4, nil))
	for name, test := range map[string]struct {
		der  []byte
		want error
	}{
		"nothing":           {nil, tsp.ErrMalformed},
		"bytes after":       {append(bytes.Clone(good), 0), tsp.ErrMalformed},
		"cut":               {good[:len(good)-1], tsp.ErrMalformed},
		"indefinite length": {append(append([]byte{0x30, 0x80}, slices.Concat(fields...)...), 0, 0), tsp.ErrMalformed},
		"too long":          {make([]byte, tsp.MaxRequestBytes+1), tsp.ErrLimit},
		"no version":        {element(0x30, fields[1:]...), tsp.ErrMalformed},
		"version 2":         {with(fields, 0, encode(2)), tsp.ErrVersion},
		"no imprint":        {with(fields, 1, nil), tsp.ErrMalformed},
		"short SM3":         {with(fields, 1, imprint(idSM3, digest[:31])), tsp.ErrMalformed},
		"short SHA-256":     {with(fields, 1, imprint(idSHA256, digest[:20])), tsp.ErrMalformed},
		"empty digest":      {with(fields, 1, imprint(object{1, 2, 9}, nil)), tsp.ErrMalformed},
		"long digest":       {with(fields, 1, imprint(object{1, 2, 9}, make([]byte, 65))), tsp.ErrMalformed},
		"parameters":        {with(fields, 1, element(0x30, algorithm(idSM3, encode(1)), element(4, digest[:]))), tsp.ErrMalformed},
		"imprint and more":  {with(fields, 1, element(0x30, algorithm(idSM3), element(4, digest[:]), null)), tsp.ErrMalformed},
		"padded policy":     {with(fields, 2, []byte{6, 2, 0x80, 1}), tsp.ErrMalformed},
		"padded nonce":      {with(fields, 3, []byte{2, 2, 0, 1}), tsp.ErrMalformed},
		"empty nonce":       {with(fields, 3, []byte{2, 0}), tsp.ErrMalformed},
		"long nonce":        {with(fields, 3, element(2, bytes.Repeat([]byte{1}, 65))), tsp.ErrMalformed},
		"FALSE written":     {with(fields, 4, encode(false)), tsp.ErrMalformed},
		"TRUE as 1":         {with(fields, 4, []byte{1, 1, 1}), tsp.ErrMalformed},
		"no extension":      {with(fields, 5, element(0xa0)), tsp.ErrMalformed},
		"extension twice":   {with(fields, 5, element(0xa0, extension, extension)), tsp.ErrMalformed},
		"broken extension":  {with(fields, 5, element(0xa0, element(0x30, encode(object{1, 2, 3})))), tsp.ErrMalformed},
		"another field":     {with(fields, 5, encode(1)), tsp.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tsp.ParseRequest(test.der)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, r)
		})
	}
}

func TestMarshalRequestRefuses(t *testing.T) {
	good := tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}
	for name, r := range map[string]tsp.Request{
		"no imprint":      {},
		"short imprint":   {Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:8]}},
		"padded nonce":    {Imprint: good, Nonce: []byte{0, 1}},
		"many extensions": {Imprint: good, Extensions: make([]tsp.Extension, 17)},
	} {
		der, err := tsp.MarshalRequest(&r)
		require.ErrorIs(t, err, tsp.ErrInput, name)
		require.Nil(t, der, name)
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(element(0x30, requestFields()...))
	f.Add(element(0x30, requestFields()[:2]...))
	f.Add(with(requestFields(), 1, imprint(idKinsec, digest[:])))
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := tsp.ParseRequest(der)
		if err != nil {
			require.Nil(t, r)
			return
		}
		again, err := tsp.MarshalRequest(r)
		require.NoError(t, err)
		require.Equal(t, der, again)
	})
}
