package server

import (
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// firstOnly refuses a repetition of what was not carried out: whoever has recorded a request that came to nothing must
// not have it carried out later. The vault does the same for its own writes; an operation that is marked with again
// asks here before it does anything that its key does not stand for already.
func firstOnly(c *identity.Caller) error {
	if !c.Repeated {
		return nil
	}
	return refusedAs(vault.ErrDenied, vault.CodeRepeated, "key")
}
