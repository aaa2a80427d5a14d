package pki

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// Reason says why a certificate was refused.
type Reason string

// Reasons.
const (
	ReasonOptions       Reason = "options"        // no anchors, no time, no usage or no certificate was given
	ReasonExpired       Reason = "expired"        // the time is after notAfter
	ReasonNotYetValid   Reason = "not-yet-valid"  // the time is before notBefore
	ReasonUnknownIssuer Reason = "unknown-issuer" // no certificate of the issuer leads to an anchor
	ReasonBadSignature  Reason = "bad-signature"  // the issuer's key did not sign it
	ReasonNotCA         Reason = "not-ca"         // the issuer's certificate is no CA certificate
	ReasonKeyUsage      Reason = "key-usage"      // the key may not be used so
	ReasonPathLength    Reason = "path-length"    // more CAs below the issuer than it allows, or a chain too long
	ReasonAlgorithm     Reason = "algorithm"      // key or signature is not SM2 with SM3
	ReasonExtension     Reason = "extension"      // a critical extension that is not understood here
	ReasonBudget        Reason = "budget"         // too many signature checks were needed
)

// RefusalError is the refusal of a certificate or chain.
type RefusalError struct {
	Reason  Reason
	Subject string // of the certificate at fault
	Detail  string
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("pki: certificate refused (%s): %q: %s", e.Reason, e.Subject, e.Detail)
}

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

const (
	maxChain          = 8
	maxIntermediates  = 64
	maxSignatureCheck = 32
)

// ChainOptions says against what a chain is judged. There are no defaults for trust, time and usage.
type ChainOptions struct {
	Anchors       *Anchors       // required
	Intermediates []*Certificate // untrusted help, up to 64
	At            time.Time      // required: the time of judgement
	Usage         KeyUsage       // required: all these bits must be in the leaf's key usage
	CrossCheck    bool           // have each signature checked by two implementations
}

// Chain is a verified chain.
type Chain struct {
	Certificates []*Certificate // leaf first, anchor last
	NotBefore    time.Time      // all certificates are valid from here
	NotAfter     time.Time      // to here
}

// ValidAt tells whether t is within the validity of every certificate of the chain.
func (c *Chain) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// VerifyChain looks for a chain from leaf to an anchor (RFC 5280, 6.1, without policies and name constraints: a
// critical extension other than key usage and basic constraints is refused). Every certificate, the anchor included,
// must be valid at the time given; every issuer must be a CA with the key usage to sign certificates. Revocation is
// not looked at. The error is a *RefusalError: that of the candidate that came nearest to an anchor.
func VerifyChain(leaf *Certificate, options ChainOptions) (*Chain, error) {
	if leaf == nil || len(options.Anchors.Certificates()) == 0 || options.At.IsZero() || options.Usage == 0 {
		return nil, &RefusalError{Reason: ReasonOptions, Detail: "certificate, anchors, time and usage are required"}
	}
	if len(options.Intermediates) > maxIntermediates {
		return nil, refuse(leaf, ReasonBudget, "%d intermediate certificates", len(options.Intermediates))
	}
	if err := checkLeaf(leaf, options); err != nil {
		return nil, err
	}
	s := search{options: options, budget: maxSignatureCheck}
	path := s.extend([]*Certificate{leaf})
	if path == nil {
		return nil, s.nearest
	}
	chain := &Chain{Certificates: path, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
	for _, c := range path[1:] {
		if c.NotBefore.After(chain.NotBefore) {
			chain.NotBefore = c.NotBefore
		}
		if c.NotAfter.Before(chain.NotAfter) {
			chain.NotAfter = c.NotAfter
		}
	}
	return chain, nil
}

func refuse(c *Certificate, reason Reason, format string, args ...any) *RefusalError {
	return &RefusalError{Reason: reason, Subject: c.Subject, Detail: fmt.Sprintf(format, args...)}
}

func checkLeaf(leaf *Certificate, options ChainOptions) error {
	if err := checkCommon(leaf, options.At); err != nil {
		return err
	}
	if leaf.KeyUsage&options.Usage != options.Usage {
		return refuse(leaf, ReasonKeyUsage, "has %#x, needs %#x", leaf.KeyUsage, options.Usage)
	}
	return nil
}

func checkCommon(c *Certificate, at time.Time) *RefusalError {
	switch {
	case at.Before(c.NotBefore):
		return refuse(c, ReasonNotYetValid, "valid from %s", c.NotBefore.Format(time.RFC3339))
	case at.After(c.NotAfter):
		return refuse(c, ReasonExpired, "valid to %s", c.NotAfter.Format(time.RFC3339))
	case c.PublicKey == nil || c.SignatureAlgorithm.Key != KeySM2:
		return refuse(c, ReasonAlgorithm, "key and signature must be SM2 with SM3")
	}
	for _, e := range c.Extensions {
		if e.Critical && e.ID != oid.KeyUsage && e.ID != oid.BasicConstraints {
			return refuse(c, ReasonExtension, "critical extension %s", e.ID)
		}
	}
	return nil
}

// search is one search for a chain; it lives for one call.
type search struct {
	options ChainOptions
	budget  int
	nearest error
	depth   int
}

// extend tries every issuer of the last certificate of path, anchors first, and returns the whole chain or nil.
func (s *search) extend(path []*Certificate) []*Certificate {
	child := path[len(path)-1]
	s.note(len(path)-1, refuse(child, ReasonUnknownIssuer, "issuer %q", child.Issuer))
	for _, issuer := range s.options.Anchors.named(child.RawIssuer) {
		if s.link(path, issuer) {
			return append(path[:len(path):len(path)], issuer)
		}
	}
	for _, issuer := range s.options.Intermediates {
		if issuer == nil || !bytes.Equal(issuer.RawSubject, child.RawIssuer) || !s.link(path, issuer) {
			continue
		}
		if found := s.extend(append(path[:len(path):len(path)], issuer)); found != nil {
			return found
		}
	}
	return nil
}

// link tells whether issuer may stand above path and signed its last certificate. Cheap checks come first, so that the
// budget is spent on candidates that could serve.
func (s *search) link(path []*Certificate, issuer *Certificate) bool {
	child := path[len(path)-1]
	for _, c := range path {
		if c.Equal(issuer) {
			return false
		}
	}
	if len(child.AuthorityKeyID) > 0 && len(issuer.SubjectKeyID) > 0 &&
		!bytes.Equal(child.AuthorityKeyID, issuer.SubjectKeyID) {
		return false
	}
	if err := s.checkIssuer(path, issuer); err != nil {
		s.note(len(path), err)
		return false
	}
	return true
}

func (s *search) checkIssuer(path []*Certificate, issuer *Certificate) *RefusalError {
	child := path[len(path)-1]
	if err := checkCommon(issuer, s.options.At); err != nil {
		return err
	}
	switch {
	case !issuer.IsCA:
		return refuse(issuer, ReasonNotCA, "issued %q", child.Subject)
	case issuer.KeyUsage&UsageCertSign == 0:
		return refuse(issuer, ReasonKeyUsage, "may not sign certificates")
	case len(path) >= maxChain:
		return refuse(issuer, ReasonPathLength, "chain longer than %d", maxChain)
	case issuer.MaxPathLen >= 0 && authoritiesBelow(path) > issuer.MaxPathLen:
		return refuse(issuer, ReasonPathLength, "allows %d authorities below it", issuer.MaxPathLen)
	case s.budget == 0:
		return refuse(issuer, ReasonBudget, "more than %d signature checks", maxSignatureCheck)
	}
	s.budget--
	if err := s.checkSignature(child, issuer); err != nil {
		return refuse(child, ReasonBadSignature, "issuer %q: %v", issuer.Subject, err)
	}
	return nil
}

func (s *search) checkSignature(child, issuer *Certificate) error {
	if s.options.CrossCheck {
		return CrossCheck(issuer.PublicKey, child.RawTBS, child.Signature)
	}
	return VerifySM2(issuer.PublicKey, child.RawTBS, child.Signature)
}

// authoritiesBelow counts the CA certificates above the leaf that are not self-issued (RFC 5280, 6.1.4 l).
func authoritiesBelow(path []*Certificate) int {
	n := 0
	for _, c := range path[1:] {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			n++
		}
	}
	return n
}

// note keeps the refusal that is farthest from the leaf; a named fault replaces "unknown issuer" at the same
// distance, and an exhausted budget replaces everything, for then the search is not complete.
func (s *search) note(depth int, refusal *RefusalError) {
	if ReasonOf(s.nearest) == ReasonBudget {
		return
	}
	if s.nearest == nil || depth > s.depth || refusal.Reason == ReasonBudget {
		s.nearest, s.depth = refusal, depth
	}
}

// CheckIssuedBy checks that issuer's name is the one c gives and that issuer's key signed c. It is one link, not a
// chain: neither validity nor the right to issue is looked at.
func (c *Certificate) CheckIssuedBy(issuer *Certificate) error {
	switch {
	case issuer == nil || !bytes.Equal(c.RawIssuer, issuer.RawSubject):
		return refuse(c, ReasonUnknownIssuer, "issuer %q", c.Issuer)
	case issuer.PublicKey == nil || c.SignatureAlgorithm.Key != KeySM2:
		return refuse(c, ReasonAlgorithm, "key and signature must be SM2 with SM3")
	}
	if err := VerifySM2(issuer.PublicKey, c.RawTBS, c.Signature); err != nil {
		return refuse(c, ReasonBadSignature, "issuer %q: %v", issuer.Subject, err)
	}
	return nil
}
