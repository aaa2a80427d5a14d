package ca_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Row A55: what is revoked, held or back again is on the CRL of its shard and on the delta when the call returns.
func TestRevocationIsPublished_A55(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	a, b, c := p.server(), p.server(), p.server()
	p.due()
	require.Zero(t, p.full().Len())
	require.Zero(t, p.shard(0).Len())
	require.Zero(t, p.delta().Len())

	p.clock.add(time.Hour)
	invalid := p.clock.now().Add(-30 * time.Minute)
	outcomes := p.publisher.ChangeAll(ctx, revoker, []ca.Change{
		{ID: a.ID, To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: invalid, Note: "密钥泄露"},
		{ID: b.ID, To: ca.StateRevoked, Note: "注销"},
		{ID: b.ID, To: ca.StateHeld, Note: "已经注销的不能挂起"},
	})
	require.NoError(t, errors.Join(outcomes[0].Err, outcomes[1].Err))
	require.Equal(t, ca.ReasonState, ca.ReasonOf(outcomes[2].Err))
	for _, crl := range []*pki.CRL{p.shard(0), p.delta()} {
		require.Equal(t, 2, crl.Len())
		p.requireOn(crl, a, pki.CauseKeyCompromise)
		p.requireOn(crl, b, pki.CauseUnspecified)
		e, _ := crl.Entry(a.ID.Serial.Big())
		require.Equal(t, p.clock.now(), e.RevokedAt)
		require.Equal(t, invalid, e.InvalidFrom)
	}
	require.Zero(t, p.full().Len(), "the full one comes by schedule")

	p.clock.add(time.Hour)
	_, err := p.publisher.Suspend(ctx, revoker, c.ID, "介质丢失待查")
	require.NoError(t, err)
	p.requireOn(p.shard(0), c, pki.CauseCertificateHold)
	p.requireOn(p.delta(), c, pki.CauseCertificateHold)
	_, err = p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.NoError(t, err)
	p.requireOn(p.full(), c, pki.CauseCertificateHold)
	require.Equal(t, 3, p.full().Len())

	p.clock.add(time.Hour)
	_, err = p.publisher.Resume(ctx, revoker, c.ID, "已找到")
	require.NoError(t, err)
	p.requireOff(p.shard(0), c)
	p.requireOn(p.delta(), c, pki.CauseRemoveFromCRL)
	require.Equal(t, 1, p.delta().Len(), "the base states the rest")
	_, err = p.publisher.Revoke(ctx, revoker, c.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	p.requireOn(p.delta(), c, pki.CauseSuperseded)
	p.check()
}

// The scopes: what each CRL speaks of stands in it, and the certificates point there.
func TestScopes(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	issued := p.server()
	p.due()
	certificate, err := issued.Certificate()
	require.NoError(t, err)
	where := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}

	shard := p.shard(0)
	require.False(t, shard.IsDelta())
	require.Contains(t, string(shard.Scope.Raw), where.Shard(0))
	require.Contains(t, string(certificate.Raw), where.Shard(0), "what the certificate says")
	require.Equal(t, p.issuing.Certificate().NotBefore, shard.ExpiredFrom, "nothing is ever left out")

	full, delta := p.full(), p.delta()
	require.Nil(t, full.Scope.Raw)
	require.Nil(t, delta.Scope.Raw, "a delta has the scope of its base")
	require.Equal(t, full.Number, delta.BaseNumber)
	require.Equal(t, 1, delta.Number.Cmp(full.Number))
	f, err := p.publisher.OpenFull(t.Context(), p.issuing.KeyID())
	require.NoError(t, err)
	der := readAll(t, f)
	require.Contains(t, string(der), where.Delta(), "freshestCRL")
	require.Contains(t, string(der), string(oid.IssuedPlaces))
	require.NotContains(t, string(der), where.Shard(0))
}

// Schedule: CRLs are renewed in time, full ones too, and early if too much has changed.
func TestSchedule(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	p.schedule = ca.Schedule{DeltaChanges: 4}
	p.restart()
	var issued []*ca.Issued
	for range 6 {
		issued = append(issued, p.server())
	}
	p.due()
	full, shard, delta := p.full().Number, p.shard(0).Number, p.delta().Number
	p.due()
	require.Equal(t, full, p.full().Number, "nothing is due")
	require.Equal(t, shard, p.shard(0).Number)
	require.Equal(t, delta, p.delta().Number)

	p.clock.add(13 * time.Hour)
	p.due()
	require.Equal(t, full, p.full().Number)
	require.Equal(t, shard, p.shard(0).Number)
	require.NotEqual(t, delta, p.delta().Number, "half of a delta's day has gone")
	p.clock.add(13 * time.Hour)
	p.due()
	require.NotEqual(t, full, p.full().Number)
	require.NotEqual(t, shard, p.shard(0).Number)
	require.Equal(t, p.full().Number, p.delta().BaseNumber)

	full = p.full().Number
	for i, c := range issued {
		_, err := p.publisher.Revoke(ctx, revoker, c.ID, pki.CauseSuperseded, "换证")
		require.NoError(t, err)
		require.Equal(t, i+1, p.shard(0).Len())
	}
	require.Equal(t, 4, p.delta().Len(), "beyond its limit the delta stands still, the shard does not")
	p.due()
	require.NotEqual(t, full, p.full().Number)
	require.Equal(t, 6, p.full().Len())
	require.Zero(t, p.delta().Len())

	p.clock.add(50 * time.Hour)
	require.Equal(t, 6, p.shard(0).Len(), "one whose time has passed is renewed when it is asked for")
}

// What was changed past the publisher, or before a crash, is made up.
func TestDueCatchesUp(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	a := p.server()
	p.due()
	_, err := p.register.Revoke(t.Context(), revoker, a.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	p.requireOff(p.shard(0), a)
	p.restart()
	p.due()
	p.requireOn(p.shard(0), a, pki.CauseSuperseded)
	p.requireOn(p.delta(), a, pki.CauseSuperseded)
}

func TestPublisherRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	a := p.server()
	for name, c := range map[string]ca.PublisherConfig{
		"no register":     {Actor: operator},
		"no right":        {Register: p.register, Actor: window},
		"no name":         {Register: p.register, Actor: ca.Actor{Roles: ca.RoleOperate}},
		"full too short":  {Register: p.register, Actor: operator, Schedule: ca.Schedule{FullEvery: day, FullValid: day}},
		"shard too short": {Register: p.register, Actor: operator, Schedule: ca.Schedule{ShardValid: time.Second}},
		"delta too short": {Register: p.register, Actor: operator, Schedule: ca.Schedule{DeltaValid: time.Second}},
		"delta too long":  {Register: p.register, Actor: operator, Schedule: ca.Schedule{DeltaChanges: 1 << 20}},
		"negative":        {Register: p.register, Actor: operator, Schedule: ca.Schedule{FullEvery: -1}},
	} {
		publisher, err := ca.NewPublisher(c)
		require.Error(t, err, name)
		require.Nil(t, publisher, name)
	}
	_, _, err := p.publisher.CRL(ctx, p.issuing.KeyID(), ca.CRLScope{Kind: ca.CRLDelta})
	require.ErrorIs(t, err, ca.ErrNotFound, "no full one yet")
	_, err = p.publisher.OpenFull(ctx, p.issuing.KeyID())
	require.ErrorIs(t, err, ca.ErrNotFound)
	_, _, err = p.publisher.CRL(ctx, p.issuing.KeyID(), ca.CRLScope{Kind: ca.CRLShard, Shard: 7})
	require.ErrorIs(t, err, ca.ErrNotFound, "no such shard")
	_, _, err = p.publisher.CRL(ctx, p.issuing.KeyID(), ca.CRLScope{Kind: ca.CRLFull})
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	_, _, err = p.publisher.CRL(ctx, ca.KeyID{1}, ca.CRLScope{Kind: ca.CRLShard})
	require.ErrorIs(t, err, ca.ErrNotFound, "another's issuer")
	_, err = p.publisher.PublishFull(ctx, ca.KeyID{1})
	require.Error(t, err)
	_, err = p.publisher.Revoke(ctx, window, a.ID, pki.CauseSuperseded, "换证")
	require.Equal(t, ca.ReasonRole, ca.ReasonOf(err))
	require.Equal(t, 0, p.shard(0).Len())
}

// A clock that was set back: nothing is signed, and nothing that was published is replaced.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	a := p.server()
	p.clock.add(time.Hour)
	p.due()
	number, shard := p.full().Number, p.shard(0).Number
	p.clock.add(-30 * time.Second)
	_, err := p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.NoError(t, err, "within what clocks of callers differ")
	p.clock.add(30 * time.Second)
	require.Equal(t, 1, p.full().Number.Cmp(number))

	p.clock.add(-time.Hour)
	_, err = p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.ErrorIs(t, err, ca.ErrClock)
	_, err = p.publisher.Revoke(ctx, revoker, a.ID, pki.CauseSuperseded, "换证")
	require.ErrorIs(t, err, ca.ErrClock)
	p.clock.add(time.Hour)
	require.Equal(t, shard, p.shard(0).Number)
}

// A register that was restored from a backup gives no numbers until it has caught up with what was published; then they
// go on after the last.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	a := p.server()
	p.due()
	published := p.full().Number
	require.NoError(t, p.register.MarkRestored(ctx, operator))
	p.clock.add(day)
	require.ErrorIs(t, p.publisher.Due(ctx), ca.ErrRestored)
	_, err := p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.ErrorIs(t, err, ca.ErrRestored)
	status, err := p.publisher.Revoke(ctx, revoker, a.ID, pki.CauseSuperseded, "换证")
	require.ErrorIs(t, err, ca.ErrUnpublished)
	require.ErrorIs(t, err, ca.ErrRestored)
	require.Equal(t, ca.StateRevoked, status.State, "taken in, and said to be on no CRL yet")

	require.Equal(t, published, p.full().Number)
	known := ca.Published{AcceptLost: true, Note: "恢复备份"}
	for _, issuer := range []*ca.Authority{p.issuing, p.root} {
		f, err := p.publisher.OpenFull(ctx, issuer.KeyID())
		require.NoError(t, err)
		known.CRLs = append(known.CRLs, readAll(t, f))
	}
	require.NoError(t, p.register.CatchUp(ctx, operator, known))
	p.due()
	p.requireOn(p.full(), a, pki.CauseSuperseded)
	p.requireOn(p.shard(0), a, pki.CauseSuperseded)
	require.Equal(t, 1, p.full().Number.Cmp(published))
}

// A CRL with a number above the register's own shows that a backup was put back which nobody spoke of.
func TestForgottenRestore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	p.server()
	p.due()
	f, err := p.publisher.OpenFull(ctx, p.issuing.KeyID())
	require.NoError(t, err)
	crl := readAll(t, f)
	require.NoError(t, p.register.CheckPublished(ctx, crl))
	backup := newPressOn(t, memory.New())
	backup.config.Issuers, backup.clock.at = p.config.Issuers, p.clock.at
	backup.restart()
	require.ErrorIs(t, backup.register.CheckPublished(ctx, crl), ca.ErrRestored)
	_, err = backup.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.ErrorIs(t, err, ca.ErrRestored)
}

// Many revocations at once share CRLs; each is on it when its own call returns.
func TestRevocationsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.due()
	var issued []*ca.Issued
	for range 40 {
		issued = append(issued, p.server())
	}
	var wg sync.WaitGroup
	for _, c := range issued {
		wg.Go(func() {
			_, err := p.publisher.Revoke(context.Background(), revoker, c.ID, pki.CauseSuperseded, "换证")
			if err != nil {
				t.Error(err)
				return
			}
			_, der, err := p.publisher.CRL(context.Background(), p.issuing.KeyID(), ca.CRLScope{Kind: ca.CRLShard})
			if err != nil {
				t.Error(err)
				return
			}
			crl, err := pki.ParseCRL(der)
			if err != nil {
				t.Error(err)
				return
			}
			if _, ok := causeOn(crl, c); !ok {
				t.Error("revoked and not on the CRL")
			}
		})
	}
	wg.Wait()
	require.Equal(t, 40, p.shard(0).Len())
	require.Equal(t, 40, p.delta().Len())
	p.check()
}

// A full CRL of many parts, revoked certificates in many shards, read piece by piece, sought in, and replaced meanwhile.
func TestLargeFullCRL(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	const n = 30_000
	require.NoError(t, ca.SeedRevoked(ctx, p.engine, p.issuing.KeyID(), n, p.clock.now()))
	p.restart()
	p.due()
	require.Equal(t, n, p.full().Len())
	require.Equal(t, ca.ShardSize, p.shard(1).Len())
	require.Equal(t, n%ca.ShardSize, p.shard(n/ca.ShardSize).Len())
	e, ok := p.full().Entry(ca.SeededSerial(n - 1).Big())
	require.True(t, ok)
	require.Equal(t, pki.CauseSuperseded, e.Cause)

	first, err := p.publisher.OpenFull(ctx, p.issuing.KeyID())
	require.NoError(t, err)
	require.Greater(t, first.Size, int64(1<<20), "several parts")
	whole := readAll(t, first)
	for _, at := range []int64{0, 1, 512<<10 - 1, 512 << 10, first.Size - 1} {
		_, err := first.Seek(at, io.SeekStart)
		require.NoError(t, err)
		require.Equal(t, whole[at:], readRest(t, first))
	}
	end, err := first.Seek(-10, io.SeekEnd)
	require.NoError(t, err)
	require.Equal(t, first.Size-10, end)
	_, err = first.Seek(-1, io.SeekStart)
	require.Error(t, err)
	_, err = first.Seek(0, 9)
	require.Error(t, err)

	_, err = p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.NoError(t, err)
	_, err = first.Seek(0, io.SeekStart)
	require.NoError(t, err)
	require.Equal(t, whole, readRest(t, first), "who has begun to read may read on")
	parts := ca.CountParts(t.Context(), p.engine)
	_, err = p.publisher.PublishFull(ctx, p.issuing.KeyID())
	require.NoError(t, err)
	require.Equal(t, parts, ca.CountParts(t.Context(), p.engine), "older ones are removed")
	_, err = first.Seek(0, io.SeekStart)
	require.NoError(t, err)
	_, err = io.ReadAll(first)
	require.ErrorIs(t, err, ca.ErrNotFound)
}

func readRest(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}
