package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/vault/convert"
)

// meter shows a conversion's progress on standard error: a bar in a terminal, JSON lines with --json, nothing in a pipe
// or cron.
type meter struct {
	*program

	name string
	bar  *progressbar.ProgressBar
}

func (c *program) progress(name string) *meter { return &meter{program: c, name: name} }

func (m *meter) update(p convert.Progress) {
	switch {
	case m.JSON:
		m.jsonLine(p)
	case m.terminal:
		m.draw(p)
	}
}

// progressJSON is one line for a dashboard.
type progressJSON struct {
	File             string    `json:"file"`
	Batch            string    `json:"batch,omitempty"`
	Rows             int       `json:"rows"`
	Total            int       `json:"total,omitempty"`
	Exact            bool      `json:"exact"`
	Created          int       `json:"created"`
	Updated          int       `json:"updated"`
	Unchanged        int       `json:"unchanged"`
	Conflict         int       `json:"conflict"`
	Rejected         int       `json:"rejected"`
	Resumed          int       `json:"resumed,omitempty"`
	RowsPerSecond    float64   `json:"rows_per_second"`
	ElapsedSeconds   float64   `json:"elapsed_seconds"`
	RemainingSeconds float64   `json:"remaining_seconds,omitempty"`
	Ends             time.Time `json:"ends,omitzero"`
	Deadline         time.Time `json:"deadline,omitzero"`
	Late             bool      `json:"late"`
	Done             bool      `json:"done"`
}

// jsonLine writes one JSON line on the error stream: the output stays one value.
func (m *meter) jsonLine(p convert.Progress) {
	n := p.Counts
	text, err := json.Marshal(map[string]progressJSON{"progress": {
		p.File, p.Batch, p.Rows, p.Total, p.Exact, n.Created, n.Updated, n.Unchanged, n.Conflict, n.Rejected, p.Resumed,
		p.Rate, p.Elapsed.Seconds(), p.Remaining.Seconds(), p.Ends, p.Deadline, p.Late, p.Done,
	}})
	if err == nil {
		m.Aside(string(text) + "\n")
	}
}

// plainTheme needs no font.
var plainTheme = progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}

// barWidth leaves room for what stands beside the bar.
func (m *meter) barWidth() int { return max(8, min(30, m.columns-75)) }

// barSteps is the length of the bar: how much is done of a total that is an estimate and moves.
const barSteps = 1000

func (m *meter) draw(p convert.Progress) {
	total := max(p.Total, p.Rows, 1)
	if m.bar == nil {
		steps := barSteps
		if p.Total == 0 {
			steps = -1 // nobody knows: it turns
		}
		m.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(m.Err), progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(m.barWidth()),
			progressbar.OptionSetTheme(plainTheme))
	}
	m.bar.Describe(m.words(p))
	_ = m.bar.Set(min(barSteps-1, int(int64(p.Rows)*barSteps/int64(total)))) // progress is no promise
}

// words say how far it is, how fast, how long it will take, and what went wrong so far.
func (m *meter) words(p convert.Progress) string {
	about := ""
	if !p.Exact {
		about = m.Say("约 ", "about ")
	}
	s := fmt.Sprintf(m.Say("%s %d/%s%d 行，%.0f 行/秒", "%s %d of %s%d rows, %.0f/s"),
		m.name, p.Rows, about, max(p.Total, p.Rows), p.Rate)
	if p.Remaining > 0 {
		s += m.Say("，还要 ", ", ") + p.Remaining.Round(time.Second).String() + m.Say("", " left")
	}
	if n := p.Counts.Rejected; n > 0 {
		s += fmt.Sprintf(m.Say("，退回 %d", ", %d rejected"), n)
	}
	return s + m.forecast(p)
}

// forecast tells of a deadline that will be missed.
func (m *meter) forecast(p convert.Progress) string {
	if !p.Late {
		return ""
	}
	return m.Say("，预计 ", ", ends ") + moment.Day(p.Ends, nil) + m.Say(" 完成，晚于期限", ", behind the deadline")
}

// finish clears the line of the bar.
func (m *meter) finish() {
	if m.bar != nil {
		_ = m.bar.Finish() // progress is no promise
		m.Aside("\r" + strings.Repeat(" ", max(0, m.columns-1)) + "\r")
	}
}

func percent(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// tally shows on a terminal how many rows of a longer work are done.
type tally struct {
	*program

	zh, en string // with a place for the number
	n      int
}

func (t *tally) add() {
	if t.n++; t.terminal && !t.JSON && t.n%500 == 0 {
		t.Aside("\r" + fmt.Sprintf(t.Say(t.zh, t.en), t.n))
	}
}

func (t *tally) finish() {
	if t.terminal && !t.JSON && t.n >= 500 {
		t.Aside("\r" + strings.Repeat(" ", max(0, t.columns-1)) + "\r")
	}
}
