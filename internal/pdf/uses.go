package pdf

import "slices"

// use is what the signed revision has an object for.
type use struct {
	count int  // references to it, that of the trailer among them
	data  int  // of these, those of signatures to what they are about, which is the catalog (12.8.1)
	drawn bool // one of them is not of a form or a list of annotations: it may be a resource of what a page draws
}

// alone tells whether an object serves one end.
func (u use) alone() bool { return u.count <= 1 }

// fieldPlaces are the keys under which forms, pages and the structure of the document refer to a field. A list that is
// an object of its own has no key; as a resource it would be no dictionary.
var fieldPlaces = []Name{"", "Fields", "Kids", "Parent", "Annots", "CO", "Obj"}

// countUses counts the references of the signed revision. An object that was signed as absent, and filled in later, is
// found by that; and one that serves two ends, of which only one may change. An object that is not where the
// cross-reference says refuses the document: each reader repairs that in its own way, so that nobody knows which one
// was signed.
func (d *comparison) countUses() error {
	err := d.old.eachObject(func(o Object, err error) error {
		stream, ok := o.(*Stream)
		if ok && isMachinery(stream) {
			o = without(stream.Dict, "Root", "Info", "Encrypt") // a trailer, if it is one
		}
		referencesBy("", o, d.use)
		return err
	})
	if err != nil {
		return err
	}
	referencesBy("", d.old.spoken(d.old.Trailer()), d.use)
	return nil
}

// spoken is a trailer without the references in it that name no object. What they mean now is asked of the last trailer
// alone, see repeats: no reader asks the others.
func (f *File) spoken(trailer Dict) Dict {
	out := Dict{}
	for k, v := range trailer {
		if says(k) {
			v = f.meant(v)
		}
		out[k] = v
	}
	return out
}

// meant is a value in which references to objects that the file does not have are null, which is what they mean
// (7.3.10).
func (f *File) meant(o Object) Object {
	switch x := o.(type) {
	case Ref:
		if e, ok := f.lookup(x.Number); !ok || e.kind == kindFree || generation(e) != uint32(x.Generation) {
			return nil
		}
	case Array:
		out := make(Array, len(x))
		for i := range x {
			out[i] = f.meant(x[i])
		}
		return out
	case Dict:
		out := Dict{}
		for k, v := range x {
			if m := f.meant(v); m != nil {
				out[k] = m
			}
		}
		return out
	}
	return o
}

// absent finds what the signed revision names and does not have, and is there now.
func (d *comparison) absent() error {
	for number := range d.touched {
		if d.fresh(number) && d.uses[number].count > 0 {
			d.other("object %d signed as absent", number)
		}
	}
	return nil
}

// eachObject reads every object once, or why it cannot be read, and stops at an error.
func (f *File) eachObject(take func(o Object, err error) error) error {
	seen := map[uint32]bool{}
	for _, s := range f.sections {
		for _, e := range s.entries {
			if seen[e.number] {
				continue
			}
			seen[e.number] = true
			o, err := f.whole(e)
			if isOutside(o) {
				err = refuse(ReasonStructure, "content that lies in another file")
			}
			if err := take(o, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// isOutside tells a stream whose data, or a drawing whose content, lies in another file (7.3.8.2, 8.10.4): no signature
// covers that.
func isOutside(o Object) bool {
	s, ok := o.(*Stream)
	return ok && (s.Dict["F"] != nil || s.Dict["Ref"] != nil)
}

func (d *comparison) use(key Name, r Ref) {
	u := d.uses[r.Number]
	u.count++
	if key == "Data" {
		u.data++
	}
	u.drawn = u.drawn || !slices.Contains(fieldPlaces, key)
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
