package vault_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestErrorsSayNothingOfPersons: no error text holds what was submitted, whatever it was and wherever it stood.
func TestErrorsSayNothingOfPersons(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	rapid.Check(t, func(r *rapid.T) {
		mark := rapid.SampledFrom([]string{
			"35010219900101123X", "示例某某某", "JY99999999999999", "13800001234", "a\nb某某", strings.Repeat("长某某", 300), "\xff\xfe某某",
		}).Draw(r, "mark")
		secret := strings.TrimSpace(mark)
		field := rapid.SampledFrom([]string{"CZZT", "CZZTDM", "ZZBH", "ZZBS", "ZZBFRQ", "ZZYXQJZRQ", "CZZTDMLXDM", mark}).
			Draw(r, "field")
		req := w.complete(food(rapid.StringMatching(`[a-z]{12}`).Draw(r, "key"), number(1)))
		req.Values[field] = mark
		switch rapid.IntRange(0, 3).Draw(r, "where") {
		case 0:
			req.Key = mark
		case 1:
			req.Paper = mark
		case 2:
			req.Division = mark
		}
		act := vault.Act{
			Key:        mark,
			Identifier: a.Identifier,
			Basis:      mark,
			Reason:     mark,
			Values:     map[string]string{field: mark},
		}
		for _, err := range []error{
			err2(w.v.Validate(t.Context(), department(0), req)),
			err2(w.v.Reserve(t.Context(), department(1), req)),
			err2(w.v.Change(t.Context(), department(0), act)),
			err2(w.v.Suspend(t.Context(), department(0), act)),
			err2(w.v.ValidateAct(t.Context(), department(0), act)), err2(w.v.PublicState(t.Context(), mark)),
			err2(w.v.Confirm(t.Context(), department(0), vault.Confirmation{Key: mark, Identifier: mark, Paper: mark})),
			err2(w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: mark})),
			err2(w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: mark, Number: mark})),
			err2(w.v.Lookup(t.Context(), byLaw(), vault.Query{Batch: mark})),
			err2(w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{mark: mark})),
			err2(w.v.History(t.Context(), byLaw(), mark)),
			err2(w.v.AsOf(t.Context(), byLaw(), mark, record.DateOf(w.now), time.Time{})),
			err2(w.v.Lookup(t.Context(), w.asHolder("111", mark, vault.LevelRegistered), vault.Query{Identifier: mark})),
			err2(w.v.Grant(t.Context(), w.asHolder("111", mark, vault.LevelCertificate), consentTo(mark, mark, w.now))),
			err2(w.v.Attach(t.Context(), department(0), a.Identifier, mark, nil)),
		} {
			if err != nil {
				require.NotContains(t, err.Error(), secret)
				require.NotContains(t, err.Error(), "某某")
			}
		}
	})
	for _, e := range w.auditEntries() {
		raw, err := e.Append(nil)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "35010219900101123X")
	}
}

// TestKeysSayNothingOfPersons: neither numbers nor names stand in a key.
func TestKeysSayNothingOfPersons(t *testing.T) {
	w := newWorld(t)
	w.issue("my key", "JY13501020000011")
	for _, k := range keysOf(t, w.engine) {
		for _, s := range []string{"JY1350102", firm(1), "示例", "纸", "my key"} {
			require.NotContains(t, k, s)
		}
	}
}
