package ofd

import (
	"bytes"
	"path"
	"slices"
)

// State is how a file stands to a signature that lists it.
type State string

// States of listed files. The zero value is none of them.
const (
	// StateMatch: the file has the digest that the signature names.
	StateMatch State = "match"
	// StateDiffers: the file was changed after the signature was made, or is damaged.
	StateDiffers State = "differs"
	// StateMissing: there is no such file.
	StateMissing State = "missing"
	// StateRenamed: it is there, under a name that is spelled in another way than in the signature. No product does so;
	// readers that do not find a note, a page or a picture by its name show the document without it.
	StateRenamed State = "renamed"
	// StateUnchecked: the digest method is not one that is computed, or the Z that it needs was not given.
	StateUnchecked State = "unchecked"
)

// Covered is a file that a signature lists.
type Covered struct {
	Path  string // as the signature has it
	Name  string // the file that it leads to, empty if missing
	State State
}

// Coverage says of one signature what it protects. Nothing in it is a judgement of the signature itself.
type Coverage struct {
	Files []Covered // in the order of the signature
	// Own are the files that the signature cannot list: its Signature.xml and its value.
	Own []string
	// Added are the uncovered files of signatures further down the list, which were made later: Signature.xml, its
	// value, its seal. What else lies beside those is uncovered.
	Added []string
	// Uncovered are all other files that the signature does not protect.
	Uncovered []string
	// CoversList is set if it protects the list of signatures, so that none can be added after it.
	CoversList bool
	// Tolerances are those met in its paths.
	Tolerances Tolerances
}

// Complete reports whether every listed file is as it was and at least one is listed.
func (c *Coverage) Complete() bool {
	for _, f := range c.Files {
		if f.State != StateMatch {
			return false
		}
	}
	return len(c.Files) > 0
}

// ReadSignature reads the Signature.xml of an entry of the list.
func (p *Package) ReadSignature(ref SignatureRef) (*Signature, error) {
	if ref.File == "" {
		return nil, refuse(ReasonMissing, "signature %s in %q", ref.ID, ref.Location)
	}
	b, err := p.ReadFile(ref.File, maxXMLBytes)
	if err != nil {
		return nil, err
	}
	return ParseSignature(ref.File, b)
}

// Coverage computes what signature s, which is entry i of the list, covers. z is what its digests have before each
// file if its method is SM3Z, and nil otherwise. An error is one of reading; files that are missing or differ are in
// the answer.
func (p *Package) Coverage(list *SignatureList, i int, s *Signature, z []byte) (*Coverage, error) {
	out := &Coverage{Own: []string{s.File}}
	if value, t, err := p.Resolve(s.File, s.SignedValue); err == nil {
		out.Own, out.Tolerances = append(out.Own, value), t
	}
	listed := make(map[string]bool, len(s.References))
	for _, r := range s.References {
		f, t, err := p.cover(s, r, z)
		if err != nil {
			return nil, err
		}
		out.Tolerances |= t
		if f.Name != "" && listed[f.Name] { // two spellings of one file
			return nil, refuse(ReasonDuplicate, "%s: reference to %s", s.File, f.Name)
		}
		listed[f.Name] = true
		out.Files = append(out.Files, f)
	}
	out.CoversList = list.File != "" && listed[list.File]
	p.sortOut(list.Signatures[min(i+1, len(list.Signatures)):], out, listed)
	return out, nil
}

// cover judges one reference.
func (p *Package) cover(s *Signature, r Reference, z []byte) (Covered, Tolerances, error) {
	f := Covered{Path: r.Path, State: StateMissing}
	name, t, err := p.Resolve(s.File, r.Path)
	if isMissing(err) {
		return f, 0, nil
	}
	if err != nil {
		return f, 0, err
	}
	if f.Name, f.State = name, StateUnchecked; t&TolerantCase != 0 || p.index[fold(name)].text != name {
		f.State = StateRenamed
		return f, t, nil
	}
	if s.Digest.newHash() == nil || (s.Digest == SM3Z) != (len(z) > 0) {
		return f, t, nil
	}
	have, err := p.FileDigest(name, s.Digest, z)
	if err != nil {
		return f, t, err
	}
	f.State = StateDiffers
	if bytes.Equal(have, r.Value) {
		f.State = StateMatch
	}
	return f, t, nil
}

// sortOut divides the files that a signature does not list; after are the entries behind its own.
func (p *Package) sortOut(after []SignatureRef, out *Coverage, listed map[string]bool) {
	var later []string
	for _, ref := range after {
		later = append(later, p.filesOf(ref)...)
	}
	for _, name := range p.Files() {
		switch {
		case listed[name] || slices.Contains(out.Own, name):
		case slices.Contains(later, name):
			out.Added = append(out.Added, name)
		default:
			out.Uncovered = append(out.Uncovered, name)
		}
	}
}

// filesOf lists the files that belong to a signature by its own account, and to it alone. One that cannot be read has
// none but itself; whoever reads it is told why.
func (p *Package) filesOf(ref SignatureRef) []string {
	if ref.File == "" {
		return nil
	}
	p.mu.Lock()
	files := p.belongings[ref.File]
	p.mu.Unlock()
	if files != nil {
		return files
	}
	files = []string{ref.File}
	if s, err := p.ReadSignature(ref); err == nil {
		for _, location := range []string{s.SignedValue, s.Seal, s.SealImage} {
			name, _, err := p.Resolve(ref.File, location)
			if location != "" && err == nil && path.Dir(name) == path.Dir(ref.File) {
				files = append(files, name)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.belongings[ref.File] = files
	return files
}
