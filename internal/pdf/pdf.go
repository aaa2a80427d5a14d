// Package pdf reads what signatures of a PDF cover, and adds an incremental update with another one (ISO 32000-1:2008,
// ISO 32000-2:2020, ETSI EN 319 142-1).
//
// A file is read from where its cross-reference says that an object is, never as a whole, and never by guessing: a file
// whose cross-reference is damaged, which readers repair each in its own way, is refused. So is an encrypted one. What
// pages look like is not interpreted. The package decides nothing about trust or time and verifies no signature: it
// gives the octets that a signature covers, and tells what was changed after it.
package pdf

import (
	"errors"
	"fmt"
)

// Limits of what is read.
const (
	MaxObjects    = 1 << 19 // entries of all cross-reference sections together
	MaxRevisions  = 512     // cross-reference sections
	MaxSignatures = 64

	maxObjectBytes  = 8 << 20  // one object, without the data of its stream
	maxElements     = 1 << 18  // names, numbers… in one object
	maxNesting      = 64       // arrays and dictionaries within each other
	maxDecoded      = 16 << 20 // of a stream that is decoded
	maxRawStream    = 16 << 20 // of a stream that is read into memory
	maxFields       = 1 << 16
	maxPages        = 1 << 18
	maxTreeDepth    = 64
	maxEvidence     = 256 // certificates, CRLs and answers of a document, together
	maxEvidenceSize = 16 << 20

	// maxWork is how many octets are read and inflated, all together: objects that overlap, or that lie in streams
	// which must be inflated again and again, could take for ever.
	maxWork = 1 << 30
)

// Reason is why a file is refused.
type Reason string

// The reasons.
const (
	ReasonHeader    Reason = "header"    // no %PDF- in the first 1024 octets
	ReasonXref      Reason = "xref"      // the cross-reference is damaged, or goes round in circles
	ReasonSyntax    Reason = "syntax"    // an object is malformed, or not where the cross-reference says
	ReasonStream    Reason = "stream"    // a stream that must be read cannot be decoded
	ReasonLimit     Reason = "limit"     // more or larger than is read here
	ReasonEncrypted Reason = "encrypted" // the document is encrypted
	ReasonStructure Reason = "structure" // catalog, form or page tree is not as the standard has it
	ReasonSignature Reason = "signature" // a signature dictionary is malformed
	ReasonRange     Reason = "range"     // ByteRange is not the whole revision but the value
	ReasonPadding   Reason = "padding"   // something hides behind the signature value
	ReasonInput     Reason = "input"     // what is to be written is not sound
)

// Error is the refusal of a file.
type Error struct {
	Reason Reason
	Detail string
}

// Error is for a log; show a person the Reason in his language.
func (e *Error) Error() string { return "pdf: " + string(e.Reason) + ": " + e.Detail }

func refuse(reason Reason, format string, args ...any) error {
	return &Error{reason, fmt.Sprintf(format, args...)}
}

// ReasonOf is the reason of a refusal, or empty.
func ReasonOf(err error) Reason {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}
