package ca

import (
	"context"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 6960 names keys and certificates by SHA-1; nothing is signed with it
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Limits of OCSP requests.
const (
	MaxOCSPRequestBytes = 8 << 10
	MaxOCSPQuestions    = 32 // certificates in one request
)

// ResponderConfig is what an OCSP responder stands on.
type ResponderConfig struct {
	Register *Register // required
	Issuer   KeyID     // whose certificates it answers for; required
	// Key and Certificate are the responder's own, of profile ocsp-responder, issued by Issuer. Required.
	Key         crypto.Signer
	Certificate *pki.Certificate
	// Valid is from thisUpdate to nextUpdate of answers signed beforehand; zero: 24 h. They are renewed when half of
	// it has gone. LiveValid is that of answers signed when asked; zero: 1 h.
	Valid, LiveValid time.Duration
	// Hashes are the hashes by which clients name certificates and for which answers are signed beforehand; none:
	// SHA-1 (RFC 5019) and SM3. All of SM3, SHA-1 and SHA-256 are answered.
	Hashes []oid.ID
}

// Responder answers OCSP requests (RFC 6960) for the certificates of one issuer: with a nonce by signing, without one
// from what was signed beforehand and is stored. Either way the status is what the register says now: what was signed
// for an earlier status is never served, whatever crashed between. Certificates that the register does not know are
// unknown, never good. It is safe for use by many goroutines.
type Responder struct {
	cfg       ResponderConfig
	public    *pki.PublicKey
	authority *Authority
	names     []issuerName
	produced  atomic.Int64 // seconds of the latest producedAt

	responderID   []byte // DER, with its tag
	archiveCutoff []byte // DER of the extension
	certificates  []byte // DER of certs, with its tag
}

// issuerName is the issuer as CertIDs name it with one hash.
type issuerName struct {
	hash      oid.ID
	name, key []byte
}

// OpenResponder checks that key and certificate may speak for the issuer.
func OpenResponder(ctx context.Context, cfg ResponderConfig) (*Responder, error) {
	if cfg.Register == nil || cfg.Key == nil || cfg.Certificate == nil {
		return nil, refuse(ErrConfig, ReasonConfiguration, "register, key and certificate are required")
	}
	if cfg.Valid == 0 {
		cfg.Valid = 24 * time.Hour
	}
	if cfg.LiveValid == 0 {
		cfg.LiveValid = time.Hour
	}
	if len(cfg.Hashes) == 0 {
		cfg.Hashes = []oid.ID{oid.SHA1, oid.SM3}
	}
	o := &Responder{cfg: cfg, authority: cfg.Register.issuer(cfg.Issuer)}
	if o.authority == nil {
		return nil, refuse(ErrConfig, ReasonIssuer, "no issuer of this register")
	}
	if err := o.check(ctx); err != nil {
		return nil, err
	}
	issuer := o.authority.chain[0]
	for _, h := range []oid.ID{oid.SHA1, oid.SM3, oid.SHA256} {
		o.names = append(o.names, issuerName{h, sumOf(h, issuer.RawSubject), sumOf(h, o.authority.own.Point())})
	}
	for _, h := range cfg.Hashes {
		if o.nameIndex(h) < 0 {
			return nil, refuse(ErrConfig, ReasonAlgorithm, "hash "+h.String())
		}
	}
	return o, o.encodeOwn()
}

// check holds the responder's certificate against what relying parties will demand of it (RFC 6960, 4.2.2.2).
func (o *Responder) check(ctx context.Context) error {
	c := o.cfg.Certificate
	var err error
	if o.public, err = pki.PublicKeyOf(o.cfg.Key.Public()); err != nil || !o.public.Equal(c.PublicKey) {
		return refuse(ErrConfig, ReasonConfiguration, "key and certificate of the responder differ")
	}
	if err := c.CheckIssuedBy(o.authority.chain[0]); err != nil {
		return refuse(ErrConfig, ReasonIssuer, "certificate of the responder is not by the issuer it answers for")
	}
	if !slices.Contains(c.ExtKeyUsage, oid.PurposeOCSPSigning) || c.KeyUsage&pki.UsageDigitalSignature == 0 {
		return refuse(ErrConfig, ReasonProfile, "certificate is not for a responder")
	}
	if o.cfg.Valid < time.Minute || o.cfg.LiveValid < time.Minute {
		return refuse(ErrConfig, ReasonConfiguration, "validity of answers")
	}
	serial, ok := SerialOf(c.Serial)
	if !ok {
		return refuse(ErrConfig, ReasonConfiguration, "serial number of the responder's certificate")
	}
	status, err := o.cfg.Register.Status(ctx, CertificateID{o.authority.id, serial})
	switch {
	case err != nil && !errors.Is(err, ErrNotFound): // it may be older than the register
		return fmt.Errorf("reading status of the responder's certificate: %w", err)
	case err == nil && status.State != StateValid:
		return refuse(ErrConfig, ReasonState, "certificate of the responder is "+status.State.String())
	}
	return nil
}

// encodeOwn writes once what is the same in all responses.
func (o *Responder) encodeOwn() error {
	var id, certificates cryptobyte.Builder
	id.AddASN1(contextTag(2).Constructed(), func(b *cryptobyte.Builder) { // byKey: always SHA-1 (RFC 6960, 4.2.1)
		b.AddASN1OctetString(sumOf(oid.SHA1, o.public.Point()))
	})
	certificates.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(tagSequence, func(b *cryptobyte.Builder) { b.AddBytes(o.cfg.Certificate.Raw) })
	})
	cutoff := appendGeneralizedTime(nil, o.authority.chain[0].NotBefore)
	o.archiveCutoff = appendEntryExtension(nil, oid.OCSPArchiveCutoff, cutoff)
	var err1, err2 error
	o.responderID, err1 = id.Bytes()
	o.certificates, err2 = certificates.Bytes()
	return errors.Join(err1, err2)
}

func sumOf(hash oid.ID, b []byte) []byte {
	switch hash {
	case oid.SHA1:
		sum := sha1.Sum(b) //nolint:gosec // see above
		return sum[:]
	case oid.SM3:
		sum := sm3.Sum(b)
		return sum[:]
	case oid.SHA256:
		sum := sha256.Sum256(b)
		return sum[:]
	default:
		return nil
	}
}

func (o *Responder) nameIndex(hash oid.ID) int {
	return slices.IndexFunc(o.names, func(n issuerName) bool { return n.hash == hash })
}

// knows finds the hash by which a question names this responder's issuer; -1 if it names another.
func (o *Responder) knows(id *pki.CertID) int {
	i := o.nameIndex(id.Hash)
	if i < 0 || string(o.names[i].name) != string(id.IssuerName) || string(o.names[i].key) != string(id.IssuerKey) {
		return -1
	}
	return i
}

// now is the time of an answer; false if the clock runs behind answers that were given, or the responder's
// certificate is not valid: nothing is to be signed then.
func (o *Responder) now() (time.Time, bool) {
	now := o.cfg.Register.now()
	for {
		last := o.produced.Load()
		if now.Unix() < last-int64(clockTolerance/time.Second) {
			return now, false
		}
		if now.Unix() <= last || o.produced.CompareAndSwap(last, now.Unix()) {
			break
		}
	}
	c := o.cfg.Certificate
	return now, !now.Before(c.NotBefore) && now.Before(c.NotAfter)
}

// nextUpdate is never after the end of the responder's certificate.
func (o *Responder) nextUpdate(now time.Time, valid time.Duration) time.Time {
	next := now.Add(valid)
	if end := o.cfg.Certificate.NotAfter; next.After(end) {
		return end
	}
	return next
}

// lookUp reads the status of a certificate; StateNone if it was never issued here.
func (o *Responder) lookUp(r engine.Reader, serial Serial) (Status, error) {
	s, err := getStatus(r, CertificateID{o.authority.id, serial})
	if errors.Is(err, ErrNotFound) {
		return Status{}, nil
	}
	return s, err
}
