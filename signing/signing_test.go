package signing_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

var record = bytes.Repeat([]byte("一行记录\n"), 60)

func newCustody(t testing.TB, w world) *signing.Custody {
	t.Helper()
	c, err := signing.NewCustody(signing.CustodyConfig{Anchors: w.anchors})
	require.NoError(t, err)
	require.NoError(t, c.Register(farmUSCC, newSigner(t, w.config())))
	return c
}

func TestDetached(t *testing.T) {
	w := newWorld(t, now)
	for _, certificates := range []bool{false, true} {
		for _, attributes := range []bool{false, true} {
			config := w.config()
			config.WithCertificates, config.WithAttributes = certificates, attributes
			config.Now = func() time.Time { return now }
			der, err := newSigner(t, config).Detached(t.Context(), record)
			require.NoError(t, err)
			d, err := cms.Parse(der)
			require.NoError(t, err)
			require.Empty(t, d.Tolerances.Names())
			require.True(t, d.Detached)
			require.Equal(t, attributes, d.Signers[0].HasSignedAttributes())
			message, err := d.SignedBytes(&d.Signers[0], record)
			require.NoError(t, err)
			require.NoError(t, pki.CrossCheck(w.chain[0].PublicKey, message, d.Signers[0].Signature))
			if !certificates {
				require.Empty(t, d.Certificates)
				continue
			}
			require.Len(t, d.Certificates, 2, "leaf and issuing authority, no root")
			require.Contains(t, d.Certificates, w.chain[0].Raw)
		}
	}
}

// The default form, which every licence record carries, stays small.
func TestRecordSignatureIsSmall(t *testing.T) {
	w := newWorld(t, now)
	der, err := newSigner(t, w.config()).Detached(t.Context(), record)
	require.NoError(t, err)
	require.Less(t, len(der), 300)
}

// key is a crypto.Signer that is told what to do.
type key struct {
	crypto.Signer
	value []byte
	err   error
}

func (k key) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.value, k.err }

func TestSignerRefuses(t *testing.T) {
	w := newWorld(t, now)
	other := newWorld(t, now)
	encryption, chain := w.department(t, ca.ProfileVault, "")
	for name, change := range map[string]func(*signing.Config){
		"no key":                 func(c *signing.Config) { c.Key = nil },
		"no randomness":          func(c *signing.Config) { c.Rand = nil },
		"no chain":               func(c *signing.Config) { c.Chain = nil },
		"nil certificate":        func(c *signing.Config) { c.Chain = []*pki.Certificate{nil} },
		"key of another":         func(c *signing.Config) { c.Key = other.key },
		"certificate of another": func(c *signing.Config) { c.Chain = chain },
		"broken chain":           func(c *signing.Config) { c.Chain = append(w.chain[:1:1], other.chain[1:]...) },
		"authority's certificate": func(c *signing.Config) {
			c.Chain, c.Key = w.chain[1:], named{encryption, w.chain[1].PublicKey}
		},
	} {
		config := w.config()
		change(&config)
		s, err := signing.NewSigner(config)
		require.ErrorIs(t, err, signing.ErrConfig, name)
		require.Nil(t, s, name)
	}
	s := newSigner(t, w.config())
	_, err := s.Detached(t.Context(), nil)
	require.ErrorIs(t, err, signing.ErrContent)
	_, err = s.Attached(t.Context(), nil)
	require.ErrorIs(t, err, signing.ErrContent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Detached(ctx, record)
	require.ErrorIs(t, err, context.Canceled)

	broken := errors.New("device is gone")
	config := w.config()
	config.Key = key{Signer: w.key, err: broken}
	_, err = newSigner(t, config).Detached(t.Context(), record)
	require.ErrorIs(t, err, broken)
	config.Key = key{Signer: w.key, value: []byte("no signature")}
	_, err = newSigner(t, config).Detached(t.Context(), record)
	require.Error(t, err)
	require.True(t, newSigner(t, w.config()).Certificate().Equal(w.chain[0]))
}

// named is a signer that claims another public key.
type named struct {
	crypto.Signer
	public crypto.PublicKey
}

func (n named) Public() crypto.PublicKey { return n.public }

func TestCustody(t *testing.T) {
	w := newWorld(t, now)
	c := newCustody(t, w)
	certificate, custody, err := c.SignerFor(farmUSCC, now)
	require.NoError(t, err)
	require.True(t, custody)
	require.Equal(t, w.chain[0].Digest, certificate)
	der, err := c.SignRecord(t.Context(), farmUSCC, record)
	require.NoError(t, err)
	require.NoError(t, c.CheckRecord(farmUSCC, certificate, record, der, now))
	chain, err := c.Certificates(certificate)
	require.NoError(t, err)
	require.Equal(t, [][]byte{w.chain[0].Raw, w.chain[1].Raw, w.chain[2].Raw}, chain)
}

func TestCheckRecordRefuses(t *testing.T) {
	w := newWorld(t, now)
	c := newCustody(t, w)
	townKey, townChain := w.department(t, ca.ProfileDepartment, townUSCC)
	town := newSigner(t, signing.Config{Key: townKey, Chain: townChain, Rand: rand.Reader})
	require.NoError(t, c.Register(townUSCC, town))
	farm := newSigner(t, w.config())
	good, err := farm.Detached(t.Context(), record)
	require.NoError(t, err)
	foreign, err := town.Detached(t.Context(), record)
	require.NoError(t, err)
	attached, err := farm.Attached(t.Context(), record)
	require.NoError(t, err)
	// The town's signature under the farm's name.
	impostor := newSigner(t, signing.Config{Key: named{townKey, w.key.Public()}, Chain: w.chain, Rand: rand.Reader})
	forged, err := impostor.Detached(t.Context(), record)
	require.NoError(t, err)

	// The farm's own signature value under another serial number, and twice.
	value := parse(t, good).Signers[0].Signature
	other, err := cms.NewBuilder(w.chain[0].RawIssuer, big.NewInt(1), nil)
	require.NoError(t, err)
	renamed, err := other.Detached(nil, value)
	require.NoError(t, err)

	digest := w.chain[0].Digest
	for _, test := range []struct {
		name, issuer string
		digest       [32]byte
		raw, cms     []byte
		at           time.Time
		want         error
	}{
		{"changed record", farmUSCC, digest, record[1:], good, now, signing.ErrRecordSignature},
		{"no record", farmUSCC, digest, nil, good, now, cms.ErrContent},
		{"no signature", farmUSCC, digest, record, nil, now, cms.ErrMalformed},
		{"bytes after", farmUSCC, digest, record, append(bytes.Clone(good), 0), now, cms.ErrMalformed},
		{"attached", farmUSCC, digest, record, attached, now, signing.ErrRecordSignature},
		{"signed by another", farmUSCC, digest, record, foreign, now, signing.ErrRecordSignature},
		{"named otherwise", farmUSCC, digest, record, renamed, now, signing.ErrRecordSignature},
		{"two signatures", farmUSCC, digest, record, twice(t, good), now, signing.ErrRecordSignature},
		{"forged name", farmUSCC, digest, record, forged, now, pki.ErrSignature},
		{"other certificate named", farmUSCC, townChain[0].Digest, record, good, now, signing.ErrIssuer},
		{"other issuer named", townUSCC, digest, record, good, now, signing.ErrIssuer},
		{"unknown certificate", farmUSCC, [32]byte{1}, record, good, now, signing.ErrNoSigner},
		{"expired", farmUSCC, digest, record, good, w.chain[0].NotAfter.Add(time.Second), signing.ErrValidity},
		{"not yet valid", farmUSCC, digest, record, good, w.chain[0].NotBefore.Add(-time.Second), signing.ErrValidity},
		{"no time", farmUSCC, digest, record, good, time.Time{}, signing.ErrValidity},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.ErrorIs(t, c.CheckRecord(test.issuer, test.digest, test.raw, test.cms, test.at), test.want)
		})
	}
}

func parse(t testing.TB, der []byte) *cms.SignedData {
	t.Helper()
	d, err := cms.Parse(der)
	require.NoError(t, err)
	return d
}

// twice repeats the one SignerInfo of a SignedData, the last member of each level.
func twice(t *testing.T, der []byte) []byte {
	t.Helper()
	const levels = 4 // ContentInfo, [0], SignedData, signerInfos
	heads, tags := make([][]byte, levels), make([]casn1.Tag, levels)
	body := cryptobyte.String(der)
	for i := range levels {
		var element, last cryptobyte.String
		require.True(t, body.ReadAnyASN1(&element, &tags[i]) && body.Empty())
		body = element
		for rest := element; !rest.Empty() && i < levels-1; {
			before := rest
			var tag casn1.Tag
			require.True(t, rest.ReadAnyASN1Element(&last, &tag))
			if rest.Empty() {
				heads[i], body = element[:len(element)-len(before)], before
			}
		}
	}
	out := bytes.Repeat(body, 2)
	for i := levels - 1; i >= 0; i-- {
		var b cryptobyte.Builder
		b.AddASN1(tags[i], func(b *cryptobyte.Builder) {
			b.AddBytes(heads[i])
			b.AddBytes(out)
		})
		out = b.BytesOrPanic()
	}
	require.Len(t, parse(t, out).Signers, 2)
	return out
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t, now)
	other := newWorld(t, now)
	_, err := signing.NewCustody(signing.CustodyConfig{})
	require.ErrorIs(t, err, signing.ErrConfig)
	c, err := signing.NewCustody(signing.CustodyConfig{Anchors: w.anchors, CrossCheck: true})
	require.NoError(t, err)
	require.ErrorIs(t, c.Register(farmUSCC, nil), signing.ErrConfig)
	require.ErrorIs(t, c.Register(townUSCC, newSigner(t, w.config())), signing.ErrIssuer)
	require.ErrorIs(t, c.RegisterRemote(farmUSCC, nil), signing.ErrConfig)
	_, vault := w.department(t, ca.ProfileVault, "")
	require.ErrorIs(t, c.RegisterRemote("", vault), signing.ErrIssuer, "a certificate without code and an empty issuer")
	for _, kind := range []pki.HolderKind{pki.HolderPerson, pki.HolderSeal, ""} {
		other := *w.chain[0]
		other.Holder.Kind = kind
		err = c.RegisterRemote(farmUSCC, append([]*pki.Certificate{&other}, w.chain[1:]...))
		require.ErrorIs(t, err, signing.ErrIssuer, "the code of the department, held by %q", kind)
	}
	err = c.Register(farmUSCC, newSigner(t, other.config()))
	require.Equal(t, pki.ReasonUnknownIssuer, pki.ReasonOf(err), "a root of the same name, another key: %v", err)

	_, _, err = c.SignerFor(farmUSCC, now)
	require.ErrorIs(t, err, signing.ErrNoSigner)
	_, err = c.SignRecord(t.Context(), farmUSCC, record)
	require.ErrorIs(t, err, signing.ErrNoSigner)
	_, err = c.Certificates([32]byte{})
	require.ErrorIs(t, err, signing.ErrNoSigner)
}

// A key elsewhere: the signature is brought and checked, never made here.
func TestRemoteKey(t *testing.T) {
	w := newWorld(t, now)
	c, err := signing.NewCustody(signing.CustodyConfig{Anchors: w.anchors, CrossCheck: true})
	require.NoError(t, err)
	require.NoError(t, c.RegisterRemote(farmUSCC, w.chain))
	certificate, custody, err := c.SignerFor(farmUSCC, now)
	require.NoError(t, err)
	require.False(t, custody)
	_, err = c.SignRecord(t.Context(), farmUSCC, record)
	require.ErrorIs(t, err, signing.ErrNoSigner)
	config := w.config()
	config.WithAttributes, config.WithCertificates = true, true
	brought, err := newSigner(t, config).Detached(t.Context(), record)
	require.NoError(t, err)
	require.NoError(t, c.CheckRecord(farmUSCC, certificate, record, brought, now))
	_, _, err = c.SignerFor(farmUSCC, w.chain[0].NotAfter.Add(time.Second))
	require.ErrorIs(t, err, signing.ErrValidity)
}

// After a renewal the new certificate signs, and what the old one signed still checks.
func TestRenewal(t *testing.T) {
	w := newWorld(t, now)
	c := newCustody(t, w)
	old, err := c.SignRecord(t.Context(), farmUSCC, record)
	require.NoError(t, err)
	newKey, newChain := w.department(t, ca.ProfileDepartment, farmUSCC)
	require.NoError(t, c.Register(farmUSCC,
		newSigner(t, signing.Config{Key: newKey, Chain: newChain, Rand: rand.Reader})))
	certificate, _, err := c.SignerFor(farmUSCC, now)
	require.NoError(t, err)
	require.Equal(t, newChain[0].Digest, certificate)
	require.NoError(t, c.CheckRecord(farmUSCC, w.chain[0].Digest, record, old, now))
	require.ErrorIs(t, c.CheckRecord(farmUSCC, certificate, record, old, now), signing.ErrRecordSignature)
}

func TestCustodyConcurrently(t *testing.T) {
	w := newWorld(t, now)
	c := newCustody(t, w)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				der, err := c.SignRecord(context.WithoutCancel(t.Context()), farmUSCC, record)
				if err == nil {
					err = c.CheckRecord(farmUSCC, w.chain[0].Digest, record, der, now)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	townKey, townChain := w.department(t, ca.ProfileDepartment, townUSCC)
	signer := newSigner(t, signing.Config{Key: townKey, Chain: townChain, Rand: rand.Reader})
	require.NoError(t, c.Register(townUSCC, signer))
	group.Wait()
}

func TestVaultSigner(t *testing.T) {
	w := newWorld(t, now)
	key, chain := w.department(t, ca.ProfileVault, "")
	config := signing.Config{Key: key, Chain: chain, Rand: rand.Reader}
	v, err := signing.NewVaultSigner("vault.example/ledger", config)
	require.NoError(t, err)
	der, err := v.SignStatement(t.Context(), record)
	require.NoError(t, err)
	d, err := cms.Parse(der)
	require.NoError(t, err)
	require.True(t, d.Detached)
	require.Contains(t, d.Certificates, chain[0].Raw)
	message, err := d.SignedBytes(&d.Signers[0], record)
	require.NoError(t, err)
	require.NoError(t, pki.VerifySM2(chain[0].PublicKey, message, d.Signers[0].Signature))

	signed, err := note.Sign(&note.Note{Text: "vault.example/ledger\n1\n"}, v)
	require.NoError(t, err)
	verifier, err := sm2note.ParseVerifier(v.NoteKey())
	require.NoError(t, err)
	_, err = note.Open(signed, note.VerifierList(verifier))
	require.NoError(t, err)

	require.NoError(t, v.Renew(config))
	other, otherChain := w.department(t, ca.ProfileVault, "")
	require.ErrorIs(t, v.Renew(signing.Config{Key: other, Chain: otherChain, Rand: rand.Reader}), signing.ErrConfig)
	require.ErrorIs(t, v.Renew(signing.Config{}), signing.ErrConfig)
	again, err := v.SignStatement(t.Context(), record)
	require.NoError(t, err)
	require.NotContains(t, string(again), string(otherChain[0].Raw), "what was refused changes nothing")

	_, err = signing.NewVaultSigner("two words", config)
	require.ErrorIs(t, err, signing.ErrConfig)
	_, err = signing.NewVaultSigner("vault", signing.Config{})
	require.ErrorIs(t, err, signing.ErrConfig)
}

func FuzzCheckRecord(f *testing.F) {
	w := newWorld(f, now)
	c := newCustody(f, w)
	good, err := c.SignRecord(f.Context(), farmUSCC, record)
	require.NoError(f, err)
	f.Add(good)
	data, err := cms.Parse(good)
	require.NoError(f, err)
	value := data.Signers[0].Signature
	f.Fuzz(func(t *testing.T, der []byte) {
		if c.CheckRecord(farmUSCC, w.chain[0].Digest, record, der, now) != nil {
			return
		}
		d, err := cms.Parse(der)
		require.NoError(t, err)
		accepted, err := d.Signers[0].SignatureDER()
		require.NoError(t, err)
		require.Equal(t, value, accepted, "only the one signature value there is can pass")
	})
}

func BenchmarkSignRecord(b *testing.B) {
	w := newWorld(b, now)
	c := newCustody(b, w)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.SignRecord(b.Context(), farmUSCC, record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignRecordParallel(b *testing.B) {
	w := newWorld(b, now)
	c := newCustody(b, w)
	ctx := b.Context()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := c.SignRecord(ctx, farmUSCC, record); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkCheckRecord(b *testing.B) {
	w := newWorld(b, now)
	c := newCustody(b, w)
	der, err := c.SignRecord(b.Context(), farmUSCC, record)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.CheckRecord(farmUSCC, w.chain[0].Digest, record, der, now); err != nil {
			b.Fatal(err)
		}
	}
}

// A certificate without non-repudiation cannot be a department's.
func TestRegisterNeedsNonRepudiation(t *testing.T) {
	w := newWorld(t, now)
	c, err := signing.NewCustody(signing.CustodyConfig{Anchors: w.anchors})
	require.NoError(t, err)
	weak := *w.chain[0]
	weak.KeyUsage = pki.UsageDigitalSignature
	err = c.RegisterRemote(farmUSCC, append([]*pki.Certificate{&weak}, w.chain[1:]...))
	require.Equal(t, pki.ReasonKeyUsage, pki.ReasonOf(err))
}
