package verify

import (
	"errors"
	"slices"
	"time"

	"github.com/elicense/elicense/pki"
)

// maxTokens is how many time-stamps of one signature are looked at.
const maxTokens = 8

// judgeTime finds the time for which a mark counts: the earliest that a time-stamp proves, else now (EN 319 102-1,
// 5.5). What the signer says himself proves nothing, but must not contradict that.
func (j *judgement) judgeTime(m *mark) standing {
	s := standing{at: j.now}
	if m.within != nil && m.within.stamped {
		s = standing{at: m.within.at, stamped: true}
	}
	j.moment(claimedMoment(m.subject), m.claimed)
	if len(m.tokens) > maxTokens {
		j.fail("timestamp.text", FormatFailure, "at most 8 time-stamps")
		return s
	}
	for _, raw := range m.tokens {
		if at, ok := j.judgeToken(raw, m); ok && (!s.stamped || at.Before(s.at)) {
			s.at, s.stamped = at, true
		}
	}
	switch {
	case s.stamped:
		j.pass(m.subject + ".existence")
	case j.v.config.Requirements.Timestamp:
		j.open(m.subject+".existence", NoPOE, "a time-stamp", "none")
	default:
		j.skip(m.subject + ".existence")
	}
	switch {
	case m.claimed.IsZero():
		j.pass(m.subject + ".clock")
	case s.stamped && m.claimed.After(s.at.Add(clockSkew)):
		j.fail(m.subject+".clock", TimestampOrderFailure, "not after "+stamp(s.at), stamp(m.claimed))
	default:
		j.clock(m.subject+".clock", m.claimed)
	}
	return s
}

func claimedMoment(subject string) string {
	if subject == subjectMaker {
		return "seal-made"
	}
	return "signed"
}

// judgeToken judges a time-stamp over a mark. It counts if its authority leads to an anchor, and is known not to be
// revoked, as long as the token was not proven to exist by a later one; a token that lies makes the document fail, one
// that cannot be relied on is passed over and said so.
func (j *judgement) judgeToken(raw []byte, m *mark) (time.Time, bool) {
	token, err := pki.ParseTimestamp(raw)
	if err != nil {
		j.fail("timestamp.text", FormatFailure, "RFC 3161")
		return time.Time{}, false
	}
	j.pass("timestamp.text")
	j.moment("stamped", token.GenTime)
	for _, t := range token.Tolerances {
		j.tolerated("timestamp: " + t)
	}
	digest, err := token.DigestOf(m.stamped)
	if err != nil {
		j.overlook("timestamp.imprint", string(pki.TimestampOutdated))
		return time.Time{}, false
	}
	return j.verifyToken(token, digest, j.helpFor(m), j.provenBy(m.within))
}

// provenBy is the time by which what a later mark covers is proven to have existed: that of the mark, else now.
func (j *judgement) provenBy(within *standing) time.Time {
	if within != nil && within.stamped {
		return within.at
	}
	return j.now
}

// verifyToken judges a token that is proven to have existed by a time. What became of its authority later does not
// matter any more (ETSI EN 319 102-1, 5.6.2.3): a chain of time-stamps, each made while the one before could be relied
// on, carries the first one's time on.
func (j *judgement) verifyToken(
	token *pki.Timestamp, digest []byte, help []*pki.Certificate, existed time.Time,
) (time.Time, bool) {
	verified, err := token.Verify(pki.TimestampOptions{
		Digest: digest, At: j.now.Add(clockSkew), UnboundSignerUnsafe: j.v.config.ForeignForms,
		Chain: pki.ChainOptions{
			Anchors: j.v.config.Trust, Intermediates: help, Pool: j.v.config.Intermediates,
			CrossCheck: j.v.config.CrossCheck, Links: j.v.links,
		},
	})
	j.report.Grounds.addTimestamp(token.Raw)
	if err != nil {
		j.refuseToken(err)
		return time.Time{}, false
	}
	j.restOnChain(verified.Chain, nil, nil)
	j.pass("timestamp.imprint")
	j.pass("timestamp.signature")
	if verified.NotBefore.After(existed.Add(clockSkew)) {
		j.fail("timestamp.clock", TimestampOrderFailure, "not after "+stamp(existed), stamp(verified.NotBefore))
		return time.Time{}, false
	}
	if !verified.Chain.ValidAt(existed) {
		j.overlook("timestamp.chain", string(pki.ReasonExpired))
		return time.Time{}, false
	}
	j.pass("timestamp.chain")
	evidence := j.evidenceFor(verified.Chain, verified.NotAfter)
	report, evidence := j.revocationOf(verified.Chain, j.revocationOptions(verified.NotAfter), evidence, j.help)
	j.report.Grounds.addStatus(&report, evidence)
	switch report.Status {
	case pki.StatusGood:
		if !j.keptItsKey(verified.Chain, existed) {
			j.overlook("timestamp.revocation", string(pki.ReasonRevoked))
			return time.Time{}, false
		}
		j.pass("timestamp.revocation")
		return verified.NotAfter.UTC(), true
	case pki.StatusRevoked, pki.StatusOnHold:
		j.fail("timestamp.revocation", Revoked, "", string(pki.ReasonOf(report.Err())))
	case pki.StatusUnknown:
		j.overlook("timestamp.revocation", string(pki.ReasonOf(report.Err())))
	}
	return time.Time{}, false
}

// keptItsKey: the time in a token is the authority's own word. One whose certificate was revoked since may have lost
// its key, and whoever has that stamps with any time; only a cause that leaves the key alone lets older tokens count
// (RFC 3161, 4). Not to know it of then is not to know it. A token that is proven to be older than the revocation is
// none that whoever has the key could have made.
func (j *judgement) keptItsKey(chain *pki.Chain, existed time.Time) bool {
	evidence := j.evidenceFor(chain, existed)
	report, evidence := j.revocationOf(chain, j.revocationOptions(existed), evidence, j.help)
	j.report.Grounds.addStatus(&report, evidence)
	for i := range report.Certificates {
		c := &report.Certificates[i]
		r := c.Revocation
		later := r != nil && c.Status == pki.StatusGood && existed.Before(r.From) && existed.Before(j.now)
		if r == nil && c.Status != pki.StatusGood || r != nil && !later && !slices.Contains(harmless, r.Cause) {
			return false
		}
	}
	return true
}

// harmless are the causes of a revocation by which a key was not lost.
var harmless = []pki.Cause{pki.CauseAffiliationChanged, pki.CauseSuperseded, pki.CauseCessationOfOperation}

// overlook notes a time-stamp that proves nothing here, though nothing is wrong with it: the signature is judged as if
// it had none.
func (j *judgement) overlook(id, found string) {
	if j.report.Kind == KindTimestamp { // then there is nothing else to judge
		j.open(id, NoPOE, "", found)
		return
	}
	j.add(Check{ID: id, Status: CheckSkipped, Found: found})
}

// tokenRefusals are the refusals by which a time-stamp was altered or never was one.
var tokenRefusals = map[pki.TimestampReason]struct {
	id  string
	sub SubIndication
}{
	pki.TimestampImprint:      {"timestamp.imprint", HashFailure},
	pki.TimestampBadSignature: {"timestamp.signature", SigCryptoFailure},
	pki.TimestampBinding:      {"timestamp.signature", SigConstraintsFailure},
	pki.TimestampName:         {"timestamp.signature", SigConstraintsFailure},
	pki.TimestampPurpose:      {"timestamp.chain", ChainConstraintsFailure},
	pki.TimestampExtension:    {"timestamp.text", FormatFailure},
}

func (j *judgement) refuseToken(err error) {
	var refusal *pki.TimestampError
	if !errors.As(err, &refusal) {
		j.open("timestamp.signature", TryLater)
		return
	}
	if wrong, ok := tokenRefusals[refusal.Reason]; ok {
		j.fail(wrong.id, wrong.sub, "", string(refusal.Reason))
		return
	}
	found := string(refusal.Reason)
	if reason := pki.ReasonOf(err); reason != "" {
		found = string(reason)
	}
	if refusal.Reason == pki.TimestampFuture {
		j.open("timestamp.clock", TryLater, "not after "+stamp(j.now), found)
		return
	}
	j.overlook("timestamp.chain", found)
}
