package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/elicense/elicense/vault/convert"
)

// meter shows a conversion's progress: a bar in a terminal, JSON lines with --json, nothing in a pipe or cron.
type meter struct {
	w    *world
	name string
	bar  *progressbar.ProgressBar
}

func (w *world) progress(name string) *meter { return &meter{w: w, name: name} }

func (m *meter) update(p convert.Progress) {
	switch {
	case m.w.json:
		m.line(p)
	case m.w.terminal:
		m.draw(p)
	}
}

// line writes one JSON line for dashboards, on the error stream: the output stays one value.
func (m *meter) line(p convert.Progress) {
	enc := json.NewEncoder(m.w.err)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]any{"progress": p}) //nolint:errcheck // progress is no promise
}

func (m *meter) draw(p convert.Progress) {
	if m.bar == nil {
		total := p.Total
		if total == 0 {
			total = -1
		}
		m.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(m.w.err),
			progressbar.OptionSetDescription(m.name), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString(m.w.say("行", "rows")), progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30))
	}
	if p.Total > 0 && m.bar.GetMax() != max(p.Total, p.Rows) {
		m.bar.ChangeMax(max(p.Total, p.Rows))
	}
	if p.Late {
		m.bar.Describe(m.name + m.w.say("（预计 ", " (ends ") + p.Ends.Format("2006-01-02") + m.w.say(" 完成，晚于期限）", ", behind the deadline)"))
	}
	_ = m.bar.Set(p.Rows) //nolint:errcheck // progress is no promise
}

func (m *meter) finish() {
	if m.bar != nil {
		_ = m.bar.Finish() //nolint:errcheck // progress is no promise
		fmt.Fprint(m.w.err, "\r")
	}
}
