package vault

import (
	"context"
	"sync"
)

// combiner lets callers that come at the same time share a transaction. There is no goroutine of its own: whoever
// finds the place free leads, writes what has gathered, and hands the place to one who waits as soon as the
// transaction is worked, without waiting for the disk. The zero value is ready.
type combiner[T any] struct {
	mu      sync.Mutex
	waiting []turn[T]
	leading bool
}

// writer writes a group and leaves the outcome in the items. It calls worked, once or more, when the transaction's
// closure has done its work.
type writer[T any] func(ctx context.Context, items []T, worked func())

// turn is one item with the call that waits for it; true tells the call to lead.
type turn[T any] struct {
	item T
	next chan bool // of capacity 1
}

// combineGroup is how many items share a transaction at most.
const combineGroup = 256

// do returns when write has returned for a group that holds the item.
func (c *combiner[T]) do(ctx context.Context, item T, write writer[T]) {
	t := turn[T]{item, make(chan bool, 1)}
	c.mu.Lock()
	if c.leading {
		c.waiting = append(c.waiting, t)
		c.mu.Unlock()
		if lead := <-t.next; !lead {
			return
		}
	} else {
		c.leading = true
		c.mu.Unlock()
	}
	c.lead(context.WithoutCancel(ctx), item, write) // others' items must not fail with this call's context
}

// lead writes own and what has gathered, and passes the place on. Whoever is named the next leader is no longer among
// those who wait, so nobody is named twice.
func (c *combiner[T]) lead(ctx context.Context, own T, write writer[T]) {
	c.mu.Lock()
	n := min(len(c.waiting), combineGroup-1)
	group := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.mu.Unlock()
	items := append(make([]T, 0, n+1), own)
	for i := range group {
		items = append(items, group[i].item)
	}
	var once sync.Once
	pass := func() { once.Do(c.pass) }
	defer func() { // also when write panics, so that nobody waits for ever
		pass()
		for i := range group {
			group[i].next <- false
		}
	}()
	write(ctx, items, pass)
}

func (c *combiner[T]) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.leading = false
		return
	}
	c.waiting[0].next <- true
	c.waiting = c.waiting[1:]
}
