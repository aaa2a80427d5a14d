package vault_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// TestTypeOwner_A67: only the owner changes a type, versions count up, and fields keep their meaning.
func TestTypeOwner_A67(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	require.Equal(t, fixtures.Authority().Code, lt.Owner)
	def := lt.Definition
	def.Name += "（改）"
	yaml, err := def.Encode()
	require.NoError(t, err)
	for name, a := range map[string]vault.Access{
		"another department": department(0), "the hall": byLaw(), "the operator as such": operator(),
	} {
		before := content(t, w.engine)
		_, err := w.v.PutType(t.Context(), a, yaml)
		require.ErrorIs(t, err, vault.ErrDenied, name)
		require.Equal(t, before, content(t, w.engine), name)
	}
	next, err := w.v.PutType(t.Context(), declare(), yaml)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, 2, next.Definition.Version)
	again, err := w.v.PutType(t.Context(), declare(), yaml)
	require.NoError(t, err)
	require.Equal(t, 2, again.Definition.Version, "the same once more changes nothing")
	for name, change := range map[string]func(*catalogue.Type){
		"a field is gone": func(d *catalogue.Type) { d.Fields = d.Fields[1:] },
		"another kind":    func(d *catalogue.Type) { d.Fields[0].Kind = catalogue.KindDate; d.Fields[0].Rules = catalogue.Rules{} },
	} {
		_, err = w.redefine(foodType, func(d *catalogue.Type) {
			d.Fields = append([]catalogue.Field(nil), d.Fields...)
			change(d)
		})
		require.Error(t, err, name)
		now, err := w.v.Type(t.Context(), foodType)
		require.NoError(t, err)
		require.Equal(t, 2, now.Definition.Version, name)
	}
	_, err = w.v.PutType(t.Context(), declare(), []byte("::"))
	require.ErrorIs(t, err, catalogue.ErrType)
	_, err = w.v.Type(t.Context(), "unheard of")
	require.ErrorIs(t, err, vault.ErrUnknownType)
	w.issue("k", "JY13501020000011")
	CheckVault(t, w.v)
}

// TestTypeOfAnother_A67: what one department of the vault defines, no other declares first.
func TestTypeOfAnother_A67(t *testing.T) {
	w := newWorld(t)
	code := w.declareClosed(catalogue.LevelSecret) // gives the departments the right to a further type
	lt, err := w.v.Type(t.Context(), code)
	require.NoError(t, err)
	def := lt.Definition
	dep := fixtures.Departments()[1]
	def.Code, def.Authority.Code, def.Authority.Name, def.Version = dep.Code+"001", dep.Code, dep.Name, 1
	def.Classification = catalogue.Classification{Level: catalogue.LevelPublic}
	callers, err := w.v.Callers(t.Context(), operator())
	require.NoError(t, err)
	for _, c := range callers {
		if c.Department != "" {
			c.Issues = append(append([]string(nil), c.Issues...), def.Code)
			require.NoError(t, w.v.PutCaller(t.Context(), operator(), c))
		}
	}
	yaml, err := def.Encode()
	require.NoError(t, err)
	_, err = w.v.PutType(t.Context(), department(0), yaml)
	require.ErrorIs(t, err, vault.ErrDenied)
	put, err := w.v.PutType(t.Context(), department(1), yaml)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, dep.Code, put.Owner)
}

// TestStrangerDeclaresNothing_A67: a type that a body outside the vault defines is declared by a department that is
// registered to issue it, by its own right.
func TestStrangerDeclaresNothing_A67(t *testing.T) {
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	def := lt.Definition
	def.Code, def.Version = def.Code[:18]+"986", 1
	yaml, err := def.Encode()
	require.NoError(t, err)
	before := content(t, w.engine)
	_, err = w.v.PutType(t.Context(), department(0), yaml)
	require.Equal(t, []vault.Code{vault.CodeTypeNotGranted}, codesOf(err))
	require.Equal(t, before, content(t, w.engine))
	callers, err := w.v.Callers(t.Context(), operator())
	require.NoError(t, err)
	for _, c := range callers {
		if c.ID == department(0).Caller {
			c.Issues = append(slices.Clone(c.Issues), def.Code)
			require.NoError(t, w.v.PutCaller(t.Context(), operator(), c))
		}
	}
	_, err = w.v.PutType(t.Context(), under(department(0), vault.GroundLaw), yaml)
	require.Equal(t, []vault.Code{vault.CodeTypeOwner}, codesOf(err), "by another right")
	put, err := w.v.PutType(t.Context(), department(0), yaml)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, fixtures.Departments()[0].Code, put.Owner)
}

// TestTypeReport_A68: declared, live, missing; a reservation is no licence and a classified type is never missing.
func TestTypeReport_A68(t *testing.T) {
	w := newWorld(t)
	line := func(code string) vault.TypeStatus {
		list, err := w.v.TypeReport(t.Context())
		require.NoError(t, err)
		for _, st := range list {
			if st.Code == code {
				return st
			}
		}
		t.Fatalf("no line for %s", code)
		return vault.TypeStatus{}
	}
	require.True(t, line(foodType).Missing)
	w.reserve("r")
	require.True(t, line(foodType).Missing, "nothing is issued yet")
	b := w.convert("f", number(1))
	require.True(t, line(foodType).Live)
	_, err := w.v.UndoBatch(t.Context(), department(0), b.ID, "r", func(vault.Undone) {})
	require.NoError(t, err)
	require.True(t, line(foodType).Missing, "withdrawn")
	w.issue("k", "JY13501020000044")
	require.False(t, line(foodType).Missing)

	closed := line(w.declareClosed(catalogue.LevelSensitive))
	require.True(t, closed.Declared)
	require.False(t, closed.Missing)
	require.NoError(t, w.v.PutCaller(t.Context(), operator(), vault.Caller{
		ID: "new", Department: firm(9), Name: "新机构", Issues: []string{foodType[:18] + "555"},
	}))
	undeclared := line(foodType[:18] + "555")
	require.False(t, undeclared.Declared)
	require.True(t, undeclared.Missing)
}
