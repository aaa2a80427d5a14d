// Package api is what travels between a client and the service: requests, answers and problems, as JSON writes them.
//
// It holds values and no behaviour, so that server and client mean the same by every member. Members are camelCase;
// values of a licence go by the short names of its type, for which the names of GB/T 36903-2018 are accepted. Times are
// RFC 3339, dates YYYY-MM-DD, bytes base64. Nothing personal ever stands in a path or query: it travels in bodies.
package api

// Version is the path under which this version of the interface lives. Within it members are only added.
const Version = "/api/v1"

// Headers of the interface beside those of HTTP.
const (
	HeaderIdempotencyKey = "Idempotency-Key" // on every write, made by the caller, at most 128 characters
	HeaderClerk          = "X-Clerk"         // who acts behind a system, by a name of his department's; for the audit
	HeaderSandbox        = "X-Sandbox"       // on every answer of a sandbox
	HeaderTrace          = "X-Trace-Id"      // on every answer: id of the message, by which it is found again
	HeaderReplayed       = "X-Replayed"      // on the answer to a write that had been carried out before
	HeaderStored         = "X-Stored"        // on answers about files: "used=…, allowed=…", in bytes
)
