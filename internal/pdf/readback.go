package pdf

import (
	"io"
	"slices"
)

// CheckUpdate reads the file with what is appended, as everybody will read it: it opens, it has its signatures, and
// those that were there are about the document as much as before. Whoever hands the file out, or signs it, asks first:
// what is written by one part of a program and read by another can differ in a document that nobody thought of.
func (f *File) CheckUpdate(a *Appendix) error {
	before, err := f.Signatures()
	if err != nil {
		return err
	}
	size := f.size + int64(len(a.Bytes))
	now, err := Open(&joined{f.r, f.size, a.Bytes}, size)
	if err != nil {
		return err
	}
	after, err := now.Signatures()
	if err != nil {
		return err
	}
	added := 0
	if a.octets > 0 {
		added = 1
	}
	if len(after) != len(before)+added || len(sound(after)) != len(sound(before))+added {
		return refuse(ReasonStructure, "signatures that are not found again")
	}
	for _, s := range sound(before) {
		if err := sameAs(f, now, s); err != nil {
			return err
		}
	}
	return nil
}

// sound are the signatures that cover a whole revision.
func sound(list []*Signature) []*Signature {
	return slices.DeleteFunc(slices.Clone(list), func(s *Signature) bool { return s.CheckRange() != nil })
}

// sameAs refuses a file in which more was changed after a signature than in another one that it was made from.
func sameAs(was, is *File, s *Signature) error {
	before, err := was.Changes(s)
	if err != nil {
		return err
	}
	after, err := is.Changes(s)
	if err != nil {
		return err
	}
	if len(after.Other) > len(before.Other) {
		return refuse(ReasonStructure, "a document whose earlier signature would not hold: %v", after.Other)
	}
	return nil
}

// joined is a file with something behind it.
type joined struct {
	r    io.ReaderAt
	size int64
	tail []byte
}

// ReadAt implements io.ReaderAt.
func (j *joined) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < j.size {
		n = int(min(int64(len(p)), j.size-off))
		got, err := j.r.ReadAt(p[:n], off)
		if got < n {
			return got, err
		}
	}
	if n == len(p) {
		return n, nil
	}
	at := off + int64(n) - j.size
	if at < int64(len(j.tail)) {
		n += copy(p[n:], j.tail[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
