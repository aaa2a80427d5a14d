package pdf

import "bytes"

// Object is nil, bool, int64, float64, Name, *String, Array, Dict, Ref or *Stream (ISO 32000-1, 7.3).
type Object any

// Name is a name without its slash, escapes resolved.
type Name string

// String is a string and where it stands, which for the value of a signature matters.
type String struct {
	Value    []byte
	Hex      bool
	from, to int64 // with its delimiters; from is negative if it is in no place of its own
}

// Array is an array.
type Array []Object

// Dict is a dictionary. A key stands in it once.
type Dict map[Name]Object

// Ref is an indirect reference.
type Ref struct {
	Number     uint32
	Generation uint16
}

// Stream is a stream; its data is left in the file.
type Stream struct {
	Dict Dict
	at   int64 // of its data in the file
	size int64
}

// equal compares two objects as they are written, but for white space.
func equal(a, b Object) bool {
	switch x := a.(type) {
	case *String:
		y, ok := b.(*String)
		return ok && bytes.Equal(x.Value, y.Value)
	case Array:
		y, ok := b.(Array)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case Dict:
		y, ok := b.(Dict)
		return ok && len(differing(x, y)) == 0
	case *Stream:
		return false // the data is not looked at: what was written anew counts as changed
	default:
		return a == b // of two types, or both of a plain one
	}
}

// differing are the keys with unequal values; null is the same as absence (7.3.7).
func differing(a, b Dict) []Name {
	var keys []Name
	for k, v := range a {
		if !equal(v, b[k]) {
			keys = append(keys, k)
		}
	}
	for k, v := range b {
		if _, ok := a[k]; !ok && v != nil {
			keys = append(keys, k)
		}
	}
	return keys
}

// differOnly tells whether two dictionaries are equal but for the named keys.
func differOnly(a, b Dict, names ...Name) bool {
	for _, k := range differing(a, b) {
		ok := false
		for _, n := range names {
			ok = ok || k == n
		}
		if !ok {
			return false
		}
	}
	return true
}

// references calls f with every reference within an object.
func references(o Object, f func(Ref)) { referencesBy("", o, func(_ Name, r Ref) { f(r) }) }
