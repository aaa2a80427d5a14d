package pdf

import (
	"bytes"
	"maps"
	"slices"
)

// Evidence is what the document security store holds (ETSI EN 319 142-1, 5.4.2), in DER.
type Evidence struct {
	Certificates, CRLs, OCSPs [][]byte
}

// Evidence reads the document security store, /DSS. The lists for single signatures (VRI) repeat what is in the common
// ones and are not read.
func (f *File) Evidence() (*Evidence, error) {
	out := &Evidence{}
	catalog, err := f.catalog()
	if err != nil {
		return nil, err
	}
	store, err := f.dict(catalog["DSS"])
	if err != nil || store == nil {
		return out, err
	}
	count, size := 0, 0
	for key, to := range map[Name]*[][]byte{"Certs": &out.Certificates, "CRLs": &out.CRLs, "OCSPs": &out.OCSPs} {
		list, err := f.array(store[key])
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			o, err := f.Resolve(o)
			if err != nil {
				return nil, err
			}
			stream, ok := o.(*Stream)
			if !ok {
				return nil, refuse(ReasonStructure, "evidence that is no stream")
			}
			data, err := f.Data(stream, maxEvidenceSize)
			if err != nil {
				return nil, err
			}
			count, size = count+1, size+len(data)
			if count > maxEvidence || size > maxEvidenceSize {
				return nil, refuse(ReasonLimit, "too much evidence")
			}
			*to = append(*to, data)
		}
	}
	return out, nil
}

// AddEvidence adds to the document security store what it does not have.
func (u *Update) AddEvidence(e Evidence) error {
	had, err := u.f.Evidence()
	if err != nil {
		return err
	}
	catalog, err := u.f.catalog()
	if err != nil {
		return err
	}
	store, err := u.f.dict(catalog["DSS"])
	if err != nil {
		return err
	}
	if store = maps.Clone(store); store == nil {
		store = Dict{"Type": Name("DSS")}
	}
	for _, part := range []struct {
		key      Name
		had, add [][]byte
	}{
		{"Certs", had.Certificates, e.Certificates}, {"CRLs", had.CRLs, e.CRLs}, {"OCSPs", had.OCSPs, e.OCSPs},
	} {
		if err := u.addStreams(store, part.key, missing(part.had, part.add)); err != nil {
			return err
		}
	}
	if r, ok := catalog["DSS"].(Ref); ok {
		u.Replace(r, store)
		return nil
	}
	catalog = maps.Clone(catalog)
	catalog["DSS"] = store
	root, _ := u.f.Trailer()["Root"].(Ref)
	u.Replace(root, catalog)
	return nil
}

// missing are those of add that are not in had, each once.
func missing(had, add [][]byte) [][]byte {
	had = slices.Clone(had)
	n := len(had)
	for _, b := range add {
		if !slices.ContainsFunc(had, func(h []byte) bool { return bytes.Equal(h, b) }) {
			had = append(had, b)
		}
	}
	return had[n:]
}

// addStreams adds streams to a list of the store.
func (u *Update) addStreams(store Dict, key Name, add [][]byte) error {
	if len(add) == 0 {
		return nil
	}
	list, err := u.f.array(store[key])
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	for _, b := range add {
		list = append(list, u.AddStream(Dict{}, b))
	}
	if r, ok := store[key].(Ref); ok {
		u.Replace(r, list)
	} else {
		store[key] = list
	}
	return nil
}
