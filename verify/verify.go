// Package verify is the judge (验证): any signed thing of the vault goes in, one report comes out, and its first
// line is the decision.
//
// It judges offline: licence bundles, receipts, status statements, batch certificates, ledger proofs, checkpoints
// and certificates, told apart by their content. It makes no signature, asks no network and reads no clock of its
// own.
//
// The promise: a report says TOTAL-PASSED only if every check that applies has passed. Whatever is missing, stale,
// unknown or not understood makes it INDETERMINATE, whatever is wrong TOTAL-FAILED, and the zero value of
// everything is no. Words are those of ETSI EN 319 102-1 V1.3.1 (2021); docs/verify.md lists the checks.
package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// ErrConfig is returned for a configuration that could not refuse anything.
var ErrConfig = errors.New("verify: incomplete configuration")

// Config says what a deployment demands.
type Config struct {
	// Trust is whom certificates must lead to. Required: nil or empty is an error, there are no system roots.
	Trust *pki.Anchors
	// LedgerKeys are the keys of the vaults that are believed. A checkpoint counts only under one of them, and a
	// receipt, status statement or batch certificate only if its certificate holds one of these keys under the
	// name of its vault. None: nothing of a vault counts, so no licence passes.
	LedgerKeys []ledger.Verifier
	// Now is the clock. Required.
	Now func() time.Time
	// Status asks for the state of a licence now; nil: the bundle must bring a fresh status statement.
	// What it answers with a signed statement is kept with the evidence, and can be judged again without it.
	Status StatusSource
	// Zone is where the days of validity begin; nil: UTC+8, the legal time of China.
	Zone *time.Location
	// CrossCheck has each signature checked by two unrelated implementations of SM2; if they disagree the report is
	// INDETERMINATE.
	CrossCheck bool
	// ForeignForms accepts department signatures that other software wrote differently from docs/formats.md section 5;
	// each deviation is listed in Report.Uncovered. Off: such a signature is INDETERMINATE. It also lets time-stamps
	// count that do not name the certificate of their authority.
	ForeignForms bool
	// Intermediates are certificates of authorities that may be missing in a document; untrusted. nil: none.
	Intermediates *pki.Pool
	// Evidence is what is known of revocations; each piece is checked before it counts. None: it must come with the
	// document or from Revocation.
	Evidence []pki.Evidence
	// Revocation is asked for more; nil: nothing is fetched.
	Revocation RevocationSource
	// SealMakers are certificates of makers of seals (制章人) that are known; others count only if their certificate says
	// that they make seals. nil: none.
	SealMakers []*pki.Certificate
	// Requirements are what signatures on documents must fulfil.
	Requirements Requirements
	// Labels gives what people call an element of a licence type (法定代表人（负责人）), for the reports that they read.
	// Empty: not known, and they show its short name. It is safe for concurrent use, and nothing is judged by it. nil:
	// none is known.
	Labels func(ctx context.Context, typeCode, element string) string
}

// Requirements says what a deployment demands of a signature on a document. The zero value demands what the checks
// demand anyway.
type Requirements struct {
	// Timestamp demands a proven time of each signature, also while its certificate is valid.
	Timestamp bool
	// RevocationMaxAge is how old a CRL or OCSP answer may be when the signature was made, beside its own next update;
	// zero: no limit of ours.
	RevocationMaxAge time.Duration
	// RevocationDelay is how long after the proven time of a signature evidence must have been made, so that a
	// revocation that was asked for at once can show in it; zero: no such wait. It needs Timestamp, for without a
	// proven time the wait would never end.
	RevocationDelay time.Duration
	// Sunsets are the dates by which algorithms are over; nil: DefaultSunsets.
	Sunsets []Sunset
}

// check refuses what could never be fulfilled.
func (r *Requirements) check() error {
	if r.RevocationDelay < 0 || r.RevocationMaxAge < 0 || r.RevocationDelay > 0 && !r.Timestamp {
		return fmt.Errorf("%w: a delay of revocation needs a time-stamp, and no time is below zero", ErrConfig)
	}
	return nil
}

// StatusSource is the vault, or whoever speaks for it now.
type StatusSource interface {
	// CurrentStatus gives the state now of the licence that an identifier names, with the version that is in force. An
	// error, of whatever kind, makes the report INDETERMINATE.
	CurrentStatus(ctx context.Context, identifier string) (Status, error)
}

// Status is a licence's state at a moment, as a vault signed it, or as a source says for which the caller vouches.
type Status struct {
	// Said is the vault's signed word. It must count by itself, and the other fields are taken from it. nil: the caller
	// vouches for them; whoever judges the same again from its evidence then does not know the state.
	Said *Said

	Identifier string        // of the version in force
	Record     record.Digest // of that version
	State      string        // valid, suspended, revoked…: the words of status statements
	Since      record.Date   // from when the state counts; zero: not known
	Time       time.Time     // when it was so; required
}

// Expect is what this caller wants to be true; the zero value of a field expects nothing. What the document cannot
// answer makes the report INDETERMINATE, what contradicts it TOTAL-FAILED.
type Expect struct {
	HolderCode string    // 持证主体代码
	HolderName string    // 持证主体, compared as the vault compares names
	Type       string    // 证照类型代码, or its name
	Issuer     string    // 证照颁发机构代码
	Number     string    // 证照编号
	Identifier string    // 电子证照标识
	Department string    // that issued or sealed it: its code, or its name as certificate, seal or record have it
	Case       string    // 办件编号, for which a receipt was given or a copy made
	At         time.Time // the deciding time; zero: now

	// NoLicenceUnsafe is the caller's word that an OFD is no licence but a letter, an invoice or the like. It decides
	// where the document leaves that open because no seal covers its metadata; whatever says that it is a licence
	// outweighs it. The report lists the check as skipped.
	NoLicenceUnsafe bool
}

// Verifier judges. What it remembers saves time alone; it is safe for concurrent use.
type Verifier struct {
	config Config
	pins   []pin
	inside bool // of an evidence file: it judges what is kept there
	links  *pki.LinkCache
	read   *certificateCache
}

// asOf is the same verifier with a clock that stands still, at a microsecond.
func (v *Verifier) asOf(at time.Time) *Verifier {
	fixed := *v
	at = at.Truncate(time.Microsecond)
	fixed.config.Now = func() time.Time { return at }
	return &fixed
}

// maxLinks is how many authorities' links a verifier remembers.
const maxLinks = 1024

// pin is a key of a vault: what may sign under its name.
type pin struct {
	name string
	key  *pki.PublicKey
}

// New checks the configuration.
func New(config Config) (*Verifier, error) {
	if len(config.Trust.Certificates()) == 0 {
		return nil, fmt.Errorf("%w: trust anchors are required", ErrConfig)
	}
	if config.Now == nil {
		return nil, fmt.Errorf("%w: a clock is required", ErrConfig)
	}
	if err := config.Requirements.check(); err != nil {
		return nil, err
	}
	if config.Zone == nil {
		config.Zone = moment.China()
	}
	if config.Requirements.Sunsets == nil {
		config.Requirements.Sunsets = DefaultSunsets()
	}
	v := &Verifier{config: config, links: pki.NewLinkCache(maxLinks), read: newCertificateCache()}
	v.config.LedgerKeys = nil
	seen := map[ledger.Key]bool{}
	for _, k := range config.LedgerKeys {
		if k == nil {
			return nil, fmt.Errorf("%w: nil ledger key", ErrConfig)
		}
		id := ledger.Key{Name: k.Name(), Hash: k.KeyHash()}
		if seen[id] {
			return nil, fmt.Errorf("%w: ledger key %q twice", ErrConfig, id.Name)
		}
		seen[id] = true
		if err := v.addKey(k); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// addKey keeps a key, as a pin too if its point is known.
func (v *Verifier) addKey(k ledger.Verifier) error {
	own, ok := k.(*sm2note.Verifier)
	if !ok {
		v.config.LedgerKeys = append(v.config.LedgerKeys, k)
		return nil
	}
	point, err := notePoint(own)
	if err != nil {
		return err
	}
	key, err := sm2sig.ParsePublicKey(point)
	if err != nil {
		return fmt.Errorf("%w: ledger key %q", ErrConfig, k.Name())
	}
	v.pins = append(v.pins, pin{name: k.Name(), key: key})
	v.config.LedgerKeys = append(v.config.LedgerKeys, crossVerifier{own, key, v.config.CrossCheck})
	return nil
}

// Document is one document with what lies beside it.
type Document struct {
	Body io.ReaderAt // required
	Size int64       // of Body
	// Content is what a detached signature is over; nil: nothing lies beside the document.
	Content     io.ReaderAt
	ContentSize int64
	// Licence is what the vault says now of the licence that Body is: a bundle with its proof and status. nil: nothing.
	Licence []byte
	// Evidence is what lies beside the document of certificates and of revocations, see ParseEvidence. It is never
	// trusted: a root in it is no anchor. Of its certificates 16 help to build chains. Zero: nothing.
	Evidence pki.Evidence
}

// DocumentOf is a document in memory.
func DocumentOf(doc []byte) Document {
	return Document{Body: bytes.NewReader(doc), Size: int64(len(doc))}
}

// Verify judges one document. The report is never nil; the error says that judging was broken off, and the report is
// INDETERMINATE then.
func (v *Verifier) Verify(ctx context.Context, doc []byte, expect Expect) (*Report, error) {
	return v.VerifyDocument(ctx, DocumentOf(doc), expect)
}

// VerifyDocument is Verify for a document that need not be in memory. An error of its readers breaks off the judging.
func (v *Verifier) VerifyDocument(ctx context.Context, doc Document, expect Expect) (*Report, error) {
	j := newJudgement(ctx, v, expect)
	j.takeBeside(doc.Evidence)
	j.judge(&doc)
	j.judgeBeside(&doc)
	return j.finish(), errors.Join(ctx.Err(), j.broken)
}
