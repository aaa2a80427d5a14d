package pki_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

func TestParseCRL_A55(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	c := forgeCRL(t, root,
		lists(
			revokedAt(big.NewInt(7), past, pki.CauseKeyCompromise, invalidFrom(past.Add(-hour))),
			revokedAt(big.NewInt(-129), past, pki.CauseUnspecified),
			revokedAt(big.NewInt(128), past, pki.CauseCertificateHold, rawExtension{oid.HoldInstruction, false, []byte{6, 1, 42}}),
		),
		numbered(300), extended(rawExtension{oid.AuthorityKeyID, false, []byte("\x30\x06\x80\x04root")}),
		extended(rawExtension{oid.ExpiredCertsOnCRL, false, generalized(past)}),
		within(atURI("http://crl.example/7"), flag(1), reasons(3, 1, 8)),
		extended(rawExtension{oid.FreshestCRL, false, freshest("http://crl.example/7d")}),
	)
	require.Equal(t, "http://crl.example/7d", c.FreshestCRL[0].FullName[0].Text)
	require.Equal(t, root.Subject, c.Issuer)
	require.Equal(t, root.RawSubject, c.RawIssuer)
	require.Equal(t, now.Add(-hour), c.ThisUpdate)
	require.Equal(t, now.Add(23*hour), c.NextUpdate)
	require.Equal(t, int64(300), c.Number.Int64())
	require.False(t, c.IsDelta())
	require.Equal(t, []byte("root"), c.AuthorityKeyID)
	require.Equal(t, past, c.ExpiredFrom)
	require.Equal(t, pki.KeySM2, c.SignatureAlgorithm.Key)
	require.True(t, c.Scope.Named && c.Scope.OnlyUsers)
	require.False(t, c.Scope.OnlyAuthorities || c.Scope.OnlyAttributeCerts || c.Scope.Indirect)
	require.Equal(t, "http://crl.example/7", c.Scope.FullName[0].Text)
	require.Equal(t, pki.ReasonFlags(1<<1|1<<8), c.Scope.Causes)
	require.Equal(t, 3, c.Len())

	var all []pki.CRLEntry
	for e := range c.Entries() {
		all = append(all, e)
		found, ok := c.Entry(e.Serial)
		require.True(t, ok)
		require.Equal(t, e, found)
	}
	require.Equal(t, []pki.CRLEntry{
		{Serial: big.NewInt(7), RevokedAt: past, InvalidFrom: past.Add(-hour), Cause: pki.CauseKeyCompromise},
		{Serial: big.NewInt(-129), RevokedAt: past},
		{Serial: big.NewInt(128), RevokedAt: past, Cause: pki.CauseCertificateHold},
	}, all)
	for _, absent := range []int64{0, 1, -1, 8, 127, 129, -128, 1 << 40} {
		_, ok := c.Entry(big.NewInt(absent))
		require.False(t, ok, absent)
	}
	_, ok := c.Entry(nil)
	require.False(t, ok)
	for range c.Entries() {
		break
	}
}

func TestParseCRLDefaults(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	for name, c := range map[string]*pki.CRL{
		"version 1": forgeCRL(t, root, func(s *crlSpec) { s.version = nil }, lists(revokedAt(big.NewInt(1), past, 0))),
		"version 2": forgeCRL(t, root, lists(revokedAt(big.NewInt(1), past, 0))),
	} {
		require.Equal(t, pki.CRLScope{Causes: pki.AllReasons}, c.Scope, name)
		require.Nil(t, c.Number, name)
		require.Equal(t, 1, c.Len(), name)
	}
	empty := forgeCRL(t, root, func(s *crlSpec) { s.next = time.Time{}; s.rawEntries = []byte{} })
	require.Zero(t, empty.NextUpdate)
	require.Zero(t, empty.Len())
	_, ok := empty.Entry(big.NewInt(1))
	require.False(t, ok)
	delta := forgeCRL(t, root, numbered(9), deltaOf(8), lists(revokedAt(big.NewInt(1), past, pki.CauseRemoveFromCRL)))
	require.True(t, delta.IsDelta())
	require.Equal(t, int64(8), delta.BaseNumber.Int64())
}

// freshest is the value of freshestCRL with one point.
func freshest(uri string) []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(atURI(uri)) })
		})
	})
}

// What the parser keeps is not the caller's to change.
func TestParseCRLKeepsItsBytes(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	raw := rawCRL(t, root, lists(revokedAt(big.NewInt(77), past, 0)))
	c, err := pki.ParseCRL(raw)
	require.NoError(t, err)
	clear(raw)
	_, ok := c.Entry(big.NewInt(77))
	require.True(t, ok)
	require.NoError(t, c.CheckSignature(root.Certificate))
}

// Of two entries of one certificate, neither hides the other.
func TestDuplicateEntries(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	n := big.NewInt(5)
	hold, early := revokedAt(n, past, pki.CauseCertificateHold), revokedAt(n, past.Add(hour), pki.CauseSuperseded)
	late := revokedAt(n, past.Add(2*hour), pki.CauseKeyCompromise)
	backdated := revokedAt(n, past.Add(3*hour), pki.CauseKeyCompromise, invalidFrom(past))
	for _, test := range []struct {
		entries []entry
		want    pki.Cause
		at      time.Time
	}{
		{[]entry{hold, early, late}, pki.CauseSuperseded, past.Add(hour)},
		{[]entry{late, early, hold}, pki.CauseSuperseded, past.Add(hour)},
		{[]entry{late, hold, early}, pki.CauseSuperseded, past.Add(hour)},
		{[]entry{early, backdated}, pki.CauseKeyCompromise, past.Add(3 * hour)},
	} {
		e, ok := forgeCRL(t, root, lists(test.entries...)).Entry(n)
		require.True(t, ok)
		require.Equal(t, test.want, e.Cause)
		require.Equal(t, test.at, e.RevokedAt)
	}
	removed := revokedAt(n, past, pki.CauseRemoveFromCRL)
	e, _ := forgeCRL(t, root, deltaOf(1), lists(removed, hold)).Entry(n)
	require.Equal(t, pki.CauseCertificateHold, e.Cause)
}

// rawEntry is an entry made of its parts.
func rawEntry(parts ...[]byte) crlChange {
	return func(s *crlSpec) {
		s.rawEntries = der(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
		})
	}
}

func TestParseCRLRefuses(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	at := []byte("\x17\x0d250101000000Z")
	one := integer(1)
	extend := func(id oid.ID, value []byte) crlChange { return extended(rawExtension{id, false, value}) }
	entryWith := func(x ...rawExtension) crlChange { return lists(entry{big.NewInt(1), past, x}) }
	for name, changes := range map[string][]crlChange{
		"version 1 written out":      {func(s *crlSpec) { s.version = integer(0) }},
		"version 3":                  {func(s *crlSpec) { s.version = integer(2) }},
		"other algorithm outside":    {func(s *crlSpec) { s.outer = []byte("\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x76") }},
		"algorithm is no sequence":   {func(s *crlSpec) { s.algorithm = integer(1) }},
		"no issuer":                  {func(s *crlSpec) { s.issuer = []byte{0x30, 0} }},
		"malformed issuer":           {func(s *crlSpec) { s.issuer = []byte{0x30, 2, 0x31, 0} }},
		"next update before this":    {dated(now, now.Add(-time.Second))},
		"extensions in version 1":    {func(s *crlSpec) { s.version = nil }, numbered(1)},
		"entry extension, version 1": {func(s *crlSpec) { s.version = nil }, lists(revokedAt(big.NewInt(1), past, 1))},
		"bytes after extensions":     {numbered(1), func(s *crlSpec) { s.after = []byte{5, 0} }},
		"unused bits of signature":   {func(s *crlSpec) { s.unusedBits = 1 }},
		"extension twice":            {numbered(1), numbered(2)},
		"empty extensions":           {func(s *crlSpec) { s.after = []byte{0xa0, 2, 0x30, 0} }},
		"critical FALSE written out": {func(s *crlSpec) {
			s.after = []byte("\xa0\x0f\x30\x0d\x30\x0b\x06\x03\x55\x1d\x14\x01\x01\x00\x04\x01\x05")
		}},
		"freshest is none":           {extend(oid.FreshestCRL, []byte{0x30, 0})},
		"number below zero":          {numbered(-1)},
		"number too long":            {extend(oid.CRLNumber, append([]byte{2, 22, 1}, make([]byte, 21)...))},
		"number padded":              {extend(oid.CRLNumber, []byte{2, 2, 0, 1})},
		"bytes after number":         {extend(oid.CRLNumber, []byte{2, 1, 1, 0})},
		"base is no number":          {extend(oid.DeltaCRLIndicator, []byte{1, 1, 0xff})},
		"key identifier":             {extend(oid.AuthorityKeyID, []byte{4, 1, 1})},
		"expiry is no time":          {extend(oid.ExpiredCertsOnCRL, one)},
		"scope empty":                {within()},
		"scope users and CAs":        {within(flag(1), flag(2))},
		"scope users and attributes": {within(flag(1), flag(5))},
		"scope no reason":            {within([]byte{0x83, 2, 0, 0})},
		"scope meaningless reason":   {within([]byte{0x83, 2, 7, 0x80})},
		"scope unknown part":         {within(flag(6))},
		"scope wrong flag":           {within([]byte{0x81, 1, 1})},
		"scope wrong name":           {within([]byte{0xa0, 2, 0xa5, 0})},
		"entry without time":         {rawEntry(one)},
		"entry of no serial":         {rawEntry(at)},
		"entry serial padded":        {rawEntry([]byte{2, 2, 0, 1}, at)},
		"entry serial empty":         {rawEntry([]byte{2, 0}, at)},
		"entry with more":            {rawEntry(one, at, []byte{0x30, 0}, one)},
		"entry empty extensions":     {rawEntry(one, at, []byte{0x30, 0})},
		"entry time with offset":     {rawEntry(one, []byte("\x17\x11250101000000+0800"))},
		"entry time short":           {rawEntry(one, []byte("\x17\x0b2501010000Z"))},
		"entry time no day":          {rawEntry(one, []byte("\x17\x0d250230000000Z"))},
		"entry time no hour":         {rawEntry(one, []byte("\x17\x0d250101240000Z"))},
		"entry time no digit":        {rawEntry(one, []byte("\x17\x0d25010100000xZ"))},
		"entry time no zone":         {rawEntry(one, []byte("\x17\x0d2501010000000"))},
		"entry time bad fraction":    {rawEntry(one, []byte("\x18\x1120250101000000.0Z"))},
		"entry time is a number":     {rawEntry(one, one)},
		"reason 7":                   {entryWith(rawExtension{oid.CRLReason, false, enumerated(7)})},
		"reason 11":                  {entryWith(rawExtension{oid.CRLReason, false, enumerated(11)})},
		"reason -1":                  {entryWith(rawExtension{oid.CRLReason, false, enumerated(-1)})},
		"reason is no enumerated":    {entryWith(rawExtension{oid.CRLReason, false, one})},
		"bytes after reason":         {entryWith(rawExtension{oid.CRLReason, false, []byte{10, 1, 1, 0}})},
		"reason twice":               {lists(revokedAt(big.NewInt(1), past, 1, rawExtension{oid.CRLReason, false, enumerated(1)}))},
		"invalid from no time":       {entryWith(rawExtension{oid.InvalidityDate, false, at})},
		"removed from a full CRL":    {lists(revokedAt(big.NewInt(1), past, pki.CauseRemoveFromCRL))},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := pki.ParseCRL(rawCRL(t, root, changes...))
			require.ErrorIs(t, err, pki.ErrCRL)
			require.Nil(t, c)
		})
	}
	good := rawCRL(t, root)
	for name, b := range map[string][]byte{
		"nothing": nil, "bytes after": append(bytes.Clone(good), 0), "cut": good[:len(good)-1],
		"certificate": root.Raw, "too large": make([]byte, pki.MaxCRLBytes+1),
	} {
		c, err := pki.ParseCRL(b)
		require.ErrorIs(t, err, pki.ErrCRL, name)
		require.Nil(t, c, name)
	}
	var many []rawExtension
	for i := range byte(33) {
		many = append(many, rawExtension{oid.ID([]byte{0x2a, 3, i}), false, []byte{5, 0}})
	}
	_, err := pki.ParseCRL(rawCRL(t, root, extended(many...)))
	require.ErrorIs(t, err, pki.ErrCRL, "33 extensions")
	_, err = pki.ParseCRL(rawCRL(t, root, extended(many[:32]...)))
	require.NoError(t, err)
}

// Made by another encoder, with another algorithm.
func TestParseCRLOfAnotherEncoder(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	list := &smx509.RevocationList{
		Number: big.NewInt(12), ThisUpdate: past, NextUpdate: future,
		RevokedCertificateEntries: []smx509.RevocationListEntry{
			{SerialNumber: big.NewInt(1 << 40), RevocationTime: past, ReasonCode: 4},
			{SerialNumber: big.NewInt(2), RevocationTime: past},
		},
	}
	raw, err := smx509.CreateRevocationList(rand.Reader, list, root.template, root.key)
	require.NoError(t, err)
	c, err := pki.ParseCRL(raw)
	require.NoError(t, err)
	require.NoError(t, c.CheckSignature(root.Certificate))
	require.Equal(t, int64(12), c.Number.Int64())
	e, ok := c.Entry(big.NewInt(1 << 40))
	require.True(t, ok)
	require.Equal(t, pki.CauseSuperseded, e.Cause)
	require.Equal(t, past, e.RevokedAt)
}

func TestCRLSignature_A55(t *testing.T) {
	root, other := forge(t, nil, "root", isCA), forge(t, nil, "root", isCA)
	c := forgeCRL(t, root)
	require.NoError(t, c.CheckSignature(root.Certificate))
	require.NoError(t, c.CheckSignature(root.Certificate))
	require.Equal(t, pki.ReasonBadSignature, pki.ReasonOf(c.CheckSignature(other.Certificate)))
	require.Equal(t, pki.ReasonNoSigner, pki.ReasonOf(c.CheckSignature(nil)))
	require.Equal(t, pki.ReasonOtherIssuer, pki.ReasonOf(c.CheckSignature(forge(t, nil, "other", isCA).Certificate)))
	noCRL := forgeKey(t, nil, "root", root.key, isCA, func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCertSign })
	require.Equal(t, pki.ReasonKeyUsage, pki.ReasonOf(c.CheckSignature(noCRL.Certificate)))
}

func TestCauseNames(t *testing.T) {
	require.Equal(t, "keyCompromise", pki.CauseKeyCompromise.String())
	require.Equal(t, "unspecified", pki.Cause(0).String())
	require.Equal(t, "invalid", pki.Cause(7).String())
	require.Equal(t, "invalid", pki.Cause(11).String())
}

func FuzzParseCRL(f *testing.F) {
	root := forge(f, nil, "root", isCA)
	f.Add(rawCRL(f, root))
	f.Add(rawCRL(f, root, func(s *crlSpec) { s.version = nil }, lists(revokedAt(big.NewInt(1), past, 0))))
	f.Add(rawCRL(f, root, numbered(3), deltaOf(2), within(atURI("http://crl.example/7"), flag(2), reasons(3, 1, 8)),
		lists(revokedAt(big.NewInt(-1), past, 8, invalidFrom(past)), revokedAt(big.NewInt(300), past, 6))))
	addCorpus(f, "tongsuo-fuzz/crl", "pyhanko/pkgs/pyhanko-certvalidator/tests/fixtures/nist_pkits/crls")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := pki.ParseCRL(b)
		if err != nil {
			require.ErrorIs(t, err, pki.ErrCRL)
			require.Nil(t, c)
			return
		}
		require.Equal(t, b, c.Raw)
		require.True(t, bytes.Contains(b, c.RawTBS))
		n := 0
		for e := range c.Entries() {
			n++
			found, ok := c.Entry(e.Serial)
			require.True(t, ok)
			require.Zero(t, e.Serial.Cmp(found.Serial))
		}
		require.Equal(t, c.Len(), n)
	})
}

// bigCRL has n entries with serial numbers of 16 octets.
func bigCRL(t testing.TB, issuer *node, n int) ([]byte, []*big.Int) {
	t.Helper()
	serials := make([]*big.Int, n)
	var b cryptobyte.Builder
	for i := range serials {
		var raw [16]byte
		_, err := rand.Read(raw[:])
		require.NoError(t, err)
		raw[0] &= 0x7f
		serials[i] = new(big.Int).SetBytes(raw[:])
		revokedAt(serials[i], past, pki.CauseSuperseded).add(&b)
	}
	entries := b.BytesOrPanic()
	return rawCRL(t, issuer, numbered(1), func(s *crlSpec) { s.rawEntries = entries }), serials
}

func BenchmarkParseCRL(b *testing.B) {
	root := forge(b, nil, "root", isCA)
	for _, n := range []int{1000, 100_000} {
		raw, _ := bigCRL(b, root, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := pki.ParseCRL(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCRLEntry(b *testing.B) {
	root := forge(b, nil, "root", isCA)
	for _, n := range []int{1000, 100_000} {
		raw, serials := bigCRL(b, root, n)
		c, err := pki.ParseCRL(raw)
		require.NoError(b, err)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := c.Entry(serials[i%n]); !ok {
					b.Fatal("not found")
				}
				i += 7919
			}
		})
	}
}
