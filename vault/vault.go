// Package vault is the electronic licence vault (电子证照库): licence types, licences with their versions and states,
// synchronous issuance, look-up and comparison, bulk conversion's storage, ledger and audit.
//
// A licence is a signed record (package record) that is stored, hashed and handed out as it was signed. Everything
// that happens to it is an event; state, history and AsOf follow from the events. Each act is one engine transaction
// of record, event, indexes, staged ledger leaf and audit entry: all or none, at any crash. What was answered is
// durable.
//
// The package signs nothing itself and knows no certificates: keys, clock, randomness and storage come in through
// Config. It follows GB/T 36901 to 36906-2018.
package vault

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/combine"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// Config is what a vault is made of. Every field without a stated zero meaning must be set.
type Config struct {
	Engine  engine.Engine // sealed: it holds personal data, and answers with nothing that was altered
	Blobs   blob.Store    // sealed; scans and documents
	Tokens  Tokens
	Records RecordSigner
	Signer  VaultSigner
	Now     func() time.Time
	Rand    io.Reader // cryptographic
	Zone    *time.Location

	// Documents draws and seals the document of each new version of a type with a template; nil: licences have none
	// but those that are attached.
	Documents Documenter
	// StrongLevel is the login from which a holder's own licences are shown (A77); zero: LevelRealName.
	StrongLevel Level
	// MaxMismatches is how many failed comparisons a caller may make about one subject in a day; zero: 20.
	MaxMismatches int
	// StatusFor is how long a status statement holds; zero: 24 hours.
	StatusFor time.Duration
	// CheckpointKeys verify the vault's own checkpoints when Inspect reads them; nil: their signatures are not
	// looked at.
	CheckpointKeys []ledger.Verifier
	// Published is the last checkpoint that was handed out, as whoever opens the vault knows it from elsewhere than the
	// engine. An engine that does not hold it was put back to an older state: the vault is then closed for writing as
	// after MarkRestored, and stays so. nil: not looked at.
	Published *ledger.Checkpoint
	// UnsealedUnsafe lets Engine be one that does not authenticate its values, for tests and tools. Versions are then
	// re-hashed as they are read, which finds damage; whoever can write to the disk goes unnoticed until Inspect looks
	// at signatures and ledger. false: Open refuses such an engine.
	UnsealedUnsafe bool
	// Workers is how many goroutines prepare and sign a group; zero: 1.
	Workers int
}

// Tokens names persons and numbers in keys: HMAC-SM3 under a key of the vault, the same for the same parts for ever.
type Tokens interface {
	Token(domain string, parts ...[]byte) [32]byte
}

// RecordSigner holds or knows the departments' signing keys. It is safe for concurrent use.
type RecordSigner interface {
	// SignerFor gives the SM3 digest of the certificate with which an issuer signs now and whether its key is in
	// custody; an error if the issuer has none.
	SignerFor(issuer string, at time.Time) (certificate [32]byte, custody bool, err error)

	// SignRecord gives a detached GB/T 35275 SignedData over raw by the issuer's key in custody.
	SignRecord(ctx context.Context, issuer string, raw []byte) ([]byte, error)

	// CheckRecord refuses a signature that is not the issuer's by the named certificate over raw at that time.
	CheckRecord(issuer string, certificate [32]byte, raw, signature []byte, at time.Time) error

	// Certificates gives the DER of a certificate that signed and of those above it, leaf first.
	Certificates(certificate [32]byte) ([][]byte, error)
}

// VaultSigner signs in the vault's own name: receipts, status statements, batch certificates and checkpoints.
type VaultSigner interface {
	// SignStatement gives a detached GB/T 35275 SignedData over raw that holds its certificate.
	SignStatement(ctx context.Context, raw []byte) ([]byte, error)

	// Name, KeyHash and Sign make signed notes for checkpoints, as golang.org/x/mod/sumdb/note.Signer.
	Name() string
	KeyHash() uint32
	Sign(msg []byte) ([]byte, error)
}

// Documenter makes the sealed document of a signed version (电子证照文件). It is safe for concurrent use.
type Documenter interface {
	// Document runs before the transaction that attaches what it answers, and for the same version again if that
	// transaction is not kept. Nothing in d may be changed. No content and no error say that the licence has no
	// document now, as where the seal is not in custody: it is attached later. An error refuses the act.
	Document(ctx context.Context, d *Drawable) ([]byte, error)
}

// PageChecker is a Documenter that draws types by templates of their own.
type PageChecker interface {
	// CheckPage gives everything that keeps licences of a type from being drawn by its own template (Type.Page).
	CheckPage(def catalogue.Type) []Problem
}

// Vault is safe for use by many goroutines, and any number of them may stand on one engine.
type Vault struct {
	cfg            Config
	rehash         bool // versions are held against what names them whenever they are read
	unknownCallers atomic.Uint64
	turns          turns
	sequencing     sync.Mutex  // one sequencer at a time in this process; the engine keeps others apart
	restored       atomic.Bool // a hint: the engine tells
	types          sync.Map    // code -> *LicenceType in force
	openBatches    sync.Map    // batch -> nothing: known to be open
	callers        sync.Map    // caller -> *knownCaller
	lastHead       atomic.Pointer[signedHead]
	audits         combine.Group[*auditRequest]
	issues         combine.Group[*issuing]
}

// Open checks the configuration and whether the engine's content was restored from a backup.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	_, sealed := cfg.Engine.(engine.Authenticating)
	if !sealed && !cfg.UnsealedUnsafe {
		return nil, fmt.Errorf("%w: engine does not authenticate its values", ErrInvalid)
	}
	if cfg.StrongLevel == LevelNone {
		cfg.StrongLevel = LevelRealName
	}
	if cfg.MaxMismatches == 0 {
		cfg.MaxMismatches = 20
	}
	if cfg.StatusFor == 0 {
		cfg.StatusFor = 24 * time.Hour
	}
	cfg.Workers = max(cfg.Workers, 1)
	v := &Vault{cfg: cfg, rehash: !sealed}
	if err := v.comeBack(ctx); err != nil {
		return nil, fmt.Errorf("vault: opening: %w", err)
	}
	return v, nil
}

// check refuses a configuration that lacks a part or holds what is none.
func (c *Config) check() error {
	if c.Engine == nil || c.Blobs == nil || c.Tokens == nil || c.Records == nil || c.Signer == nil ||
		c.Now == nil || c.Rand == nil || c.Zone == nil {
		return fmt.Errorf("%w: configuration is incomplete", ErrInvalid)
	}
	if c.StrongLevel < LevelNone || c.StrongLevel > LevelCertificate {
		return fmt.Errorf("%w: there is no such level of login", ErrInvalid)
	}
	return nil
}

// Name is the ledger's origin: the name under which the vault signs checkpoints.
func (v *Vault) Name() string { return v.cfg.Signer.Name() }

// now is the time as texts hold it.
func (v *Vault) now() time.Time { return v.cfg.Now().UTC().Truncate(time.Microsecond) }

// Zone is where the vault's days begin and end.
func (v *Vault) Zone() *time.Location { return v.cfg.Zone }

// today is the legal day of an instant.
func (v *Vault) today(at time.Time) record.Date { return record.DateOf(at.In(v.cfg.Zone)) }

// randomID is a prefix and 16 random bytes in hexadecimal.
func (v *Vault) randomID(prefix string) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(v.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("vault: reading randomness: %w", err)
	}
	return prefix + hex.EncodeToString(b[:]), nil
}

// checkFree finds what keeps s from standing in a signed text; nil if nothing does.
func checkFree(field, s string, maxRunes int) *Problem {
	var p Problem
	switch {
	case s == "" && field == "purpose":
		p = problem(CodePurposeMissing, field, "")
	case utf8.RuneCountInString(s) > maxRunes:
		p = problem(CodeTextTooLong, field, "")
	case strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == utf8.RuneError
	}) || strings.TrimSpace(s) != s:
		p = problem(CodeTextControl, field, "")
	default:
		return nil
	}
	return &p
}
