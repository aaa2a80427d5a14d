package ca

import (
	"errors"
	"strings"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// ErrLint is returned for a certificate that must not be signed; the text names each rule that it breaks.
var ErrLint = errors.New("ca: certificate refused by lint")

// linted is a TBSCertificate that passed the lint. Only lint makes one and sign takes nothing else, so nothing can be
// signed that was not linted.
type linted struct {
	tbs []byte
}

// Fault is a rule that a certificate breaks.
type Fault struct {
	Rule   string // stable name
	Clause string // where it stands
	Detail string // what is wrong; holds nothing personal
}

// String is one line.
func (f Fault) String() string { return f.Rule + " (" + f.Clause + "): " + f.Detail }

// Rule is one rule of the lint.
type Rule struct {
	Name   string
	Clause string
	broken func(*lintCase) string // what is wrong, or nothing
}

// lintCase is what a certificate is held against.
type lintCase struct {
	*inspected
	names   []attribute // of the subject; nil if it cannot be read
	public  *pki.PublicKey
	profile Profile
	above   *pki.Certificate // the issuer; nil: it is its own
	link    bool             // a link certificate, whose subject is named like its issuer
	where   *location        // the addresses it must hold; nil: none
}

// lint encodes the certificate and holds the encoding against the rules. All faults are reported at once.
func lint(c *certificate, issuer *pki.Certificate) (linted, error) {
	tbs, err := c.encode()
	if err != nil {
		return linted{}, refuse(ErrLint, ReasonLint, "encoding: "+err.Error())
	}
	faults := lintTBS(tbs, &lintCase{profile: c.profile, above: issuer, link: c.link, where: c.where})
	if len(faults) > 0 {
		return linted{}, refuse(ErrLint, ReasonLint, faultText(faults))
	}
	return linted{tbs: tbs}, nil
}

func faultText(faults []Fault) string {
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "; ")
}

// lintTBS reads a TBSCertificate and applies every rule.
func lintTBS(tbs []byte, l *lintCase) []Fault {
	in, ok := inspect(tbs)
	if !ok {
		return []Fault{{"der", "X.690, 10", "TBSCertificate is not strict DER of this profile"}}
	}
	l.inspected = in
	l.names, _ = readName(in.subject)
	l.public, _ = readPublicKey(in.key)
	var faults []Fault
	for _, rule := range rules {
		if detail := rule.broken(l); detail != "" {
			faults = append(faults, Fault{rule.Name, rule.Clause, detail})
		}
	}
	return faults
}

// lintSigned holds a whole certificate against the rules, its outer form and its signature included.
func lintSigned(der []byte, l *lintCase) []Fault {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return []Fault{{"certificate", "RFC 5280, 4.1.1", "cannot be read"}}
	}
	faults := lintTBS(c.RawTBS, l)
	issuer := l.above
	if issuer == nil {
		issuer = c
	}
	if err := c.CheckIssuedBy(issuer); err != nil {
		faults = append(faults, Fault{"signature", "RFC 5280, 4.1.1.3", "not signed by its issuer"})
	}
	return faults
}

// Rules lists the rules of the lint in the order in which they are applied.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// attribute finds the only attribute of that kind in the subject.
func (l *lintCase) attribute(id oid.ID) (string, bool) {
	for _, a := range l.names {
		if a.id == id {
			return a.value, true
		}
	}
	return "", false
}
