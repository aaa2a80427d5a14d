package server

import (
	"encoding/hex"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// conversionOf tells everything that the library reports: what was not worked, as other sheets of the file and scans
// without a row, no less than what was.
func conversionOf(r *convert.Report, out *conversionOutputs) *api.Conversion {
	c := &api.Conversion{
		DryRun: r.DryRun, Batch: r.Batch, Again: r.Again, Counts: r.Counts, Resumed: r.Resumed, Skipped: r.Skipped,
		Noted: r.Noted, Spans: r.Reconcile.Spans, MoreGaps: r.Reconcile.MoreGaps, Capped: r.Reconcile.Capped,
		Merged: r.Reconcile.Merged, Balanced: r.Reconcile.Balanced, Codes: []api.CodeCount{},
		Read: readOf(r), Scans: pairingOf(r.Scans), Photos: pairingOf(r.Photos), Seconds: r.Elapsed.Seconds(),
	}
	for _, x := range r.Codes {
		zh, en := convert.RowWords(x.Code)
		c.Codes = append(c.Codes, api.CodeCount{Code: string(x.Code), Rows: x.Rows, Zh: zh, En: en})
	}
	for _, g := range r.Reconcile.Gaps {
		c.Gaps = append(c.Gaps, api.NumberGap(g))
	}
	if r.Stopped != nil {
		c.Stopped = &api.Stop{Row: r.Stopped.Row, Rows: r.Stopped.Rows, Rejected: r.Stopped.Rejected}
	}
	if r.Account != nil {
		account := batchOf(r.Account)
		c.Account = &account
	}
	if out.result != nil {
		c.Result = fileOf(out.result)
	}
	if out.errors != nil {
		c.Errors = fileOf(out.errors)
	}
	return c
}

func readOf(r *convert.Report) api.LedgerRead {
	out := api.LedgerRead{
		File: hex.EncodeToString(r.Digest[:]), Mapping: hex.EncodeToString(r.Mapping[:]), Format: r.Format,
		Encoding: r.Encoding, Sheet: r.Sheet, Others: r.Others, HeadingRow: r.HeadingRow, Columns: []api.LedgerColumn{},
		HiddenSheet: r.HiddenSheet, Hidden: r.Hidden,
	}
	for _, c := range r.Columns {
		out.Columns = append(out.Columns, api.LedgerColumn(c))
	}
	return out
}

func pairingOf(s *convert.ScanReport) *api.Pairing {
	if s == nil {
		return nil
	}
	out := &api.Pairing{
		Files: s.Files, Paired: s.Paired, Unchanged: s.Unchanged, MoreRows: s.MoreRows, Extra: s.Extra,
		MoreFiles: s.MoreFiles, Shared: s.Shared,
	}
	for _, p := range s.Missing {
		out.Missing = append(out.Missing, api.LedgerRow(p))
	}
	return out
}

// progressIn is how far a conversion has come, as its job keeps it.
func progressIn(p *convert.Progress) jobs.Progress {
	n := p.Counts
	return jobs.Progress{
		Done: int64(p.Rows), Total: int64(p.Total), Exact: p.Exact, Ends: p.Ends, Rate: p.Rate,
		Came: jobs.Came{
			Created: n.Created, Updated: n.Updated, Unchanged: n.Unchanged, Conflict: n.Conflict, Rejected: n.Rejected,
		},
	}
}

func progressOf(p *jobs.Progress) *api.JobProgress {
	out := &api.JobProgress{Done: p.Done, Total: p.Total, Exact: p.Exact, Ends: p.Ends, Rate: p.Rate}
	if c := p.Came; c != (jobs.Came{}) {
		out.Counts = &record.Counts{
			Rows: int(p.Done), Created: c.Created, Updated: c.Updated, Unchanged: c.Unchanged, Conflict: c.Conflict,
			Rejected: c.Rejected,
		}
	}
	return out
}
