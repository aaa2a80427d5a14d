package verify

import (
	"errors"
	"fmt"
	"slices"

	"go.mozilla.org/pkcs7"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

var (
	// errSecondReader is for a second reader that refuses.
	errSecondReader = errors.New("verify: the second reader refuses")
	// errUnread is for one that does not get so far.
	errUnread = errors.New("verify: the second reader cannot read it")
)

// crossRead has RSA and ECDSA SignedData read by a second, unrelated implementation, which must come to the same
// answer on the mathematics. It knows nothing of SM2, of RSASSA-PSS and of algorithms that are over; SM2 signatures
// are checked twice one by one, see pki.CrossCheck.
func (j *judgement) crossRead(doc []byte, data *cms.SignedData, over *content) {
	if !j.v.config.CrossCheck || !slices.ContainsFunc(data.Signers, foreign) ||
		slices.ContainsFunc(data.Signers, beyond) {
		return
	}
	const id = "cms.second-reader"
	j.need(id)
	ours := j.mathematicsHold()
	theirs := secondReading(doc, over)
	switch {
	case errors.Is(theirs, errUnread):
		j.open(id, CryptoConstraintsFailure, "two implementations agree", "the second cannot read it")
	case ours == (theirs == nil):
		j.pass(id)
	case ours:
		j.open(id, CryptoConstraintsFailure, "two implementations agree", "the second refuses")
	default:
		j.open(id, CryptoConstraintsFailure, "two implementations agree", "only the second accepts")
	}
}

func foreign(s cms.SignerInfo) bool { return !s.IsSM2() }

// beyond is what the second reader does not judge, or judges by a clock of its own.
func beyond(s cms.SignerInfo) bool {
	a := algorithmOf(&s)
	return s.IsSM2() || a.Key == "" || a.PSS || a.Hash == pki.HashMD5 || a.Hash == pki.HashSHA1 ||
		a.Hash == pki.HashSHA224
}

// mathematicsHold: every digest and every signature held.
func (j *judgement) mathematicsHold() bool {
	held := false
	for i := range j.report.Checks {
		c := &j.report.Checks[i]
		if c.ID != "signature.digest" && c.ID != "signature.signature" {
			continue
		}
		if c.Status != CheckPassed {
			return false
		}
		held = true
	}
	return held
}

// secondReading gives the reader what has been parsed strictly already. Should it break down all the same, that is its
// answer.
func secondReading(doc []byte, over *content) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errUnread, r)
		}
	}()
	p, err := pkcs7.Parse(doc)
	if err != nil {
		return fmt.Errorf("%w: %v", errUnread, err)
	}
	if len(p.Signers) == 0 {
		return errUnread
	}
	if over != nil {
		if p.Content, err = over.bytes(); err != nil {
			return err
		}
	}
	if err := p.Verify(); err != nil {
		return fmt.Errorf("%w: %v", errSecondReader, err)
	}
	return nil
}
