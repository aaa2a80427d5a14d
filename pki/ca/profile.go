package ca

import (
	"time"

	"github.com/elicense/elicense/pki"
)

// Names of the profiles.
const (
	ProfileRoot       = "root"
	ProfileIssuing    = "issuing"
	ProfileDepartment = "department-signing"
	ProfileVault      = "vault-signing"
)

const year = 365 * 24 * time.Hour

// Profile is what a certificate of one kind must look like. The lint holds every certificate against it before it is
// signed.
type Profile struct {
	Name       string
	CA         bool
	MaxPathLen int // for a CA: how many CAs may stand below it
	KeyUsage   pki.KeyUsage
	Validity   time.Duration // longest
	NeedsUSCC  bool          // the extension 组织机构代码 must hold a sound unified social credit code
}

// ProfileNamed returns the profile of that name.
//
// Department and vault keys sign documents: digital signature and non-repudiation, GB/T 20518-2018 for a signing
// certificate (签名证书).
func ProfileNamed(name string) (Profile, bool) {
	switch name {
	case ProfileRoot:
		return Profile{
			Name: name, CA: true, MaxPathLen: 1, KeyUsage: pki.UsageCertSign | pki.UsageCRLSign, Validity: 30 * year,
		}, true
	case ProfileIssuing:
		return Profile{
			Name: name, CA: true, KeyUsage: pki.UsageCertSign | pki.UsageCRLSign, Validity: 15 * year,
		}, true
	case ProfileDepartment:
		return Profile{
			Name: name, KeyUsage: pki.UsageDigitalSignature | pki.UsageNonRepudiation, Validity: 5 * year,
			NeedsUSCC: true,
		}, true
	case ProfileVault:
		return Profile{
			Name: name, KeyUsage: pki.UsageDigitalSignature | pki.UsageNonRepudiation, Validity: 5 * year,
		}, true
	default:
		return Profile{}, false
	}
}
