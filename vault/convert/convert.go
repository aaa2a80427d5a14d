// Package convert turns a department's ledger of paper licences into electronic ones (存量证照电子化转换): a spreadsheet
// and scans go in, licences and the same spreadsheet with three more columns come out.
//
// Rows are streamed, mapped to the elements of the licence type, normalised with a note for each change, judged with
// all errors of a row at once, compared with the vault and committed in groups. A dry run is the same code up to the
// commit. Killed at any instruction and started again, the end equals an undisturbed run. Memory does not depend on the
// size of the file.
//
// The package reads and writes only what it is given: it opens no file, knows no clock and no network.
package convert

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Sentinels of what ends a conversion; what is wrong with one row never does.
var (
	ErrMapping   = errors.New("convert: invalid mapping")
	ErrHeading   = errors.New("convert: headings cannot be mapped")
	ErrConfig    = errors.New("convert: incomplete configuration")
	ErrNeedTemp  = errors.New("convert: temporary storage needed")
	ErrScans     = errors.New("convert: scans cannot be used")
	ErrResume    = errors.New("convert: the file does not fit the batch that it left unfinished")
	ErrThreshold = errors.New("convert: stopped, too many rows were rejected")
)

// TempFile holds what does not fit into memory; Close removes it.
type TempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Config is what conversions are made with. Every field without a stated zero meaning must be set.
type Config struct {
	Vault  *vault.Vault
	Access vault.Access // of the department that issued the paper licences
	Now    func() time.Time

	// Temp makes a temporary file. Nil: results and texts that outgrow a few megabytes are refused with ErrNeedTemp.
	Temp func() (TempFile, error)

	// OpenDryRun opens the vault's dry run over an empty scratch engine, which stays the caller's to remove:
	//
	//	func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error) {
	//		return v.OpenDryRun(ctx, access, spec, scratch)
	//	}
	//
	// It is called at most once for an engine. Nil: dry runs are refused, and a file that is run again after it was
	// converted makes a batch of unchanged rows.
	OpenDryRun func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error)

	// Workers is how many groups are worked side by side; zero: 1. Set it to the number of cores.
	Workers int
}

// File is a spreadsheet.
type File struct {
	Reader    io.ReaderAt
	SizeBytes int64
	Name      string // as people know it; its last element stands in the account and in listings

	// Encoding of a text file, as sheet.ParseEncoding reads it; it counts more than the mapping's. Empty: as the
	// mapping says, or found.
	Encoding string

	// Sheet of a workbook; it counts more than the mapping's. Empty: as the mapping says, or found.
	Sheet string
}

// Threshold says how many rejected rows are too many. The zero value never stops.
type Threshold struct {
	Share   float64 // of the rows so far, 0 to 1; 0: no share is too many
	Count   int     // rejected rows; 0: no count is too many
	MinRows int     // the share is not judged before so many rows, but always at the end; 0: 100
}

// Job is one conversion.
type Job struct {
	Type    string   // 证照类型代码
	File    File     // the ledger
	Mapping *Mapping // nil: what Detect proposes, if that is complete
	DryRun  bool     // judge, write nothing into the vault

	// Result receives the same sheet with 状态, 错误码 and 怎么改; nil: none is made.
	Result io.Writer
	// Rows receives one JSON object a line for each row (RowReport); nil: none. It may hold personal data.
	Rows io.Writer
	// Errors receives a listing of what is wrong, by file, line and column, without the values; nil: none.
	Errors io.Writer

	// Deliver is called once everything is written to Result, Rows and Errors, and before the batch is closed: it makes
	// them durable and puts them into their place. A conversion killed before is gone on with; one killed after it has
	// nothing left to deliver. nil: nothing is done.
	Deliver func() error

	// Scans are the scans of the paper, a directory or an opened ZIP; nil: none.
	Scans fs.FS
	// Photos are the images of the licences, for types with an element of kind image: a directory or an opened ZIP;
	// nil: none. A column of the sheet names their files, or they are named after the licences' numbers as scans are.
	Photos fs.FS

	MaxReject Threshold
	Expected  int       // rows in the whole ledger, if the department knows; 0: unknown
	Deadline  time.Time // for the forecast; zero: none

	// Progress is called now and then by one goroutine, and once at the end; nil: never. It must not block.
	Progress func(Progress)
}

// Run converts a ledger, or goes on with a conversion of the same file and mapping that was broken off. The report is
// nil if nothing was worked. After ErrThreshold the report tells where it stopped, and the batch can be continued or
// undone. A file that was converted to its end before and changes nothing now makes no batch: see Report.Again.
func Run(ctx context.Context, cfg Config, job Job) (*Report, error) {
	r, err := newRun(cfg, job)
	if err != nil {
		return nil, err
	}
	report, err := r.run(ctx)
	if !errors.Is(err, errAnew) {
		return report, err
	}
	if r, err = newRun(cfg, job); err != nil {
		return nil, err
	}
	r.anew = true
	return r.run(ctx)
}

// Report is what became of a file. Counts are of data rows: Rows = Created + Updated + Unchanged + Conflict + Rejected.
type Report struct {
	File       string        `json:"file"`
	Digest     record.Digest `json:"digest"`  // SM3 of the file
	Mapping    record.Digest `json:"mapping"` // of the canonical mapping
	Format     string        `json:"format"`  // csv, xlsx, xls
	Encoding   string        `json:"encoding,omitempty"`
	Sheet      string        `json:"sheet"`
	HeadingRow int           `json:"heading_row"`      // last row of the heading
	Others     []string      `json:"others,omitempty"` // other visible sheets with headings of the type, not worked

	HiddenSheet bool `json:"hidden_sheet,omitempty"` // Sheet is hidden: it was named, or there is no other
	Hidden      int  `json:"hidden,omitempty"`       // rows that the sheet does not show, worked as all others

	Columns []ColumnUse `json:"columns"` // what each column of the sheet was taken for

	DryRun  bool          `json:"dry_run"`
	Counts  record.Counts `json:"counts"`
	Resumed int           `json:"resumed"` // rows that an earlier run had committed
	Skipped int           `json:"skipped"` // empty rows, repeated headings, totals, notes
	Noted   int           `json:"noted"`   // rows in which something was normalised
	Codes   []CodeCount   `json:"codes"`   // problems by code, the most frequent first
	Stopped *Stop         `json:"stopped,omitempty"`

	Reconcile Reconciliation      `json:"reconcile"`
	Scans     *ScanReport         `json:"scans,omitempty"`
	Photos    *ScanReport         `json:"photos,omitempty"`
	Batch     string              `json:"batch,omitempty"`
	Again     bool                `json:"again,omitempty"`   // Batch brought the file in before; nothing was made now
	Account   *vault.BatchAccount `json:"account,omitempty"` // with the signed certificate, once the batch is finished

	Elapsed time.Duration `json:"elapsed_ns"`
}

// Stop says where a conversion stopped because too many rows were rejected. A dry run goes on, to show every error, and
// says where the conversion would have stopped.
type Stop struct {
	Row      int `json:"row"` // last row that was judged
	Rows     int `json:"rows"`
	Rejected int `json:"rejected"`
}

// ColumnUse is what one column of the sheet was taken for.
type ColumnUse struct {
	Column   string   `json:"column"` // letter
	Heading  string   `json:"heading"`
	Elements []string `json:"elements,omitempty"` // short names
	Ignored  bool     `json:"ignored,omitempty"`  // by the mapping; otherwise a column without elements is unmapped
}

// CodeCount is how often a problem was found.
type CodeCount struct {
	Code vault.Code `json:"code"`
	Rows int        `json:"rows"`
}

// RowReport is one row of Job.Rows.
type RowReport struct {
	Row        int           `json:"row"`
	Line       int           `json:"line,omitempty"` // of a text file
	Outcome    vault.Outcome `json:"outcome"`
	Code       vault.Code    `json:"code,omitempty"`
	OtherRow   int           `json:"other_row,omitempty"`
	Identifier string        `json:"identifier,omitempty"`
	Problems   []Problem     `json:"problems,omitempty"`
	Notes      []vault.Note  `json:"notes,omitempty"`
}
