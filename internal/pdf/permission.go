package pdf

import "strings"

// Permissions are what a signer allowed to be done to the document after his signature (12.8.2.2, 12.8.2.4).
type Permissions struct {
	// Level is P: 1 nothing, 2 forms may be filled in and signed, 3 annotations too. Zero: the signer does not say. Of
	// several the strictest counts. Evidence and document time-stamps are always allowed (ISO 32000-2, 12.8.2.2.2).
	Level int
	// Certifies tells a signature that certifies the document (DocMDP) from one that only says what may follow it.
	Certifies bool

	locks []fieldLock
}

// fieldLock says which fields must stay as they are: all, the named ones, or all but these.
type fieldLock struct {
	all     bool
	include bool     // the named ones; else all but these
	fields  []string // with those below them
}

// Locks tells whether a field must stay as it is.
func (p *Permissions) Locks(field string) bool {
	for _, l := range p.locks {
		if l.all || l.names(field) == l.include {
			return true
		}
	}
	return false
}

func (l *fieldLock) names(field string) bool {
	for _, f := range l.fields {
		if !l.include && strings.Contains(f, "?") {
			continue // a character that is not read here: it may be another field
		}
		if field == f || strings.HasPrefix(field, f+".") {
			return true
		}
	}
	return false
}

// level takes a level in. What is not understood permits nothing.
func (p *Permissions) level(o Object, standard int64) {
	n := standard
	if o != nil {
		n = intOr(o, 1)
	}
	if n < 1 || n > 3 {
		n = 1
	}
	if p.Level == 0 || int(n) < p.Level {
		p.Level = int(n)
	}
}

// readPermissions reads what a signature says of itself, and what its field says that signing it locks.
func (f *File) readPermissions(field, value Dict) (Permissions, error) {
	var p Permissions
	list, err := f.array(value["Reference"])
	if err != nil {
		return p, err
	}
	for _, o := range list {
		if err := f.readTransform(&p, o); err != nil {
			return Permissions{}, err
		}
	}
	lock, err := f.dict(field["Lock"])
	if err != nil || lock == nil {
		return p, err
	}
	if err := f.readLock(&p, lock); err != nil {
		return Permissions{}, err
	}
	level, err := f.Resolve(lock["P"])
	if err == nil && level != nil {
		p.level(level, 1)
	}
	return p, err
}

// readTransform reads one signature reference.
func (f *File) readTransform(p *Permissions, o Object) error {
	d, err := f.dict(o)
	if err != nil {
		return err
	}
	method, err := f.Resolve(d["TransformMethod"])
	if err != nil {
		return err
	}
	parameters, err := f.dict(d["TransformParams"])
	if err != nil {
		return err
	}
	switch method {
	case Name("FieldMDP"):
		return f.readLock(p, parameters)
	case Name("DocMDP"):
		level, err := f.Resolve(parameters["P"])
		if err != nil {
			return err
		}
		p.Certifies = true
		p.level(level, 2)
	}
	return nil
}

// readLock reads which fields are locked. What is not understood locks all of them.
func (f *File) readLock(p *Permissions, d Dict) error {
	action, err := f.Resolve(d["Action"])
	if err != nil {
		return err
	}
	names, err := f.array(d["Fields"])
	if err != nil {
		return err
	}
	l := fieldLock{include: action == Name("Include")}
	l.all = !l.include && action != Name("Exclude")
	for _, o := range names {
		o, err := f.Resolve(o)
		if err != nil {
			return err
		}
		s, ok := o.(*String)
		if !ok {
			l.all = true
			continue
		}
		l.fields = append(l.fields, Text(s.Value))
	}
	p.locks = append(p.locks, l)
	return nil
}
