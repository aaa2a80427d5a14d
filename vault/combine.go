package vault

import (
	"context"
	"sync"
)

// combiner lets callers that come at the same time share a transaction. There is no goroutine of its own: whoever finds a
// free place leads, writes what has gathered, and hands the place to one who waits. The zero value is ready.
type combiner[T any] struct {
	mu      sync.Mutex
	waiting []turn[T]
	leading int
}

// turn is one item with the call that waits for it; true tells the call to lead.
type turn[T any] struct {
	item T
	next chan bool // of capacity 1
}

const (
	combineLeaders = 2   // one gathers while the other's transaction is being made durable
	combineGroup   = 256 // items in a transaction
)

// do returns when write has returned for a group that holds the item; write leaves its outcome in the items.
func (c *combiner[T]) do(ctx context.Context, item T, write func(context.Context, []T)) {
	t := turn[T]{item, make(chan bool, 1)}
	c.mu.Lock()
	if c.leading == combineLeaders {
		c.waiting = append(c.waiting, t)
		c.mu.Unlock()
		if lead := <-t.next; !lead {
			return
		}
	} else {
		c.leading++
		c.mu.Unlock()
	}
	c.lead(context.WithoutCancel(ctx), item, write) // others' items must not fail with this call's context
}

// lead writes own and what has gathered, and passes the place on. Whoever is named the next leader is no longer among
// those who wait, so nobody is named twice.
func (c *combiner[T]) lead(ctx context.Context, own T, write func(context.Context, []T)) {
	c.mu.Lock()
	n := min(len(c.waiting), combineGroup-1)
	group := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.mu.Unlock()
	items := append(make([]T, 0, n+1), own)
	for i := range group {
		items = append(items, group[i].item)
	}
	defer func() { // also when write panics, so that nobody waits for ever
		c.pass()
		for i := range group {
			group[i].next <- false
		}
	}()
	write(ctx, items)
}

func (c *combiner[T]) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.leading--
		return
	}
	c.waiting[0].next <- true
	c.waiting = c.waiting[1:]
}
