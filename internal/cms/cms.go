// Package cms reads and writes SignedData (签名数据) and EnvelopedData (数字信封) of GB/T 35275-2017 (GM/T 0010-2023) and
// RFC 5652, and reads the attributes of CAdES (ETSI EN 319 122-1).
//
// It is a codec: bytes to values and back. It decides nothing about trust or time; the one thing it computes is which
// bytes a signature covers. Reading is tolerant exactly where software in use differs, and each tolerance that was
// needed is reported by name; everything else, trailing bytes included, is refused. Signed attributes and
// certificates keep the bytes that were received, so nothing signed is ever re-encoded; what is added to SignedData
// leaves every received byte of the signatures as it is. Writing is strict and has one form.
//
//	ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT SignedData }
//	SignedData  ::= SEQUENCE { version INTEGER, digestAlgorithms SET OF AlgorithmIdentifier,
//	                contentInfo SEQUENCE { contentType OBJECT IDENTIFIER,
//	                    content [0] EXPLICIT OCTET STRING OPTIONAL },
//	                certificates [0] IMPLICIT SET OF Certificate OPTIONAL,
//	                crls [1] IMPLICIT SET OF CertificateList OPTIONAL,
//	                signerInfos SET OF SignerInfo }
//	SignerInfo  ::= SEQUENCE { version INTEGER, issuerAndSerialNumber, digestAlgorithm AlgorithmIdentifier,
//	                authenticatedAttributes [0] IMPLICIT SET OF Attribute OPTIONAL,
//	                digestEncryptionAlgorithm AlgorithmIdentifier, encryptedDigest OCTET STRING,
//	                unauthenticatedAttributes [1] IMPLICIT SET OF Attribute OPTIONAL }
package cms

import (
	"errors"
	"fmt"
	"strings"

	"github.com/elicense/elicense/internal/oid"
)

// Limits of what Parse accepts.
const (
	MaxBytes        = 64 << 20
	maxAlgorithms   = 16
	maxCertificates = 64
	maxCRLs         = 64
	maxSigners      = 64
	maxAttributes   = 64
	maxRecipients   = 1024
	maxEvidence     = 256
	maxSerialBytes  = 64
)

var (
	// ErrMalformed is returned for bytes that are not in DER what they should be; the text names the field.
	ErrMalformed = errors.New("cms: malformed")
	// ErrIndefinite is the ErrMalformed of an encoding with indefinite lengths, which BER allows and DER does not.
	ErrIndefinite = fmt.Errorf("%w: indefinite length", ErrMalformed)
	// ErrType is the ErrMalformed of another content type than the one wanted.
	ErrType = fmt.Errorf("%w: content type", ErrMalformed)
	// ErrLimit is returned for input beyond the limits of this package.
	ErrLimit = errors.New("cms: limit exceeded")
	// ErrAlgorithm is returned where SM2 with SM3 is needed and something else is named.
	ErrAlgorithm = errors.New("cms: algorithm is not SM2 with SM3")
	// ErrDigest is returned if the message digest attribute is not the digest of the content.
	ErrDigest = errors.New("cms: message digest does not match the content")
	// ErrAttributes is returned if the signed attributes lack or repeat a mandatory one or contradict the content type.
	ErrAttributes = errors.New("cms: signed attributes are not acceptable")
	// ErrContent is returned if content is missing, or given for SignedData that carries its own.
	ErrContent = errors.New("cms: content missing or given twice")
	// ErrInput is returned for values that cannot be written.
	ErrInput = errors.New("cms: value cannot be written")
)

// Tolerances is the set of deviations from GB/T 35275-2017 that were met while reading.
type Tolerances uint32

// Each deviation that is accepted, with the software it was met in where known.
const (
	// TolerantOuterType is an outer content type of RFC 5652 in place of GB/T 35275.
	TolerantOuterType Tolerances = 1 << iota
	// TolerantInnerType is an inner content type other than the GB/T 35275 data type.
	TolerantInnerType
	// TolerantVersion is a version other than 1.
	TolerantVersion
	// TolerantDigestAlgorithm is an SM3 identifier other than 1.2.156.10197.1.401.
	TolerantDigestAlgorithm
	// TolerantSignatureAlgorithm is an SM2 identifier other than 1.2.156.10197.1.301.1.
	TolerantSignatureAlgorithm
	// TolerantForeignAlgorithm is an algorithm outside the SM2 and SM3 family: readable, not verifiable here.
	TolerantForeignAlgorithm
	// TolerantParameters is algorithm parameters other than absent or NULL.
	TolerantParameters
	// TolerantCertificateTag is a certificates field with an inner or bare SET or SEQUENCE tag.
	TolerantCertificateTag
	// TolerantCertificateChoice is an entry of the certificates field that is no X.509 certificate; it is left out.
	TolerantCertificateChoice
	// TolerantRawSignature is a signature value of 64 bytes r‖s in place of DER.
	TolerantRawSignature
	// TolerantAttributeOrder is signed attributes that are not in DER order.
	TolerantAttributeOrder
	// TolerantContentTypeAttribute is a content type attribute that names the data type of the other arc.
	TolerantContentTypeAttribute
	// TolerantSubjectKeyID is a signer or recipient named by subject key identifier.
	TolerantSubjectKeyID
	// TolerantRevocationChoice is an entry of the crls field that is neither a CRL nor an OCSP response; it is
	// left out.
	TolerantRevocationChoice
	// TolerantBareCipher is SM4 named without its mode, which then is CBC.
	TolerantBareCipher
	// TolerantKeyAlgorithm is an SM2 encryption identifier other than 1.2.156.10197.1.301.3.
	TolerantKeyAlgorithm
	// TolerantRecipientKind is a recipient that gets the key by agreement, by another key or by a password; it is left
	// out.
	TolerantRecipientKind
	// TolerantRawKey is an encrypted key as its parts one after the other in place of SM2Cipher.
	TolerantRawKey
	// TolerantCounterType is a countersignature with a content type attribute, which must have none.
	TolerantCounterType

	endOfTolerances
)

var toleranceNames = [...]string{
	"outer-type", "inner-type", "version", "digest-algorithm", "signature-algorithm", "foreign-algorithm", "parameters",
	"certificate-tag", "certificate-choice", "raw-signature", "attribute-order", "content-type-attribute",
	"subject-key-id", "revocation-choice", "bare-cipher", "key-algorithm", "recipient-kind",
	"raw-key", "countersignature-type",
}

// Names lists the deviations by name, in a fixed order.
func (t Tolerances) Names() []string {
	var names []string
	for i, name := range toleranceNames {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names joined by commas.
func (t Tolerances) String() string { return strings.Join(t.Names(), ",") }

// SignedData is what Parse read. Its slices point into the input of Parse, which must not be changed afterwards.
type SignedData struct {
	OuterType    oid.ID   // oid.GMSignedData or oid.SignedData
	Version      int      // as received
	Digests      []oid.ID // digestAlgorithms, as received
	ContentType  oid.ID   // type of the signed content
	Detached     bool     // the content is not inside
	Content      []byte   // contents of the OCTET STRING; nil if Detached
	Certificates [][]byte // DER as received, unverified, in the order received
	CRLs         [][]byte // DER as received
	// OCSPResponses and BasicResponses are the DER of OCSPResponse (RFC 5940) and of BasicOCSPResponse as received
	// in the crls field.
	OCSPResponses  [][]byte
	BasicResponses [][]byte
	Signers        []SignerInfo
	Tolerances     Tolerances // all that were needed, those of the signers among them

	raw parts
}

// parts are the fields of SignedData as whole elements, as received; empty if absent.
type parts struct{ version, digests, content, certificates, crls []byte }

// SignerInfo is one signature.
type SignerInfo struct {
	Raw                []byte // the whole element as received
	Version            int    // as received
	Issuer             []byte // DER Name; nil if the signer is named by SubjectKeyID
	Serial             []byte // contents octets of the INTEGER, big-endian two's complement in shortest form
	SubjectKeyID       []byte // RFC 5652 alternative to Issuer and Serial
	DigestAlgorithm    oid.ID
	SignatureAlgorithm oid.ID
	Parameters         []byte      // of the signature algorithm, as a whole DER element; nil if absent or NULL
	Attributes         []Attribute // signed attributes; empty if there is none
	Signature          []byte      // contents of encryptedDigest as received
	UnsignedAttributes []Attribute
	Tolerances         Tolerances // those that this signature needed

	rawAttributes []byte // [0] element as received
	rawUnsigned   []byte // [1] element as received
}

// Attribute is one attribute of a signature.
type Attribute struct {
	Raw    []byte // the whole element as received
	Type   oid.ID
	Values [][]byte // each value as a whole DER element
}
