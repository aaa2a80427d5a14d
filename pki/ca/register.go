package ca

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elicense/elicense/internal/combine"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

// RegisterConfig is what a register stands on. Every field without a stated zero meaning must be set.
type RegisterConfig struct {
	Engine engine.Engine // sealed: it holds personal data
	// Issuers are the authorities that sign. The first that may issue a profile does so unless an enrolment names
	// another; after a rollover the new one comes first and the old one stays to sign its CRLs.
	Issuers []*Authority
	Tokens  Tokens
	Now     func() time.Time
	Rand    io.Reader // unpredictable; safe for concurrent use
	// Base is the address under which CRLs, OCSP and issuers' certificates are published, without a slash at the end.
	Base string
	// Keys supplies the keys of encryption certificates; nil: pairs are refused.
	Keys   EncryptionKeys
	Policy Policy
}

// Tokens names persons and numbers in keys: HMAC-SM3 under a key of the authority, the same for the same parts for
// ever. The sealed engine is one.
type Tokens interface {
	Token(domain string, parts ...[]byte) [32]byte
}

// EncryptionKeys is the key management centre (密钥管理中心) as the register sees it.
type EncryptionKeys interface {
	// EncryptionKey gives the public key of an encryption key pair and its private key as SM2EnvelopedKey (GB/T
	// 35276) for the holder of the signing key. The escrow is durable before it returns. The same application and
	// signing key get the same key pair again, however often they ask.
	EncryptionKey(ctx context.Context, id ApplicationID, signing *pki.PublicKey) (*pki.PublicKey, []byte, error)
}

// Policy is what an authority may choose. Zero values are the defaults.
type Policy struct {
	// Approvals is how many officers must approve an application for a profile; a profile that is not named has its
	// own number. Authorities need one at least.
	Approvals map[string]int
	// RenewFrom is how long before the end of a certificate it may be renewed; zero: 90 days.
	RenewFrom time.Duration
	// KeepExpired is how long after its end a revoked certificate stays on CRLs; zero: for ever, since signatures are
	// judged long after. It stays in any case until a full CRL has held it once.
	KeepExpired time.Duration
	// ReuseKey allows a renewal to keep the key.
	ReuseKey bool
}

const (
	maxApprovals  = 8
	issuanceGroup = 128 // times what one application can hold stays below what a transaction can
)

// Register is an authority's register (证书登记库): applications, certificates, their status, CRL numbers and the audit
// of every act. Each act is one transaction of the engine, made durable before it is answered; whatever is signed is
// signed before and leaves the process after. It is safe for use by many goroutines; one process at a time signs for
// an issuer.
type Register struct {
	cfg         RegisterConfig
	restored    atomic.Bool
	barred      atomic.Pointer[[]KeyID] // issuers that are revoked themselves
	leases      map[KeyID]*lease
	issuances   combine.Group[*issuance]
	placeholder *pki.PublicKey // of applications whose key comes later
}

// placeholderPoint is the public key of the example of GB/T 32918.5-2017, annex A; nothing is ever issued for it.
const placeholderPoint = "\x04" +
	"\x09\xf9\xdf\x31\x1e\x54\x21\xa1\x50\xdd\x7d\x16\x1e\x4b\xc5\xc6" +
	"\x72\x17\x9f\xad\x18\x33\xfc\x07\x6b\xb0\x8f\xf3\x56\xf3\x50\x20" +
	"\xcc\xea\x49\x0c\xe2\x67\x75\xa5\x2d\xc6\xea\x71\x8c\xc1\xaa\x60" +
	"\x0a\xed\x05\xfb\xf3\x5e\x08\x4a\x66\x32\xf6\x07\x2d\xa9\xad\x13"

// OpenRegister checks the configuration, enters issuers that are new, and finds out whether the register was restored.
func OpenRegister(ctx context.Context, cfg RegisterConfig) (*Register, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	placeholder, err := sm2sig.ParsePublicKey([]byte(placeholderPoint))
	if err != nil {
		return nil, err
	}
	r := &Register{cfg: cfg, leases: make(map[KeyID]*lease), placeholder: placeholder}
	r.issuances.Limit = issuanceGroup
	for _, a := range cfg.Issuers {
		r.leases[a.id] = newLease()
	}
	err = cfg.Engine.View(ctx, func(rd engine.Reader) error {
		_, err := rd.Get(key(spaceRestored))
		r.restored.Store(err == nil)
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		return err
	})
	if err == nil {
		err = r.enterIssuers(ctx)
	}
	if err == nil {
		err = r.findBarred(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("ca: opening the register: %w", err)
	}
	return r, nil
}

func (c *RegisterConfig) check() error {
	if c.Engine == nil || c.Tokens == nil || c.Now == nil || c.Rand == nil {
		return refuse(ErrConfig, ReasonConfiguration, "engine, tokens, clock and randomness are required")
	}
	if len(c.Issuers) == 0 {
		return refuse(ErrConfig, ReasonConfiguration, "an issuer is required")
	}
	if strings.HasSuffix(c.Base, "/") || !strings.HasPrefix(c.Base, "http://") {
		return refuse(ErrConfig, ReasonConfiguration, "base is an http address without a slash at the end")
	}
	for _, issuer := range c.Issuers {
		if issuer == nil || len(issuer.chain) == 0 {
			return refuse(ErrConfig, ReasonConfiguration, "issuer without a certificate")
		}
	}
	if c.Policy.RenewFrom == 0 {
		c.Policy.RenewFrom = 90 * 24 * time.Hour
	}
	return c.Policy.check()
}

func (p *Policy) check() error {
	for name, n := range p.Approvals {
		if _, known := ProfileNamed(name); !known || n < 0 || n > maxApprovals {
			return refuse(ErrConfig, ReasonConfiguration, "approvals of an unknown profile, or too many")
		}
	}
	return nil
}

// now is the time of acts, to the second as certificates and CRLs have it.
func (r *Register) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Second) }
