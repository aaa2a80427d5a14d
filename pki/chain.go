package pki

import (
	"errors"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// Limits of one search. The caller may set lower or higher ones for signatures and candidates.
const (
	maxChain          = 8
	maxIntermediates  = 64
	maxSignatureCheck = 32
	maxCandidates     = 512
)

// ChainOptions says against what a chain is judged. There are no defaults for trust, time and usage.
type ChainOptions struct {
	Anchors       *Anchors       // required
	Intermediates []*Certificate // untrusted help, up to 64
	Pool          *Pool          // more untrusted help; nil: none
	At            time.Time      // required: the time of judgement
	Usage         KeyUsage       // required: all these bits must be in the leaf's key usage
	Purpose       Purpose        // must be in the scope of the anchor; empty: only anchors for any purpose will do
	Policies      PolicyOptions

	// KnownLeaf says that whoever decides named this very leaf, byte for byte: what departs from the rules of encoding
	// in it (Tolerances) passes below any anchor. Nothing else does, and no certificate above it.
	KnownLeaf  bool
	CrossCheck bool // have each SM2 signature checked by two implementations
	// CheckAlgorithm, if given, can refuse a signature algorithm or key at the time of judgement that is otherwise
	// good, because its time is over. It is asked about each certificate and the key that signed it.
	CheckAlgorithm func(c *Certificate, signer *Key, at time.Time) error
	// Revocation, if given, judges each path that passes everything else. Nil: revocation is not looked at.
	Revocation RevocationChecker
	// Links, if given, remembers which authorities signed which, so that their signatures are not checked again.
	Links *LinkCache

	MaxSignatures int // signature checks; zero: 32
	MaxCandidates int // certificates that are tried as issuers; zero: 512
}

// PolicyOptions are the inputs (c) and (e) to (g) of RFC 5280, 6.1.1.
type PolicyOptions struct {
	Acceptable      []oid.ID // none: any policy
	RequireExplicit bool     // one of the acceptable policies must hold along the whole chain
	InhibitMapping  bool
	InhibitAny      bool
}

// RevocationChecker judges whether the certificates of a path are revoked.
type RevocationChecker interface {
	// CheckRevocation returns nil if it is satisfied that no certificate of the path but the last, the anchor, was
	// revoked at the time. The path is complete and its signatures hold; leaf first. Any error refuses the path; a
	// *RefusalError keeps its reason. It must not keep or change the slice. It is called in one goroutine, once for
	// each path that is tried.
	CheckRevocation(path []*Certificate, at time.Time) error
}

// Chain is a verified chain.
type Chain struct {
	Certificates []*Certificate // leaf first, anchor last
	NotBefore    time.Time      // all certificates are valid from here, and the anchor vouches
	NotAfter     time.Time      // to here
	Policies     []oid.ID       // that hold along the chain and were acceptable; AnyPolicy if all do
	Anchor       Anchor
	Exceptions   []Exception // that the anchor's scope allowed and the chain needed
	Tolerances   []Tolerance
}

// ValidAt tells whether t is within the validity of every certificate of the chain.
func (c *Chain) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// VerifyChain looks for a path from leaf to an anchor that RFC 5280, 6.1, accepts at the time given, with the rules of
// the profile on top: every certificate, the anchor included, must be valid; every issuer must be a CA with the key
// usage to sign certificates; what the anchor's scope does not name is refused. The error is a *RefusalError: that of
// the path that came nearest to an anchor.
func VerifyChain(leaf *Certificate, options ChainOptions) (*Chain, error) {
	if leaf == nil || options.Anchors.empty() || options.At.IsZero() || options.Usage == 0 {
		return nil, &RefusalError{Reason: ReasonOptions, Detail: "certificate, anchors, time and usage are required"}
	}
	if len(options.Intermediates) > maxIntermediates {
		return nil, refuse(leaf, ReasonBudget, "%d intermediate certificates", len(options.Intermediates))
	}
	s := newSearch(&options)
	if err := s.start(leaf); err != nil {
		return nil, err
	}
	if chain := s.extend(); chain != nil {
		return chain, nil
	}
	return nil, s.refusal()
}

// CheckIssuedBy checks that issuer's name is the one c gives and that issuer's key signed c. It is one link, not a
// chain: neither validity nor the right to issue is looked at.
func (c *Certificate) CheckIssuedBy(issuer *Certificate) error {
	if issuer == nil || !c.IssuerName.Equal(issuer.SubjectName) {
		return refuse(c, ReasonUnknownIssuer, "issuer %q", c.Issuer)
	}
	if err := issuer.Key.VerifySignature(c.SignatureAlgorithm, c.RawTBS, c.Signature); err != nil {
		return refuse(c, signatureReason(err), "issuer %q: %v", issuer.Subject, err)
	}
	return nil
}

// signatureReason turns the error of a signature check into a reason.
func signatureReason(err error) Reason {
	switch {
	case errors.Is(err, ErrAlgorithm), errors.Is(err, ErrKey):
		return ReasonAlgorithm
	case errors.Is(err, ErrWeakAlgorithm), errors.Is(err, ErrWeakKey):
		return ReasonWeak
	default:
		return ReasonBadSignature
	}
}
