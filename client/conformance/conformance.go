// Package conformance drives a department's whole day against a service, step by step, and reports what it found
// (接入符合性测试): connections and signatures, issue and retry, paper and electronic licence together, corrections,
// suspension and the end of a licence, batches, look-ups and comparisons by a business centre, disputes, documents and
// their proofs, what a stranger learns by a QR code, the feed of events, the quality of the department's data.
//
// Each step names the requirement that it proves, what was expected, and what was found instead. A run writes
// licences of made-up firms: it is for sandboxes. What it reports is the caller's word; the service holds it against
// its own records before it signs (client.Client.Certify).
package conformance

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/verify"
)

// ErrConfig is a configuration that lacks a part.
var ErrConfig = errors.New("conformance: incomplete configuration")

// Config is what a run needs. Every field without a stated zero meaning must be set.
type Config struct {
	Department *client.Client // the department's system
	Signed     *client.Client // the same system, proven by signatures on its messages alone (省直自建系统)
	Connected  *client.Client // the same system, proven by the certificate of its connections alone; nil: not tried
	Stranger   *client.Client // somebody with a certificate for connections that nobody registered; nil: not tried
	Centre     *client.Client // a business system that asks on a legal basis (中心业务系统)
	Public     *client.Client // nobody: without credentials

	Type     string // of licences, which the department may issue, by code or name; "": the first such that fits
	Division string // six digits, of their numbers
	// Values are elements of a licence of the type, by short name, where what the run makes up is not taken; nil: none.
	Values map[string]string

	Item     string           // 事项 for which the centre is registered
	Verifier *verify.Verifier // judges what the service hands out, with anchors of its own
	Now      func() time.Time
	Rand     io.Reader

	// Receiver takes webhooks; nil: the feed is read alone.
	Receiver *Receiver
}

// Receiver is where the run takes webhooks.
type Receiver struct {
	Listen       string             // address that the service can reach, 127.0.0.1:0 for one on this machine
	Certificates []*pki.Certificate // of the service
	Patience     time.Duration      // how long it waits for them; zero: 15 seconds
}

// Run goes through the day. The error is about the configuration, the randomness or the context; what the service does
// wrong stands in the report.
func Run(ctx context.Context, cfg Config) (*api.ConformanceReport, error) {
	if cfg.Department == nil || cfg.Signed == nil || cfg.Centre == nil || cfg.Public == nil || cfg.Item == "" ||
		cfg.Verifier == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, ErrConfig
	}
	var run [16]byte
	if _, err := io.ReadFull(cfg.Rand, run[:]); err != nil {
		return nil, fmt.Errorf("drawing a run: %w", err)
	}
	d := &day{cfg: cfg, run: hex.EncodeToString(run[:]), licences: map[string]*licence{}}
	r := &api.ConformanceReport{
		Run: d.run, Started: cfg.Now(), Steps: []api.ConformanceStep{},
		Licences: []api.ConformanceLicence{}, Disputes: []string{},
	}
	for i := range steps {
		r.Steps = append(r.Steps, d.try(ctx, &steps[i]))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	for _, p := range api.ConformanceParts() {
		if l := d.licences[p.Part]; l != nil {
			r.Licences = append(r.Licences, api.ConformanceLicence{Part: p.Part, Identifier: l.identifier})
		}
	}
	r.Type = d.cfg.Type
	r.Disputes = append(r.Disputes, d.disputes...)
	r.Caller, r.Department, r.Finished, r.Passed = d.caller, d.department, cfg.Now(), Passed(r.Steps)
	return r, nil
}

// Passed reports whether none of the steps failed and all that must pass have passed.
func Passed(list []api.ConformanceStep) bool {
	passed := map[string]bool{}
	for i := range list {
		if list[i].Outcome == api.ConformanceFailed {
			return false
		}
		passed[list[i].ID] = list[i].Outcome == api.ConformancePassed
	}
	return !slices.ContainsFunc(api.ConformanceSteps(), func(id string) bool { return !passed[id] })
}

// day is a run under way.
type day struct {
	cfg                Config
	run                string
	caller, department string
	def                *catalogue.Type // nil: not learnt yet
	holder             holder
	issues             []string
	catalogue          []api.TypeSummary
	from               uint64 // sequence number of the feed before the day
	licences           map[string]*licence
	quality            *api.Quality // before the day
	refused            []string     // codes of calls of the department that were refused
	disputes           []string     // ids of those that were settled: rejected, corrected
}

// licence is one that the run writes.
type licence struct {
	identifier, number string
	request            api.IssueRequest
	answer             []byte // to the first write
	version            int
	ended              bool
}

// step is one thing that is tried.
type step struct {
	id, habit, zh, en string
	rows              []string
	expected          string
	needs             string // part that an earlier step has written; "": none
	do                func(context.Context, *day) error
}

// skipError is a step that cannot be tried here.
type skipError struct{ why string }

func (e skipError) Error() string { return e.why }

func (d *day) try(ctx context.Context, s *step) api.ConformanceStep {
	out := api.ConformanceStep{
		ID: s.id, Rows: s.rows, Habit: s.habit, Zh: s.zh, En: s.en, Expected: s.expected,
		Outcome: api.ConformancePassed,
	}
	start := d.cfg.Now()
	var skip skipError
	switch err := d.do(ctx, s); {
	case errors.As(err, &skip):
		out.Outcome, out.Found = api.ConformanceSkipped, skip.why
	case err != nil:
		out.Outcome, out.Found = api.ConformanceFailed, told(err)
	}
	out.Millis = d.cfg.Now().Sub(start).Milliseconds()
	return out
}

func (d *day) do(ctx context.Context, s *step) error {
	switch {
	case d.def == nil && s.id != firstStep:
		return skipError{"the licence type is not known"}
	case s.needs != "" && d.licences[s.needs] == nil:
		return skipError{"there is no licence to do it with, since an earlier step failed"}
	}
	return s.do(ctx, d)
}

// wrong is what was found in place of what was expected.
func wrong(format string, args ...any) error { return fmt.Errorf(format, args...) } //nolint:err113 // for people

// maxTold bounds what a step says.
const maxTold = 1000

// told is an error as the report has it: of a refusal its codes, places and sentences, and nothing that was submitted.
func told(err error) string {
	text := err.Error()
	var p *client.ProblemError
	if errors.As(err, &p) {
		for i := range p.Errors {
			text += fmt.Sprintf("; %s %s: %s", p.Errors[i].Code, p.Errors[i].Path, p.Errors[i].En)
		}
	}
	if r := []rune(text); len(r) > maxTold {
		return string(r[:maxTold]) + "…"
	}
	return text
}

// refused expects a refusal with one of the statuses, that says what is wrong and by what the operator finds it again.
func refused(err error, statuses ...int) error {
	var p *client.ProblemError
	switch {
	case err == nil:
		return wrong("it was carried out")
	case !errors.As(err, &p):
		return err
	case !slices.Contains(statuses, p.Status):
		return fmt.Errorf("refused, but otherwise: %w", err)
	case p.Trace == "" || len(p.Errors) == 0 || p.Errors[0].Zh == "" || p.Errors[0].FixZh == "":
		return wrong("refused with %s, but without trace, sentence or way out", p.Code)
	}
	return nil
}

// same expects two texts to be equal.
func same(what, want, got string) error {
	if want != got {
		return wrong("%s is %q, expected %q", what, got, want)
	}
	return nil
}

// key is the idempotency key of something that the run does once.
func (d *day) key(of string) client.Option { return client.WithIdempotencyKey(d.run + "/" + of) }

// paper is the serial of a printed paper of this run.
func (d *day) paper(of string) string { return strings.ToUpper(d.run[:12]) + "-" + of }
