package verify

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

// signingUsage is what a signing certificate must allow (GB/T 20518-2018).
const signingUsage = pki.UsageDigitalSignature | pki.UsageNonRepudiation

// signed is a text with its detached signature.
type signed struct {
	subject      string // before the dot of the checks' ids
	content      []byte
	signature    []byte
	certificates [][]byte  // that came beside it, the signer's first; nil: they are in the signature
	at           time.Time // when the chain must be valid
	foreign      bool      // other software may have written it
	said         bool      // at is what the text says itself, and proven by nothing
}

// check judges form, chain and signature and gives the signer's certificate, or nil if it was not found.
func (j *judgement) check(s signed) *pki.Certificate {
	data := j.checkForm(s)
	if data == nil {
		return nil
	}
	carried, ok := j.carried(s, data)
	if !ok {
		return nil
	}
	at := slices.IndexFunc(carried, func(c *pki.Certificate) bool {
		return data.Signers[0].NamedBy(c.RawIssuer, c.Serial)
	})
	if at < 0 {
		j.open(s.subject+".chain", NoSigningCertificateFound)
		return nil
	}
	leaf := carried[at]
	chain := j.checkChain(s, leaf, carried)
	j.restOnChain(chain, leaf, carried)
	if chain != nil {
		j.checkCarried(s, chain, carried)
	}
	j.checkRevocation(s, chain)
	j.checkSignature(s, data, leaf)
	return leaf
}

// checkRevocation judges the revocation of a department's or vault's certificate where anything is known of
// revocations. Where nothing is, the vault's word on the licence stands in its place, and the report says that it was
// not looked at.
func (j *judgement) checkRevocation(s signed, chain *pki.Chain) {
	if chain == nil || len(j.v.config.Evidence)+len(j.evidence) == 0 && j.v.config.Revocation == nil {
		j.skip(s.subject + ".revocation")
		return
	}
	if s.said && j.lostSince(s, chain) {
		return
	}
	m := &mark{subject: s.subject, leaf: chain.Certificates[0]}
	j.judgeRevocation(m, standing{at: s.at, stamped: true, chain: chain})
}

// lostSince: whoever has a key writes with any date. Once it is known that the key was lost, a text that only says
// itself that it is older counts no more; a revocation for a cause that leaves the key alone changes nothing.
func (j *judgement) lostSince(s signed, chain *pki.Chain) bool {
	evidence := j.evidenceFor(chain, j.now)
	report, evidence := j.revocationOf(chain, j.revocationOptions(j.now), evidence, j.help)
	for i := range report.Certificates {
		r := report.Certificates[i].Revocation
		if r != nil && r.From.After(s.at) && !slices.Contains(harmless, r.Cause) {
			j.report.Grounds.addStatus(&report, evidence)
			j.moment("revoked", r.From)
			j.open(s.subject+".revocation", RevokedNoPOE, "good", r.Cause.String()+" "+stamp(r.From))
			return true
		}
	}
	return false
}

// checkForm reads the signature. It must be written the one way that docs/formats.md section 5 gives: else there
// are bytes in it that could be changed without notice.
func (j *judgement) checkForm(s signed) *cms.SignedData {
	id := s.subject + ".form"
	data, err := cms.Parse(s.signature)
	if err != nil || !data.Detached || len(data.Signers) != 1 {
		j.fail(id, FormatFailure, "detached GB/T 35275 SignedData with one signature")
		return nil
	}
	switch {
	case rewritten(data, s.content, s.signature):
		j.pass(id)
	case !s.foreign:
		j.fail(id, FormatFailure, "the form of docs/formats.md section 5", data.Tolerances.String())
	case !j.v.config.ForeignForms:
		j.open(id, SigConstraintsFailure, "the form of docs/formats.md section 5", data.Tolerances.String())
	default:
		j.pass(id)
		j.uncovered(s.subject + ".signature: written by other software " + data.Tolerances.String())
	}
	return data
}

// rewritten tells whether the signature is byte for byte what this module would write from its parts.
func rewritten(data *cms.SignedData, content, signature []byte) bool {
	signer := &data.Signers[0]
	if data.Tolerances != 0 || signer.Issuer == nil {
		return false
	}
	b, err := cms.NewBuilder(signer.Issuer, new(big.Int).SetBytes(signer.Serial), data.Certificates)
	if err != nil {
		return false
	}
	var attributes []byte
	if signer.HasSignedAttributes() {
		if attributes, err = data.SignedBytes(signer, content); err != nil {
			return !errors.Is(err, cms.ErrAttributes) // a changed content is for the signature's check to say
		}
	}
	again, err := b.Detached(attributes, signer.Signature)
	return err == nil && bytes.Equal(again, signature)
}

// carried reads the certificates that came beside the signature and in it.
func (j *judgement) carried(s signed, data *cms.SignedData) ([]*pki.Certificate, bool) {
	var list []*pki.Certificate
	for i, der := range slices.Concat(s.certificates, data.Certificates) {
		c, err := pki.ParseCertificate(der)
		if err != nil {
			j.fail(s.subject+".chain", FormatFailure, "X.509 certificates")
			return nil, false
		}
		inside := i >= len(s.certificates)
		if inside && slices.ContainsFunc(list, c.Equal) {
			continue // beside and inside is no contradiction
		}
		list = append(list, c)
	}
	return list, true
}

func (j *judgement) checkChain(s signed, leaf *pki.Certificate, help []*pki.Certificate) *pki.Chain {
	id := s.subject + ".chain"
	if leaf.IsCA {
		j.fail(id, ChainConstraintsFailure, "a certificate for signing documents", "an authority's certificate")
		return nil
	}
	chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
		Anchors: j.v.config.Trust, Intermediates: help, At: s.at, Usage: signingUsage,
		CrossCheck: j.v.config.CrossCheck,
	})
	if err != nil {
		j.refuseChain(id, pki.ReasonOf(err), s.at)
		return nil
	}
	j.pass(id)
	return chain
}

// chainRefusals are the standard's words for the reasons of a refused chain. A reason that is not here, such as one of
// revocation or of a bound on the search, leaves it open whether there is a chain.
var chainRefusals = map[pki.Reason]SubIndication{
	pki.ReasonExpired: Expired, pki.ReasonNotYetValid: NotYetValid, pki.ReasonBadSignature: SigCryptoFailure,
	pki.ReasonAlgorithm: CryptoConstraintsFailure, pki.ReasonWeak: CryptoConstraintsFailure,
	pki.ReasonNotCA: ChainConstraintsFailure, pki.ReasonKeyUsage: ChainConstraintsFailure,
	pki.ReasonPurpose: ChainConstraintsFailure, pki.ReasonPathLength: ChainConstraintsFailure,
	pki.ReasonNameConstraints: ChainConstraintsFailure, pki.ReasonPolicy: ChainConstraintsFailure,
	pki.ReasonExtension: ChainConstraintsFailure, pki.ReasonEncoding: ChainConstraintsFailure,
	pki.ReasonScope: ChainConstraintsFailure, pki.ReasonRevocation: ChainConstraintsFailure,
	pki.ReasonHost: ChainConstraintsFailure,
}

// refuseChain turns the reason into the standard's word.
func (j *judgement) refuseChain(id string, reason pki.Reason, at time.Time) {
	sub, known := chainRefusals[reason]
	switch {
	case reason == pki.ReasonUnknownIssuer || reason == pki.ReasonLoop:
		j.open(id, NoCertificateChainFound, "a trust anchor of this verifier", string(reason))
	case !known:
		j.open(id, NoCertificateChainFound, "", string(reason))
	case reason == pki.ReasonEncoding || reason == pki.ReasonScope:
		j.open(id, sub, "what the scope of a trust anchor allows", string(reason))
	case sub == Expired || sub == NotYetValid:
		j.fail(id, sub, "valid at "+stamp(at), string(reason))
	case sub == CryptoConstraintsFailure:
		j.fail(id, sub, "SM2 with SM3", string(reason))
	default:
		j.fail(id, sub, "", string(reason))
	}
}

// checkCarried wants every certificate that was carried to be part of the chain, or to continue it up to a root
// signed by itself, each once; those beside the signature in the order of the chain. A certificate that nothing
// vouches for could be changed without notice.
func (j *judgement) checkCarried(s signed, chain *pki.Chain, carried []*pki.Certificate) {
	line := upward(chain.Certificates, carried)
	ok := len(s.certificates) <= len(line)
	for i := range s.certificates {
		ok = ok && bytes.Equal(line[i].Raw, s.certificates[i])
	}
	for _, c := range carried {
		ok = ok && slices.ContainsFunc(line, c.Equal)
	}
	if !ok {
		j.open(s.subject+".carried", ChainConstraintsFailure, "only the certificates of the chain")
		return
	}
	j.pass(s.subject + ".carried")
}

// upward continues a chain above its anchor; only a continuation that ends in a self-signed certificate counts.
func upward(chain, carried []*pki.Certificate) []*pki.Certificate {
	line := slices.Clone(chain)
	for len(line) < len(chain)+len(carried) {
		top := line[len(line)-1]
		at := slices.IndexFunc(carried, func(c *pki.Certificate) bool {
			return !slices.ContainsFunc(line, c.Equal) && top.CheckIssuedBy(c) == nil
		})
		if at < 0 {
			break
		}
		line = append(line, carried[at])
	}
	if top := line[len(line)-1]; len(line) > len(chain) && top.CheckIssuedBy(top) != nil {
		return chain
	}
	return line
}

func (j *judgement) checkSignature(s signed, data *cms.SignedData, leaf *pki.Certificate) {
	id := s.subject + ".signature"
	signer := &data.Signers[0]
	message, err := data.SignedBytes(signer, s.content)
	switch {
	case errors.Is(err, cms.ErrDigest):
		j.fail(id, HashFailure)
		return
	case errors.Is(err, cms.ErrAlgorithm):
		j.fail(id, CryptoConstraintsFailure, "SM2 with SM3")
		return
	case err != nil:
		j.fail(id, FormatFailure)
		return
	}
	value, err := signer.SignatureDER()
	if err != nil {
		j.fail(id, FormatFailure, "an SM2 signature value")
		return
	}
	verify := pki.VerifySM2
	if j.v.config.CrossCheck {
		verify = pki.CrossCheck
	}
	switch err := verify(leaf.PublicKey, message, value); {
	case err == nil:
		j.pass(id)
	case errors.Is(err, pki.ErrDisagree):
		j.open(id, CryptoConstraintsFailure, "two implementations agree", "they disagree")
	case errors.Is(err, pki.ErrKey):
		j.fail(id, CryptoConstraintsFailure, "an SM2 key")
	default:
		j.fail(id, SigCryptoFailure)
	}
}
