// Package kmc is a key management centre (密钥管理中心, GM/T 0034-2014): it makes the encryption key pairs of dual
// certificates, delivers each to its holder, and keeps it in escrow so that it can be recovered by law or need.
//
// # What is promised
//
// A private key d is delivered as SM2EnvelopedKey (GB/T 35276-2017) to the holder's signing key and to nobody else.
// It is stored only in escrow: sealed with SM4-GCM under a key of its own, which is split by Shamir's scheme into one
// share for each custodian (密钥保管员), and each share is encrypted to that custodian's own SM2 key. Fewer custodians
// than the threshold, which is two at least, learn nothing of any key, whatever else they read; the centre itself
// cannot open what it stores. The threshold is mathematics, not a rule that a program keeps.
//
// Recovery for the holder (用户密钥恢复) and for the law (司法密钥恢复) gives a new SM2EnvelopedKey for the same d. Each leaves
// a signed transcript: who, why, on which legal basis, when, which key, approved by whom; never the key.
//
// # What is not
//
// The centre knows d while it makes, delivers or recovers it; it runs on a machine of its own. Go does not let a
// program wipe every copy of a number; what can be wiped is. A custodian whose key is stolen still counts for copies
// of the store made before the re-wrapping (see Rewrap); those are to be destroyed. There is no network and no clock
// here.
//
// # What is stored
//
// Keys of the engine begin with "kmc/" and one letter; names, requests and holders stand in them as SM3 digests only.
package kmc

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// MaxSpares bounds the pairs kept ready in memory.
const MaxSpares = 4096

var (
	// ErrConfig is returned for an incomplete configuration.
	ErrConfig = errors.New("kmc: incomplete configuration")
	// ErrDamaged is returned for a stored value that does not say what it must.
	ErrDamaged = errors.New("kmc: stored value is damaged")
)

// Reason says why the centre refused.
type Reason string

// Reasons.
const (
	ReasonRequest   Reason = "request"   // an incomplete or malformed request
	ReasonState     Reason = "state"     // not in this state of the centre or of the key
	ReasonUnknown   Reason = "unknown"   // no such key
	ReasonReused    Reason = "reused"    // the request's name was used for another request
	ReasonCustody   Reason = "custody"   // a set of custodians that cannot stand
	ReasonCustodian Reason = "custodian" // somebody who is no custodian of this set, or stands there twice
	ReasonApproval  Reason = "approval"  // too few custodians approved, or a signature that is not theirs
	ReasonShare     Reason = "share"     // a custodian's share is not the one he was given
	ReasonEscrow    Reason = "escrow"    // the shares do not open the key
	ReasonHolder    Reason = "holder"    // the key is another holder's
	ReasonRecipient Reason = "recipient" // the key may not be delivered there
)

// RefusalError is a refusal of the centre.
type RefusalError struct {
	Reason Reason
	Detail string // for a log; no secret and no name of a holder in it
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("kmc: refused (%s): %s", e.Reason, e.Detail)
}

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuse(reason Reason, format string, args ...any) error {
	return &RefusalError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Config is what a centre needs from outside.
type Config struct {
	Engine engine.Engine    // required; this centre's alone under "kmc/"
	Rand   io.Reader        // required: unpredictable, safe for concurrent use
	Now    func() time.Time // required
	Signer crypto.Signer    // required: the centre's SM2 key, signs the transcript
	// Judicial are the keys that a judicial recovery may deliver to. None: there is no judicial recovery.
	Judicial []*pki.PublicKey
	// Spares is how many pairs FillSpares keeps ready (备用库). Zero: each pair is made when it is asked for.
	Spares int
}

// Centre is an open key management centre. It is safe for concurrent use. One process at a time opens a store.
type Centre struct {
	config Config
	public *pki.PublicKey // of config.Signer

	writing sync.Mutex // one transcript entry after the other

	mu      sync.Mutex
	custody *Custody // guarded by mu; the current one, nil before the founding
	spares  []spare  // guarded by mu
}

// Open opens the centre kept in an engine; an empty engine is a centre that is yet to be founded. Spare pairs of an
// earlier run are destroyed: the copies of their keys that could be delivered were in its memory only.
func Open(ctx context.Context, config Config) (*Centre, error) {
	if config.Engine == nil || config.Rand == nil || config.Now == nil || config.Signer == nil ||
		config.Spares < 0 || config.Spares > MaxSpares {
		return nil, ErrConfig
	}
	for _, key := range config.Judicial {
		if key == nil {
			return nil, ErrConfig
		}
	}
	public, err := pki.PublicKeyOf(config.Signer.Public())
	if err != nil {
		return nil, fmt.Errorf("%w: signing key", ErrConfig)
	}
	c := &Centre{config: config, public: public}
	err = config.Engine.View(ctx, func(r engine.Reader) error {
		c.custody, err = currentCustody(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading custody: %w", err)
	}
	return c, c.dropSpares(ctx)
}

// Custody is the current set of custodians, or nil before the founding. It is not to be changed.
func (c *Centre) Custody() *Custody {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.custody
}

// Key is the public key that the transcript is signed with.
func (c *Centre) Key() *pki.PublicKey { return c.public }

func (c *Centre) now() time.Time { return c.config.Now().UTC().Truncate(time.Second) }
