package api

import (
	"time"
)

// VerificationRequest submits the documents of a case (办件) to be judged, each inline or uploaded before.
type VerificationRequest struct {
	Case      string      `json:"case,omitempty" maxLength:"200" doc:"办件编号, for the report"`
	Language  string      `json:"language,omitempty" enum:"zh,en" doc:"of the reports for people; zh if absent"`
	Documents []Submitted `json:"documents" minItems:"1" maxItems:"20"`
	Expect    *Expect     `json:"expect,omitempty" doc:"what is to be true of each document"`
}

// Submitted is one document: Content or File, not both.
type Submitted struct {
	Name    string `json:"name" minLength:"1" maxLength:"200"`
	Content []byte `json:"content,omitempty" doc:"the document itself"`
	File    string `json:"file,omitempty" maxLength:"64" doc:"id of an uploaded document"`
	Signed  []byte `json:"signed,omitempty" doc:"what a detached signature is over"`
	SignedF string `json:"signedFile,omitempty" maxLength:"64" doc:"the same, uploaded"`
	Licence []byte `json:"licence,omitempty" doc:"what the vault says of the licence now: its bundle"`
}

// Expect is what whoever asks wants to be true; what is absent expects nothing.
type Expect struct {
	HolderCode string `json:"holderCode,omitempty" maxLength:"64"`
	HolderName string `json:"holderName,omitempty" maxLength:"200"`
	Type       string `json:"type,omitempty" maxLength:"64"`
	Issuer     string `json:"issuer,omitempty" maxLength:"64"`
	Number     string `json:"number,omitempty" maxLength:"100"`
	Identifier string `json:"identifier,omitempty" maxLength:"200"`
	Department string `json:"department,omitempty" maxLength:"200" doc:"that issued or sealed it: its code, or its name"`
	Case       string `json:"case,omitempty" maxLength:"200" doc:"办件编号 for which a receipt was given or a copy made"`

	At        *time.Time `json:"at,omitempty" doc:"the deciding time; now if absent"`
	NoLicence bool       `json:"noLicence,omitempty" doc:"the caller's word that an OFD is no licence but a letter or the like"`
}

// Verification is a verdict that is kept, with the policy that it was judged by.
type Verification struct {
	ID         string       `json:"id"`
	Case       string       `json:"case,omitempty"`
	Judged     time.Time    `json:"judged"`
	Expires    time.Time    `json:"expires" doc:"until when verdict, reports and evidence are kept"`
	Policy     string       `json:"policy" doc:"version of the rules"`
	Indication string       `json:"indication" enum:"TOTAL-PASSED,TOTAL-FAILED,INDETERMINATE" doc:"of the worst document"`
	DecisionZh string       `json:"decisionZh"`
	DecisionEn string       `json:"decisionEn"`
	Notice     string       `json:"notice,omitempty" doc:"what to tell the applicant, a line for each document"`
	Todo       string       `json:"todo,omitempty" doc:"what only the office can clear up, a line for each document"`
	Documents  []Judged     `json:"documents"`
	Reports    []ReportFile `json:"reports" doc:"to be fetched as files"`
	Evidence   *File        `json:"evidence,omitempty" doc:"核验证据包: verifies again without a network"`
}

// Judged is the verdict on one document.
type Judged struct {
	Name          string `json:"name"`
	With          string `json:"with,omitempty" doc:"the document of the case by which the vault's word on this one came"`
	SameAs        string `json:"sameAs,omitempty" doc:"an earlier document of the case with the same content"`
	SM3           string `json:"sm3"`
	Size          int64  `json:"size"`
	Kind          string `json:"kind" doc:"what it was taken for"`
	Indication    string `json:"indication"`
	SubIndication string `json:"subIndication,omitempty"`
	Headline      string `json:"headline,omitempty" doc:"the check that decided"`
	DecisionZh    string `json:"decisionZh"`
	DecisionEn    string `json:"decisionEn"`
	ReasonZh      string `json:"reasonZh"`
	ReasonEn      string `json:"reasonEn"`
}

// ReportFile is a report in one form.
type ReportFile struct {
	Form     string `json:"form" enum:"json,text,html,ofd"`
	Document string `json:"document,omitempty" doc:"the document it is on; the whole case if absent"`
	File     File   `json:"file"`
}

// Rejudgement is a kept verdict beside what comes out anew.
type Rejudgement struct {
	Judged     time.Time  `json:"judged"`
	Policy     string     `json:"policy" doc:"version of the rules now"`
	Indication string     `json:"indication" doc:"of the evidence as a whole: it is unharmed and says what it said"`
	Documents  []Rejudged `json:"documents"`
}

// Rejudged is one document: what was said, what the same evidence gives as of then, and what is known now.
type Rejudged struct {
	Name        string       `json:"name"`
	Stated      string       `json:"stated"`
	Then        string       `json:"then"`
	Now         string       `json:"now"`
	Changed     bool         `json:"changed" doc:"it would be judged otherwise now"`
	Differences []Difference `json:"differences,omitempty" doc:"between what was said and the same evidence as of then"`
}

// Difference is one thing that comes out otherwise.
type Difference struct {
	What   string `json:"what"`
	Stated string `json:"stated,omitempty"`
	Again  string `json:"again,omitempty"`
}

// DigestRequest asks, without handing over a document, whether it is the one that the vault keeps of a licence.
type DigestRequest struct {
	Asked

	Documents []DigestOf `json:"documents" minItems:"1" maxItems:"20"`
}

// DigestOf is a document by its digest.
type DigestOf struct {
	Identifier string `json:"identifier" minLength:"1" maxLength:"200" doc:"电子证照标识 that the document bears"`
	SM3        string `json:"sm3" pattern:"^[0-9a-fA-F]{64}$" patternDescription:"SM3 in hexadecimal, not SHA-256"`
}

// DigestAnswer says of each document whether it is known.
type DigestAnswer struct {
	Documents []DigestVerdict `json:"documents"`
}

// DigestVerdict is the answer for one document.
type DigestVerdict struct {
	DigestOf

	Known   bool   `json:"known" doc:"it is a document of the version in force, byte for byte"`
	Kind    string `json:"kind,omitempty" doc:"what kind of document"`
	Version int    `json:"version,omitempty" doc:"in force"`
	State   string `json:"state,omitempty" doc:"of the licence now"`
	StateZh string `json:"stateZh,omitempty"`
	Code    string `json:"code,omitempty" doc:"why nothing can be said"`
}
