package verify

import (
	"time"
)

// PolicyVersion names the set of rules by which this package judges; every report states it.
const PolicyVersion = "elicense-verify-4"

// MediaType is that of a report's JSON form.
const MediaType = "application/vnd.elicense.report.v1+json"

// Indication is the outcome of ETSI EN 319 102-1, clause 5.1.3. The zero value is Indeterminate.
type Indication uint8

// The indications.
const (
	Indeterminate Indication = iota
	TotalFailed
	TotalPassed
)

// String is the word of the standard.
func (i Indication) String() string {
	switch i {
	case TotalPassed:
		return "TOTAL-PASSED"
	case TotalFailed:
		return "TOTAL-FAILED"
	case Indeterminate:
	}
	return "INDETERMINATE"
}

// MarshalText is the word of the standard.
func (i Indication) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the word of the standard; any other is Indeterminate.
func (i *Indication) UnmarshalText(b []byte) error {
	switch string(b) {
	case TotalPassed.String():
		*i = TotalPassed
	case TotalFailed.String():
		*i = TotalFailed
	default:
		*i = Indeterminate
	}
	return nil
}

// SubIndication says why a report is not TOTAL-PASSED: a word of ETSI EN 319 102-1, clause 5.1.3, or one of ours
// for a state of a licence that the standard has no word for.
type SubIndication string

// Words of the standard.
const (
	FormatFailure             SubIndication = "FORMAT_FAILURE"
	HashFailure               SubIndication = "HASH_FAILURE"
	SigCryptoFailure          SubIndication = "SIG_CRYPTO_FAILURE"
	Revoked                   SubIndication = "REVOKED" // 吊销
	Expired                   SubIndication = "EXPIRED"
	NotYetValid               SubIndication = "NOT_YET_VALID"
	SigConstraintsFailure     SubIndication = "SIG_CONSTRAINTS_FAILURE"
	ChainConstraintsFailure   SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	NoSigningCertificateFound SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChainFound   SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	CryptoConstraintsFailure  SubIndication = "CRYPTO_CONSTRAINTS_FAILURE"
	OutOfBoundsNoPOE          SubIndication = "OUT_OF_BOUNDS_NO_POE"
	RevokedNoPOE              SubIndication = "REVOKED_NO_POE"
	CryptoConstraintsNoPOE    SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	TimestampOrderFailure     SubIndication = "TIMESTAMP_ORDER_FAILURE"
	NoPOE                     SubIndication = "NO_POE"
	SignedDataNotFound        SubIndication = "SIGNED_DATA_NOT_FOUND"
	TryLater                  SubIndication = "TRY_LATER"
)

// Words of ours.
const (
	Suspended           SubIndication = "SUSPENDED"            // 暂停
	Cancelled           SubIndication = "CANCELLED"            // 注销
	Annulled            SubIndication = "ANNULLED"             // 撤销
	Superseded          SubIndication = "SUPERSEDED"           // 被替换
	Withdrawn           SubIndication = "WITHDRAWN"            // 已撤出
	NotIssued           SubIndication = "NOT_ISSUED"           // reserved or voided, or no such licence
	ExpectationFailure  SubIndication = "EXPECTATION_FAILURE"  // not what this caller expects
	ComparisonDifferent SubIndication = "COMPARISON_DIFFERENT" // a receipt that says 不一致
	ReportedFailure     SubIndication = "REPORTED_FAILURE"     // a report that says 退回
)

// Decision is what a clerk does. The zero value is Recheck.
type Decision uint8

// The decisions; they follow from the indication alone.
const (
	Recheck Decision = iota // 待复验
	Return                  // 退回
	Accept                  // 可以受理
)

// Kind is what a document was taken for.
type Kind string

// The kinds.
const (
	KindUnknown     Kind = "unknown"
	KindBundle      Kind = "bundle"      // licence with its proofs
	KindRecord      Kind = "record"      // licence record and signature alone
	KindReceipt     Kind = "receipt"     // 查验回执
	KindStatus      Kind = "status"      // status statement
	KindBatch       Kind = "batch"       // 批次证明
	KindProof       Kind = "proof"       // ledger proof file
	KindCheckpoint  Kind = "checkpoint"  // signed tree head
	KindCertificate Kind = "certificate" // with those above it, if they follow
	KindOFD         Kind = "ofd"         // package of GB/T 33190
	KindPDF         Kind = "pdf"         // ISO 32000
	KindCMS         Kind = "cms"         // SignedData of GB/T 35275 or RFC 5652
	KindTimestamp   Kind = "timestamp"   // 时间戳, a token or the answer that brings it
	KindEvidence    Kind = "evidence"    // 核验证据包: documents with the reports on them and what these rest on
)

// CheckStatus is the outcome of one check. The zero value is CheckIndeterminate.
type CheckStatus uint8

// The outcomes.
const (
	CheckIndeterminate CheckStatus = iota
	CheckFailed
	CheckSkipped // does not apply here, or nothing of the kind was asked
	CheckPassed
)

// String is the lower-case word.
func (s CheckStatus) String() string {
	switch s {
	case CheckPassed:
		return "passed"
	case CheckFailed:
		return "failed"
	case CheckSkipped:
		return "skipped"
	case CheckIndeterminate:
	}
	return "indeterminate"
}

// MarshalText is the form of String.
func (s CheckStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the form of String; any other is CheckIndeterminate.
func (s *CheckStatus) UnmarshalText(b []byte) error {
	*s = CheckIndeterminate
	for _, known := range []CheckStatus{CheckPassed, CheckFailed, CheckSkipped} {
		if known.String() == string(b) {
			*s = known
		}
	}
	return nil
}

// Level is the step of the judgement that a check belongs to; checks stand in this order.
type Level string

// The levels.
const (
	LevelFormat      Level = "format"
	LevelTime        Level = "time"
	LevelChain       Level = "chain"
	LevelRevocation  Level = "revocation"
	LevelDigest      Level = "digest" // what the signature covers
	LevelSignature   Level = "signature"
	LevelSeal        Level = "seal"        // authority and usage of a seal, 印章
	LevelRules       Level = "rules"       // of the record or statement itself
	LevelLedger      Level = "ledger"      // 账本
	LevelState       Level = "state"       // 证照状态
	LevelExpectation Level = "expectation" // of the caller
)

// Check is one question and its answer. Expected and Found never hold a value of a person.
type Check struct {
	ID       string        `json:"id"`             // one of docs/verify.md; the texts are keyed by it
	Part     string        `json:"part,omitempty"` // which signature of the document it is about
	Level    Level         `json:"level"`
	Status   CheckStatus   `json:"status"`
	Sub      SubIndication `json:"sub_indication,omitempty"`
	Clause   string        `json:"clause"`
	Expected string        `json:"expected,omitempty"`
	Found    string        `json:"found,omitempty"`
}

// Fact is something that the document says. It may be personal.
type Fact struct {
	ID     string `json:"id"`
	Part   string `json:"part,omitempty"`
	Value  string `json:"value"`
	Proven bool   `json:"proven"` // a signature or proof that counts covers it

	label string // what people call the element, if its type is known here
}

// Moment is one entry of the time line.
type Moment struct {
	ID   string `json:"id"` // issued, valid-from, valid-until, recorded, signed, stamped, revoked, expired, now…
	Part string `json:"part,omitempty"`
	Time string `json:"time"` // RFC 3339, or a day
	at   time.Time
}

// Report is the judgement on one document.
type Report struct {
	Kind          Kind
	Indication    Indication
	SubIndication SubIndication // empty with TOTAL-PASSED
	Headline      string        // ID of the check that decided; empty with TOTAL-PASSED
	Authentic     bool          // format, time, chain, signature and own rules passed
	RecheckAt     time.Time     // from when another attempt may decide; zero: as soon as what is missing is there
	JudgedAt      time.Time     // the clock's time
	Checks        []Check
	Facts         []Fact
	Timeline      []Moment // in order of time
	Uncovered     []string // parts that no signature covers
	Tolerances    []Tolerance
	Advice        []Advice   // why a signature failed, if a known mistake explains it
	Kept          []Rejudged // the documents of an evidence file, judged anew
	Grounds       Grounds    // what it rests on beside the document; no part of its written forms
	// With is the document of the same case by which the vault's word on this licence came; empty: none did. It is told
	// to people, and no part of the JSON form, which is of one document; that of a case has it.
	With string
	// SameAs is an earlier document of the same case that has the same content, octet for octet; empty: none has. It is
	// told like With: two names do not make two documents.
	SameAs string

	said *Said          // by the status source, with what of it was used
	zone *time.Location // of the times that people read
}

// Tolerance is a departure from a standard that is known of a product and was let pass.
type Tolerance struct {
	Part string `json:"part,omitempty"`
	Name string `json:"name"`
}

// Decision is what to do.
func (r *Report) Decision() Decision {
	switch r.Indication {
	case TotalPassed:
		return Accept
	case TotalFailed:
		return Return
	case Indeterminate:
	}
	return Recheck
}

// Check finds a check by its ID.
func (r *Report) Check(id string) (Check, bool) {
	for i := range r.Checks {
		if r.Checks[i].ID == id {
			return r.Checks[i], true
		}
	}
	return Check{}, false
}

// Fact finds a fact by its ID; empty if the document does not say.
func (r *Report) Fact(id string) string {
	for i := range r.Facts {
		if r.Facts[i].ID == id {
			return r.Facts[i].Value
		}
	}
	return ""
}

// String is accept, return or recheck.
func (d Decision) String() string {
	switch d {
	case Accept:
		return "accept"
	case Return:
		return "return"
	case Recheck:
	}
	return "recheck"
}
