package pki

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"
)

// search is one search for a path; it lives for one call. The path grows from the leaf upward. Every check that
// concerns one issuer and what is below it is made when the issuer is tried, so that no work is spent above a
// certificate that cannot serve; what depends on the whole path or on the anchor is checked at its end.
type search struct {
	options    *ChainOptions
	signatures int // checks that are left
	candidates int // certificates that may still be tried
	names      int // comparisons of names that are left

	path  []*Certificate // leaf first
	needs []need         // that the path so far has
	links []checkedLink

	nearest  *RefusalError
	orphan   *Certificate // whose issuer was not found, if that is nearer to an anchor
	distance int          // of the one or the other from the leaf
}

// checkedLink is the outcome of a signature check: several certificates can hold one key.
type checkedLink struct {
	link link
	err  error
}

// candidate is a certificate that has the name of the issuer.
type candidate struct {
	certificate *Certificate
	anchor      *Anchor // nil if it is none
	rank        int
}

func newSearch(options *ChainOptions) *search {
	return &search{
		options: options, names: maxNameChecks,
		signatures: cmp.Or(options.MaxSignatures, maxSignatureCheck),
		candidates: cmp.Or(options.MaxCandidates, maxCandidates),
		path:       make([]*Certificate, 0, maxChain),
	}
}

// start checks the leaf and puts it at the beginning of the path.
func (s *search) start(leaf *Certificate) *RefusalError {
	if err := s.checkCertificate(leaf, nil); err != nil {
		return err
	}
	if err := s.checkLeafUsage(leaf); err != nil {
		return err
	}
	s.path = append(s.path, leaf)
	return nil
}

// extend tries every issuer of the last certificate of the path, those first whose key is the one that is named.
func (s *search) extend() *Chain {
	child := s.path[len(s.path)-1]
	s.noteOrphan(child)
	for _, c := range s.issuers(child) {
		height, needs := len(s.path), len(s.needs)
		var found *Chain
		if s.try(c) {
			s.path = append(s.path, c.certificate)
			if c.anchor != nil {
				found = s.finish(c.anchor)
			} else {
				found = s.extend()
			}
		}
		if found != nil {
			return found
		}
		s.path, s.needs = s.path[:height], s.needs[:needs]
	}
	return nil
}

// issuers lists the certificates with the name of child's issuer, anchors before others of the same rank.
func (s *search) issuers(child *Certificate) []candidate {
	var list []candidate
	add := func(c *Certificate, a *Anchor) {
		if c != nil && c.SubjectName.Equal(child.IssuerName) {
			list = append(list, candidate{c, a, keyRank(child, c)})
		}
	}
	for _, a := range s.options.Anchors.named(child.IssuerName) {
		add(a.Certificate, a)
	}
	for _, c := range s.options.Intermediates {
		add(c, nil)
	}
	if s.options.Pool != nil {
		for _, c := range s.options.Pool.bySubject[child.IssuerName.index()] {
			add(c, nil)
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return a.rank - b.rank })
	return list
}

// Ranks of candidates. A key identifier is a hint, not a rule (RFC 5280, 4.2.1.1): two authorities may compute that of
// one key in two ways.
const (
	rankNamed  = iota // it is the key that the certificate names
	rankSilent        // nothing is said
	rankOther         // another key is named
)

func keyRank(child, issuer *Certificate) int {
	switch {
	case len(child.AuthorityKeyID) > 0 && len(issuer.SubjectKeyID) > 0:
		if bytes.Equal(child.AuthorityKeyID, issuer.SubjectKeyID) {
			return rankNamed
		}
		return rankOther
	case child.AuthoritySerial != nil:
		if child.AuthoritySerial.Cmp(issuer.Serial) == 0 {
			return rankNamed
		}
		return rankOther
	default:
		return rankSilent
	}
}

// try tells whether c may stand above the path and signed its last certificate.
func (s *search) try(c candidate) bool {
	child := s.path[len(s.path)-1]
	if child.Equal(c.certificate) {
		return false
	}
	if s.candidates == 0 {
		s.note(refuse(child, ReasonBudget, "more than %d candidates", cmp.Or(s.options.MaxCandidates, maxCandidates)))
		return false
	}
	s.candidates--
	err := s.checkIssuer(c)
	if err == nil {
		return true
	}
	if c.rank != rankOther || err.Reason != ReasonBadSignature {
		s.note(err)
	}
	return false
}

// checkIssuer makes the cheap checks first, so that signature checks are spent on candidates that could serve.
func (s *search) checkIssuer(c candidate) *RefusalError {
	child, issuer := s.path[len(s.path)-1], c.certificate
	for _, below := range s.path {
		if below.keyDigest == issuer.keyDigest && below.SubjectName.Equal(issuer.SubjectName) {
			return refuse(child, ReasonLoop, "issuer %q comes again", child.Issuer)
		}
	}
	if len(s.path) >= maxChain {
		return refuse(issuer, ReasonPathLength, "chain longer than %d", maxChain)
	}
	if err := s.checkCertificate(issuer, c.anchor); err != nil {
		return err
	}
	if err := s.checkAuthority(issuer, c.anchor); err != nil {
		return err
	}
	if issuer.NameConstraints != nil {
		if err := s.checkNames(issuer.NameConstraints, s.path); err != nil {
			return err
		}
	}
	return s.checkSignature(child, issuer)
}

// checkSignature looks into the caches before it spends a signature check.
func (s *search) checkSignature(child, issuer *Certificate) *RefusalError {
	switch child.SignatureAlgorithm.Hash {
	case HashMD5:
		return refuse(child, ReasonWeak, "signed with MD5")
	case HashSHA1:
		err := s.require(need{exception: ExceptionSHA1, refusal: refuse(child, ReasonWeak, "signed with SHA-1")})
		if err != nil {
			return err
		}
	case HashSM3, HashSHA224, HashSHA256, HashSHA384, HashSHA512:
	}
	if check := s.options.CheckAlgorithm; check != nil {
		if err := check(child, issuer.Key, s.options.At); err != nil {
			return refuse(child, ReasonWeak, "%v", err)
		}
	}
	if err := s.checkLink(child, issuer); err != nil {
		var refusal *RefusalError
		if errors.As(err, &refusal) {
			return refusal
		}
		return refuse(child, signatureReason(err), "issuer %q: %v", issuer.Subject, err)
	}
	return nil
}

func (s *search) checkLink(child, issuer *Certificate) error {
	key := link{child.Digest, issuer.keyDigest, s.options.CrossCheck}
	for _, l := range s.links {
		if l.link == key {
			return l.err
		}
	}
	if child.IsCA && s.options.Links.has(key) {
		return nil
	}
	if s.signatures == 0 {
		limit := cmp.Or(s.options.MaxSignatures, maxSignatureCheck)
		return refuse(child, ReasonBudget, "more than %d signature checks", limit)
	}
	s.signatures--
	err := s.verify(child, issuer.Key)
	s.links = append(s.links, checkedLink{key, err})
	if err == nil && child.IsCA {
		s.options.Links.add(key)
	}
	return err
}

func (s *search) verify(child *Certificate, signer *Key) error {
	if s.options.CrossCheck && signer.sm2 != nil && child.SignatureAlgorithm.Key == KeySM2 {
		return CrossCheck(signer.sm2, child.RawTBS, child.Signature)
	}
	return signer.verify(child.SignatureAlgorithm, child.RawTBS, child.Signature)
}

// finish judges what depends on the whole path and its anchor.
func (s *search) finish(a *Anchor) *Chain {
	if err := s.checkScope(a); err != nil {
		s.note(err)
		return nil
	}
	policies, err := s.checkPolicies(a)
	if err != nil {
		s.note(err)
		return nil
	}
	if err := s.checkRevocation(); err != nil {
		s.note(err)
		return nil
	}
	return s.chain(a, policies)
}

func (s *search) checkRevocation() *RefusalError {
	if s.options.Revocation == nil {
		return nil
	}
	err := s.options.Revocation.CheckRevocation(s.path, s.options.At)
	if err == nil {
		return nil
	}
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal
	}
	return refuse(s.path[0], ReasonRevocation, "%v", err)
}

// require notes a need that an anchor may let pass, and refuses one that none does.
func (s *search) require(n need) *RefusalError {
	if !s.options.Anchors.granted.grant(n) {
		return n.refusal
	}
	s.needs = append(s.needs, n)
	return nil
}

// note keeps the refusal that is nearest to an anchor. An exhausted budget replaces everything, for then the search is
// not complete.
func (s *search) note(refusal *RefusalError) {
	if s.nearest != nil && s.nearest.Reason == ReasonBudget {
		return
	}
	height := len(s.path)
	if height > s.distance || height == s.distance && s.orphan != nil || refusal.Reason == ReasonBudget {
		s.nearest, s.orphan, s.distance = refusal, nil, height
	}
}

// noteOrphan keeps that the issuer of the path's last certificate is not known. Any refusal of an issuer that is tried
// says more.
func (s *search) noteOrphan(child *Certificate) {
	if (s.nearest == nil || s.nearest.Reason != ReasonBudget) && len(s.path) > s.distance {
		s.orphan, s.distance = child, len(s.path)
	}
}

// refusal is why no path was found.
func (s *search) refusal() *RefusalError {
	if s.orphan != nil {
		return refuse(s.orphan, ReasonUnknownIssuer, "issuer %q", s.orphan.Issuer)
	}
	return s.nearest
}

// chain makes the answer of a path that passed.
func (s *search) chain(a *Anchor, policies policySet) *Chain {
	chain := &Chain{
		Certificates: slices.Clone(s.path), Anchor: *a, Policies: policies,
		NotBefore: s.path[0].NotBefore, NotAfter: s.path[0].NotAfter,
	}
	for _, c := range s.path[1:] {
		if c != a.Certificate || !slices.Contains(a.Scope.Exceptions, ExceptionAnchorValidity) {
			chain.narrow(c.NotBefore, c.NotAfter)
		}
	}
	chain.narrow(a.Scope.NotBefore, a.Scope.NotAfter)
	for _, n := range s.needs {
		if n.exception != "" && !slices.Contains(chain.Exceptions, n.exception) {
			chain.Exceptions = append(chain.Exceptions, n.exception)
		}
		if n.tolerance != "" && !slices.Contains(chain.Tolerances, n.tolerance) {
			chain.Tolerances = append(chain.Tolerances, n.tolerance)
		}
	}
	return chain
}

// narrow takes the part of the chain's validity that is between two times, of which a zero one is no bound.
func (c *Chain) narrow(from, to time.Time) {
	if from.After(c.NotBefore) {
		c.NotBefore = from
	}
	if !to.IsZero() && to.Before(c.NotAfter) {
		c.NotAfter = to
	}
}
