package pki

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// TimestampReason says why a token was refused.
type TimestampReason string

// Reasons for tokens.
const (
	TimestampNoOptions    TimestampReason = "options"        // no digest, time or anchors were given
	TimestampImprint      TimestampReason = "imprint"        // it stamps something else
	TimestampOutdated     TimestampReason = "weak-algorithm" // a digest that no longer resists forgery
	TimestampAlgorithm    TimestampReason = "algorithm"      // an algorithm that is not supported or does not fit
	TimestampFuture       TimestampReason = "future"         // it says a time after that of judgement
	TimestampPolicy       TimestampReason = "policy"         // its policy is not among those accepted
	TimestampNonce        TimestampReason = "nonce"          // it does not answer this request
	TimestampAccuracy     TimestampReason = "accuracy"       // its accuracy is not stated or too coarse
	TimestampExtension    TimestampReason = "extension"      // it has a critical extension, none of which is understood
	TimestampNoSigner     TimestampReason = "signer-unknown" // the signer's certificate is neither inside nor given
	TimestampBinding      TimestampReason = "signer-binding" // the signed attributes do not name this certificate
	TimestampName         TimestampReason = "tsa-name"       // it names another authority than the certificate
	TimestampPurpose      TimestampReason = "signer-purpose" // the certificate is not for time-stamping alone
	TimestampBadSignature TimestampReason = "bad-signature"  // the signature does not hold
	TimestampChain        TimestampReason = "chain"          // the certificate leads to no anchor; see the cause
)

// TimestampError is the refusal of a token.
type TimestampError struct {
	Reason TimestampReason
	Detail string
	Cause  error // a *RefusalError for TimestampChain, else nil
}

// Error is for a log; show a person the Reason in his language.
func (e *TimestampError) Error() string {
	return fmt.Sprintf("pki: time-stamp refused (%s): %s", e.Reason, e.Detail)
}

// Unwrap is the cause.
func (e *TimestampError) Unwrap() error { return e.Cause }

func refuseToken(reason TimestampReason, format string, args ...any) *TimestampError {
	return &TimestampError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// TimestampOptions says against what a token is judged.
type TimestampOptions struct {
	// Digest is required: what must have been stamped, hashed with Timestamp.NewHash.
	Digest []byte
	// At is required: the time of judgement. A token from later is refused.
	At time.Time
	// Chain says whom to trust; Anchors are required there. At, Usage and Purpose are filled in: the chain is judged at
	// the time the token says, for time-stamping. Intermediates may hold the signer's certificate too.
	Chain ChainOptions

	Policies    []oid.ID      // accepted policies; none: any of an authority that the anchors vouch for
	Nonce       []byte        // of the request, an unsigned number; empty: the token's is not looked at
	MaxAccuracy time.Duration // coarsest accuracy; zero: any, and it need not be stated
	// SHA1Until lets SHA-1 count in tokens that say a time before it; zero: never. Such a token proves its time only
	// together with something later that still holds.
	SHA1Until time.Time
	// UnboundSignerUnsafe accepts tokens whose signature does not cover which certificate made it, as those of one
	// product in use.
	UnboundSignerUnsafe bool
}

// VerifiedTimestamp is a token that was judged good: its data existed before NotAfter, says the authority of Chain.
type VerifiedTimestamp struct {
	*Timestamp

	NotBefore time.Time // genTime less the accuracy
	NotAfter  time.Time // genTime plus the accuracy
	Signer    *Certificate
	Chain     *Chain
	Unbound   bool // no attribute names the signer's certificate
}

// Verify judges the token: what it stamps, that its one signature holds and binds its certificate, that the certificate
// is for time-stamping alone (RFC 3161, 2.3) and leads to an anchor at the time the token says. Revocation is what
// options.Chain.Revocation says. The error is a *TimestampError.
func (t *Timestamp) Verify(options TimestampOptions) (*VerifiedTimestamp, error) {
	if err := t.checkOptions(&options); err != nil {
		return nil, err
	}
	if err := t.checkContent(&options); err != nil {
		return nil, err
	}
	signer, err := t.findSigner(&options)
	if err != nil {
		return nil, err
	}
	if err := t.checkBinding(signer, options.UnboundSignerUnsafe); err != nil {
		return nil, err
	}
	if err := t.checkSigner(signer); err != nil {
		return nil, err
	}
	if err := t.checkSignature(signer, &options); err != nil {
		return nil, err
	}
	chain, err := t.verifyChain(signer, options.Chain)
	if err != nil {
		return nil, err
	}
	return &VerifiedTimestamp{
		Timestamp: t, NotBefore: t.GenTime.Add(-t.Accuracy), NotAfter: t.GenTime.Add(t.Accuracy),
		Signer: signer, Chain: chain, Unbound: len(t.token.Bindings) == 0,
	}, nil
}

func (t *Timestamp) checkOptions(o *TimestampOptions) error {
	c := &o.Chain
	if len(o.Digest) == 0 || o.At.IsZero() || c.Anchors.empty() {
		return refuseToken(TimestampNoOptions, "digest, time and anchors are required")
	}
	if !c.At.IsZero() || c.Usage != 0 || c.Purpose != "" {
		return refuseToken(TimestampNoOptions, "time, usage and purpose of the chain follow from the token")
	}
	return nil
}

// checkContent holds what the token says against what is expected.
func (t *Timestamp) checkContent(o *TimestampOptions) error {
	switch {
	case t.Imprint == "":
		return refuseToken(TimestampAlgorithm, "imprint %s", t.token.Info.Imprint.Algorithm)
	case !o.accepts(t.Imprint, t.GenTime):
		return refuseToken(TimestampOutdated, "imprint %s", t.Imprint)
	case !bytes.Equal(t.Digest, o.Digest):
		return refuseToken(TimestampImprint, "the digest is another")
	case t.GenTime.Add(-t.Accuracy).After(o.At):
		return refuseToken(TimestampFuture, "%s is after %s", t.GenTime.Format(time.RFC3339), o.At.Format(time.RFC3339))
	}
	return t.checkTerms(o)
}

// accepts tells whether a hash algorithm counts in a token of that time.
func (o *TimestampOptions) accepts(h Hash, at time.Time) bool {
	return h != HashMD5 && (h != HashSHA1 || at.Before(o.SHA1Until))
}

// checkTerms holds the token against what its user asked for.
func (t *Timestamp) checkTerms(o *TimestampOptions) error {
	switch {
	case len(o.Policies) > 0 && !slices.Contains(o.Policies, t.Policy):
		return refuseToken(TimestampPolicy, "%s", t.Policy)
	case len(o.Nonce) > 0 && !bytes.Equal(t.Nonce, integerOctets(o.Nonce)):
		return refuseToken(TimestampNonce, "the nonce is another")
	case o.MaxAccuracy != 0 && !t.AccuracyStated:
		return refuseToken(TimestampAccuracy, "not stated")
	case o.MaxAccuracy != 0 && t.Accuracy > o.MaxAccuracy:
		return refuseToken(TimestampAccuracy, "%s, at most %s", t.Accuracy, o.MaxAccuracy)
	}
	for _, e := range t.token.Info.Extensions {
		if e.Critical {
			return refuseToken(TimestampExtension, "critical extension %s", e.ID)
		}
	}
	return nil
}

// verifyChain judges the signer's certificate at the time that the token says. If the attributes name more certificates
// than the signer's, the chain may have no others (RFC 5035, 3).
func (t *Timestamp) verifyChain(signer *Certificate, options ChainOptions) (*Chain, error) {
	options.At, options.Purpose, options.Usage = t.GenTime, PurposeTimestamp, UsageDigitalSignature
	if signer.KeyUsage&UsageDigitalSignature == 0 {
		options.Usage = UsageNonRepudiation
	}
	options.Intermediates = slices.Concat(t.Certificates, options.Intermediates)
	chain, err := VerifyChain(signer, options)
	if err != nil {
		return nil, &TimestampError{Reason: TimestampChain, Detail: err.Error(), Cause: err}
	}
	below := chain.Certificates[:len(chain.Certificates)-1]
	for _, binding := range t.token.Bindings {
		for _, c := range below {
			if len(binding.Certificates) > 1 && !namesAny(binding.Certificates, c) {
				return nil, refuseToken(TimestampBinding, "the attributes leave %s out", c)
			}
		}
	}
	return chain, nil
}
