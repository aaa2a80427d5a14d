package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/pki"
)

// ErrWebhook is a message that cannot be shown to come from the service as it stands.
var ErrWebhook = errors.New("client: webhook not verified")

// Webhooks verifies the messages that the service sends to a receiver. It is safe for concurrent use.
type Webhooks struct {
	// Certificates are those of the service, which it signs with: pinned, since a receiver expects one sender. A
	// certificate that was renewed for the same key is taken too.
	Certificates []*pki.Certificate
	Now          func() time.Time
	Window       time.Duration // how old a message may be; zero: five minutes
	Authority    string        // under which the receiver is called, as it was subscribed; "": that of the request
}

// Limits of what a receiver takes.
const (
	maxWebhook    = 1 << 20
	webhookWindow = 5 * time.Minute
	webhookSkew   = time.Minute
)

// Verify reads a message and gives its content, if one of the certificates has signed it for this receiver within the
// window. A message may come more than once: whoever handles it goes by its sequence number.
func (w *Webhooks) Verify(r *http.Request) ([]byte, error) {
	if w.Now == nil || len(w.Certificates) == 0 {
		return nil, ErrConfig
	}
	sig, key, err := w.signature(r)
	if err != nil {
		return nil, err
	}
	for _, c := range []string{"@method", "@authority", "@path", "@query", "content-digest"} {
		if !sig.Covers(c) {
			return nil, refuseWebhook(c + " is not covered")
		}
	}
	now, window := w.Now(), w.Window
	if window <= 0 {
		window = webhookWindow
	}
	if sig.Created.Before(now.Add(-window)) || sig.Created.After(now.Add(webhookSkew)) {
		return nil, refuseWebhook("signed too long ago, or in the future")
	}
	if sig.Verify(w.message(r), key) != nil {
		return nil, refuseWebhook("signature")
	}
	return content(r)
}

// signature finds the signature that one of the certificates is named for, with the key; else one that one of the keys
// has made: the service renews its certificate and keeps the key.
func (w *Webhooks) signature(r *http.Request) (*httpsig.Signature, *pki.PublicKey, error) {
	list, err := httpsig.ParseSignatures(r.Header.Values(httpsig.FieldInput), r.Header.Values(httpsig.FieldSignature))
	if err != nil {
		return nil, nil, refuseWebhook("malformed signature")
	}
	m := w.message(r)
	for _, fits := range []func(*httpsig.Signature, *pki.Certificate) bool{
		func(s *httpsig.Signature, c *pki.Certificate) bool { return httpsig.KeyID(c.Raw) == s.KeyID },
		func(s *httpsig.Signature, c *pki.Certificate) bool { return s.Verify(m, c.PublicKey) == nil },
	} {
		for i := range list {
			at := slices.IndexFunc(w.Certificates, func(c *pki.Certificate) bool {
				return c.PublicKey != nil && list[i].Alg == httpsig.Algorithm && fits(&list[i], c)
			})
			if at >= 0 {
				return &list[i], w.Certificates[at].PublicKey, nil
			}
		}
	}
	return nil, nil, refuseWebhook("not signed by the service")
}

func (w *Webhooks) message(r *http.Request) *httpsig.Message {
	m := &httpsig.Message{Method: r.Method, Scheme: "https", Authority: r.Host, Field: r.Header.Values}
	if r.TLS == nil {
		m.Scheme = "http"
	}
	if w.Authority != "" {
		m.Authority = w.Authority
	}
	m.Path, m.Query, m.HasQuery = strings.Cut(r.RequestURI, "?")
	return m
}

// content reads the body and holds it against the digest that was signed.
func content(r *http.Request) ([]byte, error) {
	want, err := httpsig.ParseDigest(r.Header.Values(httpsig.FieldDigest))
	if err != nil {
		return nil, refuseWebhook("malformed digest")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxWebhook+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading a webhook: %w", err)
	case len(body) > maxWebhook:
		return nil, refuseWebhook("too large")
	case sm3.Sum(body) != want:
		return nil, refuseWebhook("content differs from what was signed")
	}
	return body, nil
}

func refuseWebhook(why string) error { return fmt.Errorf("%w: %s", ErrWebhook, why) }
