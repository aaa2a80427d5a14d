package server

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// Elements go by the short names of their type. On input their names in GB/T 36903 (certificateHolderName) and the
// labels of the type (持证主体) are taken as well; answers use short names.

// shortNames are the names that a caller asks for as their type calls them; what the type does not know stays as it is
// and is found nowhere.
func (s *Server) shortNames(ctx context.Context, typeCode string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	t, err := s.cfg.Vault.Type(ctx, typeCode)
	if err != nil {
		return names
	}
	if len(names) == 1 && names[0] == everything {
		return faceOf(t)
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if short, ok := t.ShortName(name); ok {
			out[i] = short
		}
	}
	return out
}

// everything asks for all that a licence says: whoever looks at it does not have to ask for its type first.
const everything = "*"

// faceOf are the short names of all elements of a type.
func faceOf(t *vault.LicenceType) []string {
	cols := t.Columns()
	out := make([]string, len(cols))
	for i := range cols {
		out[i] = cols[i].Name
	}
	return out
}

// knownNames is shortNames where every name must be known.
func (s *Server) knownNames(ctx context.Context, typeCode string, names []string) ([]string, error) {
	t, err := s.cfg.Vault.Type(ctx, typeCode)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(names))
	var unknown []api.Defect
	for i, name := range names {
		short, ok := t.ShortName(name)
		if !ok {
			d := fieldUnknown()
			d.Path, d.Found = "/fields/"+strconv.Itoa(i), name
			unknown = append(unknown, d)
		}
		out[i] = short
	}
	return out, defects(unknown)
}

// spelling remembers how a caller wrote the names of elements, so that a refusal points to what was written.
type spelling struct {
	member  string // of the request: values or claims
	written map[string]string
}

// asWritten is the spelling of values whose names the vault reads by itself.
func asWritten(member string, values map[string]string) *spelling {
	as := &spelling{member: member, written: make(map[string]string, len(values))}
	for name := range values {
		as.written[name] = name
	}
	return as
}

// shortValues gives values by short name. A name that the type does not know stays, for the vault to refuse; two names
// of one element are a refusal, since nobody can say which is meant.
func (s *Server) shortValues(ctx context.Context, typeCode, member string, values map[string]string) (
	map[string]string, *spelling, error,
) {
	as := &spelling{member: member, written: map[string]string{}}
	t, err := s.cfg.Vault.Type(ctx, typeCode)
	if err != nil || len(values) == 0 {
		return values, as, nil //nolint:nilerr // the vault says what is wrong with the type
	}
	out := make(map[string]string, len(values))
	var twice []api.Defect
	for _, name := range slices.Sorted(maps.Keys(values)) {
		short, ok := t.ShortName(name)
		if !ok {
			short = name
		}
		if _, there := out[short]; there {
			d := sentenceDefect(vault.CodeFieldTwice)
			d.Path, d.Found = "/"+member+"/"+escape(name), short
			twice = append(twice, d)
		}
		out[short], as.written[short] = values[name], name
	}
	return out, as, defects(twice)
}

// shortImages is shortValues for photos.
func (s *Server) shortImages(
	ctx context.Context, typeCode string, images map[string][]byte,
) (map[string][]byte, error) {
	names := make(map[string]string, len(images))
	for name := range images {
		names[name] = name
	}
	short, _, err := s.shortValues(ctx, typeCode, "images", names)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	out := make(map[string][]byte, len(images))
	for to, name := range short {
		out[to] = images[name]
	}
	return out, nil
}

// point makes a refusal of the vault point to the member and the name that the caller wrote.
func (as *spelling) point(err error) error {
	var r *vault.Refusal
	if err == nil || !errors.As(err, &r) || errors.Is(err, vault.ErrAudit) {
		return err
	}
	a := vaultProblem(r)
	for i := range a.Errors {
		field := r.Problems[i].Field
		if field == "number" { // by its own rule the vault asks for it among the values
			field = catalogue.MetaNumber
		}
		if name, ok := as.written[field]; ok {
			a.Errors[i].Path = "/" + as.member + "/" + escape(name)
		}
	}
	return a
}

// members are the members of a request that the vault calls otherwise.
type members map[string]string

// point makes a refusal of the vault point to the members of the request.
func (m members) point(err error) error {
	var r *vault.Refusal
	if err == nil || !errors.As(err, &r) || errors.Is(err, vault.ErrAudit) {
		return err
	}
	a := vaultProblem(r)
	for i := range a.Errors {
		if name, ok := m[r.Problems[i].Field]; ok {
			a.Errors[i].Path = "/" + name
		}
	}
	return a
}

// defects is the refusal of a request for these reasons; nil if there are none.
func defects(list []api.Defect) error {
	if len(list) == 0 {
		return nil
	}
	a := &answer{api.Problem{Status: statusOf(vault.ErrInvalid), Errors: list}}
	return a.headline()
}

func fieldUnknown() api.Defect { return sentenceDefect(vault.CodeFieldUnknown) }

// sentenceDefect is a defect in the words of the vault.
func sentenceDefect(c vault.Code) api.Defect {
	zh, en := c.Sentence()
	return defect(string(c), zh, en)
}

// typeIn is the type that an identifier names; "" if it is none.
func typeIn(identifier string) string {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return ""
	}
	return id.Type
}
