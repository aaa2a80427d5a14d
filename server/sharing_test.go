package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/limit"
	"github.com/elicense/elicense/vault"
)

// sharer is what the hall is registered with for the services of GB/T 36906.
func sharer() identity.Caller {
	return identity.Caller{ID: fixtures.Hall, Role: identity.RoleReviewer, Sharing: &identity.Sharing{
		Name: "示例省网上办事大厅", Item: "350000-0102", Ground: string(vault.GroundLaw), Basis: fixtures.HallBasis,
	}}
}

// shared is an answer of a service.
type shared struct {
	status int
	Head   api.SharingOutcome `json:"head"`
	Data   json.RawMessage    `json:"data"`
}

// share calls a service.
func (w *world) share(key, service, body string, headers ...string) shared {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.http.URL+api.SharingPath+"/"+service,
		strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.http.Client().Do(req)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	answer, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	walk(w.t, reply{res.StatusCode, res.Header, answer})
	out := shared{status: res.StatusCode}
	require.NoError(w.t, json.Unmarshal(answer, &out))
	return out
}

// ask is a request with this data.
func ask(t testing.TB, data any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"head": map[string]string{"accessId": "a", "businessCode": "2026-0001"}, "data": data,
	})
	require.NoError(t, err)
	return string(text)
}

func newSharingWorld(t *testing.T) (*world, api.Written) {
	t.Helper()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("sharer", sharer())
		narrow := sharer()
		narrow.Types = []string{shipped(t, "business-licence").Code}
		keys.Add("narrow-sharer", narrow)
	})
	return w, w.issue("one")
}

// TestSharingData_A71_A89: the services of GB/T 36906 find a licence by its holder, its identifier and its QR code, list
// and describe, with the elements that were asked for.
func TestSharingData_A71_A89(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	values := foodRequest(t).Values
	holder := map[string]any{
		"holderCode": values["CZZTDM"], "holderTypeCode": "001", "certTypeCode": foodType(t), "useCause": "办理变更登记",
	}
	list := w.share("sharer", "GetCertificateListByHolder", ask(t, holder))
	require.Equal(t, http.StatusOK, list.status)
	require.Equal(t, api.SharingDone, list.Head.Status, list.Head.Message)
	var found []api.SharingListed
	require.NoError(t, json.Unmarshal(list.Data, &found))
	require.Equal(t, []api.SharingListed{{
		ZZBS: issued.Identifier, ZZMC: "食品经营许可证", ZZBH: issued.Number, ZZZT: "有效",
	}}, found)

	byID := map[string]any{"certIdentifier": issued.Identifier, "useCause": "办理变更登记"}
	all := w.data("GetCertificateDataByCertificateID", byID)
	require.Equal(t, values["CZZT"], all["CZZT"])
	require.Equal(t, issued.Number, all["ZZBH"])
	require.Equal(t, "有效", all["zzzt"])
	require.Equal(t, all, w.data("GetCertificateDataByHolder", holder))
	byID["metadataRange"] = "CZZT,ZZYXQJZRQ"
	require.Equal(t, map[string]string{
		"CZZT": values["CZZT"], "ZZYXQJZRQ": "2031-02-28", "zzbs": issued.Identifier, "zzzt": "有效",
	}, w.data("GetCertificateDataByCertificateID", byID))

	d, err := w.vault.Drawable(t.Context(), hallAccess(), issued.Identifier)
	require.NoError(t, err)
	for _, code := range []string{d.Token, "https://licences.example/v/" + d.Token} {
		require.Equal(t, all, w.data("GetCertificateDataByQRCode", map[string]any{"qrcode": code, "useCause": "扫码"}))
	}
	var elements []api.SharingElement
	remark := w.share("sharer", "GetCertificateRemark", ask(t, map[string]any{"certTypeCode": foodType(t), "useCause": "对接"}))
	require.NoError(t, json.Unmarshal(remark.Data, &elements))
	require.NotEmpty(t, elements)
}

// TestSharingNumber: of a holder who has hundreds of licences of a type, each is found by its number; without one nobody
// guesses which is meant.
func TestSharingNumber(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	var batch api.BatchRequest
	for i := range 450 {
		req := foodRequest(t)
		req.Paper = "L-" + strconv.Itoa(i)
		batch.Items = append(batch.Items, api.BatchItem{Key: req.Paper, IssueRequest: req})
	}
	done := into[api.BatchAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/batches", batch))
	require.Equal(t, len(batch.Items), done.Done)
	holder := map[string]any{
		"holderCode": foodRequest(t).Values["CZZTDM"], "holderTypeCode": "001", "certTypeCode": foodType(t), "useCause": "年审",
	}
	require.Equal(t, "several-licences", w.share("sharer", "GetCertificateDataByHolder", ask(t, holder)).Head.Code)
	require.Equal(t, "several-licences", w.share("sharer", "GetCertificateListByHolder", ask(t, holder)).Head.Code)
	for _, number := range []string{issued.Number, done.Items[0].Written.Number, done.Items[449].Written.Number} {
		holder["certNo"] = number
		require.Equal(t, number, w.data("GetCertificateDataByHolder", holder)["ZZBH"])
	}
	holder["certNo"] = "JY00000000000000"
	require.Equal(t, "licence-unknown", w.share("sharer", "GetCertificateDataByHolder", ask(t, holder)).Head.Code)
}

func hallAccess() vault.Access {
	return vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Case: "2026-0001", Item: "350000-0102", Ground: vault.GroundLaw,
		Basis: fixtures.HallBasis,
	}
}

// data calls a service that answers with elements.
func (w *world) data(service string, data any) map[string]string {
	w.t.Helper()
	got := w.share("sharer", service, ask(w.t, data))
	require.Equal(w.t, api.SharingDone, got.Head.Status, "%s: %s", service, got.Head.Message)
	var out map[string]string
	require.NoError(w.t, json.Unmarshal(got.Data, &out))
	return out
}

// TestSharingRefused: every refusal is an envelope whose message says what is wrong and what to do.
func TestSharingRefused(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	one := ask(t, map[string]any{"certIdentifier": issued.Identifier, "useCause": "核对"})
	const service = "GetCertificateDataByCertificateID"
	for _, x := range []struct {
		name, key, service, body string
		http                     int
		status, code             string
	}{
		{"nobody", "stranger", service, one, http.StatusUnauthorized, api.SharingForbidden, "credentials-unknown"},
		{"not registered for it", "reviewer", service, one, http.StatusOK, api.SharingForbidden, "sharing-not-registered"},
		{"role", "operator", service, one, http.StatusForbidden, api.SharingForbidden, "role-forbids"},
		{"another type", "narrow-sharer", service, one, http.StatusOK, api.SharingForbidden, "type-out-of-scope"},
		{"no cause", "sharer", service, ask(t, map[string]any{"certIdentifier": issued.Identifier}), http.StatusOK, api.SharingWrong, "member-missing"},
		{"no identifier", "sharer", service, ask(t, map[string]any{"useCause": "x"}), http.StatusOK, api.SharingWrong, "member-missing"},
		{"another item", "sharer", service, `{"head":{"itemCode":"9"},"data":{"certIdentifier":"` + issued.Identifier + `","useCause":"x"}}`, http.StatusOK, api.SharingForbidden, "item-not-registered"},
		{"unknown member", "sharer", service, ask(t, map[string]any{"certificate": "x"}), http.StatusOK, api.SharingWrong, "request-invalid"},
		{"member twice", "sharer", service, `{"data":{"useCause":"a","useCause":"b"}}`, http.StatusOK, api.SharingWrong, "request-malformed"},
		{"no JSON", "sharer", service, `<data/>`, http.StatusOK, api.SharingWrong, "request-malformed"},
		{"too large", "sharer", service, `{"data":{"useCause":"` + strings.Repeat("a", 70<<10) + `"}}`, http.StatusOK, api.SharingWrong, "request-too-large"},
		{"unknown holder", "sharer", "GetCertificateDataByHolder", ask(t, map[string]any{
			"holderCode": fixtures.FirmAt(99).Code, "holderTypeCode": "001", "certTypeCode": foodType(t), "useCause": "x",
		}), http.StatusOK, api.SharingAbsent, "not-converted"},
		{"guessed code", "sharer", "GetCertificateDataByQRCode", ask(t, map[string]any{"qrcode": "abc", "useCause": "x"}), http.StatusOK, api.SharingAbsent, "licence-unknown"},
		{"file type", "sharer", "GetCertificateFileByCertificateID", ask(t, map[string]any{
			"certIdentifier": issued.Identifier, "fileType": "pdf", "useCause": "x",
		}), http.StatusOK, api.SharingWrong, "file-type"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := w.share(x.key, x.service, x.body)
			require.Equal(t, x.http, got.status, "%+v", got.Head)
			require.Equal(t, x.code, got.Head.Code)
			require.Equal(t, x.status, got.Head.Status)
			require.NotEmpty(t, got.Head.Trace)
			require.Greater(t, len(got.Head.Message), 20)
			require.NotContains(t, got.Head.Message, "参数错误")
			require.Empty(t, got.Data)
		})
	}
}

// TestSharingVerifyInfo_A78: all seven results of 验证信息.
func TestSharingVerifyInfo_A78(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	name := foodRequest(t).Values["CZZT"]
	verify := func(data map[string]string) api.SharingVerdict {
		got := w.share("sharer", "VerifyCertificateData", ask(t, map[string]any{
			"certTypeCode": foodType(t), "certData": data, "useCause": "核验",
		}))
		require.Equal(t, api.SharingDone, got.Head.Status, got.Head.Message)
		var v api.SharingVerdict
		require.NoError(t, json.Unmarshal(got.Data, &v))
		require.NotEmpty(t, v.Message)
		return v
	}
	right := map[string]string{"ZZBH": issued.Number, "CZZT": name}
	require.Equal(t, api.InfoValid, verify(right).Result)
	require.Equal(t, api.InfoValid, verify(map[string]string{"zzbs": issued.Identifier, "CZZT": name}).Result)
	require.Equal(t, api.InfoValid, verify(map[string]string{
		"CZZTDM": foodRequest(t).Values["CZZTDM"], "CZZTDMLXDM": "001",
	}).Result)
	require.Equal(t, api.InfoWrong, verify(map[string]string{"ZZBH": issued.Number, "CZZT": name + "分店"}).Result)
	require.Equal(t, api.InfoInsufficient, verify(map[string]string{"CZZT": name}).Result)
	require.Equal(t, api.InfoInsufficient, verify(map[string]string{"ZZBH": "JY00000000000000"}).Result, "not all are converted")

	w.now = w.now.AddDate(-1, 0, 0)
	require.Equal(t, api.InfoNotYet, verify(right).Result)
	w.now = w.now.AddDate(1, 0, 0)
	act := func(path string, body api.ActRequest) {
		r := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/"+path, body,
			api.HeaderIdempotencyKey, path)
		require.Less(t, r.status, 300, "%s", r.body)
	}
	act("suspensions", api.ActRequest{Reason: "整改", Basis: "依据"})
	require.Equal(t, api.InfoSuspended, verify(right).Result)
	act("resumptions", api.ActRequest{Reason: "整改完毕", Basis: "依据"})
	act("revocations", api.ActRequest{Kind: "revoked", Reason: "违法", Basis: "依据"})
	require.Equal(t, api.InfoEnded, verify(right).Result)

	operator := vault.Access{Caller: fixtures.Operator, Purpose: "登记", Ground: vault.GroundOperator}
	require.NoError(t, w.vault.DeclareComplete(t.Context(), operator, foodType(t), "*", ""))
	require.Equal(t, api.InfoAbsent, verify(map[string]string{"ZZBH": "JY00000000000000"}).Result)
}

// TestSharingVerifyFile_A32: a file that is no document of the vault does not pass, with the reason, and the look at it
// stands in the audit.
func TestSharingVerifyFile_A32(t *testing.T) {
	t.Parallel()
	w, _ := newSharingWorld(t)
	judge := w.config.Verifier
	w.config.Verifier = nil
	w.restart()
	got := w.share("sharer", "VerifyCertificateFile", ask(t, map[string]any{
		"contentType": "base64", "content": []byte("no document"), "useCause": "核验",
	}))
	require.Equal(t, "verifier-missing", got.Head.Code)
	w.config.Verifier = judge
	w.restart()
	got = w.share("sharer", "VerifyCertificateFile", ask(t, map[string]any{
		"contentType": "base64", "content": []byte("no document"), "useCause": "核验",
	}))
	require.Equal(t, api.SharingDone, got.Head.Status, got.Head.Message)
	var v api.SharingVerdict
	require.NoError(t, json.Unmarshal(got.Data, &v))
	require.NotEqual(t, api.FilePassed, v.Result)
	require.Contains(t, v.Message, "：")
}

// TestSharingVerifyInfoHostile_A79: a value said twice under two names is refused whatever their order, an identifier of
// another type is no way around a registration, and is no licence of the type that was named.
func TestSharingVerifyInfoHostile_A79(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	name := foodRequest(t).Values["CZZT"]
	claim := func(key, typeCode string, data map[string]string) shared {
		return w.share(key, "VerifyCertificateData", ask(t, map[string]any{
			"certTypeCode": typeCode, "certData": data, "useCause": "核验",
		}))
	}
	for range 20 { // maps have no order
		twice := claim("sharer", foodType(t), map[string]string{
			"ZZBH": issued.Number, "CZZT": name, "certificateHolderName": name + "分店",
		})
		require.Equal(t, "field-twice", twice.Head.Code)
	}
	require.Equal(t, "request-malformed", claim("sharer", foodType(t), map[string]string{
		"zzbs": issued.Identifier, "ZZBS": issued.Identifier, "CZZT": name,
	}).Head.Code)
	other := shipped(t, "business-licence").Code
	for _, key := range []string{"sharer", "narrow-sharer"} {
		got := claim(key, other, map[string]string{"zzbs": issued.Identifier, "CZZT": name})
		require.Equal(t, api.SharingDone, got.Head.Status, got.Head.Message)
		var v api.SharingVerdict
		require.NoError(t, json.Unmarshal(got.Data, &v))
		require.Equal(t, api.InfoWrong, v.Result)
		require.NotContains(t, v.Message, name)
	}
}

// TestSharingAlarms_A79: looks through the services raise the alarms that any look does.
func TestSharingAlarms_A79(t *testing.T) {
	t.Parallel()
	firm := fixtures.FirmAt(7)
	w := newWorldWith(t, func(keys *identity.Keys) {
		clerk := sharer()
		clerk.Actor, clerk.Self = "u-1", firm.Code
		keys.Add("clerk", clerk)
	})
	issued := w.issue("one")
	for service, data := range map[string]any{
		"GetCertificateDataByCertificateID": map[string]any{"certIdentifier": issued.Identifier, "useCause": "核对"},
		"VerifyCertificateData": map[string]any{
			"certTypeCode": foodType(t), "certData": map[string]string{"CZZTDM": firm.Code, "CZZTDMLXDM": "001"}, "useCause": "核对",
		},
	} {
		require.Equal(t, api.SharingDone, w.share("clerk", service, ask(t, data)).Head.Status)
	}
	list := into[api.AlarmList](t, w.call("auditor", http.MethodGet, "/alarms", nil))
	self := 0
	for _, a := range list.Alarms {
		require.Equal(t, "u-1", a.Actor)
		if a.Kind == "self" {
			self++
		}
	}
	require.Equal(t, 2, self)
}

// TestSharingLimited: who calls too often is told so in the envelope too.
func TestSharingLimited(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	w.config.Limits.PerCaller = limit.Rate{PerSecond: 0.001, Burst: 1}
	w.restart()
	body := ask(t, map[string]any{"certIdentifier": issued.Identifier, "useCause": "核对"})
	require.Equal(t, api.SharingDone, w.share("sharer", "GetCertificateDataByCertificateID", body).Head.Status)
	over := w.share("sharer", "GetCertificateDataByCertificateID", body)
	require.Equal(t, http.StatusTooManyRequests, over.status)
	require.Equal(t, api.SharingLater, over.Head.Status)
	require.Equal(t, "rate-limited", over.Head.Code)
	none := w.share("sharer", "GetCertificate", body)
	require.Equal(t, http.StatusNotFound, none.status)
	require.Equal(t, "no-such-resource", none.Head.Code)
}

// TestSharingRange: the range of elements may have blanks between its names, and * is all of them, alone or beside others.
func TestSharingRange(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	byID := map[string]any{"certIdentifier": issued.Identifier, "useCause": "办理变更登记"}
	all := w.data("GetCertificateDataByCertificateID", byID)
	for _, every := range []string{"*", " * ", "CZZT,*"} {
		byID["metadataRange"] = every
		require.Equal(t, all, w.data("GetCertificateDataByCertificateID", byID), every)
	}
	byID["metadataRange"] = " CZZT , ZZYXQJZRQ,"
	require.Equal(t, map[string]string{
		"CZZT": all["CZZT"], "ZZYXQJZRQ": "2031-02-28", "zzbs": issued.Identifier, "zzzt": "有效",
	}, w.data("GetCertificateDataByCertificateID", byID))
}
