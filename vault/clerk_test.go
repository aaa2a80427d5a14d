package vault_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestClerk_A79: who acted behind a system stands in the audit, by a name that is no person's number; the holder sees the
// department and not him, and no receipt names him.
func TestClerk_A79(t *testing.T) {
	w := newWorld(t)
	issued := w.issue("1", number(1))
	by := byLaw()
	by.Clerk = "staff-0042"
	res, err := w.v.Lookup(t.Context(), by, vault.Query{Identifier: issued.Identifier, Receipt: true})
	require.NoError(t, err)
	require.NotContains(t, string(res.Receipt.Raw), "staff-0042")

	by.Clerk = fixtures.PersonAt(7).Number
	_, err = w.v.Lookup(t.Context(), by, vault.Query{Identifier: issued.Identifier})
	require.Equal(t, []vault.Code{vault.CodeClerk}, codesOf(err))

	var clerks []string
	require.NoError(t, w.v.AuditTrail(t.Context(), operator(), 0, func(e *record.AuditEntry) bool {
		if e.Act == "lookup" || e.Act == "admit" {
			clerks = append(clerks, e.Act+" "+e.Clerk)
		}
		return true
	}))
	require.Equal(t, []string{"lookup staff-0042", "admit "}, clerks)
	w.now = w.now.Add(time.Second)
	seen, err := w.v.Accesses(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), 0, 0)
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.Empty(t, seen[0].Clerk)
	CheckVault(t, w.v)
}

// TestValidClerk: staff numbers and pseudonyms are names of clerks; numbers of persons are not, however they are written.
func TestValidClerk(t *testing.T) {
	person := fixtures.PersonAt(7).Number
	for _, name := range []string{"7", "staff-0042", "li.si", "u_1", "a@hall", "20260102003", "p-0123456789abcdef01234567", strings.Repeat("a", 64)} {
		require.True(t, vault.ValidClerk(name), name)
	}
	for _, name := range []string{
		"", "-a", "a-", "a b", "张三", "a\n", strings.Repeat("a", 65), person, "u" + person, person[:17], person[:6] + "-" + person[6:],
		person[:15], strings.Join(strings.Split(person, ""), "."), "13800000000",
	} {
		require.False(t, vault.ValidClerk(name))
	}
}
