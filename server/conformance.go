package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault/record"
)

// Certifier signs certificates of conformance as the service. It is safe for concurrent use.
type Certifier interface {
	// Detached signs content: GB/T 35275 SignedData without the content.
	Detached(ctx context.Context, content []byte) ([]byte, error)
}

func (s *Server) registerConformance() {
	add(s, operation{
		id: "certifyConformance", method: http.MethodPost, path: "/conformance-passes", tag: "conformance",
		may: identity.MayIssue, write: true, maxBody: maxConformance,
		zh: "接入符合性测试：核对并签发证书", en: "have a conformance run checked and certified",
	}, s.certifyConformance)
}

const (
	maxConformance = 512 << 10
	conformanceAge = time.Hour       // within which a run is handed in
	conformanceRun = 2 * time.Hour   // that it takes at most
	clockSkew      = 2 * time.Minute // between its clock and ours
)

// The refusals of a run.
const (
	CodeConformance         Code = "conformance-not-passed"
	CodeConformanceOther    Code = "conformance-of-another"
	CodeConformanceTime     Code = "conformance-out-of-time"
	CodeConformanceLicences Code = "conformance-not-recorded"
	CodeConformanceDisputes Code = "conformance-dispute-not-recorded"
)

var conformanceSentences = map[Code]message{
	CodeConformance: {
		http.StatusUnprocessableEntity, false, rule.SystemsConnect,
		"接入符合性测试没有全部通过；请按报告改正后重新运行 elicense conformance",
		"the conformance run has not passed every step; put right what the report names and run elicense conformance " +
			"again",
	},
	CodeConformanceOther: {
		http.StatusUnprocessableEntity, false, rule.SystemsConnect,
		"报告中的调用方或部门不是本调用方；请用同一身份运行并提交",
		"the report is not of this caller or its department; run and hand in as the same caller",
	},
	CodeConformanceTime: {
		http.StatusUnprocessableEntity, false, rule.SystemsConnect,
		"报告的起止时间不对，或距今已超过一小时；请校准时钟后重新运行",
		"the times of the report are wrong, or it ended more than an hour ago; set the clock and run again",
	},
	CodeConformanceLicences: {
		http.StatusUnprocessableEntity, false, rule.SystemsConnect,
		"证照库的记录与报告不符：该证照没有在测试期间由本调用方按序办理；请重新运行，其间勿用别的程序办理这些证照",
		"the records of the vault do not bear the report out: the caller has not done these acts, in order and " +
			"within its time; run again, and let nothing else act on these licences",
	},
	CodeConformanceDisputes: {
		http.StatusUnprocessableEntity, false, rule.SystemsConnect,
		"服务的记录与报告不符：测试期间应有一件异议不予更正、一件已更正，均由本部门办结；请重新运行",
		"the records of the service do not bear the report out: within its time one dispute must be rejected and one " +
			"corrected, both by this department; run again",
	},
}

type certifyInput struct {
	Body api.ConformanceReport
}

type certifyOutput struct {
	Body api.ConformancePass
}

// certifyConformance needs no idempotency key: the same report handed in again is certified again. What is signed keeps
// apart what the caller says and what the vault's own records say.
func (s *Server) certifyConformance(ctx context.Context, c *identity.Caller, in *certifyInput) (*certifyOutput, error) {
	if s.cfg.Certifier == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	r, now := &in.Body, s.cfg.Now()
	if err := checkConformance(c, r, now); err != nil {
		return nil, err
	}
	recorded, err := s.recordedDay(ctx, c, r)
	if err != nil {
		return nil, err
	}
	disputes, err := s.recordedDisputes(ctx, c, r)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(api.ConformanceCertificate{
		MediaType: api.ConformanceMediaType, Service: s.cfg.Vault.Name(), Sandbox: s.cfg.Sandbox, Issued: now,
		Report: *r, Recorded: recorded, Disputes: disputes, Proven: proofsOf(c),
	})
	if err != nil {
		return nil, fmt.Errorf("writing a certificate of conformance: %w", err)
	}
	signature, err := s.cfg.Certifier.Detached(ctx, content)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate of conformance: %w", err)
	}
	return &certifyOutput{api.ConformancePass{Certificate: content, Signature: signature}}, nil
}

// checkConformance refuses what the report itself shows.
func checkConformance(c *identity.Caller, r *api.ConformanceReport, now time.Time) error {
	if r.Caller != c.ID || r.Department != c.Department || c.Department == "" {
		return refuseConformance(CodeConformanceOther, "/caller")
	}
	if r.Finished.Before(r.Started) || r.Finished.Sub(r.Started) > conformanceRun ||
		r.Finished.After(now.Add(clockSkew)) || r.Finished.Before(now.Add(-conformanceAge)) {
		return refuseConformance(CodeConformanceTime, "/finished")
	}
	passed := map[string]bool{}
	for i := range r.Steps {
		if r.Steps[i].Outcome == api.ConformanceFailed {
			return refuseConformance(CodeConformance, "/steps/"+strconv.Itoa(i))
		}
		passed[r.Steps[i].ID] = r.Steps[i].Outcome == api.ConformancePassed
	}
	for _, id := range api.ConformanceSteps() {
		if !passed[id] {
			p := refuseConformance(CodeConformance, "/steps")
			p.Errors[0].Found = id
			return p
		}
	}
	if !r.Passed {
		return refuseConformance(CodeConformance, "/passed")
	}
	return nil
}

func refuseConformance(code Code, path string) *answer {
	p := codeProblem(code)
	p.Errors[0].Path = path
	return p
}

// recordedDay holds every licence of the report against the vault's records: each part is there once, and the caller
// alone did to it what the day does, in order, within the time of the run.
func (s *Server) recordedDay(ctx context.Context, c *identity.Caller, r *api.ConformanceReport) (
	[]api.ConformanceHistory, error,
) {
	seen := map[string]bool{}
	var out []api.ConformanceHistory
	for _, part := range api.ConformanceParts() {
		at := slices.IndexFunc(r.Licences, func(l api.ConformanceLicence) bool { return l.Part == part.Part })
		if at < 0 {
			return nil, refuseConformance(CodeConformanceLicences, "/licences")
		}
		l := r.Licences[at]
		path := "/licences/" + strconv.Itoa(at)
		if typeIn(l.Identifier) != r.Type || seen[l.Identifier] {
			return nil, refuseConformance(CodeConformanceLicences, path)
		}
		seen[l.Identifier] = true
		events, err := s.recordedEvents(ctx, c, l.Identifier, r)
		if err != nil {
			return nil, err
		}
		if !part.Holds(events) {
			p := refuseConformance(CodeConformanceLicences, path)
			p.Errors[0].Found = strings.Join(events, " ")
			return nil, p
		}
		out = append(out, api.ConformanceHistory{ConformanceLicence: l, Events: events})
	}
	return out, nil
}

// recordedEvents are the kinds of a licence's events; none if somebody else did one of them, or at another time.
func (s *Server) recordedEvents(ctx context.Context, c *identity.Caller, identifier string, r *api.ConformanceReport) (
	[]string, error,
) {
	if err := checkIdentifier(c, identifier); err != nil {
		return nil, err
	}
	list, err := s.cfg.Vault.History(ctx, writeAccess(c, "接入符合性测试", "", ""), identifier)
	if err != nil {
		return nil, err
	}
	var kinds []string
	from, until := r.Started.Add(-clockSkew), r.Finished.Add(clockSkew)
	for i := range list {
		e := list[i].Event
		if e.Actor != c.ID || e.Recorded.Before(from) || e.Recorded.After(until) {
			return nil, nil
		}
		if e.Kind != record.EventAttached {
			kinds = append(kinds, string(e.Kind))
		}
	}
	return kinds, nil
}

// proofsOf are by what a caller has proven itself.
func proofsOf(c *identity.Caller) []string {
	proofs := []string{}
	if c.Connected {
		proofs = append(proofs, string(identity.MethodTLS))
	}
	if c.Method != identity.MethodTLS {
		proofs = append(proofs, string(c.Method))
	}
	return proofs
}

// recordedDisputes holds the disputes of the report against what is kept: one that the caller's department has rejected
// and one that it has corrected, of the licence that was made for it.
func (s *Server) recordedDisputes(ctx context.Context, c *identity.Caller, r *api.ConformanceReport) (
	[]api.ConformanceDispute, error,
) {
	outcomes, out := api.ConformanceOutcomes(), []api.ConformanceDispute{}
	at := slices.IndexFunc(r.Licences, func(l api.ConformanceLicence) bool { return l.Part == api.ConformanceDisputed })
	if at < 0 || len(r.Disputes) != len(outcomes) {
		return nil, refuseConformance(CodeConformanceDisputes, "/disputes")
	}
	from, until := r.Started.Add(-clockSkew), r.Finished.Add(clockSkew)
	for i, id := range r.Disputes {
		d, err := s.disputes.get(ctx, id)
		if err != nil && !isCode(err, CodeNoDispute) {
			return nil, err
		}
		if err != nil || d.Issuer != c.Department || d.State != outcomes[i] || d.Raised.Before(from) ||
			d.Settled.After(until) || !sameLicence(d.Identifier, r.Licences[at].Identifier) {
			return nil, refuseConformance(CodeConformanceDisputes, "/disputes/"+strconv.Itoa(i))
		}
		out = append(out, api.ConformanceDispute{ID: d.ID, Identifier: d.Identifier, State: d.State})
	}
	return out, nil
}

// sameLicence reports whether two identifiers name versions of one licence.
func sameLicence(a, b string) bool {
	one, err := code.ParseIdentifier(a)
	other, bad := code.ParseIdentifier(b)
	return err == nil && bad == nil && one.Type == other.Type && one.Issuer == other.Issuer &&
		one.Serial == other.Serial
}
