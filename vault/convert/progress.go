package convert

import (
	"time"

	"github.com/elicense/elicense/vault/record"
)

// Progress is how far a conversion has come.
type Progress struct {
	File      string
	Batch     string
	Rows      int  // data rows worked, those of an earlier run included
	Total     int  // rows in the file: as the department said, or estimated from the bytes read; 0: unknown
	Exact     bool // Total is known
	Counts    record.Counts
	Resumed   int     // rows that an earlier run had committed
	Rate      float64 // rows a second since the start, without resumed ones
	Elapsed   time.Duration
	Remaining time.Duration // 0: unknown, or done
	Ends      time.Time     // forecast; zero: unknown
	Deadline  time.Time
	Late      bool // the forecast lies behind the deadline
	Done      bool
}

// progressEvery is how often Job.Progress is called at most.
const progressEvery = 200 * time.Millisecond

// meter measures a conversion.
type meter struct {
	now      func() time.Time
	started  time.Time
	told     time.Time
	deadline time.Time
	visit    func(Progress)
}

// tell calls back with a forecast, if it is time.
func (m *meter) tell(p Progress) {
	if m.visit == nil {
		return
	}
	now := m.now()
	if !p.Done && now.Sub(m.told) < progressEvery {
		return
	}
	m.told = now
	p.Elapsed = now.Sub(m.started)
	p.Deadline = m.deadline
	m.visit(p.forecast(now))
}

// forecast fills in rate, rest and end.
func (p Progress) forecast(now time.Time) Progress {
	if s := p.Elapsed.Seconds(); s > 0 {
		p.Rate = float64(p.Rows-p.Resumed) / s
	}
	switch {
	case p.Done:
		p.Total, p.Exact, p.Ends = p.Rows, true, now
	case p.Rate > 0 && p.Total > p.Rows:
		p.Remaining = time.Duration(float64(p.Total-p.Rows) / p.Rate * float64(time.Second))
		p.Ends = now.Add(p.Remaining)
	}
	p.Late = !p.Deadline.IsZero() && !p.Ends.IsZero() && p.Ends.After(p.Deadline)
	return p
}
