package ca

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// publishedCRL is a CRL of one of the register's issuers, as a restored register reads it.
type publishedCRL struct {
	issuer  KeyID
	number  uint64
	scoped  bool // of one shard
	shard   uint32
	delta   bool
	places  uint64 // oid.IssuedPlaces; zero if it does not say
	entries []Revocation

	thisUpdate, nextUpdate time.Time
	above                  []byte // the DER of a CRL of an authority above the issuers; nil for one of an issuer's own
}

// readPublished reads a CRL that one of the issuers has signed, or one of the authorities above them.
func (r *Register) readPublished(above []*pki.Certificate, der []byte) (*publishedCRL, error) {
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return nil, refuse(ErrPublished, ReasonMalformed, "CRL")
	}
	issuer := r.signerOf(crl)
	if p, err := r.readAbove(above, der); issuer == nil && err == nil {
		return p, nil
	}
	if issuer == nil {
		return nil, refuse(ErrPublished, ReasonBadSignature, "CRL is not signed by an issuer of this register")
	}
	p, err := readList(crl)
	if err != nil {
		return nil, err
	}
	p.issuer = issuer.id
	if crl.Scope.Raw != nil {
		address, ok := pointOfScope(crl.Scope.Raw)
		if p.shard, p.scoped = (Addresses{r.cfg.Base, issuer.id}).ParseShard(address); !ok || !p.scoped {
			return nil, refuse(ErrPublished, ReasonMalformed, "CRL of a scope that is none of this register")
		}
	}
	p.places = placesIn(crl.RawTBS)
	return p, nil
}

// readList reads what a CRL says, whoever has signed it.
func readList(crl *pki.CRL) (*publishedCRL, error) {
	if crl.Number == nil || !crl.Number.IsUint64() || crl.Scope.Indirect {
		return nil, refuse(ErrPublished, ReasonMalformed, "CRL")
	}
	p := &publishedCRL{
		number: crl.Number.Uint64(), delta: crl.IsDelta(), thisUpdate: crl.ThisUpdate, nextUpdate: crl.NextUpdate,
	}
	for entry := range crl.Entries() {
		serial, ok := SerialOf(entry.Serial)
		if !ok {
			return nil, refuse(ErrPublished, ReasonMalformed, "serial number on a CRL")
		}
		v := Revocation{serial, Status{
			State: StateRevoked, Cause: entry.Cause, At: entry.RevokedAt.UTC(), Invalid: entry.InvalidFrom.UTC(),
		}}
		if entry.InvalidFrom.IsZero() {
			v.Invalid = entry.InvalidFrom
		}
		if entry.Cause == pki.CauseCertificateHold {
			v.State = StateHeld
		}
		p.entries = append(p.entries, v)
	}
	return p, nil
}

// signerOf is the issuer that has signed a CRL; nil if none has.
func (r *Register) signerOf(crl *pki.CRL) *Authority {
	signature, ok := crlSignature(crl.Raw)
	if !ok {
		return nil
	}
	for _, a := range r.cfg.Issuers {
		if string(a.Certificate().RawSubject) == string(crl.RawIssuer) &&
			pki.VerifySM2(a.own, crl.RawTBS, signature) == nil {
			return a
		}
	}
	return nil
}

// crlSignature reads the last field of CertificateList.
func crlSignature(der cryptobyte.String) (signature []byte, ok bool) {
	var list, algorithm cryptobyte.String
	ok = der.ReadASN1(&list, casn1.SEQUENCE) && list.SkipASN1(casn1.SEQUENCE) &&
		list.ReadASN1Element(&algorithm, casn1.SEQUENCE) && isSM2WithSM3(algorithm) &&
		list.ReadASN1BitStringAsBytes(&signature) && list.Empty()
	return signature, ok
}

// pointOfScope reads IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] { fullName [0] { URI [6] } } }.
func pointOfScope(value cryptobyte.String) (string, bool) {
	var body, name, full, address cryptobyte.String
	ok := value.ReadASN1(&body, casn1.SEQUENCE) && value.Empty() &&
		body.ReadASN1(&name, contextTag(0).Constructed()) && body.Empty() &&
		name.ReadASN1(&full, contextTag(0).Constructed()) && name.Empty() &&
		full.ReadASN1(&address, contextTag(6)) && full.Empty()
	return string(address), ok
}

// placesIn reads oid.IssuedPlaces among the extensions at the end of a TBSCertList that was parsed before; zero if it
// is not there.
func placesIn(tbs cryptobyte.String) uint64 {
	var body, wrapped, list cryptobyte.String
	if !tbs.ReadASN1(&body, casn1.SEQUENCE) {
		return 0
	}
	for !body.Empty() && !body.PeekASN1Tag(contextTag(0).Constructed()) {
		var field cryptobyte.String
		var tag casn1.Tag
		if !body.ReadAnyASN1(&field, &tag) {
			return 0
		}
	}
	if !body.ReadASN1(&wrapped, contextTag(0).Constructed()) || !wrapped.ReadASN1(&list, casn1.SEQUENCE) {
		return 0
	}
	for !list.Empty() {
		var e, value cryptobyte.String
		var id oid.ID
		var n uint64
		if !list.ReadASN1(&e, casn1.SEQUENCE) || !oid.Read(&e, &id) {
			return 0
		}
		if id == oid.IssuedPlaces {
			_ = e.ReadASN1(&value, casn1.OCTET_STRING) && value.ReadASN1Integer(&n)
			return n
		}
	}
	return 0
}
