package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// provocations bring about every code of the transport; those of identity have tests of their own. Only what a request
// cannot bring about by itself is put in: a disk that is full or breaks, a write whose end is not known, a time-out, a
// seal that is not in custody (the documenter is the binary's), a conversion that another release left unfinished and
// whose file this one reads otherwise.
var provocations = map[server.Code]func(*world) reply{
	server.CodeInternal:  failing(bytes.ErrTooLarge),
	server.CodeNoSpace:   failing(fmt.Errorf("drawing: %w", engine.ErrNoSpace)),
	server.CodeAudit:     failing(fmt.Errorf("%w: x", vault.ErrAudit)),
	server.CodeAmbiguous: failing(engine.ErrAmbiguous),
	server.CodeTimeout:   failing(context.DeadlineExceeded),
	server.CodeSealAway:  failing(server.ErrNoSeal),
	server.CodeOctets:    uploading(strings.NewReader("{}"), "Content-Type", "application/json", api.HeaderIdempotencyKey, "k"),
	server.CodeCutOff: uploading(io.MultiReader(strings.NewReader("half"), brokenReader{}),
		"Content-Type", octets, api.HeaderIdempotencyKey, "k"),
	server.CodeResume: failing(convert.ErrResume),
	server.CodeClosing: func(w *world) reply { // a request that the end of the service overtakes
		path := "/licences/" + w.issue("i").Identifier + "/pages/1"
		require.NoError(w.t, w.engines["vault"].(io.Closer).Close())
		return w.get(path)
	},
	server.CodeNotDrawn: func(w *world) reply {
		path := "/licences/" + w.issue("i").Identifier + "/pages/1"
		w.config.Pages = nil
		w.restart()
		return w.get(path)
	},
	server.CodeJobsTooMany: func(w *world) reply {
		q := api.ConversionRequest{
			Type: foodRequest(w.t).Type, File: w.upload(fixtures.Caller(0), ledger(w.t, 1, 0)), FileName: "台账.csv", DryRun: true,
		}
		return w.until(http.StatusAccepted, func(key string) reply { return w.convert(key, q) })
	},
	server.CodeSubTooMany: func(w *world) reply {
		ask := api.SubscriptionRequest{URL: w.newReceiver().URL + "/hook"}
		return w.until(http.StatusCreated, func(key string) reply {
			return w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions", ask, api.HeaderIdempotencyKey, key)
		})
	},
	server.CodeNoRoute: func(w *world) reply {
		return w.call("reviewer", http.MethodGet, "/licenses", nil)
	},
	server.CodeNoMethod: func(w *world) reply {
		return w.call("reviewer", http.MethodDelete, "/licence-types", nil)
	},
	server.CodeMalformed: func(w *world) reply {
		return w.send("reviewer", http.MethodPost, "/lookups", strings.NewReader("{"), "Content-Type", "application/json")
	},
	server.CodeInvalid: func(w *world) reply {
		return w.call("reviewer", http.MethodPost, "/lookups", map[string]any{"ground": 1})
	},
	server.CodeTooLarge: func(w *world) reply {
		return w.call("reviewer", http.MethodPost, "/lookups", map[string]any{"purpose": strings.Repeat("x", 1<<17)})
	},
	server.CodeMediaType: func(w *world) reply {
		return w.send("reviewer", http.MethodPost, "/lookups", strings.NewReader("x"), "Content-Type", "text/csv")
	},
	server.CodeIfMatch: func(w *world) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+w.issue("i").Identifier+"/suspensions",
			api.ActRequest{Reason: "x"}, api.HeaderIdempotencyKey, "k", "If-Match", "three")
	},
	server.CodeDate: func(w *world) reply {
		return w.call("reviewer", http.MethodGet, "/licences/x/as-of?purpose=x&day=0000-01-01", nil)
	},
	server.CodeNoDocument: func(w *world) reply {
		return w.get("/licences/" + w.issue("i").Identifier + "/documents/" + strings.Repeat("0", 64))
	},
	server.CodeNoEvent:      func(w *world) reply { return w.get("/licences/" + w.issue("i").Identifier + "/proof?event=9") },
	server.CodeNoCheckpoint: func(w *world) reply { return w.call("", http.MethodGet, "/checkpoints/growth?since=5", nil) },
	server.CodeTypePath: func(w *world) reply {
		return w.send(fixtures.Caller(0), http.MethodPut, "/licence-types/x",
			strings.NewReader(string(definition(w.t))), "Content-Type", "application/yaml")
	},
	server.CodeDepartment: func(w *world) reply {
		return w.call(fixtures.Caller(0), http.MethodGet,
			"/quality?from=2026-03-01&until=2026-03-31&department="+fixtures.Departments()[1].Code, nil)
	},
	server.CodeEmpty: func(w *world) reply {
		return w.send("reviewer", http.MethodPost, bulkPath, nil, "Content-Type", "application/x-ndjson")
	},
	server.CodeLine: func(w *world) reply {
		return w.send("reviewer", http.MethodPost, bulkPath, strings.NewReader(strings.Repeat("x", 1<<17)),
			"Content-Type", "application/x-ndjson")
	},
	server.CodeNoVerifier: func(w *world) reply {
		w.config.Verifier = nil
		w.restart()
		return w.send("", http.MethodPost, "/public/verifications", strings.NewReader("x"), "Content-Type", "application/ofd")
	},
}

// until sends one request after the other while they are answered with a status.
func (w *world) until(status int, send func(key string) reply) reply {
	for i := range 1000 {
		if r := send(strconv.Itoa(i)); r.status != status {
			return r
		}
	}
	w.t.Fatal("there is no limit")
	return reply{}
}

// namedElsewhere reports whether another test of this package wants a code by its name.
func namedElsewhere(t *testing.T, code string) bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, path := range files {
		src, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.Contains(string(src), `"`+code+`"`) || strings.Contains(string(src), "`\""+code+"\"`") {
			return true
		}
	}
	return false
}

const octets = "application/octet-stream"

// uploading sends a file.
func uploading(body io.Reader, headers ...string) func(*world) reply {
	return func(w *world) reply {
		out := serve(w.meets(w.server.Handler()), body, 100, headers)
		return reply{out.Code, out.Header(), out.Body.Bytes()}
	}
}

// failing draws a page while the drawer fails with err.
func failing(err error) func(*world) reply {
	return func(w *world) reply {
		w.pages.err = err
		return w.get("/licences/" + w.issue("i").Identifier + "/pages/1")
	}
}

// get asks as the department that issued.
func (w *world) get(path string) reply {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return w.call(fixtures.Caller(0), http.MethodGet, path+mark+"purpose=x", nil)
}

// TestTransportCodes brings about every code of the transport over HTTP and holds the answer against the table.
func TestTransportCodes(t *testing.T) {
	t.Parallel()
	for _, c := range server.TransportCodes() {
		t.Run(c.Code, func(t *testing.T) {
			t.Parallel()
			provoke := provocations[server.Code(c.Code)]
			if provoke == nil {
				require.True(t, namedElsewhere(t, c.Code), "bring this code about")
				return
			}
			w := newWorld(t)
			r := provoke(w)
			require.Equal(t, c.Status, r.status, "%s", r.body)
			p := into[api.Problem](t, r)
			require.Equal(t, c.Code, p.Code)
			require.Equal(t, c.Retryable, p.Retryable)
			require.NotEmpty(t, p.Errors)
			for _, d := range p.Errors {
				require.Regexp(t, `\p{Han}`, d.Zh)
				require.NotEmpty(t, d.En)
				require.Regexp(t, `\p{Han}`, d.FixZh)
				require.NotEmpty(t, d.FixEn)
			}
			require.NotContains(t, string(r.body), "too large: x", "nothing internal")
			require.NotContains(t, string(r.body), "bytes.Buffer", "nothing internal")
		})
	}
}
