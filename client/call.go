package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/trace"
)

// Request is one operation of the interface, for those without a method of their own.
type Request struct {
	Method string
	Path   string     // below api.Version, escaped
	Query  url.Values // nil: none
	Body   any        // a Content as it is, anything else as JSON; nil: none
	Into   any        // pointer to what the answer is read into, a *[]byte as it is; nil: it is not read
	Write  bool       // needs an Idempotency-Key

	root   string // of Path; "": api.Version
	accept string // of an answer that is taken as it is; "": anything
}

// Content is a body that is no JSON of package api: a document, a definition, lines.
type Content struct {
	Type  string
	Bytes []byte
}

// Option says more about a request.
type Option func(*call)

// WithIdempotencyKey takes a key that the caller keeps beside what it wants to have done, so that it can ask again even
// after it was restarted. Without it the client makes one for the request.
func WithIdempotencyKey(key string) Option { return func(c *call) { c.key = key } }

// WithVersion has a write refused unless the licence is at this version.
func WithVersion(version int) Option {
	return func(c *call) { c.header.Set("If-Match", `"`+strconv.Itoa(version)+`"`) }
}

// WithMessage sends a request under the id of a message that it belongs to: 32 hexadecimal digits, by which it is found
// at the service again (W3C Trace Context). Without it the client makes one for the request.
func WithMessage(id string) Option { return func(c *call) { c.message = id } }

// WithCase names the service item and the case in which something is written.
func WithCase(item, number string) Option {
	return func(c *call) {
		for name, value := range map[string]string{"item": item, "case": number} {
			if value != "" {
				c.query.Set(name, value)
			}
		}
	}
}

type clerkKey struct{}

// ByClerk gives a context whose requests name the clerk who acts behind this system (经办人), by a staff number or
// pseudonym of his department's: he stands in the audit. It is never the number of a person, which is refused.
func ByClerk(ctx context.Context, clerk string) context.Context {
	return context.WithValue(ctx, clerkKey{}, clerk)
}

// call is a request on its way: what stays the same through all attempts.
type call struct {
	method string
	url    url.URL
	query  url.Values
	header http.Header
	key    string
	body   []byte

	message string // id of the message; it stays the same through all attempts
}

// Do carries out an operation.
func (c *Client) Do(ctx context.Context, r Request, options ...Option) error {
	one, err := c.prepare(&r, options)
	if err != nil {
		return err
	}
	clerk, given := ctx.Value(clerkKey{}).(string)
	if !given {
		clerk = c.cfg.Clerk
	}
	if given || clerk != "" {
		one.header.Set(api.HeaderClerk, clerk)
	}
	answer, err := c.attempts(ctx, one)
	if err != nil {
		return err
	}
	switch into := r.Into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = answer
		return nil
	}
	if err := json.Unmarshal(answer, r.Into); err != nil {
		return fmt.Errorf("%w: %v", ErrAnswer, err)
	}
	return nil
}

func (c *Client) prepare(r *Request, options []Option) (*call, error) {
	one := &call{method: r.Method, header: http.Header{}, query: url.Values{}}
	for name, values := range r.Query {
		one.query[name] = values
	}
	for _, o := range options {
		o(one)
	}
	at, err := c.base.Parse(cmp.Or(r.root, api.Version) + r.Path)
	if err != nil {
		return nil, fmt.Errorf("%w: path", ErrConfig)
	}
	at.RawQuery = one.query.Encode()
	one.url = *at
	if err := one.carry(r); err != nil {
		return nil, err
	}
	if err := c.name(one); err != nil {
		return nil, err
	}
	if !r.Write {
		return one, nil
	}
	if one.key == "" {
		if one.key, err = c.random(); err != nil {
			return nil, err
		}
	}
	one.header.Set(api.HeaderIdempotencyKey, one.key)
	return one, nil
}

// name gives a request the id of its message.
func (c *Client) name(one *call) error {
	var err error
	if one.message == "" {
		if one.message, err = trace.New(c.cfg.Rand); err != nil {
			return err
		}
	}
	value, err := trace.Value(c.cfg.Rand, one.message)
	if err != nil {
		return err
	}
	if _, err := trace.Parse([]string{value}); err != nil {
		return fmt.Errorf("%w: id of the message", ErrConfig)
	}
	one.header.Set(trace.Field, value)
	return nil
}

// carry takes the body, and says what is to be answered.
func (one *call) carry(r *Request) error {
	accept := "application/json"
	if _, as := r.Into.(*[]byte); as {
		accept = cmp.Or(r.accept, "*/*")
	}
	one.header.Set("Accept", accept)
	switch body := r.Body.(type) {
	case nil:
		return nil
	case Content:
		one.header.Set("Content-Type", body.Type)
		one.body = body.Bytes
		return nil
	}
	text, err := json.Marshal(r.Body)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	one.header.Set("Content-Type", "application/json")
	one.body = text
	return nil
}

// random is a text that nobody else has made.
func (c *Client) random() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("drawing random bytes: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// once sends a request once, signed for this time.
func (c *Client) once(ctx context.Context, one *call) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, one.method, one.url.String(), bytes.NewReader(one.body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Header = one.header.Clone()
	if one.body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	if c.cfg.Bearer != nil {
		token, err := c.cfg.Bearer(ctx)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if err := c.sign(req, one.body); err != nil {
		return nil, err
	}
	return c.exchange(req)
}

func (c *Client) exchange(req *http.Request) ([]byte, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, &transportError{err}
	}
	defer res.Body.Close() //nolint:errcheck // only read
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &transportError{err}
	case len(answer) > maxAnswer:
		return nil, ErrTooLarge
	case res.StatusCode < http.StatusOK || res.StatusCode >= http.StatusMultipleChoices:
		return nil, problemOf(res, answer)
	case res.Header.Get(api.HeaderTrace) == "": // every answer of the service has one
		return nil, ErrAnswer
	}
	return answer, nil
}

// ErrTooLarge is an answer beyond what a client takes.
var ErrTooLarge = errors.New("client: the answer is too large")

// ErrAnswer is a success that the service has not told of, as a page by which a proxy asks for a login, or one that
// cannot be read. Whether a write was carried out is not known, and it may be sent again with the same key.
var ErrAnswer = errors.New("client: this is no answer of the service")
