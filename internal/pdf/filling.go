package pdf

// readOnly is the flag of a field that is not for filling in (12.7.3.1).
const readOnly = 1

// filledSince recognises fields of the form that were filled in, where the signer said that this may be done. Without
// his word they stay unrecognised. A field keeps its place and all else that it is; its appearance is drawn within its
// rectangle, so that it covers nothing that was signed.
//
// Radio buttons, whose parts are objects of their own, are not recognised: it is for these that level 2 is read more
// narrowly here than by other software. So are annotations (level 3), which can be laid over anything on a page.
func (d *comparison) filledSince() error {
	if d.allowed.Level < 2 {
		return nil
	}
	fields, err := d.old.otherFields()
	if err != nil {
		return err
	}
	for _, field := range fields {
		n := field.Ref.Number
		if field.Ref == (Ref{}) || !d.touched[n] || d.uses[n].drawn || field.Flags&readOnly != 0 {
			continue
		}
		now, err := d.now.dict(field.Ref)
		if err != nil {
			return err
		}
		if !differOnly(field.Dict, now, "V", "AP", "AS", "M") {
			continue
		}
		d.known[n] = true
		d.changes.Filled++
		if d.allowed.Locks(field.Name) {
			d.forbidden("a form field that is locked")
		}
		if err := d.redrawn(field.Dict["AP"], now["AP"]); err != nil {
			return err
		}
		if err := d.take(Array{now["V"], now["AP"]}); err != nil {
			return err
		}
	}
	return nil
}

// redrawn recognises an appearance that was written anew in its place, which serves this field alone.
func (d *comparison) redrawn(was, is Object) error {
	if looks, ok := was.(Ref); ok && !d.uses[looks.Number].alone() {
		return nil
	}
	before, err := d.old.dict(was)
	if err != nil {
		return err
	}
	after, err := d.now.dict(is)
	if err != nil {
		return err
	}
	r, ok := after["N"].(Ref)
	if !ok || before["N"] != after["N"] || !d.touched[r.Number] || !d.uses[r.Number].alone() {
		return nil
	}
	for _, f := range []*File{d.old, d.now} {
		o, err := f.Resolve(r)
		if err != nil {
			return err
		}
		if s, ok := o.(*Stream); !ok || s.Dict["Subtype"] != Name("Form") {
			return nil
		}
	}
	d.known[r.Number] = true
	look, err := d.now.Resolve(r)
	if err != nil {
		return err
	}
	return d.take(look)
}
