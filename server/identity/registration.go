package identity

import (
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
)

// Registration is a system that may call (调用方登记): who it is, what it may do and by what it proves itself. What it
// may see of licences stands in the vault under Caller.
type Registration struct {
	ID          string       `json:"id"`                   // made by the operator; letters, digits, '-' and '.'
	Caller      string       `json:"caller"`               // as registered in the vault
	Role        Role         `json:"role"`                 // not that of a holder, who logs in
	Department  string       `json:"department,omitempty"` // USCC
	Types       []string     `json:"types,omitempty"`      // the only types it may touch; none: those of its department
	Credentials []Credential `json:"credentials"`
	Quota       Quota        `json:"quota,omitzero"`    // zero: that of the service
	Sharing     *Sharing     `json:"sharing,omitempty"` // nil: it may not use the services of GB/T 36906

	// UnsignedWritesUnsafe lets writes pass that are proven by the connection alone.
	UnsignedWritesUnsafe bool `json:"unsignedWritesUnsafe,omitempty"`

	Revoked time.Time `json:"revoked,omitzero"` // zero: in force; kept by the registry from then on
	Gone    []Gone    `json:"gone,omitempty"`   // set by the registry
	Changed time.Time `json:"changed,omitzero"` // set by the registry, with By
	By      string    `json:"by,omitempty"`     // who changed it last
}

// Sharing is by what a system asks where its requests have no room to say so (GB/T 36906 共享服务).
type Sharing struct {
	Name   string `json:"name,omitempty"`  // of the body, as purpose-bound copies name it
	Item   string `json:"item"`            // 事项 code
	Ground string `json:"ground"`          // issuer or law: by which right, as in the vault
	Basis  string `json:"basis,omitempty"` // legal basis, which the vault has registered for the caller
}

// usable reports whether the vault can take it.
func (s *Sharing) usable() bool {
	switch vault.Ground(s.Ground) { //nolint:exhaustive // a holder and his consent are there for one case at a time
	case vault.GroundIssuer:
		return s.Item != "" && s.Basis == ""
	case vault.GroundLaw:
		return s.Item != "" && s.Basis != ""
	}
	return false
}

// Quota is how often a caller may call.
type Quota struct {
	PerSecond int `json:"perSecond,omitempty"`
	Burst     int `json:"burst,omitempty"`
}

// CredentialKind is what a certificate is used for.
type CredentialKind string

// The kinds.
const (
	CredentialTLS       CredentialKind = "tls"       // certificate of the connection, ECDSA or RSA
	CredentialSignature CredentialKind = "signature" // SM2 certificate of message signatures
)

// Credential is a certificate by which a system proves itself. A system has several while it changes from one to the
// next.
type Credential struct {
	Kind        CredentialKind `json:"kind"`
	Certificate []byte         `json:"certificate"` // DER
	Revoked     time.Time      `json:"revoked,omitzero"`

	// UncheckedUnsafe relies on the registration alone: the certificate's chain and status are not looked at.
	UncheckedUnsafe bool `json:"uncheckedUnsafe,omitempty"`
}

// Gone is a revoked credential that left its registration: if its certificate comes back, it is as revoked as it was.
type Gone struct {
	Digest  []byte    `json:"digest"`
	Revoked time.Time `json:"revoked"`
}

// Digest is the SM3 of the certificate, which names the credential.
func (c *Credential) Digest() [sm3.Size]byte { return sm3.Sum(c.Certificate) }

// Limits on a registration.
const (
	maxID          = 64
	maxCredentials = 16
	maxTypes       = 1000
	maxCertificate = 16 << 10
	maxQuota       = 1_000_000
)

// check refuses what cannot be a registration; the path of a refusal is the member that is wrong.
func (r *Registration) check() error {
	switch {
	case !isID(r.ID):
		return refuseAt("/id")
	case !isID(r.Caller):
		return refuseAt("/caller")
	case !slices.Contains(systemRoles, r.Role):
		return refuseAt("/role")
	case len(r.Types) > maxTypes, r.Types != nil && len(r.Types) == 0: // which would be kept as none, and none is all
		return refuseAt("/types")
	case r.Quota.PerSecond < 0 || r.Quota.PerSecond > maxQuota || r.Quota.Burst < 0 || r.Quota.Burst > maxQuota:
		return refuseAt("/quota")
	case r.Sharing != nil && !r.Sharing.usable():
		return refuseAt("/sharing")
	case len(r.Credentials) > maxCredentials:
		return refuseAt("/credentials")
	}
	for i := range r.Credentials {
		if _, err := r.Credentials[i].parse(); err != nil {
			return err
		}
	}
	return nil
}

// systemRoles are those that a registration gives. Holders and their agents are persons, who log in.
var systemRoles = []Role{
	RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleBatchOperator, RoleCAOperator,
	RoleAuditor, RoleSupervisor, RoleOperator,
}

// parse reads the certificate. One for signatures has an SM2 key that may sign; one for TLS has any other.
func (c *Credential) parse() (*pki.Certificate, error) {
	if len(c.Certificate) > maxCertificate {
		return nil, refuseAt("/credentials")
	}
	cert, err := pki.ParseTolerant(c.Certificate)
	if err != nil {
		return nil, refuseAt("/credentials")
	}
	isSM2 := cert.PublicKey != nil
	switch {
	case c.Kind != CredentialTLS && c.Kind != CredentialSignature,
		isSM2 != (c.Kind == CredentialSignature),
		cert.IsCA,
		isSM2 && cert.KeyUsage&pki.UsageDigitalSignature == 0:
		return nil, refuseAt("/credentials")
	}
	return cert, nil
}

// isID reports whether a text can name a registration: it stands in paths and logs.
func isID(text string) bool {
	for _, c := range []byte(text) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return text != "" && len(text) <= maxID && text[0] != '.'
}

// clone makes a copy that shares nothing.
func (r *Registration) inForce() bool {
	return r.Revoked.IsZero() &&
		slices.ContainsFunc(r.Credentials, func(c Credential) bool { return c.Revoked.IsZero() })
}

func (r *Registration) clone() Registration {
	out := *r
	out.Types = slices.Clone(r.Types)
	if r.Sharing != nil {
		sharing := *r.Sharing
		out.Sharing = &sharing
	}
	out.Gone = slices.Clone(r.Gone)
	out.Credentials = slices.Clone(r.Credentials)
	for i := range out.Credentials {
		out.Credentials[i].Certificate = slices.Clone(out.Credentials[i].Certificate)
	}
	return out
}
