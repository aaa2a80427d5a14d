package ca

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ApplicationID names an application (申请) and, with it, whatever is issued for it: the same application is never
// issued twice. Its first six bytes are the milliseconds since 1970, the rest is random.
type ApplicationID [16]byte

// String is 32 hexadecimal digits, lower case.
func (id ApplicationID) String() string { return hex.EncodeToString(id[:]) }

// ParseApplicationID reads what String writes.
func ParseApplicationID(text string) (ApplicationID, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(ApplicationID{}) || hex.EncodeToString(b) != text {
		return ApplicationID{}, refuse(ErrRequest, ReasonMalformed, "application identifier")
	}
	return ApplicationID(b), nil
}

// Stage is how far an application has come.
type Stage uint8

// Stages.
const (
	StageNone      Stage = iota
	StageApplied         // 待审核: waits for approval, or for the next one
	StageApproved        // 待签发
	StageIssued          // 已签发
	StageRefused         // 已驳回
	StageWithdrawn       // 已撤回
)

var stageNames = [...]string{"none", "applied", "approved", "issued", "refused", "withdrawn"}

// String is one word.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return "unknown"
}

// Enrolment is what is applied for.
type Enrolment struct {
	Profile string
	Issuer  KeyID    // zero: the register's first that may issue the profile
	Subject Name     // established by the officer, never taken from the CSR
	Holder  Identity // whose certificate it is
	// DNSNames are the host names of a server; only profiles of servers have any.
	DNSNames []string
	// CSR is the certificate request in DER. It may be left out and come when the certificate is issued, as with a
	// token that makes its key when its holder fetches the certificate.
	CSR []byte
	// Twin asks for the encryption certificate (加密证书) of the pair too; its key comes from the key management
	// centre.
	Twin     bool
	Evidence []Evidence
	// Renews is the certificate that this one follows; zero for none.
	Renews CertificateID
}

// Identity is a holder's identity in the extensions of GB/T 20518. Empty codes are left out; a profile may demand one.
type Identity struct {
	USCC           string // 统一社会信用代码, in 组织机构代码
	CitizenNumber  string // 公民身份号码, in 个人身份标识码
	PassportNumber string // likewise; at most one of the two
	TaxNumber      string // 税号
	Registration   string // 企业工商注册号
}

// Evidence is what an officer has seen of an applicant face to face (A56).
type Evidence struct {
	Document string    // which document: 居民身份证, 营业执照, 介绍信, …
	Number   string    // its number; personal, stored sealed, never in a key
	Holder   string    // whom it names
	SeenBy   string    // the officer
	Window   string    // where: the window's name or code
	SeenAt   time.Time // when
	Scan     [32]byte  // SM3 of the scan; zero for none
}

// Approval is one officer's yes or no.
type Approval struct {
	Actor string
	At    time.Time
	Note  string
}

// Application is an enrolment on its way.
type Application struct {
	ID        ApplicationID
	Stage     Stage
	Enrolment Enrolment
	Applicant string // the actor who applied
	AppliedAt time.Time
	Needs     int        // approvals needed, as policy was when it was applied for
	Approvals []Approval // given so far
	Closed    Approval   // who refused or withdrew it, and why
	Digest    [32]byte   // SM3 of the enrolment as stored: the same identifier with another enrolment is refused
	Issued    CertificateID
	Twin      CertificateID // the encryption certificate issued with it
}

func (a *Application) append(b []byte) []byte {
	b = append(b, rowFormat, byte(a.Stage))
	b = append(b, a.ID[:]...)
	b = appendBytes(b, a.Enrolment.append(nil))
	b = appendText(b, a.Applicant)
	b = appendTime(b, a.AppliedAt)
	b = binary.AppendUvarint(b, uint64(a.Needs)) //nolint:gosec // never negative
	b = binary.AppendUvarint(b, uint64(len(a.Approvals)))
	for _, v := range a.Approvals {
		b = v.append(b)
	}
	b = a.Closed.append(b)
	b = append(b, a.Digest[:]...)
	b = appendID(b, a.Issued)
	return appendID(b, a.Twin)
}

func parseApplication(b []byte) (*Application, error) {
	r := openRow(b)
	a := &Application{Stage: Stage(r.byte())}
	if a.Stage == StageNone || int(a.Stage) >= len(stageNames) {
		r.bad = true
	}
	r.fixed(a.ID[:])
	enrolment := &row{b: r.take(r.length()), bad: r.bad}
	a.Enrolment = readEnrolment(enrolment)
	r.bad = r.bad || enrolment.end("") != nil
	a.Applicant, a.AppliedAt, a.Needs = r.text(), r.time(), int(r.number()) //nolint:gosec // checked below
	for n := r.length(); n > 0 && !r.bad; n-- {
		a.Approvals = append(a.Approvals, readApproval(r))
	}
	a.Closed = readApproval(r)
	r.fixed(a.Digest[:])
	a.Issued, a.Twin = readID(r), readID(r)
	if a.Needs < 0 || a.Needs > maxApprovals {
		r.bad = true
	}
	if err := r.end("application"); err != nil {
		return nil, err
	}
	return a, nil
}

func (e *Enrolment) append(b []byte) []byte {
	b = appendText(b, e.Profile)
	b = append(b, e.Issuer[:]...)
	b = appendTexts(b, e.Subject.parts())
	h := e.Holder
	b = appendTexts(b, []string{h.USCC, h.CitizenNumber, h.PassportNumber, h.TaxNumber, h.Registration})
	b = appendTexts(b, e.DNSNames)
	b = appendBytes(b, e.CSR)
	b = appendFlag(b, e.Twin)
	b = binary.AppendUvarint(b, uint64(len(e.Evidence)))
	for i := range e.Evidence {
		v := &e.Evidence[i]
		b = appendTexts(b, []string{v.Document, v.Number, v.Holder, v.SeenBy, v.Window})
		b = appendTime(b, v.SeenAt)
		b = append(b, v.Scan[:]...)
	}
	return appendID(b, e.Renews)
}

func readEnrolment(r *row) Enrolment {
	e := Enrolment{Profile: r.text()}
	r.fixed(e.Issuer[:])
	readTexts(r, &e.Subject.Province, &e.Subject.Locality, &e.Subject.Organization, &e.Subject.OrganizationalUnit,
		&e.Subject.CommonName, &e.Subject.SerialNumber)
	h := &e.Holder
	readTexts(r, &h.USCC, &h.CitizenNumber, &h.PassportNumber, &h.TaxNumber, &h.Registration)
	e.DNSNames, e.CSR, e.Twin = r.texts(), r.bytes(), r.flag()
	for n := r.length(); n > 0 && !r.bad; n-- {
		var v Evidence
		readTexts(r, &v.Document, &v.Number, &v.Holder, &v.SeenBy, &v.Window)
		v.SeenAt = r.time()
		r.fixed(v.Scan[:])
		e.Evidence = append(e.Evidence, v)
	}
	e.Renews = readID(r)
	return e
}

// readTexts reads a list of exactly as many texts as it is given places for.
func readTexts(r *row, to ...*string) {
	if r.length() != len(to) {
		r.bad = true
		return
	}
	for _, t := range to {
		*t = r.text()
	}
}

func (v *Approval) append(b []byte) []byte {
	b = appendText(b, v.Actor)
	b = appendTime(b, v.At)
	return appendText(b, v.Note)
}

func readApproval(r *row) Approval {
	return Approval{Actor: r.text(), At: r.time(), Note: r.text()}
}

func appendID(b []byte, id CertificateID) []byte {
	b = append(b, id.Issuer[:]...)
	return append(b, id.Serial[:]...)
}

func readID(r *row) CertificateID {
	var id CertificateID
	r.fixed(id.Issuer[:])
	r.fixed(id.Serial[:])
	return id
}
