package pki

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

func (r *OCSPResponse) readAnswers(list cryptobyte.String) bool {
	for !list.Empty() {
		var a OCSPAnswer
		if !readAnswer(&list, &a) {
			return false
		}
		r.Answers = append(r.Answers, a)
	}
	return true
}

// readAnswer reads
//
//	SingleResponse ::= SEQUENCE { certID CertID, certStatus CertStatus, thisUpdate GeneralizedTime,
//	    nextUpdate [0] EXPLICIT GeneralizedTime OPTIONAL, singleExtensions [1] EXPLICIT Extensions OPTIONAL }
func readAnswer(list *cryptobyte.String, a *OCSPAnswer) bool {
	var body, next, extensions cryptobyte.String
	var present, extended bool
	if !list.ReadASN1(&body, casn1.SEQUENCE) || !a.ID.read(&body) || !a.readStatus(&body) ||
		!readGeneralizedTime(&body, &a.ThisUpdate) ||
		!body.ReadOptionalASN1(&next, &present, constructedTag(0)) ||
		present && (!readGeneralizedTime(&next, &a.NextUpdate) || !next.Empty()) ||
		!body.ReadOptionalASN1(&extensions, &extended, constructedTag(1)) || !body.Empty() {
		return false
	}
	if present && a.NextUpdate.Before(a.ThisUpdate) {
		return false
	}
	return !extended || readExtensionList(extensions, a.readExtension)
}

// readStatus reads
//
//	CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] IMPLICIT NULL }
//	RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL }
func (a *OCSPAnswer) readStatus(s *cryptobyte.String) bool {
	var value, reason cryptobyte.String
	var tag casn1.Tag
	var present bool
	if !s.ReadAnyASN1(&value, &tag) {
		return false
	}
	switch tag {
	case contextTag(0):
		a.Status = AnswerGood
		return value.Empty()
	case contextTag(2):
		a.Status = AnswerUnknown
		return value.Empty()
	case constructedTag(1):
		a.Status = AnswerRevoked
		return readGeneralizedTime(&value, &a.RevokedAt) &&
			value.ReadOptionalASN1(&reason, &present, constructedTag(0)) && value.Empty() &&
			(!present || readCause(&reason, &a.Cause) && reason.Empty())
	default:
		return false
	}
}

// readExtension reads the extensions of RFC 6960, 4.4, and those of a CRL entry, which may stand here (4.4.5).
func (a *OCSPAnswer) readExtension(e extension) bool {
	switch oid.ID(e.id) {
	case oid.OCSPArchiveCutoff:
		return readGeneralizedTime(&e.value, &a.ArchiveCutoff) && e.value.Empty()
	case oid.InvalidityDate:
		var from time.Time
		ok := readGeneralizedTime(&e.value, &from) && e.value.Empty()
		if a.Status == AnswerRevoked {
			a.InvalidFrom = from
		}
		return ok
	case oid.CRLReason:
		var cause Cause
		ok := readCause(&e.value, &cause) && e.value.Empty()
		if a.Status == AnswerRevoked && a.Cause == CauseUnspecified {
			a.Cause = cause
		}
		return ok
	case oid.OCSPCRLReference:
		return true // on which CRL the responder found it: the answer is the responder's own
	default:
		if e.critical {
			a.unknown = oid.ID(e.id)
		}
		return true
	}
}
