package pdf

import "slices"

// use is what the signed revision has an object for.
type use struct {
	count int  // references to it, that of the trailer among them
	drawn bool // one of them is not of a form or a list of annotations: it may be a resource of what a page draws
}

// alone tells whether an object serves one end.
func (u use) alone() bool { return u.count <= 1 }

// formKeys are where forms, pages and the structure of the document refer to a field. A list that is an object of its own
// has no key; as a resource it would be no dictionary.
var formKeys = []Name{"", "Fields", "Kids", "Parent", "Annots", "CO", "Obj"}

// countUses counts the references of the signed revision to touched numbers. An object that was signed as absent, and
// filled in later, is found by that; and one that serves two ends, of which only one may change.
func (d *comparison) countUses() error {
	seen := map[uint32]bool{}
	for _, s := range d.old.sections {
		for _, e := range s.entries {
			if seen[e.number] {
				continue
			}
			seen[e.number] = true
			o, err := d.old.whole(e)
			switch {
			case ReasonOf(err) != "":
				d.other("object %d that cannot be read", e.number)
				continue
			case err != nil:
				return err
			}
			if stream, ok := o.(*Stream); ok && isMachinery(stream) {
				o = without(stream.Dict, "Root", "Info", "Encrypt") // a trailer, if it is one
			}
			referencesBy("", o, d.use)
		}
	}
	referencesBy("", d.old.Trailer(), d.use)
	for number := range d.touched {
		if d.fresh(number) && d.uses[number].count > 0 {
			d.other("object %d signed as absent", number)
		}
	}
	return nil
}

func (d *comparison) use(key Name, r Ref) {
	if !d.touched[r.Number] {
		return
	}
	u := d.uses[r.Number]
	u.count++
	u.drawn = u.drawn || !slices.Contains(formKeys, key)
	d.uses[r.Number] = u
}

// without is a dictionary without some of its keys.
func without(d Dict, keys ...Name) Dict {
	out := Dict{}
	for k, v := range d {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}

// referencesBy calls f with every reference within an object and the key that it stands under.
func referencesBy(key Name, o Object, f func(Name, Ref)) {
	switch x := o.(type) {
	case Ref:
		f(key, x)
	case Array:
		for _, e := range x {
			referencesBy(key, e, f)
		}
	case Dict:
		for k, e := range x {
			referencesBy(k, e, f)
		}
	case *Stream:
		referencesBy(key, x.Dict, f)
	}
}
