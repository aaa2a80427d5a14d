package impression

import (
	"math"
	"strings"
)

// Measures of the square seal in millimetres.
const (
	borderWidth  = 1.0
	gapToBorder  = 0.7
	maxSquare    = 16
	squareFilled = 1.02 // of its cell
)

// drawSquare sets the characters in columns from right to left, as seals of persons are read.
func drawSquare(d *Design) (path, error) {
	var p path
	p.square(squareMM/2.0, squareMM/2.0-borderWidth)
	if d.Textless {
		p.star(squareMM / 4.0)
		return p, nil
	}
	name := []rune(completed(d.Name))
	columns := int(math.Round(math.Sqrt(float64(len(name)))))
	const inside = float64(squareMM) - 2*(borderWidth+gapToBorder)
	width := inside / float64(columns)
	for column := range columns {
		from, to := share(len(name), columns, column), share(len(name), columns, column+1)
		height := inside / float64(to-from)
		x := inside/2 - (float64(column)+0.5)*width
		outlines, err := d.Font.text(string(name[from:to]), func(i int) affine {
			y := (float64(i)+0.5)*height - inside/2
			return scaling(width*squareFilled, height*squareFilled).then(translation(x, y))
		})
		if err != nil {
			return nil, err
		}
		p = append(p, outlines...)
	}
	return p, nil
}

// share is where a column begins: the first ones take one more if the characters do not divide evenly.
func share(count, columns, column int) int { return (count*column + columns - 1) / columns }

// completed fills the four places of a short name, as is the custom: 之印 after two characters, 印 after three. The dot
// within a name is not engraved.
func completed(name string) string {
	name = strings.ReplaceAll(name, "·", "")
	switch len([]rune(name)) {
	case 2:
		return name + "之印"
	case 3:
		return name + "印"
	default:
		return name
	}
}
