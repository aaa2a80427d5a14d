package pki

import (
	"errors"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// ErrAnchors is returned for a set of trust anchors that cannot be used.
var ErrAnchors = errors.New("pki: no usable trust anchors")

// Purpose is what a chain is verified for.
type Purpose string

// Purposes. That of a chain can also be empty: then only anchors for any purpose will do.
const (
	PurposeAny       Purpose = "any" // of a scope only
	PurposeSigning   Purpose = "signing"
	PurposeTimestamp Purpose = "timestamp"
	PurposeOCSP      Purpose = "ocsp"
	PurposeCRL       Purpose = "crl"
	PurposeTLSServer Purpose = "tls-server"
	PurposeTLSClient Purpose = "tls-client"
)

// Scope says what an anchor may vouch for. The zero value vouches for nothing.
type Scope struct {
	Purposes   []Purpose      // required
	Algorithms []KeyAlgorithm // required: the kinds of keys that may occur in a chain, the anchor's included

	Usages    KeyUsage  // the usages that may be asked for; zero: any
	NotBefore time.Time // the anchor vouches from here; zero: from the beginning of its certificate
	NotAfter  time.Time // to here; zero: to the end of its certificate

	// Policies, if there are any, are those of which one must hold along the whole chain.
	Policies []oid.ID
	// Names, if given, limits the names of everything below, as name constraints of the anchor would.
	Names *NameConstraints

	Exceptions []Exception
	Tolerances []Tolerance
}

// Anchor is a certificate that is trusted because the caller says so, within a scope.
type Anchor struct {
	Certificate *Certificate
	Scope       Scope
}

// Anchors is a set of trust anchors. It is immutable and safe for concurrent use. The zero value and nil trust nothing.
type Anchors struct {
	all       []*Anchor
	bySubject map[string][]*Anchor
	granted   grants // by any of the anchors
}

// NewAnchors trusts exactly the given certificates, for every purpose but within the strictest rules: each must be a CA
// with an SM2 key, and so must be every key below.
func NewAnchors(certificates ...*Certificate) (*Anchors, error) {
	list := make([]Anchor, len(certificates))
	for i, c := range certificates {
		list[i] = Anchor{c, Scope{Purposes: []Purpose{PurposeAny}, Algorithms: []KeyAlgorithm{KeySM2}}}
	}
	return NewScopedAnchors(list...)
}

// NewScopedAnchors trusts the given certificates within their scopes. One certificate may come more than once with
// different scopes; each stands for itself.
func NewScopedAnchors(list ...Anchor) (*Anchors, error) {
	if len(list) == 0 {
		return nil, ErrAnchors
	}
	a := &Anchors{bySubject: make(map[string][]*Anchor)}
	for _, anchor := range list {
		if !anchor.usable() {
			return nil, ErrAnchors
		}
		anchor.Scope = anchor.Scope.clone()
		key := anchor.Certificate.SubjectName.index()
		a.all = append(a.all, &anchor)
		a.bySubject[key] = append(a.bySubject[key], &anchor)
		a.granted.add(&anchor.Scope)
	}
	return a, nil
}

// usable tells whether an anchor says what it may vouch for and can be what it is said to be.
func (a *Anchor) usable() bool {
	c, s := a.Certificate, &a.Scope
	if c == nil || len(s.Purposes) == 0 || !slices.Contains(s.Algorithms, c.Key.Algorithm) || c.Key.Algorithm == "" {
		return false
	}
	isCA := c.IsCA || c.Version < 3 && slices.Contains(s.Exceptions, ExceptionAnchorVersion)
	// Without its certificate's validity an anchor must have one from its scope.
	unbounded := slices.Contains(s.Exceptions, ExceptionAnchorValidity) && (s.NotBefore.IsZero() || s.NotAfter.IsZero())
	return isCA && !unbounded && (s.Names == nil || s.Names.usable())
}

// clone keeps the caller from changing a scope that is in use.
func (s Scope) clone() Scope {
	s.Purposes, s.Algorithms = slices.Clone(s.Purposes), slices.Clone(s.Algorithms)
	s.Policies, s.Exceptions = slices.Clone(s.Policies), slices.Clone(s.Exceptions)
	s.Tolerances = slices.Clone(s.Tolerances)
	if s.Names != nil {
		s.Names = &NameConstraints{slices.Clone(s.Names.Permitted), slices.Clone(s.Names.Excluded)}
	}
	return s
}

// Certificates lists the certificates of the anchors, each once.
func (a *Anchors) Certificates() []*Certificate {
	if a == nil {
		return nil
	}
	var list []*Certificate
	for _, anchor := range a.all {
		if !slices.ContainsFunc(list, anchor.Certificate.Equal) {
			list = append(list, anchor.Certificate)
		}
	}
	return list
}

func (a *Anchors) empty() bool { return a == nil || len(a.all) == 0 }

func (a *Anchors) named(subject Name) []*Anchor { return a.bySubject[subject.index()] }

// grants is what scopes let pass.
type grants struct {
	exceptions []Exception
	tolerances []Tolerance
	algorithms []KeyAlgorithm
}

func (g *grants) add(s *Scope) {
	g.exceptions = append(g.exceptions, s.Exceptions...)
	g.tolerances = append(g.tolerances, s.Tolerances...)
	g.algorithms = append(g.algorithms, s.Algorithms...)
}
