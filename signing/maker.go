package signing

import (
	"bytes"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

// maker is what stays the same from one signature of a certificate to the next, wherever its key is.
type maker struct {
	config     Config
	public     *pki.PublicKey
	form       cms.Form
	builder    *cms.Builder
	attributes [][]byte // beside content type, digest and time
}

func newMaker(config Config) (*maker, error) {
	config.Chain = append([]*pki.Certificate(nil), config.Chain...)
	if err := checkChain(config.Chain); err != nil {
		return nil, err
	}
	leaf := config.Chain[0]
	if leaf.KeyUsage&pki.UsageDigitalSignature == 0 {
		return nil, fmt.Errorf("%w: certificate may not sign documents", ErrConfig)
	}
	special := config.WithBinding || config.Commitment != "" || config.Policy != nil
	if special && !config.WithAttributes {
		return nil, fmt.Errorf("%w: there are no attributes without WithAttributes", ErrConfig)
	}
	m := &maker{config: config, public: leaf.PublicKey, form: cms.Form{Arc: config.Arc}}
	if config.WithBinding {
		m.attributes = append(m.attributes, cms.EncodeSigningCertificate(leaf.Digest, leaf.RawIssuer, leaf.Serial))
	}
	if config.Commitment != "" {
		m.attributes = append(m.attributes, cms.EncodeCommitment(config.Commitment))
	}
	if config.Policy != nil {
		m.attributes = append(m.attributes, cms.EncodePolicy(config.Policy.ID, config.Policy.Digest))
	}
	var err error
	if m.builder, err = m.builderFor(m.form); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrConfig, err)
	}
	return m, nil
}

func (m *maker) builderFor(form cms.Form) (*cms.Builder, error) {
	leaf := m.config.Chain[0]
	return form.NewBuilder(leaf.RawIssuer, leaf.Serial, m.certificates())
}

// certificates are those that go into the SignedData.
func (m *maker) certificates() [][]byte {
	if !m.config.WithCertificates {
		return nil
	}
	return withoutRoot(m.config.Chain)
}

// Certificate is the certificate of the signing key.
func (m *maker) Certificate() *pki.Certificate { return m.config.Chain[0] }

func (m *maker) signingTime() time.Time {
	if m.config.Now == nil {
		return time.Time{}
	}
	return m.config.Now()
}

func checkChain(chain []*pki.Certificate) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w: a certificate is required", ErrConfig)
	}
	for i, c := range chain {
		if c == nil || c.PublicKey == nil {
			return fmt.Errorf("%w: certificate %d has no SM2 key", ErrConfig, i+1)
		}
		if i == 0 {
			continue
		}
		if err := chain[i-1].CheckIssuedBy(c); err != nil {
			return fmt.Errorf("%w: chain broken: %w", ErrConfig, err)
		}
	}
	return nil
}

func withoutRoot(chain []*pki.Certificate) [][]byte {
	var ders [][]byte
	for i, c := range chain {
		if i > 0 && i == len(chain)-1 && bytes.Equal(c.RawSubject, c.RawIssuer) {
			break
		}
		ders = append(ders, c.Raw)
	}
	return ders
}
