package server

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// The library names what is wrong by its own word, as batch or version, and does not know where in a request that
// stands. The Go type of an operation's input does: path.batch, query.since, header.If-Match, or a member of the body,
// which keeps its JSON pointer.

// places are where the parts of an operation's requests stand.
type places struct {
	raw        bool              // the body is no JSON of known members
	members    map[string]bool   // of the body
	parameters map[string]string // path.x, query.x and header.X by x in small letters
}

// placesIn reads them from the type of an input.
func placesIn(input reflect.Type) *places {
	p := &places{members: map[string]bool{}, parameters: map[string]string{}}
	p.read(input)
	return p
}

func (p *places) read(input reflect.Type) {
	for _, f := range reflect.VisibleFields(input) {
		if f.Name == "Body" || f.Name == "RawBody" {
			p.readBody(f.Type)
		}
		for _, in := range []string{"path", "query", "header"} {
			if name, _, _ := strings.Cut(f.Tag.Get(in), ","); name != "" {
				p.parameters[strings.ToLower(name)] = in + "." + name
			}
		}
	}
}

func (p *places) readBody(body reflect.Type) {
	if body.Kind() == reflect.Pointer {
		body = body.Elem()
	}
	if p.raw = body.Kind() != reflect.Struct; p.raw {
		return
	}
	for _, f := range reflect.VisibleFields(body) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			p.members[name] = true
		}
	}
}

// alsoCalled are the parameters that decide what the library calls otherwise, the nearest first: a licence is of a type
// and an issuer, so that a request which names neither is wrong about the licence that it names.
var alsoCalled = map[string][]string{
	"version": {"if-match"}, "cursor": {"after", "before"}, "size": {"since"}, "consent": {"id"}, "message": {"id"},
	"document": {"digest"}, "scan": {"digest"}, "legal": {"id"}, "id": {"id"},
	"type": {"code", "identifier", "batch"}, "issuer": {"identifier", "batch", "id"},
	"department": {"identifier", "batch"}, "row": {"batch"}, "state": {"identifier", "batch"},
}

// aboutWord are the words for what codes of the service are about that name no place themselves.
var aboutWord = map[Code]string{
	CodeJobUnknown:     "id",
	CodeJobEnded:       "id",
	CodeFileUnknown:    "id",
	CodeNoSub:          "id",
	CodeNoVerdict:      "id",
	CodeNoEvidence:     "id",
	CodeNoDispute:      "id",
	CodeDisputeSettled: "id",
	CodeNoDocument:     "digest",
	CodeNoEvent:        "event",
	CodeNoCheckpoint:   "since",
	CodeIfMatch:        "if-match",
	CodeReceiver:       "url",
	CodeSequence:       "from",
	CodeEventKind:      "kinds",
	CodeNoSchema:       "name",

	Code(identity.CodeRegistrationUnknown): "id",
	Code(identity.CodeChallenge):           "challenge",
}

// place makes every place that a refusal names one of the request.
func (p *places) place(a *answer, err error) {
	var definition *catalogue.TypeError
	if errors.As(err, &definition) {
		return // its places are those of the definition, which is the body
	}
	for i := range a.Errors {
		d := &a.Errors[i]
		word, isPointer := strings.CutPrefix(d.Path, "/")
		switch {
		case d.Path == "":
			if at, ok := p.find(aboutWord[Code(d.Code)]); ok {
				d.Path = at
			}
		case isPointer && !strings.ContainsAny(word, "/ "):
			if at, ok := p.find(word); ok || !p.raw {
				d.Path = at // or none, as of who asks
			}
		}
	}
}

// find is where a word of the library stands in a request.
func (p *places) find(word string) (string, bool) {
	if word == "" {
		return "", false
	}
	if p.members[word] {
		return "/" + word, true
	}
	for _, name := range append([]string{strings.ToLower(word)}, alsoCalled[word]...) {
		if at, ok := p.parameters[name]; ok {
			return at, true
		}
	}
	return "", false
}

// together is the refusal of a request for everything that is wrong with it; nil if nothing is. What is no fault of the
// request is told alone.
func together(found ...error) error {
	all := &answer{}
	for _, err := range found {
		if err == nil {
			continue
		}
		a := knownProblem(err)
		if a == nil || a.Status >= http.StatusInternalServerError {
			return err
		}
		switch {
		case len(all.Errors) == 0:
			all.Status, all.Retryable = a.Status, a.Retryable
		case all.Status != a.Status:
			all.Status = statusOf(vault.ErrInvalid)
		}
		all.Retryable = all.Retryable && a.Retryable
		all.Errors = append(all.Errors, a.Errors...)
	}
	if len(all.Errors) == 0 {
		return nil
	}
	return all.headline()
}
