package impression

import (
	"math"
	"unicode/utf8"
)

// Measures of the round seal in millimetres.
const (
	ringWidth  = 1.1
	gapToRing  = 0.75 // between ring and name
	starRadius = 7.0
	smallStar  = 6.0 // where a usage stands below it
	codeHeight = 1.9
	usageTop   = 6.6 // below the middle
	usageMax   = 4.0 // height of its characters
)

// The angle between the first and the last character of a name may grow with their number, and leaves the lower side
// to usage and code.
const (
	leastSpan   = 196.0 // degrees
	spanByCount = 2.5
	widestSpan  = 268.0
)

// filling is how much larger than its cell a character is drawn: it has some air around it by itself.
const filling = 1.07

func drawRound(d *Design) (path, error) {
	var p path
	p.ring(roundMM/2.0, roundMM/2.0-ringWidth)
	radius := starRadius
	if d.Usage != "" {
		radius = smallStar
	}
	p.star(radius)
	if d.Textless {
		return p, nil
	}
	name := layName(utf8.RuneCountInString(d.Name))
	outlines, err := d.Font.text(d.Name, name.place)
	if err != nil {
		return nil, err
	}
	p = append(p, outlines...)
	outlines, err = d.Font.text(d.Usage, layUsage(utf8.RuneCountInString(d.Usage), name).place)
	if err != nil {
		return nil, err
	}
	p = append(p, outlines...)
	outlines, err = d.Font.text(d.Code, layCode(utf8.RuneCountInString(d.Code)).place)
	if err != nil {
		return nil, err
	}
	return append(p, outlines...), nil
}

// arc is a row of characters around the middle.
type arc struct {
	count         int
	radius        float64 // of the middle of the characters
	width, height float64
	step          float64 // angle from one to the next
	below         bool    // along the lower edge, read from left to right
}

func (a arc) place(i int) affine {
	angle := (float64(i) - float64(a.count-1)/2) * a.step
	box := scaling(a.width, a.height)
	if a.below {
		return box.then(translation(0, a.radius)).then(rotation(-angle))
	}
	return box.then(translation(0, -a.radius)).then(rotation(angle))
}

// layName: the more characters, the lower and narrower they are. Few stand apart by half their height.
func layName(count int) arc {
	n := float64(count)
	a := arc{count: count, height: min(6.4, max(4.3, 7.4-0.115*n))}
	a.radius = roundMM/2.0 - ringWidth - gapToRing - a.height/2
	span := min(leastSpan+spanByCount*n, widestSpan) * math.Pi / 180
	a.step = min(1.42*a.height/a.radius, span/max(n-1, 1))
	a.width = filling * min(a.height, a.step*(a.radius-0.22*a.height))
	a.height *= filling
	return a
}

// row is a straight row of characters, its middle below that of the seal.
type row struct {
	count         int
	y             float64
	width, height float64
	step          float64
}

func (r row) place(i int) affine {
	x := (float64(i) - float64(r.count-1)/2) * r.step
	return scaling(r.width, r.height).then(translation(x, r.y))
}

// layUsage fits the usage between the ends of the name.
func layUsage(count int, name arc) row {
	r := row{count: count, height: usageMax}
	if count == 0 {
		return r
	}
	free := name.radius - name.height/2 - 0.7
	for range 8 { // the lower the characters, the wider the chord that they end on
		foot := usageTop + 0.75*r.height
		half := math.Sqrt(max(free*free-foot*foot, 1))
		r.step = min(2*half/float64(count), 1.12*r.height)
		r.height = min(usageMax, max(2.2, r.step*1.18))
	}
	r.width = r.step * 0.98
	r.y = usageTop + r.height/2
	return r
}

func layCode(count int) arc {
	return arc{
		count: count, radius: roundMM/2.0 - ringWidth - 0.7 - codeHeight/2, width: codeHeight, height: codeHeight,
		step: codeHeight * 0.66 / (roundMM/2.0 - 3), below: true,
	}
}
