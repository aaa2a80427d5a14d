package pdf

// Stamp is where a later signature shows something on a page as it is seen: millimetres from its upper left corner.
type Stamp struct {
	Page                     int // from 1
	Left, Top, Width, Height float64
}

const mmPerPoint = 25.4 / 72

// How much of a page a stamp may take: as much as the largest seal, or a share. What takes more replaces the page, and
// whoever has any certificate of the trusted authorities could do so.
const (
	sealArea = 60 * 60 // square millimetres
	maxShare = 1. / 4
)

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
				d.stamp(i+1, &pages[i], *d.shown[r])
			}
		}
	}
	return nil
}

func (d *comparison) stamp(number int, p *Page, rect [4]float64) {
	s := p.seen(rect)
	s.Page = number
	d.changes.Stamps = append(d.changes.Stamps, s)
	area := (p.Box[2] - p.Box[0]) * (p.Box[3] - p.Box[1]) * mmPerPoint * mmPerPoint
	if s.Width*s.Height > max(sealArea, maxShare*area) {
		d.other("stamp over much of a page")
	}
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

// shows is where a field shows something; nil: it does not.
func (d *comparison) shows(field Dict) (*[4]float64, error) {
	rect, err := d.now.array(field["Rect"])
	if err != nil || field["AP"] == nil && field["MK"] == nil && field["BS"] == nil && field["Border"] == nil {
		return nil, err
	}
	at, err := d.now.rectangle(rect)
	if err != nil || at[0] == at[2] || at[1] == at[3] {
		return nil, err
	}
	return &at, nil
}

// rectangle reads four numbers.
func (f *File) rectangle(a Array) (r [4]float64, err error) {
	if len(a) != len(r) {
		return r, refuse(ReasonStructure, "a rectangle that is none")
	}
	for i, o := range a {
		if o, err = f.Resolve(o); err != nil {
			return r, err
		}
		switch n := o.(type) {
		case int64:
			r[i] = float64(n)
		case float64:
			r[i] = n
		default:
			return r, refuse(ReasonStructure, "a rectangle that is none")
		}
	}
	return r, nil
}
