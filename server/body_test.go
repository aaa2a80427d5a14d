package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

// TestBody_A89: what is wrong with a body as a whole says where it is, by how much, and what is taken instead.
func TestBody_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(contentType, body string) api.Defect {
		t.Helper()
		p := into[api.Problem](t, w.sendRaw(t, contentType, strings.NewReader(body), int64(len(body))))
		require.NotEmpty(t, p.Errors)
		require.Equal(t, p.Title, p.Errors[0].Zh)
		return p.Errors[0]
	}
	for _, c := range []struct{ name, body, zh string }{
		{"a comma too many", "{\"type\": \"a\",\n  \"paper\": ,}", "行:列 2:12"},
		{"cut off", "{\"type\": \"甲\",", "行:列 1:1"},
		{"cut off in a text", `{"type": "a`, "行:列 1:"},
		{"a member twice", "{\"type\": \"a\",\n\"type\": \"b\"}", "行:列 2:7"},
		{"something behind", "{}\n\n{}", "行:列 1:3"},
	} {
		d := post("application/json", c.body)
		require.Equal(t, "request-malformed", d.Code, c.name)
		require.Contains(t, d.Zh, c.zh, c.name)
		require.NotEmpty(t, d.FixZh, c.name)
	}
	d := post("application/json", `{"type":"`+strings.Repeat("a", 5<<20)+`"}`)
	require.Equal(t, "request-too-large", d.Code)
	require.Contains(t, d.Zh, "4 MiB")
	d = post("application/x-www-form-urlencoded; a=b", "{}")
	require.Equal(t, api.Defect{
		Code: "media-type", Path: "header.Content-Type", Found: "application/x-www-form-urlencoded", Basis: d.Basis,
		RuleZh: d.RuleZh, RuleEn: d.RuleEn,
		Zh: "不支持这种内容类型", En: "this content type is not supported",
		FixZh: "请用 application/json", FixEn: "use application/json",
	}, d)
}

// TestMissing_A89: what is missing is named: a member by its own path, a header or query parameter by its kind.
func TestMissing_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.issue("one").Identifier
	for _, c := range []struct{ name, key, method, path, body, where, zh string }{
		{"a member", "department-1", http.MethodPost, "/lookups", `{"ground": "law"}`, "/purpose", "缺少成员 purpose"},
		{
			"a member of a member", "department-1", http.MethodPost, "/lookups",
			`{"ground": "law", "purpose": "a", "holder": {"kind": "001"}}`, "/holder/code", "缺少成员 code",
		},
		{
			"the kind of an end", "department-1", http.MethodPost, "/licences/" + id + "/revocations",
			`{"reason": "a", "basis": "b"}`, "/kind", "缺少成员 kind",
		},
		{"a query parameter", "department-1", http.MethodGet, "/quality", "", "query.from", "缺少查询参数 from"},
		{"a header", "department-1", http.MethodPost, "/licences", "{}", "header.Idempotency-Key", "缺少请求头 Idempotency-Key"},
	} {
		var body any
		if c.body != "" {
			body = json.RawMessage(c.body)
		}
		headers := []string{api.HeaderIdempotencyKey, "k-" + c.name}
		if c.name == "a header" {
			headers = nil
		}
		r := w.call(c.key, c.method, c.path, body, headers...)
		require.Equal(t, http.StatusUnprocessableEntity, r.status, "%s: %s", c.name, r.body)
		d := into[api.Problem](t, r).Errors[0]
		require.Equal(t, "request-invalid", d.Code, c.name)
		require.Equal(t, c.where, d.Path, c.name)
		require.Equal(t, c.zh, d.Zh, c.name)
	}
}

// TestForbidden_A89: who may not is told as whom he came and which roles may.
func TestForbidden_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := into[api.Problem](t, w.call("reviewer", http.MethodGet, "/events", nil)).Errors[0]
	require.Equal(t, "role-forbids", d.Code)
	require.Equal(t, "reviewer", d.Found)
	require.Equal(t, "请由下列角色之一办理：department-system、operator", d.FixZh)
}
