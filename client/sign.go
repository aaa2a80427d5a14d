package client

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/httpsig"
)

// label names the signature among others of a message.
const label = "elicense"

// covered are the components of every signature, and the fields that are covered if they are there.
var (
	covered       = []string{"@method", "@authority", "@path", "@query"}
	coveredFields = []string{"content-type", "content-digest", "idempotency-key", "if-match", "x-clerk"}
)

// sign adds the signature of this system to a request.
func (c *Client) sign(req *http.Request, body []byte) error {
	if c.cfg.Key == nil {
		return nil
	}
	nonce, err := c.random()
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set(httpsig.FieldDigest, httpsig.Digest(sm3.Sum(body)))
	}
	p := httpsig.Params{Components: append([]string(nil), covered...), Created: c.cfg.Now(), Nonce: nonce}
	for _, f := range coveredFields {
		if len(req.Header.Values(f)) > 0 {
			p.Components = append(p.Components, f)
		}
	}
	m := &httpsig.Message{
		Method: req.Method, Scheme: req.URL.Scheme, Authority: req.URL.Host, Field: req.Header.Values,
	}
	m.Path, m.Query, m.HasQuery = strings.Cut(req.URL.RequestURI(), "?")
	input, value, err := httpsig.Sign(m, label, p, httpsig.Key{
		Certificate: c.cfg.Key.Certificate, Signer: c.cfg.Key.Signer, Rand: c.cfg.Rand,
	})
	if err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	req.Header.Set(httpsig.FieldInput, input)
	req.Header.Set(httpsig.FieldSignature, value)
	return nil
}
