package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Orders for work on registrations, certificates, CRLs and backups: what a command does on a data directory that nobody
// has open, the service does in the same way on the one that it has open.
const (
	orderTypes       = "types"       // codes of types by their names
	orderCallers     = "callers"     // the registered callers
	orderCaller      = "caller"      // a caller, an operator too
	orderDepartment  = "department"  // a department with its key and seal
	orderCertify     = "certify"     // the key of a system, which stays with the command
	orderSystems     = "systems"     // the registered systems
	orderSystem      = "system"      // a system with its certificates
	orderRevoke      = "revoke"      // ends a system's registration, or a certificate
	orderCertificate = "certificate" // another certificate; with whose it is
	orderCRL         = "crl"         // the next CRLs
	orderBackup      = "backup"      // a backup into a new directory
)

// asker is who gives such an order, as the flags of his command say: he has the master key, as whoever opens a data
// directory, and what he is admitted to is decided by the vault.
type asker struct {
	Caller  string       `json:"caller"`
	Ground  vault.Ground `json:"ground"`
	Purpose string       `json:"purpose,omitempty"`
	Item    string       `json:"item,omitempty"`
	Case    string       `json:"case,omitempty"`
	Basis   string       `json:"basis,omitempty"`
	Clerk   string       `json:"clerk,omitempty"`
}

func askerOf(a *vault.Access) *asker {
	return &asker{
		Caller: a.Caller, Ground: a.Ground, Purpose: a.Purpose, Item: a.Item, Case: a.Case, Basis: a.Basis, Clerk: a.Clerk,
	}
}

func (a *asker) access() vault.Access {
	return vault.Access{
		Caller: a.Caller, Ground: a.Ground, Purpose: a.Purpose, Item: a.Item, Case: a.Case, Basis: a.Basis, Clerk: a.Clerk,
	}
}

// errand is what such an order says: who asks, and for what.
type errand struct {
	By  asker           `json:"by"`
	For json.RawMessage `json:"for"`
}

// worker does one kind of errand.
type worker func(ctx context.Context, d *ownDesk, what json.RawMessage) (any, error)

// working reads what is wanted for a function that does it.
func working[In, Out any](do func(context.Context, *ownDesk, In) (Out, error)) worker {
	return func(ctx context.Context, d *ownDesk, what json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(what, &in); err != nil {
			return nil, fmt.Errorf("%w: %w", errOrder, err)
		}
		return do(ctx, d, in)
	}
}

// nothing is what an errand without more to say says or brings back.
type nothing struct{}

// revoking says what is to end.
type revoking struct {
	ID          string          `json:"id"`
	Certificate *[sm3.Size]byte `json:"certificate,omitempty"`
}

// orderWorkers are what a running service does by orders.
func orderWorkers() map[string]worker {
	done := func(err error) (nothing, error) { return nothing{}, err }
	return map[string]worker{
		orderTypes: working(func(ctx context.Context, d *ownDesk, names []string) ([]string, error) {
			return d.codes(ctx, names)
		}),
		orderCallers: working(func(ctx context.Context, d *ownDesk, _ nothing) ([]vault.Caller, error) {
			return d.callers(ctx)
		}),
		orderCaller: working(func(ctx context.Context, d *ownDesk, x vault.Caller) (nothing, error) {
			return done(d.putCaller(ctx, x))
		}),
		orderDepartment: working(func(ctx context.Context, d *ownDesk, o departmentOrder) (*departmentAdded, error) {
			return d.addDepartment(ctx, o)
		}),
		orderCertify: working(func(ctx context.Context, d *ownDesk, r certifying) ([][]byte, error) {
			return d.certify(ctx, r)
		}),
		orderSystems: working(func(ctx context.Context, d *ownDesk, _ nothing) ([]identity.Registration, error) {
			return d.systems(ctx)
		}),
		orderSystem: working(func(ctx context.Context, d *ownDesk, r identity.Registration) (nothing, error) {
			return done(d.putSystem(ctx, r))
		}),
		orderRevoke: working(func(ctx context.Context, d *ownDesk, r revoking) (nothing, error) {
			return done(d.revokeSystem(ctx, r.ID, r.Certificate))
		}),
		orderCertificate: working(func(ctx context.Context, d *ownDesk, whose string) (nothing, error) {
			return done(d.renewCertificate(ctx, whose))
		}),
		orderCRL: working(func(ctx context.Context, d *ownDesk, _ nothing) (nothing, error) {
			return done(d.renewCRLs(ctx))
		}),
		orderBackup: working(func(ctx context.Context, d *ownDesk, dir string) (nothing, error) {
			return done(d.backup(ctx, dir))
		}),
	}
}

// work carries such an order out, and to its end though the service is about to stop.
func (c *program) work(ctx context.Context, h *house, order string, message []byte) controlAnswer {
	do := orderWorkers()[order]
	if do == nil {
		return controlAnswer{Refused: refusedOrder}
	}
	var e errand
	var result any
	err := json.Unmarshal(message, &e)
	if err != nil {
		err = fmt.Errorf("%w: %w", errOrder, err)
	} else {
		result, err = do(context.WithoutCancel(ctx), &ownDesk{c, h, e.By.access()}, e.For)
	}
	var answer controlAnswer
	if err == nil {
		answer.Result, err = json.Marshal(result)
	}
	if err != nil {
		return c.workRefused(ctx, order, err)
	}
	c.serviceLog().InfoContext(ctx, "order done", "order", order, "caller", e.By.Caller)
	return answer
}

// workRefused says why an order was not carried out, as the command would have said it itself.
func (c *program) workRefused(ctx context.Context, order string, err error) controlAnswer {
	if errors.Is(err, errOrder) {
		return controlAnswer{Refused: refusedOrder}
	}
	what := describe(err)
	told := &controlTold{Code: what.Code, Zh: what.Zh, En: what.En, Usage: errors.As(err, new(*cli.UsageError))}
	var refusal *vault.Refusal
	if errors.As(err, &refusal) {
		told.Problems = refusal.Problems
	}
	c.serviceLog().WarnContext(ctx, "order refused", "order", order, "code", what.Code)
	return controlAnswer{Refused: refusedTold, Told: told}
}

// controlTold is a refusal in the words of the service.
type controlTold struct {
	Code     string          `json:"code"`
	Zh       string          `json:"zh"`
	En       string          `json:"en"`
	Usage    bool            `json:"usage,omitempty"`
	Problems []vault.Problem `json:"problems,omitempty"`
}

func (t *controlTold) error() error {
	switch {
	case t == nil:
		return refusedWords[refusedFailed]
	case t.Usage:
		return &cli.UsageError{Code: t.Code, Zh: t.Zh, En: t.En}
	}
	for _, sentinel := range []error{vault.ErrInvalid, vault.ErrDenied} {
		if describe(sentinel).Code == t.Code {
			return &vault.Refusal{Err: sentinel, Problems: t.Problems}
		}
	}
	return &cli.ToldError{Err: errNotDone, Code: t.Code, Zh: t.Zh, En: t.En}
}

// alone does what changes keys in custody or settings: nobody else does meanwhile, and the master key stays.
func (h *house) alone(do func() error) error {
	return h.withMaster(func(sealed.Master) error {
		h.secret.Lock()
		defer h.secret.Unlock()
		return do()
	})
}
