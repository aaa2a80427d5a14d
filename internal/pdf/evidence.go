package pdf

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the name of a list, by the standard; nothing rests on it
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Evidence is what the document security store holds (ETSI EN 319 142-1, 5.4.2), in DER.
type Evidence struct {
	Certificates, CRLs, OCSPs [][]byte
}

// evidencePart is one of the three lists: its key in the store, and in the list for a single signature.
type evidencePart struct{ common, single Name }

var evidenceParts = [...]evidencePart{{"Certs", "Cert"}, {"CRLs", "CRL"}, {"OCSPs", "OCSP"}}

// part is the list in the order of evidenceParts.
func (e *Evidence) part(i int) *[][]byte {
	return [...]*[][]byte{&e.Certificates, &e.CRLs, &e.OCSPs}[i]
}

// Evidence reads the document security store, /DSS: the common lists, and of those for single signatures (VRI) what is
// not among these, for some software leaves it out there.
func (f *File) Evidence() (*Evidence, error) {
	store, err := f.store()
	if err != nil || store == nil {
		return &Evidence{}, err
	}
	r := &storeReader{f: f, seen: map[Ref]bool{}}
	for i, part := range evidenceParts {
		if err := r.list(store[part.common], r.out.part(i)); err != nil {
			return nil, err
		}
	}
	single, err := f.dict(store["VRI"])
	if err != nil {
		return nil, err
	}
	if len(single) > maxEvidence {
		return nil, refuse(ReasonLimit, "too many lists of evidence")
	}
	for _, key := range slices.Sorted(maps.Keys(single)) {
		if key == "Type" {
			continue
		}
		lists, err := f.dict(single[key])
		if err != nil {
			return nil, err
		}
		for i, part := range evidenceParts {
			if err := r.list(lists[part.single], r.out.part(i)); err != nil {
				return nil, err
			}
		}
	}
	return &r.out, nil
}

// store is the document security store; nil: there is none.
func (f *File) store() (Dict, error) {
	catalog, err := f.catalog()
	if err != nil {
		return nil, err
	}
	return f.dict(catalog["DSS"])
}

// storeReader reads each stream of a store once.
type storeReader struct {
	f           *File
	out         Evidence
	seen        map[Ref]bool
	count, size int
}

func (r *storeReader) list(o Object, to *[][]byte) error {
	list, err := r.f.array(o)
	if err != nil {
		return err
	}
	for _, o := range list {
		ref, isRef := o.(Ref)
		if isRef && r.seen[ref] {
			continue
		}
		r.seen[ref] = isRef
		data, err := r.f.evidenceData(o)
		if err != nil {
			return err
		}
		r.count, r.size = r.count+1, r.size+len(data)
		if r.count > maxEvidence || r.size > maxEvidenceSize {
			return refuse(ReasonLimit, "too much evidence")
		}
		*to = append(*to, data)
	}
	return nil
}

func (f *File) evidenceData(o Object) ([]byte, error) {
	o, err := f.Resolve(o)
	if err != nil {
		return nil, err
	}
	stream, ok := o.(*Stream)
	if !ok {
		return nil, refuse(ReasonStructure, "evidence that is no stream")
	}
	return f.Data(stream, maxEvidenceSize)
}

// vriKey is the name of the list for one signature: the SHA-1 of its value with the zeros behind it (ETSI EN 319 142-1,
// 5.4.2.3).
func (s *Signature) vriKey() Name {
	sum := sha1.Sum(s.Contents) //nolint:gosec // see the import
	return Name(strings.ToUpper(hex.EncodeToString(sum[:])))
}

// AddEvidence adds to the document security store what it does not have, and lists it for each of these signatures too.
func (u *Update) AddEvidence(e Evidence, of ...*Signature) error {
	had, err := u.f.Evidence()
	if err != nil {
		return err
	}
	if err := had.takes(&e); err != nil {
		return err
	}
	catalog, err := u.f.catalog()
	if err != nil {
		return err
	}
	store, err := u.f.store()
	if err != nil {
		return err
	}
	if store = maps.Clone(store); store == nil {
		store = Dict{"Type": Name("DSS")}
	}
	var refs [len(evidenceParts)]Array
	for i, part := range evidenceParts {
		if refs[i], err = u.addStreams(store, part.common, *e.part(i)); err != nil {
			return err
		}
	}
	if err := u.listSingly(store, refs, of); err != nil {
		return err
	}
	if r, ok := u.own(catalog["DSS"]); ok {
		u.Replace(r, store)
		return u.oneEnd()
	}
	catalog = maps.Clone(catalog)
	catalog["DSS"] = store
	root, _ := u.f.Trailer()["Root"].(Ref)
	u.Replace(root, catalog)
	return u.oneEnd()
}

// takes refuses more evidence than is read of a document.
func (e *Evidence) takes(more *Evidence) error {
	count, size := 0, 0
	for i := range evidenceParts {
		had := *e.part(i)
		for _, b := range slices.Concat(had, missing(had, *more.part(i))) {
			count, size = count+1, size+len(b)
		}
	}
	if count > maxEvidence || size > maxEvidenceSize {
		return refuse(ReasonLimit, "too much evidence")
	}
	return nil
}

// missing is what had lacks of a list.
func missing(had, of [][]byte) [][]byte {
	var out [][]byte
	for _, b := range of {
		same := func(h []byte) bool { return bytes.Equal(h, b) }
		if !slices.ContainsFunc(had, same) && !slices.ContainsFunc(out, same) {
			out = append(out, b)
		}
	}
	return out
}

// addStreams adds to a list of the store what it does not have, and gives where each of them is.
func (u *Update) addStreams(store Dict, key Name, add [][]byte) (Array, error) {
	list, err := u.f.array(store[key])
	if err != nil || len(add) == 0 {
		return nil, err
	}
	list = slices.Clone(list)
	had := make([][]byte, len(list))
	for i, o := range list {
		if had[i], err = u.f.evidenceData(o); err != nil {
			return nil, err
		}
	}
	var refs Array
	for _, b := range add {
		at := slices.IndexFunc(had, func(h []byte) bool { return bytes.Equal(h, b) })
		if at < 0 {
			at = len(list)
			list, had = append(list, u.AddStream(Dict{}, b)), append(had, b)
		}
		if !slices.ContainsFunc(refs, func(o Object) bool { return equal(o, list[at]) }) {
			refs = append(refs, list[at])
		}
	}
	if r, ok := u.own(store[key]); ok {
		u.Replace(r, list)
	} else {
		store[key] = list
	}
	return refs, nil
}

// listSingly writes the lists for single signatures (VRI).
func (u *Update) listSingly(store Dict, refs [len(evidenceParts)]Array, of []*Signature) error {
	if len(of) == 0 {
		return nil
	}
	single, err := u.f.dict(store["VRI"])
	if err != nil {
		return err
	}
	if single = maps.Clone(single); single == nil {
		single = Dict{}
	}
	for _, s := range of {
		lists, err := u.f.dict(single[s.vriKey()])
		if err != nil {
			return err
		}
		if lists = maps.Clone(lists); lists == nil {
			lists = Dict{}
		}
		for i, part := range evidenceParts {
			had, err := u.f.array(lists[part.single])
			if err != nil {
				return err
			}
			if all := union(had, refs[i]); len(all) > 0 {
				lists[part.single] = all
			}
		}
		single[s.vriKey()] = lists
	}
	if r, ok := u.own(store["VRI"]); ok {
		u.Replace(r, single)
	} else {
		store["VRI"] = single
	}
	return nil
}

// union is a list with what it lacks of another behind it.
func union(a, b Array) Array {
	a = slices.Clone(a)
	for _, o := range b {
		if !slices.ContainsFunc(a, func(had Object) bool { return equal(had, o) }) {
			a = append(a, o)
		}
	}
	return a
}
