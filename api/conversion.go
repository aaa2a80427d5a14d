package api

import (
	"time"

	"github.com/elicense/elicense/vault/record"
)

// ConversionRequest asks for the conversion (存量证照电子化转换) of a ledger of paper licences that was uploaded before.
type ConversionRequest struct {
	Type     string  `json:"type" minLength:"1" maxLength:"64" doc:"type code"`
	File     string  `json:"file" minLength:"1" maxLength:"64" doc:"id of the uploaded ledger: csv, xlsx or xls"`
	FileName string  `json:"fileName" minLength:"1" maxLength:"200" doc:"as people know it"`
	DryRun   bool    `json:"dryRun,omitempty" doc:"same verdicts, nothing written"`
	Mapping  string  `json:"mapping,omitempty" maxLength:"60000" doc:"mapping of columns as YAML; by the headings if absent"`
	Sheet    string  `json:"sheet,omitempty" maxLength:"200" doc:"of a workbook, in place of the mapping's; found if absent"`
	Encoding string  `json:"encoding,omitempty" maxLength:"40" doc:"of a text file, where it cannot be found"`
	Scans    string  `json:"scans,omitempty" maxLength:"64" doc:"id of an uploaded ZIP of scans, paired by number"`
	Photos   string  `json:"photos,omitempty" maxLength:"64" doc:"id of an uploaded ZIP of photos"`
	MaxShare float64 `json:"maxShare,omitempty" minimum:"0" maximum:"1" doc:"share of rejected rows at which it stops"`
	MaxCount int     `json:"maxCount,omitempty" minimum:"0" doc:"number of rejected rows at which it stops"`
	Expected int     `json:"expected,omitempty" minimum:"0" doc:"rows in the whole ledger, for the forecast"`
}

// Conversion is the result of a job of kind "conversion".
type Conversion struct {
	DryRun  bool          `json:"dryRun"`
	Batch   string        `json:"batch,omitempty" doc:"looked up by others only once it is signed off"`
	Again   bool          `json:"again,omitempty" doc:"the batch brought this file in before; nothing was made now"`
	Counts  record.Counts `json:"counts"`
	Resumed int           `json:"resumed,omitempty" doc:"rows that an earlier job or start had done"`
	Skipped int           `json:"skipped" doc:"empty rows, repeated headings, totals, notes"`
	Noted   int           `json:"noted" doc:"rows in which something was normalised"`
	Codes   []CodeCount   `json:"codes" doc:"why rows were sent back, the most frequent first"`
	Stopped *Stop         `json:"stopped,omitempty" doc:"where it stopped because too many rows were rejected"`
	Spans   []record.Span `json:"spans,omitempty" doc:"ranges of numbers with what is missing in them"`

	Gaps     []NumberGap `json:"gaps,omitempty" doc:"runs of missing numbers, the first thousand"`
	MoreGaps int         `json:"moreGaps,omitempty" doc:"that are not listed"`
	Capped   bool        `json:"capped,omitempty" doc:"too many numbers to hold each: some gaps are only counted"`
	Merged   int         `json:"merged,omitempty" doc:"series that were too many to list and are added up in -"`

	Balanced bool `json:"balanced" doc:"every row is accounted for"`

	Read    LedgerRead `json:"read" doc:"what the ledger was read as"`
	Scans   *Pairing   `json:"scans,omitempty" doc:"how scans and rows went together"`
	Photos  *Pairing   `json:"photos,omitempty" doc:"how photos and rows went together"`
	Account *Batch     `json:"account,omitempty" doc:"of the batch, with its certificate"`
	Seconds float64    `json:"seconds" doc:"that the work took since its last start"`

	Result File `json:"result" doc:"the same sheet with 状态, 错误码 and 怎么改; correct it and feed it back"`
	Errors File `json:"errors" doc:"listing of what is wrong by row and column, without values"`
}

// LedgerRead is what a ledger was read as.
type LedgerRead struct {
	File       string   `json:"file" doc:"SM3 of the ledger, hexadecimal"`
	Mapping    string   `json:"mapping" doc:"SM3 of the mapping, hexadecimal"`
	Format     string   `json:"format" doc:"csv, xlsx, xls"`
	Encoding   string   `json:"encoding,omitempty" doc:"of a text file"`
	Sheet      string   `json:"sheet" doc:"the sheet that was worked"`
	Others     []string `json:"others,omitempty" doc:"other visible sheets with headings of the type, which were not"`
	HeadingRow int      `json:"headingRow" doc:"last row of the heading"`

	HiddenSheet bool `json:"hiddenSheet,omitempty" doc:"the sheet is hidden: it was named, or there is no other"`
	Hidden      int  `json:"hidden,omitempty" doc:"rows that the sheet does not show, worked as all others"`

	Columns []LedgerColumn `json:"columns" doc:"what each column was taken for"`
}

// LedgerColumn is what one column of a ledger was taken for.
type LedgerColumn struct {
	Column   string   `json:"column" doc:"its letter"`
	Heading  string   `json:"heading"`
	Elements []string `json:"elements,omitempty" doc:"short names; of a column that is not used there are none"`
	Ignored  bool     `json:"ignored,omitempty" doc:"by the mapping"`
}

// NumberGap is a run of numbers that a series lacks.
type NumberGap struct {
	Year   int    `json:"year"`
	Series string `json:"series"`
	From   string `json:"from"`
	To     string `json:"to"`
	Count  int    `json:"count"`
}

// Pairing is how scans or photos and the rows of a ledger went together.
type Pairing struct {
	Files     int         `json:"files"`
	Paired    int         `json:"paired" doc:"rows with at least one"`
	Unchanged int         `json:"unchanged,omitempty" doc:"of those: made no version, so what is stored stands"`
	Missing   []LedgerRow `json:"missing,omitempty" doc:"rows without, the first thousand"`
	MoreRows  int         `json:"moreRows,omitempty" doc:"that are not listed"`
	Extra     []string    `json:"extra,omitempty" doc:"files that belong to no row, the first thousand"`
	MoreFiles int         `json:"moreFiles,omitempty" doc:"that are not listed"`
	Shared    []string    `json:"shared,omitempty" doc:"files that more than one row claims"`
}

// LedgerRow is a row of a ledger.
type LedgerRow struct {
	Row  int `json:"row"`
	Line int `json:"line,omitempty" doc:"of a text file"`
}

// CodeCount is how often something was found.
type CodeCount struct {
	Code string `json:"code"`
	Rows int    `json:"rows"`
	Zh   string `json:"zh,omitempty"`
	En   string `json:"en,omitempty"`
}

// Stop is where a conversion stopped, or in a dry run would have.
type Stop struct {
	Row      int `json:"row"`
	Rows     int `json:"rows"`
	Rejected int `json:"rejected"`
}

// Batch is the account of a conversion.
type Batch struct {
	ID       string        `json:"id"`
	Type     string        `json:"type"`
	Issuer   string        `json:"issuer"`
	FileName string        `json:"fileName"`
	State    string        `json:"state" enum:"converting,waiting,open,undoing,undone,imported"`
	Started  time.Time     `json:"started"`
	Finished time.Time     `json:"finished,omitzero"`
	Counts   record.Counts `json:"counts"`
	Expected int           `json:"expected,omitempty" doc:"rows in the whole ledger, if they were told"`
	By       string        `json:"by" doc:"the system that began it"`
	File     string        `json:"file" doc:"SM3 of the ledger, hexadecimal"`
	Mapping  string        `json:"mapping" doc:"SM3 of the mapping, hexadecimal"`
	SignOff  *SignedOff    `json:"signOff,omitempty"`
	Opened   *uint64       `json:"opened,omitempty" doc:"sequence number of the feed from which others see it"`

	GroupRows int    `json:"groupRows" doc:"rows that are brought in together"`
	Groups    int    `json:"groups" doc:"of which so many are in"`
	FirstLeaf uint64 `json:"firstLeaf,omitempty" doc:"no event of it stands in the ledger before"`

	Certificate          []byte `json:"certificate,omitempty" doc:"the vault's signed account"`
	CertificateSignature []byte `json:"certificateSignature,omitempty"`
}

// Batches is a page of the conversions of a department, the first begun first.
type Batches struct {
	Items []Batch `json:"items"`
	Next  string  `json:"next,omitempty" doc:"after, for the next page"`
}

// SignOff is the department's word that a sample of a batch was held against the paper.
type SignOff struct {
	By      string `json:"by" minLength:"1" maxLength:"200"`
	Sampled int    `json:"sampled" minimum:"0"`
	Defects int    `json:"defects,omitempty" minimum:"0"`
	Remark  string `json:"remark,omitempty" maxLength:"200"`
}

// SignedOff is a sign-off as it was made.
type SignedOff struct {
	SignOff

	Time time.Time `json:"time"`
}

// UndoRequest takes a batch back.
type UndoRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

// Undo is the result of a job of kind "undo".
type Undo struct {
	Batch   Batch          `json:"batch"`
	Counts  map[string]int `json:"counts" doc:"rows by what became of them: withdrawn, restored, refused"`
	Refused []UndoRefused  `json:"refused,omitempty" doc:"the first rows that stay, and why"`
}

// UndoRefused is a row that stays because somebody acted on its licence since.
type UndoRefused struct {
	Row  int    `json:"row"`
	Code string `json:"code"`
	Zh   string `json:"zh,omitempty"`
	En   string `json:"en,omitempty"`
}
