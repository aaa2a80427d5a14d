package verify

import (
	"errors"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// mark is one signature in a document, whatever holds it: a signer of SignedData, a seal, a signature field.
type mark struct {
	subject   string             // before the dot of the checks' ids
	leaf      *pki.Certificate   // the signer's; nil: it was not found
	help      []*pki.Certificate // came with the signature; untrusted
	evidence  pki.Evidence       // likewise
	tokens    [][]byte           // time-stamp tokens over value
	claimed   time.Time          // when the signer says that he signed; zero: he does not say
	algorithm pki.SignatureAlgorithm
	message   []byte
	value     []byte    // in DER for SM2
	stamped   []byte    // what the tokens are over: value as received
	sealed    bool      // made with a seal
	known     bool      // whoever decides named the leaf byte for byte: how it is encoded is no matter
	delayed   bool      // evidence of revocation must be as much younger as the deployment demands
	within    *standing // of a later mark that covers this one: it proves the time of both; nil: there is none
}

// standing is what was found out about a mark.
type standing struct {
	at      time.Time  // for which it was judged
	stamped bool       // that time is proven; else it is now
	chain   *pki.Chain // nil: there is none
}

// maxMarks is how many signatures of one document are judged, countersignatures and seals included.
const maxMarks = 1024

// markAspects are the checks without which no mark counts.
var markAspects = []string{"clock", "chain", "revocation", "algorithm", "signature"}

// judgeMark judges in the order: time, chain at that time, revocation at that time, signature.
func (j *judgement) judgeMark(m *mark) standing {
	for _, aspect := range markAspects {
		j.need(m.subject + "." + aspect)
	}
	if j.marks++; j.marks > maxMarks {
		j.fail(m.subject+".signature", FormatFailure, "at most 1024 signatures")
		return standing{at: j.now}
	}
	if m.leaf == nil {
		j.open(m.subject+".chain", NoSigningCertificateFound)
		return standing{at: j.now}
	}
	j.signerFacts(m)
	s := j.judgeTime(m)
	s.chain = j.judgeMarkChain(m, &s)
	j.restOnChain(s.chain, m.leaf, j.helpFor(m))
	if m.delayed = true; s.chain != nil {
		j.judgeRevocation(m, s)
	}
	j.judgeAlgorithm(m, s)
	j.judgeMathematics(m)
	j.cite(clauseOf(m.algorithm))
	return s
}

func (j *judgement) signerFacts(m *mark) {
	leaf := m.leaf
	if m.subject != subjectSignature {
		j.fact(m.subject, leaf.Holder.Name)
		return
	}
	j.signers = append(j.signers, signerSeen{cert: leaf, sealed: m.sealed})
	j.fact("signer", leaf.Holder.Name)
	j.fact("signer-code", leaf.Holder.USCC)
	j.fact("certificate-issuer", leaf.Issuer)
	j.fact("serial", leaf.Serial.Text(16))
}

// Subjects of checks: what signs the document itself, and who made the seal.
const (
	subjectSignature = "signature"
	subjectMaker     = "maker"
)

// judgeMarkChain looks for the chain at the time for which the mark counts. A certificate that has expired since is no
// proof of anything by itself: whoever got hold of the key later could have signed with an old date.
func (j *judgement) judgeMarkChain(m *mark, s *standing) *pki.Chain {
	id := m.subject + ".chain"
	if m.leaf.IsCA {
		j.fail(id, ChainConstraintsFailure, "a certificate for signing documents", "an authority's certificate")
		return nil
	}
	if m.subject != subjectMaker && serviceOnly(m.leaf) {
		j.fail(id, ChainConstraintsFailure, "a certificate for signing documents", "a certificate of a service")
		return nil
	}
	if !m.claimed.IsZero() && (m.claimed.Before(m.leaf.NotBefore) || m.claimed.After(m.leaf.NotAfter)) {
		j.refuseClaimed(m)
		return nil
	}
	chain, err := j.chainAt(m, s.at)
	switch reason := pki.ReasonOf(err); {
	case err == nil:
		j.pass(id)
		return chain
	case reason == pki.ReasonExpired && !m.claimed.IsZero():
		return j.chainWhenClaimed(m, s)
	case reason == pki.ReasonExpired:
		j.open(id, OutOfBoundsNoPOE, "valid at "+stamp(s.at), string(reason))
		j.expired(m.leaf)
		return nil
	case reason == pki.ReasonAlgorithm && m.leaf.Key.Algorithm != "" && !j.v.hasAnchorFor(m.leaf):
		j.open(id, NoCertificateChainFound, "a trust anchor of this verifier", "none for "+string(m.leaf.Key.Algorithm))
		return nil
	default:
		j.refuseChain(id, reason, s.at)
		return nil
	}
}

// refuseClaimed: the signer himself says that his certificate was not valid when he signed.
func (j *judgement) refuseClaimed(m *mark) {
	reason := pki.ReasonExpired
	if m.claimed.Before(m.leaf.NotBefore) {
		reason = pki.ReasonNotYetValid
	}
	j.refuseChain(m.subject+".chain", reason, m.claimed)
	j.expired(m.leaf)
}

// chainWhenClaimed: the chain held when the signer says he signed, but nobody else says so.
func (j *judgement) chainWhenClaimed(m *mark, s *standing) *pki.Chain {
	id := m.subject + ".chain"
	chain, err := j.chainAt(m, m.claimed)
	if err != nil {
		j.refuseChain(id, pki.ReasonOf(err), m.claimed)
		return nil
	}
	j.open(id, OutOfBoundsNoPOE, "valid at "+stamp(s.at), string(pki.ReasonExpired))
	j.expired(m.leaf)
	s.at = m.claimed // the rest is judged for what the signer claims: it may be worse
	return chain
}

func (j *judgement) expired(leaf *pki.Certificate) {
	if leaf.NotAfter.Before(j.now) {
		j.moment("expired", leaf.NotAfter)
	}
}

func (j *judgement) chainAt(m *mark, at time.Time) (*pki.Chain, error) {
	return pki.VerifyChain(m.leaf, pki.ChainOptions{
		Anchors: j.v.config.Trust, Intermediates: j.helpFor(m), Pool: j.v.config.Intermediates, At: at,
		Usage: usageOf(m.leaf), Purpose: pki.PurposeSigning, CrossCheck: j.v.config.CrossCheck, Links: j.v.links,
		KnownLeaf: m.known,
	})
}

// helpFor is every certificate that may lie between the mark's and an anchor.
func (j *judgement) helpFor(m *mark) []*pki.Certificate {
	if len(j.help) == 0 {
		return m.help
	}
	all := slices.Concat(m.help, j.help)
	return all[:min(len(all), maxHelp)]
}

// usageOf is the usage that a signing certificate must allow: content commitment, or in its absence signatures at large
// (RFC 5280, 4.2.1.3). GB/T 20518-2018 wants both, and certificates of banks in use have one.
func usageOf(leaf *pki.Certificate) pki.KeyUsage {
	if leaf.KeyUsage&pki.UsageNonRepudiation != 0 {
		return pki.UsageNonRepudiation
	}
	return pki.UsageDigitalSignature
}

// services are the purposes of certificates that are not for documents.
var services = []oid.ID{oid.PurposeServerAuth, oid.PurposeClientAuth, oid.PurposeOCSPSigning, oid.PurposeTimestamp}

// serviceOnly tells a certificate of a server or responder: it commits to no content, and every purpose that it names
// is that of a service.
func serviceOnly(leaf *pki.Certificate) bool {
	return leaf.KeyUsage&pki.UsageNonRepudiation == 0 && len(leaf.ExtKeyUsage) > 0 &&
		!slices.ContainsFunc(leaf.ExtKeyUsage, func(p oid.ID) bool { return !slices.Contains(services, p) })
}

// judgeMathematics checks the signature value, by two implementations if the deployment wants it.
func (j *judgement) judgeMathematics(m *mark) {
	id := m.subject + ".signature"
	err := j.verifyMark(m, m.leaf)
	switch {
	case err == nil:
		j.pass(id)
	case errors.Is(err, pki.ErrDisagree):
		j.open(id, CryptoConstraintsFailure, "two implementations agree", "they disagree")
	case errors.Is(err, pki.ErrAlgorithm), errors.Is(err, pki.ErrKey):
		j.fail(id, CryptoConstraintsFailure, m.algorithm.String(), string(m.leaf.Key.Algorithm))
	default:
		j.fail(id, SigCryptoFailure)
		j.consult(m)
	}
}

// verifyMark is the mathematics with the key of a certificate.
func (j *judgement) verifyMark(m *mark, c *pki.Certificate) error {
	switch {
	case m.algorithm.Key != pki.KeySM2:
		return c.Key.VerifyMathematicsUnsafe(m.algorithm, m.message, m.value)
	case c.PublicKey == nil:
		return pki.ErrKey
	case j.v.config.CrossCheck:
		return pki.CrossCheck(c.PublicKey, m.message, m.value)
	default:
		return pki.VerifySM2(c.PublicKey, m.message, m.value)
	}
}
