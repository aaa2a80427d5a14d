package ses

import "golang.org/x/crypto/cryptobyte"

// encode is what the continuation builds, nil if it cannot be built.
func encode(f cryptobyte.BuilderContinuation) []byte {
	b := cryptobyte.NewBuilder(nil)
	f(b)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}
