// Package identity tells who is calling (身份认证): systems of departments by mutual TLS or by a signature on the message,
// staff and applicants by tokens, the sandbox by bearer keys. It decides who somebody is and which role that gives;
// what a role may do stands in permission.go, what a caller may see is decided by the vault.
//
// Whoever cannot be told is refused: there is no anonymous caller with rights. Nothing of a credential is ever logged.
package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/elicense/elicense/vault"
)

// Method is how a caller proved who it is.
type Method string

// The methods.
const (
	MethodTLS         Method = "mtls"        // certificate of the TLS connection
	MethodSignature   Method = "signature"   // RFC 9421 with the SM2 certificate that is registered
	MethodToken       Method = "token"       // OIDC
	MethodCertificate Method = "certificate" // login by SM2 challenge and response
	MethodKey         Method = "key"         // bearer key, in a sandbox only
)

// Caller is somebody who proved who it is. The zero value is nobody and may nothing.
type Caller struct {
	ID         string // as registered in the vault (vault.Caller)
	Role       Role
	Method     Method
	Department string   // USCC; "" for holders
	Types      []string // the only types it may touch; nil: those of its department
	Self       string   // number of the person behind the system, where the token says it; for alarms alone
	Actor      string   // the person behind the system, as the audit names him; "" if it is the system itself

	// Holder is the applicant who is calling, for RoleHolder and RoleAgent.
	Holder  *Subject
	Level   vault.Level // how strongly Holder logged in
	Expires time.Time   // when the proof ends; zero: with the request

	Registration string // of a system; "" for persons
	Quota        Quota  // of its own; zero: that of the service
	Sharing      *Sharing
	Message      string // id of the request, set by who serves it; "": none
	// MustSign: a write that is not Signed is to be refused.
	MustSign bool
	Signed   bool // the message itself is signed
	// Connected: the certificate of the connection is registered for it.
	Connected bool
	// Repeated: this very signature was seen before. Only what answers a repetition with the first answer may go on.
	Repeated bool

	body *checkedBody // content whose digest was signed; nil: none
}

// Subject is a person or firm.
type Subject struct {
	Kind string // 持证主体代码类型代码
	Code string
	Name string
}

// Recogniser tells who sent a request. It is safe for concurrent use. It must not read the body beyond what its proof
// covers, must leave the body readable, and answers an error that wraps ErrNobody if the request carries no proof that
// it knows, any other *Refusal if it carries one that does not hold. It makes nothing durable but marks of signatures
// that hold.
type Recogniser interface {
	Recognise(r *http.Request) (*Caller, error)
}

type contextKey struct{}

// With gives a context that knows its caller.
func With(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// From is the caller of a context; nil if there is none.
func From(ctx context.Context) *Caller {
	c, _ := ctx.Value(contextKey{}).(*Caller)
	return c
}
