package ca

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Names of the profiles.
const (
	ProfileRoot                 = "root"
	ProfileIssuing              = "issuing"
	ProfileCross                = "cross"
	ProfileDepartment           = "department-signing"
	ProfileDepartmentEncryption = "department-encryption"
	ProfileVault                = "vault-signing"
	ProfileSealMaker            = "seal-maker"
	ProfileSeal                 = "approval-seal"
	ProfileSealEncryption       = "approval-seal-encryption"
	ProfilePerson               = "person-signing"
	ProfilePersonEncryption     = "person-encryption"
	ProfileEnterprise           = "enterprise-signing"
	ProfileEnterpriseEncryption = "enterprise-encryption"
	ProfileOCSP                 = "ocsp-responder"
	ProfileTSA                  = "timestamp"
	ProfileServer               = "tls-server"
	ProfileServerEncryption     = "tls-server-encryption"
)

const year = 365 * 24 * time.Hour

// Usages of keys: GB/T 20518-2018 has signing certificates sign and stand for it, encryption certificates do the rest.
const (
	usageAuthority  = pki.UsageCertSign | pki.UsageCRLSign
	usageSigning    = pki.UsageDigitalSignature | pki.UsageNonRepudiation
	usageEncryption = pki.UsageKeyEncipherment | pki.UsageDataEncipherment | pki.UsageKeyAgreement
)

// HolderKind says whose certificate it is and so which names and codes it must hold.
type HolderKind uint8

// Kinds of holders.
const (
	HolderNone         HolderKind = iota // an authority or one of its own programs
	HolderDepartment                     // 部门: organisation and credit code
	HolderEnterprise                     // 企业: organisation and credit code; tax and registration numbers if wanted
	HolderPerson                         // 个人: citizen number or passport
	HolderServer                         // host names
	HolderOrganization                   // organisation; a credit code if wanted
)

// Profile is what a certificate of one kind must look like. The lint holds every certificate against it before it is
// signed.
type Profile struct {
	Name       string
	Title      string // what people call it
	CA         bool
	MaxPathLen int // for a CA: how many CAs may stand below it
	KeyUsage   pki.KeyUsage
	// Purposes is the extended key usage; none: the extension is absent. A critical one binds every verifier.
	Purposes         []oid.ID
	PurposesCritical bool
	Policy           oid.ID        // certificate policy; empty: the extension is absent
	Validity         time.Duration // longest
	Holder           HolderKind
	NoCheck          bool   // nobody is to ask about revocation: ocsp-nocheck instead of addresses
	Twin             string // the profile of the encryption certificate of the pair
	Approvals        int    // officers who must approve, unless policy says otherwise
	NeedsEvidence    bool   // documents were seen face to face
}

// encryption reports whether the key comes from the key management centre and the certificate with its twin only.
func (p *Profile) encryption() bool { return p.KeyUsage&usageSigning == 0 && !p.CA }

var profiles = []Profile{
	{
		Name: ProfileRoot, Title: "根证书", CA: true, MaxPathLen: 1, KeyUsage: usageAuthority, Validity: 30 * year,
		Approvals: 2,
	},
	{
		Name: ProfileIssuing, Title: "签发证书", CA: true, KeyUsage: usageAuthority, Validity: 15 * year,
		Policy: oid.AnyPolicy, Approvals: 2,
	},
	{
		Name: ProfileCross, Title: "交叉认证证书", CA: true, KeyUsage: usageAuthority, Validity: 5 * year,
		Policy: oid.AnyPolicy, Approvals: 2,
	},
	{
		Name: ProfileDepartment, Title: "部门签名证书", KeyUsage: usageSigning, Validity: 5 * year,
		Policy: oid.PolicyWindow, Holder: HolderDepartment, Twin: ProfileDepartmentEncryption, Approvals: 1,
		NeedsEvidence: true,
	},
	{
		Name: ProfileDepartmentEncryption, Title: "部门加密证书", KeyUsage: usageEncryption, Validity: 5 * year,
		Policy: oid.PolicyWindow, Holder: HolderDepartment,
	},
	{
		Name: ProfileVault, Title: "证照库签名证书", KeyUsage: usageSigning, Purposes: []oid.ID{oid.PurposeVault},
		Validity: 5 * year, Policy: oid.PolicySystem, Holder: HolderOrganization, Approvals: 2,
	},
	{
		Name: ProfileSealMaker, Title: "制章人证书", KeyUsage: usageSigning, Purposes: []oid.ID{oid.PurposeSealMaker},
		Validity: 5 * year, Policy: oid.PolicySystem, Holder: HolderDepartment, Approvals: 2, NeedsEvidence: true,
	},
	{
		Name: ProfileSeal, Title: "行政审批专用章证书", KeyUsage: usageSigning,
		Purposes: []oid.ID{oid.PurposeApprovalSeal}, Validity: 5 * year, Policy: oid.PolicyWindow,
		Holder: HolderDepartment, Twin: ProfileSealEncryption, Approvals: 2, NeedsEvidence: true,
	},
	{
		Name: ProfileSealEncryption, Title: "行政审批专用章加密证书", KeyUsage: usageEncryption, Validity: 5 * year,
		Policy: oid.PolicyWindow, Holder: HolderDepartment,
	},
	{
		Name: ProfilePerson, Title: "个人签名证书", KeyUsage: usageSigning, Validity: 3 * year, Policy: oid.PolicyWindow,
		Holder: HolderPerson, Twin: ProfilePersonEncryption, Approvals: 1, NeedsEvidence: true,
	},
	{
		Name: ProfilePersonEncryption, Title: "个人加密证书", KeyUsage: usageEncryption, Validity: 3 * year,
		Policy: oid.PolicyWindow, Holder: HolderPerson,
	},
	{
		Name: ProfileEnterprise, Title: "企业签名证书", KeyUsage: usageSigning, Validity: 3 * year,
		Policy: oid.PolicyWindow, Holder: HolderEnterprise, Twin: ProfileEnterpriseEncryption, Approvals: 1,
		NeedsEvidence: true,
	},
	{
		Name: ProfileEnterpriseEncryption, Title: "企业加密证书", KeyUsage: usageEncryption, Validity: 3 * year,
		Policy: oid.PolicyWindow, Holder: HolderEnterprise,
	},
	{
		Name: ProfileOCSP, Title: "OCSP 响应证书", KeyUsage: pki.UsageDigitalSignature,
		Purposes: []oid.ID{oid.PurposeOCSPSigning}, Validity: 90 * 24 * time.Hour, Policy: oid.PolicySystem,
		NoCheck: true, Approvals: 1,
	},
	{
		Name: ProfileTSA, Title: "时间戳证书", KeyUsage: usageSigning, Purposes: []oid.ID{oid.PurposeTimestamp},
		PurposesCritical: true, Validity: 10 * year, Policy: oid.PolicySystem, Approvals: 2,
	},
	{
		Name: ProfileServer, Title: "服务器签名证书", KeyUsage: usageSigning, Purposes: []oid.ID{oid.PurposeServerAuth},
		Validity: year, Policy: oid.PolicyAccount, Holder: HolderServer, Twin: ProfileServerEncryption, Approvals: 1,
	},
	{
		Name: ProfileServerEncryption, Title: "服务器加密证书", KeyUsage: usageEncryption,
		Purposes: []oid.ID{oid.PurposeServerAuth}, Validity: year, Policy: oid.PolicyAccount, Holder: HolderServer,
	},
}

// Profiles lists the profiles.
func Profiles() []Profile {
	list := slices.Clone(profiles)
	for i := range list {
		list[i].Purposes = slices.Clone(list[i].Purposes)
	}
	return list
}

// ProfileNamed returns the profile of that name.
func ProfileNamed(name string) (Profile, bool) {
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	p := profiles[i]
	p.Purposes = slices.Clone(p.Purposes)
	return p, true
}

// ProfileTable writes the profiles as a table for people.
func ProfileTable() string {
	var b strings.Builder
	b.WriteString("| profile | for | key usage | purposes | longest, days | approvals | window | pair |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|\n")
	for i := range profiles {
		p := &profiles[i]
		window := "–"
		if p.NeedsEvidence {
			window = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %d | %s | %s | %s |\n", p.Name, p.Title, usageText(p.KeyUsage),
			p.purposesText(), int(p.Validity.Hours()/24), p.approvalsText(), window, cmp.Or(p.Twin, "–"))
	}
	return b.String()
}

var usageNames = [...]string{
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
	"cRLSign",
}

func usageText(usage pki.KeyUsage) string {
	var names []string
	for i, name := range usageNames {
		if usage&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (p *Profile) purposesText() string {
	names := make([]string, len(p.Purposes))
	for i, id := range p.Purposes {
		names[i] = id.String()
	}
	text := cmp.Or(strings.Join(names, ", "), "–")
	if p.PurposesCritical {
		text += ", critical"
	}
	return text
}

// approvalsText: what is issued with its twin or at a ceremony is not approved by itself.
func (p *Profile) approvalsText() string {
	if p.encryption() || p.Name == ProfileRoot {
		return "–"
	}
	return strconv.Itoa(p.Approvals)
}
