package vault_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// remote makes department 0 one that keeps its key, and gives what it signs with.
func (w *world) remote() *signing.Signer {
	w.t.Helper()
	d := fixtures.Departments()[0]
	key, chain, err := w.province.Enrol(ca.ProfileDepartment, d)
	require.NoError(w.t, err)
	signer, err := signing.NewSigner(signing.Config{Key: key, Chain: chain, Rand: rand.Reader})
	require.NoError(w.t, err)
	require.NoError(w.t, w.province.Custody.RegisterRemote(d.Code, chain))
	return signer
}

func (w *world) reserve(key string) *vault.Answer {
	w.t.Helper()
	req := w.complete(food(key, ""))
	req.Division, req.Paper = "350102", ""
	a, err := w.v.Reserve(w.t.Context(), department(0), req)
	require.NoError(w.t, err, problemsOf(err))
	return a
}

// TestRemoteKey_A72: the department signs the bytes that Reserve hands out; nothing else is taken for its signature.
func TestRemoteKey_A72(t *testing.T) {
	w := newWorld(t)
	signer := w.remote()
	ticket, second := w.reserve("r1"), w.reserve("r2")
	require.Equal(t, record.Sum(ticket.ToSign), ticket.Record)
	rec, err := record.Parse(ticket.ToSign)
	require.NoError(t, err)
	require.Equal(t, record.Remote, rec.Mode)

	sign := func(s *signing.Signer, raw []byte) []byte {
		sig, err := s.Detached(t.Context(), raw)
		require.NoError(t, err)
		return sig
	}
	key, chain, err := w.province.Enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	require.NoError(t, err)
	stranger, err := signing.NewSigner(signing.Config{Key: key, Chain: chain, Rand: rand.Reader})
	require.NoError(t, err)
	good := sign(signer, ticket.ToSign)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-3] ^= 1
	for name, sig := range map[string][]byte{
		"none": nil, "flipped": flipped, "of another record": sign(signer, second.ToSign),
		"by a certificate that is not registered": sign(stranger, ticket.ToSign), "no signature at all": []byte("sig"),
	} {
		before := content(t, w.engine)
		_, err := w.v.Confirm(t.Context(), department(0), vault.Confirmation{
			Key: name, Identifier: ticket.Identifier, Paper: "纸", Signature: sig,
		})
		require.ErrorIs(t, err, vault.ErrSignature, name)
		require.Equal(t, before, content(t, w.engine), name)
	}
	// A second certificate is registered; the record names the first, so only the first may sign it.
	require.NoError(t, w.province.Custody.RegisterRemote(fixtures.Departments()[0].Code, chain))
	_, err = w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "new", Identifier: ticket.Identifier, Paper: "纸", Signature: sign(stranger, ticket.ToSign),
	})
	require.ErrorIs(t, err, vault.ErrSignature)
	done, err := w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "good", Identifier: ticket.Identifier, Paper: "纸", Signature: good,
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, ticket.Record, done.Record)

	req := w.complete(food("one call", ""))
	req.Division = "350102"
	uses := w.numbers()
	_, err = w.v.Issue(t.Context(), department(0), req)
	require.ErrorIs(t, err, vault.ErrSignature)
	require.Equal(t, uses, w.numbers(), "no number is taken in vain")
	req = w.complete(food("with number", "JY13501020000011"))
	_, err = w.v.Issue(t.Context(), department(0), req)
	require.ErrorIs(t, err, vault.ErrSignature)
	CheckVault(t, w.v)
}

func (w *world) numbers() int {
	w.t.Helper()
	uses, err := w.v.Numbers(w.t.Context(), department(0), foodType)
	require.NoError(w.t, err)
	return len(uses)
}

// TestCustodyTakesNoSignature: who has no remote key brings none.
func TestCustodyTakesNoSignature(t *testing.T) {
	w := newWorld(t)
	ticket := w.reserve("r")
	require.Empty(t, ticket.ToSign)
	_, err := w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "c", Identifier: ticket.Identifier, Paper: "纸", Signature: []byte("sig"),
	})
	require.ErrorIs(t, err, vault.ErrSignature)
}

// rotating registers another certificate between the moment a record names the present one and its signature.
type rotating struct {
	vault.RecordSigner
	once   sync.Once
	rotate func()
}

func (r *rotating) SignRecord(ctx context.Context, issuer string, raw []byte) ([]byte, error) {
	r.once.Do(r.rotate)
	return r.RecordSigner.SignRecord(ctx, issuer, raw)
}

// TestCertificateReplacedMeanwhile: no record is kept with the signature of another key than the one it names.
func TestCertificateReplacedMeanwhile(t *testing.T) {
	w := newWorld(t)
	ticket := w.reserve("reserved under the former certificate")
	cfg := w.config
	cfg.Records = &rotating{RecordSigner: cfg.Records, rotate: func() {
		require.NoError(t, w.hire(fixtures.Departments()[0]))
	}}
	var err error
	w.v, err = vault.Open(t.Context(), cfg)
	require.NoError(t, err)
	w.issue("k", "JY13501020000088")
	CheckVault(t, w.v)
	done, err := w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "c", Identifier: ticket.Identifier, Paper: "P",
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, ticket.Identifier, done.Identifier)
	require.Equal(t, ticket.Number, done.Number)
	require.NotEqual(t, ticket.Record, done.Record, "the record names the new certificate")
	CheckVault(t, w.v)
}

// always rotates at every signature, so that no attempt can succeed.
type always struct {
	vault.RecordSigner
	rotate func()
}

func (r *always) SignRecord(ctx context.Context, issuer string, raw []byte) ([]byte, error) {
	r.rotate()
	return r.RecordSigner.SignRecord(ctx, issuer, raw)
}

func TestCertificateReplacedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	cfg := w.config
	cfg.Records = &always{
		RecordSigner: cfg.Records,
		rotate:       func() { require.NoError(t, w.hire(fixtures.Departments()[0])) },
	}
	v, err := vault.Open(t.Context(), cfg)
	require.NoError(t, err)
	_, err = v.Issue(t.Context(), department(0), w.complete(food("k", "JY13501020000011")))
	require.ErrorIs(t, err, vault.ErrConflict)
	require.Equal(t, []vault.Code{vault.CodeSignerChanged}, codesOf(err))
}

// TestReservationOutlivesItsType_A72: the type gets a new version between print and confirmation; the paper is
// printed, so the licence is issued as it was reserved.
func TestReservationOutlivesItsType_A72(t *testing.T) {
	w := newWorld(t)
	ticket := w.reserve("r")
	_, err := w.redefine(foodType, func(def *catalogue.Type) { def.Name += "（新）" })
	require.NoError(t, err, problemsOf(err))
	done, err := w.v.Confirm(
		t.Context(),
		department(0),
		vault.Confirmation{Key: "c", Identifier: ticket.Identifier, Paper: "P"},
	)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, ticket.Record, done.Record)
	w.reserve("after")
	CheckVault(t, w.v)
}

// TestReserveIsNoLicence: a reservation of tomorrow's date is refused, and so is a type without a numbering rule.
func TestReserveRefusals(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("r", ""))
	req.Division, req.Values["ZZBFRQ"] = "350102", "2026-03-03"
	_, err := w.v.Reserve(t.Context(), department(0), req)
	require.ErrorIs(t, err, vault.ErrInvalid)
	bare := w.complete(food("r2", ""))
	_, err = w.v.Reserve(t.Context(), department(0), bare)
	require.Equal(t, []vault.Code{vault.CodeDivisionMissing}, codesOf(err), "no division")
	_, err = w.redefine(foodType, func(def *catalogue.Type) { def.Numbering = catalogue.Numbering{} })
	require.NoError(t, err, problemsOf(err))
	bare.Key, bare.Division = "r3", "350102"
	_, err = w.v.Reserve(t.Context(), department(0), bare)
	require.Equal(t, []vault.Code{vault.CodeNoNumbering}, codesOf(err))
	w.now = w.now.Add(time.Hour)
	require.Zero(t, w.numbers())
}
