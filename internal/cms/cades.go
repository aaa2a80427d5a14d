package cms

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Policy is the signature policy (签名策略) that a signature names; it is the signer's claim.
//
//	SignaturePolicy   ::= CHOICE { SignaturePolicyId, SignaturePolicyImplied NULL }  -- ETSI EN 319 122-1, 5.2.9
//	SignaturePolicyId ::= SEQUENCE { sigPolicyId OBJECT IDENTIFIER,
//	    sigPolicyHash SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashValue OCTET STRING } OPTIONAL,
//	    sigPolicyQualifiers SEQUENCE OF ANY OPTIONAL }
type Policy struct {
	ID         oid.ID // empty if the policy is implied
	Algorithm  oid.ID // of Digest
	Digest     []byte // of the policy's document; nil if absent
	Qualifiers []byte // whole element, nil if absent
}

// Policy reads the signature policy; nil if there is none.
func (s *SignerInfo) Policy() (*Policy, error) {
	value, err := s.SignedAttribute(oid.SignaturePolicy)
	if value == nil || err != nil {
		return nil, err
	}
	element := cryptobyte.String(value)
	if string(element) == "\x05\x00" {
		return new(Policy), nil
	}
	var body, hash, qualifiers cryptobyte.String
	p := new(Policy)
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !element.Empty() || !oid.Read(&body, &p.ID) {
		return nil, malformed("SignaturePolicy")
	}
	if !body.Empty() {
		if !body.ReadASN1(&hash, casn1.SEQUENCE) {
			return nil, malformed("SignaturePolicy.sigPolicyHash")
		}
		if p.Algorithm, p.Digest, err = algorithmAndValue(hash); err != nil {
			return nil, err
		}
	}
	if !body.Empty() && (!body.ReadASN1Element(&qualifiers, casn1.SEQUENCE) || !body.Empty()) {
		return nil, malformed("SignaturePolicy.sigPolicyQualifiers")
	}
	p.Qualifiers = qualifiers
	return p, nil
}

// algorithmAndValue reads the contents of SEQUENCE { AlgorithmIdentifier, OCTET STRING }.
func algorithmAndValue(body cryptobyte.String) (oid.ID, []byte, error) {
	var r reader
	var value cryptobyte.String
	id, _, ok := r.algorithm(&body)
	if !ok || !body.ReadASN1(&value, casn1.OCTET_STRING) || !body.Empty() || len(value) > maxDigestBytes {
		return "", nil, malformed("OtherHash")
	}
	return id, value, nil
}

// Commitments lists the types of commitment that the signer claims to make.
//
//	CommitmentTypeIndication ::= SEQUENCE { commitmentTypeId OBJECT IDENTIFIER, qualifiers SEQUENCE OF ANY OPTIONAL }
func (s *SignerInfo) Commitments() ([]oid.ID, error) {
	var list []oid.ID
	for _, value := range s.SignedValues(oid.CommitmentType) {
		element := cryptobyte.String(value)
		var body cryptobyte.String
		var id oid.ID
		if !element.ReadASN1(&body, casn1.SEQUENCE) || !element.Empty() || !oid.Read(&body, &id) ||
			!body.SkipOptionalASN1(casn1.SEQUENCE) || !body.Empty() {
			return nil, malformed("CommitmentTypeIndication")
		}
		list = append(list, id)
	}
	return list, nil
}

// EncodeCommitment is the attribute that states a type of commitment.
func EncodeCommitment(id oid.ID) []byte {
	return EncodeAttribute(oid.CommitmentType, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { oid.Add(b, id) })
	})
}

// EncodePolicy is the attribute that names a signature policy by the SM3 digest of its document.
func EncodePolicy(id oid.ID, digest [32]byte) []byte {
	return EncodeAttribute(oid.SignaturePolicy, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, id)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addAlgorithm(b, oid.SM3)
				b.AddASN1OctetString(digest[:])
			})
		})
	})
}

// Evidence is what stands beside a signature so that it can be judged later (LT): certificates, CRLs and OCSP
// responses. Nothing protects it but its own signatures.
type Evidence struct {
	Certificates   [][]byte // DER
	CRLs           [][]byte // DER
	BasicResponses [][]byte // DER of BasicOCSPResponse, which is an OCSPResponse without its shell
	OCSPResponses  [][]byte // DER of OCSPResponse, as signed PDF keeps them
}

// Evidence reads certificate-values, revocation-values and the revocation information archival of signed PDF.
//
//	CertificateValues ::= SEQUENCE OF Certificate
//	RevocationValues  ::= SEQUENCE { crlVals [0] SEQUENCE OF CertificateList OPTIONAL,
//	    ocspVals [1] SEQUENCE OF BasicOCSPResponse OPTIONAL, otherRevVals [2] OtherRevVals OPTIONAL }
//	RevocationInfoArchival ::= SEQUENCE { crl [0] SEQUENCE OF CertificateList OPTIONAL,
//	    ocsp [1] SEQUENCE OF OCSPResponse OPTIONAL, otherRevInfo [2] SEQUENCE OF ANY OPTIONAL }
func (s *SignerInfo) Evidence() (*Evidence, error) {
	e := new(Evidence)
	for _, value := range s.UnsignedValues(oid.CertificateValues) {
		if err := readList(value, &e.Certificates); err != nil {
			return nil, fmt.Errorf("certificate-values: %w", err)
		}
	}
	for _, value := range s.UnsignedValues(oid.RevocationValues) {
		if err := readRevocations(value, &e.CRLs, &e.BasicResponses); err != nil {
			return nil, fmt.Errorf("revocation-values: %w", err)
		}
	}
	for _, value := range append(s.SignedValues(oid.RevocationArchival), s.UnsignedValues(oid.RevocationArchival)...) {
		if err := readRevocations(value, &e.CRLs, &e.OCSPResponses); err != nil {
			return nil, fmt.Errorf("revocation information archival: %w", err)
		}
	}
	return e, nil
}

func readRevocations(value cryptobyte.String, crls, responses *[][]byte) error {
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return malformed("SEQUENCE")
	}
	for i, list := range []*[][]byte{crls, responses} {
		var field cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&field, &present, casn1.Tag(uint8(i)).ContextSpecific().Constructed()) {
			return malformed("tag")
		}
		if !present {
			continue
		}
		if err := readList(field, list); err != nil {
			return err
		}
	}
	if !body.SkipOptionalASN1(casn1.Tag(2).ContextSpecific().Constructed()) || !body.Empty() {
		return malformed("otherRevVals")
	}
	return nil
}

// readList reads SEQUENCE OF SEQUENCE and nothing after it.
func readList(value cryptobyte.String, out *[][]byte) error {
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return malformed("SEQUENCE OF")
	}
	for !body.Empty() {
		var element cryptobyte.String
		if len(*out) == maxEvidence {
			return fmt.Errorf("%w: evidence", ErrLimit)
		}
		if !body.ReadASN1Element(&element, casn1.SEQUENCE) {
			return malformed("element")
		}
		*out = append(*out, element)
	}
	return nil
}
