package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Work does the jobs of one kind. Its context ends when the job is cancelled or the process stops: then it returns
// soon, with an error. Done again after a crash, it goes on or comes to the same. The result is encoded as JSON.
type Work func(ctx context.Context, j *Job, tell func(Progress)) (result any, err error)

// poll is how often the queue is looked at when nothing is added to it, for jobs that wait for their time.
const poll = 5 * time.Second

// The first pause before a job is begun again, which doubles up to the last.
const (
	firstPause = 5 * time.Second
	lastPause  = 10 * time.Minute
)

// progressEvery is how often progress is made durable; those who ask see it at once.
const progressEvery = 5 * time.Second

// Run works the queue until the context ends. Jobs under way go back into the queue then, uncounted.
func (s *Jobs) Run(ctx context.Context) error {
	if err := s.recover(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	var all sync.WaitGroup
	failed := make([]error, s.cfg.Workers)
	for i := range s.cfg.Workers {
		all.Go(func() { failed[i] = s.worker(ctx) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func (s *Jobs) worker(ctx context.Context) error {
	for {
		did, err := s.Step(ctx)
		if err != nil && ctx.Err() == nil && !s.cfg.Passes(err) {
			return err
		}
		if did && err == nil {
			s.signal() // there may be more, for others
			continue
		}
		pause := time.NewTimer(poll)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil
		case <-s.wake:
			pause.Stop()
		case <-pause.C:
		}
	}
}

func (s *Jobs) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// recover takes what was running when the process ended back into the queue.
func (s *Jobs) recover(ctx context.Context) error {
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		var cut []*Job
		err := s.eachOpen(w, func(j *Job) bool {
			if j.State == Running {
				cut = append(cut, j)
			}
			return true
		})
		if err != nil {
			return err
		}
		for _, j := range cut {
			if err := s.takeBack(w, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeBack decides what becomes of a job in the middle of which the process ended.
func (s *Jobs) takeBack(w engine.Writer, j *Job) error {
	j.Crashes++
	switch {
	case j.Cancelling:
		return s.end(w, j, Cancelled)
	case j.Crashes >= maxCrashes:
		j.Failure = s.cfg.Explain(j, ErrCrashes)
		return s.end(w, j, Failed)
	}
	j.State = Waiting
	return s.put(w, j)
}

// Step does the next job, if there is one whose time has come.
func (s *Jobs) Step(ctx context.Context) (bool, error) {
	j, err := s.claim(ctx)
	if j == nil || err != nil {
		return false, err
	}
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s.live.begin(j, stop)
	defer s.live.end(j.ID)
	if s.cancelling(ctx, j.ID) { // since it was claimed, when there was nobody to tell
		stop(ErrCancelled)
	}
	result, err := s.carryOut(work, j)
	return true, s.conclude(ctx, work, j, result, err)
}

// cancelling reports whether the owner of a job wants it to end. If that cannot be read, its end tells.
func (s *Jobs) cancelling(ctx context.Context, id string) (wanted bool) {
	_ = s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		j, err := s.get(r, id)
		wanted = err == nil && j.Cancelling
		return err
	})
	return wanted
}

// due reports whether a job's time has come. None is put off for longer than the last pause: where it looks so, the
// clock was set back.
func (j *Job) due(now time.Time) bool {
	wait := j.NotBefore.Sub(now)
	return wait <= 0 || wait > lastPause
}

// claim takes the oldest job whose time has come.
func (s *Jobs) claim(ctx context.Context) (*Job, error) {
	var j *Job
	err := s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		j = nil
		now := s.cfg.Now()
		err := s.eachOpen(w, func(one *Job) bool {
			if one.State == Waiting && one.due(now) {
				j = one
			}
			return j == nil
		})
		if err != nil || j == nil {
			return err
		}
		j.State, j.Started, j.NotBefore = Running, now.UTC(), time.Time{}
		j.Starts++
		return s.put(w, j)
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// carryOut does the work. A panic is the job's failure and not the process's: what panicked may hold what was
// submitted, so nothing of it is told.
func (s *Jobs) carryOut(ctx context.Context, j *Job) (result json.RawMessage, err error) {
	defer func() {
		if recover() != nil {
			result, err = nil, fmt.Errorf("jobs: %s panicked", j.Kind)
		}
	}()
	work, known := s.cfg.Kinds[j.Kind]
	if !known {
		return nil, fmt.Errorf("%w: kind %s", ErrDamaged, j.Kind)
	}
	told := s.cfg.Now()
	asked := *j
	out, err := work(ctx, &asked, func(p Progress) {
		s.live.tell(j.ID, p)
		if now := s.cfg.Now(); now.Sub(told) >= progressEvery {
			told = now
			s.keepProgress(ctx, j.ID, p)
		}
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// keepProgress makes progress durable, for those who ask after a restart. If that fails nothing is lost but a number.
func (s *Jobs) keepProgress(ctx context.Context, id string, p Progress) {
	_ = s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		j, err := s.get(w, id)
		if err != nil || j.State != Running {
			return err
		}
		j.Progress = p
		return s.put(w, j)
	})
}

// conclude writes down how a job ended. A crash before leaves it running, and it is begun again.
func (s *Jobs) conclude(ctx, work context.Context, j *Job, result json.RawMessage, failure error) error {
	stopped := ctx.Err() != nil
	cancelled := errors.Is(context.Cause(work), ErrCancelled)
	last, told := s.live.progress(j.ID)
	return s.cfg.Engine.Update(context.WithoutCancel(ctx), func(w engine.Writer) error {
		now, err := s.get(w, j.ID)
		if err != nil {
			return err
		}
		if told {
			now.Progress = last
		}
		switch {
		case failure == nil:
			now.Result, now.Cancelling = result, false
			return s.end(w, now, Done)
		case cancelled || now.Cancelling:
			return s.end(w, now, Cancelled)
		case stopped, s.cfg.Passes(failure):
			now.State = Waiting
			if !stopped {
				now.NotBefore = s.cfg.Now().UTC().Add(pauseAfter(now.Starts))
			}
			return s.put(w, now)
		}
		now.Failure = s.cfg.Explain(now, failure)
		return s.end(w, now, Failed)
	})
}

func pauseAfter(starts int) time.Duration {
	pause := firstPause
	for ; starts > 1 && pause < lastPause; starts-- {
		pause *= 2
	}
	return min(pause, lastPause)
}
