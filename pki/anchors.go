package pki

import (
	"errors"
	"slices"
)

// ErrAnchors is returned for a set of trust anchors that cannot be used.
var ErrAnchors = errors.New("pki: no usable trust anchors")

// Anchors is the set of certificates that are trusted because the caller says so. It is immutable and safe for
// concurrent use. The zero value and nil trust nothing.
type Anchors struct {
	all       []*Certificate
	bySubject map[string][]*Certificate
}

// NewAnchors trusts exactly the given certificates; each must be a CA with an SM2 key, and there must be one.
func NewAnchors(certificates ...*Certificate) (*Anchors, error) {
	if len(certificates) == 0 {
		return nil, ErrAnchors
	}
	a := &Anchors{bySubject: make(map[string][]*Certificate)}
	for _, c := range certificates {
		if c == nil || !c.IsCA || c.PublicKey == nil {
			return nil, ErrAnchors
		}
		if slices.ContainsFunc(a.all, c.Equal) {
			continue
		}
		a.all = append(a.all, c)
		a.bySubject[string(c.RawSubject)] = append(a.bySubject[string(c.RawSubject)], c)
	}
	return a, nil
}

// Certificates lists the anchors.
func (a *Anchors) Certificates() []*Certificate {
	if a == nil {
		return nil
	}
	return slices.Clone(a.all)
}

func (a *Anchors) named(subject []byte) []*Certificate {
	if a == nil {
		return nil
	}
	return a.bySubject[string(subject)]
}
