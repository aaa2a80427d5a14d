package api

import "time"

// Registration is a system that may call (调用方登记).
type Registration struct {
	Caller      string       `json:"caller" minLength:"1" maxLength:"64" doc:"as registered in the vault"`
	Role        string       `json:"role" maxLength:"32"`
	Department  string       `json:"department,omitempty" maxLength:"18" doc:"统一社会信用代码"`
	Types       []string     `json:"types,omitempty" maxItems:"1000" doc:"the only types it may touch; absent: those of its department"`
	Credentials []Credential `json:"credentials" maxItems:"16"`
	Quota       *Quota       `json:"quota,omitempty" doc:"absent: that of the service"`
	Sharing     *Sharing     `json:"sharing,omitempty" doc:"absent: it may not use the services of GB/T 36906"`

	UnsignedWritesUnsafe bool `json:"unsignedWritesUnsafe,omitempty" doc:"writes pass that are proven by the connection alone"`
}

// Credential is a certificate by which a system proves itself.
type Credential struct {
	Kind            string `json:"kind" enum:"tls,signature" doc:"tls: of the connection; signature: SM2, of messages"`
	Certificate     []byte `json:"certificate" doc:"DER"`
	UncheckedUnsafe bool   `json:"uncheckedUnsafe,omitempty" doc:"taken by itself: neither issuer nor status is looked at"`
}

// Sharing is by what a system asks where its requests have no room to say so (GB/T 36906 共享服务).
type Sharing struct {
	Name   string `json:"name,omitempty" maxLength:"200" doc:"of the body, as purpose-bound copies name it"`
	Item   string `json:"item" minLength:"1" maxLength:"200" doc:"事项 code"`
	Ground string `json:"ground" enum:"issuer,law"`
	Basis  string `json:"basis,omitempty" maxLength:"200" doc:"legal basis, for the ground law"`
}

// Quota is how often a system may call.
type Quota struct {
	PerSecond int `json:"perSecond" minimum:"0" maximum:"1000000"`
	Burst     int `json:"burst" minimum:"0" maximum:"1000000"`
}

// RegistrationStanding is a registration as it stands, with what the registry says of it.
type RegistrationStanding struct {
	ID string `json:"id"`
	Registration

	Certificates []CredentialStanding `json:"certificates" doc:"one for each of credentials"`
	Revoked      *time.Time           `json:"revoked,omitempty" doc:"absent: in force"`
	Changed      time.Time            `json:"changed"`
	By           string               `json:"by" doc:"who changed it last"`
}

// CredentialStanding is how a credential stands.
type CredentialStanding struct {
	Digest  string     `json:"digest" doc:"SM3 of the certificate, hexadecimal: keyid of its signatures"`
	Revoked *time.Time `json:"revoked,omitempty" doc:"absent: in force"`
}

// RegistrationList is a page of registrations, in the order of their ids.
type RegistrationList struct {
	Registrations []RegistrationStanding `json:"registrations"`
	Next          string                 `json:"next,omitempty" doc:"after, for the next page"`
}

// RegistrationRevocation ends a registration, or one credential of it.
type RegistrationRevocation struct {
	Credential string `json:"credential,omitempty" maxLength:"64" doc:"digest; absent: the whole registration"`
}
