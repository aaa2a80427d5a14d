// Package evidence reads and writes the file that keeps what a verification rested on (核验证据包): documents as they
// were received, the reports on them, and the certificates, revocation evidence and time-stamps that were used.
//
// It is a codec: bytes to values and back. It verifies no signature, trusts nothing and reads no clock; the parts are
// octets to it. One content has one spelling: a manifest in text that names each part with its size and SM3 digest, the
// parts behind it in that order, and the closing signature over the manifest, if there is one. docs/formats.md
// section 9 has the form.
package evidence

import (
	"time"
)

// Kind is what a part is.
type Kind string

// The kinds, in the order in which they stand: those of each document, then those that all documents share.
const (
	KindDocument    Kind = "document"    // as it was received
	KindContent     Kind = "content"     // what a detached signature is over
	KindLicence     Kind = "licence"     // what the vault said of the licence
	KindStatus      Kind = "status"      // what the vault said of the licence's state when it was asked
	KindReport      Kind = "report"      // on the document, in JSON
	KindExpectation Kind = "expectation" // of whoever had it judged
	KindCertificate Kind = "certificate" // X.509 in DER
	KindCRL         Kind = "crl"         // in DER
	KindOCSP        Kind = "ocsp"        // OCSPResponse in DER
	KindTimestamp   Kind = "timestamp"   // TimeStampToken in DER
)

// Limits.
const (
	// MaxManifest is the length of a manifest, in bytes.
	MaxManifest = 2 << 20
	// MaxDocuments is the number of documents of one case.
	MaxDocuments = 1000
	// MaxShared is the number of parts that all documents share.
	MaxShared = 8192
	// MaxSignature is the length of the closing signature, in bytes.
	MaxSignature = 1 << 20
	// MaxName is the length of a document's name, in bytes.
	MaxName = 255
	// MaxOptions is the number of options.
	MaxOptions = 16

	maxWord = 64
)

// maxSize is the largest size of a part of each kind, in bytes.
var maxSize = map[Kind]int64{
	KindDocument: 1 << 40, KindContent: 1 << 40, KindLicence: 4 << 20, KindStatus: 1 << 20, KindReport: 64 << 20,
	KindExpectation: 64 << 10, KindCertificate: 64 << 10, KindCRL: 128 << 20, KindOCSP: 1 << 20, KindTimestamp: 1 << 20,
}

// Digest is SM3 of a part.
type Digest [32]byte

// Part is one part of the file.
type Part struct {
	Kind   Kind
	Of     int // number of the document that it belongs to, from 1; 0 for what all share
	Size   int64
	Digest Digest
	Name   string // of a document; empty for other parts
}

// Manifest is what is inside.
type Manifest struct {
	Judged  time.Time // as of when the documents were judged, to the microsecond
	Case    string    // 办件编号, as whoever made the file gave it; empty: none
	Policy  string    // the set of rules by which they were judged
	Options []string  // what the verifier was told beside them, in ascending order
	Parts   []Part
	Closed  bool // a signature over the manifest follows the parts
}

// Documents is the number of documents.
func (m *Manifest) Documents() int {
	n := 0
	for i := range m.Parts {
		n = max(n, m.Parts[i].Of)
	}
	return n
}
