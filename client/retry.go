package client

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
)

// ProblemError is what the service refused, with everything that is wrong.
type ProblemError struct {
	api.Problem

	RetryAfter time.Duration // as the service asks for; zero: it does not
}

// Error says what is wrong and what to do, in English, with code and trace; nothing that was submitted stands in it.
// All that is wrong, with the Chinese sentences, is in Errors.
func (e *ProblemError) Error() string {
	text := fmt.Sprintf("client: refused with %d %s", e.Status, e.Code)
	for i := range e.Errors {
		if i == maxTold {
			text += fmt.Sprintf("; %d more", len(e.Errors)-i)
			break
		}
		d := &e.Errors[i]
		text += ": " + strings.TrimPrefix(d.Path+" ", " ") + d.En
		if d.FixEn != "" {
			text += "; " + d.FixEn
		}
	}
	return text + " (trace " + e.Trace + ")"
}

// maxTold is how many of the things that are wrong stand in the text of the error.
const maxTold = 3

// CodeOf is the code of a refusal; "" if err is none.
func CodeOf(err error) string {
	var p *ProblemError
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// transportError is a connection that failed: whether the request was carried out is not known.
type transportError struct{ err error }

func (e *transportError) Error() string { return "client: " + e.err.Error() }

func (e *transportError) Unwrap() []error { return []error{ErrConnection, e.err} }

// ErrConnection is a connection that failed, as often as it was tried: whether a write was carried out is not known,
// and it may be sent again with the same key.
var ErrConnection = errors.New("client: the connection failed")

// problemOf reads a refusal. One that is no problem of ours, as a proxy in between makes it, keeps its status alone.
func problemOf(res *http.Response, body []byte) *ProblemError {
	p := &ProblemError{}
	if json.Unmarshal(body, &p.Problem) != nil || p.Code == "" {
		p.Problem = api.Problem{
			Code: "http-" + strconv.Itoa(res.StatusCode), Title: http.StatusText(res.StatusCode),
			Retryable: res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusBadGateway ||
				res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusGatewayTimeout,
		}
	}
	p.Status = res.StatusCode
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		p.RetryAfter = time.Duration(min(n, maxRetryAfter)) * time.Second
	}
	return p
}

// How long a client waits between attempts.
const (
	firstPause    = 200 * time.Millisecond
	longestPause  = 10 * time.Second
	maxRetryAfter = 60 // seconds; who asks for more is not waited for
)

// attempts sends a request until it is answered, refused for good, or sent often enough. Every request may be repeated:
// reads change nothing, and writes carry their key.
func (c *Client) attempts(ctx context.Context, one *call) ([]byte, error) {
	pause := firstPause
	for n := 1; ; n++ {
		answer, err := c.once(ctx, one)
		if err == nil || n == c.cfg.Attempts || ctx.Err() != nil || !repeatable(err) {
			return answer, err
		}
		d, wrong := c.jitter(pause)
		if wrong != nil {
			return nil, err
		}
		var p *ProblemError
		if errors.As(err, &p) {
			d = max(d, p.RetryAfter)
		}
		if c.cfg.Wait(ctx, d) != nil {
			return nil, err
		}
		pause = min(2*pause, longestPause)
	}
}

// repeatable reports whether the same request may succeed within a call's few attempts. What is refused for what it
// says, until a day comes, is its caller's to send again then.
func repeatable(err error) bool {
	var p *ProblemError
	if errors.As(err, &p) {
		return p.Retryable && p.Status != http.StatusUnprocessableEntity
	}
	var t *transportError
	return errors.As(err, &t)
}

// jitter is a random time between half a pause and the whole, so that many clients do not come back at once.
func (c *Client) jitter(pause time.Duration) (time.Duration, error) {
	var b [4]byte
	if _, err := io.ReadFull(c.cfg.Rand, b[:]); err != nil {
		return 0, err
	}
	half := pause / 2
	return half + time.Duration(binary.BigEndian.Uint32(b[:]))%(half+1), nil
}
