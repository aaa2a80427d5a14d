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
	// ExceptionAnchorValidity: the validity of the anchor's own certificate does not count, that of its scope does.
	ExceptionAnchorValidity Exception = "anchor-validity"
	// ExceptionNoKeyUsage: an absent key usage allows everything, as RFC 5280 has it; GB/T 20518 demands it.
	ExceptionNoKeyUsage Exception = "no-key-usage"
	// ExceptionSHA1: signatures with SHA-1 count.
	ExceptionSHA1 Exception = "sha-1"
	// ExceptionShortRSA: RSA keys of 1024 to 2047 bits count.
	ExceptionShortRSA Exception = "short-rsa"
)

type exceptionSet []Exception

func (s exceptionSet) has(e Exception) bool { return slices.Contains(s, e) }
