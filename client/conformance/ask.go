package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/elicense/elicense/api"
)

// own is by which right the department asks about its own licences.
func (d *day) own() api.Asked { return api.Asked{Purpose: reading.Purpose, Ground: "issuer"} }

// lawful is by which right the centre asks about others.
func (d *day) lawful(ctx context.Context) (api.Asked, error) {
	g, err := d.cfg.Centre.Grounds(ctx)
	if err != nil {
		return api.Asked{}, err
	}
	if len(g.Bases) == 0 {
		return api.Asked{}, wrong("the registration of the centre names no legal basis")
	}
	return api.Asked{
		Purpose: reading.Purpose, Item: d.cfg.Item, Case: "CASE-" + d.run[:12], Ground: "law", Basis: g.Bases[0],
	}, nil
}

func (d *day) byNumber(l *licence, fields ...string) api.LookupRequest {
	return api.LookupRequest{
		Asked: d.own(), Type: d.cfg.Type, Number: l.number, Issuer: d.department, Fields: fields,
	}
}

func (d *day) compare(ctx context.Context, l *licence, claims map[string]string) (*api.ComparisonAnswer, error) {
	return d.cfg.Department.Compare(ctx, api.ComparisonRequest{Asked: d.own(), Comparison: d.question(l, claims)})
}

func (d *day) question(l *licence, claims map[string]string) api.Comparison {
	return api.Comparison{Type: d.cfg.Type, Number: l.number, Issuer: d.department, Claims: claims}
}

// compared compares what is right, what is wrong, and what does not exist.
func compared(ctx context.Context, d *day) error {
	l := d.licences["paper"]
	for _, c := range []struct {
		number, claim, want string
	}{
		{l.number, d.holder.spaced, "matched"}, {l.number, d.holder.other, "different"},
	} {
		answer, err := d.compare(ctx, l, map[string]string{holderName: c.claim})
		switch {
		case err != nil:
			return err
		case answer.Result != c.want:
			return wrong("%s, expected %s", answer.Result, c.want)
		case answer.State != "valid" || answer.SourceTime == "" || len(answer.Fields) != 1 || answer.Receipt == nil:
			return wrong("state, source time, field or receipt are missing")
		}
	}
	answer, err := d.compare(ctx, &licence{number: l.number + "0"}, map[string]string{holderName: d.holder.name})
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"never-issued", "not-converted", "source-silent"}, answer.Result) {
		return wrong("of a number that nobody has: %s", answer.Result)
	}
	return nil
}

// oneVerdict asks the same alone and among many.
func oneVerdict(ctx context.Context, d *day) error {
	q := d.question(d.licences["paper"], map[string]string{holderName: d.holder.name, issueDate: "2001-01-01"})
	single, err := d.cfg.Department.Compare(ctx, api.ComparisonRequest{Asked: d.own(), Comparison: q})
	if err != nil {
		return err
	}
	rows, err := d.cfg.Department.CompareMany(ctx, d.own(), []api.ComparisonRow{{Comparison: q, Ref: "1"}})
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].Answer == nil {
		return wrong("there is no answer among many")
	}
	single.Receipt, rows[0].Answer.Receipt = nil, nil // each is signed by itself
	return sameJSON("the verdict among many", single, rows[0].Answer)
}

// How many rows the centre compares at once, and how many of them do not agree: who errs more often about one holder is
// taken for somebody who guesses.
const (
	bulkRows  = 200
	bulkWrong = 2
)

func bulk(ctx context.Context, d *day) error {
	asked, err := d.lawful(ctx)
	if err != nil {
		return err
	}
	l := d.licences["paper"]
	rows := make([]api.ComparisonRow, bulkRows)
	for i := range rows {
		q := d.question(l, map[string]string{holderName: d.holder.name})
		rows[i] = api.ComparisonRow{Ref: fmt.Sprint(i), Comparison: q}
		if i%(bulkRows/bulkWrong) == 1 {
			rows[i].Claims = map[string]string{holderName: d.holder.other}
		}
	}
	got, err := d.cfg.Centre.CompareMany(ctx, asked, rows)
	if err != nil {
		return err
	}
	if len(got) != bulkRows {
		return wrong("%d answers", len(got))
	}
	for i := range got {
		want := "matched"
		if rows[i].Claims[holderName] != d.holder.name {
			want = "different"
		}
		if a := got[i].Answer; got[i].Ref != rows[i].Ref || a == nil || a.Result != want {
			return wrong("row %d is not answered as %s", i+1, want)
		}
	}
	return nil
}

// ground asks by right, and then in ways that are none.
func ground(ctx context.Context, d *day) error {
	asked, err := d.lawful(ctx)
	if err != nil {
		return err
	}
	q := d.byNumber(d.licences["paper"], holderName)
	q.Asked = asked
	found, err := d.cfg.Centre.LookUp(ctx, q)
	if err != nil {
		return err
	}
	if len(found.Licences) != 1 || len(found.Licences[0].Values) != 1 || found.Licences[0].Values[holderName] == "" {
		return wrong("%d licences, and not with the one field that was asked for", len(found.Licences))
	}
	for name, change := range map[string]func(*api.Asked){
		"without a basis":                   func(a *api.Asked) { a.Basis = "" },
		"by a basis that nobody registered": func(a *api.Asked) { a.Basis = "示例条例第九百九十九条" },
		"as an issuer that it is not":       func(a *api.Asked) { a.Ground, a.Basis = "issuer", "" },
		"for an applicant who is not there": func(a *api.Asked) { a.Ground, a.Basis = "holder", "" },
		"without a purpose":                 func(a *api.Asked) { a.Purpose = "" },
	} {
		q.Asked = asked
		change(&q.Asked)
		_, err := d.cfg.Centre.LookUp(ctx, q)
		if bad := refused(err, http.StatusForbidden, http.StatusUnprocessableEntity); bad != nil {
			return fmt.Errorf("asked %s: %w", name, bad)
		}
	}
	return nil
}

// others tries to write what belongs to others.
func others(ctx context.Context, d *day) error {
	at := slices.IndexFunc(d.catalogue, func(t api.TypeSummary) bool {
		return t.Declared && !slices.Contains(d.issues, t.Code)
	})
	if at >= 0 { // else it may issue them all
		r := d.request("others")
		r.Type = d.catalogue[at].Code
		_, err := d.cfg.Department.Issue(ctx, r, d.key("others"))
		if bad := refused(err, http.StatusForbidden); bad != nil {
			return fmt.Errorf("issuing the type of another department: %w", bad)
		}
	}
	_, err := d.cfg.Centre.Issue(ctx, d.request("centre"), d.key("centre"))
	if bad := refused(err, http.StatusForbidden); bad != nil {
		return fmt.Errorf("issuing by a system that only asks: %w", bad)
	}
	return nil
}

// receiptOf is a comparison's receipt as a file.
func (d *day) receiptOf(ctx context.Context) ([]byte, error) {
	answer, err := d.compare(ctx, d.licences["paper"], map[string]string{holderName: d.holder.name})
	if err != nil {
		return nil, err
	}
	if answer.Receipt == nil {
		return nil, wrong("there is no receipt")
	}
	return json.Marshal(answer.Receipt)
}
