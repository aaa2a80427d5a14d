package pki

import (
	"bytes"
	"strings"

	"github.com/elicense/elicense/internal/oid"
)

// maxNameChecks limits the comparisons of names with constraints in one search: both lists can be long.
const maxNameChecks = 1 << 20

// checkNames holds the names of a path, leaf first, against constraints from above (RFC 5280, 6.1.3 b and c). What is
// self-issued is left out, but for the leaf.
func (s *search) checkNames(constraints *NameConstraints, path []*Certificate) *RefusalError {
	for i, c := range path {
		if i > 0 && c.SelfIssued() {
			continue
		}
		if err := s.checkNamesOf(c, constraints); err != nil {
			return err
		}
	}
	return nil
}

// checkNamesOf checks subject, mail addresses in the subject and alternative names. Mail addresses in the subject count
// also if there are alternative names, which is stricter than RFC 5280, 4.2.1.10.
func (s *search) checkNamesOf(c *Certificate, constraints *NameConstraints) *RefusalError {
	if !c.SubjectName.Empty() {
		if err := s.checkName(c, &GeneralName{Form: FormDirectory, Directory: c.SubjectName}, constraints); err != nil {
			return err
		}
	}
	for _, address := range c.SubjectName.Values(oid.EmailAddress) {
		if err := s.checkName(c, &GeneralName{Form: FormMail, Text: address}, constraints); err != nil {
			return err
		}
	}
	for i := range c.SubjectAltNames {
		if err := s.checkName(c, &c.SubjectAltNames[i], constraints); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) checkName(c *Certificate, name *GeneralName, constraints *NameConstraints) *RefusalError {
	s.names -= len(constraints.Permitted) + len(constraints.Excluded)
	if s.names < 0 {
		return refuse(c, ReasonBudget, "more than %d comparisons of names", maxNameChecks)
	}
	for i := range constraints.Excluded {
		base := &constraints.Excluded[i]
		if base.applies(name) && (!comparable(base, name) || base.excludes(name)) {
			return refuse(c, ReasonNameConstraints, "a name is in an excluded subtree")
		}
	}
	limited := false
	for i := range constraints.Permitted {
		base := &constraints.Permitted[i]
		if !base.applies(name) {
			continue
		}
		limited = true
		if comparable(base, name) && base.contains(name) {
			return nil
		}
	}
	if limited {
		return refuse(c, ReasonNameConstraints, "a name is in no permitted subtree")
	}
	return nil
}

// applies tells whether a constraint concerns a name: it has the same form, or one of them cannot be read.
func (g *GeneralName) applies(name *GeneralName) bool {
	return g.Form == name.Form || g.Malformed || name.Form == FormUnknown
}

// comparable tells whether a constraint can be held against a name. What cannot is refused either way.
func comparable(base, name *GeneralName) bool {
	if base.Malformed || name.Malformed || base.Form != name.Form {
		return false
	}
	switch name.Form {
	case FormMail:
		_, ok := mailHost(name.Text)
		return ok
	case FormURI:
		return uriHost(name.Text) != ""
	case FormDNS, FormIP, FormDirectory:
		return true
	case FormOther, FormX400, FormEDIParty, FormRegistered, FormUnknown:
	}
	return false
}

// contains tells whether a name is in the subtree.
func (g *GeneralName) contains(name *GeneralName) bool {
	switch g.Form {
	case FormDNS:
		return withinDomain(g.Text, name.Text)
	case FormMail:
		if strings.Contains(g.Text, "@") {
			return sameMail(g.Text, name.Text)
		}
		host, _ := mailHost(name.Text)
		return hostMatches(g.Text, host)
	case FormURI:
		return hostMatches(g.Text, uriHost(name.Text))
	case FormIP:
		return withinNetwork(g.IP, name.IP)
	case FormDirectory:
		return name.Directory.Within(g.Directory)
	case FormOther, FormX400, FormEDIParty, FormRegistered, FormUnknown:
	}
	return false
}

// excludes tells whether a name is in the subtree, or could be: a name with an asterisk stands for a host that is.
func (g *GeneralName) excludes(name *GeneralName) bool {
	if g.contains(name) {
		return true
	}
	parent, wildcard := strings.CutPrefix(name.Text, "*.")
	return g.Form == FormDNS && wildcard && withinDomain(parent, strings.TrimPrefix(g.Text, "."))
}

// withinDomain tells whether a DNS name is the domain or below it; only below it if the domain begins with a dot.
func withinDomain(domain, name string) bool {
	domain, name = strings.ToLower(domain), strings.ToLower(name)
	if domain == "" || name == domain {
		return true
	}
	return strings.HasSuffix(name, "."+strings.TrimPrefix(domain, "."))
}

// hostMatches holds a host against the constraint of a URI or mail address: a host, or with a dot in front every host
// below it.
func hostMatches(constraint, host string) bool {
	if strings.HasPrefix(constraint, ".") {
		return withinDomain(constraint, host)
	}
	return constraint == "" || strings.EqualFold(constraint, host)
}

// sameMail compares addresses: the host without regard to letter case, the rest with.
func sameMail(a, b string) bool {
	i, j := strings.LastIndexByte(a, '@'), strings.LastIndexByte(b, '@')
	return i >= 0 && j >= 0 && a[:i] == b[:j] && strings.EqualFold(a[i:], b[j:])
}

// withinNetwork holds an address against address and mask. IPv4 and IPv6 are different forms.
func withinNetwork(network, address []byte) bool {
	n := len(address)
	if n == 0 || len(network) != 2*n {
		return false
	}
	masked := func(a []byte) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = a[i] & network[n+i]
		}
		return out
	}
	return bytes.Equal(masked(address), masked(network[:n]))
}
