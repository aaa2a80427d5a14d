package main

import (
	"context"
	"net/http"
	"time"
)

// mount is a handler and the pattern of http.ServeMux that it is served under.
type mount struct {
	pattern string
	handler http.Handler
}

// chore is what must be done again and again while the service runs.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

const sweepEvery = 6 * time.Hour

// mounts are all handlers that the settings ask for, and what keeps them going. A handler of one room never has to know
// of another's.
func (c *program) mounts(s *station) ([]mount, []chore, error) {
	var list []mount
	var chores []chore
	if s.settings.Foreign != nil {
		a, err := c.openForeign(s, nil)
		if err != nil {
			return nil, nil, err
		}
		chores = append(chores, chore{"sweep of used tokens", sweepEvery, func(ctx context.Context) error {
			_, err := a.Sweep(ctx)
			return err
		}})
		foreign := a.Handler()
		for _, pattern := range []string{
			"/1.0/", "/acme/", "/health", "/root/", "/roots", "/roots.pem", "/intermediates", "/intermediates.pem",
			"/provisioners", "/crl", "/sign", "/renew", "/revoke",
		} {
			list = append(list, mount{pattern, foreign})
		}
		list = append(list, mount{"/sm2/sign", a.SM2Handler()})
	}
	if len(list) == 0 {
		return nil, nil, errNothing
	}
	return list, chores, nil
}

// keep does a chore at once and then again and again until the context ends. A failure is said, and the next turn
// tries again.
func (c *program) keep(ctx context.Context, job chore) {
	tick := time.NewTicker(job.every)
	defer tick.Stop()
	for {
		if err := job.do(ctx); err != nil && ctx.Err() == nil {
			c.Aside(c.Say("错误：", "error: ") + job.name + ": " + err.Error() + "\n")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
