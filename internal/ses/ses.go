// Package ses reads and writes electronic seals (电子印章) and the signatures made with them (电子签章): GB/T 38540-2020
// (V4), GM/T 0031-2014 (V1) before it and GM/T 0031-2025 (V5, read only) after it.
//
// It is a codec: bytes to values and back. It decides nothing about trust or time and verifies no signature; it says
// which bytes a signature covers. Reading is strict DER; it is tolerant exactly where a product in use deviates, and
// each tolerance that was needed is reported by name. Every refusal leaves zero results. What was signed keeps its
// bytes and is never re-encoded. Writing is strict and has one form.
//
//	SESeal ::= SEQUENCE { eSealInfo SES_SealInfo, cert OCTET STRING, signAlgID OBJECT IDENTIFIER,
//	           signedValue BIT STRING }                                                    -- V4
//	           …, timeStamp [0] EXPLICIT BIT STRING OPTIONAL }                             -- V5
//	SESeal ::= SEQUENCE { esealInfo SES_SealInfo, signInfo SEQUENCE { cert OCTET STRING,
//	           signatureAlgorithm OBJECT IDENTIFIER, signData BIT STRING } }               -- V1
//	SES_Signature ::= SEQUENCE { toSign TBS_Sign, cert OCTET STRING, signatureAlgID OBJECT IDENTIFIER,
//	           signature BIT STRING, timeStamp [0] EXPLICIT BIT STRING OPTIONAL }          -- V4, V5
//	SES_Signature ::= SEQUENCE { toSign TBS_Sign, signature BIT STRING }                   -- V1
//
// The parts stand above their readers, see Seal and Signature.
package ses

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/elicense/elicense/internal/oid"
)

// Limits of what is read and written.
const (
	MaxPictureBytes   = 1 << 20
	MaxSealBytes      = 2 << 20
	MaxSignatureBytes = MaxSealBytes + MaxTokenBytes + 1<<20
	MaxTokenBytes     = 1 << 20
	MaxCertificates   = 64 // who may use one seal
	MaxExtensions     = 64
	maxTextBytes      = 1 << 10
	maxPropertyBytes  = 64 << 10
	maxCertBytes      = 64 << 10
	maxValueBytes     = 1 << 10 // of a signature value, also of foreign algorithms
	maxDigestBytes    = 64
	maxExtensionBytes = 64 << 10
	maxMillimetres    = 10_000
)

var (
	// ErrMalformed is returned for bytes that are not the structure in DER; the text names the field.
	ErrMalformed = errors.New("ses: malformed seal")
	// ErrLimit is returned for input beyond the limits of this package.
	ErrLimit = errors.New("ses: limit exceeded")
	// ErrVersion is returned for a version that is unknown, or does not go with the structure it stands in.
	ErrVersion = errors.New("ses: version does not fit")
	// ErrInput is returned for values that cannot be written.
	ErrInput = errors.New("ses: value cannot be written")
)

func malformed(field string) error { return fmt.Errorf("%w: %s", ErrMalformed, field) }

func beyond(field string) error { return fmt.Errorf("%w: %s", ErrLimit, field) }

func unwritable(field string) error { return fmt.Errorf("%w: %s", ErrInput, field) }

// Version is the standard that a seal or signature follows. The zero value is none.
type Version int

// Versions. The number is the one that the header of a seal carries; V1 seals carry 1 to 3.
const (
	V1 Version = 1 // GM/T 0031-2014
	V4 Version = 4 // GB/T 38540-2020
	V5 Version = 5 // GM/T 0031-2025, read only
)

// String is the standard's name.
func (v Version) String() string {
	switch v {
	case V1:
		return "GM/T 0031-2014"
	case V4:
		return "GB/T 38540-2020"
	case V5:
		return "GM/T 0031-2025"
	default:
		return "version " + strconv.Itoa(int(v))
	}
}

// Kinds of seals as GM/T 0031 numbers them. Makers use other numbers as they please.
const (
	TypeUnit   = 1 // 单位章
	TypePerson = 2 // 个人章
)

// sm2Algorithms are the names under which SM2 with SM3 is met; the first is the standard's.
var sm2Algorithms = []oid.ID{oid.SM2WithSM3, oid.SM2WithSM3Old, oid.SM2WithSM3Typo}

// IsSM2 tells whether a signature algorithm is SM2 with SM3 under one of the names that are in use.
func IsSM2(algorithm oid.ID) bool { return slices.Contains(sm2Algorithms, algorithm) }
