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
	a.waiting = append(a.waiting, r)
	lead := a.leading < auditLeaders
	if lead {
		a.leading++
	}
	a.mu.Unlock()
	if !lead {
		out := <-r.done
		if !out.lead {
			return out.err
		}
	}
	a.lead(context.WithoutCancel(ctx), v)
	out := <-r.done
	return out.err
}

// lead writes one group and passes the place on.
func (a *auditor) lead(ctx context.Context, v *Vault) {
	a.mu.Lock()
	n := min(len(a.waiting), auditGroup)
	group := a.waiting[:n:n]
	a.waiting = a.waiting[n:]
	a.mu.Unlock()
	errs := v.auditAll(ctx, group)
	a.mu.Lock()
	if len(a.waiting) > 0 {
		a.waiting[0].done <- auditOutcome{lead: true}
	} else {
		a.leading--
	}
	a.mu.Unlock()
	for i := range group {
		group[i].done <- auditOutcome{err: errs[i]}
	}
}

// auditAll writes entries in one transaction. An entry that cannot be written down fails alone, all else fails together.
func (v *Vault) auditAll(ctx context.Context, group []auditRequest) []error {
	errs := make([]error, len(group))
	if len(group) == 0 {
		return errs
	}
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
