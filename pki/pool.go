package pki

import "slices"

// Pool is a set of certificates that may help to build a chain. None is trusted. A Pool is immutable and safe for
// concurrent use; nil is empty.
type Pool struct {
	bySubject map[string][]*Certificate
	size      int
}

// NewPool collects certificates; nil ones and repetitions are left out.
func NewPool(certificates ...*Certificate) *Pool {
	p := &Pool{bySubject: make(map[string][]*Certificate)}
	for _, c := range certificates {
		if c == nil {
			continue
		}
		key := c.SubjectName.index()
		if slices.ContainsFunc(p.bySubject[key], c.Equal) {
			continue
		}
		p.bySubject[key] = append(p.bySubject[key], c)
		p.size++
	}
	return p
}

// Len is the number of certificates.
func (p *Pool) Len() int {
	if p == nil {
		return 0
	}
	return p.size
}

// Named lists the certificates whose subject is the given name.
func (p *Pool) Named(subject Name) []*Certificate {
	if p == nil {
		return nil
	}
	return slices.Clone(p.bySubject[subject.index()])
}

// With is a pool that holds these certificates too.
func (p *Pool) With(certificates ...*Certificate) *Pool {
	all := slices.Clone(certificates)
	if p != nil {
		for _, list := range p.bySubject {
			all = append(all, list...)
		}
	}
	return NewPool(all...)
}
