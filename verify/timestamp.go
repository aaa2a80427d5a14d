package verify

import (
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

// isToken tells a time-stamp token from other SignedData: by its content type, and for the shape of one product, which
// says "data" there, by what is inside.
func isToken(data *cms.SignedData) bool {
	if data.ContentType == oid.TSTInfo {
		return true
	}
	if data.ContentType != oid.GMData || data.Detached {
		return false
	}
	_, err := tsp.ParseInfo(data.Content)
	return err == nil
}

func isTimestampResponse(doc []byte) bool {
	_, err := tsp.ParseResponse(doc)
	return err == nil
}

// judgeTimestamp judges a token, or the answer that brings one, alone: it needs what was stamped beside it.
func (j *judgement) judgeTimestamp(doc []byte, d *Document) {
	j.report.Kind = KindTimestamp
	if r, err := tsp.ParseResponse(doc); err == nil {
		if !r.Granted() {
			j.fail("timestamp.text", FormatFailure, "a token", "a refusal of the authority")
			return
		}
		doc = r.Token
	}
	token, err := pki.ParseTimestamp(doc)
	if err != nil {
		j.fail("timestamp.text", FormatFailure, "RFC 3161")
		return
	}
	j.pass("timestamp.text")
	j.moment("stamped", token.GenTime)
	j.fact("policy", token.Policy.String())
	j.fact("serial", token.Serial.Text(16))
	for _, t := range token.Tolerances {
		j.tolerated("timestamp: " + t)
	}
	if d.Content == nil {
		j.open("timestamp.imprint", SignedDataNotFound, "the content beside it", "none")
		return
	}
	if d.ContentSize < 0 {
		j.fail("timestamp.imprint", SignedDataNotFound)
		return
	}
	over := &content{body: d.Content, size: d.ContentSize}
	digest, err := over.sum(token.Imprint)
	if err != nil {
		j.open("timestamp.imprint", CryptoConstraintsFailure, "SM3", string(token.Imprint))
		return
	}
	j.verifyToken(token, digest, j.help, j.now)
	j.expectAll(answers{})
}
