package pki

import "slices"

// Exception names one rule that does not hold below an anchor. Exceptions are for old roots that cannot be replaced;
// the zero scope has none.
type Exception string

// Exceptions.
const (
	// ExceptionAnchorKeyUsage: the anchor's own key usage lacks keyCertSign, or is absent.
	ExceptionAnchorKeyUsage Exception = "anchor-key-usage"
	// ExceptionAnchorVersion: the anchor is a certificate of version 1 or 2 and so does not say that it is a CA.
	ExceptionAnchorVersion Exception = "anchor-version"
	// ExceptionAnchorValidity: the validity of the anchor's own certificate does not count, only that of its scope.
	ExceptionAnchorValidity Exception = "anchor-validity"
	// ExceptionNoKeyUsage: an absent key usage allows everything, as RFC 5280 has it; GB/T 20518 demands it.
	ExceptionNoKeyUsage Exception = "no-key-usage"
	// ExceptionSHA1: signatures with SHA-1 count.
	ExceptionSHA1 Exception = "sha-1"
	// ExceptionShortRSA: RSA keys of 1024 to 2047 bits count.
	ExceptionShortRSA Exception = "short-rsa"
)

// need is a rule that a path breaks and that its anchor must let pass.
type need struct {
	exception Exception
	tolerance Tolerance
	refusal   *RefusalError // if it does not
}

func (g *grants) grant(n need) bool {
	if n.tolerance != "" {
		return slices.Contains(g.tolerances, n.tolerance)
	}
	return slices.Contains(g.exceptions, n.exception)
}

// needsOf lists what a certificate breaks by itself, whatever its place in a path.
func needsOf(c *Certificate) []need {
	var needs []need
	for _, t := range c.Tolerances {
		needs = append(needs, need{tolerance: t, refusal: refuse(c, ReasonEncoding, "%s", t)})
	}
	if c.Key.rsa != nil && c.Key.Bits < minRSABits {
		needs = append(needs, need{
			exception: ExceptionShortRSA, refusal: refuse(c, ReasonWeak, "RSA key of %d bits", c.Key.Bits),
		})
	}
	return needs
}
