package main

import (
	"errors"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// reportIn is the report of a conversion at a service: the same that a data directory gives.
func reportIn(x *api.Conversion, file string) (*convert.Report, error) {
	r := &convert.Report{
		File: file, Format: x.Read.Format, Encoding: x.Read.Encoding, Sheet: x.Read.Sheet,
		HeadingRow: x.Read.HeadingRow, Others: x.Read.Others, DryRun: x.DryRun, Batch: x.Batch, Again: x.Again,
		HiddenSheet: x.Read.HiddenSheet, Hidden: x.Read.Hidden,
		Counts: x.Counts, Resumed: x.Resumed, Skipped: x.Skipped, Noted: x.Noted,
		Scans: pairingIn(x.Scans), Photos: pairingIn(x.Photos), Elapsed: time.Duration(x.Seconds * float64(time.Second)),
		Reconcile: convert.Reconciliation{
			Balanced: x.Balanced, Spans: x.Spans, MoreGaps: x.MoreGaps, Capped: x.Capped, Merged: x.Merged,
		},
	}
	for _, c := range x.Read.Columns {
		r.Columns = append(r.Columns, convert.ColumnUse(c))
	}
	for _, n := range x.Codes {
		r.Codes = append(r.Codes, convert.CodeCount{Code: vault.Code(n.Code), Rows: n.Rows})
	}
	for _, g := range x.Gaps {
		r.Reconcile.Gaps = append(r.Reconcile.Gaps, convert.Gap(g))
	}
	if s := x.Stopped; s != nil {
		r.Stopped = &convert.Stop{Row: s.Row, Rows: s.Rows, Rejected: s.Rejected}
	}
	if x.Read.Format == "" { // a service of before it told what it read
		return r, nil
	}
	var err1, err2, err3 error
	r.Digest, err1 = digestIn(x.Read.File)
	r.Mapping, err2 = digestIn(x.Read.Mapping)
	if x.Account != nil {
		r.Account, err3 = accountIn(x.Account)
	}
	return r, errors.Join(err1, err2, err3)
}

func pairingIn(p *api.Pairing) *convert.ScanReport {
	if p == nil {
		return nil
	}
	out := &convert.ScanReport{
		Files: p.Files, Paired: p.Paired, Unchanged: p.Unchanged, MoreRows: p.MoreRows, Extra: p.Extra,
		MoreFiles: p.MoreFiles, Shared: p.Shared,
	}
	for _, row := range p.Missing {
		out.Missing = append(out.Missing, convert.Place(row))
	}
	return out
}

// progressIn is how far a job has come; elapsed is since it was asked for first.
func progressIn(file string, j *api.Job, elapsed time.Duration) convert.Progress {
	p := j.Progress
	out := convert.Progress{
		File: file, Rows: int(p.Done), Total: int(p.Total), Exact: p.Exact, Ends: p.Ends, Rate: p.Rate, Elapsed: elapsed,
		Done: j.State == "done",
	}
	if p.Counts != nil {
		out.Counts = *p.Counts
	}
	if p.Rate > 0 && p.Total > p.Done {
		out.Remaining = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
	}
	return out
}
