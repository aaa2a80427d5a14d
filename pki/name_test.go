package pki_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// nameOf reads a name out of a certificate that has it as its subject.
func nameOf(t testing.TB, root *node, der []byte) pki.Name {
	t.Helper()
	pieces := craft(t, root)
	pieces.subject = der
	c, err := pki.ParseTolerant(pieces.der())
	require.NoError(t, err)
	require.Equal(t, der, c.SubjectName.Raw)
	return c.SubjectName
}

func bmp(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return tlv(0x1e, b)
}

// TestNamesCompare holds names against each other by the rules of RFC 5280, 7.1.
func TestNamesCompare(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	cn := func(value []byte) []byte { return seq(rdnOf(oid.CommonName, value)) }
	plain := cn(text(0x13, "Some Name"))
	for _, test := range []struct {
		name  string
		a, b  []byte
		equal bool
	}{
		{"the same", plain, plain, true},
		{"another string type", plain, cn(text(0x0c, "Some Name")), true},
		{"BMPString", plain, cn(bmp("Some Name")), true},
		{"UniversalString", plain, cn(text(0x1c, "\x00\x00\x00S\x00\x00\x00o\x00\x00\x00m\x00\x00\x00e\x00\x00\x00 "+
			"\x00\x00\x00N\x00\x00\x00a\x00\x00\x00m\x00\x00\x00e")), true},
		{"letter case", plain, cn(text(0x13, "sOME nAME")), true},
		{"blanks", plain, cn(text(0x13, "  Some   Name ")), true},
		{"blank left out", plain, cn(text(0x13, "SomeName")), false},
		{"letter case beyond ASCII", cn(text(0x0c, "ÄÖÜ straße")), cn(text(0x0c, "äöü STRASSE")), true},
		{"composed and decomposed", cn(text(0x0c, "é")), cn(text(0x0c, "e\u0301")), true},
		{"full width", cn(text(0x0c, "ＡＢＣ１２３")), cn(text(0x0c, "abc123")), true},
		{"ideographic blank", cn(text(0x0c, "福建\u3000省")), cn(text(0x0c, "福建 省")), true},
		{"another text", cn(text(0x0c, "福建省")), cn(text(0x0c, "福州市")), false},
		{"another attribute", plain, seq(rdnOf(oid.Organization, text(0x13, "Some Name"))), false},
		{"order", seq(rdnOf(oid.CommonName, text(0x13, "a")), rdnOf(oid.Organization, text(0x13, "b"))),
			seq(rdnOf(oid.Organization, text(0x13, "b")), rdnOf(oid.CommonName, text(0x13, "a"))), false},
		{"order in an RDN", seq(tlv(0x31, seq(oidDER(oid.CommonName), text(0x13, "a")), seq(oidDER(oid.Organization), text(0x13, "b")))),
			seq(tlv(0x31, seq(oidDER(oid.Organization), text(0x13, "b")), seq(oidDER(oid.CommonName), text(0x13, "A")))), true},
		{"two RDNs are not one", seq(tlv(0x31, seq(oidDER(oid.CommonName), text(0x13, "a")), seq(oidDER(oid.Organization), text(0x13, "b")))),
			seq(rdnOf(oid.CommonName, text(0x13, "a")), rdnOf(oid.Organization, text(0x13, "b"))), false},
		{"longer", plain, seq(rdnOf(oid.CommonName, text(0x13, "Some Name")), rdnOf(oid.Title, text(0x13, "x"))), false},
		{"not text", seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1})), seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1})), true},
		{"other bits", seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1})), seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 2})), false},
		{"bits are no text", seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1})), seq(rdnOf(oid.UniqueIdentifier, text(0x0c, "#03020001"))), false},
		{"empty", seq(), seq(), true},
		{"empty and not", seq(), plain, false},
	} {
		a, b := nameOf(t, root, test.a), nameOf(t, root, test.b)
		require.Equal(t, test.equal, a.Equal(b), test.name)
		require.Equal(t, test.equal, b.Equal(a), test.name)
		require.True(t, a.Equal(a) && a.Within(a) && a.Within(pki.Name{}), test.name)
	}
}

// TestNameText writes names as RFC 4514 has them.
func TestNameText(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	for _, test := range []struct {
		want string
		der  []byte
	}{
		{"", seq()},
		{"CN=叶,O=省,C=CN", seq(rdnOf(oid.Country, text(0x13, "CN")), rdnOf(oid.Organization, text(0x0c, "省")), rdnOf(oid.CommonName, text(0x0c, "叶")))},
		{`CN=a\,b\+c\"d\\e\<f\>g\;h\=i`, seq(rdnOf(oid.CommonName, text(0x0c, `a,b+c"d\e<f>g;h=i`)))},
		{`CN=\ a b\ `, seq(rdnOf(oid.CommonName, text(0x0c, " a b ")))},
		{`CN=\#tag`, seq(rdnOf(oid.CommonName, text(0x0c, "#tag")))},
		{`CN=a\00b\0a`, seq(rdnOf(oid.CommonName, text(0x0c, "a\x00b\n")))},
		{"2.5.4.45=#03020001", seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1}))},
		{"CN=a+SERIALNUMBER=1", seq(tlv(0x31, seq(oidDER(oid.CommonName), text(0x13, "a")), seq(oidDER(oid.SerialNumber), text(0x13, "1"))))},
		{"CN=#0c02b2a9", seq(rdnOf(oid.CommonName, text(0x0c, "\xb2\xa9")))},
	} {
		require.Equal(t, test.want, nameOf(t, root, test.der).String())
	}
	n := nameOf(t, root, seq(rdnOf(oid.OrganizationalUnit, text(0x13, "a")), rdnOf(oid.OrganizationalUnit, text(0x13, "b"))))
	require.Equal(t, []string{"a", "b"}, n.Values(oid.OrganizationalUnit))
	require.Empty(t, n.Values(oid.CommonName))
}

// TestLongNames: a name is bounded, and long text costs no more than it should.
func TestLongNames(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	many := func(n int) []byte {
		var rdns [][]byte
		for range n {
			rdns = append(rdns, rdnOf(oid.CommonName, text(0x13, "x")))
		}
		return seq(rdns...)
	}
	require.Len(t, nameOf(t, root, many(1024)).RDNs, 1024)
	pieces := craft(t, root)
	pieces.subject = many(1025)
	_, err := pki.ParseTolerant(pieces.der())
	require.ErrorIs(t, err, pki.ErrCertificate)
	pieces.subject = seq(tlv(0x31, strings2(17)...))
	_, err = pki.ParseTolerant(pieces.der())
	require.ErrorIs(t, err, pki.ErrCertificate)
	// One character becomes eighteen.
	n := nameOf(t, root, seq(rdnOf(oid.CommonName, text(0x0c, strings.Repeat("\ufdfa", 10000)))))
	require.True(t, n.Equal(n))
}

func strings2(n int) [][]byte {
	var out [][]byte
	for range n {
		out = append(out, seq(oidDER(oid.CommonName), text(0x13, "x")))
	}
	return out
}
