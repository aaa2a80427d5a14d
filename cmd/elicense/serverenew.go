package main

import (
	"context"
	"os"
	"sync"
	"time"
)

// beside runs what the service does while it serves: it watches its certificate,
// renews data keys and signs checkpoints.
func (c *program) beside(ctx context.Context, h *house, r *besides, serve func() error) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var asked <-chan os.Signal
	if c.hangup != nil {
		asked = c.hangup(ctx) // also with plain HTTP: it must not end the process
	}
	if r.face != nil {
		wg.Go(func() { c.watchTLS(ctx, r.face, asked) })
	}
	wg.Go(func() { c.renewBeside(ctx, h, r.renew) })
	wg.Go(func() { c.publishing(ctx, h, r.checkpoints) })
	err := serve()
	stop()
	wg.Wait()
	return err
}

// besides is what goes on beside the answering of requests.
type besides struct {
	face  *tlsFace // nil: plain HTTP
	renew bool     // draw new data keys

	checkpoints time.Duration // from one checkpoint to the next
}

// renewBeside renews the data keys while the service answers, or goes on with a renewal that was broken off. A failure
// is logged and leaves everything readable; the next start goes on.
func (c *program) renewBeside(ctx context.Context, h *house, fresh bool) {
	log := c.serviceLog()
	_, err := c.renewAll(ctx, h, renewal{fresh: fresh, rest: restAsLong, done: func(store string, moved int) {
		log.InfoContext(ctx, "data key renewed", "store", store, "moved", moved)
	}})
	if err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "renewing data keys failed", "error", err.Error())
	}
}

// restAsLong leaves the machine to the requests for as long as the last part took.
func restAsLong(ctx context.Context, took time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(took):
		return nil
	}
}
