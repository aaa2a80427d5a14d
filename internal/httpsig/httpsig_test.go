package httpsig_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/internal/sm2sig"
)

// rfcRequest is test-request of RFC 9421, appendix B.2.
func rfcRequest() *httpsig.Message {
	h := http.Header{}
	h.Set("Host", "example.com")
	h.Set("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
	h.Set("Content-Type", "application/json")
	h.Set("Content-Digest", "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:")
	h.Set("Content-Length", "18")
	return &httpsig.Message{
		Method: "POST", Scheme: "https", Authority: "example.com", Path: "/foo", Query: "param=Value&Pet=dog", HasQuery: true,
		Field: h.Values,
	}
}

func one(t *testing.T, input, value string) *httpsig.Signature {
	t.Helper()
	list, err := httpsig.ParseSignatures([]string{input}, []string{value})
	require.NoError(t, err)
	require.Len(t, list, 1)
	return &list[0]
}

// TestBase_RFC9421 holds the signature base against the appendix: B.2.3 by its text, B.2.5 and B.2.6 by the signatures
// that stand there, which Go's own algorithms check over our base.
func TestBase_RFC9421(t *testing.T) {
	t.Parallel()
	full := one(t, `sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")`+
		`;created=1618884473;keyid="test-key-rsa-pss"`, "sig-b23=:AA==:")
	base, err := full.Base(rfcRequest())
	require.NoError(t, err)
	require.Equal(t, strings.Join([]string{
		`"date": Tue, 20 Apr 2021 02:07:55 GMT`,
		`"@method": POST`,
		`"@path": /foo`,
		`"@query": ?param=Value&Pet=dog`,
		`"@authority": example.com`,
		`"content-type": application/json`,
		`"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:`,
		`"content-length": 18`,
		`"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" ` +
			`"content-length");created=1618884473;keyid="test-key-rsa-pss"`,
	}, "\n"), string(base))

	mac := one(t, `sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
		"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:")
	base, err = mac.Base(rfcRequest())
	require.NoError(t, err)
	secret, err := base64.StdEncoding.DecodeString(
		"uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
	require.NoError(t, err)
	h := hmac.New(sha256.New, secret)
	h.Write(base)
	require.Equal(t, h.Sum(nil), mac.Value)

	ed := one(t, `sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")`+
		`;created=1618884473;keyid="test-key-ed25519"`,
		"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:")
	base, err = ed.Base(rfcRequest())
	require.NoError(t, err)
	public, err := base64.RawURLEncoding.DecodeString("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")
	require.NoError(t, err)
	require.True(t, ed25519.Verify(public, base, ed.Value))
	base[0] ^= 1
	require.False(t, ed25519.Verify(public, base, ed.Value))
}

// TestDerived: the components that are no fields, where RFC 9421, 2.2, says how.
func TestDerived(t *testing.T) {
	t.Parallel()
	base := func(m httpsig.Message, name string) string {
		s := one(t, `a=("`+name+`")`, "a=:AA==:")
		b, err := s.Base(&m)
		require.NoError(t, err)
		return strings.TrimPrefix(strings.Split(string(b), "\n")[0], `"`+name+`": `)
	}
	m := httpsig.Message{Method: "GET", Scheme: "HTTPS", Authority: "WWW.Example.com:443", Path: "/p%20a", Field: http.Header{}.Values}
	require.Equal(t, "www.example.com", base(m, "@authority"))
	require.Equal(t, "https", base(m, "@scheme"))
	require.Equal(t, "/p%20a", base(m, "@path"))
	require.Equal(t, "?", base(m, "@query"))
	require.Equal(t, "https://www.example.com/p%20a", base(m, "@target-uri"))
	m.Query, m.HasQuery, m.Path, m.Scheme, m.Authority = "", true, "", "http", "h:80"
	require.Equal(t, "http://h/?", base(m, "@target-uri"))
	require.Equal(t, "/", base(m, "@path"))
	m.Authority = "h:443"
	require.Equal(t, "h:443", base(m, "@authority"))
}

// TestFieldLines: several lines of a field count as one with commas, spaces around a line do not count.
func TestFieldLines(t *testing.T) {
	t.Parallel()
	m := rfcRequest()
	m.Field = func(string) []string { return []string{"  a ", "", "b\t"} }
	b, err := one(t, `a=("cache-control")`, "a=:AA==:").Base(m)
	require.NoError(t, err)
	require.Equal(t, `"cache-control": a, , b`+"\n"+`"@signature-params": ("cache-control")`, string(b))
}

// TestParseSignatures: two signatures in any order, with everything that can stand in one.
func TestParseSignatures(t *testing.T) {
	t.Parallel()
	list, err := httpsig.ParseSignatures(
		[]string{`a=("@method" "date");created=1;expires=2;nonce="n\"\\";alg="x";keyid="k";tag="t"`, `b=()`},
		[]string{"b=:AQ==: ,\t a=:Ag==:"})
	require.NoError(t, err)
	require.Equal(t, []httpsig.Signature{
		{
			Params: httpsig.Params{
				Components: []string{"@method", "date"}, Created: time.Unix(1, 0).UTC(), Expires: time.Unix(2, 0).UTC(),
				Nonce: `n"\`, Alg: "x", KeyID: "k", Tag: "t",
			},
			Label: "a", Input: `("@method" "date");created=1;expires=2;nonce="n\"\\";alg="x";keyid="k";tag="t"`, Value: []byte{2},
		},
		{Label: "b", Input: "()", Value: []byte{1}},
	}, list)
	text, err := list[0].Params.Input()
	require.NoError(t, err)
	require.Equal(t, list[0].Input, text)

	none, err := httpsig.ParseSignatures(nil, nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestParseSignaturesRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input, value string
		want         error
	}{
		"empty":                 {"", "", httpsig.ErrSyntax},
		"no value":              {"a=()", "b=:AA==:", httpsig.ErrSyntax},
		"a value too many":      {"a=()", "a=:AA==:, b=:AA==:", httpsig.ErrSyntax},
		"label twice":           {"a=(), a=()", "a=:AA==:", httpsig.ErrSyntax},
		"label in capitals":     {"A=()", "A=:AA==:", httpsig.ErrSyntax},
		"comma at the end":      {"a=(),", "a=:AA==:", httpsig.ErrSyntax},
		"no list":               {"a=1", "a=:AA==:", httpsig.ErrSyntax},
		"open list":             {`a=("date"`, "a=:AA==:", httpsig.ErrSyntax},
		"two spaces":            {`a=("date"  "@path")`, "a=:AA==:", httpsig.ErrSyntax},
		"no space":              {`a=("date""@path")`, "a=:AA==:", httpsig.ErrSyntax},
		"space in front":        {`a=( "date")`, "a=:AA==:", httpsig.ErrSyntax},
		"space behind":          {`a=("date" )`, "a=:AA==:", httpsig.ErrSyntax},
		"component twice":       {`a=("date" "date")`, "a=:AA==:", httpsig.ErrSyntax},
		"component in capitals": {`a=("Date")`, "a=:AA==:", httpsig.ErrUnsupported},
		"empty component":       {`a=("")`, "a=:AA==:", httpsig.ErrUnsupported},
		"unknown derived":       {`a=("@status")`, "a=:AA==:", httpsig.ErrUnsupported},
		"params as component":   {`a=("@signature-params")`, "a=:AA==:", httpsig.ErrUnsupported},
		"component parameter":   {`a=("date";sf)`, "a=:AA==:", httpsig.ErrUnsupported},
		"query parameter":       {`a=("@query-param";name="x")`, "a=:AA==:", httpsig.ErrUnsupported},
		"unknown parameter":     {`a=();more="1"`, "a=:AA==:", httpsig.ErrUnsupported},
		"parameter twice":       {`a=();alg="x";alg="x"`, "a=:AA==:", httpsig.ErrSyntax},
		"parameter of nothing":  {`a=();alg`, "a=:AA==:", httpsig.ErrSyntax},
		"empty string":          {`a=();alg=""`, "a=:AA==:", httpsig.ErrSyntax},
		"open string":           {`a=();alg="x`, "a=:AA==:", httpsig.ErrSyntax},
		"escape of nothing":     {`a=();alg="x\y"`, "a=:AA==:", httpsig.ErrSyntax},
		"escape at the end":     {`a=();alg="x\`, "a=:AA==:", httpsig.ErrSyntax},
		"line break in string":  {"a=();alg=\"x\ny\"", "a=:AA==:", httpsig.ErrSyntax},
		"Chinese in a string":   {`a=();alg="国密"`, "a=:AA==:", httpsig.ErrSyntax},
		"time with a zero":      {`a=();created=01`, "a=:AA==:", httpsig.ErrSyntax},
		"time before 1970":      {`a=();created=-1`, "a=:AA==:", httpsig.ErrSyntax},
		"fraction of a second":  {`a=();created=1.5`, "a=:AA==:", httpsig.ErrSyntax},
		"time without an end":   {`a=();created=999999999999`, "a=:AA==:", httpsig.ErrSyntax},
		"time in quotes":        {`a=();created="1"`, "a=:AA==:", httpsig.ErrSyntax},
		"no base64":             {"a=()", "a=:A*==:", httpsig.ErrSyntax},
		"base64 unpadded":       {"a=()", "a=:AA:", httpsig.ErrSyntax},
		"base64 with spare bit": {"a=()", "a=:AB==:", httpsig.ErrSyntax},
		"base64 broken":         {"a=()", "a=:AA\n==:", httpsig.ErrSyntax},
		"no colon":              {"a=()", "a=AA==", httpsig.ErrSyntax},
		"open bytes":            {"a=()", "a=:AA==", httpsig.ErrSyntax},
		"long string":           {`a=();alg="` + strings.Repeat("x", 513) + `"`, "a=:AA==:", httpsig.ErrLimit},
		"long value":            {"a=()", "a=:" + strings.Repeat("AAAA", 200) + ":", httpsig.ErrLimit},
		"long field":            {strings.Repeat(" ", 9000) + "a=()", "a=:AA==:", httpsig.ErrLimit},
		"five signatures":       {"a=(), b=(), c=(), d=(), e=()", "a=:AA==:", httpsig.ErrLimit},
		"many components":       {"a=(" + many() + ")", "a=:AA==:", httpsig.ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := httpsig.ParseSignatures([]string{c.input}, []string{c.value})
			require.ErrorIs(t, err, c.want)
			require.Nil(t, list)
		})
	}
}

// many are 33 components.
func many() string {
	var list []string
	for i := range 33 {
		list = append(list, `"x`+strings.Repeat("y", i)+`"`)
	}
	return strings.Join(list, " ")
}

func TestBaseRefuses(t *testing.T) {
	t.Parallel()
	s := one(t, `a=("date" "x-none")`, "a=:AA==:")
	_, err := s.Base(rfcRequest())
	require.ErrorIs(t, err, httpsig.ErrMissing)

	m := rfcRequest()
	m.Field = func(string) []string { return []string{"a\n\"@method\": GET"} }
	b, err := s.Base(m)
	require.ErrorIs(t, err, httpsig.ErrSyntax, "a line break forges a line")
	require.Nil(t, b)
	m.Path = "/a\nb"
	_, err = one(t, `a=("@path")`, "a=:AA==:").Base(m)
	require.ErrorIs(t, err, httpsig.ErrSyntax)
}

func TestInputRefuses(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]httpsig.Params{
		"component":  {Components: []string{"Date"}},
		"twice":      {Components: []string{"date", "date"}},
		"nonce":      {Nonce: "国"},
		"created":    {Created: time.Unix(-1, 0)},
		"expires":    {Expires: time.Unix(1<<40, 0)},
		"long nonce": {Nonce: strings.Repeat("x", 600)},
		"many":       {Components: make([]string, 33)},
	} {
		_, err := p.Input()
		require.Error(t, err, name)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	sum := sm3.Sum([]byte("abc"))
	text := httpsig.Digest(sum)
	require.Equal(t, annexA(t, text), text)
	got, err := httpsig.ParseDigest([]string{"sha-256=:AAAA:", text})
	require.NoError(t, err)
	require.Equal(t, sum, got)
	for name, c := range map[string]struct {
		lines []string
		want  error
	}{
		"none":       {nil, httpsig.ErrSyntax},
		"other":      {[]string{"sha-256=:AAAA:"}, httpsig.ErrMissing},
		"short":      {[]string{"sm3=:AAAA:"}, httpsig.ErrSyntax},
		"twice":      {[]string{text, text}, httpsig.ErrSyntax},
		"parameters": {[]string{text + ";x"}, httpsig.ErrSyntax},
	} {
		got, err := httpsig.ParseDigest(c.lines)
		require.ErrorIs(t, err, c.want, name)
		require.Zero(t, got, name)
	}
}

// annexA is the digest as it must be written, after it was held against the SM3 of "abc" that GB/T 32905-2016 prints in annex A.
func annexA(t *testing.T, text string) string {
	t.Helper()
	sum, err := httpsig.ParseDigest([]string{text})
	require.NoError(t, err)
	want := []byte{
		0x66, 0xc7, 0xf0, 0xf4, 0x62, 0xee, 0xed, 0xd9, 0xd1, 0xf2, 0xd4, 0x6b, 0xdc, 0x10, 0xe4, 0xe2,
		0x41, 0x67, 0xc4, 0x87, 0x5c, 0xf2, 0xf7, 0xa2, 0x29, 0x7d, 0xa0, 0x2b, 0x8f, 0x4b, 0xa8, 0xe0,
	}
	require.Equal(t, want, sum[:])
	return "sm3=:" + base64.StdEncoding.EncodeToString(want) + ":"
}

func newKey(t testing.TB) httpsig.Key {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return httpsig.Key{Certificate: []byte("certificate"), Signer: key, Rand: rand.Reader}
}

func publicOf(t testing.TB, key crypto.Signer) *sm2sig.PublicKey {
	t.Helper()
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	return public
}

// TestSignVerify: what is signed verifies, and no longer when any covered part is another.
func TestSignVerify(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	public := publicOf(t, key.Signer)
	p := httpsig.Params{
		Components: []string{"@method", "@authority", "@path", "@query", "content-digest"},
		Created:    time.Unix(1_700_000_000, 0), Nonce: "0123456789abcdef",
	}
	input, value, err := httpsig.Sign(rfcRequest(), "elicense", p, key)
	require.NoError(t, err)
	s := one(t, input, value)
	require.Equal(t, httpsig.KeyID([]byte("certificate")), s.KeyID)
	require.NoError(t, s.Verify(rfcRequest(), public))

	for name, change := range map[string]func(*httpsig.Message){
		"method":    func(m *httpsig.Message) { m.Method = "PUT" },
		"authority": func(m *httpsig.Message) { m.Authority = "example.org" },
		"path":      func(m *httpsig.Message) { m.Path = "/bar" },
		"query":     func(m *httpsig.Message) { m.Query = "param=Value&Pet=cat" },
		"field":     func(m *httpsig.Message) { m.Field = func(string) []string { return []string{"sm3=:AA==:"} } },
	} {
		m := rfcRequest()
		change(m)
		require.ErrorIs(t, s.Verify(m, public), httpsig.ErrSignature, name)
	}
	require.ErrorIs(t, s.Verify(rfcRequest(), publicOf(t, newKey(t).Signer)), httpsig.ErrSignature, "another key")
	other := one(t, strings.Replace(input, "sm2-sm3", "ed25519", 1), value)
	require.ErrorIs(t, other.Verify(rfcRequest(), public), httpsig.ErrUnsupported, "another algorithm")
	later := one(t, strings.Replace(input, "1700000000", "1700000001", 1), value)
	require.ErrorIs(t, later.Verify(rfcRequest(), public), httpsig.ErrSignature, "another time")
	_, _, err = httpsig.Sign(rfcRequest(), "Label", p, key)
	require.ErrorIs(t, err, httpsig.ErrSyntax)
}
