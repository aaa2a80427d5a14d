package pki_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// FuzzParseCertificate: whatever is read is the bytes given; the strict reader accepts what the tolerant one accepts
// without a tolerance, and nothing else; and nothing that is read upsets the judge.
func FuzzParseCertificate(f *testing.F) {
	root := forge(f, nil, "root", isCA, extension(oid.OrganizationCode.ASN1(), false, []byte("\x13\x01x")))
	f.Add(root.Raw)
	f.Add(forge(f, root, "leaf", constraints(names(dnsName("a.cn")), nil), policies(p1), mapping(p1, p2)).Raw)
	for _, test := range tolerated {
		pieces := craft(f, root)
		test.craft(pieces)
		f.Add(pieces.der())
	}
	trust := scoped(f, generous(pki.ExceptionNoKeyUsage), root.Certificate)
	f.Fuzz(func(t *testing.T, der []byte) {
		strict, err := pki.ParseCertificate(der)
		c, tolerantErr := pki.ParseTolerant(der)
		if err != nil {
			require.Nil(t, strict)
			require.ErrorIs(t, err, pki.ErrCertificate)
		} else {
			require.NoError(t, tolerantErr)
			require.Empty(t, strict.Tolerances)
		}
		if tolerantErr != nil {
			require.Nil(t, c)
			require.ErrorIs(t, tolerantErr, pki.ErrCertificate)
			return
		}
		require.Equal(t, err == nil, len(c.Tolerances) == 0)
		require.Equal(t, der, c.Raw)
		require.True(t, bytes.Contains(der, c.RawTBS) && bytes.Contains(c.RawTBS, c.RawKey))
		require.True(t, c.SubjectName.Equal(c.SubjectName) && c.SelfIssued() == c.IssuerName.Equal(c.SubjectName))
		_ = c.String() + c.Subject + c.Issuer
		chain, err := pki.VerifyChain(c, pki.ChainOptions{
			Anchors: trust, Intermediates: []*pki.Certificate{c}, At: now, Usage: pki.UsageDigitalSignature,
		})
		if err != nil {
			require.Nil(t, chain)
			require.NotEmpty(t, pki.ReasonOf(err))
		}
	})
}

// FuzzNames: comparison is an equivalence, and a name stands within itself and its child within it.
func FuzzNames(f *testing.F) {
	f.Add(seq(rdnOf(oid.CommonName, text(0x13, "Some  Name"))), seq(rdnOf(oid.CommonName, text(0x0c, "some name"))))
	f.Add(seq(rdnOf(oid.CommonName, bmp("中文"))), seq(rdnOf(oid.CommonName, text(0x0c, "中文"))))
	f.Add(seq(tlv(0x31, seq(oidDER(oid.CommonName), text(0x14, "\xfc")))), seq(rdnOf(oid.UniqueIdentifier, []byte{3, 2, 0, 1})))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		one, err := pki.ReadName(a)
		if err != nil {
			require.Empty(t, one.RDNs)
			return
		}
		require.Equal(t, a, one.Raw)
		require.True(t, one.Equal(one) && one.Within(one) && one.Within(pki.Name{}))
		require.Equal(t, one.Empty(), one.String() == "")
		other, err := pki.ReadName(b)
		if err != nil {
			return
		}
		require.Equal(t, one.Equal(other), other.Equal(one))
		require.Equal(t, one.Equal(other), one.Within(other) && other.Within(one))
		if bytes.Equal(a, b) {
			require.True(t, one.Equal(other))
		}
	})
}

// FuzzIdentity: whatever an identity extension holds, a holder comes out whose numbers are printable and stay hidden.
func FuzzIdentity(f *testing.F) {
	ids := []oid.ID{oid.IdentifyCode, oid.OrganizationCode, oid.EGovRegistration, oid.OldTax, oid.OldKeyIdentifier, oid.CreditCode}
	f.Add([]byte("\xa0\x14\x13\x12350102199001010016"), []byte("\x13\x12113500000000100A8F"), byte(0), byte(1))
	f.Add([]byte("\x1e\x04\x00a\x00b"), []byte(" 1 "), byte(2), byte(3))
	f.Fuzz(func(t *testing.T, a, b []byte, i, j byte) {
		h := pki.HolderOf(
			pki.Extension{ID: ids[int(i)%len(ids)], Value: a}, pki.Extension{ID: ids[int(j)%len(ids)], Value: b},
		)
		for _, identity := range h.Identities {
			number := identity.Number.Reveal()
			require.NotEmpty(t, number)
			for _, c := range []byte(number) {
				require.True(t, ' ' < c && c < 0x7f)
			}
			require.Equal(t, "[hidden]", fmt.Sprint(identity.Number))
		}
		if h.Ambiguous {
			require.True(t, h.USCC == "" || h.Number.Empty())
		}
	})
}

// FuzzNameConstraints: constraints and names of any shape meet without harm, and what is excluded is never permitted.
func FuzzNameConstraints(f *testing.F) {
	root := forge(f, nil, "root", isCA)
	f.Add(dnsName(".example.cn"), dnsName("*.example.cn"))
	f.Add(uriName("host.cn"), uriName("http://a@host.cn:80/"))
	f.Add(ipName("\x0a\x00\x00\x00\xff\x00\x00\x00"), ipName("\x0a\x01\x02\x03"))
	f.Add(mailName("a@b.cn"), mailName("a@b.cn"))
	f.Add(dirName("省"), dirName("省", "厅"))
	f.Fuzz(func(t *testing.T, base, name []byte) {
		read := func(extensions ...[]byte) *pki.Certificate {
			pieces := craft(t, root)
			pieces.signature = func([]byte) []byte { return []byte{3, 1, 0} }
			pieces.subject = seq()
			pieces.add(extensions...)
			if len(base)+len(name) > 1<<10 {
				return nil
			}
			c, err := pki.ParseTolerant(pieces.der())
			if err != nil {
				return nil
			}
			return c
		}
		leaf := read(ext(oid.SubjectAltName, false, seq(name)))
		permitting := read(ext(oid.NameConstraints, true, seq(tlv(0xa0, seq(base)))))
		excluding := read(ext(oid.NameConstraints, true, seq(tlv(0xa1, seq(base)))))
		if leaf == nil || permitting == nil || excluding == nil {
			return
		}
		permitted, excluded := pki.CheckNames(leaf, permitting) == nil, pki.CheckNames(leaf, excluding) != nil
		applies := len(leaf.SubjectAltNames) == 1 && leaf.SubjectAltNames[0].Form == permitting.NameConstraints.Permitted[0].Form
		if applies && permitted {
			require.True(t, excluded, "a name in the subtree is permitted by it and excluded by it")
		}
		if !applies && !permitted {
			require.True(t, excluded, "what cannot be read is refused either way")
		}
	})
}

// maker makes small worlds of certificates from bytes: few names, few keys, and rules broken here and there.
type maker struct {
	data []byte
	keys []*sm2.PrivateKey
}

func (m *maker) next(n int) int {
	if len(m.data) == 0 {
		return 0
	}
	v := int(m.data[0]) % n
	m.data = m.data[1:]
	return v
}

// certificate makes one of a few subjects and keys, issued under a name and signed by a key that need not fit.
func (m *maker) certificate(t *testing.T, serial int64) *pki.Certificate {
	t.Helper()
	name := func(i int) change { return func(c *smx509.Certificate) { c.Subject.CommonName = fmt.Sprint("ca", i) } }
	subject, key, issuer, signer := m.next(4), m.next(4), m.next(4), m.next(4)
	template := forgedTemplate(name(subject), isCA, keyID(fmt.Sprint(m.next(3))))
	template.SerialNumber = big.NewInt(serial + 1)
	switch m.next(8) {
	case 1:
		template.IsCA, template.MaxPathLen = false, 0
	case 2:
		template.KeyUsage = smx509.KeyUsageDigitalSignature
	case 3:
		template.NotAfter = now.Add(-time.Hour)
	case 4:
		template.MaxPathLen, template.MaxPathLenZero = 0, true
	case 5:
		template.MaxPathLen = 1
	}
	if m.next(2) == 0 {
		template.KeyUsage |= smx509.KeyUsageDigitalSignature
	}
	parent := forgedTemplate(name(issuer), keyID(fmt.Sprint(m.next(3))))
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, m.keys[key].Public(), m.keys[signer])
	require.NoError(t, err)
	c, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// reachable is a judge without order, hints or haste: is there any way up that every rule allows?
func reachable(path []*pki.Certificate, anchors, pool []*pki.Certificate) bool {
	child := path[len(path)-1]
	if len(path) >= 8 {
		return false
	}
	for _, above := range [][]*pki.Certificate{anchors, pool} {
		for _, c := range above {
			if !mayStandAbove(path, c) || child.CheckIssuedBy(c) != nil {
				continue
			}
			if &above[0] == &anchors[0] || reachable(append(path[:len(path):len(path)], c), anchors, pool) {
				return true
			}
		}
	}
	return false
}

func mayStandAbove(path []*pki.Certificate, c *pki.Certificate) bool {
	below := 0
	for i, p := range path {
		if p.SubjectName.Equal(c.SubjectName) && bytes.Equal(p.RawKey, c.RawKey) {
			return false
		}
		if i > 0 && !bytes.Equal(p.RawSubject, p.RawIssuer) {
			below++
		}
	}
	return c.IsCA && c.KeyUsage&pki.UsageCertSign != 0 && !now.After(c.NotAfter) && (c.MaxPathLen < 0 || below <= c.MaxPathLen)
}

// FuzzVerifyChain: in worlds of a few certificates a path is found if and only if there is one, and the path that is
// found is one.
func FuzzVerifyChain(f *testing.F) {
	var keys []*sm2.PrivateKey
	for range 4 {
		keys = append(keys, newKey(f))
	}
	f.Add([]byte("\x03\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x02\x02\x01\x01\x00\x00\x00\x00"))
	f.Add(bytes.Repeat([]byte{1, 2, 3, 0, 7}, 12))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &maker{data: data, keys: keys}
		count := 2 + m.next(6)
		var all []*pki.Certificate
		for i := range count {
			all = append(all, m.certificate(t, int64(i)))
		}
		leaf, anchor, pool := all[0], all[1], all[2:]
		trust, err := pki.NewAnchors(anchor)
		if err != nil {
			require.False(t, anchor.IsCA)
			return
		}
		usage := anyUsage(leaf)
		chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
			Anchors: trust, Intermediates: pool, At: now, Usage: usage, MaxSignatures: 1000, MaxCandidates: 100_000,
			Links: pki.NewLinkCache(2),
		})
		want := !now.After(leaf.NotAfter) && reachable([]*pki.Certificate{leaf}, []*pki.Certificate{anchor}, pool)
		require.Equal(t, want, err == nil, "%v", err)
		if err != nil {
			require.Nil(t, chain)
			require.NotEqual(t, pki.ReasonBudget, pki.ReasonOf(err))
			return
		}
		requirePath(t, chain, leaf, anchor)
	})
}

// requirePath holds a chain that was found against the rules once more.
func requirePath(t *testing.T, chain *pki.Chain, leaf, anchor *pki.Certificate) {
	t.Helper()
	list := chain.Certificates
	require.True(t, list[0].Equal(leaf) && list[len(list)-1].Equal(anchor))
	require.True(t, chain.ValidAt(now))
	require.Empty(t, chain.Exceptions)
	for i, c := range list[1:] {
		require.NoError(t, list[i].CheckIssuedBy(c))
		require.True(t, mayStandAbove(list[:i+1], c))
	}
}
