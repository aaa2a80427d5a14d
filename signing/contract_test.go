package signing_test

import (
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
)

// The vault's contracts are kept.
var (
	_ vault.RecordSigner = (*signing.Custody)(nil)
	_ vault.VaultSigner  = (*signing.VaultSigner)(nil)
)
