package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// maxRSABits limits the time of one signature check.
const maxRSABits = 8192

// Key is the public key of a certificate. It is immutable and safe for concurrent use.
type Key struct {
	ID        oid.ID       // algorithm, as it stands
	Algorithm KeyAlgorithm // empty if the key is not supported: nothing verifies with it
	Bits      int

	sm2   *PublicKey
	ecdsa *ecdsa.PublicKey
	rsa   *rsa.PublicKey
	pss   *SignatureAlgorithm // what a KeyRSAPSS is limited to, if it is
}

// Crypto is the key for use with the standard library, nil if it is not supported. That of an SM2 key is a *PublicKey.
func (k *Key) Crypto() crypto.PublicKey {
	switch {
	case k == nil:
		return nil
	case k.sm2 != nil:
		return k.sm2
	case k.ecdsa != nil:
		return k.ecdsa
	case k.rsa != nil:
		return k.rsa
	default:
		return nil
	}
}

// publicKey reads
//
//	SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
//
// A kind of key that is not known is no error; a key that is known and wrong is.
func (r *reader) publicKey(body cryptobyte.String, field string) (*Key, error) {
	var algorithm cryptobyte.String
	k := new(Key)
	if !body.ReadASN1(&algorithm, casn1.SEQUENCE) || !oid.Read(&algorithm, &k.ID) {
		return nil, malformed(field + ".algorithm")
	}
	value, err := r.octetBits(&body, field+".subjectPublicKey")
	if err != nil {
		return nil, err
	}
	if !body.Empty() {
		return nil, malformed(field)
	}
	switch k.ID {
	case oid.ECPublicKey:
		return k, r.curveKey(k, algorithm, value, field)
	case oid.SM2, oid.SM2Sign, oid.SM2Old, oid.SM2SignOld:
		// Old versions of one toolkit name the curve twice instead of saying that it is an elliptic curve key.
		if err := r.allow(ToleranceIdentifier, field+".algorithm"); err != nil {
			return nil, err
		}
		return k, r.curveKey(k, algorithm, value, field)
	case oid.RSA, oid.RSAPSS:
		if err := r.rsaParameters(k, algorithm, field+".parameters"); err != nil {
			return nil, err
		}
		return k, r.rsaKey(k, value, field)
	default:
		return k, nil
	}
}

// rsaParameters reads the parameters of an RSA key: NULL (RFC 3279, 2.3.1), or those of RSASSA-PSS (RFC 4055, 1.2).
func (r *reader) rsaParameters(k *Key, params cryptobyte.String, field string) error {
	k.Algorithm = KeyRSA
	switch {
	case k.ID == oid.RSAPSS:
		k.Algorithm = KeyRSAPSS
		if params.Empty() {
			return nil
		}
		limit, err := r.pss(params, field)
		k.pss = &limit
		return err
	case params.Empty():
		return r.allow(ToleranceKeyParameters, field)
	case string(params) != "\x05\x00":
		return malformed(field)
	default:
		return nil
	}
}

// rsaKey reads RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }. An exponent that the library
// below cannot hold, or a modulus that would cost too much, leaves the key unsupported.
func (r *reader) rsaKey(k *Key, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	n, err := r.integer(&body, casn1.INTEGER, field+".modulus")
	if err != nil {
		return err
	}
	e, err := r.integer(&body, casn1.INTEGER, field+".publicExponent")
	if err != nil {
		return err
	}
	if !body.Empty() || n.Sign() <= 0 || e.Sign() <= 0 {
		return malformed(field)
	}
	k.Bits = n.BitLen()
	if k.Bits > maxRSABits || e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0 || n.Bit(0) == 0 {
		k.Algorithm = ""
		return nil
	}
	k.rsa = &rsa.PublicKey{N: n, E: int(e.Int64())}
	return nil
}

// curveKey reads an elliptic curve key by its parameters (RFC 5480, 2.1.1; GM/T 0015).
func (r *reader) curveKey(k *Key, params cryptobyte.String, point []byte, field string) error {
	var curve oid.ID
	if params.PeekASN1Tag(casn1.SEQUENCE) {
		var ok bool
		if curve, ok = explicitCurve(&params); !ok {
			return nil
		}
		if err := r.allow(ToleranceExplicitCurve, field+".parameters"); err != nil {
			return err
		}
	} else if !oid.Read(&params, &curve) {
		return malformed(field + ".parameters")
	}
	if !params.Empty() {
		return malformed(field + ".parameters")
	}
	switch curve {
	case oid.SM2Old, oid.SM2:
		if curve == oid.SM2Old {
			if err := r.allow(ToleranceIdentifier, field+".parameters"); err != nil {
				return err
			}
		}
		return k.setSM2(point, field)
	case oid.CurveP256:
		return k.setECDSA(elliptic.P256(), point, field)
	case oid.CurveP384:
		return k.setECDSA(elliptic.P384(), point, field)
	case oid.CurveP521:
		return k.setECDSA(elliptic.P521(), point, field)
	default:
		return nil
	}
}

// Compressed points are allowed by RFC 5480 and used by nobody; keys with them are not supported.
func isCompressed(point []byte) bool { return len(point) > 0 && (point[0] == 2 || point[0] == 3) }

func (k *Key) setSM2(point []byte, field string) error {
	if isCompressed(point) {
		return nil
	}
	key, err := sm2sig.ParsePublicKey(point)
	if err != nil {
		return malformed(field + ".subjectPublicKey")
	}
	k.Algorithm, k.Bits, k.sm2 = KeySM2, 256, key
	return nil
}

func (k *Key) setECDSA(curve elliptic.Curve, point []byte, field string) error {
	if isCompressed(point) {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return malformed(field + ".subjectPublicKey")
	}
	k.Algorithm, k.Bits, k.ecdsa = KeyECDSA, curve.Params().BitSize, key
	return nil
}

// sm2Parameters are p, a, b, G and n of GB/T 32918.5-2017.
var sm2Parameters = [...]string{
	"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF",
	"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC",
	"28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93",
	"0432C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7" +
		"BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0",
	"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123",
}

// explicitCurve recognises the SM2 curve written out:
//
//	ECParameters ::= SEQUENCE { version INTEGER, fieldID SEQUENCE { prime-field, p INTEGER },
//	    curve SEQUENCE { a OCTET STRING, b OCTET STRING, seed BIT STRING OPTIONAL }, base OCTET STRING, order INTEGER,
//	    cofactor INTEGER OPTIONAL }
//
// Every number is compared: a curve that differs in the base point alone lets anyone forge.
func explicitCurve(params *cryptobyte.String) (oid.ID, bool) {
	var body cryptobyte.String
	if !params.ReadASN1(&body, casn1.SEQUENCE) {
		return "", false
	}
	numbers, ok := curveNumbers(body)
	if !ok {
		return "", false
	}
	for i, got := range numbers {
		want, _ := new(big.Int).SetString(sm2Parameters[i], 16)
		if !bytes.Equal(bytes.TrimLeft(got, "\x00"), want.Bytes()) {
			return "", false
		}
	}
	return oid.SM2, true
}

// curveNumbers reads p, a, b, G and n.
func curveNumbers(body cryptobyte.String) (numbers [5][]byte, ok bool) {
	var field, curve, base cryptobyte.String
	var version int
	n, cofactor := new(big.Int), big.NewInt(1)
	ok = body.ReadASN1Integer(&version) && body.ReadASN1(&field, casn1.SEQUENCE) &&
		body.ReadASN1(&curve, casn1.SEQUENCE) && body.ReadASN1(&base, casn1.OCTET_STRING) && body.ReadASN1Integer(n) &&
		(body.Empty() || body.ReadASN1Integer(cofactor) && body.Empty())
	if !ok || version < 1 || version > 3 || cofactor.Cmp(big.NewInt(1)) != 0 {
		return numbers, false
	}
	p, isPrime := primeField(field)
	a, b, isCurve := coefficients(curve)
	return [5][]byte{p, a, b, base, n.Bytes()}, isPrime && isCurve
}

func coefficients(curve cryptobyte.String) (a, b cryptobyte.String, ok bool) {
	ok = curve.ReadASN1(&a, casn1.OCTET_STRING) && curve.ReadASN1(&b, casn1.OCTET_STRING) &&
		curve.SkipOptionalASN1(casn1.BIT_STRING) && curve.Empty()
	return a, b, ok
}

func primeField(field cryptobyte.String) (p []byte, ok bool) {
	var id oid.ID
	n := new(big.Int)
	ok = oid.Read(&field, &id) && id == oid.PrimeField && field.ReadASN1Integer(n) && field.Empty()
	return n.Bytes(), ok
}
