package identity

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

// maxKeyBytes bounds a bearer key.
const maxKeyBytes = 256

// Keys recognises callers by bearer keys (RFC 6750), of which it knows the digests only. A key is as good as its
// secrecy, so keys are for sandboxes: whoever opens a production service does not put one into its chain.
type Keys struct {
	known []knownKey
}

type knownKey struct {
	digest [sm3.Size]byte
	caller Caller
}

var _ Recogniser = (*Keys)(nil)

// Add makes a key known. Not for use while requests are answered.
func (k *Keys) Add(key string, c Caller) {
	c.Method = MethodKey
	k.known = append(k.known, knownKey{sm3.Sum([]byte(key)), c})
}

// SandboxPrefix begins the keys of sandboxes, so that one that strays is told apart.
const SandboxPrefix = "sandbox-"

// NoKeys stands where Keys would in a production service: it knows no key, and says so of those of a sandbox.
type NoKeys struct{}

var _ Recogniser = NoKeys{}

// Recognise refuses every bearer that nobody before it has recognised.
func (NoKeys) Recognise(r *http.Request) (*Caller, error) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case !ok || !strings.EqualFold(scheme, "Bearer"):
		return nil, Nobody()
	case strings.HasPrefix(key, SandboxPrefix):
		return nil, Refuse(CodeSandbox)
	}
	return nil, Refuse(CodeUnknown)
}

// Recognise reads the header Authorization.
func (k *Keys) Recognise(r *http.Request) (*Caller, error) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.Count(key, ".") == 2 { // three parts: a token
		return nil, Nobody()
	}
	if len(key) > maxKeyBytes {
		return nil, Refuse(CodeInvalid)
	}
	digest := sm3.Sum([]byte(key))
	for i := range k.known {
		if subtle.ConstantTimeCompare(digest[:], k.known[i].digest[:]) == 1 {
			c := k.known[i].caller
			return &c, nil
		}
	}
	return nil, Refuse(CodeUnknown)
}
