package ca_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Row A55: apply, approve, issue, suspend, resume, revoke, renew, query.
func TestLifeCycle_A55(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	c := o.issue(o.enrolment(ca.ProfileDepartment))
	require.Equal(t, ca.StageIssued, c.Application.Stage)
	require.Equal(t, ca.ProfileDepartment, c.Certificate.Profile)
	require.Equal(t, ca.ProfileDepartmentEncryption, c.Twin.Profile)
	require.NotEmpty(t, c.Enveloped)
	id := c.Certificate.ID

	again, err := o.register.Issue(ctx, window, c.Application.ID, nil)
	require.NoError(t, err)
	require.Equal(t, c, again, "issued once")

	status, err := o.register.Status(ctx, id)
	require.NoError(t, err)
	require.Equal(t, ca.StateValid, status.State)

	o.clock.add(time.Hour)
	held, err := o.register.Suspend(ctx, revoker, id, "介质丢失待查")
	require.NoError(t, err)
	require.Equal(t, ca.StateHeld, held.State)
	require.Equal(t, pki.CauseCertificateHold, held.Cause)
	require.Equal(t, o.clock.now(), held.At)
	listed, sequence, err := o.register.RevokedInShard(ctx, id.Issuer, held.Shard)
	require.NoError(t, err)
	require.Equal(t, []ca.Revocation{{Serial: id.Serial, Status: held}}, listed)
	require.Equal(t, uint64(1), sequence)

	o.clock.add(time.Hour)
	back, err := o.register.Resume(ctx, revoker, id, "已找到")
	require.NoError(t, err)
	require.Equal(t, ca.StateValid, back.State)
	listed, _, err = o.register.RevokedInShard(ctx, id.Issuer, held.Shard)
	require.NoError(t, err)
	require.Empty(t, listed)
	changes, last, err := o.register.ChangedSince(ctx, id.Issuer, 1, 10)
	require.NoError(t, err)
	require.Equal(t, uint64(2), last)
	require.Equal(t, []ca.Revocation{{Serial: id.Serial, Status: back}}, changes, "removeFromCRL")

	revoked, err := o.register.Revoke(ctx, revoker, id, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	require.Equal(t, ca.StateRevoked, revoked.State)
	twin, err := o.register.Status(ctx, c.Twin.ID)
	require.NoError(t, err)
	require.Equal(t, ca.StateValid, twin.State, "histories are apart")

	found, err := o.register.Search(ctx, auditor, ca.Query{USCC: farmUSCC})
	require.NoError(t, err)
	require.Len(t, found, 2)
	found, err = o.register.Search(ctx, auditor, ca.Query{Name: " 示例省 农业厅"})
	require.NoError(t, err)
	require.Len(t, found, 2)
	o.check()
}
