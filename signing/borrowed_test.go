package signing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/signing"
)

// TestBorrowed: without attributes nothing tells what kind of thing a signature is over. What another kind of signature
// covers is not signed as a file, lest the value be passed off as that; with attributes it is.
func TestBorrowed(t *testing.T) {
	w := newSealWorld(t)
	attributes, err := cms.SignedAttributes([]byte("从未签署的文件"), now)
	require.NoError(t, err)
	value, err := w.sealer(t, w.seal(t, w.spec())).Value(t.Context(), signatureXML, signaturePath)
	require.NoError(t, err)
	sealed, err := ses.ParseSignature(value)
	require.NoError(t, err)
	world := newWorld(t, now)
	own := world.signer(t, func(c *signing.Config) { c.WithAttributes = true })
	config := world.config()
	plain := newSigner(t, config)
	remote, err := signing.NewRemote(config)
	require.NoError(t, err)
	config.WithAttributes = true
	with := newSigner(t, config)
	for name, content := range map[string][]byte{
		"attributes": attributes, "use of a seal": sealed.SignedBytes(),
		"request": []byte("\"@method\": POST\n\"@path\": /api/v1/licences\n\"@signature-params\": (\"@method\" \"@path\");created=1"),
	} {
		other, err := own.Detached(t.Context(), content)
		require.NoError(t, err)
		for way, sign := range map[string]func() ([]byte, error){
			"detached": func() ([]byte, error) { return plain.Detached(t.Context(), content) },
			"attached": func() ([]byte, error) { return plain.Attached(t.Context(), content) },
			"added":    func() ([]byte, error) { return plain.AddTo(t.Context(), other, content) },
		} {
			got, err := sign()
			require.ErrorIs(t, err, signing.ErrBorrowed, name+" "+way)
			require.Nil(t, got)
		}
		draft, err := remote.PrepareDetached(content)
		require.ErrorIs(t, err, signing.ErrBorrowed, name)
		require.Nil(t, draft)
		der, err := with.Detached(t.Context(), content)
		require.NoError(t, err, name)
		require.NotEmpty(t, der)
	}
}
