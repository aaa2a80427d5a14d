package verify

import (
	"github.com/elicense/elicense/pki"

	"context"
	"time"
)

// Unchecked is the report on a document of a kind for which not one check was made.
func Unchecked(kind Kind) *Report {
	v := &Verifier{config: Config{Now: func() time.Time { return time.Unix(0, 0) }}}
	j := newJudgement(context.Background(), v, Expect{})
	j.report.Kind = kind
	return j.finish()
}

// DecodeText is how a document that was sent as text is read.
func DecodeText(doc []byte) []byte { return decodeText(doc) }

// MaxKeptCertificates is for the test of the cache.
const MaxKeptCertificates = maxKeptCertificates

// NewCertificateCache gives the reader of a new cache, and how many it keeps.
func NewCertificateCache() (parse func([]byte) (*pki.Certificate, error), kept func() int) {
	k := newCertificateCache()
	return k.parse, func() int { return len(k.now) + len(k.old) }
}

// Limits of evidence.
const (
	MaxEmbedded      = maxEmbedded
	MaxEmbeddedBytes = maxEmbeddedBytes
	MaxLooks         = maxLooks
)

// TakenOf is how many of these pieces of evidence one document may bring.
func TakenOf(pieces ...[]byte) (n int) {
	j := newJudgement(context.Background(), &Verifier{config: Config{Now: time.Now}}, Expect{})
	for _, raw := range pieces {
		if j.take(raw) {
			n++
		}
	}
	return n
}

// ClauseOf is the clause that a signature of this algorithm cites.
var ClauseOf = clauseOf

// Ruled tells whether a check has a rule, with a clause, of its own.
func Ruled(id string) bool {
	r, ok := findRule(id)
	return ok && r.clause != "" && r.title != (words{}) && r.failed.zh+r.open.zh != ""
}

// SM3Of is the digest of a stream of a known size.
var SM3Of = sm3Of

// Phrase is what was expected or found, in Chinese and English.
func Phrase(s string) (zh, en string) {
	w := phrase(s)
	return w.zh, w.en
}
