package tsp

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Status is PKIStatus.
type Status int

// Values of PKIStatus (RFC 3161, 2.4.2).
const (
	Granted Status = iota
	GrantedWithMods
	Rejection
	Waiting
	RevocationWarning
	RevocationNotification
)

// Failure is a bit of PKIFailureInfo.
type Failure int

// Bits of PKIFailureInfo (RFC 3161, 2.4.2).
const (
	BadAlg              Failure = 0
	BadRequest          Failure = 2
	BadDataFormat       Failure = 5
	TimeNotAvailable    Failure = 14
	UnacceptedPolicy    Failure = 15
	UnacceptedExtension Failure = 16
	AddInfoNotAvailable Failure = 17
	SystemFailure       Failure = 25
)

const maxFailure = 31

// String is the name in RFC 3161, or the number of a bit that has none there.
func (f Failure) String() string {
	switch f {
	case BadAlg:
		return "badAlg"
	case BadRequest:
		return "badRequest"
	case BadDataFormat:
		return "badDataFormat"
	case TimeNotAvailable:
		return "timeNotAvailable"
	case UnacceptedPolicy:
		return "unacceptedPolicy"
	case UnacceptedExtension:
		return "unacceptedExtension"
	case AddInfoNotAvailable:
		return "addInfoNotAvailable"
	case SystemFailure:
		return "systemFailure"
	default:
		return fmt.Sprintf("failure %d", int(f))
	}
}

// Response is a TimeStampResp.
type Response struct {
	Status   Status
	Texts    []string  // statusString
	Failures []Failure // failInfo, in the order of the bits
	Token    []byte    // DER ContentInfo as received, there exactly if Status is Granted or GrantedWithMods
}

// Granted tells whether the response brings a token.
func (r *Response) Granted() bool { return r.Status == Granted || r.Status == GrantedWithMods }

// ParseResponse reads one TimeStampResp and nothing after it. The token is not looked into. The result points into der.
//
//	PKIStatusInfo ::= SEQUENCE { status INTEGER, statusString SEQUENCE SIZE (1..MAX) OF UTF8String OPTIONAL,
//	                  failInfo BIT STRING OPTIONAL }
func ParseResponse(der []byte) (*Response, error) {
	if len(der) > MaxResponseBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(der))
	}
	input := cryptobyte.String(der)
	var body, info cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&info, casn1.SEQUENCE) {
		return nil, malformed("TimeStampResp")
	}
	if !input.Empty() {
		return nil, malformed("bytes after TimeStampResp")
	}
	r := new(Response)
	if err := r.readStatus(info); err != nil {
		return nil, err
	}
	if !body.Empty() {
		var token cryptobyte.String
		if !body.ReadASN1Element(&token, casn1.SEQUENCE) || !body.Empty() {
			return nil, malformed("timeStampToken")
		}
		r.Token = token
	}
	if err := r.check(); err != nil {
		return nil, malformed(err.Error())
	}
	return r, nil
}

// check wants a token exactly if it was granted, and a failure exactly where nothing was (RFC 3161, 2.4.2).
func (r *Response) check() error {
	switch {
	case r.Granted() != (r.Token != nil):
		return fmt.Errorf("status %d and token contradict each other", r.Status)
	case r.Granted() && len(r.Failures) > 0:
		return fmt.Errorf("status %d and failInfo contradict each other", r.Status)
	}
	return nil
}

func (r *Response) readStatus(info cryptobyte.String) error {
	var status int64
	if !info.ReadASN1Integer(&status) || status < int64(Granted) || status > int64(RevocationNotification) {
		return malformed("status")
	}
	r.Status = Status(status)
	if info.PeekASN1Tag(casn1.SEQUENCE) {
		var list cryptobyte.String
		if !info.ReadASN1(&list, casn1.SEQUENCE) || !r.readTexts(list) {
			return malformed("statusString")
		}
	}
	if info.PeekASN1Tag(casn1.BIT_STRING) {
		var bits cryptobyte.String
		if !info.ReadASN1(&bits, casn1.BIT_STRING) || !r.readFailures(bits) {
			return malformed("failInfo")
		}
	}
	if !info.Empty() {
		return malformed("bytes after PKIStatusInfo")
	}
	return nil
}

func (r *Response) readTexts(list cryptobyte.String) bool {
	if list.Empty() || len(list) > maxTextBytes {
		return false
	}
	for !list.Empty() {
		var text cryptobyte.String
		if len(r.Texts) == maxTexts || !list.ReadASN1(&text, casn1.UTF8String) || !utf8.Valid(text) {
			return false
		}
		r.Texts = append(r.Texts, string(text))
	}
	return true
}

// readFailures reads named bits in DER: no trailing zero bit (X.690, 11.2.2), none beyond 31, at least one set.
func (r *Response) readFailures(contents []byte) bool {
	if len(contents) < 2 || len(contents) > 1+(maxFailure+1)/8 || contents[0] > 7 {
		return false
	}
	bits := contents[1:]
	if unused := contents[0]; bits[len(bits)-1]&(1<<(unused+1)-1) != 1<<unused {
		return false
	}
	for i := range len(bits) * 8 {
		if bits[i/8]&(0x80>>(i%8)) != 0 {
			r.Failures = append(r.Failures, Failure(i))
		}
	}
	return true
}

// MarshalResponse writes a TimeStampResp.
func MarshalResponse(r *Response) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	token := cryptobyte.String(r.Token)
	if len(r.Texts) > maxTexts || r.Token != nil && (!token.SkipASN1(casn1.SEQUENCE) || !token.Empty()) {
		return nil, ErrInput
	}
	bits, ok := failureBits(r.Failures)
	if !ok {
		return nil, fmt.Errorf("%w: failInfo", ErrInput)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(int64(r.Status))
			addTexts(b, r.Texts)
			if bits != nil {
				b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(bits) })
			}
		})
		b.AddBytes(r.Token)
	})
	return written(&b)
}

func addTexts(b *cryptobyte.Builder, texts []string) {
	if len(texts) == 0 {
		return
	}
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, text := range texts {
			b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
		}
	})
}

// failureBits is the contents of the BIT STRING, nil for no failure.
func failureBits(failures []Failure) ([]byte, bool) {
	if len(failures) == 0 {
		return nil, true
	}
	var bits [(maxFailure + 1) / 8]byte
	last := slices.Max(failures)
	if slices.Min(failures) < 0 || last > maxFailure {
		return nil, false
	}
	for _, f := range failures {
		bits[f/8] |= 0x80 >> (f % 8)
	}
	return slices.Concat([]byte{byte(7 - last%8)}, bytes.TrimRight(bits[:], "\x00")), true
}
