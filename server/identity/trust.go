package identity

import (
	"errors"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/pki"
)

// CertificateChecker says whether a caller's certificate may be relied on. It is asked for every request, so it answers
// from memory; it is safe for concurrent use. The error is nil or a *Refusal.
type CertificateChecker interface {
	CheckCertificate(c *pki.Certificate, at time.Time) error
}

// TrustConfig is what a Trust is made of. Load must be set.
type TrustConfig struct {
	// Load gives the roots, the certificates between and the CRLs and OCSP answers at hand. It is called again when
	// what it gave is older than MaxAge.
	Load func() (TrustSource, error)
	// MaxAge is how long a judgement stands; zero: a minute. By that time at the latest a new CRL counts.
	MaxAge time.Duration
	// NoEvidenceUnsafe relies on a certificate of which nobody says whether it is revoked.
	NoEvidenceUnsafe bool
}

// TrustSource is what certificates are judged by.
type TrustSource struct {
	Anchors       *pki.Anchors
	Intermediates *pki.Pool
	Evidence      []pki.Evidence
}

// Trust judges callers' certificates by their chain and by CRLs and OCSP answers at hand; it asks no network. It is
// safe for concurrent use.
type Trust struct {
	cfg   TrustConfig
	links *pki.LinkCache

	mu     sync.Mutex
	source TrustSource                   // guarded by mu
	loaded time.Time                     // guarded by mu
	failed error                         // guarded by mu; why there is no source
	judged map[[sm3.Size]byte]*judgement // guarded by mu
}

type judgement struct {
	at  time.Time
	err error
}

var _ CertificateChecker = (*Trust)(nil)

// maxJudged bounds the judgements that are remembered: more than callers have certificates.
const maxJudged = 10_000

// NewTrust makes a Trust. Nothing is loaded yet.
func NewTrust(cfg TrustConfig) (*Trust, error) {
	if cfg.Load == nil {
		return nil, ErrConfig
	}
	if cfg.MaxAge <= 0 {
		cfg.MaxAge = time.Minute
	}
	return &Trust{cfg: cfg, links: pki.NewLinkCache(256), judged: map[[sm3.Size]byte]*judgement{}}, nil
}

// CheckCertificate implements CertificateChecker.
func (t *Trust) CheckCertificate(c *pki.Certificate, at time.Time) error {
	if err := checkValidity(c, at); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(at); err != nil {
		return &Refusal{Code: CodeUnchecked, Err: err}
	}
	if j := t.judged[c.Digest]; j != nil && !at.Before(j.at) {
		return j.err
	}
	err := t.judge(c, at)
	if len(t.judged) >= maxJudged {
		clear(t.judged)
	}
	t.judged[c.Digest] = &judgement{at, err}
	return err
}

// load gives the source anew when it is due. A failure stands for some seconds, so that requests do not each try again.
// mu is held.
func (t *Trust) load(at time.Time) error {
	limit := t.cfg.MaxAge
	if t.failed != nil {
		limit = min(limit, loadAgain)
	}
	if age := at.Sub(t.loaded); age < 0 || age > limit {
		t.source, t.failed = t.cfg.Load()
		t.loaded = at
		clear(t.judged)
	}
	return t.failed
}

// loadAgain is how long after a failure the source is asked for again.
const loadAgain = 5 * time.Second

// checkValidity refuses a certificate outside of its time.
func checkValidity(c *pki.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return Refuse(CodeExpired)
	}
	return nil
}

func (t *Trust) judge(c *pki.Certificate, at time.Time) error {
	options := pki.ChainOptions{
		Anchors: t.source.Anchors, Pool: t.source.Intermediates, At: at, Usage: pki.UsageDigitalSignature,
		Purpose: purposeOf(c), Links: t.links,
	}
	if !t.cfg.NoEvidenceUnsafe {
		options.Revocation = &pki.EvidenceChecker{Anchors: t.source.Anchors, Evidence: t.source.Evidence}
	}
	_, err := pki.VerifyChain(c, options)
	if err == nil {
		return nil
	}
	return &Refusal{Code: codeOfChain(err), Err: err}
}

// purposeOf is what a caller's certificate is for: with an SM2 key it signs messages, with any other it is shown by the
// connection.
func purposeOf(c *pki.Certificate) pki.Purpose {
	if c.PublicKey != nil {
		return pki.PurposeSigning
	}
	return pki.PurposeTLSClient
}

// codeOfChain names the refusal of a chain as a caller understands it.
func codeOfChain(err error) Code {
	var r *pki.RefusalError
	if !errors.As(err, &r) {
		return CodeInvalid
	}
	if code, ok := codesOfChain[r.Reason]; ok {
		return code
	}
	return CodeInvalid
}

// codesOfChain are the reasons that are not simply a bad certificate. Evidence that does not speak leaves it open
// whether the certificate holds.
var codesOfChain = map[pki.Reason]Code{
	pki.ReasonRevoked: CodeRevoked, pki.ReasonOnHold: CodeRevoked,
	pki.ReasonExpired: CodeExpired, pki.ReasonNotYetValid: CodeExpired,
	pki.ReasonNoEvidence: CodeUnchecked, pki.ReasonStale: CodeUnchecked, pki.ReasonPartialReasons: CodeUnchecked,
	pki.ReasonFromFuture: CodeUnchecked, pki.ReasonNoSigner: CodeUnchecked, pki.ReasonSignerStatus: CodeUnchecked,
	pki.ReasonCRLScope: CodeUnchecked, pki.ReasonRevocation: CodeUnchecked,
}
