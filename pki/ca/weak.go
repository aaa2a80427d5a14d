package ca

import (
	"encoding/hex"
	"math/big"
	"sync"

	"github.com/emmansun/gmsm/sm2"

	"github.com/elicense/elicense/pki"
)

// weakScalars is how many of the smallest private keys, and of the largest, are known to be weak.
const weakScalars = 4096

// publishedKeys are private keys that stand in print: of the examples of GB/T 32918.5-2017, as signer, recipient,
// parties of a key exchange, and as one-time keys.
var publishedKeys = []string{
	"3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8",
	"81eb26e941bb5af16df116495f90695272ae2cd63d6c4ae1678418be48230029",
	"785129917d45a9ea5437a59356b82338eaadda6ceb199088f14ae10defa229b5",
	"59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21",
	"d4de15474db74d06491c440d305e012400990f3e390c7e87153c12db2ea60bb3",
	"7e07124814b309489125eaed101113164ebf0f3458c5bd88335c1f9d596243d6",
}

// weakAbscissas are the X coordinates of weak keys. P and -P share theirs, so the largest scalars are among them.
var weakAbscissas = sync.OnceValue(func() map[[32]byte]bool {
	list := make(map[[32]byte]bool, weakScalars+len(publishedKeys))
	add := func(d *big.Int) {
		if key, err := sm2.NewPrivateKeyFromInt(d); err == nil {
			var x [32]byte
			key.X.FillBytes(x[:])
			list[x] = true
		}
	}
	for d := int64(1); d <= weakScalars; d++ {
		add(big.NewInt(d))
	}
	for _, text := range publishedKeys {
		if d, ok := new(big.Int).SetString(text, 16); ok {
			add(d)
		}
	}
	return list
})

// checkWeak refuses a key whose private half everybody knows or can guess.
func checkWeak(public *pki.PublicKey) error {
	if weakAbscissas()[[32]byte(public.Point()[1:33])] {
		return refuse(ErrKey, ReasonWeakKey, "private key is known or easily found")
	}
	return nil
}

// keyDigestText is how a key is named to people.
func keyDigestText(digest [32]byte) string { return hex.EncodeToString(digest[:]) }
