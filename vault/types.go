package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// LicenceType is a declared type in the version in force, ready for checking. It is immutable and safe for use by
// many goroutines.
type LicenceType struct {
	*catalogue.Compiled

	Definition catalogue.Type
	Owner      string        // USCC of the department that maintains the definition in this vault
	Digest     record.Digest // of the canonical bytes
	at         columns
	cols       []*catalogue.Column
	clear      []bool // by column: the record states it openly
	images     []*catalogue.Column
}

// columns are the places of the metadata elements in a row.
type columns struct {
	name, number, identifier, issuer, issuerCode, issued, holder, holderCode, holderKind, from, until int
}

// typeHead is the stored summary of a type that every act on its licences reads first.
type typeHead struct {
	closed  bool
	version int
	owner   string
	digest  record.Digest
}

const typeFormat = 1

func (t *typeHead) encode() []byte {
	closed := byte(0)
	if t.closed {
		closed = 1
	}
	b := []byte{typeFormat, closed}
	b = appendText(append(b, be16(t.version)...), t.owner)
	return append(b, t.digest[:]...)
}

func getTypeHead(r engine.Reader, code string) (*typeHead, error) {
	if len(code) != 21 {
		return nil, refuse(ErrUnknownType, CodeTypeUnknown, "type")
	}
	b, err := r.Get(key(spaceType, []byte(code)))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, refuse(ErrUnknownType, CodeTypeUnknown, "type")
	}
	if err != nil {
		return nil, err
	}
	d := decoder{b: b}
	ok := d.byte() == typeFormat
	t := &typeHead{closed: d.byte() != 0}
	if v := d.take(2); v != nil {
		t.version = int(v[0])<<8 | int(v[1])
	}
	t.owner = d.text()
	d.fixed(t.digest[:])
	if d.end() != nil || !ok {
		return nil, fmt.Errorf("%w: licence type", ErrDamaged)
	}
	return t, nil
}

// openType is the guard in the storage path of every write: a classified type takes no licence, whoever asks (A69).
func openType(r engine.Reader, code string) (*typeHead, error) {
	t, err := getTypeHead(r, code)
	if err != nil {
		return nil, err
	}
	if t.closed {
		return nil, refuse(ErrSecret, CodeTypeSecret, "type")
	}
	return t, nil
}

// readableType is the guard of every read: licences of a type that was classified later can be seen by the owner only.
func readableType(r engine.Reader, s *session, code string) error {
	_, err := readableHead(r, s, code)
	return err
}

// readableHead is readableType for who needs the type itself.
func readableHead(r engine.Reader, s *session, code string) (*typeHead, error) {
	t, err := getTypeHead(r, code)
	if err != nil {
		return nil, err
	}
	if t.closed && !s.owns(t) {
		return nil, refuse(ErrSecret, CodeTypeSecret, "type")
	}
	return t, nil
}

// owns reports whether a session is the owner's of a type, by its own right.
func (s *session) owns(t *typeHead) bool {
	return s.Ground == GroundIssuer && s.caller.Department == t.owner
}

// PutType declares a type or a new version of one from its YAML definition, and gives the version now in force.
// Putting the definition in force again changes nothing. The department that defines the type owns it; if that is a
// body outside the vault, the department that first declares it and is registered to issue it does (A67). Another
// classification states its own reason and day of decision, and stands in the audit with them (A69).
func (v *Vault) PutType(ctx context.Context, a Access, yaml []byte) (*LicenceType, error) {
	code, err := v.declare(ctx, a, yaml, false)
	if err != nil {
		return nil, err
	}
	return v.Type(ctx, code)
}

// ValidateType takes a definition along the whole path of PutType and changes nothing but the audit.
func (v *Vault) ValidateType(ctx context.Context, a Access, yaml []byte) error {
	_, err := v.declare(ctx, a, yaml, true)
	return err
}

// declare puts a definition in force and gives the type's code; a rehearsal leaves nothing but the audit.
func (v *Vault) declare(ctx context.Context, a Access, yaml []byte, rehearsal bool) (code string, err error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return "", err
	}
	note := auditNote{act: "type"}
	if rehearsal {
		note.act = "validate"
	}
	def, err := v.declared(ctx, s, yaml)
	note.typ = def.Code
	if err != nil {
		return "", v.denied(ctx, s, note, err)
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil && !def.Classification.Closed() {
			return err // a restored vault takes a classification that it has lost, and no other definition
		}
		done, err := putType(w, s, def)
		if err != nil {
			return err
		}
		if rehearsal {
			return errRehearsed
		}
		return v.appendAudit(w, s, done)
	})
	switch {
	case errors.Is(err, errRehearsed):
		err = v.audit(ctx, s, note)
	case isRefusal(err):
		err = v.denied(ctx, s, note, err)
	}
	return def.Code, err
}

// declared reads a definition and decides whether the caller may declare it.
func (v *Vault) declared(ctx context.Context, s *session, yaml []byte) (catalogue.Type, error) {
	def, err := catalogue.ParseType(yaml)
	switch {
	case err != nil:
		return catalogue.Type{}, err
	case s.Ground != GroundIssuer || !def.OwnedBy(s.caller.Department) && !slices.Contains(s.caller.Issues, def.Code):
		return def, v.notOwner(ctx, s, def.Code)
	}
	return def, v.checkPage(def)
}

// checkPage has whoever draws judge a template that a type brings of its own. Nobody who can: it is refused, because a
// page that cannot be drawn would stop every issue.
func (v *Vault) checkPage(def catalogue.Type) error {
	if def.Page == "" {
		return nil
	}
	judge, ok := v.cfg.Documents.(PageChecker)
	if !ok {
		return refuse(ErrInvalid, CodePageUnchecked, "page")
	}
	if problems := judge.CheckPage(def); len(problems) > 0 {
		return &Refusal{ErrInvalid, problems}
	}
	return nil
}

// notOwner says why a department may not define a type: another one does, or nobody and it is not registered for it.
func (v *Vault) notOwner(ctx context.Context, s *session, typeCode string) error {
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		_, err := getTypeHead(r, typeCode)
		return err
	})
	switch {
	case err == nil, s.Ground != GroundIssuer:
		return refuse(ErrDenied, CodeTypeOwner, "type")
	case errors.Is(err, ErrUnknownType):
		return refuse(ErrDenied, CodeTypeNotGranted, "type")
	}
	return err
}

// putType writes a definition and says what it did.
func putType(w engine.Writer, s *session, def catalogue.Type) (auditNote, error) {
	note := auditNote{act: "type", typ: def.Code}
	old, err := getTypeHead(w, def.Code)
	if err != nil && !errors.Is(err, ErrUnknownType) {
		return note, err
	}
	owner := s.caller.Department
	var before catalogue.Type
	switch {
	case old != nil && old.owner != owner:
		return note, refuse(ErrDenied, CodeTypeOwner, "type")
	case old != nil:
		if before, err = getDefinition(w, def.Code, old.version); err != nil {
			return note, err
		}
		if same, err := checkSuccessor(old, before, def); err != nil || same {
			note.result = "unchanged"
			return note, err
		}
	case !def.OwnedBy(owner):
		if err := mayAdopt(w, def); err != nil {
			return note, err
		}
	}
	def.Version = before.Version + 1
	note.object = object("version", strconv.Itoa(def.Version))
	if was, is := before.Classification.Level, def.Classification.Level; was != is {
		note.change, note.reason = reclassified(was, is), def.Classification.Reason
	}
	return note, storeType(w, owner, def)
}

// reclassified says how a type was classified before, if it was declared, and how it is now.
func reclassified(was, is catalogue.Level) string {
	return strings.Join(slices.DeleteFunc([]string{"classification", string(was), string(is)}, func(s string) bool {
		return s == ""
	}), " ")
}

func storeType(w engine.Writer, owner string, def catalogue.Type) error {
	raw, err := def.Encode()
	if err != nil {
		return fmt.Errorf("vault: encoding type: %w", err)
	}
	h := typeHead{closed: def.Classification.Closed(), version: def.Version, owner: owner, digest: record.Sum(raw)}
	if err := w.Create(key(spaceTypeVersion, []byte(def.Code), be16(def.Version)), raw); err != nil {
		return err
	}
	return w.Put(key(spaceType, []byte(def.Code)), h.encode())
}

// mayAdopt refuses to let a department declare the type of another department of this vault.
func mayAdopt(r engine.Reader, def catalogue.Type) error {
	callers, err := scanCallers(r)
	if err != nil {
		return err
	}
	for i := range callers {
		if def.OwnedBy(callers[i].Department) {
			return refuse(ErrDenied, CodeTypeOwner, "type")
		}
	}
	return nil
}

// checkSuccessor reports whether def says what is in force already, and refuses a definition that changes the meaning
// of fields that licences carry, or the classification without a word why.
func checkSuccessor(old *typeHead, before, def catalogue.Type) (same bool, err error) {
	def.Version = old.version
	raw, err := def.Encode()
	if err != nil {
		return false, fmt.Errorf("vault: encoding type: %w", err)
	}
	if record.Sum(raw) == old.digest {
		return true, nil
	}
	def.Version++
	_, incompatible := catalogue.DiffTypes(before, def)
	problems := catalogueProblems(incompatible)
	if !reasoned(before.Classification, def.Classification) {
		problems = append(problems, problem(CodeReclassified, "classification", ""))
	}
	if len(problems) > 0 {
		return false, &Refusal{ErrInvalid, problems}
	}
	return false, nil
}

// reasoned reports whether a change of classification, up or down, rests on a decision of its own and not on the one
// before.
func reasoned(was, is catalogue.Classification) bool {
	if was.Level == is.Level {
		return true
	}
	return is.Reason != "" && is.Decided != "" && (is.Reason != was.Reason || is.Decided != was.Decided)
}

func getDefinition(r engine.Reader, code string, version int) (catalogue.Type, error) {
	raw, err := r.Get(key(spaceTypeVersion, []byte(code), be16(version)))
	if err != nil {
		return catalogue.Type{}, fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	def, err := catalogue.ParseType(raw)
	if err != nil {
		return catalogue.Type{}, fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	return def, nil
}

// Type gives the version in force of a declared type. Definitions are public, those of classified types included.
func (v *Vault) Type(ctx context.Context, code string) (*LicenceType, error) {
	var t *LicenceType
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		t, err = v.typeIn(r, code)
		return err
	})
	return t, err
}

// typeIn compiles a type once and keeps it for as long as its definition stands.
func (v *Vault) typeIn(r engine.Reader, code string) (*LicenceType, error) {
	h, err := getTypeHead(r, code)
	if err != nil {
		return nil, err
	}
	return v.compiled(r, code, h)
}

// compiled is typeIn for who has the type's head.
func (v *Vault) compiled(r engine.Reader, code string, h *typeHead) (*LicenceType, error) {
	if t, ok := v.types.Load(code); ok && t.(*LicenceType).Digest == h.digest { //nolint:errcheck // holds no others
		return t.(*LicenceType), nil //nolint:errcheck // holds no others
	}
	def, err := getDefinition(r, code, h.version)
	if err != nil {
		return nil, err
	}
	t, err := newLicenceType(def, h)
	if err != nil {
		return nil, err
	}
	v.types.Store(code, t)
	return t, nil
}

// typeAt gives a type as it was in one version.
func (v *Vault) typeAt(r engine.Reader, code string, version int) (*LicenceType, error) {
	t, err := v.typeIn(r, code)
	if err != nil || t.Definition.Version == version {
		return t, err
	}
	def, err := getDefinition(r, code, version)
	if err != nil {
		return nil, err
	}
	raw, err := def.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	return newLicenceType(def, &typeHead{version: version, owner: t.Owner, digest: record.Sum(raw)})
}

// NewLicenceType is a type by its definition as another vault gave it out, to read and write requests to that vault by.
func NewLicenceType(def catalogue.Type, owner string) (*LicenceType, error) {
	raw, err := def.Encode()
	if err != nil {
		return nil, fmt.Errorf("vault: writing the definition of a type: %w", err)
	}
	return newLicenceType(def, &typeHead{version: def.Version, owner: owner, digest: record.Sum(raw)})
}

func newLicenceType(def catalogue.Type, h *typeHead) (*LicenceType, error) {
	compiled, err := def.Compile()
	if err != nil {
		return nil, fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	t := &LicenceType{
		Compiled: compiled, Definition: def, Owner: h.owner, Digest: h.digest, cols: compiled.Columns(),
	}
	for _, c := range t.cols {
		t.clear = append(t.clear, slices.Contains(clearNames, c.Name))
		if c.Kind == catalogue.KindImage {
			t.images = append(t.images, c)
		}
	}
	for name, at := range map[string]*int{
		catalogue.MetaName: &t.at.name, catalogue.MetaNumber: &t.at.number, catalogue.MetaIdentifier: &t.at.identifier,
		catalogue.MetaIssuer: &t.at.issuer, catalogue.MetaIssuerCode: &t.at.issuerCode,
		catalogue.MetaIssued: &t.at.issued, catalogue.MetaHolder: &t.at.holder,
		catalogue.MetaHolderCode: &t.at.holderCode, catalogue.MetaHolderCodeType: &t.at.holderKind,
		catalogue.MetaFrom: &t.at.from, catalogue.MetaUntil: &t.at.until,
	} {
		c, ok := compiled.Column(name)
		if !ok {
			return nil, fmt.Errorf("%w: type without %s", ErrDamaged, name)
		}
		*at = c.Index
	}
	return t, nil
}

// TypeStatus is one line of the report on licence types (A68).
type TypeStatus struct {
	Code           string          `json:"code"`
	Name           string          `json:"name"`
	Version        int             `json:"version"` // 0: a department is to issue it but nobody declared it
	Owner          string          `json:"owner"`
	Classification catalogue.Level `json:"classification"`
	Declared       bool            `json:"declared"`
	Live           bool            `json:"live"`    // at least one licence is in the vault
	Missing        bool            `json:"missing"` // should be in the vault and is not
}

// TypeReport lists every type that is declared or that a department is registered to issue: declared, live in the
// vault, missing (A68). Classified types are listed and never missing.
func (v *Vault) TypeReport(ctx context.Context) ([]TypeStatus, error) {
	var list []TypeStatus
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		codes, err := listedTypes(r)
		if err != nil {
			return err
		}
		list = make([]TypeStatus, 0, len(codes))
		for _, code := range codes {
			st, err := v.typeStatus(r, code)
			if err != nil {
				return err
			}
			list = append(list, st)
		}
		return nil
	})
	return list, err
}

func listedTypes(r engine.Reader) ([]string, error) {
	var codes []string
	err := r.Scan(engine.Range{Prefix: []byte{spaceType}, KeysOnly: true}, func(k, _ []byte) (bool, error) {
		codes = append(codes, string(k[1:]))
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	callers, err := scanCallers(r)
	if err != nil {
		return nil, err
	}
	for i := range callers {
		codes = append(codes, callers[i].Issues...)
	}
	slices.Sort(codes)
	return slices.Compact(codes), nil
}

func (v *Vault) typeStatus(r engine.Reader, code string) (TypeStatus, error) {
	st := TypeStatus{Code: code, Missing: true}
	t, err := v.typeIn(r, code)
	if errors.Is(err, ErrUnknownType) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	st.Name, st.Version, st.Owner, st.Declared = t.Definition.Name, t.Definition.Version, t.Owner, true
	st.Classification = t.Definition.Classification.Level
	err = r.Scan(engine.Range{Prefix: key(spaceNumber, word(code))}, func(_, value []byte) (bool, error) {
		if len(value) != len(licenceID{}) {
			return false, fmt.Errorf("%w: number index", ErrDamaged)
		}
		h, err := getHead(r, licenceID(value))
		st.Live = err == nil && h != nil && h.version > 0 && h.state != Withdrawn // more than a reservation
		return !st.Live, err
	})
	st.Missing = !st.Live && !t.Definition.Classification.Closed()
	return st, err
}

// catalogueProblems turns problems of a definition or of values into those of an answer.
func catalogueProblems(list catalogue.Problems) []Problem {
	out := make([]Problem, len(list))
	for i := range list {
		p := &list[i]
		out[i] = Problem{
			Code: Code(p.Code), Field: p.Path, Found: p.Found,
			Zh: p.Text(catalogue.ZH) + "；" + p.Fix(catalogue.ZH), En: p.Text(catalogue.EN) + "; " + p.Fix(catalogue.EN),
		}
	}
	return out
}
