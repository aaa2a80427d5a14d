package tsp_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/tsp"
)

func statusInfo(parts ...[]byte) []byte { return element(0x30, parts...) }

func TestParseResponse(t *testing.T) {
	token := element(0x30, encode(idSigned))
	text := element(0x30, element(0x0c, []byte("时间不可用")))
	for name, test := range map[string]struct {
		der  []byte
		want tsp.Response
	}{
		"granted": {element(0x30, statusInfo(encode(0)), token), tsp.Response{Token: token}},
		"granted with mods and text": {element(0x30, statusInfo(encode(1), text), token),
			tsp.Response{Status: tsp.GrantedWithMods, Texts: []string{"时间不可用"}, Token: token}},
		"rejected": {element(0x30, statusInfo(encode(2), text, []byte{3, 3, 1, 0, 2})), tsp.Response{
			Status: tsp.Rejection, Texts: []string{"时间不可用"}, Failures: []tsp.Failure{tsp.TimeNotAvailable}}},
		"two failures": {element(0x30, statusInfo(encode(2), []byte{3, 5, 6, 0x80, 0, 0, 0x40})), tsp.Response{
			Status: tsp.Rejection, Failures: []tsp.Failure{tsp.BadAlg, tsp.SystemFailure}}},
		"waiting": {element(0x30, statusInfo(encode(3))), tsp.Response{Status: tsp.Waiting}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tsp.ParseResponse(test.der)
			require.NoError(t, err)
			require.Equal(t, &test.want, r)
			again, err := tsp.MarshalResponse(r)
			require.NoError(t, err)
			require.Equal(t, test.der, again)
		})
	}
}

func TestParseResponseRefuses(t *testing.T) {
	token := element(0x30, encode(idSigned))
	good := element(0x30, statusInfo(encode(0)), token)
	bits := func(b ...byte) []byte { return element(0x30, statusInfo(encode(2), element(3, b))) }
	texts := func(parts ...[]byte) []byte { return element(0x30, statusInfo(encode(2), element(0x30, parts...))) }
	for name, der := range map[string][]byte{
		"nothing": nil, "bytes after": append(bytes.Clone(good), 0), "cut": good[:len(good)-1],
		"two tokens":               element(0x30, statusInfo(encode(0)), token, token),
		"granted without token":    element(0x30, statusInfo(encode(0))),
		"rejected with token":      element(0x30, statusInfo(encode(2)), token),
		"granted with failure":     element(0x30, statusInfo(encode(0), []byte{3, 2, 7, 0x80}), token),
		"unknown status":           element(0x30, statusInfo(encode(6)), token),
		"negative status":          element(0x30, statusInfo(encode(-1))),
		"no status":                element(0x30, statusInfo()),
		"something in status":      element(0x30, statusInfo(encode(2), encode(1))),
		"token of another kind":    element(0x30, statusInfo(encode(0)), encode(1)),
		"no failure bit":           bits(0),
		"trailing zero bit":        bits(0, 0x80),
		"set bits that are unused": bits(3, 0x0c),
		"eight unused bits":        bits(8, 0x80),
		"33 bits":                  bits(7, 0, 0, 0, 0, 0x80),
		"empty texts":              texts(),
		"text of another kind":     texts(encode("x")),
		"text that is not UTF-8":   texts(element(0x0c, []byte{0xff})),
		"17 texts":                 texts(bytes.Repeat(element(0x0c, []byte("x")), 17)),
		"long text":                texts(element(0x0c, make([]byte, 5000))),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tsp.ParseResponse(der)
			require.ErrorIs(t, err, tsp.ErrMalformed)
			require.Nil(t, r)
		})
	}
	r, err := tsp.ParseResponse(make([]byte, tsp.MaxResponseBytes+1))
	require.ErrorIs(t, err, tsp.ErrLimit)
	require.Nil(t, r)
}

func TestMarshalResponseRefuses(t *testing.T) {
	for name, r := range map[string]tsp.Response{
		"granted without token": {},
		"token that is none":    {Token: []byte{0x30, 1}},
		"rejected with token":   {Status: tsp.Rejection, Token: []byte{0x30, 0}},
		"failure 32":            {Status: tsp.Rejection, Failures: []tsp.Failure{32}},
		"failure -1":            {Status: tsp.Rejection, Failures: []tsp.Failure{-1}},
		"many texts":            {Status: tsp.Rejection, Texts: make([]string, 17)},
	} {
		der, err := tsp.MarshalResponse(&r)
		require.ErrorIs(t, err, tsp.ErrInput, name)
		require.Nil(t, der, name)
	}
}

func TestFailureNames(t *testing.T) {
	for f, want := range map[tsp.Failure]string{
		tsp.BadAlg: "badAlg", tsp.BadRequest: "badRequest", tsp.BadDataFormat: "badDataFormat",
		tsp.TimeNotAvailable: "timeNotAvailable", tsp.UnacceptedPolicy: "unacceptedPolicy",
		tsp.UnacceptedExtension: "unacceptedExtension", tsp.AddInfoNotAvailable: "addInfoNotAvailable",
		tsp.SystemFailure: "systemFailure", 9: "failure 9",
	} {
		require.Equal(t, want, f.String())
	}
}

func FuzzParseResponse(f *testing.F) {
	token := element(0x30, encode(idSigned))
	f.Add(element(0x30, statusInfo(encode(0)), token))
	f.Add(element(0x30, statusInfo(encode(2), element(0x30, element(0x0c, []byte("x"))), []byte{3, 2, 7, 0x80})))
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := tsp.ParseResponse(der)
		if err != nil {
			require.Nil(t, r)
			return
		}
		again, err := tsp.MarshalResponse(r)
		require.NoError(t, err)
		require.Equal(t, der, again)
	})
}
