package convert

import (
	"context"
	"io"
	"time"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

type runner struct{}

func newRun(Config, Job) (*runner, error) { return &runner{}, nil }

func (r *runner) run(context.Context) (*Report, error) { return nil, ErrConfig }

// Mapping says how a sheet's columns become the elements of a licence type. docs/convert.md describes its file.
type Mapping struct {
	Name       string // for people
	Type       string // 证照类型代码; empty: any
	Department string // USCC of the department it was saved for; empty: any
}

// ParseMapping reads a mapping file. The error is a *MappingError that holds every problem with its line.
func ParseMapping(data []byte) (*Mapping, error) { return nil, ErrMapping }

// Encode gives the canonical file of a mapping, which ParseMapping reads back.
func (m *Mapping) Encode() ([]byte, error) { return nil, ErrMapping }

// Digest names a mapping: the SM3 of its canonical file.
func (m *Mapping) Digest() (record.Digest, error) { return record.Digest{}, ErrMapping }

// MappingError is a refused mapping file.
type MappingError struct{ Problems []MappingProblem }

// MappingProblem is one thing wrong with a mapping file or with the headings of a sheet.
type MappingProblem struct {
	Code   vault.Code
	Line   int // of the mapping file, from 1; 0 if there is none
	Path   string
	Found  string
	Want   string
	Zh, En string // what is wrong and how to fix it
}

// Error lists the places and codes.
func (e *MappingError) Error() string { return "" }

// Unwrap gives ErrMapping.
func (e *MappingError) Unwrap() error { return ErrMapping }

// Proposal is what Detect makes of a file.
type Proposal struct {
	Mapping    *Mapping
	Format     string
	Encoding   string
	Sheet      string
	HeadingRow int
	Columns    []ColumnUse
	Problems   []MappingProblem // why the mapping is not complete: headings missing or ambiguous, with suggestions
}

// Detect finds heading and columns of a file and proposes a mapping for a type, to be looked over and saved.
func Detect(ctx context.Context, f File, t *vault.LicenceType, temp func() (TempFile, error)) (*Proposal, error) {
	return nil, ErrConfig
}

// Progress is how far a conversion has come.
type Progress struct {
	File      string
	Rows      int // data rows worked
	Total     int // rows in the file, estimated from its size until the end is reached; 0: unknown
	Exact     bool
	Counts    record.Counts
	Resumed   int
	Rate      float64 // rows a second, of late
	Elapsed   time.Duration
	Remaining time.Duration // 0: unknown
	Ends      time.Time     // forecast; zero: unknown
	Late      bool          // the forecast lies behind Job.Deadline
	Done      bool
}

// Reconciliation holds the rows of a file against the numbers they bear.
type Reconciliation struct {
	Balanced bool          `json:"balanced"`
	Spans    []record.Span `json:"spans"`
	Gaps     []Gap         `json:"gaps,omitempty"`
	MoreGaps int           `json:"more_gaps,omitempty"`
	Capped   bool          `json:"capped,omitempty"` // too many series to list each number: missing ones are estimated
}

// Gap is a run of numbers that a series lacks.
type Gap struct {
	Year   int    `json:"year"`
	Series string `json:"series"`
	From   string `json:"from"`
	To     string `json:"to"`
	Count  int    `json:"count"`
}

// ScanReport is how scans and rows went together.
type ScanReport struct {
	Files     int      `json:"files"`
	Paired    int      `json:"paired"`
	Missing   []Place  `json:"missing,omitempty"` // rows without a scan
	MoreRows  int      `json:"more_rows,omitempty"`
	Extra     []string `json:"extra,omitempty"` // files that belong to no row
	MoreFiles int      `json:"more_files,omitempty"`
	Shared    []string `json:"shared,omitempty"` // files that more than one row claims
	Refused   []string `json:"refused,omitempty"`
}

// Place is a row of the file.
type Place struct {
	Row  int `json:"row"`
	Line int `json:"line,omitempty"`
}

// Dashboard is how far a department has come with one type (A74).
type Dashboard struct {
	Type, Issuer string
	Total        int // rows in the ledger as declared; 0: unknown
	Converted    int
	Rejected     int
	Conflict     int
	Batches      int
	Rate         float64   // licences a day
	Forecast     time.Time // zero: unknown
	Deadline     time.Time
	Late         bool
}

// Dashboards adds up the accounts of batches by department and type, with a forecast against the deadline.
func Dashboards(accounts []vault.BatchAccount, now, deadline time.Time) []Dashboard { return nil }

// SampleSheet draws n licences of a batch and writes them as a sheet, values beside the names of their scans, with empty
// columns for the inspector's findings. It returns how many were drawn.
func SampleSheet(ctx context.Context, cfg Config, s SampleJob) (int, error) { return 0, ErrConfig }

// SampleJob is a sample to draw.
type SampleJob struct {
	Batch string
	N     int
	Seed  uint64
	Out   io.Writer // .xlsx
	// Scan receives each scan of the sample under the name that stands in the sheet; nil: scans are not written.
	Scan func(name string, content []byte) error
}
