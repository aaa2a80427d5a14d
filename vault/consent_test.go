package vault_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
)

// TestConsents_A79: a holder sees what was consented to and takes it back; from then on it opens nothing.
func TestConsents_A79(t *testing.T) {
	w := newWorld(t)
	licence := w.issue("k", "JY13501020000011")
	me := w.asHolder("001", firm(1), vault.LevelRealName)
	asked := fixtures.Departments()[1].Code
	grant := func(caseNumber string) string {
		w.now = w.now.Add(time.Second)
		id, err := idOf(w.v.Grant(t.Context(), me, consentTo(asked, caseNumber, w.now.Add(time.Hour))))
		require.NoError(t, err)
		return id
	}
	first, second := grant(""), grant("2026-0002")
	look := func(basis, caseNumber string) error {
		a := department(1)
		a.Ground, a.Basis, a.Case = vault.GroundConsent, basis, caseNumber
		res, err := w.v.Lookup(t.Context(), a, vault.Query{Identifier: licence.Identifier})
		if err == nil {
			require.Len(t, res.Found, 1)
		}
		return err
	}
	list, err := w.v.Consents(t.Context(), me)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, []string{second, first}, []string{list[0].ID, list[1].ID}, "the newest first")
	require.Equal(t, "2026-0002", list[0].Case)
	require.Equal(t, asked, list[0].Department)
	require.True(t, list[0].Withdrawn.IsZero())
	require.NoError(t, look(first, ""))

	taken := w.now.UTC()
	require.NoError(t, w.v.Withdraw(t.Context(), me, first))
	require.Equal(t, []vault.Code{vault.CodeConsentUnknown}, codesOf(look(first, "")))
	require.NoError(t, look(second, "2026-0002"), "the other one stands")
	w.now = w.now.Add(time.Minute)
	require.NoError(t, w.v.Withdraw(t.Context(), me, first), "once more")
	list, err = w.v.Consents(t.Context(), me)
	require.NoError(t, err)
	require.Len(t, list, 2, "it stays, to explain the look-ups that it allowed")
	require.Equal(t, taken, list[1].Withdrawn)
	CheckVault(t, w.v)
}

// TestConsentRefusals: others see and take back nothing, and learn nothing of what exists.
func TestConsentRefusals(t *testing.T) {
	w := newWorld(t)
	me := w.asHolder("001", firm(1), vault.LevelRealName)
	id, err := idOf(w.v.Grant(t.Context(), me, consentTo("x", "", w.now.Add(time.Hour))))
	require.NoError(t, err)
	other := w.asHolder("001", firm(2), vault.LevelCertificate)
	list, err := w.v.Consents(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, list)
	before := content(t, w.engine)
	for name, c := range map[string]struct {
		a       vault.Access
		consent string
		is      error
		code    vault.Code
	}{
		"another holder":  {other, id, vault.ErrNotFound, vault.CodeConsentUnknown},
		"no such consent": {me, "K00", vault.ErrNotFound, vault.CodeConsentUnknown},
		"no consent":      {me, "", vault.ErrNotFound, vault.CodeConsentUnknown},
		"endless consent": {me, strings.Repeat("证", 400), vault.ErrNotFound, vault.CodeConsentUnknown},
		"a weak login":    {w.asHolder("001", firm(1), vault.LevelRegistered), id, vault.ErrLevel, vault.CodeLevelTooLow},
		"another right":   {byLaw(), id, vault.ErrDenied, vault.CodeAssertionMissing},
	} {
		n := w.audits()
		err := w.v.Withdraw(t.Context(), c.a, c.consent)
		require.ErrorIs(t, err, c.is, name)
		require.Equal(t, []vault.Code{c.code}, codesOf(err), name)
		require.Equal(t, before, content(t, w.engine), name)
		entries := w.auditEntries()
		require.Len(t, entries, n+1, name)
		require.Equal(t, string(c.code), entries[n].Result, name)
	}
	for name, a := range map[string]vault.Access{
		"a weak login": w.asHolder("001", firm(1), vault.LevelRegistered), "another right": byLaw(),
	} {
		list, err := w.v.Consents(t.Context(), a)
		require.Error(t, err, name)
		require.Nil(t, list, name)
	}
}

// TestConsentToTypes_A79: a consent for some types opens no licence of another.
func TestConsentToTypes_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	me := w.asHolder("001", firm(1), vault.LevelRealName)
	asked := fixtures.Departments()[1].Code
	look := func(types ...string) error {
		req := consentTo(asked, "", w.now.Add(time.Hour))
		req.Types = types
		c, err := w.v.Grant(t.Context(), me, req)
		require.NoError(t, err, problemsOf(err))
		require.Equal(t, types, c.Types)
		by := under(department(1), vault.GroundConsent)
		by.Basis = c.ID
		res, err := w.v.Lookup(t.Context(), by, vault.Query{Identifier: a.Identifier})
		if err == nil && len(res.Found) == 0 {
			return vault.ErrNotFound
		}
		return err
	}
	other := shippedCode("business-licence")
	require.NoError(t, look(foodType))
	require.NoError(t, look(other, foodType))
	require.Error(t, look(other))
	for name, c := range map[string]struct {
		types []string
		code  vault.Code
	}{
		"no type code": {[]string{"JY"}, vault.CodeTypeCode}, "twice": {[]string{foodType, foodType}, vault.CodeListedTwice},
	} {
		req := consentTo(asked, "", w.now.Add(time.Hour))
		req.Types = c.types
		_, err := w.v.Grant(t.Context(), me, req)
		require.Equal(t, []vault.Code{c.code}, codesOf(err), name)
	}
	CheckVault(t, w.v)
}

// TestConsentOnce_D1_1: the same request gives the same consent, as it stands, after its end too; another request or
// another holder under the key is refused.
func TestConsentOnce_D1_1(t *testing.T) {
	w := newWorld(t)
	me := w.asHolder("001", firm(1), vault.LevelRealName)
	req := consentTo(fixtures.Departments()[1].Code, "", w.now.Add(time.Hour))
	first, err := w.v.Grant(t.Context(), me, req)
	require.NoError(t, err)
	require.False(t, first.Replayed)
	require.NoError(t, w.v.Withdraw(t.Context(), me, first.ID))
	again, err := w.v.Grant(t.Context(), me, req)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, first.ID, again.ID)
	require.False(t, again.Withdrawn.IsZero())
	list, err := w.v.Consents(t.Context(), me)
	require.NoError(t, err)
	require.Len(t, list, 1)

	other := req
	other.Case = "2026-0003"
	_, err = w.v.Grant(t.Context(), me, other)
	require.ErrorIs(t, err, vault.ErrKeyReused)
	_, err = w.v.Grant(t.Context(), w.asHolder("001", firm(2), vault.LevelRealName), req)
	require.ErrorIs(t, err, vault.ErrKeyReused)
	req.Key = ""
	_, err = w.v.Grant(t.Context(), me, req)
	require.Equal(t, []vault.Code{vault.CodeKeyMissing}, codesOf(err))
	CheckVault(t, w.v)
}
