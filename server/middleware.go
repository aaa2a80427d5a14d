package server

import (
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

// recover turns a panic into a problem that says nothing but its trace id.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if p := recover(); p != nil {
			// What panicked may hold what was submitted: only where it happened is logged.
			ctx := c.Request.Context()
			s.cfg.Log.ErrorContext(ctx, "request panicked", "trace", traceOf(ctx), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				s.writeProblem(c, codeProblem(CodeInternal))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// mark says of every answer that it came from a sandbox, and keeps answers out of caches.
func (s *Server) mark(c *gin.Context) {
	if s.cfg.Sandbox {
		c.Header(api.HeaderSandbox, "true")
	}
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Next()
}

// recognise tells who calls and whether he may, before the operation reads its body.
func (s *Server) recognise(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	nameOperation(ctx, c)
	may, _ := ctx.Operation().Metadata[permissionKey].(identity.Permission)
	if may == identity.Anyone {
		next(ctx)
		return
	}
	caller, err := s.cfg.Callers.Recognise(c.Request)
	if err != nil {
		s.chargeRefusal(c)
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	caller.Message = traceOf(ctx.Context())
	c.Set(callerKey, caller.ID)
	if !s.limitCaller(c, caller) {
		return
	}
	if err := admit(ctx.Operation(), caller); err != nil {
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	next(huma.WithContext(bodyContext{ctx, caller}, identity.With(ctx.Context(), caller)))
}

// admit decides whether a caller may do what an operation does, proven as he is. A signature that was used before is
// good for one thing only: to be told again what a write has answered.
func admit(op *huma.Operation, caller *identity.Caller) error {
	may, _ := op.Metadata[permissionKey].(identity.Permission)
	write, _ := op.Metadata[writeKey].(bool)
	keyed, _ := op.Metadata[keyedKey].(bool)
	return entry{may, write, keyed}.admit(caller)
}

// entry is what it takes to be let in; keyed: a repetition is answered with the first answer.
type entry struct {
	may          identity.Permission
	write, keyed bool
}

func (e entry) admit(caller *identity.Caller) error {
	switch {
	case e.may == "" || !caller.May(e.may), caller.IsHolder() && caller.Holder == nil:
		return identity.Refuse(identity.CodeForbidden)
	case e.write && caller.MustSign && !caller.Signed:
		return identity.Refuse(identity.CodeNeedsProof)
	case !e.keyed && caller.Repeated:
		return identity.Refuse(identity.CodeReplayed)
	}
	return nil
}

// bodyContext answers with the status of our problem when content was refused while huma read it, which it takes for an
// error of the server.
type bodyContext struct {
	humaContext
	caller *identity.Caller
}

// humaContext is huma.Context by another name, since a field cannot be called like a method.
type humaContext = huma.Context

// Unwrap gives what it wraps, as huma's own wrappers do.
func (b bodyContext) Unwrap() huma.Context { return b.humaContext }

// SetStatus implements huma.Context.
func (b bodyContext) SetStatus(status int) {
	if err := b.caller.BodyRefusal(); err != nil {
		status = refusalProblem(err).Status
	}
	b.humaContext.SetStatus(status)
}

func (s *Server) noRoute(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoRoute)) }

func (s *Server) noMethod(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoMethod)) }
