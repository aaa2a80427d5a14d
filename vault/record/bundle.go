package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// BundleFormat is the first member of a bundle.
const BundleFormat = "elicense bundle v1"

// MaxBundle is the largest bundle, in bytes.
const MaxBundle = 4 << 20

// Bundle is a licence with everything that proves it to somebody who has only the trust anchors and the ledger's key.
// The JSON around the signed bytes is an envelope; nothing in it is signed as JSON.
type Bundle struct {
	Format       string       `json:"format"`
	Record       []byte       `json:"record"`           // as signed by the department
	Signature    []byte       `json:"signature"`        // detached GB/T 35275 SignedData over Record
	Certificates [][]byte     `json:"certificates"`     // DER, the signer's first
	Disclosures  []Disclosure `json:"disclosures"`      // any part of the record's elements
	Proof        []byte       `json:"proof,omitempty"`  // ledger proof file of the event that brought the version
	Status       []byte       `json:"status,omitempty"` // status statement of the vault
	StatusSig    []byte       `json:"status_signature,omitempty"`
}

// Encode writes the bundle.
func (b *Bundle) Encode() ([]byte, error) {
	b.Format = BundleFormat
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("record: encoding a bundle: %w", err)
	}
	return append(out, '\n'), nil
}

// ParseBundle reads a bundle; unknown members and anything after it are refused.
func ParseBundle(raw []byte) (*Bundle, error) {
	if len(raw) > MaxBundle {
		return nil, fmt.Errorf("%w: bundle longer than %d bytes", ErrFormat, MaxBundle)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	b := &Bundle{}
	if err := d.Decode(b); err != nil {
		return nil, fmt.Errorf("%w: bundle", ErrFormat)
	}
	if _, err := d.Token(); err != io.EOF || b.Format != BundleFormat || len(b.Record) == 0 {
		return nil, fmt.Errorf("%w: bundle", ErrFormat)
	}
	return b, nil
}
