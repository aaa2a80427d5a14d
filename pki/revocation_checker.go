package pki

import (
	"slices"
	"time"
)

// EvidenceChecker judges paths by evidence at hand while a chain is looked for, so that a path that is revoked gives
// way to one that is not. VerifyRevocation on the finished chain says more.
type EvidenceChecker struct {
	// Anchors are those with which the chain is looked for; required. If one certificate stands among them with several
	// scopes, the evidence must do for each.
	Anchors  *Anchors
	Options  RevocationOptions // At is that of the search
	Evidence []Evidence
}

var _ RevocationChecker = (*EvidenceChecker)(nil)

// CheckRevocation is nil if every certificate of the path but the anchor is good.
func (c *EvidenceChecker) CheckRevocation(path []*Certificate, at time.Time) error {
	refusal := error(&RefusalError{Reason: ReasonOptions, Detail: "the path does not end at an anchor of the checker"})
	if len(path) == 0 || c.Anchors.empty() {
		return refusal
	}
	options := c.Options
	options.At = at
	for _, anchor := range c.Anchors.all {
		if !anchor.Certificate.Equal(path[len(path)-1]) {
			continue
		}
		chain := &Chain{Certificates: slices.Clone(path), Anchor: *anchor}
		if refusal = VerifyRevocation(chain, options, c.Evidence...).Err(); refusal != nil {
			return refusal
		}
	}
	return refusal
}
