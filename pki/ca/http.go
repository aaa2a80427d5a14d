package ca

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/problem"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/pki"
)

// HandlerConfig says what is served.
type HandlerConfig struct {
	Publisher  *Publisher   // required: /crl/ and /ca/
	Responders []*Responder // /ocsp/; none: not served
	// MaxAge is how long caches may keep what can change at any moment; zero: 5 minutes.
	MaxAge time.Duration
	Logger *slog.Logger // what could not be answered; nil: discarded
}

// handler serves what certificates point to:
//
//	GET      /crl/ISSUER/SHARD.crl, /crl/ISSUER/full.crl, /crl/ISSUER/delta.crl
//	GET      /ca/ISSUER.cer, /ca/ROOT.cer, /ca/ROOT-ROOT.cer: a root's key certified by another root's
//	POST     /ocsp/ISSUER           a request as body (RFC 6960, A.1)
//	GET      /ocsp/ISSUER/BASE64    a request in the address (RFC 5019, 5)
type handler struct {
	cfg        HandlerConfig
	responders map[KeyID]*Responder
}

// NewHandler makes the handler. It is to be mounted where addresses reach it as they were sent: an http.ServeMux
// above it would take the two slashes in a row of a base64 request for a mistake. Limits of connections and times are
// the server's.
func NewHandler(cfg HandlerConfig) (http.Handler, error) {
	if cfg.Publisher == nil || cfg.MaxAge < 0 {
		return nil, refuse(ErrConfig, ReasonConfiguration, "publisher is required")
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 5 * time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{cfg: cfg, responders: map[KeyID]*Responder{}}
	for _, o := range cfg.Responders {
		if o == nil || h.responders[o.cfg.Issuer] != nil {
			return nil, refuse(ErrConfig, ReasonConfiguration, "one responder for each issuer")
		}
		h.responders[o.cfg.Issuer] = o
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	room, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case room == "ocsp" && len(h.responders) > 0:
		h.serveOCSP(w, r, rest)
	case room == "crl" && reading(w, r):
		h.serveCRL(w, r, rest)
	case room == "ca" && reading(w, r):
		h.serveCertificate(w, r, rest)
	case room != "crl" && room != "ca":
		problem.NotFound.ServeHTTP(w, r)
	}
}

// reading refuses methods other than GET and HEAD.
func reading(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	refuseMethod(w, r, "GET, HEAD")
	return false
}

func refuseMethod(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	problem.Method.ServeHTTP(w, r)
}

func (h *handler) serveCRL(w http.ResponseWriter, r *http.Request, rest string) {
	issuer, name, _ := strings.Cut(rest, "/")
	id, err := ParseKeyID(issuer)
	if err != nil {
		problem.NotFound.ServeHTTP(w, r)
		return
	}
	p := h.cfg.Publisher
	if name == "full.crl" {
		f, err := p.OpenFull(r.Context(), id)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		h.sendCRL(w, r, f.CRLRecord, f)
		return
	}
	scope := CRLScope{Kind: CRLDelta}
	if name != "delta.crl" {
		shard, ok := Addresses{p.cfg.Register.cfg.Base, id}.ParseShard(p.cfg.Register.cfg.Base + "/crl/" + rest)
		if !ok {
			problem.NotFound.ServeHTTP(w, r)
			return
		}
		scope = CRLScope{CRLShard, shard}
	}
	c, der, err := p.CRL(r.Context(), id, scope)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.sendCRL(w, r, c, bytes.NewReader(der))
}

func (h *handler) sendCRL(w http.ResponseWriter, r *http.Request, c CRLRecord, content io.ReadSeeker) {
	header := w.Header()
	header.Set("Content-Type", "application/pkix-crl")
	header.Set("ETag", `"`+hex.EncodeToString(c.Digest[:])+`"`)
	h.cacheUntil(header, c.NextUpdate)
	http.ServeContent(w, r, "", c.ThisUpdate, content)
}

// cacheUntil lets caches keep an answer for a while, but not beyond the time it is good for.
func (h *handler) cacheUntil(header http.Header, end time.Time) {
	now := h.cfg.Publisher.cfg.Register.now()
	age := min(h.cfg.MaxAge, end.Sub(now))
	if age <= 0 {
		header.Set("Cache-Control", "no-store")
		return
	}
	seconds := strconv.FormatInt(int64(age/time.Second), 10)
	header.Set("Cache-Control", "public, no-transform, must-revalidate, max-age="+seconds)
	header.Set("Expires", now.Add(age).Format(http.TimeFormat))
}

func (h *handler) serveCertificate(w http.ResponseWriter, r *http.Request, rest string) {
	name, isCertificate := strings.CutSuffix(rest, ".cer")
	if !isCertificate {
		problem.NotFound.ServeHTTP(w, r)
		return
	}
	c, err := h.certificateNamed(r.Context(), name)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/pkix-cert")
	w.Header().Set("ETag", `"`+hex.EncodeToString(c.Digest[:])+`"`)
	h.cacheUntil(w.Header(), c.NotAfter)
	http.ServeContent(w, r, "", c.NotBefore, bytes.NewReader(c.Raw))
}

// certificateNamed finds an issuer's certificate by its key, a root's likewise, and a link certificate by its key and
// its issuer's.
func (h *handler) certificateNamed(ctx context.Context, name string) (*pki.Certificate, error) {
	own, above, isLink := strings.Cut(name, "-")
	id, err := ParseKeyID(own)
	if err != nil {
		return nil, refuse(ErrNotFound, ReasonUnknown, "certificate")
	}
	r := h.cfg.Publisher.cfg.Register
	if !isLink {
		if a := r.issuer(id); a != nil {
			return a.chain[0], nil
		}
		return r.certificateAbove(ctx, id, id)
	}
	issuer, err := ParseKeyID(above)
	if err != nil {
		return nil, refuse(ErrNotFound, ReasonUnknown, "certificate")
	}
	return r.certificateAbove(ctx, id, issuer)
}

// fail answers what could not be read: absent is 404; anything else is the server's fault and told to its log alone.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNotFound) {
		problem.NotFound.ServeHTTP(w, r)
		return
	}
	h.cfg.Logger.ErrorContext(r.Context(), "serving revocation data failed", "path", r.URL.Path, "error", err)
	problem.Unavailable.ServeHTTP(w, r)
}

func (h *handler) serveOCSP(w http.ResponseWriter, r *http.Request, rest string) {
	name, encoded, _ := strings.Cut(rest, "/")
	id, err := ParseKeyID(name)
	o := h.responders[id]
	if err != nil || o == nil {
		problem.NotFound.ServeHTTP(w, r)
		return
	}
	switch r.Method {
	case http.MethodPost:
		h.postOCSP(w, r, o, encoded)
	case http.MethodGet, http.MethodHead:
		request, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(encoded) > base64.StdEncoding.EncodedLen(MaxOCSPRequestBytes) {
			request = nil // which is malformed too
		}
		h.sendOCSP(w, r, o, request)
	default:
		refuseMethod(w, r, "GET, HEAD, POST")
	}
}

// notOCSP refuses content that is no OCSP request by its type (RFC 6960, A.1).
var notOCSP = problem.Problem{
	Code: "media-type", Status: http.StatusUnsupportedMediaType, Rule: rule.MediaType,
	Zh: "不支持这种内容类型", En: "this content type is not supported",
	FixZh: "请用 application/ocsp-request", FixEn: "use application/ocsp-request",
}

func (h *handler) postOCSP(w http.ResponseWriter, r *http.Request, o *Responder, more string) {
	if more != "" {
		problem.NotFound.ServeHTTP(w, r)
		return
	}
	if r.Header.Get("Content-Type") != "application/ocsp-request" {
		notOCSP.ServeHTTP(w, r)
		return
	}
	request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxOCSPRequestBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem.TooLarge.ServeHTTP(w, r)
	case err != nil:
		problem.CutOff.ServeHTTP(w, r)
	default:
		h.sendOCSP(w, r, o, request)
	}
}

// sendOCSP sends an answer with the header fields of RFC 5019, 6.2. Every refusal is an OCSP response too, with HTTP
// status 200, and never cached.
func (h *handler) sendOCSP(w http.ResponseWriter, r *http.Request, o *Responder, request []byte) {
	a := o.Answer(r.Context(), request)
	if a.Err != nil {
		h.cfg.Logger.ErrorContext(r.Context(), "answering OCSP failed", "status", string(a.Status), "error", a.Err)
	}
	header := w.Header()
	header.Set("Content-Type", "application/ocsp-response")
	if a.Status != pki.OCSPSuccessful || !a.Cacheable {
		header.Set("Cache-Control", "no-store")
		sendBytes(w, r, time.Time{}, a.DER)
		return
	}
	sum := sumOf(oid.SM3, a.DER)
	header.Set("ETag", `"`+hex.EncodeToString(sum)+`"`)
	h.cacheUntil(header, a.NextUpdate)
	sendBytes(w, r, a.ThisUpdate, a.DER)
}

// sendBytes sends all of b, or what a conditional GET still wants of it.
func sendBytes(w http.ResponseWriter, r *http.Request, modified time.Time, b []byte) {
	if r.Method != http.MethodPost {
		http.ServeContent(w, r, "", modified, bytes.NewReader(b))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}
