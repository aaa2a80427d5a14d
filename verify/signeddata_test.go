package verify_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// TestSignedData_A32: a submission whose signature holds, whose chain leads to an anchor and whose certificates are
// known not to be revoked is to be accepted; without the last nothing is decided.
func TestSignedData_A32(t *testing.T) {
	w := newWorld(t)
	department := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	other := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	signed := w.signer(department, func(c *signing.Config) {
		c.WithAttributes, c.Now = true, func() time.Time { return now.Add(-time.Hour) }
	})
	doc, err := signed.Attached(t.Context(), []byte("示例申请书"))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		config  func(*verify.Config)
		revoked []revoked
		doc     func([]byte) []byte
		want    verify.Indication
		sub     verify.SubIndication
		id      string
	}{
		"good": {want: verify.TotalPassed},
		"revocation unknown": {
			config: func(c *verify.Config) { c.Evidence = nil }, want: verify.Indeterminate, sub: verify.TryLater,
			id: "signature.revocation",
		},
		"another is revoked": {revoked: []revoked{{other.cert(), now.Add(-2 * time.Hour), pki.CauseSuperseded}}, want: verify.TotalPassed},
		"revoked before it signed": {
			revoked: []revoked{{department.cert(), now.Add(-2 * time.Hour), pki.CauseKeyCompromise}},
			want:    verify.TotalFailed, sub: verify.Revoked, id: "signature.revocation",
		},
		"revoked after it says it signed": {
			revoked: []revoked{{department.cert(), now.Add(-30 * time.Minute), pki.CauseKeyCompromise}},
			want:    verify.Indeterminate, sub: verify.RevokedNoPOE, id: "signature.revocation",
		},
		"on hold": {
			revoked: []revoked{{department.cert(), now.Add(-2 * time.Hour), pki.CauseCertificateHold}},
			want:    verify.Indeterminate, sub: verify.Suspended, id: "signature.revocation",
		},
		"time-stamp demanded": {
			config: func(c *verify.Config) { c.Requirements.Timestamp = true }, want: verify.Indeterminate,
			sub: verify.NoPOE, id: "signature.existence",
		},
		"certificate expired since": {
			config: func(c *verify.Config) { c.Now = func() time.Time { return now.AddDate(20, 0, 0) } },
			want:   verify.Indeterminate, sub: verify.OutOfBoundsNoPOE, id: "signature.chain",
		},
		"signed in the future": {
			config: func(c *verify.Config) { c.Now = func() time.Time { return now.Add(-2 * time.Hour) } },
			want:   verify.Indeterminate, sub: verify.TryLater, id: "signature.clock",
		},
		"other trust": {
			config: func(c *verify.Config) { c.Trust = newWorld(t).anchors }, want: verify.Indeterminate,
			sub: verify.NoCertificateChainFound, id: "signature.chain",
		},
		"content changed": {
			doc:  func(b []byte) []byte { return bytes.Replace(b, []byte("申请书"), []byte("申请信"), 1) },
			want: verify.TotalFailed, sub: verify.HashFailure, id: "signature.digest",
		},
		"half": {doc: func(b []byte) []byte { return b[:len(b)/2] }, want: verify.TotalFailed, sub: verify.FormatFailure, id: "cms.text"},
	} {
		t.Run(name, func(t *testing.T) {
			sent := bytes.Clone(doc)
			if test.doc != nil {
				sent = test.doc(sent)
			}
			r := w.judge(w.verifier(test.config, test.revoked...), sent)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.sub, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, verify.KindCMS, r.Kind)
		})
	}
}
