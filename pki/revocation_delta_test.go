package pki_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// What full and delta CRLs say together (RFC 5280, 5.2.4).
func TestDeltaCRLs_A55(t *testing.T) {
	w := newStatusWorld(t)
	const day = 24 * hour
	monday, tuesday := now.Add(-2*day), now.Add(-day)
	hold, kill := pki.CauseCertificateHold, pki.CauseKeyCompromise
	full := func(changes ...crlChange) *pki.CRL {
		return forgeCRL(t, w.sub, append([]crlChange{numbered(10), dated(monday, monday.Add(hour))}, changes...)...)
	}
	delta := func(changes ...crlChange) *pki.CRL {
		return forgeCRL(t, w.sub, append([]crlChange{dated(now.Add(-hour), now.Add(hour))}, changes...)...)
	}
	next := []crlChange{numbered(11), deltaOf(10)}
	with := func(changes ...crlChange) *pki.CRL { return delta(append(next, changes...)...) }
	shard := within(atURI(leafPoint))
	keyID := extended(rawExtension{oid.AuthorityKeyID, false, []byte("\x30\x05\x80\x03sub")})
	for _, test := range []struct {
		name   string
		crls   []*pki.CRL
		want   pki.RevocationStatus
		reason pki.Reason
	}{
		{"stale full CRL alone", []*pki.CRL{full()}, pki.StatusUnknown, pki.ReasonStale},
		{"nothing changed", []*pki.CRL{full(), with()}, pki.StatusGood, ""},
		{"in any order", []*pki.CRL{with(), full()}, pki.StatusGood, ""},
		{"with other scopes", []*pki.CRL{full(shard), with(shard)}, pki.StatusGood, ""},
		{"with a key identifier", []*pki.CRL{full(keyID), with(keyID)}, pki.StatusGood, ""},
		{"revoked in the delta", []*pki.CRL{full(), with(w.revoked(tuesday, kill))}, pki.StatusRevoked, ""},
		{"held in the delta", []*pki.CRL{full(), with(w.revoked(tuesday, hold))}, pki.StatusOnHold, ""},
		{"taken back", []*pki.CRL{full(w.revoked(past, hold)), with(w.revoked(tuesday, pki.CauseRemoveFromCRL))},
			pki.StatusGood, ""},
		{"taken back on the same day",
			[]*pki.CRL{full(w.revoked(past, hold)), with(w.revoked(tuesday, pki.CauseRemoveFromCRL), dated(monday, future))},
			pki.StatusGood, ""},
		{"never held and taken back", []*pki.CRL{full(), with(w.revoked(tuesday, pki.CauseRemoveFromCRL))},
			pki.StatusGood, ""},
		{"revoked and taken back", []*pki.CRL{full(w.revoked(past, kill)), with(w.revoked(tuesday, pki.CauseRemoveFromCRL))},
			pki.StatusRevoked, ""},
		{"hold made a revocation", []*pki.CRL{full(w.revoked(past, hold)), with(w.revoked(tuesday, kill))},
			pki.StatusRevoked, ""},
		{"still held", []*pki.CRL{full(w.revoked(past, hold)), with()}, pki.StatusOnHold, ""},
		{"two deltas", []*pki.CRL{full(w.revoked(past, hold)), with(w.revoked(tuesday, pki.CauseRemoveFromCRL)),
			delta(numbered(12), deltaOf(10), dated(now.Add(-time.Minute), future), w.revoked(now.Add(-hour), hold))},
			pki.StatusOnHold, ""},

		{"delta alone", []*pki.CRL{with()}, pki.StatusUnknown, pki.ReasonDelta},
		{"delta alone, revoked in it", []*pki.CRL{with(w.revoked(tuesday, kill))}, pki.StatusRevoked, ""},
		{"delta alone, held in it", []*pki.CRL{with(w.revoked(tuesday, hold))}, pki.StatusUnknown, pki.ReasonDelta},
		{"full CRL too old for the delta", []*pki.CRL{full(), delta(numbered(13), deltaOf(11))}, pki.StatusUnknown,
			pki.ReasonStale},
		{"full CRL as new as the delta", []*pki.CRL{full(), delta(numbered(10), deltaOf(9))}, pki.StatusUnknown,
			pki.ReasonStale},
		{"delta without number", []*pki.CRL{full(), delta(deltaOf(10))}, pki.StatusUnknown, pki.ReasonStale},
		{"full CRL without number", []*pki.CRL{forgeCRL(t, w.sub, dated(monday, monday)), with()}, pki.StatusUnknown,
			pki.ReasonStale},
		{"delta of another scope", []*pki.CRL{full(shard), with()}, pki.StatusUnknown, pki.ReasonStale},
		{"delta of another key", []*pki.CRL{full(keyID), with()}, pki.StatusUnknown, pki.ReasonStale},
		{"delta of another authority", []*pki.CRL{full(), forgeCRL(t, w.root, next...)}, pki.StatusUnknown,
			pki.ReasonStale},
		{"forged delta", []*pki.CRL{full(), with(func(s *crlSpec) { s.key = w.leaf.key })}, pki.StatusUnknown,
			pki.ReasonStale},
		{"stale delta", []*pki.CRL{full(), with(dated(tuesday, tuesday.Add(hour)))}, pki.StatusUnknown, pki.ReasonStale},
		{"delta from the future", []*pki.CRL{full(), with(dated(now.Add(hour), future))}, pki.StatusUnknown,
			pki.ReasonStale},
		{"delta with an unknown extension",
			[]*pki.CRL{full(), with(extended(rawExtension{"\x2a\x03", true, []byte{5, 0}}))}, pki.StatusUnknown,
			pki.ReasonStale},
		{"forged full CRL", []*pki.CRL{full(func(s *crlSpec) { s.key = w.leaf.key }), with()}, pki.StatusUnknown,
			pki.ReasonBadSignature},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := w.status(t, pki.RevocationOptions{}, w.crls(test.crls...))
			require.Equal(t, test.want, s.Status, "%+v", s.Findings)
			require.Equal(t, test.reason, s.Reason)
		})
	}
	s := w.status(t, pki.RevocationOptions{}, w.crls(full(w.revoked(past, hold)), with(w.revoked(tuesday, kill))))
	require.Equal(t, &pki.Revocation{From: past, RevokedAt: tuesday, Cause: kill}, s.Revocation, "since the hold")
}

// A hold counts until something newer, in which it would show, does not show it.
func TestHolds_A55(t *testing.T) {
	w := newStatusWorld(t)
	held := forgeCRL(t, w.sub, w.revoked(past, pki.CauseCertificateHold))
	older, newer := dated(now.Add(-2*hour), future), dated(now.Add(-time.Minute), future)
	same := forgeCRL(t, w.sub)
	for _, test := range []struct {
		name  string
		other pki.Evidence
		want  pki.RevocationStatus
	}{
		{"nothing else", pki.Evidence{}, pki.StatusOnHold},
		{"an older list without it", w.crls(forgeCRL(t, w.sub, older)), pki.StatusOnHold},
		{"a list of the same time without it", w.crls(same), pki.StatusOnHold},
		{"a newer list without it", w.crls(forgeCRL(t, w.sub, newer)), pki.StatusGood},
		{"a newer list for other reasons", w.crls(forgeCRL(t, w.sub, newer, within(reasons(3, 1, 2)))), pki.StatusOnHold},
		{"a newer list of others", w.crls(forgeCRL(t, w.sub, newer, within(flag(2)))), pki.StatusOnHold},
		{"a newer forged list", w.crls(forgeCRL(t, w.sub, newer, func(s *crlSpec) { s.key = w.leaf.key })),
			pki.StatusOnHold},
		{"a newer answer", w.responses(forgeOCSP(t, w.sub, w.leaf, firstAnswer(func(a *answer) { a.this = now }),
			func(s *ocspSpec) { s.produced = now })), pki.StatusGood},
		{"a newer revocation", w.crls(forgeCRL(t, w.sub, newer, w.revoked(now.Add(-hour), pki.CauseSuperseded))),
			pki.StatusRevoked},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := w.status(t, pki.RevocationOptions{}, w.crls(held), test.other)
			require.Equal(t, test.want, s.Status, "%+v", s.Findings)
			if s.Revocation != nil {
				require.Equal(t, past, s.Revocation.From)
				require.Equal(t, s.Status == pki.StatusOnHold, s.Revocation.OnHold())
			}
		})
	}
}

// What is revoked for ever is so even if a newer list does not name it any more.
func TestRevokedStaysRevoked_A55(t *testing.T) {
	w := newStatusWorld(t)
	s := w.status(t, pki.RevocationOptions{}, w.crls(
		forgeCRL(t, w.sub, numbered(1), w.revoked(past, pki.CauseSuperseded)),
		forgeCRL(t, w.sub, numbered(2), dated(now, future)),
	))
	require.Equal(t, pki.StatusRevoked, s.Status)
	require.Equal(t, pki.CauseSuperseded, s.Revocation.Cause)
}
