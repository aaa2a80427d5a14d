package api

import (
	"encoding/json"
	"time"

	"github.com/elicense/elicense/vault/record"
)

// Job is long work: it was accepted, is done in its turn and survives a restart of the service. Ask its address until
// it has ended.
type Job struct {
	ID         string       `json:"id"`
	Kind       string       `json:"kind"`
	State      string       `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Created    time.Time    `json:"created"`
	Started    time.Time    `json:"started,omitzero"`
	Ended      time.Time    `json:"ended,omitzero"`
	Expires    time.Time    `json:"expires" doc:"until when the job and what it made are kept"`
	Cancelling bool         `json:"cancelling,omitempty" doc:"it was told to end and will at its next step"`
	Progress   *JobProgress `json:"progress,omitempty"`

	Result json.RawMessage `json:"result,omitempty" doc:"of a job that is done, as its kind answers"`
	Error  *Problem        `json:"error,omitempty" doc:"why a job failed"`
}

// JobProgress is how far a job has come.
type JobProgress struct {
	Done  int64     `json:"done"`
	Total int64     `json:"total,omitempty"`
	Exact bool      `json:"exact,omitempty" doc:"total is known and not estimated"`
	Ends  time.Time `json:"ends,omitzero" doc:"forecast"`
	Rate  float64   `json:"rate,omitempty" doc:"done a second since the last start"`

	Counts *record.Counts `json:"counts,omitempty" doc:"of a conversion: what became of the rows so far"`
}

// Jobs are those of a caller, the newest first.
type Jobs struct {
	Items []Job `json:"items"`
}

// File is content that was uploaded, or made by a job.
type File struct {
	ID      string    `json:"id"`
	Size    int64     `json:"size"`
	Digest  string    `json:"digest" doc:"SM3, hexadecimal"`
	Expires time.Time `json:"expires" doc:"until when it is kept"`
}

// FileStanding is a file as its owner finds it in the list.
type FileStanding struct {
	File

	Created time.Time `json:"created"`
}

// FileList is a page of the files that a caller keeps, the newest first, with how much it keeps in all.
type FileList struct {
	Files   []FileStanding `json:"files"`
	Used    int64          `json:"used" doc:"bytes that are kept or on their way: files, verdicts and jobs"`
	Allowed int64          `json:"allowed" doc:"bytes that may be kept"`
	Next    string         `json:"next,omitempty" doc:"after, for the next page"`
}
