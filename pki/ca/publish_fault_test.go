package ca_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// scene is a press on an engine that fails as told, with certificates to revoke.
type scene struct {
	*press
	faulty *enginetest.Faulty
	issued []*ca.Issued
}

func newScene(t *testing.T, certificates int) *scene {
	t.Helper()
	s := &scene{faulty: enginetest.NewFaulty(memory.New(), nil)}
	s.press = newPressOn(t, s.faulty)
	for range certificates {
		s.issued = append(s.issued, s.server())
	}
	s.due()
	s.clock.add(time.Minute)
	return s
}

// afterCrash restarts and looks at everything that relying parties can get: what the register says of a certificate is
// on the CRL of its shard, on the delta over the full one and in OCSP, and numbers have gone forward.
func (s *scene) afterCrash(o *ca.Responder, acknowledged []*ca.Issued) {
	s.t.Helper()
	s.faulty.SetPlan(nil)
	s.restart()
	s.due()
	shard, full, delta := s.shard(0), s.full(), s.delta()
	require.Equal(s.t, full.Number, delta.BaseNumber)
	for _, c := range s.issued {
		status, err := s.register.Status(context.Background(), c.ID)
		require.NoError(s.t, err)
		revoked := status.State == ca.StateRevoked
		_, onShard := causeOn(shard, c)
		_, onDelta := causeOn(delta, c)
		_, onFull := causeOn(full, c)
		require.Equal(s.t, revoked, onShard)
		require.Equal(s.t, revoked, onFull || onDelta)
		require.Equal(s.t, revoked, s.status(o, c) == pki.AnswerRevoked)
	}
	for _, c := range acknowledged {
		s.requireOn(shard, c, pki.CauseSuperseded)
	}
	s.check()
}

// Row A55: whichever write fails, and however, no revocation that was acknowledged is missing from what is published
// next, and none is published that is not in the register.
func TestNoRevocationIsLost_A55(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
			t.Run(fmt.Sprint(n, fault), func(t *testing.T) {
				t.Parallel()
				s := newScene(t, 3)
				o := s.responder(nil)
				_, err := o.Presign(t.Context())
				require.NoError(t, err)
				s.faulty.SetPlan(enginetest.At(n, fault))
				var acknowledged []*ca.Issued
				for _, c := range s.issued[:2] {
					status, err := s.publisher.Revoke(t.Context(), revoker, c.ID, pki.CauseSuperseded, "换证")
					if err == nil {
						acknowledged = append(acknowledged, c)
						s.requireOn(s.shard(0), c, pki.CauseSuperseded)
						require.Equal(t, pki.AnswerRevoked, s.status(o, c))
					}
					if errors.Is(err, ca.ErrUnpublished) {
						require.Equal(t, ca.StateRevoked, status.State)
						require.Equal(t, pki.AnswerRevoked, s.status(o, c), "OCSP says it at once")
					}
				}
				s.afterCrash(o, acknowledged)
			})
		}
	}
}

// The same while a full CRL is made, stored in parts and put in the place of the one before.
func TestFaultsOfFull(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
			t.Run(fmt.Sprint(n, fault), func(t *testing.T) {
				t.Parallel()
				s := newScene(t, 2)
				o := s.responder(nil)
				_, err := s.publisher.Revoke(t.Context(), revoker, s.issued[0].ID, pki.CauseSuperseded, "换证")
				require.NoError(t, err)
				before := s.full()
				s.faulty.SetPlan(enginetest.At(n, fault))
				_, err = s.publisher.PublishFull(t.Context(), s.issuing.KeyID())
				f, openErr := s.publisher.OpenFull(t.Context(), s.issuing.KeyID())
				require.NoError(t, openErr)
				crl, parseErr := pki.ParseCRL(readAll(t, f))
				require.NoError(t, parseErr, "what is served is whole at any moment")
				require.GreaterOrEqual(t, crl.Number.Cmp(before.Number), 0)
				if err == nil {
					require.Equal(t, 1, crl.Number.Cmp(before.Number))
				}
				s.afterCrash(o, s.issued[:1])
			})
		}
	}
}

// And at random, for long: changes, schedules, restarts and stored answers with every eighth write failing.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 12)
			o := s.responder(func(c *ca.ResponderConfig) { c.Hashes = []oid.ID{oid.SM3, oid.SHA1} })
			s.faulty.SetPlan(enginetest.Seeded(uint64(seed), 1./8))
			var acknowledged []*ca.Issued
			for i, c := range s.issued[:10] {
				s.clock.add(2 * time.Hour)
				_ = s.publisher.Due(t.Context())
				_, _ = o.Presign(t.Context())
				if _, err := s.publisher.Revoke(t.Context(), revoker, c.ID, pki.CauseSuperseded, "换证"); err == nil {
					acknowledged = append(acknowledged, c)
					s.requireOn(s.shard(0), c, pki.CauseSuperseded)
				}
				_ = o.Refresh(t.Context(), c.ID)
				for _, c := range s.issued[:i+1] {
					status, err := s.register.Status(t.Context(), c.ID)
					require.NoError(t, err)
					require.Equal(t, status.State == ca.StateRevoked, s.status(o, c) == pki.AnswerRevoked)
				}
			}
			require.NotEmpty(t, acknowledged)
			s.afterCrash(o, acknowledged)
		})
	}
}

// A number that was begun and whose CRL was never stored stays a gap: it is signed once at most.
func TestNumbersAreNeverGivenTwice(t *testing.T) {
	t.Parallel()
	s := newScene(t, 1)
	before := s.shard(0).Number
	s.faulty.SetPlan(enginetest.At(2, enginetest.Before)) // change, number, CRLs
	_, err := s.publisher.Revoke(t.Context(), revoker, s.issued[0].ID, pki.CauseSuperseded, "换证")
	require.ErrorIs(t, err, ca.ErrUnpublished)
	require.Equal(t, before, s.shard(0).Number)
	s.faulty.SetPlan(nil)
	s.due()
	gap := s.shard(0).Number.Uint64() - before.Uint64()
	require.GreaterOrEqual(t, gap, uint64(2))
}

// Closures may run again.
func TestPublishingTwice(t *testing.T) {
	t.Parallel()
	p := newPressOn(t, enginetest.Twice{Inner: memory.New()})
	o := p.responder(nil)
	c := p.server()
	p.due()
	_, err := o.Presign(t.Context())
	require.NoError(t, err)
	_, err = p.publisher.Revoke(t.Context(), revoker, c.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	require.Equal(t, 1, p.shard(0).Len())
	require.Equal(t, 1, p.delta().Len())
	require.Equal(t, pki.AnswerRevoked, p.status(o, c))
	p.check()
}
