package pki_test

import (
	"crypto/rand"
	"crypto/sha1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// CRLs and OCSP responses made under no rules, so that wrong ones can be made.

const hour = time.Hour

var (
	sm2WithSM3 = []byte("\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75")
)

// rawExtension is an extension whose value is value.
type rawExtension struct {
	id       oid.ID
	critical bool
	value    []byte
}

func (e rawExtension) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, e.id)
		if e.critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1OctetString(e.value)
	})
}

func der(add func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	add(&b)
	return b.BytesOrPanic()
}

func tagged(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

func integer(n int64) []byte { return der(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) }) }

func enumerated(n int64) []byte { return der(func(b *cryptobyte.Builder) { b.AddASN1Enum(n) }) }

func generalized(t time.Time) []byte {
	return der(func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(t) })
}

func utc(b *cryptobyte.Builder, t time.Time) { b.AddASN1UTCTime(t) }

// entry is one entry of a CRL.
type entry struct {
	serial     *big.Int
	at         time.Time
	extensions []rawExtension
}

func revokedAt(serial *big.Int, at time.Time, cause pki.Cause, extensions ...rawExtension) entry {
	if cause != pki.CauseUnspecified {
		extensions = append(extensions, rawExtension{oid.CRLReason, false, enumerated(int64(cause))})
	}
	return entry{serial, at, extensions}
}

func invalidFrom(t time.Time) rawExtension {
	return rawExtension{oid.InvalidityDate, false, generalized(t)}
}

func (e entry) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(e.serial)
		utc(b, e.at)
		if len(e.extensions) > 0 {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, x := range e.extensions {
					x.add(b)
				}
			})
		}
	})
}

// crlSpec is a CRL to be made; each part can be replaced.
type crlSpec struct {
	version, algorithm, outer, issuer []byte
	this, next                        time.Time
	entries                           []entry
	rawEntries                        []byte // instead of entries
	extensions                        []rawExtension
	after                             []byte // after the extensions
	key                               *sm2.PrivateKey
	unusedBits                        byte
}

type crlChange func(*crlSpec)

func crlNumber(n int64) rawExtension { return rawExtension{oid.CRLNumber, false, integer(n)} }

func lists(entries ...entry) crlChange {
	return func(s *crlSpec) { s.entries = append(s.entries, entries...) }
}

func extended(extensions ...rawExtension) crlChange {
	return func(s *crlSpec) { s.extensions = append(s.extensions, extensions...) }
}

func numbered(n int64) crlChange { return extended(crlNumber(n)) }

func deltaOf(base int64) crlChange {
	return extended(rawExtension{oid.DeltaCRLIndicator, true, integer(base)})
}

func dated(this, next time.Time) crlChange { return func(s *crlSpec) { s.this, s.next = this, next } }

func within(parts ...[]byte) crlChange {
	return extended(rawExtension{oid.IssuingDistributionPoint, true, der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, p := range parts {
				b.AddBytes(p)
			}
		})
	})})
}

func flag(n uint8) []byte { return []byte{0x80 | n, 1, 0xff} }

// atURI is the distributionPoint of an issuing distribution point.
func atURI(uri string) []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
			})
		})
	})
}

// reasons is [n] ReasonFlags with the bits given.
func reasons(n uint8, bits ...int) []byte {
	v := uint16(0)
	last := 0
	for _, bit := range bits {
		v |= 0x8000 >> bit
		last = max(last, bit)
	}
	octets := []byte{byte(v >> 8), byte(v)}[:last/8+1]
	return append([]byte{0x80 | n, byte(1 + len(octets)), byte(7 - last%8)}, octets...)
}

func rawCRL(t testing.TB, issuer *node, changes ...crlChange) []byte {
	t.Helper()
	s := crlSpec{
		version: integer(1), algorithm: sm2WithSM3, issuer: issuer.RawSubject,
		this: now.Add(-hour), next: now.Add(23 * hour), key: issuer.key,
	}
	for _, f := range changes {
		f(&s)
	}
	if s.outer == nil {
		s.outer = s.algorithm
	}
	return envelope{key: s.key, algorithm: s.outer, unusedBits: s.unusedBits}.around(t, der(s.addTBS))
}

func (s crlSpec) addTBS(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(s.version)
		b.AddBytes(s.algorithm)
		b.AddBytes(s.issuer)
		utc(b, s.this)
		if !s.next.IsZero() {
			utc(b, s.next)
		}
		if len(s.entries) > 0 || s.rawEntries != nil {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range s.entries {
					e.add(b)
				}
				b.AddBytes(s.rawEntries)
			})
		}
		if len(s.extensions) > 0 {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, x := range s.extensions {
						x.add(b)
					}
				})
			})
		}
		b.AddBytes(s.after)
	})
}

// envelope is what stands around signed bytes.
type envelope struct {
	key        *sm2.PrivateKey
	algorithm  []byte
	unusedBits byte
	rest       []byte // after the signature
}

// around signs tbs.
func (e envelope) around(t testing.TB, tbs []byte) []byte {
	t.Helper()
	public, err := pki.PublicKeyOf(e.key.Public())
	require.NoError(t, err)
	value, err := public.Sign(rand.Reader, e.key, tbs)
	require.NoError(t, err)
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddBytes(e.algorithm)
			b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddUint8(e.unusedBits); b.AddBytes(value) })
			b.AddBytes(e.rest)
		})
	})
}

func forgeCRL(t testing.TB, issuer *node, changes ...crlChange) *pki.CRL {
	t.Helper()
	c, err := pki.ParseCRL(rawCRL(t, issuer, changes...))
	require.NoError(t, err)
	return c
}

// answer is one SingleResponse.
type answer struct {
	id         []byte // instead of hash, issuer and serial
	hash       oid.ID
	issuer     *pki.Certificate
	serial     *big.Int
	status     []byte
	this, next time.Time
	extensions []rawExtension
}

var (
	statusGood    = []byte{0x80, 0}
	statusUnknown = []byte{0x82, 0}
)

func statusRevoked(at time.Time, cause pki.Cause) []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(at)
			if cause != pki.CauseUnspecified {
				b.AddASN1(tagged(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(cause)) })
			}
		})
	})
}

func (a answer) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if a.id != nil {
			b.AddBytes(a.id)
		} else {
			id, err := pki.NewCertID(a.hash, a.issuer, a.serial)
			if err != nil {
				b.SetError(err)
				return
			}
			addCertID(b, id)
		}
		b.AddBytes(a.status)
		b.AddASN1GeneralizedTime(a.this)
		if !a.next.IsZero() {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(a.next) })
		}
		addExtensions(b, 1, a.extensions)
	})
}

func addCertID(b *cryptobyte.Builder, id pki.CertID) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { oid.Add(b, id.Hash) })
		b.AddASN1OctetString(id.IssuerName)
		b.AddASN1OctetString(id.IssuerKey)
		b.AddASN1BigInt(id.Serial)
	})
}

func addExtensions(b *cryptobyte.Builder, n uint8, extensions []rawExtension) {
	if len(extensions) == 0 {
		return
	}
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, x := range extensions {
				x.add(b)
			}
		})
	})
}

// ocspSpec is an OCSP response to be made.
type ocspSpec struct {
	status       int64
	responseType oid.ID
	version      []byte
	responder    []byte
	produced     time.Time
	rawProduced  []byte // instead of produced
	answers      []answer
	extensions   []rawExtension
	certificates [][]byte
	algorithm    []byte
	key          *sm2.PrivateKey
}

type ocspChange func(*ocspSpec)

func byName(n *node) []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(tagged(1), func(b *cryptobyte.Builder) { b.AddBytes(n.RawSubject) })
	})
}

func byKey(n *node) []byte {
	sum := sha1.Sum(n.PublicKey.Point())
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(tagged(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) })
	})
}

// signedBy has a delegate sign, whose certificate comes with the response.
func signedBy(n *node) ocspChange {
	return func(s *ocspSpec) { s.key, s.responder, s.certificates = n.key, byName(n), [][]byte{n.Raw} }
}

func firstAnswer(f func(*answer)) ocspChange { return func(s *ocspSpec) { f(&s.answers[0]) } }

// rawOCSP is a response that says that the certificate is good, by its issuer, unless changed.
func rawOCSP(t testing.TB, issuer, of *node, changes ...ocspChange) []byte {
	t.Helper()
	s := ocspSpec{
		responseType: oid.OCSPBasic, responder: byName(issuer), produced: now.Add(-hour), algorithm: sm2WithSM3, key: issuer.key,
		answers: []answer{{
			hash: oid.SM3, issuer: issuer.Certificate, serial: of.Serial, status: statusGood, this: now.Add(-hour),
			next: now.Add(23 * hour),
		}},
	}
	for _, f := range changes {
		f(&s)
	}
	basic := envelope{key: s.key, algorithm: s.algorithm, rest: der(s.addCertificates)}.around(t, der(s.addData))
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Enum(s.status)
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					oid.Add(b, s.responseType)
					b.AddASN1OctetString(basic)
				})
			})
		})
	})
}

func (s ocspSpec) addCertificates(b *cryptobyte.Builder) {
	if s.certificates == nil {
		return
	}
	b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, c := range s.certificates {
				b.AddBytes(c)
			}
		})
	})
}

func (s ocspSpec) addData(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(s.version)
		b.AddBytes(s.responder)
		if s.rawProduced != nil {
			b.AddBytes(s.rawProduced)
		} else {
			b.AddASN1GeneralizedTime(s.produced)
		}
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, a := range s.answers {
				a.add(b)
			}
		})
		addExtensions(b, 1, s.extensions)
	})
}

func forgeOCSP(t testing.TB, issuer, of *node, changes ...ocspChange) *pki.OCSPResponse {
	t.Helper()
	r, err := pki.ParseOCSPResponse(rawOCSP(t, issuer, of, changes...))
	require.NoError(t, err)
	return r
}
