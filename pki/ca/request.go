package ca

import (
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

const maxCSRBytes = 16 << 10

// ParseRequest reads a certificate request (PKCS#10, RFC 2986) in strict DER and checks that it is signed with SM2 and
// SM3 by the key in it, over Z with the default identifier (GB/T 32918.2-2016; GB/T 35276-2017). The key is all that is
// taken from a request: who the holder is has been established otherwise, and what a request says of it is not read.
//
// The error is a *RefusalError that unwraps to ErrRequest; a signature without Z or with an empty identifier, as some
// tokens make it, is told apart.
func ParseRequest(der []byte) (*pki.PublicKey, error) {
	if len(der) > maxCSRBytes {
		return nil, refuse(ErrRequest, ReasonTooLarge, fmt.Sprintf("certificate request of %d bytes", len(der)))
	}
	q, err := splitRequest(der)
	if err != nil {
		return nil, err
	}
	if err := q.public.Verify(q.info, q.signature); err != nil {
		return nil, q.diagnose()
	}
	return q.public, nil
}

// request is a certificate request taken apart.
type request struct {
	info      []byte // CertificationRequestInfo with its header: what is signed
	public    *pki.PublicKey
	signature []byte
}

// splitRequest reads
//
//	CertificationRequest ::= SEQUENCE { CertificationRequestInfo, signatureAlgorithm, signature BIT STRING }
//	CertificationRequestInfo ::= SEQUENCE { version 0, subject Name, SubjectPublicKeyInfo, attributes [0] }
func splitRequest(der []byte) (*request, error) {
	input := cryptobyte.String(der)
	var body, info, algorithm cryptobyte.String
	q := &request{}
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Element(&info, casn1.SEQUENCE) || !body.ReadASN1Element(&algorithm, casn1.SEQUENCE) ||
		!body.ReadASN1BitStringAsBytes(&q.signature) || !body.Empty() {
		return nil, malformedRequest("certificate request")
	}
	if !isSM2WithSM3(algorithm) {
		return nil, refuse(ErrRequest, ReasonAlgorithm, "certificate request is not signed with SM2 and SM3")
	}
	q.info = info
	var err error
	q.public, err = readRequestInfo(info)
	return q, err
}

// readRequestInfo takes the key from a CertificationRequestInfo.
func readRequestInfo(info cryptobyte.String) (*pki.PublicKey, error) {
	var version int
	var fields, subject, key, attributes cryptobyte.String
	if !info.ReadASN1(&fields, casn1.SEQUENCE) || !fields.ReadASN1Integer(&version) || version != 0 ||
		!fields.ReadASN1Element(&subject, casn1.SEQUENCE) || !fields.ReadASN1Element(&key, casn1.SEQUENCE) {
		return nil, malformedRequest("fields of the request")
	}
	// RFC 2986 has the attributes always; some tokens leave the empty set out.
	if !fields.Empty() && !fields.ReadASN1(&attributes, contextTag(0).Constructed()) || !fields.Empty() {
		return nil, malformedRequest("attributes of the request")
	}
	if !wellFormedName(subject) || !wellFormedAttributes(attributes) {
		return nil, malformedRequest("name or attributes of the request")
	}
	return readPublicKey(key)
}

func malformedRequest(what string) error { return refuse(ErrRequest, ReasonMalformed, what) }

// isSM2WithSM3 reads an AlgorithmIdentifier; its parameters are NULL or absent.
func isSM2WithSM3(algorithm cryptobyte.String) bool {
	var fields cryptobyte.String
	var id oid.ID
	if !algorithm.ReadASN1(&fields, casn1.SEQUENCE) || !oid.Read(&fields, &id) || id != oid.SM2WithSM3 {
		return false
	}
	return fields.Empty() || isNull(&fields) && fields.Empty()
}

func isNull(s *cryptobyte.String) bool {
	var null cryptobyte.String
	return s.ReadASN1(&null, casn1.NULL) && null.Empty()
}

// wellFormedName walks a Name without reading it.
func wellFormedName(name cryptobyte.String) bool {
	var rdns cryptobyte.String
	if !name.ReadASN1(&rdns, casn1.SEQUENCE) || !name.Empty() {
		return false
	}
	for !rdns.Empty() {
		var rdn cryptobyte.String
		if !rdns.ReadASN1(&rdn, casn1.SET) || rdn.Empty() {
			return false
		}
		for !rdn.Empty() {
			var attribute, value cryptobyte.String
			var id oid.ID
			var tag casn1.Tag
			if !rdn.ReadASN1(&attribute, casn1.SEQUENCE) || !oid.Read(&attribute, &id) ||
				!attribute.ReadAnyASN1(&value, &tag) || !attribute.Empty() {
				return false
			}
		}
	}
	return true
}

// wellFormedAttributes walks SET OF SEQUENCE { type OID, values SET } without reading the values, which one large
// authority's tools do not wrap into the SET.
func wellFormedAttributes(attributes cryptobyte.String) bool {
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var id oid.ID
		var tag casn1.Tag
		if !attributes.ReadASN1(&attribute, casn1.SEQUENCE) || !oid.Read(&attribute, &id) ||
			!attribute.ReadAnyASN1(&values, &tag) || !attribute.Empty() {
			return false
		}
	}
	return true
}

// readPublicKey reads SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { ecPublicKey, SM2 }, BIT STRING 04‖X‖Y }. A curve
// given by its parameters is refused: whoever may choose them can choose weak ones.
func readPublicKey(info cryptobyte.String) (*pki.PublicKey, error) {
	var fields, algorithm cryptobyte.String
	var id, curve oid.ID
	var point []byte
	if !info.ReadASN1(&fields, casn1.SEQUENCE) || !fields.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!fields.ReadASN1BitStringAsBytes(&point) || !fields.Empty() || !oid.Read(&algorithm, &id) {
		return nil, malformedRequest("public key")
	}
	if id != oid.ECPublicKey || !oid.Read(&algorithm, &curve) || !algorithm.Empty() || curve != oid.SM2 {
		return nil, refuse(ErrRequest, ReasonAlgorithm, "key is not SM2 on its named curve")
	}
	public, err := sm2sig.ParsePublicKey(point)
	if err != nil {
		return nil, refuse(ErrRequest, ReasonAlgorithm, "key is no point of the SM2 curve")
	}
	return public, nil
}

// diagnose says what is wrong with a signature that did not verify. It never makes it pass.
func (q *request) diagnose() error {
	if sm2sig.CheckSignature(q.signature) != nil {
		return refuse(ErrRequest, ReasonBadProof, "malformed signature value")
	}
	point := q.public.Point()
	key, err := sm2.NewPublicKey(point)
	if err != nil {
		return refuse(ErrRequest, ReasonBadProof, "signature does not verify")
	}
	if digest := sm3.Sum(q.info); sm2.VerifyASN1(key, digest[:], q.signature) {
		return refuse(ErrRequest, ReasonWithoutZ, "signed without Z")
	}
	if digest := digestOfEmptyID(point, q.info); sm2.VerifyASN1(key, digest[:], q.signature) {
		return refuse(ErrRequest, ReasonEmptyID, "signed with an empty identifier")
	}
	return refuse(ErrRequest, ReasonBadProof, "signature does not verify")
}

// curveParameters are a ‖ b ‖ Gx ‖ Gy of GB/T 32918.5-2017.
const curveParameters = "" +
	"\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc" +
	"\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7" +
	"\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93" +
	"\x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94" +
	"\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7" +
	"\xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53" +
	"\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0"

// digestOfEmptyID is SM3(Z ‖ message) with ENTL = 0.
func digestOfEmptyID(point, message []byte) [sm3.Size]byte {
	z := sm3.Sum(append(append([]byte{0, 0}, curveParameters...), point[1:]...))
	return sm3.Sum(append(z[:], message...))
}
