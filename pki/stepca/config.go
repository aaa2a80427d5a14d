package stepca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// ErrConfig is returned for a configuration that cannot be used.
var ErrConfig = errors.New("stepca: unusable configuration")

// Config is what an authority needs from outside.
type Config struct {
	// Engine keeps what was issued and revoked, used tokens and the state of ACME; required. It stays the caller's.
	Engine engine.Engine
	// Prefix is what all keys in the engine begin with; empty means "stepca/".
	Prefix string

	// Roots are what foreign systems trust; required.
	Roots []*x509.Certificate
	// Chain is the issuing certificate followed by those above it up to one below a root; required.
	Chain []*x509.Certificate
	// Signer holds the issuing certificate's key: ECDSA (P-256 unless there is a reason) or RSA; required. It may
	// stand for a device.
	Signer crypto.Signer

	// Names are the host names under which clients reach the authority, without port; required. Tokens are meant for
	// one of them.
	Names []string
	// Provisioners say who may ask for certificates; none means nobody.
	Provisioners []Provisioner
	// Lifetimes bounds every certificate; see there for its zero value.
	Lifetimes Lifetimes
	// TokenLifetime is how long a token may work; zero means ten minutes.
	TokenLifetime time.Duration
	// Policy bounds the names of every certificate, whoever asks; its zero value allows every name that a provisioner
	// may have.
	Policy Policy
	// CRL says how revocation is published.
	CRL CRLConfig
	// Challenges are the ways into the world that ACME needs; required if a provisioner is KindACME.
	Challenges Challenges

	// SM2 signs what tokens with ServesSM2 were approved for; nil means that SM2 requests are refused.
	SM2 SM2Issuer

	// Rand makes the key of the shadow requests; required. Smallstep takes its own randomness from the system.
	Rand io.Reader
	// Now decides what this package decides; required. Smallstep reads the system's clock and cannot be told another,
	// so the two must agree.
	Now func() time.Time
}

// Lifetimes bounds how long certificates are valid. A zero field of an authority means smallstep's own: 5 minutes, 24
// hours, 24 hours. A zero field of a provisioner means the authority's.
type Lifetimes struct {
	Min, Default, Max time.Duration
}

// Policy says which names certificates may carry. If anything is allowed by name, everything else is not; what is
// denied is not, whatever is allowed.
type Policy struct {
	Allow, Deny Names
	// Wildcards lets a name like *.example.gov.cn stand in a certificate; authority and provisioner must both say so.
	Wildcards bool
}

// Names selects names. DNS takes a name, or *.example.gov.cn for one label before it; IP takes addresses and networks;
// Email takes addresses and @example.gov.cn.
type Names struct {
	CommonNames, DNS, IP, Email, URI []string
}

func (n Names) empty() bool {
	return len(n.CommonNames)+len(n.DNS)+len(n.IP)+len(n.Email)+len(n.URI) == 0
}

// CRLConfig says how the list of revoked certificates is made. Smallstep knows one full list, signed anew as a whole;
// so it is made when somebody asks for it, at most once in Every, and a revocation costs nothing but its own record.
type CRLConfig struct {
	Lifetime time.Duration // from one to the next update; zero means 24 hours
	Every    time.Duration // a revocation is in the list after this at the latest; zero means one minute
	URL      string        // where the list is published; written into every certificate; required
}

// Challenges are how control over a name is proven to ACME. A challenge whose way is nil is not offered.
type Challenges struct {
	// HTTP fetches the answers of http-01; it goes where anonymous clients say, so its Transport should reach no more
	// than it must.
	HTTP *http.Client
	// LookupTXT finds the answers of dns-01.
	LookupTXT func(name string) ([]string, error)
}

const (
	defaultPrefix        = "stepca/"
	defaultTokenLifetime = 10 * time.Minute
	defaultCRLLifetime   = 24 * time.Hour
	defaultCRLEvery      = time.Minute
	minRSABits           = 2048
)

// complete fills in defaults and checks what does not depend on smallstep.
func (c Config) complete() (Config, error) {
	setDefault(&c.Prefix, defaultPrefix)
	setDefault(&c.TokenLifetime, defaultTokenLifetime)
	setDefault(&c.CRL.Lifetime, defaultCRLLifetime)
	setDefault(&c.CRL.Every, defaultCRLEvery)
	missing := map[string]bool{
		"engine": c.Engine == nil, "clock": c.Now == nil, "randomness": c.Rand == nil, "signer": c.Signer == nil,
		"roots": len(c.Roots) == 0, "chain": len(c.Chain) == 0, "names": len(c.Names) == 0,
		"CRL address": c.CRL.URL == "",
	}
	for what, is := range missing {
		if is {
			return c, fmt.Errorf("%w: no %s", ErrConfig, what)
		}
	}
	if c.TokenLifetime < 0 || c.CRL.Every < 0 || c.CRL.Every > c.CRL.Lifetime/2 {
		return c, fmt.Errorf("%w: negative time, or a CRL that may be older than half its lifetime", ErrConfig)
	}
	if err := c.checkChain(); err != nil {
		return c, err
	}
	return c, checkProvisioners(c.Provisioners, c.Challenges)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// checkChain wants a chain that verifies now, and the key that belongs to it.
func (c Config) checkChain() error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range c.Roots {
		roots.AddCert(root)
	}
	for _, above := range c.Chain[1:] {
		intermediates.AddCert(above)
	}
	issuer := c.Chain[0]
	_, err := issuer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: c.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("%w: issuing certificate: %v", ErrConfig, err)
	}
	if !issuer.IsCA || issuer.KeyUsage&x509.KeyUsageCertSign == 0 || issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return fmt.Errorf("%w: the issuing certificate may not sign certificates and CRLs", ErrConfig)
	}
	own, ok := issuer.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(c.Signer.Public()) {
		return fmt.Errorf("%w: signer and issuing certificate do not belong together", ErrConfig)
	}
	return checkKey(issuer.PublicKey)
}

// checkKey refuses keys that are too weak to be in a certificate or to sign one.
func checkKey(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521() {
			return nil
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSABits {
			return nil
		}
	}
	return fmt.Errorf("%w: key is neither ECDSA on P-256, P-384 or P-521 nor RSA of %d bits", ErrConfig, minRSABits)
}
