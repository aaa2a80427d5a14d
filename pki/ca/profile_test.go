package ca_test

import (
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// applied are the profiles that are applied for at an issuing authority.
func applied() []ca.Profile {
	return slices.DeleteFunc(ca.Profiles(), func(p ca.Profile) bool {
		return p.CA || p.KeyUsage&pki.UsageDigitalSignature == 0
	})
}

// everyProfile issues one certificate of each profile but the root's, twins and authorities included.
func everyProfile(t *testing.T, o *office) map[string]*ca.Issued {
	t.Helper()
	issued := make(map[string]*ca.Issued)
	for _, p := range applied() {
		e := o.enrolment(p.Name)
		e.Subject.OrganizationalUnit = p.Name // so that each has a name of its own
		c := o.issue(e)
		issued[p.Name] = c.Certificate
		if p.Twin != "" {
			issued[p.Twin] = c.Twin
		}
	}
	for _, name := range []string{ca.ProfileIssuing, ca.ProfileCross} {
		e := o.enrolment(name)
		issued[name] = o.issue(e).Certificate
	}
	return issued
}

// Rows A55, A26: each profile's certificate holds what its profile says, at the places where standards have it.
func TestEveryProfile_A55(t *testing.T) {
	o := newOffice(t)
	issued := everyProfile(t, o)
	require.Len(t, issued, len(ca.Profiles())-1)
	for _, p := range ca.Profiles() {
		if p.Name == ca.ProfileRoot {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			c, err := issued[p.Name].Certificate()
			require.NoError(t, err)
			issuer := o.issuing
			if p.CA {
				issuer = o.root
			}
			require.NoError(t, c.CheckIssuedBy(issuer.Certificate()))
			require.Equal(t, p.KeyUsage, c.KeyUsage)
			require.Equal(t, p.Purposes, c.ExtKeyUsage)
			require.Equal(t, p.CA, c.IsCA)
			require.Equal(t, p.NoCheck, c.OCSPNoCheck)
			require.LessOrEqual(t, c.NotAfter.Sub(c.NotBefore), p.Validity)
			a := ca.Addresses{Base: base, Issuer: issuer.KeyID()}
			if !p.NoCheck {
				require.Equal(t, a.Shard(issued[p.Name].Shard()), c.CRLDistributionPoints[0].FullName[0].Text)
				require.Empty(t, c.FreshestCRL)
			}
		})
	}
	o.check()
}

// Row A26: a seal's certificate says in its extended key usage that it is a 行政审批专用章, and in its code of whom.
func TestApprovalSeal_A26(t *testing.T) {
	o := newOffice(t)
	seal := o.issue(o.enrolment(ca.ProfileSeal))
	c, err := seal.Certificate.Certificate()
	require.NoError(t, err)
	require.Equal(t, []oid.ID{oid.PurposeApprovalSeal}, c.ExtKeyUsage)
	require.Equal(t, "1.3.6.1.4.1.32473.35.1.1", oid.PurposeApprovalSeal.String())
	require.Equal(t, farmUSCC, c.Holder.USCC)

	e := o.enrolment(ca.ProfileSeal)
	e.Holder.USCC = ""
	_, err = o.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonLint, ca.ReasonOf(err), "no seal without a department")

	department, err := o.issue(o.enrolment(ca.ProfileDepartment)).Certificate.Certificate()
	require.NoError(t, err)
	require.Empty(t, department.ExtKeyUsage, "a department's own key is no seal")
}

// The identity extensions as strict readers find them (GB/T 20518-2018, 5.2.4).
func TestIdentityExtensions_A55(t *testing.T) {
	o := newOffice(t)
	person, err := o.issue(o.enrolment(ca.ProfilePerson)).Certificate.Certificate()
	require.NoError(t, err)
	require.Equal(t, citizen, person.Holder.Number.Reveal())
	require.Equal(t, pki.IdentityCitizen, person.Holder.NumberKind)
	require.Contains(t, string(person.Raw), "\xa0\x14\x13\x12"+citizen, "[0] EXPLICIT PrintableString")
	require.NotContains(t, person.Subject, citizen)
	require.Contains(t, person.Subject, "SERIALNUMBER=", "two people of one name differ")

	e := o.enrolment(ca.ProfilePerson)
	e.Holder = ca.Identity{PassportNumber: "E12345678"}
	foreigner, err := o.issue(e).Certificate.Certificate()
	require.NoError(t, err)
	require.Equal(t, "E12345678", foreigner.Holder.Number.Reveal())
	require.Equal(t, pki.IdentityPassport, foreigner.Holder.NumberKind)
	require.NotEqual(t, person.Subject, foreigner.Subject)

	firm, err := o.issue(o.enrolment(ca.ProfileEnterprise)).Certificate.Certificate()
	require.NoError(t, err)
	require.Equal(t, firmUSCC, firm.Holder.USCC)
	require.False(t, firm.Holder.Ambiguous)
}

// Row A55: what is issued by each profile passes programs of others, and nothing of it can be altered.
func TestCheckersAcceptEveryProfile_A55(t *testing.T) {
	c := newCheckers(t)
	o := newOfficeAt(t, &clock{at: time.Now().UTC().Truncate(time.Second)})
	root := c.file("root.pem", pki.AppendPEM(nil, o.root.Certificate()))
	sub := c.file("sub.pem", pki.AppendPEM(nil, o.issuing.Certificate()))
	for name, issued := range everyProfile(t, o) {
		t.Run(name, func(t *testing.T) {
			c := c
			c.t = t
			certificate, err := issued.Certificate()
			require.NoError(t, err)
			leaf := c.file(name+".pem", pki.AppendPEM(nil, certificate))
			gm := []string{"verify", "-x509_strict", "-CAfile", root, "-untrusted", sub}
			bc := []string{"chain", "--ca", root, "--inter", sub}
			if certificate.IsCA {
				bc = []string{"chain", "--ca", root}
			}
			c.accepts("gmopenssl", append(gm, leaf)...)
			c.accepts("bccheck", append(bc, leaf)...)
			if testing.Short() {
				return
			}
			altered, err := dertest.Primitives(issued.DER)
			require.NoError(t, err)
			require.Greater(t, len(altered), 40)
			files := []string{leaf}
			for n, a := range altered {
				text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.DER})
				files = append(files, c.file(fmt.Sprintf("%s-%d.pem", name, n), text))
				c.refuses("gmopenssl", append(gm, files[n+1])...)
			}
			accepted := c.bouncyCastle(root, sub, files)
			require.True(t, accepted[0], "what is not altered")
			for n, a := range altered {
				require.False(t, accepted[n+1], a.Path)
			}
		})
	}
}

// Every element of every certificate altered in turn: refused by our own reader or by the signature.
func TestAlteredCertificates_A55(t *testing.T) {
	o := newOffice(t)
	for name, issued := range everyProfile(t, o) {
		issuer := o.issuing.Certificate()
		if strings.HasPrefix(name, "issuing") || name == ca.ProfileCross {
			issuer = o.root.Certificate()
		}
		list := alterations(issued.DER)
		require.Greater(t, len(list), 40, name)
		for n, altered := range list {
			c, err := pki.ParseCertificate(altered)
			if err == nil {
				require.Error(t, c.CheckIssuedBy(issuer), "%s, alteration %d", name, n)
			}
		}
	}
}

// alterations gives copies of a DER value in each of which one primitive element has another last byte, or another tag.
func alterations(der []byte) [][]byte {
	var list [][]byte
	var walk func(from, to int)
	walk = func(from, to int) {
		for at := from; at < to; {
			tag, header, length := der[at], 2, int(der[at+1])
			if length >= 0x80 {
				n := length & 0x7f
				length = 0
				for i := range n {
					length = length<<8 | int(der[at+2+i])
				}
				header += n
			}
			begin, end := at+header, at+header+length
			if tag&0x20 != 0 {
				walk(begin, end)
			} else if length > 0 {
				bent := slices.Clone(der)
				bent[end-1] ^= 1
				list = append(list, bent)
			}
			bent := slices.Clone(der)
			bent[at] ^= 1
			list = append(list, bent)
			at = end
		}
	}
	walk(0, len(der))
	return list
}

// The page for people says what the profiles say.
func TestProfileTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/ca.md")
	require.NoError(t, err)
	require.Contains(t, string(page), ca.ProfileTable())
}
