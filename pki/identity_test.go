package pki_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// citizen is the number of a made-up person.
func citizen(t testing.TB) string {
	t.Helper()
	n, err := code.NewCitizenNumber("350102", code.Date{Year: 1990, Month: 1, Day: 1}, 1)
	require.NoError(t, err)
	return n
}

func uscc(t testing.TB, base string) string {
	t.Helper()
	s, err := code.NewUSCC("91", "350100", base)
	require.NoError(t, err)
	return s
}

// holderWith reads a certificate with a subject and extensions.
func holderWith(t testing.TB, root *node, subject []byte, extensions ...[]byte) pki.Holder {
	t.Helper()
	pieces := craft(t, root)
	if subject != nil {
		pieces.subject = subject
	}
	pieces.add(extensions...)
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	return c.Holder
}

// TestIdentityTagging: a value is read under every tagging that is in use.
func TestIdentityTagging(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	number := citizen(t)
	for _, test := range []struct {
		name  string
		value []byte
		kind  pki.IdentityKind
		text  string
	}{
		{"implicit card", text(0x80, number), pki.IdentityCitizen, number},
		{"explicit card", tlv(0xa0, text(0x13, number)), pki.IdentityCitizen, number},
		{"explicit card in UTF-8", tlv(0xa0, text(0x0c, number)), pki.IdentityCitizen, number},
		{"card in octets", text(4, number), pki.IdentityCitizen, number},
		{"card without a tag", text(0x13, number), pki.IdentityCitizen, number},
		{"raw card", []byte(number), pki.IdentityCitizen, number},
		{"raw card with blanks and zeros", []byte(" " + number + "\x00 "), pki.IdentityCitizen, number},
		{"card in a sequence", seq(text(0x80, number)), pki.IdentityCitizen, number},
		{"wide card", bmp(number), pki.IdentityCitizen, number},
		{"marked card", []byte("N" + number), pki.IdentityCitizen, number},
		{"card with a zero in front", text(0x13, "0"+number), pki.IdentityCitizen, number},
		{"card of another country under its tag", text(0x80, "A1234567"), pki.IdentityCitizen, "A1234567"},
		{"implicit officer", text(0x81, "军字第1"), "", ""},
		{"officer", text(0x81, "12345678"), pki.IdentityMilitary, "12345678"},
		{"explicit officer", tlv(0xa1, text(0x0c, "12345678")), pki.IdentityMilitary, "12345678"},
		{"passport", text(0x82, "e12345678"), pki.IdentityPassport, "E12345678"},
		{"explicit passport", tlv(0xa2, text(0x13, "E12345678")), pki.IdentityPassport, "E12345678"},
		{"something else", text(0x13, "12345"), pki.IdentityPerson, "12345"},
		{"nothing", nil, "", ""},
		{"blank", text(0x13, "  "), "", ""},
		{"two lines", text(0x13, "1\n2"), "", ""},
	} {
		h := holderWith(t, root, nil, ext(oid.IdentifyCode, false, test.value))
		require.Equal(t, test.kind, h.NumberKind, test.name)
		require.Equal(t, test.text, h.Number.Reveal(), test.name)
		require.Equal(t, test.text == "", h.Number.Empty(), test.name)
		if test.kind != "" {
			require.Equal(t, pki.HolderPerson, h.Kind, test.name)
		}
	}
}

// TestIdentityArcs: every extension that may identify a holder is known, in each of its arcs.
func TestIdentityArcs(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	number, company := citizen(t), uscc(t, "MA123456")
	for _, test := range []struct {
		id     oid.ID
		dotted string
		value  string
		kind   pki.IdentityKind
		holder pki.HolderKind
	}{
		{oid.IdentifyCode, "1.2.156.10260.4.1.1", number, pki.IdentityCitizen, pki.HolderPerson},
		{oid.IdentifyCard, "1.2.156.10260.4.1.1.1", number, pki.IdentityCitizen, pki.HolderPerson},
		{oid.IdentifyPassport, "1.2.156.10260.4.1.1.2", "E12345678", pki.IdentityPassport, pki.HolderPerson},
		{oid.InsuranceNumber, "1.2.156.10260.4.1.2", "12345", pki.IdentityInsurance, pki.HolderPerson},
		{oid.RegistrationNumber, "1.2.156.10260.4.1.3", company, pki.IdentityRegistration, pki.HolderOrganization},
		{oid.OrganizationCode, "1.2.156.10260.4.1.4", company, pki.IdentityOrganization, pki.HolderOrganization},
		{oid.TaxNumber, "1.2.156.10260.4.1.5", company, pki.IdentityTax, pki.HolderOrganization},
		{oid.CreditCode, "1.2.156.10260.4.4", company, pki.IdentityCreditCode, pki.HolderOrganization},
		{oid.CreditCodeLong, "1.2.156.10260.4.4.4", company, pki.IdentityCreditCode, pki.HolderOrganization},
		{oid.OldIdentify, "1.2.86.11.7.1", number, pki.IdentityCitizen, pki.HolderPerson},
		{oid.OldRegistration, "1.2.86.11.7.3", company, pki.IdentityRegistration, pki.HolderOrganization},
		{oid.OldOrganization, "1.2.86.11.7.4", company, pki.IdentityOrganization, pki.HolderOrganization},
		{oid.OldTax, "1.2.86.11.7.5", company, pki.IdentityTax, pki.HolderOrganization},
		{oid.EGovIdentify, "1.2.156.11.7.1", number, pki.IdentityCitizen, pki.HolderPerson},
		{oid.EGovInsurance, "1.2.156.11.7.2", "12345", pki.IdentityInsurance, pki.HolderPerson},
		{oid.EGovOrganization, "1.2.156.11.7.3", company, pki.IdentityOrganization, pki.HolderOrganization},
		{oid.EGovRegistration, "1.2.156.11.7.4", company, pki.IdentityRegistration, pki.HolderOrganization},
		{oid.EGovTax, "1.2.156.11.7.5", company, pki.IdentityTax, pki.HolderOrganization},
		{oid.HealthIdentifier, "1.2.86.21.1.1", "X1", pki.IdentityHealth, ""},
		{oid.FujianCertificateID, "1.2.156.112578.1", "X1", pki.IdentityCertificate, ""},
		{oid.OldKeyIdentifier, "2.5.29.1", company, pki.IdentityOrganization, pki.HolderOrganization},
	} {
		require.Equal(t, test.dotted, test.id.String())
		h := holderWith(t, root, nil, ext(test.id, true, text(0x13, test.value)))
		require.Len(t, h.Identities, 1, test.dotted)
		require.Equal(t, test.kind, h.Identities[0].Kind, test.dotted)
		require.Equal(t, test.id, h.Identities[0].Extension)
		require.Equal(t, test.value, h.Identities[0].Number.Reveal(), test.dotted)
		require.Equal(t, test.holder, h.Kind, test.dotted)
		if test.holder == pki.HolderOrganization {
			require.Equal(t, company, h.USCC, test.dotted)
		}
	}
	h := holderWith(t, root, nil, ext(oid.OldKeyIdentifier, false, seq(text(0x80, "key"))))
	require.Empty(t, h.Identities, "its old meaning")
}

// TestHolderContradicts: two numbers that differ are none.
func TestHolderContradicts(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	one, two := uscc(t, "MA123456"), uscc(t, "MA765432")
	number := citizen(t)
	value := func(s string) []byte { return text(0x13, s) }
	for _, test := range []struct {
		name       string
		extensions [][]byte
		uscc       string
		ambiguous  bool
	}{
		{"the same twice", [][]byte{ext(oid.OrganizationCode, false, value(one)), ext(oid.TaxNumber, false, value(one))}, one, false},
		{"two codes", [][]byte{ext(oid.OrganizationCode, false, value(one)), ext(oid.CreditCode, false, value(two))}, "", true},
		{"code and another in the tax number", [][]byte{ext(oid.OrganizationCode, false, value(one)), ext(oid.TaxNumber, false, value(two))}, "", true},
		{"one with a wrong check digit", [][]byte{
			ext(oid.OrganizationCode, false, value(one[:17]+"0")), ext(oid.RegistrationNumber, false, value(one)),
		}, "", one[17] != '0'},
		{"old registration number", [][]byte{ext(oid.RegistrationNumber, false, value("350100100000000")), ext(oid.TaxNumber, false, value(one))}, one, false},
		{"old organisation code", [][]byte{ext(oid.OrganizationCode, false, value("12345678-9"))}, "12345678-9", false},
		{"old organisation code beside the code", [][]byte{
			ext(oid.OrganizationCode, false, value("12345678-9")), ext(oid.CreditCode, false, value(one)),
		}, one, false},
		{"old registration number alone", [][]byte{ext(oid.RegistrationNumber, false, value("350100100000000"))}, "", false},
	} {
		h := holderWith(t, root, nil, test.extensions...)
		require.Equal(t, test.uscc, h.USCC, test.name)
		require.Equal(t, test.ambiguous, h.Ambiguous, test.name)
		require.Equal(t, pki.HolderOrganization, h.Kind, test.name)
	}
	h := holderWith(t, root, nil, ext(oid.IdentifyCode, false, text(0x80, number)), ext(oid.IdentifyPassport, false, value("E1")))
	require.True(t, h.Number.Empty() && h.Ambiguous)
	require.Empty(t, h.NumberKind)
	h = holderWith(t, root, nil, ext(oid.IdentifyCode, false, text(0x80, number)), ext(oid.OrganizationCode, false, value(one)))
	require.Equal(t, pki.HolderPerson, h.Kind, "somebody of an organisation")
	require.Equal(t, one, h.USCC)
}

// TestHolderOfSeal reads the certificates of seals: the common name is the seal's code, the organisation begins with
// the credit code of its owner.
func TestHolderOfSeal(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	code := uscc(t, "MA123456")
	subject := func(cn, o string) []byte {
		return seq(rdnOf(oid.Organization, text(0x0c, o)), rdnOf(oid.CommonName, text(0x0c, cn)))
	}
	h := holderWith(t, root, subject("35000000011053", code+"某某局"))
	require.Equal(t, []string{string(pki.HolderSeal), "35000000011053", code, "某某局"}, []string{string(h.Kind), h.SealCode, h.USCC, h.Name})
	h = holderWith(t, root, subject("35000000011053", "某某局"))
	require.Equal(t, []string{string(pki.HolderSeal), "", "某某局"}, []string{string(h.Kind), h.USCC, h.Name})
	h = holderWith(t, root, subject("35000000011053", code+"某某局"), ext(oid.CreditCode, false, text(0x13, uscc(t, "MA765432"))))
	require.True(t, h.Ambiguous)
	require.Empty(t, h.USCC)
	h = holderWith(t, root, subject("3500000001105", code+"某某局"))
	require.Empty(t, h.Kind, "one digit is missing")
	h = holderWith(t, root, subject("041@0"+citizen(t)+"@张三@00000001", "某某局"))
	require.Equal(t, "张三", h.Name)
}

// TestIdentityNumberNeverPrints: not by any verb, encoder or logger, on its own or inside of anything.
func TestIdentityNumberNeverPrints(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	number := citizen(t)
	pieces := craft(t, root)
	pieces.subject = seq(rdnOf(oid.CommonName, text(0x0c, "041@0"+number+"@张三@00000001")))
	pieces.add(ext(oid.IdentifyCode, false, tlv(0xa0, text(0x13, number))))
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	require.Equal(t, number, c.Holder.Number.Reveal())

	// A printer that cannot call methods, for the field is not exported.
	type inside struct{ n pki.IdentityNumber }
	holder := c.Holder
	holder.CommonName = "" // where the authority wrote the number itself
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{
			c.Holder.Number, &c.Holder.Number, inside{c.Holder.Number}, &inside{c.Holder.Number}, c.Holder.Identities, holder, c, *c,
			[]*pki.Certificate{c}, map[string]pki.IdentityNumber{"n": c.Holder.Number},
		} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("read", "number", c.Holder.Number, "certificate", c, "identities", c.Holder.Identities)
	}
	for _, value := range []any{holder, c, *c} {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		out.Write(encoded)
	}
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: anchors(t, forge(t, nil, "other", isCA).Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	fmt.Fprintln(&out, err)
	require.NotContains(t, out.String(), number)
	require.NotContains(t, out.String(), number[:17])
	require.NotContains(t, out.String(), fmt.Sprintf("%x", number))
	require.Contains(t, out.String(), "[hidden]")
	require.Empty(t, pki.IdentityNumber{}.String())
	require.True(t, pki.IdentityNumber{}.Empty())
}
