package server

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/internal/crowd"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/limit"
)

// Limits say how often the service may be called. The zero value of each field is the default.
type Limits struct {
	PerAddress limit.Rate // 5,000 a second, bursts of 10,000
	PerCaller  limit.Rate // 2,000 a second, bursts of 4,000; a registration may have its own
	// Address names where a request comes from. Nil: the address of the connection, of IPv6 its network of 64 bits,
	// since one subscriber has all of that. Whoever runs the service behind a proxy gives another.
	Address func(*http.Request) string
}

// Costs of a request in tokens, and bounds of memory.
const (
	costRequest = 1
	costJudged  = 20 // of a file that anybody has judged, on top
	costRefused = 50 // of a request whose credentials do not hold, on top: guessing is slow
	maxNames    = 100_000
)

var (
	defaultPerAddress = limit.Rate{PerSecond: 5000, Burst: 10_000}
	defaultPerCaller  = limit.Rate{PerSecond: 2000, Burst: 4000}
)

// limits are the limiters of a server; both come before anything durable.
type limits struct {
	addresses, callers *limit.Limiter
	address            func(*http.Request) string
}

func newLimits(cfg Limits, now func() time.Time) (*limits, error) {
	if cfg.PerAddress == (limit.Rate{}) {
		cfg.PerAddress = defaultPerAddress
	}
	if cfg.PerCaller == (limit.Rate{}) {
		cfg.PerCaller = defaultPerCaller
	}
	if cfg.Address == nil {
		cfg.Address = remoteAddress
	}
	addresses, err := limit.New(limit.Config{Now: now, Rate: cfg.PerAddress, Max: maxNames})
	if err != nil {
		return nil, fmt.Errorf("%w: limits of addresses", ErrConfig)
	}
	callers, err := limit.New(limit.Config{Now: now, Rate: cfg.PerCaller, Max: maxNames})
	if err != nil {
		return nil, fmt.Errorf("%w: limits of callers", ErrConfig)
	}
	return &limits{addresses, callers, cfg.Address}, nil
}

func remoteAddress(r *http.Request) string { return crowd.Subscriber(r.RemoteAddr) }

// limitAddress refuses an address that calls too often, before anything is known of who calls.
func (s *Server) limitAddress(c *gin.Context) {
	state := s.limits.addresses.Take(s.limits.address(c.Request), costRequest, limit.Rate{})
	if !state.Allowed {
		s.refuseLimited(c, state)
		return
	}
	c.Next()
}

// limitCaller refuses a caller that calls too often, and tells every caller what is left to it.
func (s *Server) limitCaller(c *gin.Context, caller *identity.Caller) bool {
	name := callerName(caller)
	own := limit.Rate{PerSecond: float64(caller.Quota.PerSecond), Burst: float64(caller.Quota.Burst)}
	state := s.limits.callers.Take(name, costRequest, own)
	window := int(state.Window / time.Second)
	c.Header("RateLimit-Policy", fmt.Sprintf(`"caller";q=%d;w=%d`, state.Limit, window))
	c.Header("RateLimit", fmt.Sprintf(`"caller";r=%d;t=%d`, state.Remaining, max(1, window)))
	if !state.Allowed {
		s.refuseLimited(c, state)
	}
	return state.Allowed
}

// callerName is by what a caller is limited: its registration, where it has one.
func callerName(caller *identity.Caller) string {
	if caller.Registration != "" {
		return "registration/" + caller.Registration
	}
	return caller.ID
}

func (s *Server) refuseLimited(c *gin.Context, state limit.State) {
	c.Header("Retry-After", strconv.Itoa(max(1, int(state.Retry/time.Second))))
	s.writeProblem(c, codeProblem(Code(identity.CodeLimited)))
}

// chargeRefusal makes credentials that do not hold dear for where they come from.
func (s *Server) chargeRefusal(c *gin.Context) {
	s.limits.addresses.Charge(s.limits.address(c.Request), costRefused)
}
