package ca

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Limits of what was signed.
const (
	maxSignedLine  = 64 << 10
	maxSignedLines = 20_000_000
)

// SignedVersion is one version of a licence that a key has signed, as a vault tells it.
type SignedVersion struct {
	Identifier string `json:"identifier"`
	Version    int    `json:"version"`
	Type       string `json:"type"`
	Issuer     string `json:"issuer"`    // unified social credit code
	IssuedOn   string `json:"issued_on"` // yyyy-mm-dd
	Record     string `json:"record"`    // digest of the signed record
	InForce    bool   `json:"in_force"`  // it is the licence's latest version

	day time.Time
}

// check refuses a line that does not say which version of which licence it is.
func (v *SignedVersion) check() bool {
	var err error
	v.day, err = time.Parse(time.DateOnly, v.IssuedOn)
	return err == nil && v.Identifier != "" && v.Version > 0 && v.Type != "" && v.Issuer != "" && v.Record != "" &&
		plain(v.Identifier) && plain(v.Type) && plain(v.Issuer) && plain(v.Record)
}

// readSigned reads the lines. The same line twice is counted and kept once; two that disagree about one version are
// refused.
func readSigned(r io.Reader, counts *DrillCounts) ([]SignedVersion, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxSignedLine)
	type name struct {
		identifier string
		version    int
	}
	seen := map[name]int{}
	var versions []SignedVersion
	for lines.Scan() {
		if counts.Lines++; counts.Lines > maxSignedLines {
			return nil, refuse(ErrRequest, ReasonTooLarge, fmt.Sprintf("more than %d lines", maxSignedLines))
		}
		v, ok := parseSigned(lines.Bytes())
		if !ok {
			return nil, refuse(ErrRequest, ReasonMalformed, fmt.Sprintf("line %d of what was signed", counts.Lines))
		}
		n := name{v.Identifier, v.Version}
		at, double := seen[n]
		if double && versions[at] != v {
			return nil, refuse(ErrRequest, ReasonMalformed,
				fmt.Sprintf("line %d of what was signed contradicts one before", counts.Lines))
		}
		if double {
			counts.Doubles++
			continue
		}
		seen[n] = len(versions)
		versions = append(versions, v)
	}
	if err := lines.Err(); err != nil {
		detail := fmt.Sprintf("line %d of what was signed: %v", counts.Lines+1, err)
		return nil, refuse(ErrRequest, ReasonMalformed, detail)
	}
	return versions, nil
}

// parseSigned reads one line: one JSON object and nothing after it. Members that are new to us are passed over.
func parseSigned(line []byte) (v SignedVersion, ok bool) {
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&v); err != nil {
		return SignedVersion{}, false
	}
	if _, err := d.Token(); err != io.EOF {
		return SignedVersion{}, false
	}
	return v, v.check()
}
