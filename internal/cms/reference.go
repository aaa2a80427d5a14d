package cms

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Reference names a piece of evidence by its digest.
type Reference struct {
	Algorithm oid.ID
	Digest    []byte
}

// References is what a signature names as the evidence it is to be judged by: the certificates above the signer's, and
// CRLs and OCSP responses.
type References struct {
	Certificates []Reference
	CRLs         []Reference
	Responses    []Reference // an OCSP response that is named by responder and time alone has no digest
}

// References reads complete-certificate-references and complete-revocation-references.
//
//	CompleteCertificateRefs ::= SEQUENCE OF OtherCertID -- where
//	OtherCertID ::= SEQUENCE { OtherHash, IssuerSerial OPTIONAL }
//	OtherHash    ::= CHOICE { sha1Hash OCTET STRING, otherHash SEQUENCE { AlgorithmIdentifier, OCTET STRING } }
//	CompleteRevocationRefs ::= SEQUENCE OF CrlOcspRef -- where
//	CrlOcspRef   ::= SEQUENCE { crlids [0] CRLListID OPTIONAL, ocspids [1] OcspListID OPTIONAL,
//	    otherRev [2] OPTIONAL }
//	CRLListID    ::= SEQUENCE { crls SEQUENCE OF SEQUENCE { crlHash OtherHash, crlIdentifier SEQUENCE OPTIONAL } }
//	OcspListID   ::= SEQUENCE { ocspResponses SEQUENCE OF
//	    SEQUENCE { ocspIdentifier SEQUENCE, ocspRepHash OtherHash OPTIONAL } }
func (s *SignerInfo) References() (*References, error) {
	r := new(References)
	for _, value := range s.UnsignedValues(oid.CertificateRefs) {
		if err := readReferences(value, false, &r.Certificates); err != nil {
			return nil, fmt.Errorf("complete-certificate-references: %w", err)
		}
	}
	for _, value := range s.UnsignedValues(oid.RevocationRefs) {
		if err := r.revocations(value); err != nil {
			return nil, fmt.Errorf("complete-revocation-references: %w", err)
		}
	}
	return r, nil
}

func (r *References) revocations(value cryptobyte.String) error {
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return malformed("CompleteRevocationRefs")
	}
	for !body.Empty() {
		var ref cryptobyte.String
		if !body.ReadASN1(&ref, casn1.SEQUENCE) {
			return malformed("CrlOcspRef")
		}
		for i, list := range []*[]Reference{&r.CRLs, &r.Responses} {
			if err := readReferenceList(&ref, uint8(i), list); err != nil {
				return err
			}
		}
		if !ref.SkipOptionalASN1(casn1.Tag(2).ContextSpecific().Constructed()) || !ref.Empty() {
			return malformed("CrlOcspRef.otherRev")
		}
	}
	return nil
}

// readReferenceList reads CRLListID under [0] or OcspListID under [1], if it is there.
func readReferenceList(ref *cryptobyte.String, tag uint8, list *[]Reference) error {
	var field, shell cryptobyte.String
	var present bool
	if !ref.ReadOptionalASN1(&field, &present, casn1.Tag(tag).ContextSpecific().Constructed()) {
		return malformed("CrlOcspRef")
	}
	if !present {
		return nil
	}
	if !field.ReadASN1(&shell, casn1.SEQUENCE) || !field.Empty() {
		return malformed("CrlOcspRef")
	}
	return readReferences(shell, tag == 1, list)
}

// readReferences reads SEQUENCE OF SEQUENCE { OtherHash, SEQUENCE OPTIONAL }, or with the hash last and optional.
func readReferences(value cryptobyte.String, hashLast bool, list *[]Reference) error {
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return malformed("SEQUENCE OF")
	}
	for !body.Empty() {
		var item cryptobyte.String
		if len(*list) == maxEvidence {
			return fmt.Errorf("%w: references", ErrLimit)
		}
		if !body.ReadASN1(&item, casn1.SEQUENCE) || hashLast && !item.SkipASN1(casn1.SEQUENCE) {
			return malformed("reference")
		}
		var r Reference
		if !(hashLast && item.Empty()) && !readOtherHash(&item, &r) {
			return malformed("OtherHash")
		}
		if !hashLast && !item.SkipOptionalASN1(casn1.SEQUENCE) || !item.Empty() {
			return malformed("reference")
		}
		*list = append(*list, r)
	}
	return nil
}

func readOtherHash(s *cryptobyte.String, r *Reference) bool {
	var body cryptobyte.String
	if s.PeekASN1Tag(casn1.OCTET_STRING) {
		ok := s.ReadASN1(&body, casn1.OCTET_STRING)
		r.Algorithm, r.Digest = oid.SHA1, body
		return ok && len(body) == 20
	}
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return false
	}
	var err error
	r.Algorithm, r.Digest, err = algorithmAndValue(body)
	return err == nil && wellFormedDigest(r.Algorithm, r.Digest)
}
