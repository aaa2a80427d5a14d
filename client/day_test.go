package client_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

var own = client.Reading{Purpose: "核对", Ground: "issuer"}

// TestTypes: a type is read with its elements, and who does not own it declares nothing.
func TestTypes(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	code := request(t, "").Type
	typ, err := c.LicenceType(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, code, typ.Code)
	require.NotEmpty(t, typ.Elements)
	_, err = c.PutLicenceType(t.Context(), code, typ.Definition)
	require.Equal(t, "type-other-owner", client.CodeOf(err))
	_, err = c.ValidateLicenceType(t.Context(), code, typ.Definition)
	require.Equal(t, "type-other-owner", client.CodeOf(err))
	_, err = c.PutLicenceType(t.Context(), code, []byte("code: "))
	var refused *client.ProblemError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	_, err = c.LicenceType(t.Context(), "11990000MB1E000137999")
	require.Equal(t, "type-unknown", client.CodeOf(err))
}

// TestDocumentsAndProofs: a document comes back byte for byte, and what proves a licence holds together.
func TestDocumentsAndProofs(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	w, err := c.Issue(ctx, request(t, "P-1"))
	require.NoError(t, err)
	content := []byte("a made-up document")
	attached, err := c.Attach(ctx, w.Identifier, "other", content, client.WithCase("", "2026-1"))
	require.NoError(t, err)
	digest := sm3.Sum(content)
	require.Equal(t, hex.EncodeToString(digest[:]), attached.Digest)
	got, err := c.Document(ctx, w.Identifier, own, attached.Digest)
	require.NoError(t, err)
	require.Equal(t, content, got)
	_, err = c.Document(ctx, w.Identifier, own, hex.EncodeToString(make([]byte, len(digest))))
	require.Equal(t, "document-unknown", client.CodeOf(err))
	_, err = c.Page(ctx, w.Identifier, own, client.Picture{Page: 1, PNG: true, DPI: 96})
	require.Equal(t, "not-drawn", client.CodeOf(err), "this service draws nothing")

	history, err := c.ProvenHistory(ctx, w.Identifier, own)
	require.NoError(t, err)
	for i := range history.Events {
		e := &history.Events[i]
		event, err := record.ParseEvent(e.Raw)
		require.NoError(t, err)
		require.Equal(t, e.Number, event.Number)
		text, err := c.Proof(ctx, w.Identifier, own, e.Number)
		require.NoError(t, err)
		proof, err := ledger.ParseProof(text)
		require.NoError(t, err)
		require.Equal(t, e.Raw, proof.Event)
		require.NotEmpty(t, e.Proof)
	}
	bare, err := c.History(ctx, w.Identifier, own)
	require.NoError(t, err)
	require.Nil(t, bare.Events[0].Raw)
	bundle, err := c.Bundle(ctx, w.Identifier, own)
	require.NoError(t, err)
	_, err = record.ParseBundle(bundle)
	require.NoError(t, err)
	some, err := c.Disclose(ctx, w.Identifier, api.DisclosureRequest{
		Asked: api.Asked{Purpose: "出示", Ground: "issuer"}, Fields: []string{"CZZT"},
	})
	require.NoError(t, err)
	shown, err := record.ParseBundle(some)
	require.NoError(t, err)
	require.NotNil(t, shown)
	require.Less(t, len(some), len(bundle))
	checkpoint, err := c.Checkpoint(ctx)
	require.NoError(t, err)
	require.Contains(t, string(checkpoint), fixtures.Origin)
	_, err = c.Growth(ctx, 1)
	require.NoError(t, err)
	moment, err := c.Moment(ctx, w.Identifier, own, client.AsOf{Day: "2026-03-02", Known: clock()}, "CZZT")
	require.NoError(t, err)
	require.Equal(t, "valid", moment.State)
	require.NotEmpty(t, moment.Values["CZZT"])
}

// TestValidateActAndReservations: an act that is only checked does nothing, and what hangs is listed.
func TestValidateActAndReservations(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	reserved, err := c.Reserve(ctx, request(t, ""))
	require.NoError(t, err)
	hanging, err := c.Reservations(ctx)
	require.NoError(t, err)
	require.Len(t, hanging.Reservations, 1)
	require.Equal(t, reserved.Identifier, hanging.Reservations[0].Identifier)
	settled, err := c.ValidateConfirm(ctx, reserved.Identifier, api.Confirmation{Paper: "P-1"})
	require.NoError(t, err)
	require.True(t, settled.Valid)
	_, err = c.ValidateCancel(ctx, reserved.Identifier, api.Cancellation{})
	require.Equal(t, "request-invalid", client.CodeOf(err))
	w, err := c.Confirm(ctx, reserved.Identifier, api.Confirmation{Paper: "P-1"})
	require.NoError(t, err)
	act := api.ActRequest{Basis: "示例条例", Reason: "整改"}
	valid, err := c.ValidateAct(ctx, client.ActSuspend, w.Identifier, act)
	require.NoError(t, err)
	require.True(t, valid.Valid)
	l, err := c.Licence(ctx, w.Identifier, own)
	require.NoError(t, err)
	require.Equal(t, "valid", l.State)
}

// TestGrounds: a caller learns on what it may ask; who is no holder consents to nothing.
func TestGrounds(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	g, err := c.Grounds(t.Context())
	require.NoError(t, err)
	require.Equal(t, fixtures.Departments()[0].Code, g.Department)
	require.Contains(t, g.Issues, request(t, "").Type)
	why := api.Asking{Purpose: "授权"}
	_, err = c.Authorise(t.Context(), api.AuthorisationRequest{Asking: why, Department: g.Department, Until: "2026-03-31"})
	require.Equal(t, "role-forbids", client.CodeOf(err))
	_, err = c.Authorisations(t.Context(), why)
	require.Equal(t, "role-forbids", client.CodeOf(err))
	require.Equal(t, "role-forbids", client.CodeOf(c.Withdraw(t.Context(), "x", why)))
}

// TestCompareMany: many comparisons have the verdicts that single ones have, each in its place, over more than one
// request.
func TestCompareMany(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	w, err := c.Issue(ctx, request(t, "P-1"))
	require.NoError(t, err)
	asked := api.Asked{Purpose: "核对", Ground: "issuer"}
	name := request(t, "").Values["CZZT"]
	rows := make([]api.ComparisonRow, client.RowsAtOnce+3)
	for i := range rows {
		claim := name
		if i == 1 {
			claim = "别的公司"
		}
		rows[i] = api.ComparisonRow{Ref: fmt.Sprint(i), Comparison: api.Comparison{
			Identifier: w.Identifier, Claims: map[string]string{"CZZT": claim},
		}}
	}
	rows[len(rows)-1].Claims = map[string]string{"NOPE": "x"}
	answers, err := c.CompareMany(ctx, asked, rows)
	require.NoError(t, err)
	require.Len(t, answers, len(rows))
	for i := range answers[:len(answers)-1] {
		a := &answers[i]
		require.Equal(t, i+1, a.Row)
		require.Equal(t, rows[i].Ref, a.Ref)
		require.Nil(t, a.Problem)
		require.Equal(t, rows[i].Claims["CZZT"] == name, a.Answer.Result == "matched")
	}
	require.Equal(t, "claim-unknown", answers[len(answers)-1].Problem.Code)
	asked.Purpose = ""
	_, err = c.CompareMany(ctx, asked, rows[:1])
	require.NotEmpty(t, client.CodeOf(err))
	none, err := c.CompareMany(ctx, asked, nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

// TestParseCompared: an answer that lacks a row, its end or an order is no answer.
func TestParseCompared(t *testing.T) {
	t.Parallel()
	const one, end = `{"row":1,"answer":{"result":"matched"}}`, `{"end":true,"rows":1}`
	got, err := client.ParseCompared([]byte(one+"\n"+end), 1)
	require.NoError(t, err)
	require.Equal(t, "matched", got[0].Answer.Result)
	for name, bad := range map[string]string{
		"nothing": "", "no end": one, "another row": `{"row":2,"answer":{}}` + end, "no row": end,
		"neither": `{"row":1}` + end, "both": `{"row":1,"answer":{},"problem":{"code":"x"}}` + end,
		"other count": one + `{"end":true,"rows":2}`, "not ended": one + `{"end":false,"rows":1}`, "no JSON": "x",
	} {
		got, err := client.ParseCompared([]byte(bad), 1)
		require.ErrorIs(t, err, client.ErrCut, name)
		require.Nil(t, got, name)
	}
	_, err = client.ParseCompared([]byte(`{"end":true,"rows":0,"problem":{"code":"line-long"}}`), 1)
	require.Equal(t, "line-long", client.CodeOf(err))
	_, err = client.ParseCompared([]byte(one+`{"end":true,"rows":1,"problem":{"code":"body-cut"}}`), 1)
	require.Equal(t, "body-cut", client.CodeOf(err))
}

// checkSave: a file comes in parts and whole, or it is said that it did not.
func checkSave(t *testing.T, c *client.Client, f api.File, content []byte) {
	t.Helper()
	for _, part := range []int64{1, 5, int64(len(content)), 100} {
		var saved bytes.Buffer
		c.InParts(part)
		require.NoError(t, c.Save(t.Context(), f, &saved))
		require.Equal(t, content, saved.Bytes())
	}
	longer, other, gone := f, f, f
	longer.Size++
	other.Digest = strings.Repeat("0", len(f.Digest))
	gone.ID = "another"
	require.ErrorIs(t, c.Save(t.Context(), longer, io.Discard), client.ErrFile)
	require.ErrorIs(t, c.Save(t.Context(), other, io.Discard), client.ErrFile)
	require.Equal(t, "no-such-file", client.CodeOf(c.Save(t.Context(), gone, io.Discard)))
}

// TestFiles: what was uploaded comes back, once under a key; what a service does not offer it says.
func TestFiles(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	content := []byte("a made-up ledger")
	f, err := c.Upload(ctx, content, client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	again, err := c.Upload(ctx, content, client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	require.Equal(t, f.ID, again.ID)
	got, err := c.File(ctx, f.ID)
	require.NoError(t, err)
	require.Equal(t, content, got)
	checkSave(t, c, *f, content)
	_, err = c.File(ctx, "another")
	require.Equal(t, "no-such-file", client.CodeOf(err))
	_, err = c.Convert(ctx, api.ConversionRequest{Type: request(t, "").Type, File: f.ID, FileName: "ledger.csv"})
	require.Equal(t, "not-offered", client.CodeOf(err))
	_, err = c.UndoConversion(ctx, "batch", api.UndoRequest{Reason: "用错了台账"})
	require.NotEmpty(t, client.CodeOf(err))
	for b := range c.Conversions(ctx) {
		require.Fail(t, "there is none", "%+v", b)
	}
	_, err = c.Conversion(ctx, "batch")
	require.NotEmpty(t, client.CodeOf(err))
	_, err = c.SignOff(ctx, "batch", api.SignOff{By: "核对人", Sampled: 1})
	require.NotEmpty(t, client.CodeOf(err))
	_, err = c.Job(ctx, "another")
	require.Equal(t, "no-such-job", client.CodeOf(err))
	_, err = c.CancelJob(ctx, "another")
	require.Equal(t, "no-such-job", client.CodeOf(err))
}

// TestDisputePages: the lists are walked to their end, and what is refused ends them.
func TestDisputePages(t *testing.T) {
	t.Parallel()
	w, c := open(t, plain, nil)
	cfg := w.config()
	cfg.Key = w.hall
	hall, err := client.New(cfg)
	require.NoError(t, err)
	defer hall.Close()
	written, err := c.Issue(t.Context(), request(t, "P-1"))
	require.NoError(t, err)
	asked := api.Asked{Purpose: "核对", Item: "350000-0102", Case: "1", Ground: "law", Basis: fixtures.HallBasis}
	for n := range 99 {
		_, err := hall.RaiseDispute(t.Context(), api.DisputeRequest{
			Asked: asked, Identifier: written.Identifier, Reason: fmt.Sprint(n), Elements: []api.Disputed{{Field: "CZZT"}},
		})
		require.NoError(t, err)
	}
	walk := func(list iter.Seq2[*api.Dispute, error]) (ids []string) {
		for d, err := range list {
			require.NoError(t, err)
			ids = append(ids, d.ID)
		}
		slices.Sort(ids)
		require.Len(t, slices.Compact(slices.Clone(ids)), len(ids), "one comes twice")
		return ids
	}
	all := walk(c.OpenDisputes(t.Context()))
	require.Len(t, all, 99)
	require.Equal(t, all, walk(hall.OpenDisputes(t.Context())))
	for _, id := range all[:2] {
		_, err := c.SettleDispute(t.Context(), id, api.Settlement{Outcome: "rejected", Reason: "无误"})
		require.NoError(t, err)
	}
	require.Equal(t, all[2:], walk(c.OpenDisputes(t.Context())))
	require.Equal(t, all[:2], walk(hall.SettledDisputes(t.Context())))
	w.http.Close()
	for d, err := range c.OpenDisputes(t.Context()) {
		require.Nil(t, d)
		require.Error(t, err)
	}
}

// TestByClerk_A79: the clerk whom a system names goes with the request, under its signature, and one that is no clerk's name
// is refused.
func TestByClerk_A79(t *testing.T) {
	t.Parallel()
	var named []string
	w, c := open(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			named = append(named, r.Header.Get(api.HeaderClerk))
			h.ServeHTTP(w, r)
		})
	}, nil)
	_, err := c.Issue(client.ByClerk(t.Context(), "staff-0042"), request(t, "P-1"))
	require.NoError(t, err)
	_, err = c.LicenceTypes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"staff-0042", ""}, named)
	_, err = c.LicenceTypes(client.ByClerk(t.Context(), fixtures.PersonAt(7).Number))
	require.Equal(t, "clerk-not-taken", client.CodeOf(err))

	cfg := w.config()
	cfg.Clerk = "staff-7"
	always, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(always.Close)
	named = nil
	for _, ctx := range []context.Context{t.Context(), client.ByClerk(t.Context(), "staff-8")} {
		_, err = always.LicenceTypes(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"staff-7", "staff-8"}, named)
}

// TestQualityAndPublic: a department's figures, and what everybody may ask.
func TestQualityAndPublic(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	written, err := c.Issue(t.Context(), request(t, "P-1"))
	require.NoError(t, err)
	q, err := c.Quality(t.Context(), clock(), clock())
	require.NoError(t, err)
	require.Equal(t, 1, q.Issued)
	l, err := c.Licence(t.Context(), written.Identifier, own)
	require.NoError(t, err)
	require.NotEmpty(t, l.Token)
	state, err := c.PublicState(t.Context(), l.Token)
	require.NoError(t, err)
	require.Contains(t, string(state), `"state":"valid"`)
	page, err := c.PublicPage(t.Context(), l.Token)
	require.NoError(t, err)
	require.Contains(t, string(page), "<!DOCTYPE html>")
}
