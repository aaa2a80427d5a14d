package convert

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/vault"
)

// Dashboard (转换进度) is how far a department has come with the paper stock of one type (A74).
type Dashboard struct {
	Type      string    `json:"type"`
	Issuer    string    `json:"issuer"`
	Total     int       `json:"total"`     // rows in the ledger: as declared, or those of the files worked
	Declared  bool      `json:"declared"`  // the department declared Total
	Converted int       `json:"converted"` // licences that came into the vault
	Rejected  int       `json:"rejected"`  // rows of the latest run of each file that wait for correction
	Conflict  int       `json:"conflict"`
	Waiting   int       `json:"waiting"` // batches that wait for sampling and sign-off
	Open      int       `json:"open"`    // batches begun and not ended
	Batches   int       `json:"batches"`
	PerDay    float64   `json:"per_day"` // licences a day since the first batch began
	Forecast  time.Time `json:"forecast,omitzero"`
	Deadline  time.Time `json:"deadline,omitzero"`
	Late      bool      `json:"late"` // the forecast lies behind the deadline, or there is none
}

// Dashboards adds up the accounts of batches (vault.Batches) by department and type, with a forecast against a
// deadline; a zero deadline is none. Batches that were undone do not count.
func Dashboards(accounts []vault.BatchAccount, now, deadline time.Time) []Dashboard {
	type sum struct {
		Dashboard

		first  time.Time
		latest map[string]*vault.BatchAccount // by file
	}
	sums := make(map[string]*sum)
	for i := range accounts {
		b := &accounts[i]
		if b.State == vault.BatchUndone || b.State == vault.BatchUndoing {
			continue
		}
		k := b.Issuer + " " + b.Type
		s := sums[k]
		if s == nil {
			s = &sum{first: b.Started, latest: make(map[string]*vault.BatchAccount)}
			s.Type, s.Issuer, s.Deadline = b.Type, b.Issuer, deadline
			sums[k] = s
		}
		s.Batches++
		s.Converted += b.Counts.Created
		switch b.State {
		case vault.BatchConverting:
			s.Open++
		case vault.BatchWaiting:
			s.Waiting++
		case vault.BatchOpen, vault.BatchUndoing, vault.BatchUndone, vault.BatchImported:
		}
		s.Total = max(s.Total, b.Expected)
		if b.Started.Before(s.first) {
			s.first = b.Started
		}
		if old := s.latest[b.FileName]; old == nil || !b.Started.Before(old.Started) {
			s.latest[b.FileName] = b
		}
	}
	out := make([]Dashboard, 0, len(sums))
	for _, s := range sums {
		rows := 0
		for _, b := range s.latest {
			s.Rejected += b.Counts.Rejected
			s.Conflict += b.Counts.Conflict
			rows += b.Counts.Rows
		}
		s.Declared = s.Total > 0
		if !s.Declared {
			s.Total = rows
		}
		s.predict(now, now.Sub(s.first))
		out = append(out, s.Dashboard)
	}
	slices.SortFunc(out, func(a, b Dashboard) int {
		return cmp.Or(strings.Compare(a.Issuer, b.Issuer), strings.Compare(a.Type, b.Type))
	})
	return out
}

// predict says when the rest will be done at the pace so far.
func (d *Dashboard) predict(now time.Time, since time.Duration) {
	days := max(since.Hours()/24, 1.0/24)
	d.PerDay = float64(d.Converted) / days
	left := d.Total - d.Converted
	switch {
	case left <= 0:
		d.Forecast = now
	case d.PerDay > 0:
		ahead := float64(left) / d.PerDay
		if ahead > 365*1000 {
			break
		}
		d.Forecast = now.Add(time.Duration(ahead * 24 * float64(time.Hour)))
	}
	if d.Deadline.IsZero() || left <= 0 {
		return
	}
	d.Late = d.Forecast.IsZero() || d.Forecast.After(d.Deadline)
}
