package pdf

import "slices"

// take recognises everything new that an addition brings with it: objects that the signed revision did not have and
// does not refer to.
func (d *comparison) take(o Object) error {
	var queue []uint32
	push := func(r Ref) {
		if n := r.Number; d.touched[n] && !d.known[n] && d.fresh(n) {
			d.known[n] = true
			queue = append(queue, n)
		}
	}
	references(o, push)
	for len(queue) > 0 {
		o, err := d.now.value(queue[0])
		if err != nil {
			return err
		}
		queue = queue[1:]
		references(o, push)
	}
	return nil
}

// changedPart looks through references to a part of the document that may have changed in place. It is recognised if
// the signed revision refers to it once, that is for this end alone.
func (d *comparison) changedPart(was, is Object) (before, after Object, err error) {
	if before, err = d.old.Resolve(was); err != nil {
		return nil, nil, err
	}
	if after, err = d.now.Resolve(is); err != nil {
		return nil, nil, err
	}
	return before, after, nil
}

// admit recognises an object that is in its place since then, or was there alone before.
func (d *comparison) admit(was, is Object) {
	r, ok := is.(Ref)
	if ok && (d.fresh(r.Number) || was == is && d.uses[r.Number].alone()) {
		d.known[r.Number] = true
	}
}

// evidence compares the document security stores.
func (d *comparison) evidence(was, is Object) error {
	if is == nil {
		if was != nil {
			d.other("evidence taken away")
		}
		return nil
	}
	before := map[uint32]bool{}
	if err := d.oldStore(was, before, 0); err != nil {
		return err
	}
	n := len(d.known)
	w := &storeWalk{comparison: d, before: before, seen: map[uint32]bool{}}
	if err := w.walk(is, 0); err != nil {
		return err
	}
	d.changes.Evidence = d.changes.Evidence || was == nil || len(d.known) > n
	return nil
}

const maxStoreDepth = 8

// oldStore collects the numbers of the signed store.
func (d *comparison) oldStore(o Object, into map[uint32]bool, depth int) error {
	var err error
	references(o, func(r Ref) {
		if err != nil || into[r.Number] || depth > maxStoreDepth {
			return
		}
		into[r.Number] = true
		var next Object
		if next, err = d.old.Resolve(r); err == nil {
			err = d.oldStore(next, into, depth+1)
		}
	})
	return err
}

// storeWalk recognises the objects of the store: new ones, and dictionaries and lists of the old one that nothing else
// uses, below others that nothing else uses.
type storeWalk struct {
	*comparison
	before map[uint32]bool
	seen   map[uint32]bool
}

func (w *storeWalk) walk(o Object, depth int) error {
	var err error
	references(o, func(r Ref) {
		n := r.Number
		if err != nil || depth > maxStoreDepth || w.seen[n] {
			return
		}
		w.seen[n] = true
		var next Object
		if next, err = w.now.Resolve(r); err != nil {
			return
		}
		_, isStream := next.(*Stream)
		if !w.fresh(n) && (!w.before[n] || !w.uses[n].alone() || isStream) {
			return
		}
		if w.touched[n] {
			w.known[n] = true
		}
		err = w.walk(next, depth+1)
	})
	return err
}

// form compares the forms: signature fields may be added behind the others, and empty ones be signed.
func (d *comparison) form(was, is Object) error {
	before, after, err := d.changedPart(was, is)
	if err != nil {
		return err
	}
	old, ok1 := before.(Dict)
	form, ok2 := after.(Dict)
	if before != nil && !ok1 || after != nil && !ok2 {
		return refuse(ReasonStructure, "a form that is none")
	}
	keys, err := d.openKeys(old, form)
	if err != nil {
		return err
	}
	if !differOnly(old, form, keys...) {
		d.other("form")
		return nil
	}
	if err := d.take(form["DR"]); err != nil {
		return err
	}
	d.admit(was, is)
	return d.formFields(old["Fields"], form["Fields"])
}

// openKeys are the keys of a form that may have another value.
func (d *comparison) openKeys(old, form Dict) ([]Name, error) {
	keys := []Name{"Fields", "SigFlags"}
	others, err := d.old.otherFields()
	if err != nil {
		return nil, err
	}
	if len(others) == 0 {
		keys = append(keys, "DA") // what text fields look like, of which there is none
	}
	keeps, err := d.keepsFonts(old["DR"], form["DR"])
	if keeps {
		keys = append(keys, "DR")
	}
	return keys, err
}

// formFields recognises fields that were signed, filled in or added since.
func (d *comparison) formFields(was, is Object) error {
	added, ok, err := d.longer(was, is)
	if err != nil {
		return err
	}
	if !ok {
		d.other("form fields")
	}
	d.fields = map[Ref]bool{}
	if err := d.signedSince(); err != nil {
		return err
	}
	if err := d.filledSince(); err != nil {
		return err
	}
	for _, o := range added {
		if err := d.newField(o); err != nil {
			return err
		}
	}
	return nil
}

// keepsFonts tells whether the fonts of a form are what they were, with others beside them: readers draw with these
// what has no appearance, and a font in the place of another shows other letters.
func (d *comparison) keepsFonts(was, is Object) (bool, error) {
	old, err := d.old.fontsOf(was)
	if err != nil {
		return false, err
	}
	now, err := d.now.fontsOf(is)
	return err == nil && extends(old, now), err
}

func (f *File) fontsOf(resources Object) (Dict, error) {
	d, err := f.dict(resources)
	if err != nil {
		return nil, err
	}
	fonts, err := f.dict(d["Font"])
	if fonts == nil {
		fonts = Dict{}
	}
	return fonts, err
}

// longer tells whether a list is what it was with more behind it, and gives that.
func (d *comparison) longer(was, is Object) (Array, bool, error) {
	before, err := d.old.array(was)
	if err != nil {
		return nil, false, err
	}
	after, err := d.now.array(is)
	if err != nil {
		return nil, false, err
	}
	if len(after) < len(before) || !equal(before, after[:len(before)]) {
		return nil, false, nil
	}
	d.admit(was, is)
	return after[len(before):], true, nil
}

// fieldKeys are what a new signature field may have: no action, no field below it.
var fieldKeys = []Name{
	"Type", "Subtype", "FT", "T", "TU", "TM", "V", "F", "Ff", "Rect", "P", "AP", "AS", "MK", "DA", "DR", "Lock", "SV",
	"Border", "BS", "H", "NM", "M",
}

// newField recognises a signature field that was added with its signature.
func (d *comparison) newField(o Object) error {
	r, ok := o.(Ref)
	field, err := d.now.dict(o)
	if err != nil {
		return err
	}
	if !ok || !d.fresh(r.Number) || field["FT"] != Name("Sig") || field["V"] == nil ||
		field["Type"] != nil && field["Type"] != Name("Annot") || !differOnly(Dict{}, field, fieldKeys...) {
		d.other("form field")
		return nil
	}
	d.known[r.Number] = true
	name, err := d.now.Resolve(field["T"])
	if err != nil {
		return err
	}
	text, ok := name.(*String)
	if !ok {
		d.other("form field without a name")
		return nil
	}
	if shown, err := d.shows(field); err != nil {
		return err
	} else if shown != nil {
		if err := d.covers(field); err != nil {
			return err
		}
	}
	return d.newValue(Field{Name: Text(text.Value), Ref: r, Dict: field})
}

// newValue recognises a signature value that was added to a field.
func (d *comparison) newValue(field Field) error {
	dict := field.Dict
	v, ok := dict["V"].(Ref)
	if !ok || !d.fresh(v.Number) {
		d.other("signature field")
		return nil
	}
	value, err := d.now.dict(v)
	if err != nil {
		return err
	}
	if _, err := d.now.dict(dict["AP"]); err != nil {
		return err
	}
	shown, err := d.shows(dict)
	if err != nil {
		return err
	}
	switch stamp := value["SubFilter"] == FilterTimestamp; {
	case stamp && shown != nil: // anybody can have a time-stamp, and would write over the page with it
		d.other("time-stamp that shows something")
		return nil
	case stamp:
		d.changes.Timestamps++
	case d.allowed.Level == 1:
		d.changes.Signatures++
		d.forbidden("a signature that the certification does not permit")
	case d.allowed.Locks(field.Name):
		d.changes.Signatures++
		d.forbidden("a signature in a field that is locked")
	default:
		d.changes.Signatures++
	}
	if shown != nil {
		d.shown[field.Ref] = shown
	}
	d.fields[field.Ref] = true
	return d.take(Array{dict["V"], dict["AP"], dict["MK"], dict["DR"], dict["Lock"], dict["SV"]})
}

// signedSince recognises fields that were there empty and hold a signature now.
func (d *comparison) signedSince() error {
	fields, err := d.old.SignatureFields()
	if err != nil {
		return err
	}
	for _, field := range fields {
		if field.Ref == (Ref{}) || !d.touched[field.Ref.Number] {
			continue
		}
		now, err := d.now.dict(field.Ref)
		if err != nil {
			return err
		}
		if field.Dict["V"] != nil || now["V"] == nil || d.uses[field.Ref.Number].drawn ||
			!differOnly(field.Dict, now, "V", "AP", "AS", "F", "M", "DA", "Q") {
			continue // it stays unrecognised
		}
		d.known[field.Ref.Number] = true
		if err := d.newValue(Field{Name: field.Name, Ref: field.Ref, Dict: now}); err != nil {
			return err
		}
	}
	return nil
}

// pages recognises pages that show a new signature field, and differ in nothing else.
func (d *comparison) pages() error {
	for n := range d.touched {
		if d.known[n] || d.fresh(n) {
			continue
		}
		before, err := d.old.value(n)
		if err != nil {
			return err
		}
		page, ok := before.(Dict)
		if !ok || page["Type"] != Name("Page") {
			continue
		}
		after, err := d.now.value(n)
		if err != nil {
			return err
		}
		is, ok := after.(Dict)
		if !ok || !differOnly(page, is, "Annots") {
			continue
		}
		if ok, err = d.annotations(page["Annots"], is["Annots"]); err != nil {
			return err
		}
		d.known[n] = d.known[n] || ok
	}
	return d.listsOfAnnotations()
}

// annotations tells whether nothing but new signature fields was added.
func (d *comparison) annotations(was, is Object) (bool, error) {
	before, err := d.old.array(was)
	if err != nil {
		return false, err
	}
	after, err := d.now.array(is)
	if err != nil {
		return false, err
	}
	if len(after) < len(before) || !equal(before, after[:len(before)]) {
		return false, nil
	}
	for _, o := range after[len(before):] {
		r, ok := o.(Ref)
		if !ok || !d.fields[r] {
			return false, nil
		}
	}
	d.admit(was, is)
	return true, nil
}

// listsOfAnnotations recognises lists that pages refer to, where the page itself did not change.
func (d *comparison) listsOfAnnotations() error {
	var lists []uint32
	for n := range d.touched {
		if !d.known[n] && !d.fresh(n) && d.uses[n].count == 1 {
			lists = append(lists, n)
		}
	}
	if len(lists) == 0 || len(d.fields) == 0 {
		return nil
	}
	pages, err := d.old.Pages()
	if err != nil {
		return err
	}
	for i := range pages {
		r, ok := pages[i].Dict["Annots"].(Ref)
		if !ok || !slices.Contains(lists, r.Number) {
			continue
		}
		if _, err := d.annotations(r, r); err != nil {
			return err
		}
	}
	return nil
}
