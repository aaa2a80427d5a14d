package stepca

import (
	"crypto/x509"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/smallstep/certificates/acme"
	acmeapi "github.com/smallstep/certificates/acme/api"
	"github.com/smallstep/certificates/api"
	"github.com/smallstep/certificates/api/render"
	"github.com/smallstep/certificates/authority"
)

// maxBodyBytes bounds every request over HTTP. It also bounds how long an RSA key in a CSR can be, and with it the work
// that somebody without a token can cause.
const maxBodyBytes = 32 << 10

const acmePath = "acme"

// Handler serves the authority for TLS and foreign systems: the part of smallstep's interface that is offered, at / and
// at /1.0, and ACME at /acme. Whoever serves it sets time limits, and asks clients for certificates if they are to
// renew; a proxy that ends TLS before this handler cannot pass renewals on.
func (a *Authority) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(limitBody, a.equip)
	a.route(r)
	r.Route("/1.0", a.route)
	r.Route("/"+acmePath, func(r chi.Router) { acmeapi.Route(r) })
	return r
}

func (a *Authority) route(r chi.Router) {
	r.Get("/health", api.Health)
	r.Get("/root/{sha}", api.Root)
	r.Get("/roots", api.Roots)
	r.Get("/roots.pem", api.RootsPEM)
	r.Get("/intermediates", api.Intermediates)
	r.Get("/intermediates.pem", api.IntermediatesPEM)
	r.Get("/provisioners", api.Provisioners)
	r.Get("/crl", a.serveCRL)
	r.Post("/sign", api.Sign)
	r.Post("/renew", a.checkPeer(api.Renew))
	r.Post("/revoke", a.checkPeer(api.Revoke))
}

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// equip puts into the context what smallstep's handlers look for there.
func (a *Authority) equip(next http.Handler) http.Handler {
	linker := acme.NewLinker(a.config.Names[0], acmePath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := authority.NewContext(r.Context(), a.tls.authority)
		ctx = acme.NewContext(ctx, a.acme, prober{a.config.Challenges}, linker, nil)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// checkPeer makes sure that the client's certificate, if it shows one, is one of ours and good. Smallstep relies on its
// own server for that, and would renew any certificate that does not name a provisioner. A renewal by a token in a
// header is not offered.
func (a *Authority) checkPeer(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Authorization")
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			if err := a.checkClient(r.TLS.PeerCertificates[0]); err != nil {
				sayRefusal(w, r, err)
				return
			}
		}
		next(w, r)
	}
}

// checkClient verifies a client certificate up to our roots and looks it up in the register.
func (a *Authority) checkClient(c *x509.Certificate) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range a.config.Roots {
		roots.AddCert(root)
	}
	for _, above := range a.config.Chain {
		intermediates.AddCert(above)
	}
	_, err := c.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: a.config.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return refuse(ReasonUnverified, "")
	}
	return a.tls.register.checkIssued(c)
}

func (a *Authority) serveCRL(w http.ResponseWriter, r *http.Request) {
	der, err := a.CRL(r.Context())
	if err != nil {
		sayRefusal(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/pkix-crl")
	w.Write(der)
}

// problem is the answer to a request that is refused or fails.
type problem struct {
	Status  int    `json:"status"`
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message"`
}

// sayRefusal answers with a refusal, or says no more than that something failed.
func sayRefusal(w http.ResponseWriter, r *http.Request, err error) {
	p := problem{Status: http.StatusInternalServerError, Message: "internal error; see the authority's log"}
	if reason := ReasonOf(err); reason != "" {
		refusal := &RefusalError{Reason: reason}
		p = problem{refusal.StatusCode(), reason, err.Error()}
	}
	render.JSONStatus(w, r, p, p.Status)
}
