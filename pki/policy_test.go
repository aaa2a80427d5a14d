package pki_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Policies of the tests.
const (
	p1 oid.ID = "\x2a\x01"
	p2 oid.ID = "\x2a\x02"
	p3 oid.ID = "\x2a\x03"
)

func policies(ids ...oid.ID) change {
	var list [][]byte
	for _, id := range ids {
		list = append(list, seq(oidDER(id)))
	}
	return extension(oid.CertificatePolicies.ASN1(), false, seq(list...))
}

func mapping(pairs ...oid.ID) change {
	var list [][]byte
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, seq(oidDER(pairs[i]), oidDER(pairs[i+1])))
	}
	return extension(oid.PolicyMappings.ASN1(), true, seq(list...))
}

func requireExplicit(n byte) change {
	return extension(oid.PolicyConstraints.ASN1(), true, seq([]byte{0x80, 1, n}))
}

func inhibitMapping(n byte) change {
	return extension(oid.PolicyConstraints.ASN1(), true, seq([]byte{0x81, 1, n}))
}

func inhibitAny(n byte) change { return extension(oid.InhibitAnyPolicy.ASN1(), true, []byte{2, 1, n}) }

// TestPolicies goes through the rules one by one; PKITS puts them together.
func TestPolicies(t *testing.T) {
	explicit := pki.PolicyOptions{RequireExplicit: true}
	for _, test := range []struct {
		name      string
		sub, leaf []change
		options   pki.PolicyOptions
		scope     []oid.ID
		want      []oid.ID // that hold
		refused   bool
	}{
		{name: "none anywhere"},
		{name: "none anywhere, one required", options: explicit, refused: true},
		{name: "the same", sub: []change{policies(p1)}, leaf: []change{policies(p1)}, options: explicit, want: []oid.ID{p1}},
		{name: "two of three", sub: []change{policies(p1, p2)}, leaf: []change{policies(p2, p3)}, options: explicit, want: []oid.ID{p2}},
		{name: "different", sub: []change{policies(p1)}, leaf: []change{policies(p2)}},
		{name: "different, one required", sub: []change{policies(p1)}, leaf: []change{policies(p2)}, options: explicit, refused: true},
		{name: "different, required by the authority", sub: []change{policies(p1), requireExplicit(0)}, leaf: []change{policies(p2)}, refused: true},
		{name: "required after one more", sub: []change{policies(p1), requireExplicit(1)}, leaf: []change{policies(p2)}, refused: true},
		{name: "required after two more", sub: []change{policies(p1), requireExplicit(2)}, leaf: []change{policies(p2)}},
		{name: "required by the leaf itself", sub: []change{policies(p1)}, leaf: []change{policies(p2), requireExplicit(0)}, refused: true},
		{name: "acceptable", sub: []change{policies(p1, p2)}, leaf: []change{policies(p1, p2)},
			options: pki.PolicyOptions{RequireExplicit: true, Acceptable: []oid.ID{p2, p3}}, want: []oid.ID{p2}},
		{name: "not acceptable", sub: []change{policies(p1)}, leaf: []change{policies(p1)},
			options: pki.PolicyOptions{RequireExplicit: true, Acceptable: []oid.ID{p2}}, refused: true},
		{name: "not acceptable, none required", sub: []change{policies(p1)}, leaf: []change{policies(p1)},
			options: pki.PolicyOptions{Acceptable: []oid.ID{p2}}},
		{name: "any above", sub: []change{policies(oid.AnyPolicy)}, leaf: []change{policies(p1)}, options: explicit, want: []oid.ID{p1}},
		{name: "any below", sub: []change{policies(p1)}, leaf: []change{policies(oid.AnyPolicy)}, options: explicit, want: []oid.ID{p1}},
		{name: "any everywhere", sub: []change{policies(oid.AnyPolicy)}, leaf: []change{policies(oid.AnyPolicy)}, options: explicit,
			want: []oid.ID{oid.AnyPolicy}},
		{name: "any everywhere, acceptable", sub: []change{policies(oid.AnyPolicy)}, leaf: []change{policies(oid.AnyPolicy)},
			options: pki.PolicyOptions{RequireExplicit: true, Acceptable: []oid.ID{p3}}, want: []oid.ID{p3}},
		{name: "any inhibited by the caller", sub: []change{policies(oid.AnyPolicy)}, leaf: []change{policies(p1)},
			options: pki.PolicyOptions{RequireExplicit: true, InhibitAny: true}, refused: true},
		{name: "any inhibited by the authority", sub: []change{policies(p1), inhibitAny(0)}, leaf: []change{policies(oid.AnyPolicy)},
			options: explicit, refused: true},
		{name: "any inhibited after one more", sub: []change{policies(p1), inhibitAny(1)}, leaf: []change{policies(oid.AnyPolicy)},
			options: explicit, want: []oid.ID{p1}},
		{name: "mapped", sub: []change{policies(p1), mapping(p1, p2)}, leaf: []change{policies(p2)}, options: explicit, want: []oid.ID{p1}},
		{name: "mapped, the old one below", sub: []change{policies(p1), mapping(p1, p2)}, leaf: []change{policies(p1)}, options: explicit, refused: true},
		{name: "mapped from any", sub: []change{policies(oid.AnyPolicy), mapping(p1, p2)}, leaf: []change{policies(p2)}, options: explicit,
			want: []oid.ID{p1}},
		{name: "mapped to two", sub: []change{policies(p1), mapping(p1, p2, p1, p3)}, leaf: []change{policies(p3)}, options: explicit, want: []oid.ID{p1}},
		{name: "mapping inhibited by the caller", sub: []change{policies(p1), mapping(p1, p2)}, leaf: []change{policies(p2)},
			options: pki.PolicyOptions{RequireExplicit: true, InhibitMapping: true}, refused: true},
		{name: "mapping of any", sub: []change{policies(p1), mapping(oid.AnyPolicy, p2)}, leaf: []change{policies(p1)}, refused: true},
		{name: "mapping to any", sub: []change{policies(p1), mapping(p1, oid.AnyPolicy)}, leaf: []change{policies(p1)}, refused: true},
		{name: "scope", sub: []change{policies(p1, p2)}, leaf: []change{policies(p1, p2)}, scope: []oid.ID{p2}, want: []oid.ID{p2}},
		{name: "scope, other policy", sub: []change{policies(p1)}, leaf: []change{policies(p1)}, scope: []oid.ID{p2}, refused: true},
		{name: "scope and caller meet", sub: []change{policies(p1, p2)}, leaf: []change{policies(p1, p2)}, scope: []oid.ID{p1, p2},
			options: pki.PolicyOptions{Acceptable: []oid.ID{p2, p3}}, want: []oid.ID{p2}},
		{name: "scope and caller do not meet", sub: []change{policies(p1, p2)}, leaf: []change{policies(p1, p2)}, scope: []oid.ID{p1},
			options: pki.PolicyOptions{Acceptable: []oid.ID{p2}}, refused: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := forge(t, nil, "root", isCA)
			sub := forge(t, root, "sub", append([]change{isCA}, test.sub...)...)
			leaf := forge(t, sub, "leaf", test.leaf...)
			scope := strict()
			scope.Policies = test.scope
			chain, err := pki.VerifyChain(leaf.Certificate, pki.ChainOptions{
				Anchors: scoped(t, scope, root.Certificate), Intermediates: []*pki.Certificate{sub.Certificate}, At: now,
				Usage: pki.UsageDigitalSignature, Policies: test.options,
			})
			if test.refused {
				require.Equal(t, pki.ReasonPolicy, pki.ReasonOf(err), "%v", err)
				return
			}
			require.NoError(t, err)
			require.ElementsMatch(t, test.want, chain.Policies)
		})
	}
}

// TestMappingInhibitedBelow: an authority inhibits what those below it would map.
func TestMappingInhibitedBelow(t *testing.T) {
	for limit, refused := range map[byte]bool{0: true, 1: false} {
		root := forge(t, nil, "root", isCA)
		upper := forge(t, root, "upper", isCA, policies(p1), inhibitMapping(limit))
		lower := forge(t, upper, "lower", isCA, policies(p1), mapping(p1, p2))
		chain, err := pki.VerifyChain(forge(t, lower, "leaf", policies(p2)).Certificate, pki.ChainOptions{
			Anchors: anchors(t, root.Certificate), Intermediates: []*pki.Certificate{upper.Certificate, lower.Certificate},
			At: now, Usage: pki.UsageDigitalSignature, Policies: pki.PolicyOptions{RequireExplicit: true},
		})
		require.Equal(t, refused, pki.ReasonOf(err) == pki.ReasonPolicy, "%v", err)
		if !refused {
			require.Equal(t, []oid.ID{p1}, chain.Policies)
		}
	}
}

// TestPolicyGraphStaysSmall: authorities that map every policy to every other would make a tree of exponential size.
func TestPolicyGraphStaysSmall(t *testing.T) {
	var all []oid.ID
	for i := range 16 {
		all = append(all, oid.ID([]byte{0x2a, byte(i + 1)}))
	}
	var pairs []oid.ID
	for _, a := range all {
		for _, b := range all {
			pairs = append(pairs, a, b)
		}
	}
	issuer := forge(t, nil, "root", isCA)
	root := issuer
	var pool []*pki.Certificate
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		issuer = forge(t, issuer, name, isCA, policies(all...), mapping(pairs...))
		pool = append(pool, issuer.Certificate)
	}
	chain, err := pki.VerifyChain(forge(t, issuer, "leaf", policies(p1)).Certificate, pki.ChainOptions{
		Anchors: anchors(t, root.Certificate), Intermediates: pool, At: now, Usage: pki.UsageDigitalSignature,
		Policies: pki.PolicyOptions{RequireExplicit: true},
	})
	require.NoError(t, err)
	require.ElementsMatch(t, all, chain.Policies)
}
