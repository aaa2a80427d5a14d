package pki

import (
	"slices"
	"time"
)

// SlideControlTime is the validation time sliding process of ETSI EN 319 102-1, 5.6.2.2: from the present it goes back,
// certificate by certificate from the top down, to the last time at which the chain can be shown to have been good. A
// signature that is proven to have existed at that time is judged then, although the chain may since have expired or
// been revoked.
//
// For each certificate there must be evidence that was made and proven to exist by the control time, and the
// certificate itself must be proven to exist by then: in the Certificates of a bundle with its ExistedBy. A certificate
// that no bundle has is taken to exist at Now. A revocation moves the control time back to its date; evidence that is
// not fresh enough for it moves it back to when the evidence was made. Of the options, At is not used: the process
// starts at Now, which is required. The error is a *RefusalError: ReasonNoProof, or why evidence is missing.
func SlideControlTime(chain *Chain, options RevocationOptions, evidence ...Evidence) (time.Time, error) {
	options.At, options.Delay = options.Now, 0
	j, refusal := newJudge(chain, options, evidence)
	if refusal != "" {
		return time.Time{}, &RefusalError{Reason: refusal, Detail: "a verified chain and the present are required"}
	}
	control := options.Now
	for i := len(chain.Certificates) - 2; i >= 0; i-- {
		cert := chain.Certificates[i]
		if j.provenBy(cert).After(control) {
			return time.Time{}, refuse(cert, ReasonNoProof, "not proven to exist at %s", control.Format(time.RFC3339))
		}
		s := j.standing(place{cert, chain.Certificates[i+1:]}).before(control)
		var err *RefusalError
		if control, err = s.slide(control, j.options); err != nil {
			return time.Time{}, err
		}
	}
	return control, nil
}

// provenBy is the earliest time at which a bundle proves a certificate to have existed.
func (j *judge) provenBy(c *Certificate) time.Time {
	earliest := j.options.Now
	for _, e := range j.evidence {
		if t := j.existedBy(e); t.Before(earliest) && slices.ContainsFunc(e.Certificates, c.Equal) {
			earliest = t
		}
	}
	return earliest
}

// before keeps the evidence that was made and proven to exist by the control time. Of what is younger a revocation
// counts all the same, but it covers nothing.
func (s *standing) before(control time.Time) *standing {
	out := &standing{cert: s.cert, findings: slices.Clone(s.findings)}
	for i := range out.findings {
		f := &out.findings[i]
		if f.Refusal != "" || !f.MadeAt.After(control) && !f.ExistedBy.After(control) {
			continue
		}
		if f.Causes = 0; f.Revocation == nil {
			f.Refusal = ReasonNoProof
		}
	}
	return out
}

// slide is one step of the process, for one certificate.
func (s *standing) slide(control time.Time, options RevocationOptions) (time.Time, *RefusalError) {
	if r := s.revocation(); r != nil && r.From.Before(control) {
		return r.From, nil
	}
	now := s.at(control, options)
	if now.Status == StatusGood {
		return control, nil
	}
	made, ok := s.newestCover()
	if !ok {
		return time.Time{}, now.refusal()
	}
	return made, nil
}

// newestCover is the latest time by which evidence made then or later covers every reason, fresh or not.
func (s *standing) newestCover() (time.Time, bool) {
	useless := func(f Finding) bool { return f.Refusal != "" || f.forgetful }
	usable := slices.DeleteFunc(slices.Clone(s.findings), useless)
	slices.SortFunc(usable, func(a, b Finding) int { return b.MadeAt.Compare(a.MadeAt) })
	var covered ReasonFlags
	for _, f := range usable {
		if covered |= f.Causes; covered == AllReasons {
			return f.MadeAt, true
		}
	}
	return time.Time{}, false
}
