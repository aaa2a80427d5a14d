package verify

import (
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/internal/ses"
)

// What content was signed as, if not as a file. Nothing in a signature without attributes says what kind of thing it is
// over, so that the signature of one kind holds for another.
const (
	borrowedAttributes = "the attributes of another signature"
	borrowedSeal       = "what a seal was used for"
	borrowedRequest    = "a request to a service"
)

// borrowed tells content that somebody signed as something else: the attributes of SignedData, the statement under a
// seal, or a request. Whoever has such a signature could set its content free as a file that the signer never saw.
func borrowed(content []byte) string {
	switch {
	case cms.IsAttributes(content):
		return borrowedAttributes
	case ses.IsSigned(content):
		return borrowedSeal
	case httpsig.IsBase(content):
		return borrowedRequest
	}
	return ""
}
