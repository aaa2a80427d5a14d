package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault/catalogue"
)

// learn asks who the caller is, what it may issue and what a licence of the type can say, and where the feed ends.
func learn(ctx context.Context, d *day) error {
	own, err := d.cfg.Department.Grounds(ctx)
	if err != nil {
		return err
	}
	list, err := d.cfg.Department.LicenceTypes(ctx)
	if err != nil {
		return err
	}
	d.caller, d.department, d.issues, d.catalogue = own.Caller, own.Department, own.Issues, list.Types
	if err := d.choose(ctx); err != nil {
		return err
	}
	if d.quality, err = d.qualityNow(ctx); err != nil {
		return err
	}
	for e, err := range d.cfg.Department.AllEvents(ctx, d.follow(0)) {
		if err != nil {
			return err
		}
		d.from = e.Sequence + 1
	}
	return nil
}

// choose takes the type that is wanted, or the first that the department may issue and of which a licence can be made
// up, such as it owns before others.
func (d *day) choose(ctx context.Context) error {
	var fit []string
	for _, owned := range []bool{true, false} {
		for i := range d.catalogue {
			t := &d.catalogue[i]
			if t.Declared && slices.Contains(d.issues, t.Code) && (t.Owner == d.department) == owned {
				fit = append(fit, t.Code)
			}
		}
	}
	if d.cfg.Type != "" {
		fit = slices.DeleteFunc(fit, func(code string) bool {
			return code != d.cfg.Type && d.nameOf(code) != d.cfg.Type
		})
		if len(fit) == 0 {
			return wrong("type %s is not declared, or the department may not issue it", d.cfg.Type)
		}
	}
	err := wrong("the department may issue no type that is declared")
	for _, code := range fit {
		var kind *api.LicenceType
		if kind, err = d.cfg.Department.LicenceType(ctx, code); err != nil {
			return err
		}
		if err = d.define(kind); err == nil {
			return nil
		}
	}
	return err
}

func (d *day) nameOf(code string) string {
	at := slices.IndexFunc(d.catalogue, func(t api.TypeSummary) bool { return t.Code == code })
	return d.catalogue[at].Name
}

// define takes the definition of the type and makes up a holder; what cannot be made up is told at once.
func (d *day) define(kind *api.LicenceType) error {
	def, err := catalogue.ParseType(kind.Definition)
	if err != nil {
		return fmt.Errorf("reading the definition of the type: %w", err)
	}
	tried := *d
	tried.cfg.Type, tried.def = kind.Code, &def
	if tried.holder, err = tried.madeUp(def.Holder); err != nil {
		return err
	}
	if _, err := tried.changing(); err != nil {
		return err
	}
	values := tried.request("define").Values
	for i := range def.Fields {
		if f := &def.Fields[i]; f.Rules.Required && values[f.Name] == "" {
			return wrong("no value of the element %s can be made up", f.Name)
		}
	}
	*d = tried
	return nil
}

func (d *day) follow(from uint64) client.Follow {
	return client.Follow{From: from, Types: []string{d.cfg.Type}, Limit: 1000}
}

func validate(ctx context.Context, d *day) error {
	answer, err := d.cfg.Department.ValidateIssue(ctx, d.request("day"), d.key("day"))
	if err != nil {
		return err
	}
	if !answer.Valid {
		return wrong("the answer says that it is not valid")
	}
	return nil
}

// everythingWrong sends a request with four faults.
func everythingWrong(ctx context.Context, d *day) error {
	r := d.unprinted("wrong")
	name := d.mandatory()
	r.Values[holderCode], r.Values[issueDate] = mistyped(d.holder.code), "2026-02-30"
	delete(r.Values, name)
	_, err := d.cfg.Department.Issue(ctx, r, d.key("wrong"))
	if bad := refused(err, http.StatusUnprocessableEntity); bad != nil {
		return bad
	}
	d.refused = append(d.refused, client.CodeOf(err))
	var p *client.ProblemError
	errors.As(err, &p)
	at := map[string]bool{}
	for i := range p.Errors {
		e := &p.Errors[i]
		if e.Code == "" || e.Path == "" || e.Zh == "" || e.En == "" || e.FixZh == "" {
			return wrong("the error %q at %q lacks code, place, sentence or way out", e.Code, e.Path)
		}
		at[e.Path] = true
	}
	for _, path := range []string{"/paper", "/values/" + holderCode, "/values/" + issueDate, "/values/" + name} {
		if !at[path] {
			return wrong("nothing is said of %s", path)
		}
	}
	return nil
}

func issue(ctx context.Context, d *day) error {
	l := &licence{request: d.request("day")}
	raw, w, err := d.write(ctx, d.cfg.Department, "/licences", l.request, d.key("day"))
	if err != nil {
		return err
	}
	if w.State != "valid" || w.Version != 1 || w.Replayed || w.Identifier == "" || w.Number == "" {
		return wrong("state %q, version %d, replayed %v", w.State, w.Version, w.Replayed)
	}
	l.identifier, l.number, l.version, l.answer = w.Identifier, w.Number, 1, raw
	d.licences["day"] = l
	return d.stands(ctx, l, "valid", nil)
}

// write sends a write and gives its answer also as it came.
func (d *day) write(ctx context.Context, c *client.Client, path string, body any, o ...client.Option) (
	[]byte, *api.Written, error,
) {
	var raw []byte
	err := c.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body, Into: &raw, Write: true}, o...)
	if err != nil {
		return nil, nil, err
	}
	w := &api.Written{}
	if err := json.Unmarshal(raw, w); err != nil {
		return nil, nil, fmt.Errorf("reading an answer: %w", err)
	}
	return raw, w, nil
}

// retry asks twice more, as a system does that never saw the answer.
func retry(ctx context.Context, d *day) error {
	l := d.licences["day"]
	second, w, err := d.write(ctx, d.cfg.Department, "/licences", l.request, d.key("day"))
	if err != nil {
		return err
	}
	third, _, err := d.write(ctx, d.cfg.Department, "/licences", l.request, d.key("day"))
	if err != nil {
		return err
	}
	first := bytes.Replace(l.answer, []byte(`"replayed":false`), []byte(`"replayed":true`), 1)
	switch {
	case !w.Replayed:
		return wrong("the answer does not say that it is a replay")
	case !bytes.Equal(first, second) || !bytes.Equal(second, third):
		return wrong("the answers are not the first one, byte for byte")
	}
	return nil
}

func otherRequest(ctx context.Context, d *day) error {
	r := with(d.licences["day"].request, map[string]string{holderName: d.holder.name + "一分公司"})
	_, err := d.cfg.Department.Issue(ctx, r, d.key("day"))
	return refused(err, http.StatusConflict, http.StatusUnprocessableEntity)
}

// stands expects a licence to be in a state, with values and the version that is known of it.
func (d *day) stands(ctx context.Context, l *licence, state string, values map[string]string) error {
	fields := []string{holderName}
	for name := range values {
		fields = append(fields, name)
	}
	got, err := d.cfg.Department.Licence(ctx, l.identifier, reading, fields...)
	if err != nil {
		return err
	}
	if got.State != state || got.Version != l.version {
		return wrong("it is %s in version %d, expected %s in version %d", got.State, got.Version, state, l.version)
	}
	for name, value := range values {
		if got.Values[name] != value {
			return wrong("%s is not what was written", name)
		}
	}
	return nil
}

// reading is by which right the department reads its own licences.
var reading = client.Reading{Purpose: "接入符合性测试"}

// batch issues two at once, of which one is wrong.
func batch(ctx context.Context, d *day) error {
	good := d.request("batch")
	bad := with(d.request("bad"), map[string]string{holderCode: mistyped(d.holder.code)})
	r := api.BatchRequest{Items: []api.BatchItem{
		{IssueRequest: good, Key: d.run + "/batch"}, {IssueRequest: bad, Key: d.run + "/bad"},
	}}
	first, err := d.cfg.Department.IssueBatch(ctx, r)
	if err != nil {
		return err
	}
	if first.Done != 1 || first.Refused != 1 || len(first.Items) != 2 || first.Items[0].Written == nil {
		return wrong("%d done, %d refused of 2 items", first.Done, first.Refused)
	}
	w := first.Items[0].Written
	d.licences["batch"] = &licence{identifier: w.Identifier, number: w.Number, version: w.Version, request: good}
	again, err := d.cfg.Department.IssueBatch(ctx, r)
	if err != nil {
		return err
	}
	if again.Replayed != 1 || again.Done != 0 || again.Items[0].Written == nil ||
		again.Items[0].Written.Identifier != w.Identifier {
		return wrong("sent again, %d are replays and %d are done anew", again.Replayed, again.Done)
	}
	_, err = d.cfg.Department.ValidateIssue(ctx, bad, d.key("bad"))
	return sameProblem(err, first.Items[1].Problem)
}

// sameProblem expects an item of a batch to be refused as it is alone.
func sameProblem(alone error, p *api.Problem) error {
	var single *client.ProblemError
	if !errors.As(alone, &single) || p == nil {
		return wrong("the item is refused in the batch or alone, but not in both")
	}
	within := slices.Clone(p.Errors)
	for i := range within {
		within[i].Path = strings.TrimPrefix(within[i].Path, "/items/1")
	}
	return sameJSON("the verdict of the item in the batch", single.Errors, within)
}

// sameJSON expects two values to be written alike.
func sameJSON(what string, want, got any) error {
	a, err := json.Marshal(want)
	if err != nil {
		return err
	}
	b, err := json.Marshal(got)
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return wrong("%s differs from that alone", what)
	}
	return nil
}
