package verify

import (
	"fmt"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/ses"
)

// Most that a seal may be larger on the page than it is, and the most that it may be at all, in mm: a seal is a mark on
// a page and no page. It may be shown many times, but one signer may not hide much of a page with it.
const (
	maxSealScale = 1.25
	maxSealSide  = 100
	maxSealArea  = 210 * 297 / 4 // mm², a quarter of A4
)

// shownOn is a page and the certificate of one who sealed it.
type shownOn struct{ signer, page string }

// judgeSealSize: a seal is shown as large as it was made. Stretched over the page, or set side by side, that of anybody
// who may seal at all would hide what another sealed before him.
func (j *judgement) judgeSealSize(sig *ses.Signature, stamps []ofd.Stamp) {
	const id = "seal.size"
	seal := sig.Seal
	width := min(float64(seal.Picture.WidthMM)*maxSealScale, maxSealSide)
	height := min(float64(seal.Picture.HeightMM)*maxSealScale, maxSealSide)
	for i := range stamps {
		b := stamps[i].Boundary
		if b.W > width || b.H > height {
			j.fail(id, SigConstraintsFailure, fmt.Sprintf("%d x %d mm", seal.Picture.WidthMM, seal.Picture.HeightMM),
				fmt.Sprintf("%g x %g mm", b.W, b.H))
			return
		}
		on := shownOn{string(sig.Certificate), stamps[i].PageRef}
		if j.shown[on] += shownArea(stamps[i]); j.shown[on] > maxSealArea {
			j.fail(id, SigConstraintsFailure, fmt.Sprintf("%d mm2", maxSealArea), fmt.Sprintf("%.0f mm2", j.shown[on]))
			return
		}
	}
	j.pass(id)
}

// shownArea is what a stamp takes of a page: of a seal across many pages (骑缝章) each shows a strip.
func shownArea(s ofd.Stamp) float64 {
	if s.Clip == nil {
		return s.Boundary.W * s.Boundary.H
	}
	return min(s.Boundary.W, s.Clip.W) * min(s.Boundary.H, s.Clip.H)
}

// judgeSealless: a digital signature (Type="Sign") shows no seal. A seal that it names is one that nobody signed with:
// whoever may sign at all could show that of another.
func (j *judgement) judgeSealless(sig *ofd.Signature) {
	if sig.Seal != "" || sig.SealImage != "" || len(sig.Stamps) > 0 {
		j.fail("seal.text", FormatFailure, "no seal", "a seal that is shown and that nobody signed with")
	}
}
