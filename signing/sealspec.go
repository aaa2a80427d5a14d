package signing

import (
	"strings"
	"time"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

// check refuses a seal that should not be made, at the time of making.
func (s *SealSpec) check(now time.Time) error {
	switch {
	case !isSealCode(s.ID):
		return refuseSeal(SealReasonID, "want 14 digits")
	case s.ByDigest && s.Version == SealV1:
		return refuseSeal(SealReasonForm, "GM/T 0031-2014 knows no list of digests")
	}
	if err := s.checkValidity(now); err != nil {
		return err
	}
	if err := s.checkSigners(now); err != nil {
		return err
	}
	return s.Picture.check()
}

const sealCodeDigits = 14

func isSealCode(id string) bool {
	return len(id) == sealCodeDigits && strings.Trim(id, "0123456789") == ""
}

func (s *SealSpec) checkValidity(now time.Time) error {
	switch {
	case !s.ValidFrom.Before(s.ValidUntil), s.ValidFrom.IsZero():
		return refuseSeal(SealReasonValidity, "ends before it begins")
	case !now.Before(s.ValidUntil):
		return refuseSeal(SealReasonValidity, "has ended already")
	case s.ValidUntil.After(s.ValidFrom.AddDate(maxSealYears, 0, 0)):
		return refuseSeal(SealReasonValidity, "longer than %d years", maxSealYears)
	}
	return nil
}

// checkSigners: all who may use the seal are its one holder, each with a certificate for it.
func (s *SealSpec) checkSigners(now time.Time) error {
	if len(s.Signers) == 0 || len(s.Signers) > ses.MaxCertificates {
		return refuseSeal(SealReasonSigners, "%d certificates", len(s.Signers))
	}
	seen := make(map[[32]byte]bool, len(s.Signers))
	for _, c := range s.Signers {
		if c == nil || seen[c.Digest] {
			return refuseSeal(SealReasonSigners, "a certificate is missing or stands twice")
		}
		seen[c.Digest] = true
		if err := checkSigner(c, s.Usage); err != nil {
			return err
		}
		if !validAt(c, now) {
			return refuseSeal(SealReasonExpired, "%v is not valid at %s", c, now.Format(time.RFC3339))
		}
		if err := s.checkHolder(c); err != nil {
			return err
		}
	}
	return nil
}

// checkHolder wants the name that the certificate proves, and one holder for all certificates.
func (s *SealSpec) checkHolder(c *pki.Certificate) error {
	holder, first := &c.Holder, &s.Signers[0].Holder
	name := nameOfHolder(holder, s.Personal)
	switch {
	case name == "":
		return refuseSeal(SealReasonName, "%v names no holder of such a seal", c)
	case s.Name != name+s.Usage:
		return refuseSeal(SealReasonName, "it is not the name of the holder and then the usage %q", s.Usage)
	case holder.Ambiguous, holder.USCC != first.USCC, !holder.Number.Equal(first.Number):
		return refuseSeal(SealReasonName, "%v is another holder's", c)
	}
	return nil
}

// nameOfHolder is whose seal it may be: an organisation's, or a person's for a personal one.
func nameOfHolder(h *pki.Holder, personal bool) string {
	switch {
	case personal && h.Kind == pki.HolderPerson:
		return h.Name
	case personal:
		return ""
	case h.Kind == pki.HolderSeal:
		return h.Name
	case h.Kind == pki.HolderOrganization:
		return h.Organization
	default:
		return ""
	}
}
