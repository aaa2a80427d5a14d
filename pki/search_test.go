package pki_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func keyID(id string) change {
	return func(c *smx509.Certificate) { c.SubjectKeyId = []byte(id) }
}

// path verifies and gives the names of the certificates, leaf first.
func path(t *testing.T, leaf *node, options pki.ChainOptions) []string {
	t.Helper()
	options.At, options.Usage = now, pki.UsageDigitalSignature
	chain, err := pki.VerifyChain(leaf.Certificate, options)
	require.NoError(t, err)
	var subjects []string
	for _, c := range chain.Certificates {
		subjects = append(subjects, c.Holder.CommonName)
	}
	return subjects
}

// TestCrossCertificates: a root that is not trusted is reached through another authority that certified its key.
func TestCrossCertificates(t *testing.T) {
	trusted, key := forge(t, nil, "trusted", isCA), newKey(t)
	foreignRoot := forgeKey(t, nil, "foreign", key, isCA)
	cross := forgeKey(t, trusted, "foreign", key, isCA)
	sub := forge(t, foreignRoot, "sub", isCA)
	leaf := forge(t, sub, "leaf")
	options := pki.ChainOptions{Anchors: anchors(t, trusted.Certificate)}
	options.Pool = pki.NewPool(nil, foreignRoot.Certificate, sub.Certificate, cross.Certificate, cross.Certificate)
	require.Equal(t, 3, options.Pool.Len())
	require.Equal(t, []string{"leaf", "sub", "foreign", "trusted"}, path(t, leaf, options))
	require.Len(t, options.Pool.Named(foreignRoot.SubjectName), 2)
	require.Empty(t, options.Pool.Named(leaf.SubjectName))
	require.Zero(t, (*pki.Pool)(nil).Len())
	require.Empty(t, (*pki.Pool)(nil).Named(leaf.SubjectName))
}

// TestKeyRollover: an authority with a new key is linked to its old one in both directions (RFC 4210, 4.4).
func TestKeyRollover(t *testing.T) {
	oldKey, freshKey := newKey(t), newKey(t)
	old := forgeKey(t, nil, "root", oldKey, isCA, keyID("old"))
	fresh := forgeKey(t, nil, "root", freshKey, isCA, keyID("new"))
	freshByOld := forgeKey(t, old, "root", freshKey, isCA, keyID("new"))
	oldByFresh := forgeKey(t, fresh, "root", oldKey, isCA, keyID("old"))
	pool := []*pki.Certificate{freshByOld.Certificate, oldByFresh.Certificate}
	for name, test := range map[string]struct{ anchor, issuer *node }{
		"old anchor, old key": {old, old}, "old anchor, new key": {old, fresh},
		"new anchor, old key": {fresh, old}, "new anchor, new key": {fresh, fresh},
	} {
		got := path(t, forge(t, test.issuer, "leaf"), pki.ChainOptions{Anchors: anchors(t, test.anchor.Certificate), Intermediates: pool})
		want := []string{"leaf", "root"}
		if test.anchor != test.issuer {
			want = append(want, "root")
		}
		require.Equal(t, want, got, name)
	}
}

// TestKeyIdentifierIsAHint: the key that is named is tried first, and another one is tried all the same.
func TestKeyIdentifierIsAHint(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	right := forge(t, root, "sub", isCA, keyID("right"))
	pool := []*pki.Certificate{}
	for range 10 {
		pool = append(pool, forge(t, root, "sub", isCA, keyID("wrong")).Certificate)
	}
	pool = append(pool, right.Certificate)
	leaf := forge(t, right, "leaf")
	options := pki.ChainOptions{Anchors: anchors(t, root.Certificate), Intermediates: pool, MaxSignatures: 2}
	require.Equal(t, []string{"leaf", "sub", "root"}, path(t, leaf, options), "two checks are enough")

	renamed := forgeKey(t, root, "sub", right.key, isCA, keyID("computed otherwise"))
	options = pki.ChainOptions{Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{renamed.Certificate}}
	require.Equal(t, []string{"leaf", "sub", "root"}, path(t, leaf, options))
}

// TestSerialIsAHint: without a key identifier issuer and serial number say which certificate it was.
func TestSerialIsAHint(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	first, second := forge(t, root, "sub", isCA), forge(t, root, "sub", isCA)
	pieces := craft(t, second)
	serial := positive(second.Serial.Bytes())[2:]
	pieces.add(ext("\x55\x1d\x23", false, seq(tlv(0xa1, tlv(0xa4, root.RawSubject)), tlv(0x82, serial))))
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{first.Certificate, second.Certificate},
		MaxSignatures: 2,
	}
	require.Equal(t, []string{"crafted", "sub", "root"}, path(t, pieces.node(t), options))
}

// TestNearestRefusal: of several faults the one on the way that came nearest to an anchor is told.
func TestNearestRefusal(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	key := newKey(t)
	ended := func(c *smx509.Certificate) { c.NotAfter = past.AddDate(0, 1, 0) }
	lost := forgeKey(t, forge(t, nil, "nobody", isCA), "sub", key, isCA)
	expired := forgeKey(t, root, "sub", key, isCA, ended)
	upper := forge(t, root, "upper", isCA, ended)
	deep := forgeKey(t, upper, "sub", key, isCA)
	leaf := forge(t, lost, "leaf")
	for _, test := range []struct {
		name string
		pool []*node
		want pki.Reason
		at   string
	}{
		{"nothing", nil, pki.ReasonUnknownIssuer, "leaf"},
		{"a dead end", []*node{lost}, pki.ReasonUnknownIssuer, "sub"},
		{"expired", []*node{expired}, pki.ReasonExpired, "sub"},
		{"expired, and a way that goes further", []*node{expired, lost}, pki.ReasonUnknownIssuer, "sub"},
		{"a dead end, then expired", []*node{lost, expired}, pki.ReasonUnknownIssuer, "sub"},
		{"expired one above", []*node{expired, lost, deep, upper}, pki.ReasonExpired, "upper"},
		{"expired one above, first", []*node{upper, deep, lost, expired}, pki.ReasonExpired, "upper"},
	} {
		options := pki.ChainOptions{Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature}
		for _, n := range test.pool {
			options.Intermediates = append(options.Intermediates, n.Certificate)
		}
		_, err := pki.VerifyChain(leaf.Certificate, options)
		var refused *pki.RefusalError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, test.want, refused.Reason, test.name)
		require.Contains(t, refused.Subject, "CN="+test.at+",", test.name)
		require.NotEmpty(t, refused.Detail)
	}
}

// TestLinkCache: a link that was verified is not verified again, and nothing else is left out.
func TestLinkCache(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sub := forge(t, root, "sub", isCA)
	leaf := forge(t, sub, "leaf")
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, MaxSignatures: 1,
		Links: pki.NewLinkCache(4), At: now, Usage: pki.UsageDigitalSignature,
	}
	_, err := pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err), "nothing is known yet")
	warm := options
	warm.MaxSignatures = 0
	_, err = pki.VerifyChain(leaf.Certificate, warm)
	require.NoError(t, err)
	_, err = pki.VerifyChain(leaf.Certificate, options)
	require.NoError(t, err, "one check is enough")

	crossed := options
	crossed.CrossCheck = true
	_, err = pki.VerifyChain(leaf.Certificate, crossed)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err), "one opinion is not two")
	late := options
	late.At = future.AddDate(1, 0, 0)
	_, err = pki.VerifyChain(leaf.Certificate, late)
	require.Equal(t, pki.ReasonExpired, pki.ReasonOf(err))
	stranger := options
	stranger.Anchors = anchors(t, forge(t, nil, "root", isCA).Certificate)
	stranger.MaxSignatures = 2
	_, err = pki.VerifyChain(leaf.Certificate, stranger)
	require.Equal(t, pki.ReasonBadSignature, pki.ReasonOf(err), "the link to another key")
	nobody := options
	nobody.Links = nil
	_, err = pki.VerifyChain(leaf.Certificate, nobody)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err), "without a cache")
}

// TestLinkCacheForgets: it is bounded, keeps what is used, and may be shared.
func TestLinkCacheForgets(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	links := pki.NewLinkCache(4)
	verify := func(sub *node, signatures int) error {
		_, err := pki.VerifyChain(forge(t, sub, "leaf").Certificate, pki.ChainOptions{
			Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, Links: links,
			MaxSignatures: signatures, At: now, Usage: pki.UsageDigitalSignature,
		})
		return err
	}
	kept, lost := forge(t, root, "kept", isCA), forge(t, root, "lost", isCA)
	require.NoError(t, verify(lost, 2))
	require.NoError(t, verify(kept, 2))
	for range 8 {
		require.NoError(t, verify(forge(t, root, "other", isCA), 2))
		require.NoError(t, verify(kept, 1), "it was used all the time")
		require.LessOrEqual(t, pki.LinksHeld(links), 4)
	}
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(verify(lost, 1)))
	require.NoError(t, verify(kept, 2))
	var group sync.WaitGroup
	others := []*node{forge(t, root, "a", isCA), forge(t, root, "b", isCA)}
	for i := range 8 {
		group.Go(func() { _ = verify(others[i%2], 2) })
	}
	group.Wait()
	require.Equal(t, 1, pki.LinksHeld(pki.NewLinkCache(0))+1, "an empty one is usable")
}
