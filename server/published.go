package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// What departments send each other has published forms (数据交换标准, A89): JSON schemas by name and version, made from
// the very types that the service reads and writes. Whoever builds a system can have a message held against its form.

// format is the form of one kind of message.
type format struct {
	name, zh, en string
	value        any // of the type that the service reads or writes
}

// formatVersion is that of all forms: a change that is more than a new member makes the next, and this one stays.
const formatVersion = "1"

// formats are all that are published.
var formats = []format{
	{"licence-issue", "证照推送：签发、预留", "a licence that is issued or reserved", api.IssueRequest{}},
	{"licence-act", "证照推送：变更、延续、补换、暂停、恢复", "what is done to a licence", api.ActRequest{}},
	{"licence-written", "证照推送的答复", "the answer to a write", api.Written{}},
	{"licence-batch", "证照批量推送", "many licences to issue", api.BatchRequest{}},
	{"lookup", "证照查询", "a look-up", api.LookupRequest{}},
	{"lookup-answer", "证照查询的答复", "the answer to a look-up", api.LookupAnswer{}},
	{"comparison", "证照比对", "a comparison", api.ComparisonRequest{}},
	{"comparison-row", "批量比对的一行", "a row of many comparisons", api.ComparisonRow{}},
	{"comparison-answer", "证照比对的答复", "the answer to a comparison", api.ComparisonAnswer{}},
	{"events", "事件流", "a page of the feed of events", api.EventPage{}},
	{"webhook", "事件推送", "a message with events to a receiver", api.Webhook{}},
	{"transfer", "证照汇集：导出的答复", "a licence for another vault", api.Transfer{}},
	{"transfer-content", "证照汇集：内容", "what a transfer holds", vault.Transfer{}},
	{"import", "证照汇集：接收", "a licence from another vault", api.ImportRequest{}},
	{"problem", "错误答复", "a refusal", api.Problem{}},
	{"sharing-query", "GB/T 36906 检索、信息获取", "query by GB/T 36906", api.SharingRequest[api.SharingQuery]{}},
	{"sharing-file-query", "GB/T 36906 文件获取", "file by GB/T 36906", api.SharingRequest[api.SharingFileQuery]{}},
	{"sharing-info", "GB/T 36906 验证信息", "data to verify by GB/T 36906", api.SharingRequest[api.SharingInfo]{}},
	{"sharing-file", "GB/T 36906 验证文件", "file to verify by GB/T 36906", api.SharingRequest[api.SharingFileCheck]{}},
}

// published is a form ready for use.
type published struct {
	format

	registry huma.Registry
	schema   *huma.Schema
	document []byte // JSON Schema 2020-12, complete in itself
}

// publish makes the schemas. Each has a registry of its own, so that its document names nothing outside of it.
func publish() (map[string]*published, error) {
	out := map[string]*published{}
	for _, f := range formats {
		p := &published{format: f, registry: huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)}
		p.schema = p.registry.Schema(reflect.TypeOf(f.value), false, "")
		raw, err := json.Marshal(p.schema)
		if err != nil {
			return nil, fmt.Errorf("writing the schema %s: %w", f.name, err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			return nil, fmt.Errorf("reading the schema %s: %w", f.name, err)
		}
		doc["$schema"], doc["$id"] = "https://json-schema.org/draft/2020-12/schema", f.path()
		doc["title"] = f.zh + " / " + f.en
		defs := p.registry.Map()
		delete(defs, huma.DefaultSchemaNamer(reflect.TypeOf(f.value), ""))
		if len(defs) > 0 {
			doc["$defs"] = defs
		}
		if p.document, err = json.Marshal(doc); err != nil {
			return nil, fmt.Errorf("writing the schema %s: %w", f.name, err)
		}
		out[f.name] = p
	}
	return out, nil
}

func (f *format) path() string { return api.Version + "/schemas/" + f.name + "/" + formatVersion }

// CodeNoSchema is a form that is not published.
const CodeNoSchema Code = "no-such-schema"

var publishedSentences = map[Code]message{
	CodeNoSchema: {
		http.StatusNotFound, false, rule.ExchangeStandard,
		"没有公布这个名称或版本的报文规范；请从 GET /api/v1/schemas 取名称和版本",
		"no form of this name or version is published; take both from GET /api/v1/schemas",
	},
}

const mediaSchema = "application/schema+json"

func (s *Server) registerPublished() {
	add(s, operation{
		id: "listSchemas", method: http.MethodGet, path: "/schemas", tag: "schemas", may: identity.Anyone,
		zh: "公布的报文规范", en: "the published forms of messages",
	}, s.listSchemas)
	add(s, operation{
		id: "getSchema", method: http.MethodGet, path: "/schemas/{name}/{version}", tag: "schemas",
		may: identity.Anyone, produces: []string{mediaSchema},
		zh: "一个报文规范（JSON Schema）", en: "the form of one kind of message, as JSON Schema",
	}, s.getSchema)
	add(s, operation{
		id: "checkMessage", method: http.MethodPost, path: "/schemas/{name}/{version}/checks", tag: "schemas",
		may: identity.MayReadTypes, maxBody: largeBody, consumes: []string{mediaJSON},
		zh: "核对一个报文是否符合规范：逐处指出不符", en: "hold a message against its form: every deviation with its place",
	}, s.checkMessage)
}

type schemaList struct {
	Body api.SchemaList
}

func (s *Server) listSchemas(context.Context, *identity.Caller, *struct{}) (*schemaList, error) {
	out := &schemaList{}
	for i := range formats {
		f := &formats[i]
		out.Body.Items = append(out.Body.Items, api.SchemaEntry{
			Name: f.name, Version: formatVersion, Zh: f.zh, En: f.en, Path: f.path(),
		})
	}
	return out, nil
}

// SchemaOf names a form in a path.
type SchemaOf struct {
	Name    string `path:"name" maxLength:"64"`
	Version string `path:"version" maxLength:"8"`
}

type schemaDocument struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) named(in *SchemaOf) (*published, error) {
	p := s.formats[in.Name]
	if p == nil || in.Version != formatVersion {
		return nil, codeProblem(CodeNoSchema)
	}
	return p, nil
}

func (s *Server) getSchema(_ context.Context, _ *identity.Caller, in *SchemaOf) (*schemaDocument, error) {
	p, err := s.named(in)
	if err != nil {
		return nil, err
	}
	return &schemaDocument{mediaSchema, p.document}, nil
}

type checkInput struct {
	SchemaOf
	RawBody []byte `contentType:"application/json"`
}

type checkOutput struct {
	Body api.CheckedMessage
}

// checkMessage keeps nothing of the message and carries nothing out.
func (s *Server) checkMessage(_ context.Context, _ *identity.Caller, in *checkInput) (*checkOutput, error) {
	p, err := s.named(&in.SchemaOf)
	if err != nil {
		return nil, err
	}
	out := &checkOutput{Body: api.CheckedMessage{Schema: p.name, Version: formatVersion, Errors: []api.Defect{}}}
	if bad := p.misfit(in.RawBody); bad != nil {
		out.Body.Errors = bad.Errors
		hideAll(bad.Errors)
	}
	out.Body.Conforms = len(out.Body.Errors) == 0
	return out, nil
}

// misfit is everything in which a message deviates from its form; nil if there is nothing.
func (p *published) misfit(message []byte) *answer {
	var loose any
	if err := strictJSON.Unmarshal(message, &loose); err != nil {
		bad := misfit(http.StatusBadRequest, []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}})
		if offset, ok := offsetOf(err); ok {
			bad.Errors[0].Path = "byte " + strconv.FormatInt(offset, 10)
		}
		return bad
	}
	var found huma.ValidateResult
	at := huma.NewPathBuffer([]byte("body"), len("body"))
	huma.Validate(p.registry, p.schema, at, huma.ModeWriteToServer, loose, &found)
	return misfit(http.StatusUnprocessableEntity, found.Errors)
}

// formOf is the form of a type that is published.
func (s *Server) formOf(value any) *published {
	for _, p := range s.formats {
		if reflect.TypeOf(p.value) == reflect.TypeOf(value) {
			return p
		}
	}
	panic(fmt.Sprintf("server: the form of %T is not published", value))
}

// offsetOf is where JSON ends to be JSON.
func offsetOf(err error) (int64, bool) {
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return bad.Offset, true
	}
	return 0, false
}
