package stepca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/stepca"
)

// An authority is not opened with less than it needs.
func TestConfigRefused(t *testing.T) {
	t.Parallel()
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	other := newConfig(t, ecKey(t), ecKey(t))
	acme := stepca.Provisioner{
		Kind: stepca.KindACME, Name: "web", Services: stepca.ServesTLS,
		Policy: stepca.Policy{Allow: stepca.Names{DNS: []string{"*.example.gov.cn"}}},
	}
	for name, change := range map[string]func(*stepca.Config){
		"no engine":       func(c *stepca.Config) { c.Engine = nil },
		"no roots":        func(c *stepca.Config) { c.Roots = nil },
		"no chain":        func(c *stepca.Config) { c.Chain = nil },
		"no signer":       func(c *stepca.Config) { c.Signer = nil },
		"no names":        func(c *stepca.Config) { c.Names = nil },
		"no clock":        func(c *stepca.Config) { c.Now = nil },
		"no randomness":   func(c *stepca.Config) { c.Rand = nil },
		"no CRL address":  func(c *stepca.Config) { c.CRL.URL = "" },
		"token lifetime":  func(c *stepca.Config) { c.TokenLifetime = -1 },
		"CRL too seldom":  func(c *stepca.Config) { c.CRL.Lifetime, c.CRL.Every = time.Hour, 31*time.Minute },
		"CRL in the past": func(c *stepca.Config) { c.CRL.Every = -1 },

		"other root":   func(c *stepca.Config) { c.Roots = other.Roots },
		"other chain":  func(c *stepca.Config) { c.Chain = other.Chain },
		"other signer": func(c *stepca.Config) { c.Signer = other.Signer },
		"issuer over":  func(c *stepca.Config) { c.Now = func() time.Time { return time.Now().Add(200 * 24 * time.Hour) } },
		"weak issuer": func(c *stepca.Config) {
			with := newConfig(t, ecKey(t), weak)
			c.Roots, c.Chain, c.Signer = with.Roots, with.Chain, with.Signer
		},
		"no CA": func(c *stepca.Config) {
			root, key := ecKey(t), ecKey(t)
			with := newConfig(t, root, key)
			leaf := *with.Chain[0]
			leaf.IsCA, leaf.MaxPathLenZero, leaf.KeyUsage = false, false, x509.KeyUsageDigitalSignature
			c.Roots, c.Signer = with.Roots, key
			c.Chain = []*x509.Certificate{sign(t, &leaf, with.Roots[0], key.Public(), root)}
		},
		"no CRL signing": func(c *stepca.Config) {
			root, key := ecKey(t), ecKey(t)
			with := newConfig(t, root, key)
			issuer := *with.Chain[0]
			issuer.KeyUsage = x509.KeyUsageCertSign
			c.Roots, c.Signer = with.Roots, key
			c.Chain = []*x509.Certificate{sign(t, &issuer, with.Roots[0], key.Public(), root)}
		},

		"serves nothing":       func(c *stepca.Config) { c.Provisioners[0].Services = 0 },
		"serves more":          func(c *stepca.Config) { c.Provisioners[0].Services = 4 },
		"no kind":              func(c *stepca.Config) { c.Provisioners[0].Kind = "" },
		"no name":              func(c *stepca.Config) { c.Provisioners[0].Name = "" },
		"same name":            func(c *stepca.Config) { c.Provisioners = append(c.Provisioners, c.Provisioners[0]) },
		"no key":               func(c *stepca.Config) { c.Provisioners[0].Key = nil },
		"secret for a key":     func(c *stepca.Config) { c.Provisioners[0].Key = []byte("secret") },
		"weak key":             func(c *stepca.Config) { c.Provisioners[0].Key = weak.Public() },
		"no key identifier":    func(c *stepca.Config) { c.Provisioners[0].KeyID = "" },
		"X5C without roots":    func(c *stepca.Config) { c.Provisioners[0].Kind = stepca.KindX5C },
		"lifetimes that clash": func(c *stepca.Config) { c.Provisioners[0].Lifetimes.Max = time.Hour },
		"broken policy":        func(c *stepca.Config) { c.Provisioners[0].Policy.Allow.IP = []string{"10.0.0.0/99"} },
		"broken rule for all":  func(c *stepca.Config) { c.Policy.Deny.IP = []string{"x"} },
		"ACME for SM2": func(c *stepca.Config) {
			c.Challenges, acme.Services = newSite(t).ways(t), stepca.ServesTLS|stepca.ServesSM2
			c.Provisioners = append(c.Provisioners, acme)
		},
		"ACME without a way": func(c *stepca.Config) {
			acme.Services = stepca.ServesTLS
			c.Provisioners = append(c.Provisioners, acme)
		},
		"ACME for every name": func(c *stepca.Config) {
			open := acme
			c.Challenges, open.Services, open.Policy = newSite(t).ways(t), stepca.ServesTLS, stepca.Policy{}
			c.Provisioners = append(c.Provisioners, open)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.config
			c.Engine = memory.New()
			change(&c)
			a, err := stepca.New(c)
			require.ErrorIs(t, err, stepca.ErrConfig)
			require.Nil(t, a)
		})
	}
}

// An engine that cannot write is no place for an authority.
func TestEngineFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := memory.New()
	require.NoError(t, e.Close())
	w.config.Engine = e
	_, err := stepca.New(w.config)
	require.ErrorIs(t, err, engine.ErrClosed)
}

// What it keeps stays under its prefix.
func TestPrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *stepca.Config) { c.Prefix = "own/" })
	w.leaf(t)
	require.NoError(t, w.config.Engine.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, _ []byte) (bool, error) {
			require.Contains(t, string(key[:4]), "own/")
			return true, nil
		})
	}))
}

func TestTokenSignerRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*stepca.TokenSigner){
		"no key":        func(s *stepca.TokenSigner) { s.Key = nil },
		"no randomness": func(s *stepca.TokenSigner) { s.Rand = nil },
		"SM2 key": func(s *stepca.TokenSigner) {
			_, key := sm2CSR(t, service)
			s.Key = key
		},
	} {
		s := w.desk
		change(&s)
		token, err := s.Sign(stepca.Token{Subject: service})
		require.ErrorIs(t, err, stepca.ErrConfig, name)
		require.Empty(t, token)
	}
	s := w.desk
	s.Rand = failing{}
	_, err := s.Sign(stepca.Token{Subject: service})
	require.ErrorIs(t, err, errNoEntropy)
}

var errNoEntropy = errors.New("no entropy")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errNoEntropy }

// An authority runs nothing in the background, so that there is nothing to close.
func TestNothingInTheBackground(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t)
	w.leaf(t)
	w.revoked(t)
	goleak.VerifyNone(t, before)
}

// Used tokens and nonces are forgotten when they cannot do harm any more, and not before.
func TestSweep_A56(t *testing.T) {
	t.Parallel()
	now := time.Now()
	shift := time.Duration(0)
	s := newSite(t)
	w, c := newACMEWorld(t, s, func(c *stepca.Config) { c.Now = func() time.Time { return now.Add(shift) } })
	order(t, c, webHost)
	_, err := c.GetReg(t.Context(), "")
	require.NoError(t, err)
	token := w.token(t)
	e := stepca.Enrolment{Token: token, CSR: csrOf(t, ecKey(t), service, service)}
	_, err = w.authority.Issue(t.Context(), e)
	require.NoError(t, err)
	const more = 1100
	db := stepca.NewDatabase(w.config.Engine, "stepca/")
	for i := range more {
		require.NoError(t, db.Set([]byte("used_ott"), []byte{'x', byte(i >> 8), byte(i)}, []byte(token)))
	}
	require.NoError(t, db.Set([]byte("used_ott"), []byte("unreadable"), []byte("?")))

	for _, step := range []struct {
		shift         time.Duration
		swept, tokens int
	}{{0, 0, more + 2}, {time.Minute, 0, more + 2}, {48 * time.Hour, -1, more + 2}, {49 * time.Hour, more + 1, 1}} {
		shift = step.shift
		n, err := w.authority.Sweep(t.Context())
		require.NoError(t, err)
		used, err := stepca.UsedTokens(w.authority)
		require.NoError(t, err)
		require.Equal(t, step.tokens, used, step.shift)
		if step.swept >= 0 {
			require.Equal(t, step.swept, n, step.shift)
		} else {
			require.NotZero(t, n, "nonces")
		}
	}
	nonces, err := stepca.Nonces(w.authority)
	require.NoError(t, err)
	require.Zero(t, nonces)
	_, err = w.authority.Issue(t.Context(), e)
	requireRefused(t, stepca.ReasonExpired, err)
}
