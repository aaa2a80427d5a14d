package identity

import "errors"

// Code is the stable name of a refusal.
type Code string

// The refusals.
const (
	CodeNobody      Code = "credentials-missing"
	CodeUnknown     Code = "credentials-unknown"
	CodeExpired     Code = "credentials-expired"
	CodeRevoked     Code = "credentials-revoked"
	CodeInvalid     Code = "credentials-invalid"
	CodeDiffer      Code = "credentials-differ"     // connection, signature and token prove two callers
	CodeUnchecked   Code = "credentials-unchecked"  // whether the certificate is revoked is not known
	CodeNoTokenKeys Code = "token-keys-unavailable" // the keys of a token's issuer could not be fetched
	CodeMalformed   Code = "signature-malformed"    // Signature-Input or Signature cannot be read
	CodeCoverage    Code = "signature-coverage"     // something that must be covered is not
	CodeAuthority   Code = "signature-authority"    // signed for another service
	CodeOutdated    Code = "signature-outdated"     // made too long ago, or in the future
	CodeReplayed    Code = "signature-replayed"     //
	CodeBusy        Code = "signature-memory-full"  // no more signatures can be remembered
	CodeDigest      Code = "content-digest"         //
	CodeSandbox     Code = "sandbox-credentials"    //
	CodeForbidden   Code = "role-forbids"           //
	CodeTypeScope   Code = "type-out-of-scope"      //
	CodeNeedsProof  Code = "signature-required"     //
	CodeClerk       Code = "clerk-not-taken"        // a clerk is named who may not be, or so
	CodeLimited     Code = "rate-limited"           //
	CodeChallenge   Code = "login-challenge"        // unknown, used or too old
	CodeNoHolder    Code = "login-certificate"      // a certificate that names no person or firm
	CodeLoggedOut   Code = "login-ended"            // a session that was ended, or was there before a restart

	CodeRegistration        Code = "registration-invalid"
	CodeRegistrationUnknown Code = "registration-unknown"
	CodeTaken               Code = "credential-taken" // registered for somebody else, or twice
)

// Codes lists every refusal of this package.
func Codes() []Code {
	return []Code{
		CodeNobody, CodeUnknown, CodeExpired, CodeRevoked, CodeInvalid, CodeDiffer, CodeUnchecked, CodeNoTokenKeys,
		CodeMalformed,
		CodeCoverage, CodeAuthority, CodeOutdated, CodeReplayed, CodeBusy, CodeDigest, CodeSandbox, CodeForbidden,
		CodeTypeScope, CodeNeedsProof, CodeClerk, CodeLimited, CodeChallenge, CodeNoHolder, CodeLoggedOut,
		CodeRegistration, CodeRegistrationUnknown, CodeTaken,
	}
}

// ErrNobody is a request without a proof of who sent it.
var ErrNobody = errors.New("identity: no credentials")

// Refusal is why somebody was not recognised, or why something of his was refused. Its text holds nothing that was
// submitted.
type Refusal struct { //nolint:errname // the word of the interface: a caller is refused
	Code Code
	Path string // JSON pointer, header or component that is wrong; "": the whole
	Err  error  // what it wraps, or nil
}

// Error names the code.
func (r *Refusal) Error() string { return "identity: " + string(r.Code) }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse makes a refusal.
func Refuse(code Code) error { return &Refusal{Code: code} }

// refuseAt is a registration of which a member is wrong.
func refuseAt(path string) error { return &Refusal{Code: CodeRegistration, Path: path} }

// Nobody is the refusal of a request without credentials.
func Nobody() error { return &Refusal{Code: CodeNobody, Err: ErrNobody} }

// CodeOf is the code of a refusal; "" if err is none.
func CodeOf(err error) Code {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
