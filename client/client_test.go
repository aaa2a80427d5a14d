package client_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
)

func request(t *testing.T, paper string) api.IssueRequest {
	t.Helper()
	r, err := foodLicence(paper)
	require.NoError(t, err)
	return r
}

// TestDay: what a department does in a day, each step signed.
func TestDay(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	types, err := c.LicenceTypes(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, types.Types)
	valid, err := c.ValidateIssue(ctx, request(t, "P-1"))
	require.NoError(t, err)
	require.True(t, valid.Valid)

	reserved, err := c.Reserve(ctx, request(t, ""), client.WithCase("350000-0102", "2026-000187"))
	require.NoError(t, err)
	confirmed, err := c.Confirm(ctx, reserved.Identifier, api.Confirmation{Paper: "P-1"})
	require.NoError(t, err)
	suspended, err := c.Perform(ctx, client.ActSuspend, confirmed.Identifier, api.ActRequest{Basis: "示例条例", Reason: "整改"},
		client.WithVersion(confirmed.Version))
	require.NoError(t, err)
	require.Equal(t, "suspended", suspended.State)
	_, err = c.Perform(ctx, client.ActResume, confirmed.Identifier, api.ActRequest{Basis: "示例条例", Reason: "整改完成"},
		client.WithVersion(confirmed.Version+7))
	require.Error(t, err)
	var refused *client.ProblemError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusPreconditionFailed, refused.Status)
	require.NotEmpty(t, refused.Trace)

	other, err := c.Reserve(ctx, request(t, ""))
	require.NoError(t, err)
	_, err = c.Cancel(ctx, other.Identifier, api.Cancellation{Reason: "申请人撤回"})
	require.NoError(t, err)
	compared, err := c.Compare(ctx, api.ComparisonRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Comparison: api.Comparison{
			Identifier: confirmed.Identifier, Claims: map[string]string{"CZZT": request(t, "").Values["CZZT"]},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "matched", compared.Result)
}

// TestLookUps: pages are walked through one by one, each licence once, and an error ends it.
func TestLookUps(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	want := map[string]bool{}
	for i := range uint64(5) {
		r := request(t, fmt.Sprintf("P-%d", i))
		r.Values["CZZT"], r.Values["CZZTDM"] = fixtures.FirmAt(i).Name, fixtures.FirmAt(i).Code
		written, err := c.Issue(t.Context(), r)
		require.NoError(t, err)
		want[written.Identifier] = true
	}
	q := api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Type: request(t, "").Type,
		Issuer: fixtures.Departments()[0].Code, Limit: 2,
	}
	got := map[string]bool{}
	for l, err := range c.LookUps(t.Context(), q) {
		require.NoError(t, err)
		require.False(t, got[l.Identifier])
		got[l.Identifier] = true
	}
	require.Len(t, got, len(want))
	q.Purpose = ""
	for l, err := range c.LookUps(t.Context(), q) {
		require.Nil(t, l)
		require.NotEmpty(t, client.CodeOf(err))
	}
}

// losing answers the first n requests as a broken connection or a busy proxy does: the service has carried them out.
func losing(n int32, seen *atomic.Int32, lose func(http.ResponseWriter)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) > n {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			lose(w)
		})
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// TestRetry: a write whose answer was lost is asked for again with the same key and a signature of its own, and is
// carried out once.
func TestRetry(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(http.ResponseWriter){
		"connection": hangUp,
		"gateway":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int32
			_, c := open(t, losing(2, &seen, lose), nil)
			written, err := c.Issue(t.Context(), request(t, "P-1"))
			require.NoError(t, err)
			require.True(t, written.Replayed)
			require.EqualValues(t, 3, seen.Load())
		})
	}
}

// TestRetryEnds: no more attempts than allowed, none after a refusal for good, none when the context has ended.
func TestRetryEnds(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	_, c := open(t, losing(100, &seen, hangUp), func(cfg *client.Config) { cfg.Attempts = 3 })
	_, err := c.LicenceTypes(t.Context())
	require.Error(t, err)
	require.EqualValues(t, 3, seen.Load())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.LicenceTypes(ended)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 3, seen.Load())

	var others atomic.Int32
	_, c = open(t, losing(0, &others, nil), nil)
	_, err = c.Issue(t.Context(), api.IssueRequest{Type: "x", Values: map[string]string{}})
	require.NotEmpty(t, client.CodeOf(err))
	require.EqualValues(t, 1, others.Load())

	var early atomic.Int32
	_, c = open(t, losing(100, &early, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":422,"code":"effective-in-future","retryable":true}`)
	}), nil)
	_, err = c.LicenceTypes(t.Context())
	require.Equal(t, "effective-in-future", client.CodeOf(err))
	require.EqualValues(t, 1, early.Load(), "its day does not come within a call")
}

// TestRetryAfter: a client waits as long as the service asks, and at least half its own pause.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	var waited []time.Duration
	var seen atomic.Int32
	_, c := open(t, losing(2, &seen, func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}), func(cfg *client.Config) {
		cfg.Wait = func(_ context.Context, d time.Duration) error {
			waited = append(waited, d)
			return nil
		}
	})
	_, err := c.LicenceTypes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []time.Duration{7 * time.Second, 7 * time.Second}, waited)
}

// TestRedirect: a redirect would carry signature and token elsewhere, and is not followed.
func TestRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	_, c := open(t, func(http.Handler) http.Handler {
		return http.RedirectHandler(other.URL, http.StatusTemporaryRedirect)
	}, nil)
	_, err := c.LicenceTypes(t.Context())
	require.Equal(t, "http-307", client.CodeOf(err))
	require.Zero(t, elsewhere.Load())
}

// TestForeign: what something in between answers in place of the service is no success, whatever its status says: not of
// a read, not of a file, and not of a write that has no content to tell.
func TestForeign(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{"a login": "<html>请先登录</html>", "a text of ours": `{"types":[]}`, "nothing": ""} {
		var seen atomic.Int32
		_, c := open(t, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				seen.Add(1)
				_, _ = io.WriteString(w, page)
			})
		}, nil)
		_, types := c.LicenceTypes(t.Context())
		_, file := c.Page(t.Context(), "1.2", client.Reading{Purpose: "核对"}, client.Picture{Page: 1})
		gone := c.Unsubscribe(t.Context(), "x")
		for _, err := range []error{types, file, gone, c.Share(t.Context(), "x", api.SharingHead{}, nil, nil)} {
			require.ErrorIs(t, err, client.ErrAnswer, name)
		}
		require.EqualValues(t, 4, seen.Load(), "once each: whoever stands in between stays there")
	}
	_, c := open(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(api.HeaderTrace, "made-up")
			_, _ = io.WriteString(w, `{"types":`)
		})
	}, nil)
	_, err := c.LicenceTypes(t.Context())
	require.ErrorIs(t, err, client.ErrAnswer, "cut off")
}

func TestBearer(t *testing.T) {
	t.Parallel()
	var got atomic.Value
	_, c := open(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got.Store(r.Header.Get("Authorization") + r.Header.Get("Signature"))
			w.Header().Set(api.HeaderTrace, "made-up")
			_, _ = io.WriteString(w, `{"types":[]}`)
		})
	}, func(cfg *client.Config) {
		cfg.Key, cfg.Bearer = nil, func(context.Context) (string, error) { return "made-up", nil }
	})
	_, err := c.LicenceTypes(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Bearer made-up", got.Load())

	failed := errors.New("no token")
	_, c = open(t, plain, func(cfg *client.Config) {
		cfg.Bearer = func(context.Context) (string, error) { return "", failed }
	})
	_, err = c.LicenceTypes(t.Context())
	require.ErrorIs(t, err, failed)
}

// TestUntrusted: a service whose certificate nobody vouches for is not called.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, func(cfg *client.Config) { cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS12} })
	_, err := c.LicenceTypes(t.Context())
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := client.Config{URL: "https://vault.province.example", Rand: rand.Reader, Now: clock}
	for name, change := range map[string]func(*client.Config){
		"no clock":     func(c *client.Config) { c.Now = nil },
		"no random":    func(c *client.Config) { c.Rand = nil },
		"no address":   func(c *client.Config) { c.URL = "" },
		"in clear":     func(c *client.Config) { c.URL = "http://vault.province.example" },
		"a path":       func(c *client.Config) { c.URL += "/x" },
		"a password":   func(c *client.Config) { c.URL = "https://a:b@vault.province.example" },
		"other scheme": func(c *client.Config) { c.URL = "ftp://localhost" },
		"half a key":   func(c *client.Config) { c.Key = &client.Key{} },
	} {
		cfg := good
		change(&cfg)
		_, err := client.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	for _, url := range []string{good.URL, "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:1", good.URL + "/"} {
		cfg := good
		cfg.URL = url
		_, err := client.New(cfg)
		require.NoError(t, err, url)
	}
}

// TestParseKey: the key and the certificate in a file belong together, or neither counts.
func TestParseKey(t *testing.T) {
	t.Parallel()
	w, err := newWorld(plain)
	require.NoError(t, err)
	t.Cleanup(w.http.Close)
	text, err := pki.MarshalKey(w.key.Signer, []byte("word"), rand.Reader)
	require.NoError(t, err)
	cert, err := pki.ParseTolerant(w.key.Certificate)
	require.NoError(t, err)
	file := pki.AppendPEM(append([]byte(nil), text...), cert)
	k, err := client.ParseKey(file, []byte("word"))
	require.NoError(t, err)
	require.Equal(t, w.key.Certificate, k.Certificate)

	for name, bad := range map[string][]byte{
		"no certificate": text, "nothing": nil, "no key": pki.AppendPEM(nil, cert),
		"another's": pki.AppendPEM(append([]byte(nil), text...), w.province.Root.Certificate()),
	} {
		k, err := client.ParseKey(bad, []byte("word"))
		require.Error(t, err, name)
		require.Nil(t, k, name)
	}
	_, err = client.ParseKey(file, []byte("another word"))
	require.ErrorIs(t, err, pki.ErrPassphrase)
}

// TestProblemError: the error says what is wrong, where, and what to do, without what was submitted.
func TestProblemError(t *testing.T) {
	t.Parallel()
	err := &client.ProblemError{Problem: api.Problem{Status: 422, Code: "paper-missing", Trace: "ab12", Errors: []api.Defect{
		{Code: "paper-missing", En: "no serial of the printed paper", FixEn: "give it"},
		{Code: "uscc_check", Path: "/values/CZZTDM", Found: "91350100EX0000002K", En: "the last character is wrong"},
		{En: "third"}, {En: "fourth"}, {En: "fifth"},
	}}}
	require.EqualError(t, err, "client: refused with 422 paper-missing: no serial of the printed paper; give it: "+
		"/values/CZZTDM the last character is wrong: third; 2 more (trace ab12)")
}
