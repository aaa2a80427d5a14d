package verify

import (
	"time"

	"github.com/elicense/elicense/pki"
)

// Sunset is the end of an algorithm's time: a signature counts only if it is proven to have been there before.
type Sunset struct {
	Hash     pki.Hash         // of that digest; empty: any
	Key      pki.KeyAlgorithm // of that kind of key; empty: any
	BelowBit int              // only keys shorter than this; zero: any
	End      time.Time        // zero: it never counted
}

// DefaultSunsets are the dates of ETSI TS 119 312 V1.4.3 and NIST SP 800-131A: MD5 never counts, SHA-1 counts until the
// end of 2013 in signatures, RSA and ECDSA keys that are too short likewise.
func DefaultSunsets() []Sunset {
	end2013 := time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)
	return []Sunset{
		{Hash: pki.HashMD5},
		{Hash: pki.HashSHA1, End: end2013},
		{Key: pki.KeyRSA, BelowBit: 2048, End: end2013},
		{Key: pki.KeyECDSA, BelowBit: 224, End: end2013},
	}
}

func (s *Sunset) concerns(a pki.SignatureAlgorithm, bits int) bool {
	return (s.Hash == "" || s.Hash == a.Hash) && (s.Key == "" || s.Key == a.Key) &&
		(s.BelowBit == 0 || bits < s.BelowBit)
}

// judgeAlgorithm holds the algorithm of a mark against the dates by which each is over.
func (j *judgement) judgeAlgorithm(m *mark, s standing) {
	id := m.subject + ".algorithm"
	if m.algorithm.Key == "" || m.algorithm.Hash == "" {
		j.fail(id, CryptoConstraintsFailure, "SM2 with SM3", m.algorithm.String())
		return
	}
	if m.subject == subjectSignature {
		j.fact("algorithm", m.algorithm.String())
	}
	for i := range j.v.config.Requirements.Sunsets {
		over := &j.v.config.Requirements.Sunsets[i]
		if !over.concerns(m.algorithm, m.leaf.Key.Bits) || s.stamped && s.at.Before(over.End) {
			continue
		}
		if m.claimed.IsZero() || !m.claimed.Before(over.End) {
			j.fail(id, CryptoConstraintsFailure, "SM2 with SM3", m.algorithm.String())
			return
		}
		j.open(id, CryptoConstraintsNoPOE, "not after "+stamp(over.End), m.algorithm.String())
		return
	}
	j.pass(id)
}
