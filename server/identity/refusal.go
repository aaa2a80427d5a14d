package identity

import "errors"

// Code is the stable name of a refusal.
type Code string

// The refusals.
const (
	CodeNobody     Code = "credentials-missing"
	CodeUnknown    Code = "credentials-unknown"
	CodeExpired    Code = "credentials-expired"
	CodeRevoked    Code = "credentials-revoked"
	CodeInvalid    Code = "credentials-invalid"
	CodeReplayed   Code = "signature-replayed"
	CodeDigest     Code = "content-digest"
	CodeSandbox    Code = "sandbox-credentials"
	CodeForbidden  Code = "role-forbids"
	CodeTypeScope  Code = "type-out-of-scope"
	CodeNeedsProof Code = "signature-required"
)

// ErrNobody is a request without a proof of who sent it.
var ErrNobody = errors.New("identity: no credentials")

// Refusal is why somebody was not recognised. Its text holds nothing that was submitted.
type Refusal struct { //nolint:errname // the word of the interface: a caller is refused
	Code Code
	Err  error // what it wraps, or nil
}

// Error names the code.
func (r *Refusal) Error() string { return "identity: " + string(r.Code) }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse makes a refusal.
func Refuse(code Code) error { return &Refusal{Code: code} }

// Nobody is the refusal of a request without credentials.
func Nobody() error { return &Refusal{Code: CodeNobody, Err: ErrNobody} }
