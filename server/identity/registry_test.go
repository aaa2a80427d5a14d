package identity_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server/identity"
)

// TestRegistryDurable: what was put is there after a restart, with who changed it and when; what was revoked is too.
func TestRegistryDurable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	digest := w.cert.Digest
	require.NoError(t, w.registry.Revoke(t.Context(), "chief", "market", &digest, seen))
	want := w.registration()
	want.By, want.Changed = "chief", w.now
	want.Credentials[0].Revoked = w.now

	opened, err := identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.NoError(t, err)
	for _, g := range []*identity.Registry{w.registry, opened} {
		got, err := g.Get("market")
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		require.Len(t, g.List("", 10), 1)
		require.Empty(t, g.List("market", 10))
	}
}

// TestRegistryKeepsRevocations: a certificate that was revoked does not come back with the next change.
func TestRegistryKeepsRevocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	digest := w.cert.Digest
	require.NoError(t, w.registry.Revoke(t.Context(), "operator", "market", &digest, seen))
	w.put(w.registration())
	c, err := w.systems.Recognise(w.signed(`{}`, nil))
	refused(t, identity.CodeRevoked, c, err)
}

// TestRevokedStaysRevoked: neither does a revoked registration come back when it is put again, nor a revoked certificate
// that was left out of its registration, there or anywhere else; nor after a restart.
func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole, digest := w.registration(), w.cert.Digest
	without := w.registration()
	without.Credentials = nil
	require.NoError(t, w.registry.Revoke(t.Context(), "operator", "market", &digest, seen))
	for range 2 {
		w.put(without)
		w.put(whole)
		c, err := w.systems.Recognise(w.signed(`{}`, nil))
		refused(t, identity.CodeRevoked, c, err)
	}
	w.put(without)
	other := w.registration()
	other.ID = "other"
	require.Equal(t, identity.CodeTaken, identity.CodeOf(w.registry.Put(t.Context(), "operator", other, seen)))
	reopened, err := identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.NoError(t, err)
	require.Equal(t, identity.CodeTaken, identity.CodeOf(reopened.Put(t.Context(), "operator", other, seen)))
	require.NoError(t, reopened.Put(t.Context(), "operator", whole, seen))
	got, err := reopened.Get("market")
	require.NoError(t, err)
	require.False(t, got.Credentials[0].Revoked.IsZero())

	fresh := newWorld(t)
	require.NoError(t, fresh.registry.Revoke(t.Context(), "operator", "market", nil, seen))
	fresh.put(fresh.registration())
	c, err := fresh.systems.Recognise(fresh.signed(`{}`, nil))
	refused(t, identity.CodeRevoked, c, err)
}

// TestRotation: while a system changes from one certificate to the next, both hold; a certificate that left the
// registration no longer does.
func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	former, reg := w.key, w.registration()
	next, _ := w.enrol(0)
	reg.Credentials = append(reg.Credentials, identity.Credential{
		Kind: identity.CredentialSignature, Certificate: next.Certificate,
	})
	w.put(reg)
	_, err := w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)
	w.key = next
	_, err = w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)

	reg.Credentials = reg.Credentials[1:]
	w.put(reg)
	_, err = w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)
	w.key = former
	c, err := w.systems.Recognise(w.signed(`{}`, nil))
	refused(t, identity.CodeUnknown, c, err)
}

// TestRegistryOwns: what the registry was given and what it gave share nothing with what it holds.
func TestRegistryOwns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reg := w.registration()
	w.put(reg)
	reg.Types[0] = "changed"
	got, err := w.registry.Get("market")
	require.NoError(t, err)
	got.Types[0], got.Credentials[0].Certificate[0] = "changed", 0
	again, err := w.registry.Get("market")
	require.NoError(t, err)
	require.Equal(t, w.registration().Types, again.Types)
	require.Equal(t, w.cert.Raw, again.Credentials[0].Certificate)
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*identity.Registration)
		want   identity.Code
	}{
		"no id":         {func(r *identity.Registration) { r.ID = "" }, identity.CodeRegistration},
		"id as a path":  {func(r *identity.Registration) { r.ID = "../x" }, identity.CodeRegistration},
		"Chinese id":    {func(r *identity.Registration) { r.ID = "市场" }, identity.CodeRegistration},
		"no caller":     {func(r *identity.Registration) { r.Caller = "" }, identity.CodeRegistration},
		"no role":       {func(r *identity.Registration) { r.Role = "" }, identity.CodeRegistration},
		"holder's role": {func(r *identity.Registration) { r.Role = identity.RoleHolder }, identity.CodeRegistration},
		"agent's role":  {func(r *identity.Registration) { r.Role = identity.RoleAgent }, identity.CodeRegistration},
		"quota":         {func(r *identity.Registration) { r.Quota.Burst = -1 }, identity.CodeRegistration},
		"types":         {func(r *identity.Registration) { r.Types = make([]string, 1001) }, identity.CodeRegistration},
		"no kind":       {func(r *identity.Registration) { r.Credentials[0].Kind = "" }, identity.CodeRegistration},
		"SM2 for TLS":   {func(r *identity.Registration) { r.Credentials[0].Kind = identity.CredentialTLS }, identity.CodeRegistration},
		"no certificate": {func(r *identity.Registration) {
			r.Credentials[0].Certificate = []byte{0x30, 0}
		}, identity.CodeRegistration},
		"large certificate": {func(r *identity.Registration) {
			r.Credentials[0].Certificate = make([]byte, 17<<10)
		}, identity.CodeRegistration},
		"authority": {func(r *identity.Registration) {
			r.Credentials[0].Certificate = w.province.Issuing.Certificate().Raw
		}, identity.CodeRegistration},
		"seventeen": {func(r *identity.Registration) {
			r.Credentials = make([]identity.Credential, 17)
		}, identity.CodeRegistration},
		"twice": {func(r *identity.Registration) {
			r.Credentials = append(r.Credentials, r.Credentials[0])
		}, identity.CodeTaken},
		"another's": {func(r *identity.Registration) { r.ID = "other" }, identity.CodeTaken},
	} {
		reg := w.registration()
		c.change(&reg)
		err := w.registry.Put(t.Context(), "operator", reg, seen)
		require.Equal(t, c.want, identity.CodeOf(err), name)
		require.Len(t, w.registry.List("", 10), 1, "%s left something behind", name)
	}
	unknown := [32]byte{}
	for _, err := range []error{
		w.registry.Revoke(t.Context(), "operator", "nobody", nil, seen),
		w.registry.Revoke(t.Context(), "operator", "market", &unknown, seen),
	} {
		require.Equal(t, identity.CodeRegistrationUnknown, identity.CodeOf(err))
	}
	_, err := w.registry.Get("nobody")
	require.Equal(t, identity.CodeRegistrationUnknown, identity.CodeOf(err))
}

// TestRegistryFails: what could not be made durable does not count, and what cannot be read closes the registry.
func TestRegistryFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.registry.Revoke(ended, "operator", "market", nil, seen), context.Canceled)
	_, err := w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)

	require.NoError(t, w.engine.Update(t.Context(), func(tx engine.Writer) error {
		return tx.Put([]byte("rbad"), []byte("{"))
	}))
	_, err = identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// TestRegistryWithdrawn: a registration stands for its own caller while it and a certificate of it are not revoked; a
// caller is withdrawn when the last one is, and never if it had none.
func TestRegistryWithdrawn(t *testing.T) {
	t.Parallel()
	market := fixtures.Caller(0)
	for name, revoked := range map[string]func(*world) *[32]byte{
		"registration": func(*world) *[32]byte { return nil }, "certificate": func(w *world) *[32]byte { return &w.cert.Digest },
	} {
		w := newWorld(t)
		require.NotNil(t, w.registry.Standing("market", market), name)
		require.Nil(t, w.registry.Standing("market", fixtures.Hall), name)
		require.Nil(t, w.registry.Standing("nobody", market), name)
		require.False(t, w.registry.Withdrawn(market), name)
		other := w.registration()
		other.ID = "other"
		other.Credentials[0].Certificate = w.another().Raw
		w.put(other)
		require.NoError(t, w.registry.Revoke(t.Context(), "operator", "market", revoked(w), seen))
		require.Nil(t, w.registry.Standing("market", market), name)
		require.False(t, w.registry.Withdrawn(market), name)
		require.NoError(t, w.registry.Revoke(t.Context(), "operator", "other", nil, seen))
		require.True(t, w.registry.Withdrawn(market), name)
		require.False(t, w.registry.Withdrawn(fixtures.Hall), name)
	}
}

func (w *world) another() *pki.Certificate {
	_, cert := w.enrol(0)
	return cert
}

// TestRegistryList pages through registrations in the order of their ids.
func TestRegistryList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a", "z", "n"} {
		w.put(identity.Registration{ID: id, Caller: fixtures.Hall, Role: identity.RoleReviewer})
	}
	var ids []string
	for page := w.registry.List("", 3); len(page) > 0; page = w.registry.List(ids[len(ids)-1], 3) {
		for i := range page {
			ids = append(ids, page[i].ID)
			require.Equal(t, time.UTC, page[i].Changed.Location())
		}
	}
	require.Equal(t, []string{"a", "market", "n", "z"}, ids)
}
