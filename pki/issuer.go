package pki

import (
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// checkCertificate makes the checks that are the same for every certificate of a path.
func (s *search) checkCertificate(c *Certificate, anchor *Anchor) *RefusalError {
	if err := s.checkValidity(c, anchor); err != nil {
		return err
	}
	if c.Key.Algorithm == "" || !slices.Contains(s.options.Anchors.granted.algorithms, c.Key.Algorithm) {
		return refuse(c, ReasonAlgorithm, "key %s", c.Key.describe())
	}
	if anchor == nil && c.SignatureAlgorithm.Key == "" {
		return refuse(c, ReasonAlgorithm, "signature %s", c.SignatureAlgorithm)
	}
	if len(c.unknownCritical) > 0 {
		return refuse(c, ReasonExtension, "critical extension %s", c.unknownCritical[0])
	}
	named := s.options.KnownLeaf && len(s.path) == 0
	for _, n := range needsOf(c) {
		if named && n.tolerance != "" {
			continue
		}
		if err := s.require(n); err != nil {
			return err
		}
	}
	return nil
}

func (k *Key) describe() string {
	if k.Algorithm == "" {
		return k.ID.String()
	}
	return string(k.Algorithm)
}

// checkValidity holds the time of judgement against the certificate's own; that of an anchor may be excepted.
func (s *search) checkValidity(c *Certificate, anchor *Anchor) *RefusalError {
	var refusal *RefusalError
	switch at := s.options.At; {
	case at.Before(c.NotBefore):
		refusal = refuse(c, ReasonNotYetValid, "valid from %s", c.NotBefore.Format(time.RFC3339))
	case at.After(c.NotAfter):
		refusal = refuse(c, ReasonExpired, "valid to %s", c.NotAfter.Format(time.RFC3339))
	default:
		return nil
	}
	if anchor == nil {
		return refusal
	}
	return s.require(need{exception: ExceptionAnchorValidity, refusal: refusal})
}

// checkAuthority checks the right to issue (RFC 5280, 6.1.4 k to n).
func (s *search) checkAuthority(issuer *Certificate, anchor *Anchor) *RefusalError {
	child := s.path[len(s.path)-1]
	if issuer.Version < 3 || !issuer.IsCA {
		refusal := refuse(issuer, ReasonNotCA, "issued %q", child.Subject)
		if anchor == nil || issuer.Version == 3 {
			return refusal
		}
		if err := s.require(need{exception: ExceptionAnchorVersion, refusal: refusal}); err != nil {
			return err
		}
	}
	if err := s.checkCertSign(issuer, anchor); err != nil {
		return err
	}
	if issuer.MaxPathLen >= 0 && authoritiesBelow(s.path) > issuer.MaxPathLen {
		return refuse(issuer, ReasonPathLength, "allows %d authorities below it", issuer.MaxPathLen)
	}
	return s.checkIssuerPurpose(issuer)
}

func (s *search) checkCertSign(issuer *Certificate, anchor *Anchor) *RefusalError {
	if issuer.KeyUsage&UsageCertSign != 0 || anchor != nil && issuer.Version < 3 {
		return nil
	}
	n := need{exception: ExceptionNoKeyUsage, refusal: refuse(issuer, ReasonKeyUsage, "may not sign certificates")}
	switch {
	case anchor != nil:
		n.exception = ExceptionAnchorKeyUsage
	case issuer.HasKeyUsage:
		return n.refusal
	}
	return s.require(n)
}

// authoritiesBelow counts the certificates above the leaf that are not self-issued (RFC 5280, 6.1.4 l).
func authoritiesBelow(path []*Certificate) int {
	n := 0
	for _, c := range path[1:] {
		if !c.SelfIssued() {
			n++
		}
	}
	return n
}

// checkLeafUsage holds the leaf against the usage and purpose asked for.
func (s *search) checkLeafUsage(leaf *Certificate) *RefusalError {
	if leaf.KeyUsage&s.options.Usage != s.options.Usage {
		n := need{
			exception: ExceptionNoKeyUsage,
			refusal:   refuse(leaf, ReasonKeyUsage, "has %#x, needs %#x", leaf.KeyUsage, s.options.Usage),
		}
		if leaf.HasKeyUsage {
			return n.refusal
		}
		if err := s.require(n); err != nil {
			return err
		}
	}
	rule, ok := purposes[s.options.Purpose]
	if !ok {
		return refuse(leaf, ReasonPurpose, "unknown purpose %q", s.options.Purpose)
	}
	if rule.id == "" || slices.Contains(leaf.ExtKeyUsage, rule.id) {
		return nil
	}
	if !rule.named && (len(leaf.ExtKeyUsage) == 0 || slices.Contains(leaf.ExtKeyUsage, oid.AnyExtKeyUsage)) {
		return nil
	}
	return refuse(leaf, ReasonPurpose, "not for %s", s.options.Purpose)
}

// purposeRule is what a purpose asks of extended key usage.
type purposeRule struct {
	id    oid.ID // none: nothing. Seal makers and signers have all kinds of them, or none.
	named bool   // the leaf must name it: neither absence nor anyExtendedKeyUsage will do
	above bool   // the authorities above must allow it, if they have the extension
}

var purposes = map[Purpose]purposeRule{
	"":               {},
	PurposeSigning:   {},
	PurposeCRL:       {},
	PurposeTimestamp: {id: oid.PurposeTimestamp, named: true, above: true}, // RFC 3161, 2.3
	PurposeOCSP:      {id: oid.PurposeOCSPSigning, named: true},            // RFC 6960, 4.2.2.2
	PurposeTLSServer: {id: oid.PurposeServerAuth, above: true},
	PurposeTLSClient: {id: oid.PurposeClientAuth, above: true},
}

func (s *search) checkIssuerPurpose(issuer *Certificate) *RefusalError {
	rule := purposes[s.options.Purpose]
	if !rule.above || len(issuer.ExtKeyUsage) == 0 || slices.Contains(issuer.ExtKeyUsage, rule.id) ||
		slices.Contains(issuer.ExtKeyUsage, oid.AnyExtKeyUsage) {
		return nil
	}
	return refuse(issuer, ReasonPurpose, "issues nothing for %s", s.options.Purpose)
}

// checkScope holds the whole path against what its anchor may vouch for.
func (s *search) checkScope(a *Anchor) *RefusalError {
	c, scope, at := a.Certificate, &a.Scope, s.options.At
	switch {
	case !slices.Contains(scope.Purposes, PurposeAny) && !slices.Contains(scope.Purposes, s.options.Purpose):
		return refuse(c, ReasonScope, "not an anchor for %q", s.options.Purpose)
	case scope.Usages != 0 && s.options.Usage&^scope.Usages != 0:
		return refuse(c, ReasonScope, "vouches for usage %#x, not %#x", scope.Usages, s.options.Usage)
	case at.Before(scope.NotBefore), !scope.NotAfter.IsZero() && at.After(scope.NotAfter):
		return refuse(c, ReasonScope, "does not vouch at %s", at.Format(time.RFC3339))
	}
	for _, below := range s.path {
		if !slices.Contains(scope.Algorithms, below.Key.Algorithm) {
			return refuse(below, ReasonAlgorithm, "key %s", below.Key.describe())
		}
	}
	own := grants{exceptions: scope.Exceptions, tolerances: scope.Tolerances}
	for _, n := range s.needs {
		if !own.grant(n) {
			return n.refusal
		}
	}
	if scope.Names == nil {
		return nil
	}
	return s.checkNames(scope.Names, s.path[:len(s.path)-1])
}
