package verify

import (
	"bytes"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

// sealing is a signature made with a seal (电子签章) and what it should be over.
type sealing struct {
	value   []byte // SES_Signature
	digest  []byte // SM3 of the file that is sealed
	path    string // of that file, without a leading slash
	beside  []byte // the seal as it lies beside the signature; nil: it does not
	picture []byte // likewise that of the seal
	stamps  []ofd.Stamp
}

// judgeSealing judges in the order of GB/T 38540-2020, clause 7: structure, the signer, the seal and its maker, what is
// covered.
func (j *judgement) judgeSealing(s sealing) {
	j.need("seal.text", "seal.signer", "seal.validity", "seal.size", "signature.digest", "signature.path")
	sig, err := ses.ParseSignature(s.value)
	if err != nil {
		j.fail("seal.text", FormatFailure, "SES_Signature of GB/T 38540 or GM/T 0031")
		return
	}
	j.pass("seal.text")
	for _, name := range sig.Tolerances.Names() {
		j.tolerated("seal: " + name)
	}
	j.sealFacts(sig.Seal)
	signer, maker := j.readSealCertificate("signature", sig.Certificate), j.readSealCertificate("maker", sig.Seal.Maker)
	help := slices.DeleteFunc([]*pki.Certificate{signer, maker}, func(c *pki.Certificate) bool { return c == nil })
	m := sealMark("signature", signer, help, sealValue{sig.SignedBytes(), sig.Value, sig.Algorithm})
	m.claimed, m.tokens, m.sealed = sig.Time, tokensOf(sig.TimeStamp), true
	standing := j.judgeMark(&m)
	j.judgeSealCoverage(s, sig)
	made := sealMark("maker", maker, help, sealValue{sig.Seal.SignedBytes(), sig.Seal.Signature, sig.Seal.Algorithm})
	made.claimed, made.tokens, made.within = j.madeAt(sig, maker), tokensOf(sig.Seal.TimeStamp), &standing
	made.known = j.knownMaker(maker)
	j.judgeMark(&made)
	j.judgeMaker(maker)
	j.judgeSealSigner(sig)
	j.judgeSealValidity(sig, standing.at)
	j.judgeSealSize(sig, s.stamps)
}

// madeAt is when a seal was made, as its maker says. Some makers back-date: the seal is older than their certificate.
// Then it counts from the beginning of that, unless it was used before.
func (j *judgement) madeAt(sig *ses.Signature, maker *pki.Certificate) time.Time {
	at := sig.Seal.Created
	if maker == nil || !at.Before(maker.NotBefore) || sig.Time.Before(maker.NotBefore) {
		return at
	}
	j.tolerated("seal: older-than-its-maker")
	return maker.NotBefore
}

func (j *judgement) sealFacts(s *ses.Seal) {
	j.fact("seal", s.Name)
	j.fact("seal-code", s.ID)
	j.fact("seal-software", s.Vendor+" "+s.Version.String())
}

func (j *judgement) readSealCertificate(subject string, der []byte) *pki.Certificate {
	c, err := j.v.read.parse(der)
	if err != nil {
		j.fail(subject+".chain", FormatFailure, "X.509 certificates")
		return nil
	}
	for _, t := range c.Tolerances {
		j.tolerated(subject + " certificate: " + string(t))
	}
	return c
}

// sealValue is a signature within a seal.
type sealValue struct {
	message   []byte
	value     []byte
	algorithm oid.ID
}

func sealMark(subject string, c *pki.Certificate, help []*pki.Certificate, v sealValue) mark {
	m := mark{subject: subject, leaf: c, help: help, message: v.message, value: v.value, stamped: v.value}
	m.algorithm = pki.SignatureAlgorithm{ID: v.algorithm}
	if ses.IsSM2(v.algorithm) {
		m.algorithm.Key, m.algorithm.Hash = pki.KeySM2, pki.HashSM3
	}
	return m
}

func tokensOf(token []byte) [][]byte {
	if len(token) == 0 {
		return nil
	}
	return [][]byte{token}
}

// judgeSealCoverage: the sealed digest is that of the file, and the property names it.
func (j *judgement) judgeSealCoverage(s sealing, sig *ses.Signature) {
	if bytes.Equal(sig.DataHash, s.digest) {
		j.pass("signature.digest")
	} else {
		j.fail("signature.digest", HashFailure)
	}
	j.cite("GB/T 38540-2020 7.3")
	path, ok := ses.PropertyPath(sig.Property)
	switch {
	case s.path == "":
		j.pass("signature.path")
	case ok && path == s.path:
		j.pass("signature.path")
	default:
		j.fail("signature.path", SigConstraintsFailure, s.path, path)
	}
	if s.beside != nil && !bytes.Equal(s.beside, sig.Seal.Raw) ||
		s.picture != nil && !bytes.Equal(s.picture, sig.Seal.Picture.Data) {
		j.fail("seal.beside", SigConstraintsFailure)
	}
}

// knownMaker tells a maker whose very certificate the deployment named.
func (j *judgement) knownMaker(maker *pki.Certificate) bool {
	return maker != nil && slices.ContainsFunc(j.v.config.SealMakers, maker.Equal)
}

// judgeMaker: not every signing certificate makes seals. Ours say so by their purpose; of others the deployment names
// the makers that it knows, since their certificates do not tell.
func (j *judgement) judgeMaker(maker *pki.Certificate) {
	const id = "maker.usage"
	j.need(id)
	switch {
	case maker == nil:
	case slices.Contains(maker.ExtKeyUsage, oid.PurposeSealMaker), j.knownMaker(maker):
		j.pass(id)
	default:
		j.open(id, ChainConstraintsFailure, "a known maker of seals", maker.Subject)
	}
}

// judgeSealSigner: the signer is one of those for whom the seal was made.
func (j *judgement) judgeSealSigner(sig *ses.Signature) {
	listed := slices.ContainsFunc(sig.Seal.Certificates, func(c []byte) bool { return bytes.Equal(c, sig.Certificate) })
	sum := sm3.Sum(sig.Certificate)
	for i := range sig.Seal.Digests {
		listed = listed || bytes.Equal(sig.Seal.Digests[i].Value, sum[:])
	}
	if !listed {
		j.fail("seal.signer", SigConstraintsFailure)
		return
	}
	j.pass("seal.signer")
}

// judgeSealValidity: the seal was valid when it was used, as the signer says and as is proven. A seal that is over by
// the time that is proven may have been used with an old date.
func (j *judgement) judgeSealValidity(sig *ses.Signature, proven time.Time) {
	const id = "seal.validity"
	at := sig.Time
	if at.IsZero() {
		at = proven
	}
	switch {
	case at.Before(sig.Seal.ValidFrom):
		j.fail(id, NotYetValid, stamp(sig.Seal.ValidFrom)+" - "+stamp(sig.Seal.ValidUntil), stamp(at))
	case at.After(sig.Seal.ValidUntil):
		j.fail(id, Expired, stamp(sig.Seal.ValidFrom)+" - "+stamp(sig.Seal.ValidUntil), stamp(at))
	case proven.After(sig.Seal.ValidUntil):
		j.open(id, OutOfBoundsNoPOE, stamp(sig.Seal.ValidFrom)+" - "+stamp(sig.Seal.ValidUntil), stamp(proven))
	default:
		j.pass(id)
	}
}
