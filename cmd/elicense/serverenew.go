package main

import (
	"context"
	"net"
	"os"
	"sync"
	"time"

	"github.com/elicense/elicense/server/provider"
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
	if r.orders != nil {
		wg.Go(func() { c.control(ctx, h, r) })
	}
	wg.Go(func() { c.publishing(ctx, h, r.checkpoints) })
	err := serve()
	stop()
	wg.Wait()
	return err
}

// besides is what goes on beside the answering of requests.
type besides struct {
	face   *tlsFace       // nil: plain HTTP
	tokens *provider.Keys // nil: the service gives no tokens
	renew  bool           // draw new data keys

	checkpoints time.Duration // from one checkpoint to the next
	orders      net.Listener  // the local socket for orders; nil: there is none
}

// renewBeside renews the data keys while the service answers, or goes on with a renewal that was broken off. A failure
// is logged and leaves everything readable; the next start goes on.
func (c *program) renewBeside(ctx context.Context, h *house, fresh bool) {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	_, err := c.renewAll(ctx, h, c.renewalBeside(ctx, fresh))
	if err != nil && ctx.Err() == nil {
		c.serviceLog().ErrorContext(ctx, "renewing data keys failed", "error", err.Error())
	}
}

// renewalBeside leaves as much time to the requests as it takes itself, and logs what it did.
func (c *program) renewalBeside(ctx context.Context, fresh bool) renewal {
	return renewal{fresh: fresh, rest: pause, done: func(store string, moved int) {
		c.serviceLog().InfoContext(ctx, "data key renewed", "store", store, "moved", moved)
	}}
}

// pause waits: after a part of a renewal as long as that took, so that the machine is left to the requests.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
