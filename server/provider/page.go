package provider

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/server/limit"
)

// Bounds of the form.
const (
	maxForm     = 64 << 10
	maxName     = 128
	maxPassword = 256
)

// cookieName holds a value that the form must bring along: a page elsewhere cannot send the form for a user.
//
// browserName holds a value that whoever has logged in must bring along to be given a code. The id of a login is no
// secret: who has begun one and talked somebody else into finishing it would be given the code of that person.
const (
	cookieName  = "elicense-login"
	browserName = "elicense-browser"
)

var page = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>登录 / Log in</title>
<style>body{font:16px/1.6 sans-serif;max-width:22rem;margin:4rem auto;padding:0 1rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0 1rem}
p[role=alert]{color:#b00020}</style>
<h1>登录 / Log in</h1>
{{if .Wrong}}<p role="alert">账户或密码不对，或尝试过于频繁。<br>Wrong account or password, or too many attempts.</p>{{end}}
<form method="post"><input type="hidden" name="id" value="{{.ID}}"><input type="hidden" name="form" value="{{.Form}}">
<label>账户 / Account<input name="name" autocomplete="username" required maxlength="128" autofocus></label>
<label>密码 / Password
<input name="password" type="password" autocomplete="current-password" required maxlength="256"></label>
<button>登录 / Log in</button></form></html>
`))

// shown is what the page says.
type shown struct {
	ID, Form string
	Wrong    bool
}

// showLogin shows the form of a login under way.
func (p *Provider) showLogin(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	if one := p.storage.pending.byID(id); one == nil || one.Done() {
		http.Error(w, "登录已过期，请从原系统重新开始 / The login has expired; begin again where you came from", http.StatusBadRequest)
		return
	}
	p.show(w, http.StatusOK, shown{ID: id})
}

func (p *Provider) show(w http.ResponseWriter, status int, s shown) {
	var err error
	if s.Form, err = p.setCookie(w, cookieName, "/login"); err != nil {
		http.Error(w, notAvailable, http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// No form-action: after the login the browser follows on to the client's address.
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = page.Execute(w, s) // if that fails the user is gone
}

const notAvailable = "暂不可用 / Not available now"

// setCookie gives a browser a random value that it sends to one path alone.
func (p *Provider) setCookie(w http.ResponseWriter, name, path string) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(p.cfg.Rand, b[:]); err != nil {
		return "", err
	}
	value := hex.EncodeToString(b[:])
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without TLS a browser sends no secure cookie
		Name: name, Value: value, Path: p.base.Path + path, HttpOnly: true, Secure: !p.cfg.Plain,
		SameSite: http.SameSiteStrictMode,
	})
	return value, nil
}

// takeLogin takes name and password. What is wrong with them is not told, and too many attempts look the same.
func (p *Provider) takeLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil || !sameForm(r) {
		http.Error(w, "请重新打开登录页 / Open the login page again", http.StatusBadRequest)
		return
	}
	id, name, password := r.PostForm.Get("id"), r.PostForm.Get("name"), r.PostForm.Get("password")
	account, err := p.authenticate(r, name, password)
	switch {
	case errors.Is(err, ErrNoAccount):
		p.show(w, http.StatusUnauthorized, shown{ID: id, Wrong: true})
		return
	case err != nil:
		http.Error(w, notAvailable, http.StatusServiceUnavailable)
		return
	}
	browser, err := p.setCookie(w, browserName, callbackPath)
	if err != nil {
		http.Error(w, notAvailable, http.StatusServiceUnavailable)
		return
	}
	if !p.storage.pending.done(id, account, sm3.Sum([]byte(browser))) {
		http.Error(w, "登录已过期 / The login has expired", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, p.base.Path+callbackPath+"?id="+url.QueryEscape(id), http.StatusFound)
}

// sameBrowser reports whether who asks for the code of a login is the browser in which somebody has logged in. Only the
// query counts, since the library would take the id from a form as well.
func (p *Provider) sameBrowser(r *http.Request) bool {
	c, err := r.Cookie(browserName)
	return err == nil && r.Method == http.MethodGet &&
		p.storage.pending.in(r.URL.Query().Get("id"), sm3.Sum([]byte(c.Value)))
}

// sameForm reports whether a form came from the page that was shown to this browser.
func sameForm(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	return err == nil && c.Value != "" &&
		subtle.ConstantTimeCompare([]byte(c.Value), []byte(r.PostForm.Get("form"))) == 1
}

func (p *Provider) authenticate(r *http.Request, name, password string) (*Account, error) {
	if name == "" || len(name) > maxName || len(password) > maxPassword ||
		!p.guesses.Take(name, 1, limit.Rate{}).Allowed {
		return nil, ErrNoAccount
	}
	a, err := p.cfg.Accounts.Authenticate(r.Context(), name, password)
	if err == nil && (a == nil || a.ID == "") {
		err = ErrNoAccount
	}
	return a, err
}
