package verify

import (
	"slices"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

// Advice says which known mistake of a signer's software would explain a failed signature. The verdict stays failed:
// it is for whoever has to mend the software.
type Advice struct {
	Part string `json:"part,omitempty"`
	ID   string `json:"id"` // one of docs/verify.md
}

// consult tries, for a failed SM2 signature, the mistakes that are known (the SM2 doctor).
func (j *judgement) consult(m *mark) {
	if m.algorithm.Key != pki.KeySM2 || m.leaf.PublicKey == nil {
		return
	}
	for _, value := range signatureForms(m.value) {
		for _, try := range diagnoses(m, value.raw) {
			if try.key.VerifyDigest(try.e, value.raw) == nil {
				id := try.id
				if value.id != "" && id == "" {
					id = value.id
				}
				j.report.Advice = append(j.report.Advice, Advice{Part: j.part, ID: id})
				return
			}
		}
	}
}

type signatureForm struct {
	id  string
	raw []byte
}

// signatureForms are the readings of a signature value that strict DER does not allow.
func signatureForms(value []byte) []signatureForm {
	forms := []signatureForm{{raw: value}}
	if len(value) == 2*sm2sig.DigestSize {
		if der, err := sm2sig.AppendSignature(nil, [32]byte(value[:32]), [32]byte(value[32:])); err == nil {
			forms = append(forms, signatureForm{"doctor.raw-value", der})
		}
	}
	if r, s, err := sm2sig.ParseSignature(value); err == nil {
		if der, err := sm2sig.AppendSignature(nil, s, r); err == nil {
			forms = append(forms, signatureForm{"doctor.swapped-value", der})
		}
	}
	return forms
}

// diagnosis is one way in which the digest e may have been made, and the key.
type diagnosis struct {
	id  string
	key *pki.PublicKey
	e   [sm2sig.DigestSize]byte
}

func diagnoses(m *mark, value []byte) []diagnosis {
	own := m.leaf.PublicKey
	plain := sm3.Sum(m.message)
	twice := sm3.Sum(plain[:])
	list := []diagnosis{
		{"", own, own.Digest(m.message)},
		{"doctor.empty-id", own, own.DigestAs(nil, m.message)},
		{"doctor.no-z", own, plain},
		{"doctor.hash-of-hash", own, own.Digest(plain[:])},
		{"doctor.hash-of-hash-no-z", own, twice},
		{"doctor.id-text-digest", own, own.DigestAs(nil, plain[:])},
	}
	for _, c := range m.help {
		if c.PublicKey != nil && !c.Equal(m.leaf) {
			list = append(list, diagnosis{"doctor.other-certificate", c.PublicKey, c.PublicKey.Digest(m.message)})
		}
	}
	return slices.DeleteFunc(list, func(d diagnosis) bool { return d.key == nil || len(value) == 0 })
}

// consultDigest tries, for content that does not have the digest that was signed, what is known to be signed in its
// place.
func (j *judgement) consultDigest(s *signerInfo, m *mark) {
	if s.over != nil || s.parent != nil || m.algorithm.Key != pki.KeySM2 || m.leaf == nil {
		return
	}
	twice := sm3.Sum(s.data.Content)
	for _, try := range []struct {
		id     string
		digest []byte
	}{
		{"doctor.digest-of-digest", sumOf(twice[:])},
		{"doctor.content-is-digest", s.data.Content},
		{"doctor.digest-with-z", withZ(m.leaf, s.data.Content)},
	} {
		if _, err := s.data.SignedBytesOver(s.signer, try.digest); err == nil {
			j.report.Advice = append(j.report.Advice, Advice{Part: j.part, ID: try.id})
			return
		}
	}
}

func sumOf(b []byte) []byte {
	sum := sm3.Sum(b)
	return sum[:]
}

// withZ is the digest that belongs into the signature's mathematics, not into an attribute.
func withZ(c *pki.Certificate, content []byte) []byte {
	if c.PublicKey == nil {
		return nil
	}
	e := c.PublicKey.Digest(content)
	return e[:]
}
