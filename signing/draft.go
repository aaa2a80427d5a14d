package signing

import (
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
)

// kind says where the signature goes.
type kind uint8

const (
	detached  kind = iota // SignedData of its own, without the content
	attached              // SignedData of its own, with the content inside
	added                 // beside the signatures of SignedData that is there
	countered             // beside the one signature whose value it covers
)

// kinds is how many there are.
const kinds = 4

// draft is a signature that lacks its value.
type draft struct {
	kind       kind
	digest     [32]byte // e = SM3(Z ‖ message)
	message    []byte   // what the signature covers
	attributes []byte   // signed attributes as a SET, nil if the message is the content
	content    []byte   // to go inside: of attached
	target     []byte   // SignedData to add to: of added and countered
	signer     int      // whose value is signed: of countered
}

func (m *maker) draftContent(content []byte, k kind) (*draft, error) {
	if len(content) == 0 {
		return nil, ErrContent
	}
	d := &draft{kind: k, message: content}
	if k == attached {
		d.content = content
	}
	if m.config.WithAttributes {
		var err error
		if d.attributes, err = m.form.SignedAttributes(content, m.signingTime(), m.attributes...); err != nil {
			return nil, err
		}
		d.message = d.attributes
	}
	return m.digested(d)
}

func (m *maker) draftDigest(digest [32]byte) (*draft, error) {
	if !m.config.WithAttributes {
		return nil, fmt.Errorf("%w: a digest can be signed only WithAttributes", ErrConfig)
	}
	set, err := m.form.SignedAttributesOver(digest, m.signingTime(), m.attributes...)
	if err != nil {
		return nil, err
	}
	return m.digested(&draft{kind: detached, message: set, attributes: set})
}

func (m *maker) draftAdded(der, content []byte) (*draft, error) {
	data, err := parseTarget(der)
	if err != nil {
		return nil, err
	}
	if err := m.checkJoining(data, content); err != nil {
		return nil, err
	}
	if !data.Detached {
		content = data.Content
	}
	if len(content) == 0 {
		return nil, ErrContent
	}
	d := &draft{kind: added, message: content, target: der}
	if m.config.WithAttributes {
		form := cms.FormOf(data)
		if d.attributes, err = form.SignedAttributes(content, m.signingTime(), m.attributes...); err != nil {
			return nil, err
		}
		d.message = d.attributes
	}
	return m.digested(d)
}

// checkJoining refuses content that another signature says is not what it covers, and a certificate that signed before.
func (m *maker) checkJoining(data *cms.SignedData, content []byte) error {
	if data.Detached == (content == nil) {
		return ErrContent
	}
	leaf := m.config.Chain[0]
	for i := range data.Signers {
		s := &data.Signers[i]
		if s.NamedBy(leaf.RawIssuer, leaf.Serial) {
			return fmt.Errorf("%w: this certificate has signed already", ErrSigned)
		}
		if !s.IsSM2() {
			continue
		}
		if _, err := data.SignedBytes(s, content); err != nil {
			return fmt.Errorf("%w: %w", ErrContent, err)
		}
	}
	return nil
}

func (m *maker) draftCounter(der []byte, signer int) (*draft, error) {
	data, err := parseTarget(der)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(data.Signers) {
		return nil, fmt.Errorf("%w: there is no signature %d", ErrSigned, signer)
	}
	value := data.Signers[signer].Signature
	d := &draft{kind: countered, message: value, target: der, signer: signer}
	if m.config.WithAttributes {
		if d.attributes, err = cms.CountersignedAttributes(value, m.signingTime(), m.attributes...); err != nil {
			return nil, err
		}
		d.message = d.attributes
	}
	return m.digested(d)
}

// digested takes the digest. What is signed without attributes must not be what a signature of another kind covers:
// attributes over a message that the signer never saw, a use of the seal, a request to a service.
func (m *maker) digested(d *draft) (*draft, error) {
	if d.attributes == nil && (cms.IsAttributes(d.message) || ses.IsSigned(d.message) || httpsig.IsBase(d.message)) {
		return nil, ErrBorrowed
	}
	d.digest = m.public.Digest(d.message)
	return d, nil
}

func parseTarget(der []byte) (*cms.SignedData, error) {
	data, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	return data, nil
}

// finish writes the SignedData with the value of a draft, and the time-stamp token over it if there is to be one.
func (m *maker) finish(ctx context.Context, d *draft, value []byte) ([]byte, error) {
	if d.target != nil {
		return m.finishTarget(ctx, d, value)
	}
	return m.finishNew(ctx, d, value)
}

func (m *maker) finishNew(ctx context.Context, d *draft, value []byte) ([]byte, error) {
	write := m.builder.Detached
	if d.kind == attached {
		write = func(attributes, value []byte) ([]byte, error) {
			return m.builder.Attached(d.content, attributes, value)
		}
	}
	der, err := write(d.attributes, value)
	if err != nil || m.config.Timestamper == nil {
		return der, err
	}
	return AddTimestamp(ctx, der, 0, m.config.Timestamper)
}

func (m *maker) finishTarget(ctx context.Context, d *draft, value []byte) ([]byte, error) {
	data, err := parseTarget(d.target)
	if err != nil {
		return nil, err
	}
	b, err := m.builderFor(cms.FormOf(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	info, err := b.SignerInfo(d.attributes, value)
	if err != nil {
		return nil, err
	}
	if m.config.Timestamper != nil {
		token, err := stamp(ctx, m.config.Timestamper, value)
		if err != nil {
			return nil, err
		}
		if info, err = cms.WithUnsigned(info, encodeToken(token)); err != nil {
			return nil, err
		}
	}
	more := cms.Additions{Certificates: m.certificates()}
	if d.kind == added {
		more.Signers = [][]byte{info}
	} else {
		more.Unsigned = map[int][][]byte{d.signer: {cms.EncodeElement(oid.Countersignature, info)}}
	}
	der, err := data.With(more)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	return der, nil
}
