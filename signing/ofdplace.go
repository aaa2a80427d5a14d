package signing

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/ofd"
)

// Box is a stretch of a page in millimetres: X and Y of its upper left corner from that of the page, W and H.
type Box = ofd.Box

// Stamp is one place where a seal shows.
type Stamp struct {
	Page int // from 1
	// Box is where the whole picture lies. It may reach over the edge of the page only with a Clip.
	Box Box
	// Clip is the part of the picture that shows, from the corner of Box; nil: all of it.
	Clip *Box
}

// stamps turns places into what Signature.xml says of them.
func (o *OFD) stamps(places []Stamp) ([]ofd.Stamp, error) {
	out := make([]ofd.Stamp, 0, len(places))
	seen := make(map[string]bool, len(places))
	for _, s := range places {
		page, err := o.pageBox(s.Page)
		if err != nil {
			return nil, err
		}
		shown := s.Box
		if s.Clip != nil {
			shown = Box{X: s.Box.X + s.Clip.X, Y: s.Box.Y + s.Clip.Y, W: s.Clip.W, H: s.Clip.H}
		}
		const slack = 0.01 // of a rounded length
		if !(shown.W > 0) || !(shown.H > 0) || shown.X < -slack || shown.Y < -slack ||
			shown.X+shown.W > page.W+slack || shown.Y+shown.H > page.H+slack {
			return nil, fmt.Errorf("%w: %v on page %d, which has %v", ErrPlace, shown, s.Page, page)
		}
		key := strconv.Itoa(s.Page) + " " + s.Box.String()
		if seen[key] {
			return nil, fmt.Errorf("%w: twice at %s", ErrPlace, key)
		}
		seen[key] = true
		id, err := o.ids.next()
		if err != nil {
			return nil, err
		}
		out = append(out, ofd.Stamp{
			ID: id, PageRef: o.content.Pages[s.Page-1].ID, Boundary: s.Box, Clip: s.Clip,
		})
	}
	return out, nil
}

func (o *OFD) pageBox(page int) (Box, error) {
	if page < 1 || page > len(o.content.Pages) {
		return Box{}, fmt.Errorf("%w: page %d of %d", ErrPlace, page, len(o.content.Pages))
	}
	p := o.content.Pages[page-1]
	if box, ok := o.boxes[p.File]; ok {
		return box, nil
	}
	box, err := o.pkg.PageBox(o.content, p)
	if err != nil {
		return Box{}, err
	}
	o.boxes[p.File] = box
	return box, nil
}

// AtText places a seal of the given size on every occurrence of a text, in the middle of it, moved onto the page where
// it would reach over the edge. A text that occurs nowhere is refused.
func (o *OFD) AtText(text string, width, height float64) ([]Stamp, error) {
	var out []Stamp
	for i, page := range o.content.Pages {
		found, err := o.pkg.FindText(o.content, page, text)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		box, err := o.pageBox(i + 1)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			x := min(max(f.X+f.W/2-width/2, 0), box.W-width)
			y := min(max(f.Y+f.H/2-height/2, 0), box.H-height)
			out = append(out, Stamp{Page: i + 1, Box: Box{X: x, Y: y, W: width, H: height}})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: the text occurs on no page", ErrPlace)
	}
	return out, nil
}

// minSlice is the least width of a slice of a riding seal that can still be told from a stain, millimetres.
const minSlice = 3

// RidingSeam places a seal over the right edges of all pages (骑缝章): each shows a slice, and laid one beside the other
// they are the whole. Where there are more pages than slices of 3 mm, the pages are divided into groups, each with a
// whole seal. y is the upper edge; a negative one puts it in the middle.
func (o *OFD) RidingSeam(width, height, y float64) ([]Stamp, error) {
	pages := len(o.content.Pages)
	most := int(width / minSlice)
	if pages < 2 || most < 2 {
		return nil, fmt.Errorf("%w: a riding seam takes two pages and a seal of %d mm", ErrPlace, 2*minSlice)
	}
	groups := (pages + most - 1) / most
	out := make([]Stamp, 0, pages)
	for g := range groups {
		first, end := g*pages/groups, (g+1)*pages/groups
		slice := width / float64(end-first)
		for i := first; i < end; i++ {
			page, err := o.pageBox(i + 1)
			if err != nil {
				return nil, err
			}
			at := y
			if at < 0 {
				at = math.Max(0, (page.H-height)/2)
			}
			from := float64(i-first) * slice
			out = append(out, Stamp{
				Page: i + 1,
				Box:  Box{X: page.W - slice - from, Y: at, W: width, H: height},
				Clip: &Box{X: from, W: slice, H: height},
			})
		}
	}
	return out, nil
}

// identifiers gives out the identifiers of signatures and stamps: the form of those that are there, counting on.
type identifiers struct {
	prefix string
	width  int
	last   uint64
	seen   bool
	used   map[string]bool
}

// note counts an identifier that is there; one that does not end in a number is no form to go on with.
func (n *identifiers) note(id string) {
	digits := len(id)
	for digits > 0 && id[digits-1] >= '0' && id[digits-1] <= '9' {
		digits--
	}
	v, err := strconv.ParseUint(id[digits:], 10, 48)
	if err != nil {
		return
	}
	if !n.seen {
		n.seen, n.prefix, n.width = true, id[:digits], len(id)-digits
	}
	n.last = max(n.last, v)
}

// take counts the identifier of a stamp that is there; false if it is there already.
func (n *identifiers) take(id string) bool {
	if n.used[id] {
		return false
	}
	if n.used == nil {
		n.used = map[string]bool{}
	}
	n.used[id] = true
	n.note(id)
	return true
}

func (n *identifiers) next() (string, error) {
	if !n.seen {
		n.seen, n.prefix, n.width = true, "s", 3
	}
	n.last++
	digits := strconv.FormatUint(n.last, 10)
	id := n.prefix + strings.Repeat("0", max(0, n.width-len(digits))) + digits
	if !n.take(id) {
		return "", fmt.Errorf("%w: identifier %s is used", ErrPlace, id)
	}
	return id, nil
}

func (n *identifiers) clone() identifiers {
	out := *n
	out.used = make(map[string]bool, len(n.used))
	for id := range n.used {
		out.used[id] = true
	}
	return out
}
