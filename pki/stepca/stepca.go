// Package stepca is the authority for foreign systems: certificates with ECDSA and RSA keys for TLS, one-time enrolment
// tokens, ACME (RFC 8555) and a CRL, by smallstep/certificates embedded as a library on an engine of ours. The same
// tokens stand in front of the SM2 authority: EnrolSM2.
//
// Smallstep decides and signs; this package gives it its database, opens only a part of its interface, and adds the
// checks that it leaves to its operator: tokens are verified before they are marked as used and must have identifier,
// times and one exact audience; only what was issued here is renewed or revoked; nothing is signed that outlives its
// issuer. OCSP is not offered: smallstep has none, and short lifetimes with a CRL stand in its place. SSH
// certificates, SCEP, cloud identities and remote administration are not offered either.
//
// No type of smallstep appears in what this package exports. It is imported by cmd/elicense-ca alone: nothing that only
// issues or verifies licences carries it.
package stepca

import (
	"fmt"
	"sync"
	"time"

	acmedb "github.com/smallstep/certificates/acme/db/nosql"
	"github.com/smallstep/certificates/authority"
	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/authority/policy"
	"github.com/smallstep/certificates/authority/provisioner"
	casapi "github.com/smallstep/certificates/cas/apiv1"
)

// Authority is safe for concurrent use. It runs nothing in the background and needs no closing.
type Authority struct {
	config   Config
	database *bucketed
	acme     *acmedb.DB
	tls      *side
	sm2      *side
	shadow   *shadow

	crlMu   sync.Mutex
	crlMade time.Time // guarded by crlMu: when crl was made
	crl     []byte    // guarded by crlMu: the last CRL of this process
}

// side is one of the two authorities behind the tokens: smallstep with the provisioners that serve it.
type side struct {
	authority     *authority.Authority
	register      *register
	names         []string
	tokenLifetime time.Duration
	now           func() time.Time
}

// New checks the configuration and opens the authority on the engine.
func New(c Config) (*Authority, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	a := &Authority{config: c, database: &bucketed{engine: c.Engine, prefix: c.Prefix}}
	if a.acme, err = acmedb.New(a.database); err != nil {
		return nil, fmt.Errorf("opening ACME tables: %w", err)
	}
	if a.shadow, err = newShadow(c.Rand); err != nil {
		return nil, err
	}
	if a.tls, err = a.newSide(ServesTLS, newGate(c)); err != nil {
		return nil, err
	}
	if a.sm2, err = a.newSide(ServesSM2, approver{}); err != nil {
		return nil, err
	}
	// Only now: at its start smallstep would make a CRL and start a clock of its own to make more, which cannot be told
	// what has changed and speaks to the log of the process. CRLs are made by CRL.
	a.tls.authority.GetConfig().CRL.Enabled = true
	return a, nil
}

func (a *Authority) newSide(service Services, issuer casapi.CertificateAuthorityService) (*side, error) {
	c := a.config
	r, err := newRegister(a.database)
	if err != nil {
		return nil, err
	}
	s := &side{register: r, names: c.Names, tokenLifetime: c.TokenLifetime, now: c.Now}
	r.side = s
	var list provisioner.List
	for i := range c.Provisioners {
		if c.Provisioners[i].Services&service != 0 {
			list = append(list, c.Provisioners[i].adapt(service, c.Challenges))
		}
	}
	s.authority, err = authority.NewEmbedded(
		authority.WithConfig(&config.Config{
			DNSNames: c.Names,
			AuthorityConfig: &config.AuthConfig{
				Provisioners: list, Claims: c.Lifetimes.adapt(), Policy: &policy.Options{X509: c.Policy.authority()},
			},
			CRL: &config.CRLConfig{CacheDuration: duration(c.CRL.Lifetime), IDPurl: c.CRL.URL},
		}),
		authority.WithX509RootCerts(c.Roots...), authority.WithX509IntermediateCerts(c.Chain...),
		authority.WithX509CAService(issuer), authority.WithDatabase(r), authority.WithQuietInit(),
	)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrConfig, err)
	}
	return s, s.checkStarted(list)
}

// checkStarted fails for a provisioner that smallstep has put aside because it could not start it.
func (s *side) checkStarted(list provisioner.List) error {
	for _, want := range list {
		p, err := s.authority.LoadProvisionerByName(want.GetName())
		if aside, ok := p.(provisioner.Uninitialized); ok {
			err = aside.Reason
		}
		if err != nil {
			return fmt.Errorf("%w: provisioner %q: %v", ErrConfig, want.GetName(), err)
		}
	}
	return nil
}
