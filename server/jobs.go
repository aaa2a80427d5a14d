package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/crowd"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/server/stored"
	"github.com/elicense/elicense/vault"
)

// First bytes of the keys of this file: see keys.go.
const (
	spaceFiles = 'f'
	spaceJobs  = 'j'
)

var fileSchema = reflect.TypeFor[api.File]()

// Kinds of jobs.
const (
	kindConversion = "conversion"
	kindUndo       = "undo"
)

// openWork opens files and jobs.
func (s *Server) openWork() error {
	s.cfg.MaxUpload = cmp.Or(s.cfg.MaxUpload, maxUpload)
	s.cfg.Storage.PerCaller = cmp.Or(s.cfg.Storage.PerCaller, defaultStored)
	s.cfg.Storage.PerHolder = cmp.Or(s.cfg.Storage.PerHolder, defaultHolderStored)
	atOnce := judgedAtOnce
	if s.cfg.Verifying != nil && s.cfg.Verifying.AtOnce > 0 {
		atOnce = s.cfg.Verifying.AtOnce
	}
	s.turns = newTurns(atOnce)
	s.room = crowd.NewSeats(strangersTurn*atOnce, strangersEach)
	var err error
	s.stored, err = stored.Open(stored.Config{Engine: s.cfg.Engine, Space: spaceStored, Shares: s.shares})
	if err != nil {
		return err
	}
	if s.cfg.Files != nil {
		s.files, err = files.Open(context.Background(), files.Config{
			Engine: s.cfg.Engine, Space: spaceFiles, Blobs: s.cfg.Files, Now: s.cfg.Now, Rand: s.cfg.Rand,
			Accounts: s.stored,
		})
		if err != nil {
			return err
		}
	}
	s.jobs, err = jobs.Open(jobs.Config{
		Engine: s.cfg.Engine, Space: spaceJobs, Now: s.cfg.Now, Rand: s.cfg.Rand,
		Kinds:   map[string]jobs.Work{kindConversion: s.standing(s.workConversion), kindUndo: s.standing(s.workUndo)},
		Explain: s.explain, Passes: passes, Keep: keepResult, Count: s.stored.Add,
	})
	return err
}

// standing is work that is refused at its start, also after a crash, if the system that wanted it may not want it any
// more, and that ends with its next step if that comes meanwhile: what was done by then stays done.
func (s *Server) standing(work jobs.Work) jobs.Work {
	return func(ctx context.Context, j *jobs.Job, tell func(jobs.Progress)) (any, error) {
		if s.cfg.Registry == nil {
			return work(ctx, j, tell)
		}
		changed := s.cfg.Registry.Changed() // before it is looked at
		if err := s.mayStill(j); err != nil {
			return nil, err
		}
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		go s.whileStanding(ctx, j, changed, stop)
		result, err := work(ctx, j, tell)
		var end *rightEndedError
		if err != nil && errors.As(context.Cause(ctx), &end) {
			return nil, end.error
		}
		return result, err
	}
}

// rightEndedError is why work was stopped whose system may not want it any more.
type rightEndedError struct{ error }

// whileStanding stops work when a change of the registrations takes the right to it.
func (s *Server) whileStanding(
	ctx context.Context, j *jobs.Job, changed <-chan struct{}, stop context.CancelCauseFunc,
) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		changed = s.cfg.Registry.Changed()
		if err := s.mayStill(j); err != nil {
			stop(&rightEndedError{err})
			return
		}
	}
}

// mayStill asks anew for what was asked for when a job was accepted: its system may have been revoked, given another
// role, or kept to other types since.
func (s *Server) mayStill(j *jobs.Job) error {
	if j.System == "" { // it was not wanted by a registered system, or before jobs said by which
		if s.cfg.Registry.Withdrawn(j.Owner) {
			return identity.Refuse(identity.CodeRevoked)
		}
		return nil
	}
	c := s.cfg.Registry.Standing(j.System, j.Owner)
	switch {
	case c == nil:
		return identity.Refuse(identity.CodeRevoked)
	case !c.May(identity.MayConvert):
		return forbidden(identity.MayConvert, c)
	}
	return checkType(c, j.Type)
}

// explain tells why a job failed, as the same request would have been refused at once, under the trace of that request.
func (s *Server) explain(j *jobs.Job, err error) json.RawMessage {
	s.metrics.jobFailed.Inc()
	b, err := json.Marshal(s.problem(context.WithValue(context.Background(), traceKey{}, j.Message), err))
	if err != nil {
		return nil
	}
	return b
}

// passes reports trouble that is the service's and not the request's.
func passes(err error) bool {
	for _, one := range []error{
		engine.ErrNoSpace, engine.ErrClosed, engine.ErrAmbiguous, vault.ErrAudit, vault.ErrRestored,
	} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

// How often what has outlived its time is removed; and what was left behind by uploads that came to nothing, with what
// was counted for alarms made durable.
const (
	sweepEvery = time.Hour
	tidyEvery  = time.Minute
)

// Run does the long work until the context ends; whoever runs the service calls it beside Handler. A job that is cut
// off goes on after the next start.
func (s *Server) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := s.background()
	failed := make(chan error, len(parts))
	for _, part := range parts {
		go func() { failed <- part(ctx) }()
	}
	var errs []error
	for range parts {
		if err := <-failed; err != nil {
			errs = append(errs, err)
			stop()
		}
	}
	return errors.Join(errs...)
}

// background is what runs beside the answering of requests.
func (s *Server) background() []func(context.Context) error {
	parts := []func(context.Context) error{s.jobs.Run, s.sweep, s.telling, s.tallies.run, s.indexMessages}
	if s.hooks != nil {
		parts = append(parts, s.hooks.Run)
	}
	return parts
}

func (s *Server) sweep(ctx context.Context) error {
	calm := newCalm(s.cfg.Now())
	every, often := time.NewTicker(sweepEvery), time.NewTicker(tidyEvery)
	defer every.Stop()
	defer often.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-often.C:
			s.tidy(ctx)
			continue
		case <-every.C:
		}
		if !calm.at(s.cfg.Now()) {
			s.cfg.Log.WarnContext(ctx, "nothing is swept: the clock has jumped")
			continue
		}
		if err := s.sweepAll(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "sweeping failed", "error", err.Error())
		}
	}
}

func (s *Server) tidy(ctx context.Context) {
	if s.files != nil {
		if err := s.files.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "tidying files failed", "error", err.Error())
		}
	}
	if s.cfg.Alarms != nil {
		if err := s.cfg.Alarms.Keep(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "keeping what was counted for alarms failed", "error", err.Error())
		}
	}
}

// calm says whether the clock may be trusted with what cannot be taken back. One that jumped ahead by years would have
// all evidence removed: whoever set it wrong has a day to notice.
type calm struct {
	last  time.Time
	quiet int // ticks for which nothing may be removed
}

// jumpQuiet is for how many ticks nothing is removed after the clock jumped.
const jumpQuiet = int(24 * time.Hour / sweepEvery)

func newCalm(now time.Time) *calm { return &calm{last: now.Round(0)} }

// at is asked once in sweepEvery.
func (c *calm) at(now time.Time) bool {
	passed := now.Round(0).Sub(c.last) // by the wall: without what the process itself has counted
	c.last = now.Round(0)
	switch {
	case passed < 0 || passed > 2*sweepEvery:
		c.quiet = jumpQuiet
	case c.quiet > 0:
		c.quiet--
	}
	return c.quiet == 0
}

func (s *Server) sweepAll(ctx context.Context) error {
	err := errors.Join(s.jobs.Sweep(ctx), s.sweepVerdicts(ctx))
	if s.files != nil {
		_, sweepErr := s.files.Sweep(ctx)
		err = errors.Join(err, sweepErr)
	}
	if s.hooks != nil {
		err = errors.Join(err, s.hooks.Sweep(ctx))
	}
	return err
}

func (s *Server) registerJobs() {
	add(s, operation{
		id: "listJobs", method: http.MethodGet, path: "/jobs", tag: "jobs", may: identity.MayWork,
		zh: "后台作业", en: "the newest jobs of one's own",
	}, s.listJobs)
	add(s, operation{
		id: "getJob", method: http.MethodGet, path: "/jobs/{id}", tag: "jobs", may: identity.MayWork,
		zh: "作业进度与结果", en: "how far a job has come, and its result",
	}, s.job)
	add(s, operation{
		id: "cancelJob", method: http.MethodPost, path: "/jobs/{id}/cancellation", tag: "jobs", may: identity.MayWork,
		zh: "取消作业：已办理的保留", en: "cancel a job: what was done stays done",
	}, s.cancelJob)
}

type jobInput struct {
	ID string `path:"id" maxLength:"64"`
}

type jobWrite struct {
	Write
	ID string `path:"id" maxLength:"64"`
}

type jobOutput struct {
	Location string `header:"Location"`
	Replayed string `header:"X-Replayed"`
	Body     api.Job
}

type jobsOutput struct {
	Body api.Jobs
}

// shownJobs is how many jobs are listed.
const shownJobs = 100

func (s *Server) listJobs(ctx context.Context, c *identity.Caller, _ *struct{}) (*jobsOutput, error) {
	list, err := s.jobs.List(ctx, s.ownerOf(c), shownJobs)
	if err != nil {
		return nil, err
	}
	out := jobsOutput{Body: api.Jobs{Items: []api.Job{}}}
	for _, j := range list {
		if seesJob(c, j) {
			out.Body.Items = append(out.Body.Items, jobOf(j))
		}
	}
	return &out, nil
}

// seesJob reports whether a caller may know of a job of its owner's: one department has many callers behind it, and a
// job leads to files with all that was converted. All jobs are conversions, or take one back.
func seesJob(c *identity.Caller, j *jobs.Job) bool {
	return c.May(identity.MayConvert) && c.Covers(j.Type)
}

// ownJob finds a job that a caller may know of; another's is as if there were none.
func (s *Server) ownJob(ctx context.Context, c *identity.Caller, id string) (*jobs.Job, error) {
	j, err := s.jobs.Get(ctx, s.ownerOf(c), id)
	if err == nil && !seesJob(c, j) {
		return nil, jobs.ErrNotFound
	}
	return j, err
}

func (s *Server) job(ctx context.Context, c *identity.Caller, in *jobInput) (*jobOutput, error) {
	return jobAnswer(s.ownJob(ctx, c, in.ID))
}

func (s *Server) cancelJob(ctx context.Context, c *identity.Caller, in *jobWrite) (*jobOutput, error) {
	if _, err := s.ownJob(ctx, c, in.ID); err != nil {
		return nil, err
	}
	return jobAnswer(s.jobs.Cancel(ctx, s.ownerOf(c), in.ID))
}

// accept takes long work about a type and answers where to ask for it.
func (s *Server) accept(ctx context.Context, c *identity.Caller, req jobs.Request, spec work) (*jobOutput, error) {
	req.Kind, req.Spec = spec.kind(), spec
	req.Owner, req.Message, req.Clerk, req.System = s.ownerOf(c), c.Message, clerkOf(c), c.Registration
	release, full := s.hold(ctx, req.Owner, jobs.Overhead+req.Makes)
	defer release()
	req.Refuse = cmp.Or(firstOnly(c), full) // not of what was accepted before
	j, again, err := s.jobs.Add(ctx, req)
	out, err := jobAnswer(j, err)
	if err == nil && again {
		out.Replayed = "true"
	}
	return out, err
}

// work is what a job is to do; it is kept as JSON.
type work interface{ kind() string }

func jobAnswer(j *jobs.Job, err error) (*jobOutput, error) {
	if err != nil {
		return nil, err
	}
	return &jobOutput{Location: api.Version + "/jobs/" + j.ID, Body: jobOf(j)}, nil
}

func jobOf(j *jobs.Job) api.Job {
	out := api.Job{
		ID: j.ID, Kind: j.Kind, State: string(j.State), Created: j.Created, Started: j.Started, Ended: j.Ended,
		Expires: j.Expires, Cancelling: j.Cancelling && !j.State.Ended(), Result: j.Result,
	}
	if j.Progress != (jobs.Progress{}) {
		out.Progress = progressOf(&j.Progress)
	}
	if len(j.Failure) > 0 {
		out.Error = new(api.Problem)
		if json.Unmarshal(j.Failure, out.Error) != nil { // of an earlier release
			out.Error = &codeProblem(CodeInternal).Problem
		}
	}
	return out
}
