package signing_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

// both are the ways to cover content.
var both = []struct{ attributes, inside bool }{{false, false}, {false, true}, {true, false}, {true, true}}

// signer makes one for a department of its own.
func (w world) signer(t testing.TB, change func(*signing.Config)) *signing.Signer {
	t.Helper()
	key, chain := w.department(t, ca.ProfileDepartment, townUSCC)
	config := signing.Config{Key: key, Chain: chain, Rand: rand.Reader, WithCertificates: true}
	if change != nil {
		change(&config)
	}
	return newSigner(t, config)
}

// check verifies every signature and countersignature of SignedData with the certificates inside, by two
// implementations, and gives the number of each.
func check(t testing.TB, der, content []byte) (signatures, counters int) {
	t.Helper()
	d, err := cms.Parse(der)
	require.NoError(t, err)
	if !d.Detached {
		content = nil
	}
	for i := range d.Signers {
		message, err := d.SignedBytes(&d.Signers[i], content)
		require.NoError(t, err)
		require.NoError(t, pki.CrossCheck(keyOf(t, d, &d.Signers[i]), message, d.Signers[i].Signature))
		list, err := d.Signers[i].Countersignatures()
		require.NoError(t, err)
		for j := range list {
			message, err := d.Signers[i].CounterSignedBytes(&list[j], nil)
			require.NoError(t, err)
			require.NoError(t, pki.CrossCheck(keyOf(t, d, &list[j]), message, list[j].Signature))
		}
		counters += len(list)
	}
	return len(d.Signers), counters
}

func keyOf(t testing.TB, d *cms.SignedData, s *cms.SignerInfo) *pki.PublicKey {
	t.Helper()
	for _, der := range d.Certificates {
		c, err := pki.ParseCertificate(der)
		require.NoError(t, err)
		if s.NamedBy(c.RawIssuer, c.Serial) {
			return c.PublicKey
		}
	}
	require.Fail(t, "no certificate of the signer")
	return nil
}

func TestSignTogether(t *testing.T) {
	w := newWorld(t, now)
	for _, arc := range []signing.Arc{signing.ArcGM, signing.ArcRFC5652} {
		for _, way := range both {
			var signers []*signing.Signer
			for i := range 3 {
				signers = append(signers, w.signer(t, func(c *signing.Config) {
					c.Arc, c.WithAttributes = arc, way.attributes != (i == 2) // the last does it the other way
				}))
			}
			der, err := signing.SignTogether(t.Context(), record, way.inside, signers...)
			require.NoError(t, err)
			n, _ := check(t, der, record)
			require.Equal(t, 3, n)
			d, err := cms.Parse(der)
			require.NoError(t, err)
			require.Equal(t, way.inside, !d.Detached)
			require.Len(t, d.Certificates, 4, "three departments and one authority")
			again, err := d.With(cms.Additions{})
			require.NoError(t, err)
			require.Equal(t, der, again)

			der, err = w.signer(t, nil).Countersign(t.Context(), der, 1)
			require.NoError(t, err)
			der, err = w.signer(t, func(c *signing.Config) { c.WithAttributes, c.WithBinding = true, true }).
				Countersign(t.Context(), der, 1)
			require.NoError(t, err)
			n, counters := check(t, der, record)
			require.Equal(t, 3, n)
			require.Equal(t, 2, counters)
		}
	}
	_, err := signing.SignTogether(t.Context(), record, false)
	require.ErrorIs(t, err, signing.ErrConfig)
	s := w.signer(t, nil)
	_, err = signing.SignTogether(t.Context(), record, false, s, s)
	require.ErrorIs(t, err, signing.ErrSigned, "one certificate, twice")
	_, err = signing.SignTogether(t.Context(), nil, false, s, w.signer(t, nil))
	require.ErrorIs(t, err, signing.ErrContent)
}

func TestAddToRefuses(t *testing.T) {
	w := newWorld(t, now)
	s, other := w.signer(t, func(c *signing.Config) { c.WithAttributes = true }), w.signer(t, nil)
	outside, err := s.Detached(t.Context(), record)
	require.NoError(t, err)
	inside, err := s.Attached(t.Context(), record)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		der, content []byte
		want         error
	}{
		"no SignedData":      {record, record, signing.ErrSigned},
		"cut":                {outside[:len(outside)-1], record, signing.ErrSigned},
		"content missing":    {outside, nil, signing.ErrContent},
		"content twice":      {inside, record, signing.ErrContent},
		"other content":      {outside, record[1:], signing.ErrContent},
		"content of nothing": {outside, []byte{}, signing.ErrContent},
	} {
		der, err := other.AddTo(t.Context(), test.der, test.content)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, der, name)
	}
	for _, signer := range []int{-1, 1} {
		_, err = other.Countersign(t.Context(), outside, signer)
		require.ErrorIs(t, err, signing.ErrSigned)
		_, err = signing.AddTimestamp(t.Context(), outside, signer, newTSA(t, w))
		require.ErrorIs(t, err, signing.ErrSigned)
	}
	_, err = other.Countersign(t.Context(), record, 0)
	require.ErrorIs(t, err, signing.ErrSigned)
}

// What a digest signs is what the content signs.
func TestDetachedDigest(t *testing.T) {
	w := newWorld(t, now)
	der, err := w.signer(t, func(c *signing.Config) { c.WithAttributes = true }).DetachedDigest(t.Context(), sm3.Sum(record))
	require.NoError(t, err)
	check(t, der, record)
	d, err := cms.Parse(der)
	require.NoError(t, err)
	_, err = d.SignedBytes(&d.Signers[0], record[1:])
	require.ErrorIs(t, err, cms.ErrDigest)
	_, err = w.signer(t, nil).DetachedDigest(t.Context(), sm3.Sum(record))
	require.ErrorIs(t, err, signing.ErrConfig)
}

func TestAttributes(t *testing.T) {
	w := newWorld(t, now)
	policy := &signing.Policy{ID: oid.TimestampPolicy, Digest: sm3.Sum([]byte("policy"))}
	s := w.signer(t, func(c *signing.Config) {
		c.WithAttributes, c.WithBinding, c.Commitment, c.Policy = true, true, oid.ProofOfApproval, policy
		c.Now = func() time.Time { return now }
	})
	der, err := s.Detached(t.Context(), record)
	require.NoError(t, err)
	check(t, der, record)
	d, err := cms.Parse(der)
	require.NoError(t, err)
	require.Empty(t, d.Tolerances.Names())
	signer := &d.Signers[0]
	bindings, err := signer.SigningCertificates()
	require.NoError(t, err)
	require.Len(t, bindings, 1)
	require.Equal(t, s.Certificate().Digest[:], bindings[0].Certificates[0].Hash)
	require.True(t, bindings[0].Certificates[0].NamesIssuer(s.Certificate().RawIssuer, s.Certificate().Serial))
	commitments, err := signer.Commitments()
	require.NoError(t, err)
	require.Equal(t, []oid.ID{oid.ProofOfApproval}, commitments)
	got, err := signer.Policy()
	require.NoError(t, err)
	require.Equal(t, &cms.Policy{ID: policy.ID, Algorithm: oid.SM3, Digest: policy.Digest[:]}, got)
	at, ok, err := signer.SigningTime()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, now, at)

	for name, change := range map[string]func(*signing.Config){
		"binding":    func(c *signing.Config) { c.WithBinding = true },
		"commitment": func(c *signing.Config) { c.Commitment = oid.ProofOfApproval },
		"policy":     func(c *signing.Config) { c.Policy = policy },
		"arc":        func(c *signing.Config) { c.Arc = 2 },
	} {
		config := w.config()
		change(&config)
		_, err := signing.NewSigner(config)
		require.ErrorIs(t, err, signing.ErrConfig, name)
	}
}

// tsa is a time-stamp authority without a clock that can be made to lie.
type tsa struct {
	t       testing.TB
	writer  *tsp.Writer
	key     *pki.PublicKey
	sign    func(message []byte) ([]byte, error)
	over    func(digest [32]byte) [32]byte
	failing error
}

func newTSA(t testing.TB, w world) *tsa {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	c, err := w.issuing.Issue(ca.Request{
		Profile: ca.ProfileTSA, Subject: ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省时间戳"},
		PublicKey: key.Public(),
	})
	require.NoError(t, err)
	writer, err := tsp.NewWriter(cms.ArcGM, tsp.SignerCertificate{Raw: c.Raw, Issuer: c.RawIssuer, Serial: c.Serial}, nil)
	require.NoError(t, err)
	return &tsa{t: t, writer: writer, key: c.PublicKey, sign: func(message []byte) ([]byte, error) {
		return c.PublicKey.Sign(rand.Reader, key, message)
	}, over: func(digest [32]byte) [32]byte { return digest }}
}

func (a *tsa) Timestamp(_ context.Context, digest [32]byte) ([]byte, error) {
	if a.failing != nil {
		return nil, a.failing
	}
	digest = a.over(digest)
	info, err := tsp.MarshalInfo(&tsp.Info{
		Policy: oid.TimestampPolicy, Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Serial: []byte{7},
		GenTime: now, Accuracy: tsp.AccuracyOf(time.Second),
	})
	require.NoError(a.t, err)
	message, err := a.writer.ToSign(info)
	require.NoError(a.t, err)
	value, err := a.sign(message)
	require.NoError(a.t, err)
	return a.writer.Token(info, message, value, true)
}

func TestTimestamp(t *testing.T) {
	w := newWorld(t, now)
	a := newTSA(t, w)
	s := w.signer(t, func(c *signing.Config) { c.Timestamper = a })
	der, err := s.Attached(t.Context(), record)
	require.NoError(t, err)
	der, err = w.signer(t, func(c *signing.Config) { c.Timestamper = a }).AddTo(t.Context(), der, nil)
	require.NoError(t, err)
	der, err = w.signer(t, func(c *signing.Config) { c.Timestamper = a }).Countersign(t.Context(), der, 0)
	require.NoError(t, err)
	der, err = signing.AddTimestamp(t.Context(), der, 1, a)
	require.NoError(t, err)
	n, counters := check(t, der, nil)
	require.Equal(t, []int{2, 1}, []int{n, counters})
	d, err := cms.Parse(der)
	require.NoError(t, err)
	require.Len(t, d.Signers[0].SignatureTimestamps(), 1)
	require.Len(t, d.Signers[1].SignatureTimestamps(), 2)
	list, err := d.Signers[0].Countersignatures()
	require.NoError(t, err)
	for _, signer := range append(d.Signers, list...) {
		for _, raw := range signer.SignatureTimestamps() {
			token, err := tsp.ParseToken(raw)
			require.NoError(t, err)
			digest := sm3.Sum(signer.Signature)
			require.Equal(t, digest[:], token.Info.Imprint.Digest)
		}
	}
}

func TestTimestampRefuses(t *testing.T) {
	w := newWorld(t, now)
	der, err := w.signer(t, nil).Detached(t.Context(), record)
	require.NoError(t, err)
	broken := errors.New("authority is gone")
	_, err = signing.AddTimestamp(t.Context(), der, 0, nil)
	require.ErrorIs(t, err, signing.ErrConfig)
	_, err = signing.AddTimestamp(t.Context(), record, 0, newTSA(t, w))
	require.ErrorIs(t, err, signing.ErrSigned)
	for name, test := range map[string]struct {
		from func(context.Context, [32]byte) ([]byte, error)
		want error
	}{
		"fails":    {func(context.Context, [32]byte) ([]byte, error) { return nil, broken }, broken},
		"no token": {func(context.Context, [32]byte) ([]byte, error) { return record, nil }, signing.ErrTimestamp},
		"other digest": {func(ctx context.Context, digest [32]byte) ([]byte, error) {
			digest[0] ^= 1
			return newTSA(t, w).Timestamp(ctx, digest)
		}, signing.ErrTimestamp},
	} {
		from := signing.TimestampFunc(test.from)
		got, err := signing.AddTimestamp(t.Context(), der, 0, from)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, got, name)
		got, err = w.signer(t, func(c *signing.Config) { c.Timestamper = from }).Detached(t.Context(), record)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, got, name)
	}
}

// Nothing that was signed changes when something is added: every octet of what was there is found again.
func TestAdditionsKeepBytes(t *testing.T) {
	w := newWorld(t, now)
	a := newTSA(t, w)
	der, err := w.signer(t, func(c *signing.Config) { c.WithAttributes = true }).Attached(t.Context(), record)
	require.NoError(t, err)
	before, err := cms.Parse(der)
	require.NoError(t, err)
	first := before.Signers[0]
	for range 3 {
		der, err = w.signer(t, func(c *signing.Config) { c.Timestamper = a }).AddTo(t.Context(), der, nil)
		require.NoError(t, err)
		require.True(t, bytes.Contains(der, first.Raw))
		d, err := cms.Parse(der)
		require.NoError(t, err)
		require.Equal(t, before.Content, d.Content)
		for _, c := range before.Certificates {
			require.Contains(t, d.Certificates, c)
		}
	}
}
