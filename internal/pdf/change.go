package pdf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Changes is what was added to a file after a revision.
type Changes struct {
	Signatures int      // more signatures
	Timestamps int      // more document time-stamps
	Stamps     []Stamp  // where these signatures show something on a page
	Evidence   bool     // evidence was added
	Metadata   bool     // the XMP metadata were written anew, by software that signed later
	Filled     int      // form fields that were filled in, as the signer allowed, by somebody who signed later
	Forbidden  []string // of what is recognised, that which the signer did not allow, in words
	Other      []string // anything else, in words: the document is not what was signed
}

// None tells whether nothing was added.
func (c *Changes) None() bool {
	return c.Signatures == 0 && c.Timestamps == 0 && !c.Evidence && !c.Metadata && c.Filled == 0 &&
		len(c.Forbidden) == 0 && len(c.Other) == 0
}

// maxTouched is how many objects of later revisions are looked at.
const maxTouched = 1 << 16

// maxOther is how many changes are named.
const maxOther = 64

// Changes tells what was added after the revision that a signature covers. Whatever is not recognised as another
// signature, a document time-stamp or evidence is another change: an object of the signed revision with a new content,
// one that was taken away, a number that the signed revision refers to without having it.
func (f *File) Changes(s *Signature) (*Changes, error) {
	if s.err != nil {
		return nil, s.err
	}
	revision, err := f.Revision(s.end)
	if err != nil {
		return nil, err
	}
	d := &comparison{
		old: revision, now: f, touched: map[uint32]bool{}, known: map[uint32]bool{}, uses: map[uint32]use{},
		shown: map[Ref]*[4]float64{}, allowed: s.Permissions,
	}
	added := len(f.sections) - len(revision.sections)
	if f.tolerances.Tail {
		d.other("octets behind the end")
	}
	if err := d.disguise(s.end); err != nil {
		return nil, err
	}
	err = d.countUses()
	if err == nil && added > 0 {
		err = d.compare(f.sections[:added])
	}
	if err != nil {
		return nil, err
	}
	return &d.changes, nil
}

// comparison holds the objects of later revisions against those that were signed.
type comparison struct {
	old, now *File
	touched  map[uint32]bool     // numbers that mean something else now
	known    map[uint32]bool     // of these, those that are recognised
	uses     map[uint32]use      // what the signed revision has a number for
	fields   map[Ref]bool        // signature fields that were signed since
	shown    map[Ref]*[4]float64 // of these, where they show something
	allowed  Permissions
	stamped  float64 // area of the stamps of later signatures
	changes  Changes
}

func (d *comparison) other(format string, args ...any) {
	if len(d.changes.Other) >= maxOther {
		return
	}
	d.changes.Other = append(d.changes.Other, fmt.Sprintf(format, args...))
}

// forbidden names a change that the signer did not allow.
func (d *comparison) forbidden(what string) {
	if len(d.changes.Forbidden) < maxOther && !slices.Contains(d.changes.Forbidden, what) {
		d.changes.Forbidden = append(d.changes.Forbidden, what)
	}
}

func (d *comparison) compare(later []*section) error {
	for _, step := range []func() error{
		func() error { return d.account(later) }, func() error { return d.touch(later) },
		d.absent, d.trailer, d.catalog, d.pages, d.stamps, d.judge,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// touch finds the numbers that later sections give another meaning.
func (d *comparison) touch(later []*section) error {
	for _, s := range later {
		for _, e := range s.entries {
			if d.touched[e.number] {
				continue
			}
			differs, err := d.differs(e.number)
			if err != nil {
				return err
			}
			if differs {
				d.touched[e.number] = true
			}
			if len(d.touched) > maxTouched {
				return refuse(ReasonLimit, "more than %d changed objects", maxTouched)
			}
		}
	}
	return nil
}

// differs tells whether a number means something else now.
func (d *comparison) differs(number uint32) (bool, error) {
	was, had := d.old.lookup(number)
	is, has := d.now.lookup(number)
	had, has = had && was.kind != kindFree, has && is.kind != kindFree
	switch {
	case !had && !has, had && has && was == is:
		return false, nil
	case had && has && generation(was) == generation(is):
		before, err := d.old.whole(was)
		if err != nil {
			return true, ignoreRefusal(err)
		}
		after, err := d.now.whole(is)
		return err != nil || !equal(before, after), ignoreRefusal(err)
	}
	return true, nil
}

// ignoreRefusal is for objects that cannot be read, where that is no reason to stop: it is a change.
func ignoreRefusal(err error) error {
	if ReasonOf(err) != "" {
		return nil
	}
	return err
}

func generation(e entry) uint32 {
	if e.kind == kindUsed {
		return e.extra
	}
	return 0
}

// whole reads the object of an entry.
func (f *File) whole(e entry) (Object, error) {
	switch e.kind {
	case kindUsed:
		return f.objectAt(e, 0)
	case kindPacked:
		return f.unpack(e, 0)
	case kindFree:
	}
	return nil, nil
}

// value is the object with a number, whatever its generation.
func (f *File) value(number uint32) (Object, error) {
	e, ok := f.lookup(number)
	if !ok {
		return nil, nil
	}
	return f.whole(e)
}

// fresh tells whether the signed revision had no object with a number.
func (d *comparison) fresh(number uint32) bool {
	e, ok := d.old.lookup(number)
	return !ok || e.kind == kindFree
}

// structural are the keys of a trailer that say where things are, not what they are.
var structural = []Name{
	"Size", "Prev", "XRefStm", "Type", "W", "Index", "Filter", "DecodeParms", "Length", "ID", "Info",
}

func (d *comparison) trailer() error {
	was, is := d.old.Trailer(), d.now.Trailer()
	if intOr(is["Size"], 0) < intOr(was["Size"], 0) { // some readers leave out the numbers behind it
		d.other("trailer")
	}
	if !equal(was["Root"], is["Root"]) {
		d.other("trailer")
	}
	for k, value := range is {
		if value != nil && says(k) && !d.repeats(k, value) {
			d.other("trailer")
			break
		}
	}
	if was["ID"] != nil {
		before, err := d.old.array(was["ID"])
		if err != nil {
			return err
		}
		after, err := d.now.array(is["ID"])
		if err != nil {
			return err
		}
		if len(before) == 0 || len(after) == 0 || !equal(before[0], after[0]) {
			d.other("file identifier")
		}
	}
	return d.information(was["Info"], is["Info"])
}

// says tells the keys of a trailer that say what is in the document.
func says(k Name) bool { return k != "Root" && !slices.Contains(structural, k) }

// repeats tells whether a trailer that was signed said the same. Software that signs may write a reference anew with a
// number that no object has: it says as little as the one before, as long as none has it now.
func (d *comparison) repeats(key Name, value Object) bool {
	meant := d.now.meant(value)
	return slices.ContainsFunc(d.old.sections, func(s *section) bool {
		was, said := s.trailer[key]
		return said && equal(d.old.meant(was), meant)
	})
}

// information allows that the software that signs leaves its name and the time.
func (d *comparison) information(was, is Object) error {
	before, err := d.old.dict(was)
	if err != nil {
		return err
	}
	after, err := d.now.dict(is)
	if err != nil {
		return err
	}
	if !differOnly(before, after, "ModDate", "Producer") {
		d.other("document information")
	}
	if r, ok := is.(Ref); ok && (was == is && d.uses[r.Number].alone() || d.fresh(r.Number)) {
		d.known[r.Number] = true
	}
	return nil
}

// catalog looks for what may be added to the root: signatures and evidence.
func (d *comparison) catalog() error {
	was, is := d.old.Trailer()["Root"], d.now.Trailer()["Root"]
	r, ok := is.(Ref)
	if u := d.uses[r.Number]; !ok || was != is || u.count-u.data > 1 {
		d.other("catalog")
		return nil
	}
	before, err := d.old.catalog()
	if err != nil {
		return err
	}
	after, err := d.now.catalog()
	if err != nil {
		return err
	}
	keys := []Name{"AcroForm", "DSS", "Version"}
	if d.extensions(before["Extensions"], after["Extensions"]) {
		keys = append(keys, "Extensions")
	}
	if d.metadata(before["Metadata"], after["Metadata"]) {
		keys = append(keys, "Metadata")
	}
	if differOnly(before, after, keys...) {
		d.known[r.Number] = true
	}
	if err := d.evidence(before["DSS"], after["DSS"]); err != nil {
		return err
	}
	return d.form(before["AcroForm"], after["AcroForm"])
}

// metadata recognises XMP metadata that were written anew in their place; no page shows them. They count only together
// with a later signature or time-stamp: see judge.
func (d *comparison) metadata(was, is Object) bool {
	r, ok := is.(Ref)
	if !ok || !d.touched[r.Number] || was != nil && (was != is || !d.uses[r.Number].alone()) {
		return false
	}
	before, err := d.old.Resolve(was)
	if err != nil || was != nil && !isMetadata(before) {
		return false
	}
	after, err := d.now.Resolve(is)
	if err != nil || !isMetadata(after) {
		return false
	}
	d.known[r.Number], d.changes.Metadata = true, true
	return true
}

func isMetadata(o Object) bool {
	s, ok := o.(*Stream)
	return ok && s.Dict["Type"] == Name("Metadata") && s.Dict["Subtype"] == Name("XML")
}

// extensions recognises what software adds to the developer extensions (7.12). They say which extensions the file needs
// and show nothing. They stand in the catalog, as the standard has it, or in an object of their own, as software
// writes them; one that was there may be written anew if nothing else uses it.
func (d *comparison) extensions(was, is Object) bool {
	before, err := d.old.Resolve(was)
	if err != nil {
		return false
	}
	after, err := d.now.Resolve(is)
	if err != nil || !extends(before, after) {
		return false
	}
	if r, ok := is.(Ref); ok && was == is && d.uses[r.Number].alone() {
		d.known[r.Number] = true
	}
	return true
}

// extends tells whether a dictionary has all that it had.
func extends(was, is Object) bool {
	if was == nil {
		was = Dict{}
	}
	before, ok1 := was.(Dict)
	after, ok2 := is.(Dict)
	if !ok1 || !ok2 {
		return false
	}
	for k, v := range before {
		if !equal(v, after[k]) {
			return false
		}
	}
	return true
}

// judge names every touched object that was not recognised. A new one to which the signed revision does not refer can
// be reached only from what was changed: if all that is recognised, it is a remnant that nothing shows.
func (d *comparison) judge() error {
	if d.changes.Metadata && d.changes.Signatures+d.changes.Timestamps == 0 {
		d.other("metadata")
	}
	if d.changes.Filled > 0 && d.changes.Signatures == 0 {
		d.other("form fields filled in that nobody signed")
	}
	for _, n := range slices.Sorted(maps.Keys(d.touched)) {
		if d.known[n] || d.fresh(n) {
			continue
		}
		before, err := d.old.value(n)
		if ignoreRefusal(err) != nil {
			return err
		}
		after, err := d.now.value(n)
		if ignoreRefusal(err) != nil {
			return err
		}
		if isMachinery(after) && isMachinery(before) && d.uses[n].count == 0 {
			continue
		}
		d.other("%s", strings.TrimSpace(fmt.Sprintf("%s object %d", kindOf(before), n)))
	}
	return nil
}

// isMachinery tells the streams of the cross-reference itself. Object streams are none: what they hold is the document.
func isMachinery(o Object) bool {
	s, ok := o.(*Stream)
	return ok && s.Dict["Type"] == Name("XRef")
}

// kindOf says what an object is for.
func kindOf(o Object) string {
	d, _ := o.(Dict)
	if s, ok := o.(*Stream); ok {
		d = s.Dict
	}
	switch d["Type"] {
	case Name("Page"), Name("Pages"):
		return "page"
	case Name("Catalog"):
		return "catalog"
	case Name("Annot"):
		if d["FT"] != nil || d["T"] != nil {
			return "form field"
		}
		return "annotation"
	case Name("Metadata"):
		return "metadata"
	case Name("Sig"), Name("DocTimeStamp"):
		return "signature"
	}
	return ""
}
