package pki

import (
	"slices"

	"github.com/elicense/elicense/internal/oid"
)

// policySet is a set of policies. AnyPolicy in it stands for all of them.
type policySet []oid.ID

// policyNode is a policy that is valid down to one certificate of a path.
type policyNode struct {
	parents  []oid.ID // nodes one level above
	expected []oid.ID // policies that satisfy this one in the next certificate
}

// policyLevel is what is valid after one certificate, by policy.
type policyLevel map[oid.ID]*policyNode

// policyJudge processes policies as RFC 9618 amends RFC 5280: the valid policies form a graph in which each level has
// a policy at most once, so that its size is bounded by what the certificates list and not by the product of it.
type policyJudge struct {
	levels []policyLevel // nil: no policy is valid any more
	// Counters of RFC 5280, 6.1.2: how many more certificates may come until the rule holds.
	explicit, mapping, anyPolicy int
}

// checkPolicies judges the policies of the path and gives those that hold.
func (s *search) checkPolicies(a *Anchor) (policySet, *RefusalError) {
	acceptable := accept(s.options.Policies.Acceptable, a.Scope.Policies)
	n := len(s.path) - 1 // the anchor is not part of the path
	j := policyJudge{
		levels:   []policyLevel{{oid.AnyPolicy: {expected: []oid.ID{oid.AnyPolicy}}}},
		explicit: n + 1, mapping: n + 1, anyPolicy: n + 1,
	}
	if s.options.Policies.RequireExplicit || len(a.Scope.Policies) > 0 {
		j.explicit = 0
	}
	if s.options.Policies.InhibitMapping {
		j.mapping = 0
	}
	if s.options.Policies.InhibitAny {
		j.anyPolicy = 0
	}
	for i := n - 1; i >= 0; i-- {
		c := s.path[i]
		j.take(c, i == 0)
		if j.explicit == 0 && j.levels == nil {
			return nil, refuse(c, ReasonPolicy, "no policy of its chain is left")
		}
		if i == 0 {
			break
		}
		if err := j.prepare(c); err != nil {
			return nil, err
		}
	}
	leaf := s.path[0]
	if j.explicit > 0 {
		j.explicit--
	}
	if leaf.RequireExplicitPolicy == 0 {
		j.explicit = 0
	}
	held := acceptable.of(j.valid())
	if j.explicit == 0 && len(held) == 0 {
		return nil, refuse(leaf, ReasonPolicy, "no acceptable policy holds along the chain")
	}
	return held, nil
}

// take goes one level down (RFC 5280, 6.1.3 d and e).
func (j *policyJudge) take(c *Certificate, last bool) {
	if j.levels == nil || !c.HasPolicies {
		j.levels = nil
		return
	}
	satisfied := j.levels[len(j.levels)-1].satisfied()
	level := make(policyLevel)
	hasAny := false
	for _, p := range c.Policies {
		if p.ID == oid.AnyPolicy {
			hasAny = true
			continue
		}
		parents := satisfied[p.ID]
		if len(parents) == 0 {
			parents = satisfied[oid.AnyPolicy]
		}
		level.add(p.ID, parents)
	}
	if hasAny && (j.anyPolicy > 0 || !last && c.SelfIssued()) {
		for id, parents := range satisfied {
			level.add(id, parents)
		}
	}
	j.put(level)
}

// satisfied gives for each policy the nodes of the level that it satisfies. Nothing but anyPolicy satisfies anyPolicy,
// for nothing may be mapped to it.
func (l policyLevel) satisfied() map[oid.ID][]oid.ID {
	out := make(map[oid.ID][]oid.ID)
	for id, node := range l {
		for _, expected := range node.expected {
			out[expected] = append(out[expected], id)
		}
	}
	return out
}

// add makes a node below its parents, if it has any and there is none yet.
func (l policyLevel) add(id oid.ID, parents []oid.ID) {
	if len(parents) > 0 && l[id] == nil {
		l[id] = &policyNode{parents: parents, expected: []oid.ID{id}}
	}
}

// put appends a level; without any node no policy is valid any more.
func (j *policyJudge) put(level policyLevel) {
	if len(level) == 0 {
		j.levels = nil
		return
	}
	j.levels = append(j.levels, level)
}

// prepare applies what a CA certificate says about those below it (RFC 5280, 6.1.4 a, b and h to j).
func (j *policyJudge) prepare(c *Certificate) *RefusalError {
	for _, m := range c.PolicyMappings {
		if m.Issuer == oid.AnyPolicy || m.Subject == oid.AnyPolicy {
			return refuse(c, ReasonPolicy, "maps anyPolicy")
		}
	}
	if j.levels != nil && len(c.PolicyMappings) > 0 {
		j.mapPolicies(c.PolicyMappings)
	}
	if !c.SelfIssued() {
		for _, counter := range []*int{&j.explicit, &j.mapping, &j.anyPolicy} {
			*counter = max(*counter-1, 0)
		}
	}
	for counter, limit := range map[*int]int{
		&j.explicit: c.RequireExplicitPolicy, &j.mapping: c.InhibitPolicyMapping, &j.anyPolicy: c.InhibitAnyPolicy,
	} {
		if limit >= 0 {
			*counter = min(*counter, limit)
		}
	}
	return nil
}

// mapPolicies replaces what is expected below, or takes mapped policies out if mapping is inhibited.
func (j *policyJudge) mapPolicies(mappings []PolicyMapping) {
	level := j.levels[len(j.levels)-1]
	subjects := make(map[oid.ID][]oid.ID)
	for _, m := range mappings {
		if !slices.Contains(subjects[m.Issuer], m.Subject) {
			subjects[m.Issuer] = append(subjects[m.Issuer], m.Subject)
		}
	}
	for id, expected := range subjects {
		switch {
		case j.mapping == 0:
			delete(level, id)
		case level[id] != nil:
			level[id].expected = expected
		case level[oid.AnyPolicy] != nil:
			level[id] = &policyNode{parents: []oid.ID{oid.AnyPolicy}, expected: expected}
		}
	}
	if len(level) == 0 {
		j.levels = nil
	}
}

// valid is the set that the authorities allow, in the terms of the anchor: the nodes directly below anyPolicy that
// lead down to the leaf (RFC 5280, 6.1.5 g), and AnyPolicy if it holds down to the leaf itself.
func (j *policyJudge) valid() policySet {
	if len(j.levels) < 2 {
		return nil
	}
	last := len(j.levels) - 1
	var set policySet
	alive := make(map[oid.ID]bool)
	for id := range j.levels[last] {
		alive[id] = true
	}
	if alive[oid.AnyPolicy] {
		set = append(set, oid.AnyPolicy)
	}
	for depth := last; depth > 0; depth-- {
		above := make(map[oid.ID]bool)
		for id := range alive {
			for _, parent := range j.levels[depth][id].parents {
				above[parent] = true
				if parent == oid.AnyPolicy && id != oid.AnyPolicy && !slices.Contains(set, id) {
					set = append(set, id)
				}
			}
		}
		alive = above
	}
	slices.Sort(set)
	return set
}

// acceptance is a set of policies that somebody accepts; all means any.
type acceptance struct {
	all bool
	set policySet
}

// accept is what both lists accept; an empty list accepts any.
func accept(caller, scope []oid.ID) acceptance {
	isAny := func(list []oid.ID) bool { return len(list) == 0 || slices.Contains(list, oid.AnyPolicy) }
	switch {
	case isAny(caller) && isAny(scope):
		return acceptance{all: true}
	case isAny(caller):
		return acceptance{set: scope}
	case isAny(scope):
		return acceptance{set: caller}
	}
	var both policySet
	for _, id := range caller {
		if slices.Contains(scope, id) {
			both = append(both, id)
		}
	}
	return acceptance{set: both}
}

// of gives what is accepted of the policies that are valid.
func (a acceptance) of(valid policySet) policySet {
	if a.all {
		return valid
	}
	if slices.Contains(valid, oid.AnyPolicy) {
		return slices.Clone(a.set)
	}
	var held policySet
	for _, id := range valid {
		if slices.Contains(a.set, id) {
			held = append(held, id)
		}
	}
	return held
}
