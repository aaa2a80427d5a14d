package pdf

import "math"

// Most of a page that the stamp of a later signature may take, and all such stamps of a document together take of one:
// what is laid over a page can say otherwise than what was signed.
const (
	maxStampShare = 0.1
	maxStampsArea = 0.25
)

// covers names a new field that shows more than a stamp does. A field that was there empty was placed by who signed
// before, and may be as large as he made it.
func (d *comparison) covers(field Dict) error {
	rect, ok, err := d.now.rectangle(field["Rect"])
	if err != nil {
		return err
	}
	page, err := d.smallestPage()
	if err != nil {
		return err
	}
	size := area(rect)
	d.stamped += size
	if !ok || !(size <= maxStampShare*page) || !(d.stamped <= maxStampsArea*page) {
		d.other("stamp that covers much of a page")
	}
	return nil
}

// smallestPage is the area of the smallest page that was signed.
func (d *comparison) smallestPage() (float64, error) {
	pages, err := d.old.Pages()
	if err != nil {
		return 0, err
	}
	least := math.Inf(1)
	for i := range pages {
		least = min(least, area(pages[i].Box))
	}
	return least, nil
}

func area(r [4]float64) float64 { return math.Abs((r[2] - r[0]) * (r[3] - r[1])) }

// rectangle reads a rectangle (7.9.5); not ok if it is none.
func (f *File) rectangle(o Object) (r [4]float64, ok bool, err error) {
	list, err := f.array(o)
	if err != nil || len(list) != len(r) {
		return r, false, err
	}
	for i, o := range list {
		if o, err = f.Resolve(o); err != nil {
			return r, false, err
		}
		switch n := o.(type) {
		case int64:
			r[i] = float64(n)
		case float64:
			r[i] = n
		default:
			return r, false, nil
		}
	}
	return r, true, nil
}
