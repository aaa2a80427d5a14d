package signing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

// SealReason says why a seal is not made or not used.
type SealReason string

// Reasons.
const (
	SealReasonConfig     SealReason = "config"           // key, certificate and seal do not belong together
	SealReasonMaker      SealReason = "maker-purpose"    // the certificate is not that of a seal maker
	SealReasonUsage      SealReason = "key-usage"        // the certificate may not sign and stand for it
	SealReasonPurpose    SealReason = "signer-purpose"   // the certificate is for something else than this seal
	SealReasonExpired    SealReason = "certificate-time" // a certificate of the chain is not valid now
	SealReasonValidity   SealReason = "seal-time"        // the seal is not valid now, or its validity makes no sense
	SealReasonID         SealReason = "seal-id"          // no seal code of 14 digits
	SealReasonName       SealReason = "seal-name"        // the name is not that of the holder of the certificate
	SealReasonPicture    SealReason = "picture"          // missing, too large, or not what it says
	SealReasonSigners    SealReason = "signers"          // nobody, somebody twice, too many
	SealReasonNotListed  SealReason = "signer-not-listed"
	SealReasonSignature  SealReason = "maker-signature" // the seal's own signature does not verify
	SealReasonForm       SealReason = "form"            // a seal that cannot be read, or values that cannot be written
	SealReasonProperty   SealReason = "property"        // no absolute path of the sealed file
	SealReasonContent    SealReason = "content"         // nothing to seal, or too much
	SealReasonTimestamp  SealReason = "timestamp"       // no token over this signature
	SealReasonAlgorithms SealReason = "algorithm"       // not SM2 with SM3
)

// SealError is the refusal to make or to use a seal.
type SealError struct {
	Reason SealReason
	Detail string
}

// Error is for a log; show a person the Reason in his language.
func (e *SealError) Error() string {
	return fmt.Sprintf("signing: seal refused (%s): %s", e.Reason, e.Detail)
}

// SealReasonOf is the reason of a refusal anywhere in err, or empty.
func SealReasonOf(err error) SealReason {
	var refusal *SealError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuseSeal(reason SealReason, format string, args ...any) error {
	return &SealError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// SealVersion is the standard that a seal follows. The zero value is the present one.
type SealVersion uint8

// Standards.
const (
	SealV4 SealVersion = iota // GB/T 38540-2020
	SealV1                    // GM/T 0031-2014, for platforms that know no other
)

func (v SealVersion) codec() (ses.Version, error) {
	switch v {
	case SealV4:
		return ses.V4, nil
	case SealV1:
		return ses.V1, nil
	default:
		return 0, refuseSeal(SealReasonForm, "unknown standard %d", v)
	}
}

// ApprovalSeal is the usage of a seal for administrative approvals (行政审批专用章). Certificates that may use such a seal
// name that purpose.
const ApprovalSeal = "行政审批专用章"

const sealUsage = pki.UsageDigitalSignature | pki.UsageNonRepudiation

// ours tells whether a certificate follows the profiles of this project, which name what a key is for: a purpose or a
// policy of theirs stands in it.
func ours(c *pki.Certificate) bool {
	isOurs := func(id oid.ID) bool { return strings.HasPrefix(string(id), oid.Private) }
	return slices.ContainsFunc(c.ExtKeyUsage, isOurs) ||
		slices.ContainsFunc(c.Policies, func(p pki.Policy) bool { return isOurs(p.ID) })
}

// checkMaker wants the purpose of a seal maker of every certificate whose authority knows that purpose. Platforms of
// other authorities have none or serverAuth; who trusts them names their certificates one by one.
func checkMaker(c *pki.Certificate) error {
	switch {
	case c.KeyUsage&sealUsage != sealUsage:
		return refuseSeal(SealReasonUsage, "seal maker %v may not sign and stand for it", c)
	case ours(c) && !slices.Contains(c.ExtKeyUsage, oid.PurposeSealMaker):
		return refuseSeal(SealReasonMaker, "%v makes no seals", c)
	}
	return nil
}

// checkSigner holds a certificate against what the seal is for. A certificate of another purpose, a seal maker's or a
// vault's, uses no seal; one for approvals is wanted by a seal for approvals.
func checkSigner(c *pki.Certificate, usage string) error {
	wanted := slices.Contains(c.ExtKeyUsage, oid.PurposeApprovalSeal)
	switch {
	case c.PublicKey == nil:
		return refuseSeal(SealReasonAlgorithms, "%v has no SM2 key", c)
	case c.KeyUsage&sealUsage != sealUsage:
		return refuseSeal(SealReasonUsage, "%v may not sign and stand for it", c)
	case ours(c) && len(c.ExtKeyUsage) > 0 && !wanted, usage == ApprovalSeal && !wanted:
		return refuseSeal(SealReasonPurpose, "%v is not for this seal", c)
	}
	return nil
}
