package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

func anchors(t testing.TB, certificates ...*pki.Certificate) *pki.Anchors {
	t.Helper()
	a, err := pki.NewAnchors(certificates...)
	require.NoError(t, err)
	return a
}

func verify(t testing.TB, leaf, sub, root *node) (*pki.Chain, error) {
	t.Helper()
	return pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate},
		At: now, Usage: pki.UsageDigitalSignature,
	})
}

func TestVerifyChain(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sub := forge(t, root, "sub", isCA, pathLength(0), func(c *smx509.Certificate) { c.NotAfter = now.AddDate(0, 1, 0) })
	leaf := forge(t, sub, "leaf", func(c *smx509.Certificate) { c.NotBefore = now.AddDate(0, -1, 0) })
	for _, cross := range []bool{false, true} {
		chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
			Anchors:       anchors(t, root.Certificate, root.Certificate),
			Intermediates: []*pki.Certificate{nil, sub.Certificate},
			At:            now, Usage: pki.UsageDigitalSignature, CrossCheck: cross,
		})
		require.NoError(t, err)
		require.Equal(t, []*pki.Certificate{leaf.Certificate, sub.Certificate, root.Certificate}, chain.Certificates)
		require.Equal(t, leaf.NotBefore, chain.NotBefore)
		require.Equal(t, sub.NotAfter, chain.NotAfter)
		require.True(t, chain.ValidAt(chain.NotBefore) && chain.ValidAt(chain.NotAfter))
		require.False(t, chain.ValidAt(chain.NotBefore.Add(-1)) || chain.ValidAt(chain.NotAfter.Add(1)))
	}
}

// Each refusal has its reason.
func TestVerifyChainRefuses(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sub := forge(t, root, "sub", isCA)
	expired := func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Second) }
	early := func(c *smx509.Certificate) { c.NotBefore = now.Add(time.Second) }
	usage := func(u smx509.KeyUsage) change { return func(c *smx509.Certificate) { c.KeyUsage = u } }
	unknown := extension(asn1.ObjectIdentifier{1, 2, 3}, true, []byte{5, 0})
	noCA := func(c *smx509.Certificate) { c.IsCA = false; c.MaxPathLen = 0; c.KeyUsage = forCA }
	twin := forge(t, root, "sub", isCA) // same name and key identifier, other key
	oldRoot := forge(t, nil, "root", isCA, expired)
	lowRoot := forge(t, nil, "root", isCA, pathLength(0))
	for _, test := range []struct {
		name            string
		leaf, sub, root *node
		want            pki.Reason
	}{
		{"leaf expired", forge(t, sub, "leaf", expired), sub, root, pki.ReasonExpired},
		{"leaf not yet valid", forge(t, sub, "leaf", early), sub, root, pki.ReasonNotYetValid},
		{"leaf without key usage", forge(t, sub, "leaf", usage(0)), sub, root, pki.ReasonKeyUsage},
		{"leaf for encryption", forge(t, sub, "leaf", usage(smx509.KeyUsageKeyEncipherment)), sub, root,
			pki.ReasonKeyUsage},
		{"leaf with unknown critical extension", forge(t, sub, "leaf", unknown), sub, root, pki.ReasonExtension},
		{"issuer missing", forge(t, forge(t, root, "other", isCA), "leaf"), sub, root, pki.ReasonUnknownIssuer},
		{"root not trusted", forge(t, sub, "leaf"), sub, forge(t, nil, "other root", isCA), pki.ReasonUnknownIssuer},
		{"root of the same name", forge(t, sub, "leaf"), sub, forge(t, nil, "root", isCA), pki.ReasonBadSignature},
		{"signed by another key", forge(t, twin, "leaf"), sub, root, pki.ReasonBadSignature},
		{"other key identifier", forge(t, twin, "leaf", func(c *smx509.Certificate) {
			twin.template.SubjectKeyId = []byte("other")
		}), sub, root, pki.ReasonUnknownIssuer},
		{"self-signed leaf", forge(t, nil, "leaf"), sub, root, pki.ReasonUnknownIssuer},
	} {
		t.Run(test.name, func(t *testing.T) {
			chain, err := verify(t, test.leaf, test.sub, test.root)
			require.Equal(t, test.want, pki.ReasonOf(err), "%v", err)
			require.Nil(t, chain)
		})
	}
	for _, test := range []struct {
		name      string
		root      *node
		subChange []change
		want      pki.Reason
	}{
		{"issuer expired", root, []change{isCA, expired}, pki.ReasonExpired},
		{"issuer not yet valid", root, []change{isCA, early}, pki.ReasonNotYetValid},
		{"issuer is no CA", root, []change{noCA}, pki.ReasonNotCA},
		{"issuer may not sign certificates", root, []change{isCA, usage(smx509.KeyUsageCRLSign)}, pki.ReasonKeyUsage},
		{"issuer without key usage", root, []change{isCA, usage(0)}, pki.ReasonKeyUsage},
		{"issuer with unknown critical extension", root, []change{isCA, unknown}, pki.ReasonExtension},
		{"anchor expired", oldRoot, []change{isCA}, pki.ReasonExpired},
		{"anchor allows no CA below", lowRoot, []change{isCA}, pki.ReasonPathLength},
	} {
		t.Run(test.name, func(t *testing.T) {
			sub := forge(t, test.root, "sub", test.subChange...)
			_, err := verify(t, forge(t, sub, "leaf"), sub, test.root)
			require.Equal(t, test.want, pki.ReasonOf(err), "%v", err)
		})
	}
}

// A certificate with a key that is not SM2 reads, and is refused in a chain.
func TestForeignAlgorithmRefused(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := forge(t, nil, "foreign", isCA).template
	template.SignatureAlgorithm = smx509.ECDSAWithSHA256
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	require.Nil(t, c.PublicKey)
	_, err = pki.NewAnchors(c)
	require.ErrorIs(t, err, pki.ErrAnchors)
	require.NoError(t, c.CheckIssuedBy(c))
	require.ErrorIs(t, pki.VerifySM2(c.PublicKey, nil, nil), pki.ErrKey)

	root := forge(t, nil, "root", isCA)
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageCertSign,
	})
	require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(err))
}

func TestChainOptionsRefuse(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	leaf := forge(t, root, "leaf")
	good := pki.ChainOptions{Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature}
	for name, change := range map[string]func(*pki.ChainOptions){
		"nil anchors": func(o *pki.ChainOptions) { o.Anchors = nil },
		"no anchors":  func(o *pki.ChainOptions) { o.Anchors = new(pki.Anchors) },
		"no time":     func(o *pki.ChainOptions) { o.At = time.Time{} },
		"no usage":    func(o *pki.ChainOptions) { o.Usage = 0 },
	} {
		o := good
		change(&o)
		_, err := pki.VerifyChain(leaf.Certificate, o)
		require.Equal(t, pki.ReasonOptions, pki.ReasonOf(err), name)
	}
	_, err := pki.VerifyChain(nil, good)
	require.Equal(t, pki.ReasonOptions, pki.ReasonOf(err))
	good.Intermediates = make([]*pki.Certificate, 65)
	_, err = pki.VerifyChain(leaf.Certificate, good)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err))
	_, err = pki.NewAnchors()
	require.ErrorIs(t, err, pki.ErrAnchors)
	_, err = pki.NewAnchors(nil)
	require.ErrorIs(t, err, pki.ErrAnchors)
	_, err = pki.NewAnchors(leaf.Certificate)
	require.ErrorIs(t, err, pki.ErrAnchors)
	require.Empty(t, pki.ReasonOf(nil))
}

// Many keys of one name, each of which could have signed, must not cost more than the budget.
func TestSignatureBudget(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	var pool []*pki.Certificate
	for range 40 {
		pool = append(pool, forge(t, root, "sub", isCA).Certificate)
	}
	leaf := forge(t, forge(t, root, "sub", isCA), "leaf")
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: pool, At: now, Usage: pki.UsageDigitalSignature,
	}
	_, err := pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err))
	options.MaxSignatures = 100
	_, err = pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonBadSignature, pki.ReasonOf(err), "a higher budget sees all of them")
	options.MaxCandidates = 10
	_, err = pki.VerifyChain(leaf.Certificate, options)
	require.Equal(t, pki.ReasonBudget, pki.ReasonOf(err))
}

// Authorities that certify each other in all directions lead nowhere, soon.
func TestLoopsEnd(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	var keys []*sm2.PrivateKey
	for range 4 {
		key, err := sm2.GenerateKey(rand.Reader)
		require.NoError(t, err)
		keys = append(keys, key)
	}
	name := func(i int) string { return fmt.Sprint("ca", i) }
	var all []*node
	for i, key := range keys {
		all = append(all, forgeKey(t, nil, name(i), key, isCA))
	}
	var pool []*pki.Certificate
	for i := range keys {
		for j := range keys {
			pool = append(pool, forgeKey(t, all[j], name(i), keys[i], isCA).Certificate)
		}
	}
	_, err := pki.VerifyChain(forge(t, all[0], "leaf").Certificate, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: pool, At: now, Usage: pki.UsageDigitalSignature,
	})
	require.Equal(t, pki.ReasonLoop, pki.ReasonOf(err))
}

func TestChainTooLong(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	last := root
	var pool []*pki.Certificate
	for i := range 8 {
		last = forge(t, last, fmt.Sprint("sub", i), isCA)
		pool = append(pool, last.Certificate)
	}
	options := pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: pool, At: now, Usage: pki.UsageDigitalSignature,
	}
	_, err := pki.VerifyChain(forge(t, last, "leaf").Certificate, options)
	require.Equal(t, pki.ReasonPathLength, pki.ReasonOf(err))
}

// A second way to an anchor is found when the first candidate fails.
func TestVerifyChainBacktracks(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	dead := forgeKey(t, forge(t, nil, "elsewhere", isCA), "sub", key, isCA)
	live := forgeKey(t, root, "sub", key, isCA)
	leaf := forge(t, live, "leaf")
	chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{dead.Certificate, live.Certificate},
		At: now, Usage: pki.UsageDigitalSignature,
	})
	require.NoError(t, err)
	require.True(t, chain.Certificates[1].Equal(live.Certificate))
}

// No changed bit of a certificate goes unseen.
func TestEveryBitOfACertificateCounts(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	leaf := forge(t, root, "leaf")
	options := pki.ChainOptions{Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature}
	for i := range len(leaf.Raw) * 8 {
		changed := append([]byte(nil), leaf.Raw...)
		changed[i/8] ^= 1 << (i % 8)
		c, err := pki.ParseCertificate(changed)
		if err != nil {
			require.Nil(t, c)
			continue
		}
		_, err = pki.VerifyChain(c, options)
		require.Error(t, err, "bit %d", i)
	}
}

// BenchmarkVerifyChain measures a chain of three parsed certificates beside the bare signature checks it needs, in turn,
// and reports how much longer it takes: with the authority's link remembered one check is needed, without two.
func BenchmarkVerifyChain(b *testing.B) {
	root := forge(b, nil, "root", isCA)
	sub := forge(b, root, "sub", isCA)
	leaf := forge(b, sub, "leaf")
	options := pki.ChainOptions{
		Anchors: anchors(b, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, At: now,
		Usage: pki.UsageDigitalSignature,
	}
	check := func(signer, c *node) {
		if err := pki.VerifySM2(signer.PublicKey, c.RawTBS, c.Signature); err != nil {
			b.Fatal(err)
		}
	}
	run := func(b *testing.B, options pki.ChainOptions, bare func()) {
		b.Helper()
		b.ReportAllocs()
		var chains, checks time.Duration
		for b.Loop() {
			start := time.Now()
			if _, err := pki.VerifyChain(leaf.Certificate, options); err != nil {
				b.Fatal(err)
			}
			middle := time.Now()
			bare()
			chains, checks = chains+middle.Sub(start), checks+time.Since(middle)
		}
		b.ReportMetric(float64(chains)/float64(checks), "x-bare")
		b.ReportMetric(float64(chains.Nanoseconds())/float64(b.N), "ns/chain")
	}
	b.Run("cached", func(b *testing.B) {
		options := options
		options.Links = pki.NewLinkCache(16)
		run(b, options, func() { check(sub, leaf) })
	})
	b.Run("uncached", func(b *testing.B) {
		run(b, options, func() { check(sub, leaf); check(root, sub) })
	})
	b.Run("constrained", func(b *testing.B) {
		options := options
		options.Links = pki.NewLinkCache(16)
		options.Policies.RequireExplicit = true
		sub := forge(b, root, "sub", isCA, policies(p1, p2), constraints(names(dnsName("example.cn"), dirName()), nil))
		leaf = forge(b, sub, "leaf", policies(p1), extension(oid.SubjectAltName.ASN1(), false, seq(dnsName("a.example.cn"))))
		options.Intermediates = []*pki.Certificate{sub.Certificate}
		run(b, options, func() { check(sub, leaf) })
	})
}

func TestSerialIsKept(t *testing.T) {
	n := forge(t, nil, "root", isCA, func(c *smx509.Certificate) { c.SerialNumber = big.NewInt(42) })
	require.Equal(t, int64(42), n.Serial.Int64())
	require.NoError(t, n.CheckIssuedBy(n.Certificate))
	require.Equal(t, pki.ReasonUnknownIssuer, pki.ReasonOf(n.CheckIssuedBy(nil)))
	require.Equal(t, pki.ReasonBadSignature, pki.ReasonOf(n.CheckIssuedBy(forge(t, nil, "root", isCA).Certificate)))
}

// An SM2 signature under the name of another algorithm is no SM2 signature.
func TestMislabelledSignatureRefused(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	sm2WithSM3, sm2WithSHA1 := []byte("\x2a\x81\x1c\xcf\x55\x01\x83\x75"), []byte("\x2a\x81\x1c\xcf\x55\x01\x83\x76")
	relabel := func(b []byte) []byte { return bytes.ReplaceAll(b, sm2WithSM3, sm2WithSHA1) }
	leaf := forge(t, root, "leaf")
	tbs := relabel(leaf.RawTBS)
	value, err := root.PublicKey.Sign(rand.Reader, root.key, tbs)
	require.NoError(t, err)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(sm2WithSHA1) })
		})
		b.AddASN1BitString(value)
	})
	c, err := pki.ParseCertificate(b.BytesOrPanic())
	require.NoError(t, err)
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(err))
}
