package vault

import (
	"context"
	"errors"
	"sync"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// auditor lets readers that come at the same time share a transaction for their audit entries. There is no goroutine of
// its own: whoever finds a free place leads, writes what has gathered, and hands its place to one who waits.
type auditor struct {
	mu      sync.Mutex
	waiting []auditRequest
	leading int
}

// auditRequest is one entry to be written.
type auditRequest struct {
	s    *session
	note auditNote
	done chan auditOutcome // of capacity 1
}

// auditOutcome ends a wait: the entry is durable or not, or its owner shall lead now.
type auditOutcome struct {
	lead bool
	err  error
}

const (
	auditLeaders = 2   // one gathers while the other's transaction is being made durable
	auditGroup   = 512 // entries in a transaction
)

// write returns when the entry is durable, or was not written.
func (a *auditor) write(ctx context.Context, v *Vault, r auditRequest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	if a.leading == auditLeaders {
		a.waiting = append(a.waiting, r)
		a.mu.Unlock()
		if out := <-r.done; !out.lead {
			return out.err
		}
	} else {
		a.leading++
		a.mu.Unlock()
	}
	return a.lead(context.WithoutCancel(ctx), v, r)
}

// lead writes own and what has gathered, and passes the place on. Whoever is named the next leader is no longer among
// those who wait, so nobody is named twice.
func (a *auditor) lead(ctx context.Context, v *Vault, own auditRequest) error {
	a.mu.Lock()
	n := min(len(a.waiting), auditGroup-1)
	group := append([]auditRequest{own}, a.waiting[:n]...)
	a.waiting = a.waiting[n:]
	a.mu.Unlock()
	errs := v.auditAll(ctx, group)
	a.mu.Lock()
	if len(a.waiting) > 0 {
		a.waiting[0].done <- auditOutcome{lead: true}
		a.waiting = a.waiting[1:]
	} else {
		a.leading--
	}
	a.mu.Unlock()
	for i := range group[1:] {
		group[1+i].done <- auditOutcome{err: errs[1+i]}
	}
	return errs[0]
}

// auditAll writes entries in one transaction. An entry that cannot be written down fails alone, all else fails together.
func (v *Vault) auditAll(ctx context.Context, group []auditRequest) []error {
	errs := make([]error, len(group))
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		c, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for i := range group {
			errs[i] = c.append(w, group[i].s, group[i].note)
			if errs[i] != nil && !errors.Is(errs[i], record.ErrFormat) {
				return errs[i]
			}
		}
		return c.close(w)
	})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}
