package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// judging lets the service verify with the trust of its own province, and ask its vault if told so.
func (w *world) judging(ask ...verify.StatusSource) {
	w.t.Helper()
	var status verify.StatusSource
	for _, s := range ask {
		status = s
	}
	keys, err := verify.ParseLedgerKeys(w.province.Vault.NoteKey())
	require.NoError(w.t, err)
	v, err := verify.New(verify.Config{
		Trust: w.province.Anchors, LedgerKeys: keys, Now: func() time.Time { return w.now }, Zone: zone,
		Status: status,
	})
	require.NoError(w.t, err)
	w.config.Verifying = &server.Verifying{
		Verifier: v,
		Paper: func(_ context.Context, c *verify.CaseReport, _ string) ([]byte, error) {
			return []byte("page about " + c.Names[0]), nil
		},
	}
	w.restart()
}

// bundle is the evidence of a licence as its department hands it to the holder.
func (w *world) bundle(identifier string) []byte {
	w.t.Helper()
	b, err := w.vault.Bundle(w.t.Context(), vault.Access{
		Caller: fixtures.Caller(0), Purpose: "打印", Ground: vault.GroundIssuer,
	}, identifier)
	require.NoError(w.t, err)
	out, err := b.Encode()
	require.NoError(w.t, err)
	return out
}

func (w *world) verify(key string, q api.VerificationRequest) reply {
	return w.call("reviewer", http.MethodPost, "/verifications", q, api.HeaderIdempotencyKey, key)
}

// TestVerification: a case is judged once, its reports and evidence can be fetched, and it can be judged again, which
// tells what has changed since.
func TestVerification(t *testing.T) {
	w := newWorld(t)
	w.judging()
	good := w.bundle(w.issue("1").Identifier)
	file := w.upload("reviewer", good)
	q := api.VerificationRequest{Case: "2026-000123", Documents: []api.Submitted{
		{Name: "许可证.json", File: file}, {Name: "另一份.json", Content: good},
	}}
	r := w.verify("1", q)
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	v := into[api.Verification](t, r)
	require.Equal(t, "TOTAL-PASSED", v.Indication, "%s", r.body)
	require.Equal(t, verify.PolicyVersion, v.Policy)
	digest := sm3.Sum(good)
	require.Equal(t, hex.EncodeToString(digest[:]), v.Documents[0].SM3)
	again := w.verify("1", q)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	require.Equal(t, v, into[api.Verification](t, again))
	path := "/verifications/" + v.ID
	require.Equal(t, v, into[api.Verification](t, w.call("reviewer", http.MethodGet, path, nil)))

	forms := map[string]int{}
	for _, rep := range v.Reports {
		forms[rep.Form]++
		content := w.call("reviewer", http.MethodGet, "/files/"+rep.File.ID, nil)
		require.Equal(t, http.StatusOK, content.status)
		require.Contains(t, string(content.body), "许可证.json"[:9], rep.Form)
	}
	require.Equal(t, map[string]int{"json": 1, "text": 1, "html": 2, "ofd": 1}, forms)

	evidence := w.call("reviewer", http.MethodGet, "/files/"+v.Evidence.ID, nil).body
	whole := into[api.Verification](t, w.verify("2", api.VerificationRequest{
		Documents: []api.Submitted{{Name: "证据.zip", Content: evidence}},
	}))
	require.Equal(t, "evidence", whole.Documents[0].Kind)
	require.Nil(t, whole.Evidence)
	refused(t, w.call("reviewer", http.MethodPost, "/verifications/"+whole.ID+"/rejudgements", nil,
		api.HeaderIdempotencyKey, "r"), http.StatusConflict, "no-evidence")

	rejudge := func() api.Rejudgement {
		r := w.call("reviewer", http.MethodPost, path+"/rejudgements", nil, api.HeaderIdempotencyKey, "r")
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.Rejudgement](t, r)
	}
	same := rejudge()
	w.requireWitnessed("verify", "verdict "+v.ID, q.Case)
	w.requireWitnessed("rejudge", "verdict "+v.ID, q.Case)
	require.Len(t, same.Documents, 2)
	require.False(t, same.Documents[0].Changed, "%+v", same)
	require.Empty(t, same.Documents[0].Differences)
	w.now = w.now.AddDate(6, 0, 0) // the licence is over
	v.Expires = w.now.Add(time.Hour)
	refused(t, w.call("reviewer", http.MethodGet, path, nil), http.StatusNotFound, "no-such-verification")
	w.now = w.now.AddDate(-6, 0, 30)
	later := rejudge()
	require.True(t, later.Documents[0].Changed, "%+v", later) // the status statement is old
	require.Equal(t, same.Documents[0].Stated, later.Documents[0].Stated)
	require.Equal(t, same.Documents[0].Then, later.Documents[0].Then)
	require.Empty(t, idPattern.FindAllString(w.log.String(), -1))
}

// entries is how many entries the audit has.
func (w *world) entries() (n int) {
	w.t.Helper()
	access := vault.Access{Caller: fixtures.Operator, Purpose: "核对", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(*record.AuditEntry) bool { n++; return true }))
	return n - 1 // but for this look
}

// TestVerificationAsksVault_A36: a licence handed in without the vault's word is judged by what the vault says now, which
// the evidence keeps: it is judged again by the service and by a stranger, and what became of the licence since is told.
func TestVerificationAsksVault_A36(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging(server.CurrentStatus{Vault: w.vault})
	issued := w.issue("1")
	b, err := record.ParseBundle(w.bundle(issued.Identifier))
	require.NoError(t, err)
	b.Status, b.StatusSig = nil, nil
	bare, err := b.Encode()
	require.NoError(t, err)
	before := w.entries()
	v := into[api.Verification](t, w.verify("1", api.VerificationRequest{
		Documents: []api.Submitted{{Name: "许可证.json", Content: bare}},
	}))
	require.Equal(t, "TOTAL-PASSED", v.Indication, "%+v", v)
	require.Equal(t, before+2, w.entries(), "the verification, and the look into the audit")
	var none *verify.NotHeldError
	_, err = server.CurrentStatus{Vault: w.vault}.CurrentStatus(t.Context(), strings.Replace(issued.Identifier, ".001.", ".002.", 1))
	require.NoError(t, err, "the version in force answers for all")
	parts := strings.Split(issued.Identifier, ".")
	parts[len(parts)-3] = "UNKNOWN0000000000000"
	_, err = server.CurrentStatus{Vault: w.vault}.CurrentStatus(t.Context(), strings.Join(parts, "."))
	require.ErrorAs(t, err, &none)
	require.Equal(t, fixtures.Origin, none.Vault)
	_, err = server.CurrentStatus{Vault: w.vault}.CurrentStatus(t.Context(), "x")
	require.Error(t, err)
	require.False(t, errors.As(err, &none))
	rejudge := func(id string) api.Rejudged {
		r := w.call("reviewer", http.MethodPost, "/verifications/"+id+"/rejudgements", nil, api.HeaderIdempotencyKey, "r")
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.Rejudgement](t, r).Documents[0]
	}
	same := rejudge(v.ID)
	require.False(t, same.Changed, "%+v", same)
	require.Empty(t, same.Differences)

	w.now = w.now.Add(48 * time.Hour)
	act := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/suspensions",
		api.ActRequest{Reason: "立案调查", Basis: "依法"}, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusOK, act.status, "%s", act.body)
	since := rejudge(v.ID)
	require.True(t, since.Changed)
	require.Empty(t, since.Differences)
	require.Equal(t, same.Stated, since.Then)
	require.Equal(t, "TOTAL-FAILED SUSPENDED source.state", since.Now)
	not := into[api.Verification](t, w.verify("2", api.VerificationRequest{
		Documents: []api.Submitted{{Name: "许可证.json", Content: bare}},
	}))
	require.Equal(t, "TOTAL-FAILED", not.Indication)

	w.now = w.now.AddDate(0, 6, 0)
	keys, err := verify.ParseLedgerKeys(w.province.Vault.NoteKey())
	require.NoError(t, err)
	stranger, err := verify.New(verify.Config{
		Trust: w.province.Anchors, LedgerKeys: keys, Now: func() time.Time { return w.now }, Zone: zone,
	})
	require.NoError(t, err)
	for id, want := range map[string]verify.Indication{v.Evidence.ID: verify.TotalPassed, not.Evidence.ID: verify.TotalFailed} {
		file := w.call("reviewer", http.MethodGet, "/files/"+id, nil)
		require.Equal(t, http.StatusOK, file.status)
		r, err := stranger.Verify(t.Context(), file.body, verify.Expect{})
		require.NoError(t, err)
		require.Empty(t, r.Kept[0].Differences)
		require.Equal(t, want, r.Kept[0].Then.Indication)
		require.NotEqual(t, verify.TotalPassed, r.Indication)
	}
}

// TestVerificationFromGo: the same by package client.
func TestVerificationFromGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	issued := w.issue("1")
	c, ctx := w.client(), t.Context()
	v, err := c.Verify(ctx, api.VerificationRequest{
		Case: "2026-000124", Documents: []api.Submitted{{Name: "许可证.json", Content: w.bundle(issued.Identifier)}},
	})
	require.NoError(t, err)
	require.Equal(t, "ACCEPT", v.DecisionEn)
	kept, err := c.Verification(ctx, v.ID)
	require.NoError(t, err)
	require.Equal(t, v, kept)
	again, err := c.Rejudge(ctx, v.ID)
	require.NoError(t, err)
	require.False(t, again.Documents[0].Changed)
	answer, err := c.VerifyDigests(ctx, api.DigestRequest{
		Asked:     api.Asked{Purpose: "核对", Ground: "issuer"},
		Documents: []api.DigestOf{{Identifier: issued.Identifier, SM3: issued.Record}},
	})
	require.NoError(t, err)
	require.True(t, answer.Documents[0].Known)
	_, err = c.Verification(ctx, "none")
	require.Equal(t, "no-such-verification", client.CodeOf(err))
}

// requireWitnessed: the audit says who did something for which case.
func (w *world) requireWitnessed(act, object, number string) {
	w.t.Helper()
	found := false
	access := vault.Access{Caller: fixtures.Operator, Purpose: "核对", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(e *record.AuditEntry) bool {
		found = found || e.Act == act && e.Object == object && e.Asked.Case == number && e.Asked.Caller == fixtures.Hall
		return true
	}))
	require.True(w.t, found, act)
}

// TestVerificationForged: what was changed does not pass, and the case does not either.
func TestVerificationForged(t *testing.T) {
	w := newWorld(t)
	w.judging()
	good := w.bundle(w.issue("1").Identifier)
	var parts map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(good, &parts))
	var record []byte
	require.NoError(t, json.Unmarshal(parts["record"], &record))
	bent := []byte(strings.Replace(string(record), "2031", "2039", 1))
	require.NotEqual(t, record, bent)
	var err error
	parts["record"], err = json.Marshal(bent)
	require.NoError(t, err)
	forged, err := json.Marshal(parts)
	require.NoError(t, err)
	v := into[api.Verification](t, w.verify("1", api.VerificationRequest{Documents: []api.Submitted{
		{Name: "好", Content: good}, {Name: "伪", Content: forged},
	}}))
	require.Equal(t, "TOTAL-FAILED", v.Indication)
	require.Equal(t, "TOTAL-PASSED", v.Documents[0].Indication)
	require.Equal(t, "TOTAL-FAILED", v.Documents[1].Indication)
	require.NotEmpty(t, v.Notice)
	later := time.Now().AddDate(40, 0, 0)
	for i, expect := range []struct {
		of       api.Expect
		headline string
	}{
		{api.Expect{Number: "another"}, "expect.number"}, {api.Expect{HolderCode: "another"}, "expect.holder-code"},
		{api.Expect{HolderName: "another"}, "expect.holder-name"}, {api.Expect{Type: "another"}, "expect.type"},
		{api.Expect{Issuer: "another"}, "expect.issuer"}, {api.Expect{Identifier: "another"}, "expect.identifier"},
		{api.Expect{Department: "another"}, "expect.department"}, {api.Expect{Case: "another"}, "expect.case"},
		{api.Expect{At: &later}, "record.validity"},
	} {
		v = into[api.Verification](t, w.verify(fmt.Sprint("expect", i), api.VerificationRequest{
			Documents: []api.Submitted{{Name: "好", Content: good}}, Expect: &expect.of,
		}))
		require.NotEqual(t, "TOTAL-PASSED", v.Indication)
		require.Equal(t, expect.headline, v.Documents[0].Headline)
	}
}

// TestVerificationRefused: what cannot be judged is refused, another's is not found, and a key is for one request.
func TestVerificationRefused(t *testing.T) {
	w := newWorld(t)
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a", Content: []byte("x")}}}
	refused(t, w.verify("0", q), http.StatusNotFound, "not-offered")
	w.judging()
	v := into[api.Verification](t, w.verify("1", q))
	require.NotEqual(t, "TOTAL-PASSED", v.Indication)
	refused(t, w.call(fixtures.Caller(0), http.MethodGet, "/verifications/"+v.ID, nil), http.StatusNotFound, "no-such-verification")
	refused(t, w.call("reviewer", http.MethodGet, "/verifications/none", nil), http.StatusNotFound, "no-such-verification")
	other := w.upload(fixtures.Caller(0), []byte("another's"))
	for name, c := range map[string]struct {
		doc    api.Submitted
		status int
	}{
		"document-without-content":           {api.Submitted{Name: "a"}, http.StatusUnprocessableEntity},
		"document-with-two-contents":         {api.Submitted{Name: "a", Content: []byte("x"), File: other}, http.StatusUnprocessableEntity},
		"no-such-file":                       {api.Submitted{Name: "a", File: other}, http.StatusNotFound},
		"idempotency-key-of-another-request": {api.Submitted{Name: "b", Content: []byte("x")}, http.StatusUnprocessableEntity},
	} {
		key := name
		if strings.HasPrefix(name, "idempotency") {
			key = "1"
		}
		refused(t, w.verify(key, api.VerificationRequest{Documents: []api.Submitted{c.doc}}), c.status, name)
	}
	many := api.VerificationRequest{Documents: make([]api.Submitted, 21)}
	for i := range many.Documents {
		many.Documents[i] = api.Submitted{Name: "a", Content: []byte("x")}
	}
	require.Equal(t, http.StatusUnprocessableEntity, w.verify("many", many).status)
	refused(t, w.call("operator", http.MethodPost, "/verifications", q, api.HeaderIdempotencyKey, "k"),
		http.StatusForbidden, "role-forbids")
}

// TestVerifyDigests: a digest is known if it is of what the vault keeps of the version in force, and of no other.
func TestVerifyDigests(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1")
	ask := func(digest string) api.DigestVerdict {
		r := w.call(fixtures.Caller(0), http.MethodPost, "/verifications/digests", api.DigestRequest{
			Asked:     api.Asked{Purpose: "核对", Ground: "issuer"},
			Documents: []api.DigestOf{{Identifier: first.Identifier, SM3: digest}},
		})
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.DigestAnswer](t, r).Documents[0]
	}
	known := ask(first.Record)
	require.True(t, known.Known, "%+v %s", known, first.Record)
	require.Equal(t, "valid", known.State)
	require.False(t, ask(strings.Repeat("0", 64)).Known)
	require.True(t, ask(strings.ToUpper(first.Record)).Known, "written in another way it is the same digest")
	sha := sha256.Sum256([]byte("a sealed document"))
	for _, digest := range []string{ // SHA-1, SHA-512, no hexadecimal, base64
		strings.Repeat("0", 40), strings.Repeat("0", 128), strings.Repeat("g", 64),
		base64.StdEncoding.EncodeToString(sha[:]),
	} {
		refused(t, w.call(fixtures.Caller(0), http.MethodPost, "/verifications/digests", api.DigestRequest{
			Asked:     api.Asked{Purpose: "核对", Ground: "issuer"},
			Documents: []api.DigestOf{{Identifier: first.Identifier, SM3: digest}},
		}), http.StatusUnprocessableEntity, "request-invalid")
	}
	content := []byte("a sealed document")
	issuer := vault.Access{Caller: fixtures.Caller(0), Purpose: "归档", Ground: vault.GroundIssuer}
	_, err := w.vault.Attach(t.Context(), issuer, first.Identifier, "ofd", content)
	require.NoError(t, err)
	digest := sm3.Sum(content)
	attached := hex.EncodeToString(digest[:])
	require.True(t, ask(attached).Known)
	require.False(t, ask(hex.EncodeToString(sha[:])).Known, "SHA-256 is as long")
	change := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+first.Identifier+"/changes",
		api.ActRequest{Reason: "变更", Basis: "依申请", Values: map[string]string{"CZZT": "示例食品有限责任公司"}, Paper: "P-0002"},
		api.HeaderIdempotencyKey, "c")
	require.Equal(t, http.StatusOK, change.status, "%s", change.body)
	now := ask(attached)
	require.False(t, now.Known)
	require.Equal(t, "other-version", now.Code)
	require.Equal(t, 2, now.Version)
}

// TestSweepVerdicts: verdicts go when their time is over.
func TestSweepVerdicts(t *testing.T) {
	w := newWorld(t)
	w.judging()
	v := into[api.Verification](t, w.verify("1", api.VerificationRequest{
		Documents: []api.Submitted{{Name: "a", Content: []byte("x")}},
	}))
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Equal(t, http.StatusOK, w.call("reviewer", http.MethodGet, "/verifications/"+v.ID, nil).status)
	w.now = v.Expires.Add(time.Second)
	require.NoError(t, w.server.Sweep(t.Context()))
	w.now = v.Judged
	refused(t, w.call("reviewer", http.MethodGet, "/verifications/"+v.ID, nil), http.StatusNotFound, "no-such-verification")
	refused(t, w.call("reviewer", http.MethodGet, "/files/"+v.Evidence.ID, nil), http.StatusNotFound, "no-such-file")
}

// TestTurns: who wants judged, or judged again, while others have every turn waits, and no longer than his request lasts.
func TestTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	content := w.bundle(w.issue("1").Identifier)
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a.json", Content: content}}}
	first := w.call(fixtures.Caller(0), http.MethodPost, "/verifications", q, api.HeaderIdempotencyKey, "1")
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	again := "/verifications/" + into[api.Verification](t, first).ID + "/rejudgements"
	status, answer := w.sendWrite(t.Context(), again, "2", "")
	require.Equal(t, http.StatusOK, status, answer)
	w.server.TakeTurns()
	text, err := json.Marshal(q)
	require.NoError(t, err)
	for path, body := range map[string]string{again: "", "/verifications": string(text)} {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		status, answer := w.sendWrite(ctx, path, "3", body)
		cancel()
		require.Zero(t, status, answer)
	}
}

// between is a judge before whose first judgement something else happens.
type between struct {
	server.Judge

	first func()
}

func (b *between) VerifyCase(ctx context.Context, docs []verify.Named, e verify.Expect) (*verify.CaseReport, error) {
	if first := b.first; first != nil {
		b.first = nil
		first()
	}
	return b.Judge.VerifyCase(ctx, docs, e)
}

// TestVerificationAtOnce: of requests that come in under one key at once one is judged for good: the same is told the
// same, another is refused, and nothing of what was told first is replaced.
func TestVerificationAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	judge := &between{Judge: w.config.Verifying.Verifier}
	w.config.Verifying.Verifier = judge
	w.restart()
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a", Content: []byte("x")}}}
	other := api.VerificationRequest{Documents: []api.Submitted{{Name: "b", Content: []byte("y")}}}
	var first reply
	for i, late := range []api.VerificationRequest{q, other} {
		key := fmt.Sprint(i)
		judge.first = func() { first = w.verify(key, q) }
		second := w.verify(key, late)
		require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
		v := into[api.Verification](t, first)
		if i == 0 {
			require.Equal(t, "true", second.header.Get(api.HeaderReplayed), "%s", second.body)
			require.Equal(t, v, into[api.Verification](t, second))
		} else {
			refused(t, second, http.StatusUnprocessableEntity, "idempotency-key-of-another-request")
		}
		require.Equal(t, v, into[api.Verification](t, w.call("reviewer", http.MethodGet, "/verifications/"+v.ID, nil)))
	}
}

// TestVerificationAfterItsTime: a case that is judged again under its key, when what was kept of it is over and not yet
// removed, is kept for its own time: the end of the first does not end it.
func TestVerificationAfterItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a", Content: []byte("x")}}}
	require.Equal(t, http.StatusCreated, w.verify("1", q).status)
	w.now = w.now.AddDate(1, 0, 1)
	r := w.verify("1", q)
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	v := into[api.Verification](t, r)
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Equal(t, v, into[api.Verification](t, w.call("reviewer", http.MethodGet, "/verifications/"+v.ID, nil)))
	files := into[api.FileList](t, w.call("reviewer", http.MethodGet, "/files", nil))
	require.Len(t, files.Files, len(v.Reports)+1)
	w.now = w.now.AddDate(1, 0, 1)
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Zero(t, into[api.FileList](t, w.call("reviewer", http.MethodGet, "/files", nil)).Used)
}
