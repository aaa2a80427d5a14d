package pdf

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
