package main

import (
	"context"
	"errors"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// How often a job is asked for, and how long a service may be silent meanwhile: as long as a restart takes, with a
// large directory to open.
const (
	jobPause        = 500 * time.Millisecond
	servicePatience = 10 * time.Minute
)

// watch follows a job at a service.
type watch struct {
	ask    func(ctx context.Context, id string) (*api.Job, error)
	wait   func(ctx context.Context, d time.Duration) error
	now    func() time.Time
	tell   func(*api.Job) // after each answer
	silent func()         // once, when there is no answer
}

// follow asks for a job until it has ended. Jobs survive the service, so that one that does not answer, or is about to
// stop, is asked on for a while.
func (w *watch) follow(ctx context.Context, job *api.Job) (*api.Job, error) {
	heard, told := w.now(), false
	for job.State == "waiting" || job.State == "running" {
		if err := w.wait(ctx, jobPause); err != nil {
			return nil, err
		}
		next, err := w.ask(ctx, job.ID)
		switch {
		case err == nil:
			job, heard = next, w.now()
			w.tell(job)
		case ctx.Err() != nil || !returns(err) || w.now().Sub(heard) >= servicePatience:
			return nil, err
		case !told:
			told = true
			w.silent()
		}
	}
	return job, nil
}

// returns reports an error of a service that may be back later.
func returns(err error) bool {
	var p *client.ProblemError
	return errors.Is(err, client.ErrConnection) || errors.As(err, &p) && p.Retryable
}
