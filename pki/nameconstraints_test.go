package pki_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Names as GeneralNames.
func mailName(s string) []byte { return text(0x81, s) }
func dnsName(s string) []byte  { return text(0x82, s) }
func uriName(s string) []byte  { return text(0x86, s) }
func ipName(s string) []byte   { return text(0x87, s) }

func dirName(cn ...string) []byte {
	rdns := [][]byte{rdnOf(oid.Country, text(0x13, "CN"))}
	for _, s := range cn {
		rdns = append(rdns, rdnOf(oid.Organization, text(0x0c, s)))
	}
	return tlv(0xa4, seq(rdns...))
}

// constraints writes the extension.
func constraints(permitted, excluded [][]byte) change {
	list := func(tag byte, names [][]byte) []byte {
		if len(names) == 0 {
			return nil
		}
		var subtrees [][]byte
		for _, n := range names {
			subtrees = append(subtrees, seq(n))
		}
		return tlv(tag, subtrees...)
	}
	return extension(oid.NameConstraints.ASN1(), true, seq(list(0xa0, permitted), list(0xa1, excluded)))
}

func names(list ...[]byte) [][]byte { return list }

// TestNameConstraints holds names of every form against subtrees.
func TestNameConstraints(t *testing.T) {
	other := func(tag byte) []byte { return tlv(tag, oidDER("\x2a\x04"), tlv(0xa0, text(0x0c, "x"))) }
	for _, test := range []struct {
		name                string
		permitted, excluded [][]byte
		alternative         []byte // nil: none
		ok                  bool
	}{
		{"DNS itself", names(dnsName("example.cn")), nil, dnsName("example.cn"), true},
		{"DNS below", names(dnsName("example.cn")), nil, dnsName("a.b.EXAMPLE.cn"), true},
		{"DNS that ends alike", names(dnsName("example.cn")), nil, dnsName("anexample.cn"), false},
		{"DNS above", names(dnsName("a.example.cn")), nil, dnsName("example.cn"), false},
		{"DNS with a dot, below", names(dnsName(".example.cn")), nil, dnsName("a.example.cn"), true},
		{"DNS with a dot, itself", names(dnsName(".example.cn")), nil, dnsName("example.cn"), false},
		{"DNS second subtree", names(dnsName("a.cn"), dnsName("b.cn")), nil, dnsName("x.b.cn"), true},
		{"DNS every", names(dnsName("")), nil, dnsName("x.cn"), true},
		{"DNS none", nil, names(dnsName("")), dnsName("x.cn"), false},
		{"DNS excluded", nil, names(dnsName("example.cn")), dnsName("a.example.cn"), false},
		{"DNS not excluded", nil, names(dnsName("example.cn")), dnsName("example.com"), true},
		{"DNS excluded from what is permitted", names(dnsName("example.cn")), names(dnsName("a.example.cn")), dnsName("x.a.example.cn"), false},
		{"asterisk below", names(dnsName("example.cn")), nil, dnsName("*.example.cn"), true},
		{"asterisk above", names(dnsName("www.example.cn")), nil, dnsName("*.example.cn"), false},
		{"asterisk over what is excluded", nil, names(dnsName("www.example.cn")), dnsName("*.example.cn"), false},
		{"asterisk elsewhere", nil, names(dnsName("www.example.cn")), dnsName("*.example.com"), true},
		{"no name of the form", names(dnsName("example.cn")), nil, mailName("a@other.cn"), true},
		{"no names at all", names(dnsName("example.cn")), nil, nil, true},

		{"mailbox", names(mailName("a@example.cn")), nil, mailName("a@EXAMPLE.cn"), true},
		{"another mailbox", names(mailName("a@example.cn")), nil, mailName("A@example.cn"), false},
		{"mail host", names(mailName("example.cn")), nil, mailName("a@example.cn"), true},
		{"mail below the host", names(mailName("example.cn")), nil, mailName("a@b.example.cn"), false},
		{"mail domain", names(mailName(".example.cn")), nil, mailName("a@b.example.cn"), true},
		{"mail domain itself", names(mailName(".example.cn")), nil, mailName("a@example.cn"), false},
		{"mail excluded", nil, names(mailName("example.cn")), mailName("a@example.cn"), false},

		{"URI host", names(uriName("host.example.cn")), nil, uriName("http://host.example.cn:80/x?y"), true},
		{"URI below the host", names(uriName("example.cn")), nil, uriName("http://host.example.cn/"), false},
		{"URI domain", names(uriName(".example.cn")), nil, uriName("ldap://a@host.example.cn/x"), true},
		{"URI domain itself", names(uriName(".example.cn")), nil, uriName("http://example.cn/"), false},
		{"URI excluded", nil, names(uriName(".example.cn")), uriName("http://host.example.cn/"), false},
		{"URI without authority", nil, names(uriName(".example.cn")), uriName("urn:x"), false},
		{"URI with an address", names(uriName(".example.cn")), nil, uriName("http://[::1]/"), false},
		{"URI with two hosts", names(uriName("good.cn")), nil, uriName(`http://bad.cn\@good.cn/`), false},

		{"IPv4 in the network", names(ipName("\x0a\x01\x00\x00\xff\xff\x00\x00")), nil, ipName("\x0a\x01\x02\x03"), true},
		{"IPv4 outside", names(ipName("\x0a\x01\x00\x00\xff\xff\x00\x00")), nil, ipName("\x0a\x02\x02\x03"), false},
		{"IPv4 excluded", nil, names(ipName("\x0a\x01\x00\x00\xff\xff\x00\x00")), ipName("\x0a\x01\x02\x03"), false},
		{"IPv6 where IPv4 is permitted", names(ipName("\x00\x00\x00\x00\x00\x00\x00\x00")), nil, ipName(string(make([]byte, 16))), false},
		{"IPv6 everything", names(ipName(string(make([]byte, 32)))), nil, ipName("\x20\x01" + string(make([]byte, 14))), true},

		{"directory below", names(dirName(), dirName("省")), nil, dirName("省", "厅"), true},
		{"directory itself", names(dirName()), nil, dirName(), true},
		{"directory excluded", nil, names(dirName("省")), dirName("省", "厅"), false},
		{"directory beside", nil, names(dirName("省")), dirName("市"), true},

		{"form that is not understood", names(other(0xa0)), nil, other(0xa0), false},
		{"form that is not understood, excluded", nil, names(other(0xa0)), other(0xa0), false},
		{"form that is not understood and not there", names(other(0xa0)), nil, dnsName("a.cn"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := forge(t, nil, "root", isCA, constraints(test.permitted, test.excluded))
			pieces := craft(t, root)
			pieces.subject = seq(rdnOf(oid.Country, text(0x13, "CN")))
			if test.alternative != nil {
				pieces.setAlternative(test.alternative)
			}
			requireNames(t, root, pieces, test.ok)
		})
	}
}

// requireNames verifies what was crafted below root.
func requireNames(t *testing.T, root *node, pieces *crafted, ok bool) {
	t.Helper()
	c, err := pki.ParseTolerant(pieces.der())
	require.NoError(t, err)
	scope := strict()
	scope.Tolerances = pki.AllTolerances
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: scoped(t, scope, root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	if ok {
		require.NoError(t, err)
		return
	}
	require.Equal(t, pki.ReasonNameConstraints, pki.ReasonOf(err), "%v", err)
}

// TestMailInSubject: an address in the subject is held against the constraints of addresses.
func TestMailInSubject(t *testing.T) {
	root := forge(t, nil, "root", isCA, constraints(names(mailName("example.cn")), nil))
	for address, ok := range map[string]bool{"a@example.cn": true, "a@example.com": false, "nobody": false} {
		pieces := craft(t, root)
		pieces.subject = seq(rdnOf(oid.EmailAddress, text(0x16, address)))
		requireNames(t, root, pieces, ok)
		pieces.setAlternative(mailName("b@example.cn"))
		requireNames(t, root, pieces, ok)
	}
}

// TestUnreadableNamesAreConstrained: names that only a tolerance let pass are in no permitted subtree.
func TestUnreadableNamesAreConstrained(t *testing.T) {
	root := forge(t, nil, "root", isCA, constraints(names(dnsName("example.cn")), nil))
	pieces := craft(t, root)
	pieces.setAlternative(dnsName("a b.example.cn"))
	requireNames(t, root, pieces, false)
	pieces = craft(t, root)
	pieces.add(ext(oid.SubjectAltName, false, text(4, "x")))
	requireNames(t, root, pieces, false)

	pieces = craft(t, root)
	pieces.extensions = [][]byte{
		ext(oid.KeyUsage, true, []byte{3, 2, 2, 4}), ext(oid.BasicConstraints, true, seq([]byte{1, 1, 0xff})),
		ext(oid.NameConstraints, true, seq(tlv(0xa1, seq(dnsName("b.cn"), []byte{0x81, 1, 9})))),
	}
	bounded := pieces.node(t)
	requireNames(t, bounded, craft(t, bounded), false)
}

// TestSelfIssuedIsNotConstrained: a rolled-over authority may keep its own name, a leaf may not.
func TestSelfIssuedIsNotConstrained(t *testing.T) {
	only := constraints(names(tlv(0xa4, seq(rdnOf(oid.Country, text(0x13, "CN")), rdnOf(oid.CommonName, text(0x13, "leaf"))))), nil)
	root := forge(t, nil, "root", isCA, only)
	rolled := forge(t, root, "root", isCA)
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{rolled.Certificate}, At: now,
		Usage: pki.UsageDigitalSignature,
	}
	_, err := pki.VerifyChain(forge(t, rolled, "leaf").Certificate, options)
	require.NoError(t, err)
	_, err = pki.VerifyChain(forge(t, rolled, "root").Certificate, options)
	require.Equal(t, pki.ReasonNameConstraints, pki.ReasonOf(err))
	sub := forge(t, root, "sub", isCA)
	options.Intermediates = []*pki.Certificate{sub.Certificate}
	_, err = pki.VerifyChain(forge(t, sub, "leaf").Certificate, options)
	require.Equal(t, pki.ReasonNameConstraints, pki.ReasonOf(err), "an authority in between is constrained")
}

// TestNameChecksAreBounded: two long lists cost no more than the budget.
func TestNameChecksAreBounded(t *testing.T) {
	var bases [][]byte
	for i := range 1000 {
		bases = append(bases, dnsName(fmt.Sprint("a", i, ".cn")))
	}
	root := forge(t, nil, "root", isCA, constraints(nil, bases))
	pieces := craft(t, root)
	var alternatives [][]byte
	for i := range 1100 {
		alternatives = append(alternatives, dnsName(fmt.Sprint("b", i, ".cn")))
	}
	pieces.add(ext(oid.SubjectAltName, false, seq(alternatives...)))
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err))
}

// TestCheckHost matches hosts as RFC 9525 has it.
func TestCheckHost(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	pieces := craft(t, root)
	pieces.subject = seq(rdnOf(oid.CommonName, text(0x0c, "common.example.cn")))
	pieces.add(ext(oid.SubjectAltName, false, seq(dnsName("www.example.cn"), dnsName("*.wild.cn"), dnsName("bad name.cn"))))
	c, err := pki.ParseTolerant(pieces.der())
	require.NoError(t, err)
	for host, ok := range map[string]bool{
		"www.example.cn": true, "WWW.Example.CN": true, "a.wild.cn": true, "a.b.wild.cn": false, "wild.cn": false,
		"example.cn": false, "common.example.cn": false, "": false, "bad name.cn": false, "*.wild.cn": false,
	} {
		err := c.CheckHost(host)
		if ok {
			require.NoError(t, err, host)
		} else {
			require.Equal(t, pki.ReasonHost, pki.ReasonOf(err), host)
		}
	}
}
