package ses_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
)

// Paths into a seal and into a signature, as edit takes them.
var (
	whole       = []int{}
	header      = []int{0, 0}
	sealID      = []int{0, 1}
	property    = []int{0, 2}
	picture     = []int{0, 3}
	sealMaker   = []int{1}
	sealAlg     = []int{2}
	sealValue   = []int{3}
	signInfoV1  = []int{1}
	tbs         = []int{0}
	tbsSeal     = []int{0, 1}
	tbsTime     = []int{0, 2}
	tbsHash     = []int{0, 3}
	tbsProperty = []int{0, 4}
)

func in(path []int, more ...int) []int { return append(append([]int(nil), path...), more...) }

type parseCase struct {
	name   string
	path   []int
	change func(*node)
	want   error // nil: ErrMalformed
}

func (c parseCase) wanted() error {
	if c.want == nil {
		return ses.ErrMalformed
	}
	return c.want
}

var badSeals = []parseCase{
	{"no SEQUENCE", whole, tag(0x31), nil},
	{"element after", whole, add(leaf(5)), nil},
	{"token in V4", whole, add(branch(0xa0, leaf(3, 0, 0x30, 0))), nil},
	{"no info", whole, drop(0), nil},
	{"no header", []int{0}, drop(0), nil},
	{"other word", in(header, 0), text("EX"), nil},
	{"word of another kind", in(header, 0), tag(0x13), nil},
	{"version 3", in(header, 1), body(3), ses.ErrVersion},
	{"version 6", in(header, 1), body(6), ses.ErrVersion},
	{"version negative", in(header, 1), body(0xff), ses.ErrVersion},
	{"version not shortest", in(header, 1), body(0, 4), nil},
	{"version huge", in(header, 1), body(bytes.Repeat([]byte{1}, 100)...), nil},
	{"vendor empty", in(header, 2), body(), nil},
	{"vendor not ASCII", in(header, 2), text("\xe5\x8e\x82"), nil},
	{"vendor with a control", in(header, 2), text("a\x00b"), nil},
	{"vendor too long", in(header, 2), text(string(bytes.Repeat([]byte("x"), 1025))), ses.ErrLimit},
	{"header with more", header, add(leaf(5)), nil},
	{"code empty", sealID, body(), nil},
	{"code of another kind", sealID, tag(0x0c), nil},
	{"type no INTEGER", in(property, 0), tag(0x0a), nil},
	{"name of another kind", in(property, 1), tag(0x16), nil},
	{"name not UTF-8", in(property, 1), text("\xff"), nil},
	{"name empty", in(property, 1), body(), nil},
	{"list of a third kind", in(property, 2), body(3), nil},
	{"list of no kind", in(property, 2), body(0), nil},
	{"digests announced", in(property, 2), body(2), nil},
	{"list of texts", in(property, 3, 0), both(tag(0x16), text("1")), nil},
	{"list holds a number", in(property, 3, 0), tag(2), nil},
	{"certificate no SEQUENCE", in(property, 3, 0), body(2, 1, 1), nil},
	{"bytes after certificate", in(property, 3, 0), body(append(bytes.Clone(signerCert), 0)...), nil},
	{"certificate too large", in(property, 3, 0), body(element(0x30, make([]byte, 64<<10))...), ses.ErrLimit},
	{"time not Zulu", in(property, 4), text("20260301090000+0800"), nil},
	{"time without seconds", in(property, 4), text("202603010900Z"), nil},
	{"time with fraction", in(property, 5), text("20260301090000.5Z"), nil},
	{"no such day", in(property, 6), text("20260231090000Z"), nil},
	{"year 0", in(property, 6), text("00000101000000Z"), nil},
	{"time missing", property, drop(6), nil},
	{"property with more", property, add(leaf(5)), nil},
	{"picture of no kind", in(picture, 0), body(), nil},
	{"picture empty", in(picture, 1), body(), nil},
	{"picture too large", in(picture, 1), body(make([]byte, ses.MaxPictureBytes+1)...), ses.ErrLimit},
	{"no width", in(picture, 2), body(0), nil},
	{"width negative", in(picture, 2), body(0xff), nil},
	{"height beyond", in(picture, 3), body(0x7f, 0xff), nil},
	{"picture with more", picture, add(leaf(5)), nil},
	{"extensions empty", []int{0}, add(branch(0x30)), nil},
	{"extensions another tag", []int{0}, add(branch(0xa1)), nil},
	{"extension without value", []int{0}, add(branch(0x30, extension("tag"))), nil},
	{"extension without name", []int{0}, add(branch(0x30, branch(0x30, leaf(4)))), nil},
	{"extension with a bad name", []int{0}, add(branch(0x30, extension("\x80\x01", leaf(4)))), nil},
	{"extension half critical", []int{0}, add(branch(0x30, extension("tag", leaf(1, 1), leaf(4)))), nil},
	{"extension with more", []int{0}, add(branch(0x30, extension("tag", leaf(4), leaf(5)))), nil},
	{"element after extensions", []int{0}, add(branch(0x30, extension("tag", leaf(4))), leaf(5)), nil},
	{"tag with two lists", []int{0}, add(branch(0xa0, branch(0x30, extension("tag", leaf(4))), leaf(5))), nil},
	{"maker no OCTET STRING", sealMaker, tag(3), nil},
	{"maker no certificate", sealMaker, body(), nil},
	{"algorithm no identifier", sealAlg, tag(4), nil},
	{"algorithm empty", sealAlg, body(), nil},
	{"value with unused bits", sealValue, body(1, 2), nil},
	{"value empty", sealValue, body(0), nil},
	{"value no BIT STRING", sealValue, tag(4), nil},
	{"value too long", sealValue, body(make([]byte, 1026)...), ses.ErrLimit},
}

func TestParseSealRefuses(t *testing.T) {
	der := makeSeal(t, newSeal(ses.V4))
	require.Equal(t, der, edit(t, der, func(*node) {}))
	for _, c := range badSeals {
		s, err := ses.ParseSeal(edit(t, der, c.change, c.path...))
		require.ErrorIs(t, err, c.wanted(), c.name)
		require.Nil(t, s, c.name)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": der[:len(der)-1], "bytes after": append(bytes.Clone(der), 0), "header alone": {0x30, 0x80},
		"indefinite": append(append([]byte{0x30, 0x80}, der[4:]...), 0, 0),
	} {
		s, err := ses.ParseSeal(bad)
		require.ErrorIs(t, err, ses.ErrMalformed, name)
		require.Nil(t, s, name)
	}
	_, err := ses.ParseSeal(make([]byte, ses.MaxSealBytes+1))
	require.ErrorIs(t, err, ses.ErrLimit)
}

func TestParseSealCountsEntries(t *testing.T) {
	der := makeSeal(t, newSeal(ses.V4))
	var certificates, extensions []*node
	for range 65 {
		certificates = append(certificates, leaf(4, signerCert...))
		extensions = append(extensions, extension("tag", leaf(4)))
	}
	_, err := ses.ParseSeal(edit(t, der, add(certificates...), in(property, 3)...))
	require.ErrorIs(t, err, ses.ErrLimit)
	_, err = ses.ParseSeal(edit(t, der, add(branch(0x30, extensions...)), 0))
	require.ErrorIs(t, err, ses.ErrLimit)
}

func TestParseSealOfDigestsRefuses(t *testing.T) {
	s := newSeal(ses.V4)
	s.Certificates, s.Digests = nil, []ses.CertDigest{{Type: "SM3", Value: make([]byte, 32)}}
	der := makeSeal(t, s)
	entry := in(property, 3, 0)
	for _, c := range []parseCase{
		{"certificates announced", in(property, 2), body(1), nil},
		{"no SEQUENCE", entry, tag(0x31), nil},
		{"no kind", in(entry, 0), body(), nil},
		{"kind of another kind", in(entry, 0), tag(0x0c), nil},
		{"empty", in(entry, 1), body(), nil},
		{"too long", in(entry, 1), body(make([]byte, 65)...), ses.ErrLimit},
		{"with more", entry, add(leaf(5)), nil},
	} {
		got, err := ses.ParseSeal(edit(t, der, c.change, c.path...))
		require.ErrorIs(t, err, c.wanted(), c.name)
		require.Nil(t, got, c.name)
	}
}

func TestParseSealV1Refuses(t *testing.T) {
	der := makeSeal(t, newSeal(ses.V1))
	for _, c := range []parseCase{
		{"version 4", in(header, 1), body(4), ses.ErrVersion},
		{"version 0", in(header, 1), body(0), ses.ErrVersion},
		{"element after", whole, add(leaf(5)), nil},
		{"signInfo with more", signInfoV1, add(leaf(5)), nil},
		{"signInfo cut", signInfoV1, drop(2), nil},
		{"kind of list", property, func(n *node) {
			n.kids = append(n.kids[:2:2], append([]*node{leaf(2, 1)}, n.kids[2:]...)...)
		}, nil},
		{"text and certificate", in(property, 2), func(n *node) {
			n.kids = append([]*node{leaf(0x16, '1')}, n.kids...)
		}, nil},
		{"tagged extensions", []int{0}, add(branch(0xa0, branch(0x30, extension("tag", leaf(4))))), nil},
	} {
		got, err := ses.ParseSeal(edit(t, der, c.change, c.path...))
		require.ErrorIs(t, err, c.wanted(), c.name)
		require.Nil(t, got, c.name)
	}
}

// A V5 seal is a V4 seal with another number and, if wanted, a token.
func TestParseSealV5(t *testing.T) {
	der := edit(t, makeSeal(t, newSeal(ses.V4)), body(5), in(header, 1)...)
	s, err := ses.ParseSeal(der)
	require.NoError(t, err)
	require.Equal(t, ses.V5, s.Version)
	require.Nil(t, s.TimeStamp)

	bits := append([]byte{0}, someToken...)
	der = edit(t, der, add(branch(0xa0, leaf(3, bits...))))
	s, err = ses.ParseSeal(der)
	require.NoError(t, err)
	require.Equal(t, someToken, s.TimeStamp)
	require.Equal(t, s.Raw[4:4+len(s.SignedBytes())], s.SignedBytes())
	for name, change := range map[string]func(*node){
		"twice": add(branch(0xa0, leaf(3, bits...))), "empty": put(4, branch(0xa0)), "other": put(4, branch(0xa1)),
		"of no bits": put(4, branch(0xa0, leaf(3, 0))), "two": put(4, branch(0xa0, leaf(3, bits...), leaf(3, bits...))),
	} {
		s, err := ses.ParseSeal(edit(t, der, change))
		require.ErrorIs(t, err, ses.ErrMalformed, name)
		require.Nil(t, s, name)
	}
}

func TestParseSignatureRefuses(t *testing.T) {
	der := makeSignature(t, newSignature(t, makeSeal(t, newSeal(ses.V4))), someToken)
	for _, c := range []parseCase{
		{"no SEQUENCE", whole, tag(0x31), nil},
		{"element after", whole, add(leaf(5)), nil},
		{"token twice", whole, add(branch(0xa0, leaf(3, 0, 0x30, 0))), nil},
		{"token no BIT STRING", []int{4, 0}, tag(4), nil},
		{"nothing signed", whole, drop(0), nil},
		{"no certificate", []int{1}, body(), nil},
		{"no algorithm", []int{2}, tag(4), nil},
		{"no value", []int{3}, body(0), nil},
		{"no seal", tbs, drop(1), nil},
		{"seal with an error", in(tbsSeal, 0, 0, 0), text("EX"), nil},
		{"seal of another version", in(tbsSeal, 0, 0, 1), body(5), ses.ErrVersion},
		{"another version", in(tbs, 0), body(1), ses.ErrVersion},
		{"time as text", tbsTime, both(tag(3), body(append([]byte{0}, "20260301100000Z"...)...)), nil},
		{"no such time", tbsTime, text("20260301250000Z"), nil},
		{"digest OCTET STRING", tbsHash, tag(4), nil},
		{"no digest", tbsHash, body(0), nil},
		{"digest too long", tbsHash, body(make([]byte, 66)...), ses.ErrLimit},
		{"property of another kind", tbsProperty, tag(0x0c), nil},
		{"property not UTF-8", tbsProperty, text("/\xff"), nil},
		{"property too long", tbsProperty, body(bytes.Repeat([]byte("x"), 64<<10+1)...), ses.ErrLimit},
		{"untagged extensions", tbs, add(branch(0x30, extension("tag", leaf(4)))), nil},
		{"tag around nothing", tbs, add(branch(0xa0)), nil},
		{"tag around two", tbs, add(branch(0xa0, branch(0x30, extension("tag", leaf(4))), leaf(5))), nil},
		{"element after extensions", tbs, add(branch(0xa0, branch(0x30, extension("tag", leaf(4)))), leaf(5)), nil},
	} {
		s, err := ses.ParseSignature(edit(t, der, c.change, c.path...))
		require.ErrorIs(t, err, c.wanted(), c.name)
		require.Nil(t, s, c.name)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": der[:len(der)-1], "bytes after": append(bytes.Clone(der), 0),
	} {
		s, err := ses.ParseSignature(bad)
		require.ErrorIs(t, err, ses.ErrMalformed, name)
		require.Nil(t, s, name)
	}
	_, err := ses.ParseSignature(make([]byte, ses.MaxSignatureBytes+1))
	require.ErrorIs(t, err, ses.ErrLimit)
}

func TestParseSignatureV1Refuses(t *testing.T) {
	der := makeSignature(t, newSignature(t, makeSeal(t, newSeal(ses.V1))), nil)
	v4 := tree(t, makeSeal(t, newSeal(ses.V4)))[0]
	for _, c := range []parseCase{
		{"version 4", in(tbs, 0), body(4), ses.ErrVersion},
		{"seal of V4", tbs, put(1, v4), ses.ErrVersion},
		{"token", whole, add(branch(0xa0, leaf(3, 0, 0x30, 0))), nil},
		{"extensions", tbs, add(branch(0xa0, branch(0x30, extension("tag", leaf(4))))), nil},
		{"no algorithm", tbs, drop(6), nil},
		{"empty time", tbsTime, body(0), nil},
		{"time of words", tbsTime, body(append([]byte{0}, "yesterday"...)...), nil},
		{"time and more", tbsTime, body(append([]byte{0, 0x17, 13}, "260301100000Z0"...)...), nil},
		{"local time", tbsTime, body(append([]byte{0}, "2026-03-01 10:00:00"...)...), nil},
		{"long text", tbsTime, body(append([]byte{0}, "2026-03-01T10:00:00.0000000000000000000Z"...)...), nil},
		{"empty OCTET STRING", tbsHash, both(tag(4), body()), nil},
	} {
		s, err := ses.ParseSignature(edit(t, der, c.change, c.path...))
		require.ErrorIs(t, err, c.wanted(), c.name)
		require.Nil(t, s, c.name)
	}
}

// Each tolerance is met in a seal that needs it and no other.
func TestTolerances(t *testing.T) {
	v4, v1 := makeSeal(t, newSeal(ses.V4)), makeSeal(t, newSeal(ses.V1))
	signed4 := makeSignature(t, newSignature(t, v4), nil)
	signed1 := makeSignature(t, newSignature(t, v1), nil)
	usual := oid.SM3
	seen := ses.Tolerances(0)
	for _, c := range []struct {
		name   string
		der    []byte
		path   []int
		change func(*node)
		want   string
	}{
		{"V4 as it is", v4, whole, func(*node) {}, ""},
		{"V1 as it is", v1, whole, func(*node) {}, ""},
		{"critical FALSE", v4, []int{0}, add(branch(0xa0, branch(0x30, extension(string(usual), leaf(1, 0), leaf(4))))),
			"explicit-default"},
		{"tagged", v4, []int{0}, add(branch(0xa0, branch(0x30, extension(string(usual), leaf(4))))), ""},
		{"untagged", v4, []int{0}, add(branch(0x30, extension(string(usual), leaf(4)))), "untagged-extensions"},
		{"untagged V1", v1, []int{0}, add(branch(0x30, extension(string(usual), leaf(4)))), ""},
		{"word", v4, []int{0}, add(branch(0xa0, branch(0x30, extension("reMark", leaf(1, 0xff), leaf(4))))),
			"text-identifier"},
		{"two letters", v4, []int{0}, add(branch(0xa0, branch(0x30, extension("Uc", leaf(4))))), ""},
		{"UTCTime in V4", v4, in(property, 4), both(tag(0x17), text("260301090000Z")), "time-type"},
		{"GeneralizedTime in V1", v1, in(property, 3), both(tag(0x18), text("20260301090000Z")), "time-type"},
		{"texts in V1", v1, in(property, 2), func(n *node) { n.kids = []*node{leaf(0x16, '1')} }, "certificate-list"},
		{"UUID", v4, sealID, text("d651b7b1-f8c1-4389-a1fc-bd8d935fc3ee"), "seal-id"},
		{"older arc", v4, sealAlg, identifier(oid.SM2WithSM3Old), "algorithm"},
		{"misprint", v4, sealAlg, identifier(oid.SM2WithSM3Typo), "algorithm"},
		{"RSA", v4, sealAlg, identifier(oid.RSAWithSHA256), "foreign-algorithm"},
		{"of CMS", v4, sealAlg, identifier(oid.SM2Sign), "foreign-algorithm"},
	} {
		s, err := ses.ParseSeal(edit(t, c.der, c.change, c.path...))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, s.Tolerances.String(), c.name)
		require.Equal(t, c.name != "RSA" && c.name != "of CMS", ses.IsSM2(s.Algorithm), c.name)
		seen |= s.Tolerances
	}
	for _, c := range []struct {
		name   string
		der    []byte
		path   []int
		change func(*node)
		want   string
	}{
		{"V4 as it is", signed4, whole, func(*node) {}, ""},
		{"V1 as it is", signed1, whole, func(*node) {}, ""},
		{"in the seal", signed4, in(tbsSeal, 0, 1), text("esID"), "seal-id"},
		{"UTCTime in V4", signed4, tbsTime, both(tag(0x17), text("260301100000Z")), "time-type"},
		{"RFC 3339", signed1, tbsTime, body(append([]byte{0}, "2026-03-01T18:00:00+08:00"...)...), "time-text"},
		{"bare digits", signed1, tbsTime, body(append([]byte{0}, "260301100000Z"...)...), "time-text"},
		{"bare long digits", signed1, tbsTime, body(append([]byte{0}, "20260301100000Z"...)...), "time-text"},
		{"GeneralizedTime", signed1, tbsTime, body(append([]byte{0, 0x18, 15}, "20260301100000Z"...)...), "time-type"},
		{"OCTET STRING", signed1, tbsHash, both(tag(4), body(make([]byte, 32)...)), "octet-string"},
		{"time in OCTET STRING", signed1, tbsTime, both(tag(4), body(append([]byte{0x17, 13}, "260301100000Z"...)...)),
			"octet-string"},
		{"relative path", signed4, tbsProperty, text("Doc_0/Signature.xml"), "property-form"},
		{"JSON with a name", signed4, tbsProperty, text(`{"DocName":"文件","Entry":"/a"}`), "property-form,property-text"},
		{"older arc", signed4, []int{2}, identifier(oid.SM2WithSM3Old), "algorithm"},
		{"RSA", signed4, []int{2}, identifier(oid.RSAWithSHA256), "foreign-algorithm"},
	} {
		s, err := ses.ParseSignature(edit(t, c.der, c.change, c.path...))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, s.Tolerances.String(), c.name)
		require.True(t, s.Time.Equal(fixedTime.Add(time.Hour)), c.name)
		seen |= s.Tolerances
	}
	require.Equal(t, ses.EndOfTolerances-1, seen, "every tolerance is met here")
	require.Len(t, seen.Names(), 12)
}

func TestTimeOfTwoCenturies(t *testing.T) {
	der := makeSeal(t, newSeal(ses.V1))
	for text, want := range map[string]int{"500101000000Z": 1950, "491231235959Z": 2049} {
		s, err := ses.ParseSeal(edit(t, der, body([]byte(text)...), in(property, 3)...))
		require.NoError(t, err)
		require.Equal(t, want, s.Created.Year())
	}
}

// What the signer signed is kept as received, whatever was tolerated.
func TestSignedBytesAreKept(t *testing.T) {
	for _, version := range []ses.Version{ses.V1, ses.V4} {
		der := edit(t, makeSeal(t, newSeal(version)), add(branch(0x30, extension("tag", leaf(1, 0), leaf(4)))), 0)
		s, err := ses.ParseSeal(der)
		require.NoError(t, err)
		require.True(t, bytes.Contains(s.SignedBytes(), []byte("tag\x01\x01\x00\x04\x00")))
		require.Equal(t, version == ses.V1, bytes.Contains(s.SignedBytes(), makerCert))
	}
	require.Nil(t, newSeal(ses.V1).SignedBytes())
	require.Nil(t, new(ses.Signature).SignedBytes())
}

func TestPropertyPath(t *testing.T) {
	for text, want := range map[string]string{
		"/Doc_0/Signs/Sign_0/Signature.xml": "Doc_0/Signs/Sign_0/Signature.xml", "a": "a",
		`{"DocId":"1","DocName":"","Entry":"/b/c.xml"}` + "\n": "b/c.xml",
	} {
		got, ok := ses.PropertyPath(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "/", "{", "{}", `{"Entry":1}`, `{"Entry":"/a","Entry":"/b"}`, `{"Entry":"/a"}{`, `{"Entry":"/a"} x`,
		`{"DocId":{"Entry":"/a"}}`, `{"Entry":""}`, `{"Entry":"/a"`, `{"Entry"`,
	} {
		got, ok := ses.PropertyPath(text)
		require.False(t, ok, text)
		require.Empty(t, got)
	}
}

func TestLists(t *testing.T) {
	s := newSeal(ses.V4)
	require.True(t, s.Lists(signerCert))
	require.True(t, s.Lists(otherCert))
	require.False(t, s.Lists(makerCert))
	require.False(t, s.Lists(nil))
	digest := sm3.Sum(signerCert)
	s.Certificates, s.Digests = nil, []ses.CertDigest{{Type: "hash", Value: digest[:]}}
	require.True(t, s.Lists(signerCert))
	require.False(t, s.Lists(otherCert))
	s.Digests[0].Value = digest[:16]
	require.False(t, s.Lists(signerCert))
	require.False(t, new(ses.Seal).Lists(signerCert))
}

func TestVersionNames(t *testing.T) {
	require.Equal(t, "GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025, version 0",
		ses.V1.String()+", "+ses.V4.String()+", "+ses.V5.String()+", "+ses.Version(0).String())
}
