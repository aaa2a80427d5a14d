package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (s *Server) registerQuality() {
	add(s, operation{
		id: "getQuality", method: http.MethodGet, path: "/quality", tag: "quality", may: identity.MaySeeQuality,
		answers: map[int][]any{http.StatusOK: {api.Quality{}}},
		zh:      "数据质量：及时、完整、差异、退回", en: "timeliness, completeness, differences and refusals of a department",
	}, s.quality)
}

type qualityInput struct {
	From       string `query:"from" required:"true" format:"date" doc:"first day"`
	Until      string `query:"until" required:"true" format:"date" doc:"last day"`
	Department string `query:"department" maxLength:"18" doc:"credit code; a department sees itself alone"`
	Format     string `query:"format" enum:"json,csv" default:"json"`
}

func (s *Server) quality(ctx context.Context, c *identity.Caller, in *qualityInput) (*fileOutput, error) {
	department := cmp.Or(in.Department, c.Department)
	own := c.Role == identity.RoleDepartmentSystem || c.Role == identity.RoleDepartmentClerk
	if own && department != c.Department || code.CheckUSCC(department) != nil {
		p := codeProblem(CodeDepartment)
		p.Errors[0].Path = "query.department"
		return nil, p
	}
	if in.Until < in.From {
		return nil, misfit(http.StatusUnprocessableEntity, []error{
			&huma.ErrorDetail{Location: "query.until", Message: msgOrder},
		})
	}
	q, err := s.qualityOf(ctx, department, in)
	if err == nil && own {
		err = s.qualityNow(ctx, c, q)
	}
	if err != nil {
		return nil, err
	}
	if in.Format == "csv" {
		return file("text/csv; charset=utf-8", "quality.csv", qualityCSV(q)), nil
	}
	content, err := json.Marshal(q)
	return &fileOutput{ContentType: mediaJSON, Body: content}, err
}

// qualityOf adds up what was counted.
func (s *Server) qualityOf(ctx context.Context, department string, in *qualityInput) (*api.Quality, error) {
	sums, err := s.tallies.sum(ctx, department, in.From, in.Until)
	if err != nil {
		return nil, err
	}
	q := &api.Quality{
		Department: department, From: in.From, Until: in.Until, Missing: []string{}, Refused: []api.Count{},
		Fields: []api.Count{},
	}
	single := map[string]*int{
		tallyIssued: &q.Issued, tallyLate: &q.Late, tallyLateDays: &q.LateDays, tallyElements: &q.Elements,
		tallyFilled: &q.Filled, tallyCompared: &q.Compared, tallyDiffered: &q.Differed,
	}
	for kind, n := range sums {
		name, what, _ := strings.Cut(kind, "/")
		counted := api.Count{Name: what, Count: int(n)} //nolint:gosec // counts of calls
		switch name {
		case tallyRefused:
			q.Refused = append(q.Refused, counted)
		case tallyField:
			q.Fields = append(q.Fields, counted)
		default:
			if to := single[name]; to != nil {
				*to = counted.Count
			}
		}
	}
	if err := s.qualityDisputes(ctx, q); err != nil {
		return nil, err
	}
	most := func(a, b api.Count) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name)) }
	slices.SortFunc(q.Refused, most)
	slices.SortFunc(q.Fields, most)
	return q, nil
}

// qualityDisputes adds how many disputes there are, and how fast they end.
func (s *Server) qualityDisputes(ctx context.Context, q *api.Quality) error {
	from, err := time.ParseInLocation(time.DateOnly, q.From, s.cfg.Vault.Zone())
	if err != nil {
		return badDate("from", q.From)
	}
	until, err := time.ParseInLocation(time.DateOnly, q.Until, s.cfg.Vault.Zone())
	if err != nil {
		return badDate("until", q.Until)
	}
	open, took, err := s.disputes.figures(ctx, q.Department, from, until.AddDate(0, 0, 1))
	q.Disputes, q.Settled, q.SettledDays = open, len(took), medianDays(took)
	return err
}

// medianDays is the median of times, in days to a tenth; 0 of none.
func medianDays(took []time.Duration) float64 {
	n := len(took)
	if n == 0 {
		return 0
	}
	slices.Sort(took)
	median := (took[(n-1)/2] + took[n/2]) / 2
	return math.Round(median.Hours()/24*10) / 10
}

// qualityNow adds what is so now, by the department's own right.
func (s *Server) qualityNow(ctx context.Context, c *identity.Caller, q *api.Quality) error {
	a := writeAccess(c, "查看数据质量", "", "")
	hanging, err := s.cfg.Vault.Reconcile(ctx, a)
	if err != nil {
		return err
	}
	q.Hanging = len(hanging)
	own, err := s.cfg.Vault.Registration(ctx, a)
	if err != nil {
		return err
	}
	report, err := s.cfg.Vault.TypeReport(ctx)
	for i := range report {
		if t := &report[i]; !t.Live && slices.Contains(own.Issues, t.Code) {
			q.Missing = append(q.Missing, t.Code)
		}
	}
	return err
}

// qualityCSV is the same for a sheet.
func qualityCSV(q *api.Quality) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff") // by which spreadsheet programs know UTF-8
	w := csv.NewWriter(&b)
	line := func(what, name string, n int) { _ = w.Write([]string{what, name, strconv.Itoa(n)}) } // a buffer takes all
	_ = w.Write([]string{"项目 what", "名称 name", "数量 count"})
	for _, x := range []struct {
		what string
		n    int
	}{
		{"签发 issued", q.Issued}, {"迟于纸质 late", q.Late}, {"迟延天数 late days", q.LateDays},
		{"要素 elements", q.Elements}, {"已填 filled", q.Filled}, {"比对 compared", q.Compared},
		{"不一致 differed", q.Differed}, {"未确认预留 hanging", q.Hanging},
		{"待办异议 open disputes", q.Disputes}, {"已办结异议 settled disputes", q.Settled},
	} {
		line(x.what, "", x.n)
	}
	_ = w.Write([]string{"异议办结天数中位 median days", "", strconv.FormatFloat(q.SettledDays, 'f', 1, 64)})
	for _, x := range q.Missing {
		line("无证照的类型 missing", x, 1)
	}
	for _, x := range q.Refused {
		line("退回 refused", x.Name, x.Count)
	}
	for _, x := range q.Fields {
		line("有误的要素 field", x.Name, x.Count)
	}
	w.Flush()
	return b.Bytes()
}

// countIssue counts what a department asked to issue: late or in time, how much of it filled in, which elements wrong.
func (s *Server) countIssue(ctx context.Context, c *identity.Caller, r *vault.Request, a *vault.Answer, err error) {
	t, unknown := s.cfg.Vault.Type(ctx, r.Type)
	if unknown != nil {
		return
	}
	var refusal *vault.Refusal
	if errors.As(err, &refusal) {
		for i := range refusal.Problems {
			if _, ok := t.Column(refusal.Problems[i].Field); ok {
				s.tallies.add(ctx, c.Department, tallyField+"/"+refusal.Problems[i].Field, 1)
			}
		}
	}
	if a == nil || a.Replayed {
		return
	}
	s.tallies.add(ctx, c.Department, tallyIssued, 1)
	s.tallies.add(ctx, c.Department, tallyElements, len(t.Columns()))
	s.tallies.add(ctx, c.Department, tallyFilled, len(r.Values))
	if late := s.daysSince(r.Values["ZZBFRQ"]); late > 0 {
		s.tallies.add(ctx, c.Department, tallyLate, 1)
		s.tallies.add(ctx, c.Department, tallyLateDays, late)
	}
}

// daysSince is how many days ago a day was; 0 if it is none.
func (s *Server) daysSince(day string) int {
	d, err := record.ParseDate(day)
	if err != nil {
		return 0
	}
	const day24 = 24 * time.Hour
	today := record.DateOf(s.cfg.Now().In(s.cfg.Vault.Zone()))
	return int(noon(today).Sub(noon(d)) / day24)
}

func noon(d record.Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

// countComparison counts a comparison for the department whose licence it was about.
func (s *Server) countComparison(ctx context.Context, r *vault.Comparison) {
	id, err := code.ParseIdentifier(r.Identifier)
	if err != nil {
		return
	}
	s.tallies.add(ctx, id.Issuer, tallyCompared, 1)
	if r.Result == "different" {
		s.tallies.add(ctx, id.Issuer, tallyDiffered, 1)
	}
}
