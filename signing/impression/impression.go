// Package impression draws what a seal leaves on paper (印模): the round seal of an organisation (圆章) with ring, star,
// name and usage, and the square seal of a person (方章). Nobody needs an artist for a seal.
//
// Everything is drawn as outlines, the characters too, so that a picture shows without a font; to draw them a font is
// passed in. The same design and font give the same bytes. Nothing here makes a seal: a picture alone proves nothing,
// and package signing binds it to those who may use it.
//
// Measures follow what departments of a city use: a ring of 42 mm, a five-pointed star in its middle, the name from
// left to right around it (国务院关于国家行政机关和企业事业单位社会团体印章管理的规定, 1999).
package impression

import (
	"strings"
	"unicode/utf8"
)

// Kind is the shape of a seal. The zero value is round.
type Kind uint8

// Kinds.
const (
	Round  Kind = iota // 圆章, of an organisation
	Square             // 方章, of a person
)

// Sizes on paper in millimetres.
const (
	roundMM  = 42
	squareMM = 20
)

// Limits of what fits.
const (
	maxName  = 40 // characters around a ring
	maxUsage = 12
	maxCode  = 18
)

// Design says what is to be drawn.
type Design struct {
	Kind  Kind
	Name  string // of the organisation or person. Required
	Usage string // below the star: 行政审批专用章; may be empty, and is for a round seal alone
	Code  string // small along the lower edge: the seal's code; may be empty, likewise
	Font  *Font  // required, unless Textless
	// Textless leaves all characters away: ring and star alone, for demonstrations where no font is at hand. Such a
	// picture says nothing about whose seal it is.
	Textless bool
}

// Impression is a drawn seal. It is immutable.
type Impression struct {
	title    string
	sizeMM   int
	outlines path // in millimetres, the origin at the upper left, y downward
}

// SizeMM is the width and the height on paper.
func (i *Impression) SizeMM() int { return i.sizeMM }

// Draw draws a design. A refusal is a *RefusalError.
func Draw(d Design) (*Impression, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	i := &Impression{title: d.Name + d.Usage, sizeMM: roundMM}
	var err error
	if d.Kind == Square {
		i.sizeMM = squareMM
		i.outlines, err = drawSquare(&d)
	} else {
		i.outlines, err = drawRound(&d)
	}
	if err != nil {
		return nil, err
	}
	half := float64(i.sizeMM) / 2
	i.outlines = i.outlines.transform(translation(half, half))
	return i, nil
}

func (d *Design) check() error {
	count := utf8.RuneCountInString
	switch {
	case d.Kind > Square:
		return refuse(ReasonDesign, "unknown kind %d", d.Kind)
	case strings.Trim(d.Name, "·") == "", !utf8.ValidString(d.Name + d.Usage + d.Code):
		return refuse(ReasonDesign, "a name is required")
	case d.Kind == Round && count(d.Name) > maxName, d.Kind == Square && count(d.Name) > maxSquare:
		return refuse(ReasonLong, "the name has %d characters", count(d.Name))
	case count(d.Usage) > maxUsage, count(d.Code) > maxCode:
		return refuse(ReasonLong, "usage or code")
	case d.Kind == Square && d.Usage+d.Code != "":
		return refuse(ReasonDesign, "a square seal has a name alone")
	case d.Font == nil && !d.Textless:
		return refuse(ReasonNoFont, noFont)
	}
	return nil
}
