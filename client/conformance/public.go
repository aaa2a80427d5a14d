package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/elicense/elicense/api"
)

// public asks as a stranger does who scans the code on a licence: he learns whether it is in force, and nothing else.
func public(ctx context.Context, d *day) error {
	paper, err := d.token(ctx, "paper")
	if err != nil {
		return err
	}
	ended, err := d.token(ctx, "day")
	if err != nil {
		return err
	}
	if err := d.scanned(ctx, "paper", paper, "valid"); err != nil {
		return err
	}
	if d.licences["day"].ended {
		if err := d.scanned(ctx, "day", ended, "cancelled"); err != nil {
			return err
		}
	}
	_, err = d.cfg.Public.PublicState(ctx, mistyped(paper))
	return refused(err, http.StatusNotFound)
}

// token is what the code on a licence holds. The department that prints it is told, and nobody else.
func (d *day) token(ctx context.Context, part string) (string, error) {
	l := d.licences[part]
	own, err := d.cfg.Department.Licence(ctx, l.identifier, reading)
	if err != nil {
		return "", err
	}
	if own.Token == "" {
		return "", wrong("the department is not told what to print in the code")
	}
	asked, err := d.lawful(ctx)
	if err != nil {
		return "", err
	}
	by := reading
	by.Item, by.Case, by.Ground, by.Basis = asked.Item, asked.Case, asked.Ground, asked.Basis
	other, err := d.cfg.Centre.Licence(ctx, l.identifier, by)
	if err != nil {
		return "", err
	}
	if other.Token != "" {
		return "", wrong("another system is told what the code holds")
	}
	return own.Token, nil
}

// scanned expects the answer for programs and the page for people to say how a licence stands, and to name nobody.
func (d *day) scanned(ctx context.Context, part, token, state string) error {
	l := d.licences[part]
	raw, err := d.cfg.Public.PublicState(ctx, token)
	if err != nil {
		return err
	}
	var is api.PublicState
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&is); err != nil {
		return wrong("the answer has more than whether it is in force: %v", err)
	}
	if is.State != state || is.Version != l.version {
		return wrong("of the licence %q: %s in version %d, expected %s in version %d", part, is.State, is.Version,
			state, l.version)
	}
	page, err := d.cfg.Public.PublicPage(ctx, token)
	if err != nil {
		return err
	}
	if !strings.Contains(string(page), "<b>"+is.StateZh+"</b>") {
		return wrong("the page does not say %s", is.StateZh)
	}
	for _, never := range []string{d.holder.name, d.holder.code, l.number, l.identifier} {
		if bytes.Contains(raw, []byte(never)) || bytes.Contains(page, []byte(never)) {
			return wrong("the answer or the page names the holder or the licence")
		}
	}
	return nil
}
