package verify

import (
	"bytes"
	"slices"

	"github.com/elicense/elicense/pki"
)

// Grounds are what a judgement rested on beside the document and the trust of its verifier. Whoever has them, the
// document and the same trust comes to the same report; each thing stands in them once, in an order of its own.
type Grounds struct {
	Certificates []*pki.Certificate // of the chains up to their anchors, and of signers of evidence
	CRLs         []*pki.CRL
	Responses    []*pki.OCSPResponse
	Timestamps   [][]byte // tokens in DER

	seen    map[string]bool    // what is in them, by all of its bytes
	anchors []*pki.Certificate // that chains led to
}

// maxRefused is how much evidence that counted for nothing is kept of one certificate: it is the reason why its status
// is not known.
const maxRefused = 16

// maxClimb is how far up a chain that was refused is followed.
const maxClimb = 8

// once tells whether something is not yet in the grounds.
func (g *Grounds) once(raw []byte) bool {
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	if g.seen[string(raw)] {
		return false
	}
	g.seen[string(raw)] = true
	return true
}

func (g *Grounds) addCertificates(list ...*pki.Certificate) {
	for _, c := range list {
		if c != nil && g.once(c.Raw) {
			g.Certificates = append(g.Certificates, c)
		}
	}
}

func (g *Grounds) addCRL(c *pki.CRL) {
	if c != nil && g.once(c.Raw) {
		g.CRLs = append(g.CRLs, c)
	}
}

func (g *Grounds) addResponse(r *pki.OCSPResponse) {
	if r != nil && g.once(r.Raw) {
		g.Responses = append(g.Responses, r)
	}
}

func (g *Grounds) addTimestamp(token []byte) {
	if g.once(token) {
		g.Timestamps = append(g.Timestamps, token)
	}
}

func (g *Grounds) addAnchor(c *pki.Certificate) {
	if !slices.ContainsFunc(g.anchors, c.Equal) {
		g.anchors = append(g.anchors, c)
	}
}

// rooted tells whether every chain led up to a root, so that no longer one can have been used.
func (g *Grounds) rooted() bool {
	return len(g.anchors) > 0 &&
		!slices.ContainsFunc(g.anchors, func(c *pki.Certificate) bool { return !c.SelfIssued() })
}

// missing are the kinds of what is in these grounds and not in others, but for anchors: they come with the trust.
func (g *Grounds) missing(in *Grounds) []string {
	var out []string
	for _, c := range g.Certificates {
		if !in.seen[string(c.Raw)] && !slices.ContainsFunc(g.anchors, c.Equal) {
			out = append(out, "certificate")
		}
	}
	for _, c := range g.CRLs {
		if !in.seen[string(c.Raw)] {
			out = append(out, "crl")
		}
	}
	for _, r := range g.Responses {
		if !in.seen[string(r.Raw)] {
			out = append(out, "ocsp")
		}
	}
	for _, t := range g.Timestamps {
		if !in.seen[string(t)] {
			out = append(out, "timestamp")
		}
	}
	return slices.Compact(out)
}

// add takes the grounds of another judgement in.
func (g *Grounds) add(other *Grounds) {
	g.addCertificates(other.Certificates...)
	for _, c := range other.CRLs {
		g.addCRL(c)
	}
	for _, r := range other.Responses {
		g.addResponse(r)
	}
	for _, t := range other.Timestamps {
		g.addTimestamp(t)
	}
	for _, c := range other.anchors {
		g.addAnchor(c)
	}
}

// addStatus takes in what spoke of the certificates of a chain; of one whose status is not known, also what was
// refused.
func (g *Grounds) addStatus(report *pki.RevocationReport, from []pki.Evidence) {
	for i := range report.Certificates {
		c := &report.Certificates[i]
		refused := 0
		for k := range c.Findings {
			f := &c.Findings[k]
			if f.Refusal != "" {
				if refused++; c.Status != pki.StatusUnknown || refused > maxRefused {
					continue
				}
			}
			g.addFinding(f, from)
		}
	}
}

func (g *Grounds) addFinding(f *pki.Finding, from []pki.Evidence) {
	g.addCRL(f.CRL)
	g.addCRL(f.Delta)
	g.addResponse(f.Response)
	for i := range from {
		for _, c := range from[i].Certificates {
			if signedBy(f, c) {
				g.addCertificates(c)
			}
		}
	}
}

// signedBy tells whether a certificate may be that of the signer of evidence.
func signedBy(f *pki.Finding, c *pki.Certificate) bool {
	switch {
	case f.CRL != nil && bytes.Equal(f.CRL.RawIssuer, c.RawSubject):
		return true
	case f.Delta != nil && bytes.Equal(f.Delta.RawIssuer, c.RawSubject):
		return true
	case f.Response == nil:
		return false
	}
	return len(f.Response.ResponderKey) > 0 || f.Response.ResponderName.Equal(c.SubjectName)
}

// restOnChain keeps a chain, or where there is none what there is above the leaf: it may be the reason.
func (j *judgement) restOnChain(chain *pki.Chain, leaf *pki.Certificate, help []*pki.Certificate) {
	g := &j.report.Grounds
	if chain != nil {
		g.addCertificates(chain.Certificates...)
		g.addAnchor(chain.Certificates[len(chain.Certificates)-1])
		return
	}
	g.addCertificates(leaf)
	for range maxClimb {
		above := aboveOf(leaf, help)
		if above == nil {
			if named := j.v.config.Intermediates.Named(leaf.IssuerName); len(named) > 0 {
				above = named[0]
			}
		}
		if above == nil || above.Equal(leaf) {
			return
		}
		g.addCertificates(above)
		leaf = above
	}
}

func aboveOf(leaf *pki.Certificate, help []*pki.Certificate) *pki.Certificate {
	for _, c := range help {
		if bytes.Equal(c.RawSubject, leaf.RawIssuer) && !c.Equal(leaf) {
			return c
		}
	}
	return nil
}
