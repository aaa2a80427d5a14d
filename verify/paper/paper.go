// Package paper lays out reports of verification (验证报告) as A4 pages: an OFD package (GB/T 33190-2016) that a
// reviewer signs and files, and whoever doubts it opens offline. The first line is the decision, the second its reason;
// then come the notice for the applicant, what is left to the office, every file with its digest, and every check. The
// same report travels inside as an attachment, which programs read.
//
// The package decides nothing and signs nothing: an unsigned report says what anybody may have written. What documents
// say is drawn as text and cannot become anything else; nothing is cut off.
package paper

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/verify"
)

// MaxPages is the most pages that a report may have.
const MaxPages = 2000

// AttachmentFile is where the report for programs lies in the package: the JSON form of the case.
const AttachmentFile = "Doc_0/Attachs/report.json"

// Refusals.
var (
	ErrReport = errors.New("paper: report cannot be laid out")
	ErrSigner = errors.New("paper: it must be said who signs the report")
)

// Config says how a report is laid out.
type Config struct {
	// Fonts are what characters are drawn and embedded with; the zero value names standard fonts.
	Fonts page.Fonts
	// Lang is "zh" or "en"; empty: Chinese.
	Lang string
	// Zone is that of the times; nil: UTC+8.
	Zone *time.Location
	// Signer is who will sign the report, as its last lines say. Required.
	Signer string
	// Seal leaves room for a seal beside these lines.
	Seal bool
}

// Drawing is a report laid out.
type Drawing struct {
	SealPage int      // from 0
	SealBox  page.Box // where the seal goes; empty if there is to be none
	Missing  []rune   // characters that no font had

	book  page.Book
	about page.About
}

// Draw lays a report out. A report on no file is refused.
func Draw(c *verify.CaseReport, cfg Config) (*Drawing, error) {
	if cfg.Signer == "" {
		return nil, ErrSigner
	}
	if len(c.Reports) == 0 || len(c.Names) != len(c.Reports) || len(c.Inputs) != len(c.Reports) {
		return nil, fmt.Errorf("%w: no files, or some without a name or digest", ErrReport)
	}
	if cfg.Zone == nil {
		cfg.Zone = moment.China()
	}
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrReport, err)
	}
	w := &writer{flow: newFlow(cfg.Fonts), cfg: cfg, report: c}
	w.write()
	if len(w.sheets) > MaxPages {
		return nil, fmt.Errorf("%w: more than %d pages", ErrReport, MaxPages)
	}
	id := sm3.Sum(append([]byte("elicense report v1\n"), data...))
	return &Drawing{
		SealPage: w.sealPage, SealBox: w.sealBox, Missing: w.set.Missing(),
		book: page.Book{Sheets: w.sheets, Fonts: cfg.Fonts, TitleName: "黑体", BodyName: "宋体"},
		about: page.About{
			ID: hex.EncodeToString(id[:16]), Title: w.say(title), Author: page.Visible(cfg.Signer), Creator: "elicense",
			Created:     w.judgedAt(),
			Attachments: []page.Attachment{{ID: "report", File: "report.json", Data: data}},
		},
	}, nil
}

// Pages is the number of pages.
func (d *Drawing) Pages() int { return len(d.book.Sheets) }

// PNG is a page in dots, from 0; it needs a font.
func (d *Drawing) PNG(number, dpi int) ([]byte, error) { return d.book.PNG(number, dpi) }

// OFD is the package, ready to be signed. The same report, fonts and signer give the same bytes.
func (d *Drawing) OFD() ([]byte, error) {
	files, err := d.book.Files(d.about)
	if err != nil {
		return nil, err
	}
	return ofd.Marshal(files)
}
