package pki

// Reasons of revocation, and why evidence of it does not count or does not suffice.
const (
	ReasonRevoked         Reason = "revoked"            // the certificate was revoked at the time
	ReasonOnHold          Reason = "on-hold"            // the certificate was suspended at the time
	ReasonNoEvidence      Reason = "no-evidence"        // nothing was given that speaks of the certificate
	ReasonPartialReasons  Reason = "partial-reasons"    // the evidence does not cover every reason of revocation
	ReasonStale           Reason = "evidence-stale"     // made too long before the time
	ReasonTooEarly        Reason = "evidence-too-early" // made too soon after the time for a revocation to show
	ReasonFromFuture      Reason = "evidence-future"    // made after the time at which it is said to have existed
	ReasonForgotten       Reason = "evidence-forgotten" // made when the certificate had expired and might be dropped
	ReasonOtherIssuer     Reason = "other-issuer"       // speaks for certificates of another issuer
	ReasonOtherSubject    Reason = "other-certificate"  // speaks of other certificates
	ReasonCRLScope        Reason = "crl-scope"          // the CRL does not answer for such a certificate
	ReasonIndirectCRL     Reason = "indirect-crl"       // the CRL lists certificates of other issuers: not supported
	ReasonDelta           Reason = "delta-without-base" // no full CRL to which the delta CRL adds
	ReasonNoProof         Reason = "no-proof"           // not proven to have existed at the time
	ReasonNoSigner        Reason = "no-signer"          // no certificate of a signer that may sign the evidence
	ReasonSignerRevoked   Reason = "signer-revoked"     // the signer was revoked or suspended when the evidence existed
	ReasonSignerStatus    Reason = "signer-status"      // nothing shows that the signer was not revoked
	ReasonCircular        Reason = "circular"           // the evidence would have to vouch for its own signer
	ReasonNonce           Reason = "nonce"              // not the nonce of the request
	ReasonAnswerUnknown   Reason = "ocsp-unknown"       // the responder does not know the certificate
	ReasonOCSPRequest     Reason = "ocsp-request"       // malformedRequest
	ReasonOCSPInternal    Reason = "ocsp-internal"      // internalError
	ReasonOCSPTryLater    Reason = "ocsp-try-later"     // tryLater
	ReasonOCSPSigRequired Reason = "ocsp-sig-required"  // sigRequired
	ReasonOCSPForbidden   Reason = "ocsp-unauthorized"  // unauthorized
)

// statusReasons are the refusals that responders give instead of an answer.
var statusReasons = map[OCSPStatus]Reason{
	OCSPMalformedRequest: ReasonOCSPRequest, OCSPInternalError: ReasonOCSPInternal, OCSPTryLater: ReasonOCSPTryLater,
	OCSPSigRequired: ReasonOCSPSigRequired, OCSPUnauthorized: ReasonOCSPForbidden,
}
