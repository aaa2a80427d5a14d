package pdf

// Page is a page of the document.
type Page struct {
	Ref  Ref
	Dict Dict
	Box  [4]float64 // MediaBox, own or inherited (7.7.3.4); zero: there is none
	Turn int64      // Rotate, likewise
}

// Pages are the pages in order. Every page must be an object of its own.
func (f *File) Pages() ([]Page, error) {
	catalog, err := f.catalog()
	if err != nil {
		return nil, err
	}
	w := &pageWalk{f: f, seen: map[Ref]bool{}}
	if root, ok := f.Trailer()["Root"].(Ref); ok {
		w.seen[root] = true // the catalog is no page
	}
	if err := w.node(catalog["Pages"], Page{}, 0); err != nil {
		return nil, err
	}
	return w.pages, nil
}

type pageWalk struct {
	f     *File
	seen  map[Ref]bool
	pages []Page
}

func (w *pageWalk) node(o Object, above Page, depth int) error {
	ref, ok := o.(Ref)
	if !ok || w.seen[ref] || depth > maxTreeDepth || len(w.seen) > maxPages {
		return refuse(ReasonStructure, "the page tree goes in a circle, is too large or holds what is no object")
	}
	w.seen[ref] = true
	d, err := w.f.dict(o)
	if err != nil {
		return err
	}
	if d == nil {
		return refuse(ReasonStructure, "a page that is not there")
	}
	if err := w.inherit(&above, d); err != nil {
		return err
	}
	if d["Kids"] == nil {
		above.Ref, above.Dict = ref, d
		w.pages = append(w.pages, above)
		return nil
	}
	kids, err := w.f.array(d["Kids"])
	if err != nil {
		return err
	}
	for _, k := range kids {
		if err := w.node(k, above, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *pageWalk) inherit(p *Page, d Dict) error {
	box, ok, err := w.f.rectangle(d["MediaBox"])
	if err != nil {
		return err
	}
	if ok {
		p.Box = box
	}
	turn, err := w.f.Resolve(d["Rotate"])
	p.Turn = intOr(turn, p.Turn)
	return err
}
