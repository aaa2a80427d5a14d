package document_test

import (
	"testing"

	"github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/document"
)

// TestModules: the outlines of a code hold every dark module and no light one, by either rule of filling; so do those of
// modules that touch at a corner, of a ring and of a full square.
func TestModules(t *testing.T) {
	t.Parallel()
	code, err := qrcode.New("https://licence.example/v/0123456789ABCDEFGHIJ", qrcode.Medium)
	require.NoError(t, err)
	for name, dots := range map[string][][]bool{
		"code":   code.Bitmap(),
		"touch":  {{true, false}, {false, true}},
		"ring":   {{true, true, true}, {true, false, true}, {true, true, true}},
		"within": {{true, true, true, true, true}, {true, false, false, false, true}, {true, false, true, false, true}, {true, false, false, false, true}, {true, true, true, true, true}},
		"full":   {{true}},
		"empty":  {{false}},
	} {
		path := document.Modules(dots, page.Point{X: 10, Y: 20}, 4)
		for y, row := range dots {
			for x, dark := range row {
				turns, crossings := around(path, 10+4*x+2, 20+4*y+2)
				require.Equal(t, dark, turns != 0, "%s %d %d", name, x, y)
				require.Equal(t, dark, crossings%2 == 1, "%s %d %d", name, x, y)
			}
		}
	}
}

// around tells how often outlines of upright and level lines go around a point, and how many of their lines lie to its
// left.
func around(path []page.Step, x, y int) (turns, crossings int) {
	var start, last page.Point
	line := func(to page.Point) {
		if last.X == to.X && to.X < x {
			switch {
			case last.Y < y && to.Y > y:
				turns, crossings = turns+1, crossings+1
			case last.Y > y && to.Y < y:
				turns, crossings = turns-1, crossings+1
			}
		}
		last = to
	}
	for _, s := range path {
		switch s.Op {
		case 'M':
			start, last = s.At[0], s.At[0]
		case 'L':
			line(s.At[0])
		default:
			line(start)
		}
	}
	return turns, crossings
}
