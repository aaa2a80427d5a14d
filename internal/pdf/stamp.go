package pdf

// Stamp is where a later signature shows something on a page as it is seen: millimetres from its upper left corner.
type Stamp struct {
	Page                     int // from 1
	Left, Top, Width, Height float64
}

const mmPerPoint = 25.4 / 72

// stamps finds where later signatures show something.
func (d *comparison) stamps() error {
	if len(d.shown) == 0 {
		return nil
	}
	pages, err := d.now.Pages()
	if err != nil {
		return err
	}
	for i := range pages {
		list, err := d.now.array(pages[i].Dict["Annots"])
		if err != nil {
			return err
		}
		for _, o := range list {
			if r, ok := o.(Ref); ok && d.shown[r] != nil {
				at := pages[i].seen(*d.shown[r])
				at.Page = i + 1
				d.changes.Stamps = append(d.changes.Stamps, at)
			}
		}
	}
	return nil
}

// seen is a rectangle of a page as it is seen.
func (p *Page) seen(r [4]float64) Stamp {
	fromLeft, fromRight := min(r[0], r[2])-p.Box[0], p.Box[2]-max(r[0], r[2])
	fromBottom, fromTop := min(r[1], r[3])-p.Box[1], p.Box[3]-max(r[1], r[3])
	w, h := max(r[0], r[2])-min(r[0], r[2]), max(r[1], r[3])-min(r[1], r[3])
	var s Stamp
	switch ((p.Turn/90)%4 + 4) % 4 {
	case 0:
		s = Stamp{Left: fromLeft, Top: fromTop, Width: w, Height: h}
	case 1:
		s = Stamp{Left: fromBottom, Top: fromLeft, Width: h, Height: w}
	case 2:
		s = Stamp{Left: fromRight, Top: fromBottom, Width: w, Height: h}
	default:
		s = Stamp{Left: fromTop, Top: fromRight, Width: h, Height: w}
	}
	for _, x := range []*float64{&s.Left, &s.Top, &s.Width, &s.Height} {
		*x *= mmPerPoint
	}
	return s
}

// shows is where a field shows something, its appearance or what readers draw in the absence of one; nil: it does not.
func (d *comparison) shows(field Dict) (*[4]float64, error) {
	if field["AP"] == nil && field["MK"] == nil && field["BS"] == nil && field["Border"] == nil {
		return nil, nil
	}
	at, ok, err := d.now.rectangle(field["Rect"])
	if err != nil || ok && (at[0] == at[2] || at[1] == at[3]) {
		return nil, err
	}
	return &at, nil
}
