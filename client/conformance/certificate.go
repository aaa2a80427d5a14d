package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

// Reason says why a certificate of conformance does not let a caller in.
type Reason string

// The reasons.
const (
	ReasonFormat    Reason = "format"    // it is none
	ReasonSignature Reason = "signature" // not signed by that sandbox, or changed since
	ReasonSandbox   Reason = "sandbox"   // not of a sandbox
	ReasonFailed    Reason = "failed"    // a step that must pass has not
	ReasonProof     Reason = "proof"     // not handed in over mutual TLS in a signed message
	ReasonCaller    Reason = "caller"    // of another caller or department
	ReasonAge       Reason = "age"       // too old, or of the future
)

// RefusalError is a certificate that does not count.
type RefusalError struct {
	Reason Reason
	Detail string
}

// Error names the reason.
func (e *RefusalError) Error() string {
	return "conformance: certificate refused: " + string(e.Reason) + ": " + e.Detail
}

func refuse(r Reason, format string, args ...any) error {
	return &RefusalError{r, fmt.Sprintf(format, args...)}
}

// MaxAge is how long a certificate lets a caller be promoted.
const MaxAge = 30 * 24 * time.Hour

// maxSkew is how far a certificate may be in the future.
const maxSkew = 5 * time.Minute

// maxCertificate bounds what is read.
const maxCertificate = 1 << 20

// Wanted is whom a certificate must be of.
type Wanted struct {
	Service    *pki.Certificate // with which the sandbox signs: pinned, since its authority certifies departments too
	Caller     string           // as the sandbox knows it
	Department string           // 统一社会信用代码
	Now        time.Time
}

// OpenCertificate reads a certificate that the sandbox's service has signed for a caller whose run passed not long ago;
// any other is a *RefusalError.
func OpenCertificate(content, signature []byte, w Wanted) (*api.ConformanceCertificate, error) {
	if w.Service == nil || w.Service.PublicKey == nil || w.Caller == "" || w.Department == "" || w.Now.IsZero() {
		return nil, ErrConfig
	}
	if len(content) > maxCertificate || len(signature) > maxCertificate {
		return nil, refuse(ReasonFormat, "larger than %d bytes", maxCertificate)
	}
	if err := checkSignature(content, signature, w.Service); err != nil {
		return nil, refuse(ReasonSignature, "%v", err)
	}
	c := &api.ConformanceCertificate{}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil || dec.More() || c.MediaType != api.ConformanceMediaType {
		return nil, refuse(ReasonFormat, "not %s", api.ConformanceMediaType)
	}
	if err := check(c, w); err != nil {
		return nil, err
	}
	return c, nil
}

// checkSignature expects exactly one signature, by the service's own certificate.
func checkSignature(content, signature []byte, service *pki.Certificate) error {
	data, err := cms.Parse(signature)
	if err != nil {
		return err
	}
	if !data.Detached || len(data.Signers) != 1 {
		return errors.New("not one detached signature") //nolint:err113 // a detail of the refusal
	}
	signer := &data.Signers[0]
	if !signer.NamedBy(service.RawIssuer, service.Serial) || !signer.IsSM2() {
		return errors.New("signed by another certificate") //nolint:err113 // a detail of the refusal
	}
	message, err := data.SignedBytes(signer, content)
	if err != nil {
		return err
	}
	value, err := signer.SignatureDER()
	if err != nil {
		return err
	}
	return pki.VerifySM2(service.PublicKey, message, value)
}

// check holds what was signed against what is wanted.
func check(c *api.ConformanceCertificate, w Wanted) error {
	r := &c.Report
	switch age := w.Now.Sub(c.Issued); {
	case !c.Sandbox:
		return refuse(ReasonSandbox, "the service that signed is no sandbox")
	case r.Caller != w.Caller || r.Department != w.Department:
		return refuse(ReasonCaller, "it is of caller %q of department %q", r.Caller, r.Department)
	case !r.Passed || !Passed(r.Steps) || !borneOut(c):
		return refuse(ReasonFailed, "not every step that must pass has passed")
	case !slices.Equal(c.Proven, api.ConformanceProofs()):
		return refuse(ReasonProof, "it was handed in proven by %q", c.Proven)
	case age > MaxAge || age < -maxSkew:
		return refuse(ReasonAge, "issued at %s", c.Issued.Format(time.RFC3339))
	case w.Service.NotBefore.After(c.Issued) || w.Service.NotAfter.Before(c.Issued):
		return refuse(ReasonAge, "the certificate of the service was not valid at %s", c.Issued.Format(time.RFC3339))
	}
	return nil
}

// borneOut reports whether the records of the service have everything that the day leaves behind.
func borneOut(c *api.ConformanceCertificate) bool {
	parts, outcomes := api.ConformanceParts(), api.ConformanceOutcomes()
	if len(c.Recorded) != len(parts) || len(c.Disputes) != len(outcomes) {
		return false
	}
	for i, p := range parts {
		if c.Recorded[i].Part != p.Part || !p.Holds(c.Recorded[i].Events) {
			return false
		}
	}
	for i, state := range outcomes {
		if c.Disputes[i].State != state {
			return false
		}
	}
	return true
}
