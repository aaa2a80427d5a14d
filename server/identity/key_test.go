package identity_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server/identity"
)

// TestKeys: a key is known as a whole or not at all; what looks like a token is left to others.
func TestKeys(t *testing.T) {
	t.Parallel()
	var keys identity.Keys
	keys.Add("sandbox-a", identity.Caller{ID: "a", Role: identity.RoleReviewer, Method: identity.MethodTLS})
	keys.Add("sandbox-b", identity.Caller{ID: "b"})
	c, err := keys.Recognise(bearer("sandbox-a"))
	require.NoError(t, err)
	require.Equal(t, "a", c.ID)
	require.Equal(t, identity.MethodKey, c.Method)
	c.Role = identity.RoleOperator
	c, err = keys.Recognise(bearer("sandbox-a"))
	require.NoError(t, err)
	require.Equal(t, identity.RoleReviewer, c.Role, "what is given out is a copy")

	for text, want := range map[string]identity.Code{
		"sandbox-": identity.CodeUnknown, "sandbox-ab": identity.CodeUnknown, "": identity.CodeUnknown,
		"a.b.c": identity.CodeNobody, strings.Repeat("x", 257): identity.CodeInvalid,
	} {
		c, err = keys.Recognise(bearer(text))
		refused(t, want, c, err)
	}
	c, err = keys.Recognise(httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	refused(t, identity.CodeNobody, c, err)
}

// TestNoKeys: a production service takes no key, and says of a sandbox's what it is.
func TestNoKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]identity.Code{
		"sandbox-a": identity.CodeSandbox, "login-x": identity.CodeUnknown, "a.b.c": identity.CodeUnknown,
	} {
		c, err := identity.NoKeys{}.Recognise(bearer(text))
		refused(t, want, c, err)
	}
	r := bearer("x")
	r.Header.Set("Authorization", "Basic x")
	c, err := identity.NoKeys{}.Recognise(r)
	refused(t, identity.CodeNobody, c, err)
}

// known recognises every request as one caller's.
type known struct{ caller *identity.Caller }

func (k known) Recognise(*http.Request) (*identity.Caller, error) { return k.caller, nil }

// TestChain: the first who knows the proof decides, and a proof that does not hold is not made good by one beside it; a
// system that bears a token is two callers.
func TestChain(t *testing.T) {
	t.Parallel()
	var keys identity.Keys
	keys.Add("sandbox-a", identity.Caller{ID: "a"})
	h := newHall(t, nil)
	chain := identity.Chain{h.tokens, &keys}
	c, err := chain.Recognise(bearer("sandbox-a"))
	require.NoError(t, err)
	require.Equal(t, "a", c.ID)
	c, err = identity.Chain{identity.NoKeys{}, &keys}.Recognise(bearer("sandbox-a"))
	refused(t, identity.CodeSandbox, c, err)
	of := &identity.Caller{ID: "a", Registration: "system"}
	c, err = identity.Chain{known{of}, h.tokens}.Recognise(httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	require.NoError(t, err)
	require.Equal(t, of, c)
	c, err = identity.Chain{known{of}, h.tokens}.Recognise(bearer("whatever"))
	refused(t, identity.CodeDiffer, c, err)
	c, err = identity.Chain{}.Recognise(bearer("sandbox-a"))
	refused(t, identity.CodeNobody, c, err)
	c, err = chain.Recognise(httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	refused(t, identity.CodeNobody, c, err)
	require.ErrorIs(t, err, identity.ErrNobody)
}
