package server

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/server/identity"
)

// turns say who judges a submission next: it is work that keeps a core busy. Whoever has credentials goes before those
// who have none, and callers take turns, so that one who wants much judged makes no other wait for all of it. Strangers
// never have the last free turn, unless there is only one. It is safe for concurrent use.
type turns struct {
	mu        sync.Mutex
	free      int  // turns that nobody has; guarded by mu
	strangers int  // turns that strangers have; guarded by mu
	most      int  // that strangers may have
	callers   line // guarded by mu
	anybody   line // guarded by mu; strangers, by where they come from
}

func newTurns(n int) *turns {
	return &turns{free: n, most: max(1, n-1), callers: newLine(), anybody: newLine()}
}

// line is who waits, by name: names take turns, and of one name who came first goes first.
type line struct {
	names   []string
	waiting map[string][]*waiter
}

// waitingEach is how many of one name may wait: each holds a request that somebody else could have.
const waitingEach = 64

// waiter waits for a turn. It is given by closing.
type waiter struct {
	given chan struct{}
}

func newLine() line { return line{waiting: map[string][]*waiter{}} }

func (l *line) join(name string) *waiter {
	w := &waiter{make(chan struct{})}
	if len(l.waiting[name]) == 0 {
		l.names = append(l.names, name)
	}
	l.waiting[name] = append(l.waiting[name], w)
	return w
}

// next takes the one out whose turn it is; nil if nobody waits.
func (l *line) next() *waiter {
	if len(l.names) == 0 {
		return nil
	}
	name := l.names[0]
	w := l.waiting[name][0]
	l.names = l.names[1:]
	l.waiting[name] = l.waiting[name][1:]
	if len(l.waiting[name]) == 0 {
		delete(l.waiting, name)
	} else {
		l.names = append(l.names, name)
	}
	return w
}

// leave takes one out that waits no longer; false: he has been given a turn.
func (l *line) leave(name string, w *waiter) bool {
	i := slices.Index(l.waiting[name], w)
	if i < 0 {
		return false
	}
	l.waiting[name] = slices.Delete(l.waiting[name], i, i+1)
	if len(l.waiting[name]) == 0 {
		delete(l.waiting, name)
		l.names = slices.DeleteFunc(l.names, func(n string) bool { return n == name })
	}
	return true
}

// give gives turns that are free to who waits. mu is held.
func (t *turns) give() {
	for t.free > 0 {
		w := t.callers.next()
		if w == nil && t.strangers < t.most {
			if w = t.anybody.next(); w != nil {
				t.strangers++
			}
		}
		if w == nil {
			return
		}
		t.free--
		close(w.given)
	}
}

// take waits for a turn, no longer than the request lasts. Nobody's caller is a stranger.
func (t *turns) take(ctx context.Context, name string, stranger bool) (done func(), err error) {
	t.mu.Lock()
	of := &t.callers
	if stranger {
		of = &t.anybody
	}
	if len(of.waiting[name]) == waitingEach {
		t.mu.Unlock()
		return nil, codeProblem(CodeBusy)
	}
	w := of.join(name)
	t.give()
	t.mu.Unlock()
	done = sync.OnceFunc(func() { t.giveBack(stranger) })
	select {
	case <-w.given:
		return done, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	left := of.leave(name, w)
	t.mu.Unlock()
	if !left {
		done()
	}
	return nil, codeProblem(CodeTimeout)
}

func (t *turns) giveBack(stranger bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free++
	if stranger {
		t.strangers--
	}
	t.give()
}

// turn waits for a caller's turn to judge.
func (s *Server) turn(ctx context.Context, c *identity.Caller) (done func(), err error) {
	return s.turns.take(ctx, c.ID, false)
}

// judgedKey marks an operation by which anybody has something judged.
const judgedKey = "judged"

// What strangers may have submitted at once, for it is in memory while it waits.
const (
	strangersEach = 4 // from one address
	strangersTurn = 4 // for each turn that there is
)

// strangerKey is where a request of a stranger keeps where he comes from.
type strangerKey struct{}

// letStranger lets one in who wants something judged, before any of it is read, if there is room; else he is sent away
// at once. A judgement is dearer than what else is for everybody.
func (s *Server) letStranger(c *gin.Context, ctx huma.Context, next func(huma.Context)) {
	from := s.limits.address(c.Request)
	if !s.room.Enter(from) {
		s.refuseBusy(c)
		return
	}
	defer s.room.Leave(from)
	s.limits.addresses.Charge(from, costJudged)
	next(huma.WithValue(ctx, strangerKey{}, from))
}

// strangerTurn waits for the turn of one who has no credentials.
func (s *Server) strangerTurn(ctx context.Context) (done func(), err error) {
	from, _ := ctx.Value(strangerKey{}).(string)
	return s.turns.take(ctx, from, true)
}

// Busy answers whoever may not come in now. Who watches over the process is told what he asks all the same: it costs
// no more than sending him away, and a service that many want is not a sick one.
func (s *Server) Busy() http.Handler {
	router := gin.New()
	router.Use(s.trace, s.mark)
	s.health(router)
	router.NoRoute(s.refuseBusy)
	return router
}
