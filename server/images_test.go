package server_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// photoType is a type with a photo that the first department issues.
const photoType = "construction-special-operator"

// TestIssueWithPhoto_A72: a photo comes with the request for its licence, by the name of its element or by what the face
// calls it; one that is no picture, or of no element, is refused with its place.
func TestIssueWithPhoto_A72(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	typ := shipped(t, photoType)
	department := w.issuerOf(typ.Code)
	var face bytes.Buffer
	require.NoError(t, png.Encode(&face, image.NewGray(image.Rect(0, 0, 90, 120))))
	req := photoRequest(typ)
	issue := func(key, name string, content []byte) reply {
		req.Paper, req.Images = "P-"+key, map[string][]byte{name: content}
		return w.call(department, http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, key)
	}
	first := issue("1", "KZ_ZP", face.Bytes())
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	req.Values["ZZBH"] = "T2026000002"
	byLabel := issue("2", "照片", face.Bytes())
	require.Equal(t, http.StatusCreated, byLabel.status, "%s", byLabel.body)
	req.Values["ZZBH"] = "T2026000003"
	require.Equal(t, http.StatusUnprocessableEntity, issue("3", "KZ_ZP", []byte("no picture")).status)
	require.Equal(t, http.StatusUnprocessableEntity, issue("4", "KZ_XM", face.Bytes()).status)
}

// issuerOf is a department that is registered for a type.
func (w *world) issuerOf(typeCode string) string {
	w.t.Helper()
	access := vault.Access{Caller: fixtures.Operator, Purpose: "核对", Ground: vault.GroundOperator}
	callers, err := w.vault.Callers(w.t.Context(), access)
	require.NoError(w.t, err)
	for i := range fixtures.Departments() {
		for _, c := range callers {
			for _, issued := range c.Issues {
				if c.ID == fixtures.Caller(i) && issued == typeCode {
					return c.ID
				}
			}
		}
	}
	require.Fail(w.t, "no department of the made-up province issues the type")
	return ""
}

// photoRequest is a complete request but for the photo.
func photoRequest(typ catalogue.Type) api.IssueRequest {
	person := fixtures.PersonAt(7)
	values := map[string]string{
		"CZZT": person.Name, "CZZTDM": person.Number, "CZZTDMLXDM": "111", "ZZBH": "T2026000001", "ZZBFRQ": "2026-03-01", "ZZYXQQSRQ": "2026-03-01",
		"ZZYXQJZRQ": "2028-02-28",
	}
	for _, f := range typ.Fields {
		switch {
		case f.Kind == catalogue.KindImage || values[f.Name] != "" || !f.Rules.Required:
		case len(f.Rules.Enum) > 0:
			values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			values[f.Name] = "2020-01-01"
		default:
			values[f.Name] = "示例"
		}
	}
	return api.IssueRequest{Type: typ.Code, Division: "350102", Values: values}
}
