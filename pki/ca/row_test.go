package ca_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// sampleRows has every field of every row filled.
func sampleRows() []ca.Row {
	at := time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC)
	id := ca.CertificateID{Issuer: ca.KeyID{1, 2}, Serial: ca.Serial{0x40, 3}}
	other := ca.CertificateID{Issuer: ca.KeyID{1, 2}, Serial: ca.Serial{0x41, 4}}
	status := ca.Status{
		State: ca.StateHeld, Cause: pki.CauseCertificateHold, At: at, Invalid: at.Add(-time.Hour), Sequence: 300,
		Shard: 7, NotAfter: at.Add(1e15),
	}
	return []ca.Row{
		&status,
		&ca.Revocation{Serial: id.Serial, Status: status},
		&ca.Issued{
			ID: id, Place: 5000, Profile: "x", Application: ca.ApplicationID{9}, IssuedAt: at, Twin: other,
			Renews: id, DER: []byte{0x30, 0},
		},
		&ca.Application{
			ID: ca.ApplicationID{9}, Stage: ca.StageIssued, Applicant: "window-1", AppliedAt: at, Needs: 2,
			Enrolment: ca.Enrolment{
				Profile: "x", Issuer: id.Issuer,
				Subject: ca.Name{Province: "a", Locality: "b", Organization: "c", OrganizationalUnit: "d", CommonName: "e", SerialNumber: "w"},
				Holder: ca.Identity{
					USCC: "f", CitizenNumber: "g", PassportNumber: "h", TaxNumber: "i", Registration: "j",
				},
				DNSNames: []string{"k", "l"}, CSR: []byte("m"), Twin: true, Renews: other,
				Evidence: []ca.Evidence{{
					Document: "n", Number: "o", Holder: "p", SeenBy: "q", Window: "r", SeenAt: at, Scan: [32]byte{1},
				}},
			},
			Approvals: []ca.Approval{{Actor: "s", At: at, Note: "t"}},
			Closed:    ca.Approval{Actor: "u", At: at, Note: "v"}, Digest: [32]byte{2}, Issued: id, Twin: other,
		},
		&ca.AuditEntry{
			Number: 3, Previous: [32]byte{4}, At: at, Actor: "a", Act: "b", Object: "c", Note: "d", Refused: true,
		},
		&ca.CRLRecord{
			Number: 5, Scope: ca.CRLScope{Kind: ca.CRLShard, Shard: 6}, Base: 7, Sequence: 8, ThisUpdate: at,
			NextUpdate: at.Add(1e12), Entries: 9, Digest: [32]byte{10},
		},
	}
}

func TestRowsRoundTrip(t *testing.T) {
	for _, want := range sampleRows() {
		b := ca.AppendRow(want)
		got, err := ca.ParseRow(want, b)
		require.NoError(t, err, "%T", want)
		require.Empty(t, cmp.Diff(want, got), "%T", want)
		for n := range b {
			_, err := ca.ParseRow(want, b[:n])
			require.ErrorIs(t, err, ca.ErrDamaged, "%T cut at %d", want, n)
		}
		_, err = ca.ParseRow(want, append(b, 0))
		require.ErrorIs(t, err, ca.ErrDamaged, "%T and a byte more", want)
	}
}

func FuzzParseRow(f *testing.F) {
	for i, r := range sampleRows() {
		f.Add(byte(i), ca.AppendRow(r))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		samples := sampleRows()
		like := samples[int(kind)%len(samples)]
		got, err := ca.ParseRow(like, b)
		if err != nil {
			require.Nil(t, got)
			return
		}
		again, err := ca.ParseRow(like, ca.AppendRow(got))
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(got, again))
	})
}
