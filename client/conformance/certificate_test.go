package conformance_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client/conformance"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

func clock() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) }

// sandbox signs certificates, as its service and as others with certificates of the same authority.
type sandbox struct {
	t        *testing.T
	service  *signing.Signer
	impostor *signing.Signer
	want     conformance.Wanted
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	s := &sandbox{t: t, want: conformance.Wanted{
		Caller: fixtures.Caller(0), Department: fixtures.Departments()[0].Code, Now: clock().Add(time.Hour),
	}}
	signer := func(profile string, d fixtures.Department) *signing.Signer {
		key, chain, err := province.Enrol(profile, d)
		require.NoError(t, err)
		made, err := signing.NewSigner(signing.Config{
			Key: key, Chain: chain, Rand: rand.Reader, WithCertificates: true, WithAttributes: true,
		})
		require.NoError(t, err)
		return made
	}
	s.service = signer(ca.ProfileVault, fixtures.Authority())
	s.impostor = signer(ca.ProfileDepartment, fixtures.Departments()[0])
	s.want.Service = s.service.Certificate()
	return s
}

func certificate() *api.ConformanceCertificate {
	c := &api.ConformanceCertificate{
		MediaType: api.ConformanceMediaType, Sandbox: true, Issued: clock(), Report: api.ConformanceReport{
			Caller: fixtures.Caller(0), Department: fixtures.Departments()[0].Code, Passed: true,
		},
	}
	for _, id := range api.ConformanceSteps() {
		c.Report.Steps = append(c.Report.Steps, api.ConformanceStep{ID: id, Outcome: api.ConformancePassed})
	}
	for _, p := range api.ConformanceParts() {
		c.Recorded = append(c.Recorded, api.ConformanceHistory{
			ConformanceLicence: api.ConformanceLicence{Part: p.Part}, Events: p.Events,
		})
	}
	for _, state := range api.ConformanceOutcomes() {
		c.Disputes = append(c.Disputes, api.ConformanceDispute{State: state})
	}
	c.Proven = api.ConformanceProofs()
	return c
}

func (s *sandbox) sign(by *signing.Signer, c *api.ConformanceCertificate) (content, signature []byte) {
	s.t.Helper()
	content, err := json.Marshal(c)
	require.NoError(s.t, err)
	signature, err = by.Detached(s.t.Context(), content)
	require.NoError(s.t, err)
	return content, signature
}

// TestOpenCertificate_A71: only what the sandbox's service itself has signed, for this caller, whole and not long ago,
// lets anybody into production.
func TestOpenCertificate_A71(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	content, signature := s.sign(s.service, certificate())
	c, err := conformance.OpenCertificate(content, signature, s.want)
	require.NoError(t, err)
	require.Equal(t, fixtures.Caller(0), c.Report.Caller)

	for name, x := range map[string]struct {
		change func(*api.ConformanceCertificate, *conformance.Wanted)
		want   conformance.Reason
	}{
		"no sandbox":  {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.Sandbox = false }, conformance.ReasonSandbox},
		"media type":  {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.MediaType = "x" }, conformance.ReasonFormat},
		"not passed":  {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.Report.Passed = false }, conformance.ReasonFailed},
		"a step less": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.Report.Steps = c.Report.Steps[1:] }, conformance.ReasonFailed},
		"a failed step": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Report.Steps = append(c.Report.Steps, api.ConformanceStep{ID: "webhook", Outcome: api.ConformanceFailed})
		}, conformance.ReasonFailed},
		"not recorded": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.Recorded = c.Recorded[1:] }, conformance.ReasonFailed},
		"recorded otherwise": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Recorded[1].Events = c.Recorded[1].Events[1:]
		}, conformance.ReasonFailed},
		"other parts": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Recorded[0].Part = "paper"
		}, conformance.ReasonFailed},
		"no dispute": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) { c.Disputes = nil }, conformance.ReasonFailed},
		"open dispute": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Disputes[1].State = "open"
		}, conformance.ReasonFailed},
		"by signature alone": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Proven = c.Proven[1:]
		}, conformance.ReasonProof},
		"by a key": {func(c *api.ConformanceCertificate, _ *conformance.Wanted) {
			c.Proven = []string{"key"}
		}, conformance.ReasonProof},
		"another caller":   {func(_ *api.ConformanceCertificate, w *conformance.Wanted) { w.Caller = "x" }, conformance.ReasonCaller},
		"other department": {func(_ *api.ConformanceCertificate, w *conformance.Wanted) { w.Department = "x" }, conformance.ReasonCaller},
		"old":              {func(_ *api.ConformanceCertificate, w *conformance.Wanted) { w.Now = w.Now.AddDate(0, 0, 31) }, conformance.ReasonAge},
		"future":           {func(_ *api.ConformanceCertificate, w *conformance.Wanted) { w.Now = w.Now.AddDate(0, 0, -1) }, conformance.ReasonAge},
		"before the signer": {func(c *api.ConformanceCertificate, w *conformance.Wanted) {
			c.Issued = c.Issued.AddDate(-1, 0, 0)
			w.Now = c.Issued
		}, conformance.ReasonAge},
	} {
		c, w := certificate(), s.want
		x.change(c, &w)
		content, signature := s.sign(s.service, c)
		t.Log(name)
		s.refused(x.want, content, signature, w)
	}
}

// TestOpenCertificateSignature: neither another certificate of the sandbox's authority nor a changed byte will do.
func TestOpenCertificateSignature(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	content, signature := s.sign(s.service, certificate())
	forged, by := s.sign(s.impostor, certificate())
	s.refused(conformance.ReasonSignature, forged, by, s.want)
	s.refused(conformance.ReasonSignature, append(content, ' '), signature, s.want)
	s.refused(conformance.ReasonSignature, content, nil, s.want)
	both, err := s.impostor.AddTo(t.Context(), signature, content)
	require.NoError(t, err)
	s.refused(conformance.ReasonSignature, content, both, s.want)
	attached, err := s.service.Attached(t.Context(), content)
	require.NoError(t, err)
	s.refused(conformance.ReasonSignature, content, attached, s.want)
	s.refused(conformance.ReasonFormat, bytes.Repeat([]byte(" "), 1<<20+1), signature, s.want)
	junk := []byte(`{"mediaType":"application/vnd.elicense.conformance.v1+json","more":1}`)
	over, err := s.service.Detached(t.Context(), junk)
	require.NoError(t, err)
	s.refused(conformance.ReasonFormat, junk, over, s.want)

	for _, w := range []conformance.Wanted{
		{}, {Service: &pki.Certificate{}, Caller: "x", Department: "x", Now: clock()},
	} {
		_, err := conformance.OpenCertificate(content, signature, w)
		require.ErrorIs(t, err, conformance.ErrConfig)
	}
	_, err = conformance.Run(t.Context(), conformance.Config{})
	require.ErrorIs(t, err, conformance.ErrConfig)
}

// refused expects a certificate to be refused for a reason.
func (s *sandbox) refused(want conformance.Reason, content, signature []byte, w conformance.Wanted) {
	s.t.Helper()
	c, err := conformance.OpenCertificate(content, signature, w)
	require.Nil(s.t, c)
	var r *conformance.RefusalError
	require.ErrorAs(s.t, err, &r)
	require.Equal(s.t, want, r.Reason)
}
