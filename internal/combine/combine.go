// Package combine lets callers that come at the same time share one piece of work, such as a durable transaction. It
// has no goroutine and no clock: whoever finds the place free leads.
package combine

import (
	"context"
	"runtime"
	"sync"
)

// Group is a place where callers meet. The zero value is ready.
type Group[T any] struct {
	// Limit is how many items are worked together at most; zero means 256.
	Limit int

	mu      sync.Mutex
	leading bool         // guarded by mu
	waiting []*caller[T] // guarded by mu
}

type caller[T any] struct {
	item T
	wake chan bool // of capacity 1; true: you lead, false: your item was worked
}

// Work works items together and leaves the outcome in them. It calls handOver, at most once that counts, as soon as
// the next group may begin, which may be before it returns: after the closure of a transaction has run, while the disk
// is still busy. Otherwise the next group begins when it returns.
type Work[T any] func(ctx context.Context, items []T, handOver func())

// Do returns when some call of work has returned that was given item. The context of a leader does not end the work of
// others, so work gets one that cannot end.
func (g *Group[T]) Do(ctx context.Context, item T, work Work[T]) {
	c := &caller[T]{item, make(chan bool, 1)}
	if !g.first(c) && !<-c.wake {
		return
	}
	runtime.Gosched() // whoever is on the way here comes along; nobody is waited for
	followers := g.gather()
	items := make([]T, 0, len(followers)+1)
	items = append(items, item)
	for _, f := range followers {
		items = append(items, f.item)
	}
	handOver := sync.OnceFunc(g.handOver)
	defer func() { // after a panic too, so that nobody waits for ever
		handOver()
		for _, f := range followers {
			f.wake <- false
		}
	}()
	work(context.WithoutCancel(ctx), items, handOver)
}

// first takes the lead if nobody has it, and queues c otherwise.
func (g *Group[T]) first(c *caller[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.leading {
		g.leading = true
		return true
	}
	g.waiting = append(g.waiting, c)
	return false
}

// gather takes those who wait, up to the limit.
func (g *Group[T]) gather() []*caller[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	limit := g.Limit
	if limit <= 0 {
		limit = 256
	}
	n := min(len(g.waiting), limit-1)
	taken := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return taken
}

// handOver gives the lead to the first who waits, who then is no follower of anybody.
func (g *Group[T]) handOver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.leading = false
		return
	}
	g.waiting[0].wake <- true
	g.waiting = g.waiting[1:]
}
