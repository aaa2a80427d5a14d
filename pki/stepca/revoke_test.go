package stepca_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/pki/stepca"
)

func TestRenew_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, key := w.leaf(t)
	chain, err := w.authority.Renew(t.Context(), old)
	require.NoError(t, err)
	require.NoError(t, w.verify(t, chain, service))
	renewed := chain[0]
	require.NotEqual(t, old.SerialNumber, renewed.SerialNumber)
	require.True(t, key.PublicKey.Equal(renewed.PublicKey))
	require.Equal(t, []string{crlURL}, renewed.CRLDistributionPoints)
	require.Equal(t, old.NotAfter.Sub(old.NotBefore), renewed.NotAfter.Sub(renewed.NotBefore))
	require.Equal(t, 2, w.count(t))
	_, err = w.authority.Renew(t.Context(), renewed)
	require.NoError(t, err)
}

// A policy that is narrowed stops renewals too, the authority's and the provisioner's; and so does a provisioner that is
// taken away.
func TestRenewHoldsPolicy_A55(t *testing.T) {
	t.Parallel()
	elsewhere := stepca.Policy{Allow: stepca.Names{DNS: []string{"*.elsewhere.example"}}}
	for name, change := range map[string]func(*stepca.Config){
		"the authority's":   func(c *stepca.Config) { c.Policy = elsewhere },
		"the provisioner's": func(c *stepca.Config) { c.Provisioners[0].Policy = elsewhere },
		"provisioner gone":  func(c *stepca.Config) { c.Provisioners[0].Name = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			leaf, _ := w.leaf(t)
			change(&w.config)
			w.reopen(t)
			chain, err := w.authority.Renew(t.Context(), leaf)
			requireRefused(t, stepca.ReasonConstraint, err)
			require.Nil(t, chain)
			require.Equal(t, 1, w.count(t))
		})
	}
}

// Rows A55 and A56: what was not issued here, or is revoked, is not renewed.
func TestRenewRefused_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	key := ecKey(t)
	// The issuer's own key signed these, and they are in no register: without a provisioner smallstep would renew them.
	forged := func(serial *big.Int) *x509.Certificate {
		return sign(t, &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: service}, DNSNames: []string{service},
			NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		}, w.config.Chain[0], key.Public(), w.config.Signer)
	}
	for name, c := range map[string]*x509.Certificate{
		"none": nil, "not registered": forged(big.NewInt(77)), "another of this number": forged(leaf.SerialNumber),
		"the issuer": w.config.Chain[0], "the root": w.config.Roots[0],
	} {
		_, err := w.authority.Renew(t.Context(), c)
		requireRefused(t, stepca.ReasonNotIssued, err, name)
	}
	require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 1}))
	_, err := w.authority.Renew(t.Context(), leaf)
	requireRefused(t, stepca.ReasonRevoked, err)
	w.reopen(t)
	_, err = w.authority.Renew(t.Context(), leaf)
	requireRefused(t, stepca.ReasonRevoked, err)
	require.Equal(t, 1, w.count(t))
}

func TestRenewForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *stepca.Config) { c.Provisioners[0].NoRenewal = true })
	leaf, _ := w.leaf(t)
	_, err := w.authority.Renew(t.Context(), leaf)
	requireRefused(t, stepca.ReasonConstraint, err)
	require.Equal(t, 1, w.count(t))
}

// A renewal does not outlive the issuer either; the time it would end is known only when it is asked for.
func TestRenewOutlivesIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	w.config.Now = func() time.Time { return w.config.Chain[0].NotAfter.Add(-time.Hour) }
	w.reopen(t)
	_, err := w.authority.Renew(t.Context(), leaf)
	requireRefused(t, stepca.ReasonConstraint, err)
	require.Equal(t, 1, w.count(t))
}

// Row A55: a revoked certificate is in the list, for a stated reason, once.
func TestRevoke_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	other, _ := w.leaf(t)
	require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 4, Words: "replaced"}))
	der, err := w.authority.CRL(t.Context())
	require.NoError(t, err)
	crl, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	require.NoError(t, crl.CheckSignatureFrom(w.config.Chain[0]))
	require.Len(t, crl.RevokedCertificateEntries, 1)
	require.Equal(t, 0, leaf.SerialNumber.Cmp(crl.RevokedCertificateEntries[0].SerialNumber))
	require.Equal(t, 4, crl.RevokedCertificateEntries[0].ReasonCode)
	require.Equal(t, 24*time.Hour, crl.NextUpdate.Sub(crl.ThisUpdate))

	err = w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 1})
	requireRefused(t, stepca.ReasonRevoked, err)
	_, err = w.authority.Renew(t.Context(), other)
	require.NoError(t, err, "the other one is good")
}

func TestRevokeRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	for name, test := range map[string]struct {
		revocation stepca.Revocation
		want       stepca.Reason
	}{
		"no serial":       {stepca.Revocation{}, stepca.ReasonRequest},
		"not issued":      {stepca.Revocation{Serial: big.NewInt(7)}, stepca.ReasonNotIssued},
		"negative":        {stepca.Revocation{Serial: new(big.Int).Neg(leaf.SerialNumber)}, stepca.ReasonNotIssued},
		"negative reason": {stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: -1}, stepca.ReasonRequest},
		"unused reason":   {stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 7}, stepca.ReasonRequest},
		"of delta lists":  {stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 8}, stepca.ReasonRequest},
		"unknown reason":  {stepca.Revocation{Serial: leaf.SerialNumber, ReasonCode: 11}, stepca.ReasonRequest},
	} {
		requireRefused(t, test.want, w.authority.Revoke(t.Context(), test.revocation), name)
	}
	list, _ := w.revoked(t)
	require.Empty(t, list)
}

// Of many who revoke the same certificate one does.
func TestRevokeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	var done atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch err := w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber}); {
			case err == nil:
				done.Add(1)
			case stepca.ReasonOf(err) != stepca.ReasonRevoked:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, done.Load())
}

// The list is made when it is asked for: at once after a start, then when a revocation waits long enough, and in any case
// at half its lifetime. Its number always rises.
func TestCRLSchedule(t *testing.T) {
	t.Parallel()
	start := time.Now()
	now := start
	w := newWorld(t, func(c *stepca.Config) {
		c.Now = func() time.Time { return now }
		c.CRL.Lifetime, c.CRL.Every = time.Hour, 5*time.Minute
	})
	first, _ := w.leaf(t)
	second, _ := w.leaf(t)
	revoke := func(c *x509.Certificate) {
		require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: c.SerialNumber}))
	}
	revoke(first)
	list, number := w.revoked(t)
	require.Equal(t, []string{first.SerialNumber.String()}, list)

	revoke(second)
	now = start.Add(4 * time.Minute)
	list, same := w.revoked(t)
	require.Len(t, list, 1, "not yet")
	require.Equal(t, number, same)
	now = start.Add(5 * time.Minute)
	list, next := w.revoked(t)
	require.Len(t, list, 2)
	require.Equal(t, 1, next.Cmp(number))

	now = start.Add(30 * time.Minute)
	_, same = w.revoked(t)
	require.Equal(t, next, same, "nothing has changed")
	now = start.Add(35 * time.Minute)
	_, third := w.revoked(t)
	require.Equal(t, 1, third.Cmp(next), "half its lifetime")
	now = start
	_, fourth := w.revoked(t)
	require.Equal(t, 1, fourth.Cmp(third), "a clock set back makes a new one")

	w.reopen(t)
	list, fifth := w.revoked(t)
	require.Equal(t, 1, fifth.Cmp(fourth), "who knows what happened before this process")
	require.Len(t, list, 2)
}

// If the list cannot be made, the old one is not passed off as the new one; the revocation waits for the next try.
func TestCRLFails(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var faulty *enginetest.Faulty
	w := newWorld(t, func(c *stepca.Config) {
		faulty = enginetest.NewFaulty(c.Engine, nil)
		c.Engine, c.Now = faulty, func() time.Time { return now }
	})
	leaf, _ := w.leaf(t)
	w.revoked(t)
	require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber}))
	now = now.Add(time.Minute)
	faulty.SetPlan(enginetest.At(0, enginetest.Before))
	der, err := w.authority.CRL(t.Context())
	require.Error(t, err)
	require.Nil(t, der)
	list, _ := w.revoked(t)
	require.Equal(t, []string{leaf.SerialNumber.String()}, list)
}

// A revocation whose outcome is unknown is looked for in the next list.
func TestRevokeOutcomeUnknown(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var faulty *enginetest.Faulty
	w := newWorld(t, func(c *stepca.Config) {
		faulty = enginetest.NewFaulty(c.Engine, nil)
		c.Engine, c.Now = faulty, func() time.Time { return now }
	})
	leaf, _ := w.leaf(t)
	w.revoked(t)
	faulty.SetPlan(enginetest.At(0, enginetest.After))
	require.Error(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: leaf.SerialNumber}))
	now = now.Add(time.Minute)
	list, _ := w.revoked(t)
	require.Equal(t, []string{leaf.SerialNumber.String()}, list)
}

// A list longer than a value of the engine is kept too.
func TestCRLLong(t *testing.T) {
	if testing.Short() {
		t.Skip("revokes 40000 certificates")
	}
	t.Parallel()
	w := newWorld(t)
	leaf, _ := w.leaf(t)
	const many = 40_000
	serials := forgeRegister(t, w, leaf, many)
	for _, s := range serials {
		require.NoError(t, w.authority.Revoke(t.Context(), stepca.Revocation{Serial: s}))
	}
	der, err := w.authority.CRL(t.Context())
	require.NoError(t, err)
	require.Greater(t, len(der), 1<<20)
	list, _ := w.revoked(t)
	require.Len(t, list, many)
}
