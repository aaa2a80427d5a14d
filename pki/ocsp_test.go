package pki_test

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

func TestParseOCSPResponse_A55(t *testing.T) {
	w := newStatusWorld(t)
	nonce := []byte("0123456789abcdef")
	second := answer{
		hash: oid.SHA256, issuer: w.sub.Certificate, serial: big.NewInt(-9), status: statusRevoked(past, pki.CauseSuperseded),
		this: now.Add(-hour), extensions: []rawExtension{
			invalidFrom(past.Add(-hour)), {oid.OCSPArchiveCutoff, false, generalized(past)},
			{oid.OCSPCRLReference, false, []byte{0x30, 0}}, {oid.CRLReason, false, enumerated(1)},
		},
	}
	r := forgeOCSP(t, w.sub, w.leaf, signedBy(w.leaf), func(s *ocspSpec) {
		s.answers = append(s.answers, second)
		s.extensions = []rawExtension{
			{oid.OCSPNonce, false, append([]byte{4, 16}, nonce...)}, {oid.OCSPExtendedRevoke, true, []byte{5, 0}},
		}
	})
	require.Equal(t, pki.OCSPSuccessful, r.Status)
	require.True(t, r.ResponderName.Equal(w.leaf.SubjectName))
	require.Nil(t, r.ResponderKey)
	require.Equal(t, now.Add(-hour), r.ProducedAt)
	require.Equal(t, nonce, r.Nonce)
	require.Len(t, r.Certificates, 1)
	require.True(t, r.Certificates[0].Equal(w.leaf.Certificate))
	require.Equal(t, pki.KeySM2, r.SignatureAlgorithm.Key)
	require.NoError(t, r.CheckSignature(w.leaf.Certificate))
	require.Len(t, r.Answers, 2)
	require.Equal(t, pki.AnswerGood, r.Answers[0].Status)
	require.Equal(t, now.Add(23*hour), r.Answers[0].NextUpdate)
	require.True(t, r.Answers[0].ID.Matches(w.sub.Certificate, w.leaf.Serial))
	require.False(t, r.Answers[0].ID.Matches(w.root.Certificate, w.leaf.Serial))
	require.False(t, r.Answers[0].ID.Matches(w.sub.Certificate, big.NewInt(1)))
	a := r.Answers[1]
	require.True(t, a.ID.Matches(w.sub.Certificate, big.NewInt(-9)))
	require.Equal(t, pki.AnswerRevoked, a.Status)
	require.Equal(t, []time.Time{past, past.Add(-hour), now.Add(-hour), {}, past},
		[]time.Time{a.RevokedAt, a.InvalidFrom, a.ThisUpdate, a.NextUpdate, a.ArchiveCutoff})
	require.Equal(t, pki.CauseSuperseded, a.Cause, "the reason beside the time comes first")
}

// Fractions of a second and a written default are no DER of the profile; some write them.
func TestParseOCSPResponseOfOthers(t *testing.T) {
	w := newStatusWorld(t)
	r := forgeOCSP(t, w.sub, w.leaf, func(s *ocspSpec) { s.version = []byte("\xa0\x03\x02\x01\x00") })
	require.Len(t, r.Answers, 1)
	for text, want := range map[string]time.Duration{
		"20260301080000.123456Z": 123456 * time.Microsecond, "20260301080000.5Z": 500 * time.Millisecond,
		"20260301080000.000000001Z": 1,
	} {
		r := forgeOCSP(t, w.sub, w.leaf, produced(text))
		require.Equal(t, now.Add(-hour+want), r.ProducedAt, text)
	}
	for _, text := range []string{
		"20260301080000.50Z", "20260301080000.Z", "20260301080000,5Z", "20260301080000.5", "20260301080000.0000000001Z",
		"20260301080000.5+0000", "202603010800Z", "20260301080060Z", "20260229080000Z", "20260301080000.x5Z", "",
	} {
		_, err := pki.ParseOCSPResponse(rawOCSP(t, w.sub, w.leaf, produced(text)))
		require.ErrorIs(t, err, pki.ErrOCSP, text)
	}
}

// produced writes producedAt as it is given.
func produced(text string) ocspChange {
	return func(s *ocspSpec) { s.rawProduced = append([]byte{0x18, byte(len(text))}, text...) }
}

func TestParseOCSPResponseRefuses(t *testing.T) {
	w := newStatusWorld(t)
	one := func(f func(*answer)) ocspChange { return firstAnswer(f) }
	status := func(b []byte) ocspChange { return one(func(a *answer) { a.status = b }) }
	id := func(parts ...[]byte) ocspChange {
		return one(func(a *answer) {
			a.id = der(func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
			})
		})
	}
	extended := func(id oid.ID, value []byte) ocspChange {
		return func(s *ocspSpec) { s.extensions = append(s.extensions, rawExtension{id, false, value}) }
	}
	answered := func(id oid.ID, value []byte) ocspChange {
		return one(func(a *answer) { a.extensions = append(a.extensions, rawExtension{id, false, value}) })
	}
	hash, octets, serial := []byte("\x30\x05\x06\x03\x2a\x03\x04"), []byte{4, 1, 1}, integer(1)
	var many [][]byte
	for range 17 {
		many = append(many, w.leaf.Raw)
	}
	for name, change := range map[string]ocspChange{
		"status 4":              func(s *ocspSpec) { s.status = 4 },
		"status 7":              func(s *ocspSpec) { s.status = 7 },
		"status -1":             func(s *ocspSpec) { s.status = -1 },
		"another response type": func(s *ocspSpec) { s.responseType = oid.OCSPNonce },
		"version 2":             func(s *ocspSpec) { s.version = []byte("\xa0\x03\x02\x01\x01") },
		"version with more":     func(s *ocspSpec) { s.version = []byte("\xa0\x05\x02\x01\x00\x05\x00") },
		"no responder":          func(s *ocspSpec) { s.responder = nil },
		"empty responder":       func(s *ocspSpec) { s.responder = []byte("\xa1\x02\x30\x00") },
		"responder with more": func(s *ocspSpec) {
			s.responder = append([]byte{0xa1, s.responder[1] + 2}, append(s.responder[2:], 5, 0)...)
		},
		"empty responder key":      func(s *ocspSpec) { s.responder = []byte("\xa2\x02\x04\x00") },
		"responder key with more":  func(s *ocspSpec) { s.responder = []byte("\xa2\x05\x04\x01\x01\x05\x00") },
		"no answer":                func(s *ocspSpec) { s.answers = nil },
		"answer of no status":      status(nil),
		"status with content":      status([]byte{0x80, 1, 0}),
		"unknown with content":     status([]byte{0x82, 1, 0}),
		"status that is none":      status([]byte{0x83, 0}),
		"good, constructed":        status([]byte{0xa0, 0}),
		"revoked without time":     status([]byte{0xa1, 0}),
		"revoked with reason 7":    status(statusRevoked(past, 7)),
		"revoked with more":        status(append([]byte{0xa1, 19}, append(generalized(past), 5, 0)...)),
		"next before this":         one(func(a *answer) { a.next = a.this.Add(-time.Second) }),
		"no id":                    one(func(a *answer) { a.id = []byte{} }),
		"id without hash":          id(octets, octets, serial),
		"id with other parameters": id([]byte("\x30\x08\x06\x03\x2a\x03\x04\x02\x01\x01"), octets, octets, serial),
		"id without key":           id(hash, octets, serial),
		"id with padded serial":    id(hash, octets, octets, []byte{2, 2, 0, 1}),
		"id with more":             id(hash, octets, octets, serial, serial),
		"nonce raw":                extended(oid.OCSPNonce, []byte("0123456789abcdef")),
		"nonce empty":              extended(oid.OCSPNonce, []byte{4, 0}),
		"nonce too long":           extended(oid.OCSPNonce, append([]byte{4, 0x81, 129}, make([]byte, 129)...)),
		"nonce twice":              func(s *ocspSpec) { extended(oid.OCSPNonce, octets)(s); extended(oid.OCSPNonce, octets)(s) },
		"cutoff is no time":        answered(oid.OCSPArchiveCutoff, octets),
		"invalid from no time":     answered(oid.InvalidityDate, octets),
		"reason is none":           answered(oid.CRLReason, octets),
		"certificate is none":      func(s *ocspSpec) { s.certificates = [][]byte{{0x30, 0}} },
		"certificate no sequence":  func(s *ocspSpec) { s.certificates = [][]byte{{5, 0}} },
		"too many certificates":    func(s *ocspSpec) { s.certificates = many },
		"algorithm is none":        func(s *ocspSpec) { s.algorithm = []byte{0x30, 0} },
		"algorithm no sequence":    func(s *ocspSpec) { s.algorithm = []byte{5, 0} },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := pki.ParseOCSPResponse(rawOCSP(t, w.sub, w.leaf, change))
			require.ErrorIs(t, err, pki.ErrOCSP)
			require.Nil(t, r)
		})
	}
	good := rawOCSP(t, w.sub, w.leaf)
	for name, b := range map[string][]byte{
		"nothing": nil, "bytes after": append(bytes.Clone(good), 0), "cut": good[:len(good)-1], "certificate": w.leaf.Raw,
		"no bytes": {0x30, 3, 10, 1, 0}, "too large": make([]byte, 1<<20+1), "empty bytes": {0x30, 5, 10, 1, 0, 0xa0, 0},
	} {
		r, err := pki.ParseOCSPResponse(b)
		require.ErrorIs(t, err, pki.ErrOCSP, name)
		require.Nil(t, r, name)
	}
	r, err := pki.ParseOCSPResponse([]byte{0x30, 3, 10, 1, 6})
	require.NoError(t, err)
	require.Equal(t, pki.OCSPUnauthorized, r.Status)
}

func TestOCSPRequest_A55(t *testing.T) {
	w := newStatusWorld(t)
	var ids []pki.CertID
	for i, hash := range []oid.ID{oid.SM3, oid.SHA1, oid.SHA256} {
		id, err := pki.NewCertID(hash, w.sub.Certificate, big.NewInt(int64(1000*i-1000)))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for _, nonce := range [][]byte{nil, {1}, make([]byte, 128)} {
		want := pki.OCSPRequest{IDs: ids, Nonce: nonce}
		raw, err := pki.MarshalOCSPRequest(want)
		require.NoError(t, err)
		got, err := pki.ParseOCSPRequest(raw)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(&want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })))
	}
	for name, r := range map[string]pki.OCSPRequest{
		"no question": {}, "too many questions": {IDs: make([]pki.CertID, 257)},
		"long nonce": {IDs: ids, Nonce: make([]byte, 129)},
		"no serial":  {IDs: []pki.CertID{{Hash: oid.SM3}}},
		"other hash": {IDs: []pki.CertID{{Hash: "\x2a\x03", Serial: big.NewInt(1)}}},
	} {
		raw, err := pki.MarshalOCSPRequest(r)
		require.ErrorIs(t, err, pki.ErrOCSP, name)
		require.Nil(t, raw, name)
	}
}

// requestSpec is a request made of its parts.
type requestSpec struct{ version, requestor, list, extensions, signature []byte }

func (s requestSpec) raw() []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(bytes.Join([][]byte{s.version, s.requestor, s.list, s.extensions}, nil))
			})
			b.AddBytes(s.signature)
		})
	})
}

func TestParseOCSPRequest_A55(t *testing.T) {
	w := newStatusWorld(t)
	id, err := pki.NewCertID(oid.SM3, w.sub.Certificate, w.leaf.Serial)
	require.NoError(t, err)
	question := func(x ...rawExtension) []byte {
		return der(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { addCertID(b, id); addExtensions(b, 0, x) })
		})
	}
	list := func(questions ...[]byte) []byte {
		return der(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(questions, nil)) })
		})
	}
	extensions := func(x ...rawExtension) []byte {
		return der(func(b *cryptobyte.Builder) { addExtensions(b, 2, x) })
	}
	nonce := rawExtension{oid.OCSPNonce, false, []byte{4, 2, 7, 8}}
	strange := rawExtension{"\x2a\x03", true, []byte{5, 0}}
	for name, test := range map[string]struct {
		spec requestSpec
		want pki.OCSPRequest
	}{
		"plain": {requestSpec{list: list(question())}, pki.OCSPRequest{IDs: []pki.CertID{id}}},
		"with everything": {requestSpec{
			version: []byte("\xa0\x03\x02\x01\x00"), requestor: []byte("\xa1\x04\x82\x02me"),
			list:       list(question(rawExtension{oid.OCSPServiceLocator, false, []byte{0x30, 0}}), question()),
			extensions: extensions(nonce, rawExtension{oid.OCSPAcceptable, true, []byte{0x30, 0}}), signature: []byte{0xa0, 2, 0x30, 0},
		}, pki.OCSPRequest{IDs: []pki.CertID{id, id}, Nonce: []byte{7, 8}, Signed: true}},
		"unknown critical": {requestSpec{list: list(question()), extensions: extensions(strange)},
			pki.OCSPRequest{IDs: []pki.CertID{id}, Critical: strange.id}},
		"unknown critical of a question": {requestSpec{list: list(question(strange))},
			pki.OCSPRequest{IDs: []pki.CertID{id}, Critical: strange.id}},
		"unknown, not critical": {requestSpec{list: list(question()), extensions: extensions(rawExtension{"\x2a\x03", false, nil})},
			pki.OCSPRequest{IDs: []pki.CertID{id}}},
	} {
		r, err := pki.ParseOCSPRequest(test.spec.raw())
		require.NoError(t, err, name)
		require.Equal(t, &test.want, r, name)
	}
	for name, spec := range map[string]requestSpec{
		"no list": {}, "empty list": {list: list()}, "version 2": {version: []byte("\xa0\x03\x02\x01\x01"), list: list(question())},
		"question is none":         {list: list([]byte{5, 0})},
		"question with more":       {list: list([]byte{0x30, 0})},
		"too many questions":       {list: list(bytes.Repeat(question(), 257))},
		"empty extensions":         {list: list(question()), extensions: []byte{0xa2, 2, 0x30, 0}},
		"nonce twice":              {list: list(question()), extensions: extensions(nonce, nonce)},
		"nonce raw":                {list: list(question()), extensions: extensions(rawExtension{oid.OCSPNonce, false, []byte{7, 8}})},
		"more":                     {list: list(question()), extensions: []byte{5, 0}},
		"more after":               {list: list(question()), signature: []byte{5, 0}},
		"question extension twice": {list: list(question(nonce, nonce))},
	} {
		r, err := pki.ParseOCSPRequest(spec.raw())
		require.ErrorIs(t, err, pki.ErrOCSP, name)
		require.Nil(t, r, name)
	}
	good := requestSpec{list: list(question())}.raw()
	for name, b := range map[string][]byte{
		"nothing": nil, "bytes after": append(bytes.Clone(good), 0), "cut": good[:len(good)-1], "too large": make([]byte, 64<<10+1),
	} {
		_, err := pki.ParseOCSPRequest(b)
		require.ErrorIs(t, err, pki.ErrOCSP, name)
	}
}

func TestCheckAnswers_A55(t *testing.T) {
	w := newStatusWorld(t)
	id, err := pki.NewCertID(oid.SM3, w.sub.Certificate, w.leaf.Serial)
	require.NoError(t, err)
	other, err := pki.NewCertID(oid.SHA1, w.sub.Certificate, w.leaf.Serial)
	require.NoError(t, err)
	nonce := func(b ...byte) ocspChange {
		return func(s *ocspSpec) {
			s.extensions = []rawExtension{{oid.OCSPNonce, false, append([]byte{4, byte(len(b))}, b...)}}
		}
	}
	for name, test := range map[string]struct {
		request  pki.OCSPRequest
		response *pki.OCSPResponse
		want     pki.Reason
	}{
		"answered":               {pki.OCSPRequest{IDs: []pki.CertID{id}}, forgeOCSP(t, w.sub, w.leaf), ""},
		"with the nonce":         {pki.OCSPRequest{IDs: []pki.CertID{id}, Nonce: []byte{1, 2}}, forgeOCSP(t, w.sub, w.leaf, nonce(1, 2)), ""},
		"a nonce nobody sent":    {pki.OCSPRequest{IDs: []pki.CertID{id}}, forgeOCSP(t, w.sub, w.leaf, nonce(1, 2)), ""},
		"another nonce":          {pki.OCSPRequest{IDs: []pki.CertID{id}, Nonce: []byte{1, 2}}, forgeOCSP(t, w.sub, w.leaf, nonce(1, 3)), pki.ReasonNonce},
		"no nonce":               {pki.OCSPRequest{IDs: []pki.CertID{id}, Nonce: []byte{1, 2}}, forgeOCSP(t, w.sub, w.leaf), pki.ReasonNonce},
		"another hash":           {pki.OCSPRequest{IDs: []pki.CertID{other}}, forgeOCSP(t, w.sub, w.leaf), pki.ReasonOtherSubject},
		"one of two is answered": {pki.OCSPRequest{IDs: []pki.CertID{id, other}}, forgeOCSP(t, w.sub, w.leaf), pki.ReasonOtherSubject},
		"no serial":              {pki.OCSPRequest{IDs: []pki.CertID{{Hash: oid.SM3}}}, forgeOCSP(t, w.sub, w.leaf), pki.ReasonOtherSubject},
	} {
		err := test.response.CheckAnswers(test.request)
		require.Equal(t, test.want, pki.ReasonOf(err), name)
		require.Equal(t, test.want == "", err == nil, name)
	}
}

func FuzzParseOCSPResponse(f *testing.F) {
	w := newStatusWorld(f)
	f.Add(rawOCSP(f, w.sub, w.leaf))
	f.Add(rawOCSP(f, w.sub, w.leaf, signedBy(w.leaf), func(s *ocspSpec) {
		s.extensions = []rawExtension{{oid.OCSPNonce, false, []byte{4, 1, 9}}}
		s.answers[0].status = statusRevoked(past, 1)
		s.answers[0].extensions = []rawExtension{invalidFrom(past), {oid.OCSPArchiveCutoff, false, generalized(past)}}
	}))
	f.Add([]byte{0x30, 3, 10, 1, 3})
	addCorpus(f, "botan/x509/ocsp", "botan/x509/ocsp/cli")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := pki.ParseOCSPResponse(b)
		if err != nil {
			require.ErrorIs(t, err, pki.ErrOCSP)
			require.Nil(t, r)
			return
		}
		require.Equal(t, b, r.Raw)
		require.True(t, bytes.Contains(b, r.RawTBS))
		require.Equal(t, r.Status == pki.OCSPSuccessful, len(r.Answers) > 0)
		for _, a := range r.Answers {
			require.True(t, a.ID.Equal(a.ID))
			if a.Status != pki.AnswerRevoked {
				require.Zero(t, a.RevokedAt)
				require.Zero(t, a.InvalidFrom)
				require.Zero(t, a.Cause)
			}
		}
	})
}

func FuzzParseOCSPRequest(f *testing.F) {
	w := newStatusWorld(f)
	id, err := pki.NewCertID(oid.SM3, w.sub.Certificate, w.leaf.Serial)
	require.NoError(f, err)
	raw, err := pki.MarshalOCSPRequest(pki.OCSPRequest{IDs: []pki.CertID{id, id}, Nonce: []byte{1, 2, 3}})
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte("\x30\x1f\x30\x1d\xa0\x03\x02\x01\x00\x30\x16\x30\x14\x30\x12\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a\x04\x01\x01\x04\x01\x02\x02\x01\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := pki.ParseOCSPRequest(b)
		if err != nil {
			require.ErrorIs(t, err, pki.ErrOCSP)
			require.Nil(t, r)
			return
		}
		again, err := pki.MarshalOCSPRequest(*r)
		if err != nil {
			return // a hash that is read and not written
		}
		back, err := pki.ParseOCSPRequest(again)
		require.NoError(t, err)
		require.Equal(t, r.IDs, back.IDs)
		require.Equal(t, r.Nonce, back.Nonce)
	})
}

func BenchmarkVerifyRevocation(b *testing.B) {
	w := newStatusWorld(b)
	for name, e := range map[string]pki.Evidence{
		"CRL": w.crls(forgeCRL(b, w.sub)), "OCSP": w.responses(forgeOCSP(b, w.sub, w.leaf)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now}, e).Err(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, n := range []int{1000, 100_000} {
		raw, _ := bigCRL(b, w.sub, n)
		c, err := pki.ParseCRL(raw)
		require.NoError(b, err)
		e := w.crls(c)
		b.Run(fmt.Sprint("CRL of ", n), func(b *testing.B) {
			for b.Loop() {
				if err := pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now}, e).Err(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
