package server

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/trace"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Limits of bodies, in bytes.
const (
	smallBody = 64 << 10 // a request about one licence
	imageBody = 4 << 20  // a request about one licence with its photos
	largeBody = 32 << 20 // a request about many
)

// operation is what the table of operations says of one.
type operation struct {
	id      string // stable name, camelCase
	method  string
	path    string // below api.Version
	zh, en  string
	tag     string
	may     identity.Permission
	status  int   // of success; 0: 200
	maxBody int64 // 0: smallBody
	judged  bool  // lets anybody have something judged, which is work: it waits for its turn
	write   bool  // changes something though it takes no idempotency key: by its nature it may be repeated
	again   bool  // tells a repetition what it told the first time, and does nothing else: see firstOnly

	// answers describe what the answer's Go type does not: the types of JSON answers by status, for writes that can
	// also be replayed or validated.
	answers map[int][]any
	// produces are the content types of an answer that is not JSON.
	produces []string
	// consumes are the content types of a body that is not JSON.
	consumes []string
}

// Where an operation keeps its permission, whether it is a write, and whether a repetition may go on.
const (
	permissionKey = "permission"
	writeKey      = "write"
	againKey      = "again"
)

// write is what the input of every write has, by Write.
type write interface{ idempotencyKey() string }

// add registers an operation. An operation without a permission cannot be registered.
func add[I, O any](s *Server, op operation, handle func(context.Context, *identity.Caller, *I) (*O, error)) {
	if op.may == "" {
		panic("server: operation without a permission: " + op.id)
	}
	if op.maxBody == 0 {
		op.maxBody = smallBody
	}
	if op.status == 0 {
		op.status = http.StatusOK
	}
	_, isWrite := any(new(I)).(write)
	in := placesIn(reflect.TypeFor[I]())
	huma.Register(s.api, huma.Operation{
		OperationID: op.id, Method: op.method, Path: api.Version + op.path, Summary: op.zh + " / " + op.en,
		Tags: []string{op.tag}, DefaultStatus: op.status, SkipValidateParams: false,
		MaxBodyBytes: op.maxBody, BodyReadTimeout: bodyTime(op.maxBody),
		Parameters: fieldsOf(op),
		Metadata: map[string]any{
			permissionKey: op.may, writeKey: isWrite || op.write, againKey: op.again, judgedKey: op.judged,
		},
		Responses: s.responses(op), Security: security(op), RequestBody: requestBody(op),
		SkipValidateBody: op.consumes != nil, // the library reads it
	}, func(ctx context.Context, asked *I) (*O, error) {
		caller := identity.From(ctx)
		out, err := handle(ctx, caller, asked)
		if err != nil {
			p := s.problem(ctx, err)
			in.place(p, err)
			if caller != nil {
				s.tallies.add(ctx, caller.Department, tallyRefused+"/"+p.Code, 1)
			}
			return nil, p
		}
		return out, nil
	})
}

// bodyTime is within what time a body has come that may have so many bytes. A caller that sends more slowly is cut off:
// its request holds a place.
func bodyTime(most int64) time.Duration {
	const firstPart, slowest = 5 * time.Second, 256 << 10 // bytes a second
	return firstPart + time.Duration(most)*time.Second/slowest
}

// Header fields that requests have whatever they ask for: read before any operation, and so in no input type.
const (
	componentClerk = "clerk"
	componentTrace = "traceparent"
)

// fieldsOf refers to the header fields that an operation takes; see describeFields.
func fieldsOf(op operation) []*huma.Param {
	fields := []*huma.Param{{Ref: "#/components/parameters/" + componentTrace}}
	if op.may != identity.Anyone {
		fields = append(fields, &huma.Param{Ref: "#/components/parameters/" + componentClerk})
	}
	return fields
}

// describeFields describes, once, the header fields that every operation reads.
func describeFields(doc *huma.OpenAPI) {
	const clerkRunes, traceRunes = 64, 55
	least, most := 1, clerkRunes
	shortest := traceRunes
	doc.Components.Parameters = map[string]*huma.Param{
		componentClerk: {
			Name: api.HeaderClerk, In: "header",
			Description: "经办人：由系统给出，工号或化名，不得为身份证号或手机号；记入审计。本人登录的不写 / " +
				"the clerk behind a system, for the audit: a staff number or pseudonym, never a citizen or mobile " +
				"number; who has logged in himself leaves it out",
			Schema: &huma.Schema{
				Type: huma.TypeString, MinLength: &least, MaxLength: &most, Pattern: vault.ClerkPattern,
				Examples: []any{"w-0017"},
			},
		},
		componentTrace: {
			Name: strings.ToLower(trace.Field), In: "header",
			Description: "报文标识 (W3C Trace Context)：其 trace-id 即本次请求的标识，见于应答 X-Trace-Id、日志、审计和事件；" +
				"不带则由服务生成 / the message's id: its trace-id is that of the request in X-Trace-Id, log, audit and " +
				"events; without it the service draws one",
			Schema: &huma.Schema{
				Type: huma.TypeString, MinLength: &shortest,
				Examples: []any{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
				Pattern:  "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$",
			},
		},
	}
}

// security says which proofs of the caller an operation takes.
func security(op operation) []map[string][]string {
	if op.may == identity.Anyone {
		return []map[string][]string{}
	}
	return []map[string][]string{{schemeKey: {}}, {schemeTLS: {}}}
}

// requestBody describes a body that is not JSON.
func requestBody(op operation) *huma.RequestBody {
	if op.consumes == nil {
		return nil
	}
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, ct := range op.consumes {
		body.Content[ct] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return body
}

// responses describes the answers of an operation that say more than its Go type.
func (s *Server) responses(op operation) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	for status, values := range op.answers {
		schemas := make([]*huma.Schema, len(values))
		for i, v := range values {
			schemas[i] = s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
		}
		schema := schemas[0]
		if len(schemas) > 1 {
			schema = &huma.Schema{OneOf: schemas}
		}
		out[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{mediaJSON: {Schema: schema}},
		}
	}
	if op.produces == nil {
		return out
	}
	r := &huma.Response{Description: http.StatusText(op.status), Content: map[string]*huma.MediaType{}}
	for _, ct := range op.produces {
		r.Content[ct] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	out[strconv.Itoa(op.status)] = r
	return out
}

// describe makes the description name a type that travels as a line.
func (s *Server) describe(value any) {
	s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(value), true, "")
}

// Media types of the interface beside problems.
const (
	mediaJSON  = "application/json"
	mediaYAML  = "application/yaml"
	mediaLines = "application/x-ndjson"
	mediaText  = "text/plain; charset=utf-8"
	mediaOFD   = "application/ofd"
	mediaBytes = "application/octet-stream"
	mediaSVG   = "image/svg+xml"
	mediaPNG   = "image/png"
	mediaPDF   = "application/pdf"
)

// Names of the ways to prove who one is, in the description.
const (
	schemeKey = "sandboxKey"
	schemeTLS = "mutualTLS"
)
