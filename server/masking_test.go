package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault/catalogue"
)

// TestMasking: cell by cell, who reads personal elements as they are: in what a look-up by holder found, and of a
// licence that was named. What is not personal everybody reads.
func TestMasking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	req.Values["KZ_FDDBR"] = "欧阳示范元"
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	issued := into[api.Written](t, r)
	fields := []string{"KZ_FDDBR", "CZZT"}
	for _, c := range []struct {
		role         identity.Role
		ground       string
		lists, named string
	}{
		{identity.RoleDepartmentSystem, "issuer", "欧阳示范元", "欧阳示范元"},
		{identity.RoleDepartmentClerk, "issuer", "****元", "欧阳示范元"},
		{identity.RoleReviewer, "law", "****元", "欧阳示范元"},
		{identity.RoleWindowClerk, "law", "****元", "欧阳示范元"},
		{identity.RoleHolder, "holder", "欧阳示范元", "欧阳示范元"},
		{identity.RoleAgent, "holder", "欧阳示范元", "欧阳示范元"},
	} {
		asked := byLaw()
		asked.Ground = c.ground
		key := string(c.role) + "-of-all"
		see := func(q api.LookupRequest) map[string]string {
			q.Asked, q.Fields = asked, fields
			r := w.call(key, http.MethodPost, "/lookups", q)
			require.Equal(t, http.StatusOK, r.status, "%s: %s", c.role, r.body)
			found := into[api.LookupAnswer](t, r)
			require.Len(t, found.Licences, 1, c.role)
			require.Equal(t, req.Values["CZZT"], found.Licences[0].Values["CZZT"], c.role)
			return found.Licences[0].Values
		}
		list := see(api.LookupRequest{Holder: &api.Holder{Kind: "001", Code: req.Values["CZZTDM"]}})
		require.Equal(t, c.lists, list["KZ_FDDBR"], "%s in a list", c.role)
		for _, number := range []string{issued.Number, "whatever"} { // a number beside a holder names nothing
			list = see(api.LookupRequest{
				Type: req.Type, Number: number, Holder: &api.Holder{Kind: "001", Code: req.Values["CZZTDM"]},
			})
			require.Equal(t, c.lists, list["KZ_FDDBR"], "%s in a list with a number", c.role)
		}
		for _, q := range []api.LookupRequest{
			{Identifier: issued.Identifier}, {Type: req.Type, Number: issued.Number},
		} {
			require.Equal(t, c.named, see(q)["KZ_FDDBR"], "%s by name", c.role)
		}
	}
}

// TestMasked: how each kind of personal value is masked.
func TestMasked(t *testing.T) {
	number := fixtures.PersonAt(1).Number
	column := func(kind catalogue.Kind, name string) *catalogue.Column {
		return &catalogue.Column{Kind: kind, Name: name}
	}
	for _, c := range []struct {
		col         *catalogue.Column
		value, want string
	}{
		{column(catalogue.KindText, "KZ_XM"), "张三", "*三"},
		{column(catalogue.KindText, "KZ_XM"), "男", "***"},
		{column(catalogue.KindText, "KZ_DZ"), "示例市示例区示例路一百号", "***"},
		{column(catalogue.KindCode, "KZ_SFZ"), number, number[:1] + "****************" + number[17:]},
		{column(catalogue.KindText, catalogue.MetaHolderCode), number, number[:1] + "****************" + number[17:]},
		{column(catalogue.KindCode, "KZ_SFZ"), "12345", "***"},
		{column(catalogue.KindDate, "KZ_CSRQ"), "1988-04-12", "1988-**-**"},
		{column(catalogue.KindImage, "KZ_ZP"), "00ff00ff", "***"},
		{nil, "示例", "***"},
	} {
		require.Equal(t, c.want, server.Masked(c.col, c.value))
	}
	require.Equal(t, "T"+number[:1]+"****************"+number[17:]+"号", server.HideNumbers("T"+number+"号"))
	require.Equal(t, "JY13501020000011", server.HideNumbers("JY13501020000011"))
}

// TestProblemsHoldNoNumbers: a refusal repeats what was submitted, but for citizen numbers.
func TestProblemsHoldNoNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := fixtures.PersonAt(2).Number
	req := foodRequest(t)
	req.Values["ZZBFRQ"], req.Values[number] = number, "x"
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	require.GreaterOrEqual(t, r.status, 400)
	require.NotContains(t, string(r.body), number)
	require.Contains(t, string(r.body), number[:1]+"****************"+number[17:])
}
