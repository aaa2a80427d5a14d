package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// TestWatch: a job is followed through a restart of its service, and given up when that does not come back or says no.
func TestWatch_D3_2(t *testing.T) {
	t.Parallel()
	gone := errors.Join(client.ErrConnection, errors.New("refused"))
	stopping := &client.ProblemError{Problem: api.Problem{Code: "closing", Retryable: true}}
	unknown := &client.ProblemError{Problem: api.Problem{Code: "job-unknown"}}
	running, done := &api.Job{ID: "1", State: "running"}, &api.Job{ID: "1", State: "done"}
	for name, c := range map[string]struct {
		answers []any // a job or an error, the last one for ever
		each    time.Duration
		state   string
		err     error
		told    int
		silent  int
	}{
		"undisturbed":        {answers: []any{running, done}, state: "done", told: 2},
		"over a restart":     {answers: []any{running, stopping, gone, gone, running, done}, state: "done", told: 3, silent: 1},
		"over two":           {answers: []any{gone, running, gone, done}, each: 6 * time.Minute, state: "done", told: 2, silent: 1},
		"that does not end":  {answers: []any{running, gone}, each: time.Minute, err: client.ErrConnection, told: 1, silent: 1},
		"that forgot it":     {answers: []any{running, unknown}, err: unknown, told: 1},
		"given up by people": {answers: []any{running, context.Canceled}, err: context.Canceled, told: 1},
	} {
		now, at, told, silent := time.Unix(0, 0), 0, 0, 0
		w := watch{
			ask: func(context.Context, string) (*api.Job, error) {
				answer := c.answers[min(at, len(c.answers)-1)]
				at++
				if err, wrong := answer.(error); wrong {
					return nil, err
				}
				return answer.(*api.Job), nil
			},
			wait: func(context.Context, time.Duration) error {
				now = now.Add(c.each)
				return nil
			},
			now:  func() time.Time { return now },
			tell: func(*api.Job) { told++ }, silent: func() { silent++ },
		}
		job, err := w.follow(t.Context(), running)
		require.ErrorIs(t, err, c.err, name)
		require.Equal(t, [2]int{c.told, c.silent}, [2]int{told, silent}, name)
		if c.err == nil {
			require.Equal(t, c.state, job.State, name)
		}
	}
}
