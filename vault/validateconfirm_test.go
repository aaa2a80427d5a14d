package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestValidateConfirm_D1_2: validating a confirmation says what Confirm would say, and changes nothing but the audit.
func TestValidateConfirm_D1_2(t *testing.T) {
	w := newWorld(t)
	w.issue("used", "JY13501020000011")
	ticket, err := w.v.Reserve(t.Context(), department(0), w.complete(food("r", "JY13501020000012")))
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		cf   vault.Confirmation
		want vault.Code // "": it would be done, and is then
	}{
		{"no paper", vault.Confirmation{Identifier: ticket.Identifier}, vault.CodePaperMissing},
		{"used paper", vault.Confirmation{Identifier: ticket.Identifier, Paper: "纸JY13501020000011"}, vault.CodePaperUsed},
		{"no identifier", vault.Confirmation{Identifier: "x", Paper: "纸A"}, vault.CodeIdentifier},
		{
			"a signature nobody asked for",
			vault.Confirmation{Identifier: ticket.Identifier, Paper: "纸A", Signature: []byte{1}}, vault.CodeSignature,
		},
		{"right", vault.Confirmation{Identifier: ticket.Identifier, Paper: "纸A"}, ""},
	} {
		c.cf.Key = "c " + c.name
		before, audits := content(t, w.engine), w.audits()
		err := w.v.ValidateConfirm(t.Context(), department(0), c.cf)
		require.Equal(t, before, content(t, w.engine), c.name)
		require.Equal(t, audits+1, w.audits(), c.name)
		_, realErr := w.v.Confirm(t.Context(), department(0), c.cf)
		require.Equal(t, codesOf(realErr), codesOf(err), c.name)
		if c.want != "" {
			require.Contains(t, codesOf(err), c.want, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		require.NoError(t, w.v.ValidateConfirm(t.Context(), department(0), c.cf), "the answer is there already")
		c.cf.Paper = "纸B"
		err = w.v.ValidateConfirm(t.Context(), department(0), c.cf)
		require.Contains(t, codesOf(err), vault.CodeKeyReused)
	}
}

// TestValidateVoid_D1_2: giving a number up is validated like any act.
func TestValidateVoid_D1_2(t *testing.T) {
	w := newWorld(t)
	ticket, err := w.v.Reserve(t.Context(), department(0), w.complete(food("r", "JY13501020000012")))
	require.NoError(t, err)
	void := vault.Act{Key: "v", Identifier: ticket.Identifier, Kind: record.EventVoided}
	before := content(t, w.engine)
	_, err = w.v.ValidateAct(t.Context(), department(0), void)
	require.Equal(t, []vault.Code{vault.CodeReasonMissing}, codesOf(err))
	void.Reason = "纸张作废"
	_, err = w.v.ValidateAct(t.Context(), department(0), void)
	require.NoError(t, err)
	require.Equal(t, before, content(t, w.engine))
	_, err = w.v.Void(t.Context(), department(0), "v", ticket.Identifier, void.Reason)
	require.NoError(t, err)
	_, err = w.v.ValidateAct(t.Context(), department(0), void)
	require.NoError(t, err, "the answer is there already")
	void.Key = "other"
	_, err = w.v.ValidateAct(t.Context(), department(0), void)
	require.Contains(t, codesOf(err), vault.CodeStateForbids)
}

// TestValidateType_D1_2: validating a definition says what PutType would say, and changes nothing but the audit.
func TestValidateType_D1_2(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	def := lt.Definition
	def.Name += "（改）"
	yaml, err := def.Encode()
	require.NoError(t, err)
	bad := def
	bad.Fields = def.Fields[1:]
	incompatible, err := bad.Encode()
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		by   vault.Access
		yaml []byte
	}{
		{"another department", department(0), yaml},
		{"no definition", declare(), []byte("::")},
		{"a field is gone", declare(), incompatible},
		{"right", declare(), yaml},
	} {
		before, audits := content(t, w.engine), w.audits()
		err := w.v.ValidateType(t.Context(), c.by, c.yaml)
		require.Equal(t, before, content(t, w.engine), c.name)
		require.Equal(t, audits+1, w.audits(), c.name)
		_, realErr := w.v.PutType(t.Context(), c.by, c.yaml)
		require.Equal(t, realErr, err, c.name)
		require.Equal(t, c.name == "right", err == nil, c.name)
	}
}
