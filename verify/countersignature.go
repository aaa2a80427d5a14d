package verify

import (
	"strconv"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// judgeCountersignatures judges the signatures over a signature (会签, RFC 5652, 11.4). The first signer does not vouch
// for them, so each stands for itself and must hold. Those over a countersignature are named, not judged.
func (j *judgement) judgeCountersignatures(s *signerInfo) {
	if s.parent != nil {
		if len(s.signer.UnsignedValues(oid.Countersignature)) > 0 {
			j.uncovered("countersignature of a countersignature: not judged")
		}
		return
	}
	list, err := s.signer.Countersignatures()
	if err != nil {
		j.fail("countersignature.text", FormatFailure)
		return
	}
	whole := j.part
	for i := range list {
		j.part = partOf(whole, "counter "+strconv.Itoa(i+1))
		j.pass("countersignature.text")
		j.judgeSignerInfo(&signerInfo{
			data: s.data, signer: &list[i], parent: s.signer, help: s.help, subject: "countersignature",
		})
	}
	j.part = whole
}

// counterMessage is what a countersignature covers.
func counterMessage(parent, counter *cms.SignerInfo, a pki.SignatureAlgorithm) ([]byte, error) {
	if _, err := a.Hash.New(); err != nil {
		return nil, err
	}
	return parent.CounterSignedBytes(counter, summing(a.Hash))
}

// summing is a hash that is known to be computed here.
func summing(h pki.Hash) func([]byte) []byte {
	return func(b []byte) []byte {
		sum, _ := h.Sum(b)
		return sum
	}
}
