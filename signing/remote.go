package signing

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

// ErrDraft is returned for bytes that are no draft of this certificate.
var ErrDraft = errors.New("signing: not a draft of this certificate")

// ErrValue is returned for a signature value that is not the certificate's over the draft.
var ErrValue = errors.New("signing: signature value does not fit the draft")

// maxDraftBytes limits a draft that is read: content and what it is added to.
const maxDraftBytes = 2*cms.MaxBytes + 1<<20

// Remote makes signatures in two steps, for a key that is out of reach: at the department, in a person's device. It is
// immutable and safe for concurrent use.
type Remote struct{ maker }

// NewRemote is NewSigner without a key. Of config, Key and Rand are not used.
func NewRemote(config Config) (*Remote, error) {
	config.Key, config.Rand = nil, nil
	m, err := newMaker(config)
	if err != nil {
		return nil, err
	}
	return &Remote{*m}, nil
}

// Draft is a signature that lacks its value.
type Draft struct {
	// Digest is e = SM3(Z ‖ Message), with the default identifier and the certificate's key: what a device signs
	// that is given a digest. It must not hash it again.
	Digest [32]byte
	// Message is what the signature covers, for a device that computes Z and the digest itself.
	Message []byte
	// State is to be kept until Attach. It holds nothing secret beside the content. Whoever changes it gets a
	// refusal or a signature that does not verify.
	State []byte
}

// PrepareDetached drafts SignedData without the content.
func (r *Remote) PrepareDetached(content []byte) (*Draft, error) {
	return r.prepare(r.draftContent(content, detached))
}

// PrepareAttached drafts SignedData with the content inside.
func (r *Remote) PrepareAttached(content []byte) (*Draft, error) {
	return r.prepare(r.draftContent(content, attached))
}

// PrepareAddTo drafts one more signature, see Signer.AddTo.
func (r *Remote) PrepareAddTo(der, content []byte) (*Draft, error) {
	return r.prepare(r.draftAdded(der, content))
}

// PrepareCountersign drafts a signature over another, see Signer.Countersign.
func (r *Remote) PrepareCountersign(der []byte, signer int) (*Draft, error) {
	return r.prepare(r.draftCounter(der, signer))
}

func (r *Remote) prepare(d *draft, err error) (*Draft, error) {
	if err != nil {
		return nil, err
	}
	state, err := r.marshalDraft(d)
	if err != nil {
		return nil, err
	}
	return &Draft{Digest: d.digest, Message: d.message, State: state}, nil
}

// Attach verifies the value, in DER or as 64 bytes r‖s, against the draft and the certificate, and returns the
// SignedData that it completes.
func (r *Remote) Attach(ctx context.Context, state, value []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d, err := r.parseDraft(state)
	if err != nil {
		return nil, err
	}
	value, err = valueDER(value)
	if err != nil {
		return nil, err
	}
	if err := r.public.VerifyDigest(d.digest, value); err != nil {
		return nil, ErrValue
	}
	der, err := r.finish(ctx, d, value)
	if err != nil {
		return nil, err
	}
	if err := r.checkFinished(der, d, value); err != nil {
		return nil, err
	}
	return der, nil
}

// checkFinished reads the result as a stranger would, who has the content only if it is inside.
func (r *Remote) checkFinished(der []byte, d *draft, value []byte) error {
	data, err := parseTarget(der)
	if err != nil {
		return err
	}
	message, err := finishedMessage(data, d.kind, value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDraft, err)
	}
	if message != nil && pki.VerifySM2(r.public, message, value) != nil {
		return ErrDraft
	}
	return nil
}

// finishedMessage is what the signature with that value covers; nil if the content is elsewhere.
func finishedMessage(data *cms.SignedData, k kind, value []byte) ([]byte, error) {
	for i := range data.Signers {
		s := &data.Signers[i]
		if k != countered {
			if !bytes.Equal(s.Signature, value) {
				continue
			}
			if data.Detached {
				return nil, nil
			}
			return data.SignedBytes(s, nil)
		}
		counters, err := s.Countersignatures()
		if err != nil {
			return nil, err
		}
		for j := range counters {
			if bytes.Equal(counters[j].Signature, value) {
				return s.CounterSignedBytes(&counters[j], nil)
			}
		}
	}
	return nil, ErrSigned
}

// valueDER takes the two encodings that devices give.
func valueDER(value []byte) ([]byte, error) {
	info := cms.SignerInfo{Signature: value}
	der, err := info.SignatureDER()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrValue, err)
	}
	return der, nil
}

// marshalDraft writes
//
//	Draft ::= SEQUENCE { version INTEGER (1), certificate OCTET STRING (SIZE (32)), -- SM3
//	    kind INTEGER, signer INTEGER, digest OCTET STRING (SIZE (32)),
//	    attributes [0] OCTET STRING OPTIONAL, content [1] OCTET STRING OPTIONAL, target [2] OCTET STRING OPTIONAL }
func (m *maker) marshalDraft(d *draft) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1OctetString(m.config.Chain[0].Digest[:])
		b.AddASN1Int64(int64(d.kind))
		b.AddASN1Int64(int64(d.signer))
		b.AddASN1OctetString(d.digest[:])
		for i, field := range [][]byte{d.attributes, d.content, d.target} {
			if field != nil {
				b.AddASN1(draftTag(i), func(b *cryptobyte.Builder) { b.AddBytes(field) })
			}
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a draft: %w", err)
	}
	return der, nil
}

func draftTag(i int) casn1.Tag { return casn1.Tag(uint8(i)).ContextSpecific() } //nolint:gosec // 0 to 2

// parseDraft reads what marshalDraft wrote for the same certificate and computes again what follows from the rest.
func (m *maker) parseDraft(state []byte) (*draft, error) {
	if len(state) > maxDraftBytes {
		return nil, ErrDraft
	}
	input := cryptobyte.String(state)
	var body cryptobyte.String
	d := new(draft)
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !m.readDraftHead(&body, d) {
		return nil, ErrDraft
	}
	for i, field := range []*[]byte{&d.attributes, &d.content, &d.target} {
		var value cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&value, &present, draftTag(i)) {
			return nil, ErrDraft
		}
		*field = value
	}
	if !body.Empty() || !m.consistent(d) {
		return nil, ErrDraft
	}
	return d, nil
}

// readDraftHead reads the fields that are always there.
func (m *maker) readDraftHead(body *cryptobyte.String, d *draft) bool {
	var certificate, digest cryptobyte.String
	var version, k int
	if !body.ReadASN1Integer(&version) || version != 1 || !body.ReadASN1(&certificate, casn1.OCTET_STRING) ||
		!bytes.Equal(certificate, m.config.Chain[0].Digest[:]) {
		return false
	}
	if !body.ReadASN1Integer(&k) || k < 0 || k >= kinds || !body.ReadASN1Integer(&d.signer) ||
		!body.ReadASN1(&digest, casn1.OCTET_STRING) || len(digest) != sm2sig.DigestSize {
		return false
	}
	d.kind = kind(k)
	copy(d.digest[:], digest)
	return true
}

// consistent tells whether the fields are those of the kind and the digest that of what is covered, where that is here.
func (m *maker) consistent(d *draft) bool {
	if (d.content != nil) != (d.kind == attached) || (d.target != nil) != (d.kind == added || d.kind == countered) {
		return false
	}
	d.message = d.attributes
	if d.attributes == nil {
		d.message = d.content
	}
	return d.message == nil || m.public.Digest(d.message) == d.digest
}
