package verify

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/pki"
)

// organ is how the credit code of an administrative organ or public institution begins (GB 32100-2015, 机构编制).
const organ = "1"

// judgeForeignLicence: the seals may be sound, but nobody here has the record. What the document says of itself is its
// identifier, and that names who issued it. Only the seal of that body makes it a licence, and only if it is over the
// identifier; else whoever has any seal could draw a licence with the identifier of one that is in force.
func (j *judgement) judgeForeignLicence(o *ofdPackage, identifier string) {
	j.need("state.now", "licence.identifier", "seal.holder", "licence.covered")
	j.fact("identifier", identifier)
	a := answers{identifier: identifier}
	id, err := code.ParseIdentifier(identifier)
	switch {
	case o.identifiers() > 1:
		j.fail("licence.identifier", FormatFailure, "one identifier", strconv.Itoa(o.identifiers()))
	case err != nil:
		j.open("licence.identifier", FormatFailure, "GB/T 36904-2018", identifier)
	default:
		a.typ, a.issuer = id.Type, id.Issuer
		j.judgeIssuerOf(o, id.Issuer)
	}
	j.expectAll(a)
	j.judgeForeignState(identifier)
}

// judgeIssuerOf: the body that the identifier names sealed the identifier and all else.
func (j *judgement) judgeIssuerOf(o *ofdPackage, issuer string) {
	holder, over, unknown := false, false, false
	byIssuer := map[string]bool{}
	for i := range j.signers {
		s := &j.signers[i]
		if own, known := isIssuer(s.cert, issuer); !own {
			unknown = unknown || !known && s.sealed
			continue
		}
		maps.Copy(byIssuer, s.files)
		holder = holder || s.sealed
		over = over || s.sealed && s.files[o.Main()]
	}
	switch {
	case holder:
		j.pass("seal.holder")
	case unknown:
		j.open("seal.holder", NoSigningCertificateFound, issuer, "a certificate without credit code")
	default:
		j.fail("seal.holder", SigConstraintsFailure, issuer)
	}
	if over {
		j.pass("licence.identifier")
	} else {
		j.open("licence.identifier", SignedDataNotFound)
	}
	others := j.sealsOfOthers(func(c *pki.Certificate) bool { own, _ := isIssuer(c, issuer); return own })
	if holder && len(others) > 0 {
		j.open("licence.covered", SigConstraintsFailure, "", listed(others))
	}
	j.judgeForeignParts(o, byIssuer)
}

// judgeForeignParts: everything that is shown is the issuer's, or a known vault's.
func (j *judgement) judgeForeignParts(o *ofdPackage, byIssuer map[string]bool) {
	for i := range j.signers {
		if s := &j.signers[i]; j.v.pinned("", s.cert.PublicKey) {
			maps.Copy(byIssuer, s.files)
		}
	}
	var foreign []string
	for file := range o.covered {
		if !byIssuer[file] && !o.machinery[file] && !o.beside(file) {
			foreign = append(foreign, file)
		}
	}
	slices.Sort(foreign)
	if len(foreign) > 0 {
		j.fail("licence.covered", SigConstraintsFailure, "", listed(foreign))
		return
	}
	j.pass("licence.covered")
}

// isIssuer tells whether a certificate is that of the body that an identifier names, and whether it tells at all. Old
// identifiers name a division alone: any organ of it can be meant, but no firm.
func isIssuer(c *pki.Certificate, issuer string) (own, known bool) {
	holder := c.Holder.USCC
	switch {
	case holder == "":
		return false, false
	case c.Holder.Kind == pki.HolderPerson:
		return false, true
	default:
		return holder == issuer || strings.HasPrefix(holder, organ) && divisionOf(issuer, holder), true
	}
}

// judgeForeignState: only the status source can tell the state of another vault's licence.
func (j *judgement) judgeForeignState(identifier string) {
	a := j.ask(identifier)
	j.unanswered(&a, "")
	if a.counts && replaced(identifier, a.Identifier) {
		j.judgeReplaced("source", identifier, a.Status)
	}
	if !a.counts || a.Identifier != identifier {
		j.open("state.now", TryLater, "an answer of now")
		return
	}
	if !j.ofItsLedger(&a, "") {
		return
	}
	j.judgeState("source", a.Status)
	j.pass("state.now")
}

// identifiers is how many identifiers OFD.xml gives; two readers could take two of them.
func (o *ofdPackage) identifiers() (n int) {
	for _, c := range o.document.Info.Custom {
		if strings.EqualFold(strings.TrimSpace(c.Name), elementIdentifier) {
			n++
		}
	}
	return n
}
