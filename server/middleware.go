package server

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

// recover turns a panic into a problem that says nothing but its trace id.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if recover() != nil {
			s.logPanic(c.Request.Context())
			if !c.Writer.Written() {
				s.writeProblem(c, codeProblem(CodeInternal))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// logPanic tells where it happened, and nothing else: what panicked may hold what was submitted.
func (s *Server) logPanic(ctx context.Context) {
	s.cfg.Log.ErrorContext(ctx, "request panicked", "trace", traceOf(ctx), "stack", string(debug.Stack()))
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
	body := hear(c.Request)
	c.Set(bodyKey, body)
	may, _ := ctx.Operation().Metadata[permissionKey].(identity.Permission)
	if may == identity.Anyone {
		s.letAnyone(c, bodyContext{ctx, nil, body}, next)
		return
	}
	caller, err := s.cfg.Callers.Recognise(c.Request)
	if err != nil {
		s.chargeStranger(c, err)
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	caller.Message = traceOf(ctx.Context())
	c.Set(callerKey, caller.ID)
	if !s.limitCaller(c, caller) {
		return
	}
	if err := errors.Join(admit(ctx, caller), s.nameClerk(caller, c.Request)); err != nil {
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	size := largeSize(ctx.Operation().MaxBodyBytes, c.Request)
	if !s.enterLarge(c, callerName(caller), size) {
		return
	}
	defer s.large.Give(callerName(caller), size)
	next(huma.WithContext(bodyContext{ctx, caller, body}, identity.With(ctx.Context(), caller)))
}

// chargeStranger makes whoever was not recognised pay for it. That the provider of a token cannot be reached is no
// fault of his: he is told when it will be asked again, and the operator that it happened.
func (s *Server) chargeStranger(c *gin.Context, err error) {
	code := identity.CodeOf(err)
	if code != identity.CodeNoTokenKeys {
		s.chargeRefusal(c)
		return
	}
	ctx := c.Request.Context()
	s.cfg.Log.WarnContext(ctx, "request not carried out", "trace", traceOf(ctx), "code", string(code))
	c.Header("Retry-After", strconv.Itoa(int(identity.KeysAgain/time.Second)))
}

// letAnyone answers what needs no credentials; a login that fails costs what wrong credentials cost.
func (s *Server) letAnyone(c *gin.Context, ctx bodyContext, next func(huma.Context)) {
	if judged, _ := ctx.Operation().Metadata[judgedKey].(bool); judged {
		s.letStranger(c, ctx, next)
		return
	}
	if next(ctx); c.Writer.Status() == http.StatusUnauthorized {
		s.chargeRefusal(c)
	}
}

// admit decides whether a caller may do what an operation does, proven as he is. A signature that was used before is
// good for one thing only: to be told again what a write has answered.
func admit(ctx huma.Context, caller *identity.Caller) error {
	op := ctx.Operation()
	may, _ := op.Metadata[permissionKey].(identity.Permission)
	write, _ := op.Metadata[writeKey].(bool)
	again, _ := op.Metadata[againKey].(bool)
	return entry{may, write, again && ctx.Query("validate") == ""}.admit(caller)
}

// entry is what it takes to be let in; again: a repetition is answered with the first answer.
type entry struct {
	may          identity.Permission
	write, again bool
}

func (e entry) admit(caller *identity.Caller) error {
	switch {
	case e.may == "" || !caller.May(e.may), caller.IsHolder() && caller.Holder == nil:
		return forbidden(e.may, caller)
	case e.write && caller.MustSign && !caller.Signed:
		return identity.Refuse(identity.CodeNeedsProof)
	case !e.again && caller.Repeated:
		return identity.Refuse(identity.CodeReplayed)
	}
	return nil
}

// forbidden names the caller's role and the roles that may.
func forbidden(may identity.Permission, caller *identity.Caller) *answer {
	p := codeProblem(Code(identity.CodeForbidden))
	d := &p.Errors[0]
	if caller != nil {
		d.Found = string(caller.Role)
	}
	d.Keyword = "permission " + string(may)
	roles := identity.Permissions()[may]
	if len(roles) == 0 {
		return p
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	d.FixZh = "请由下列角色之一办理：" + strings.Join(names, "、")
	d.FixEn = "have it done by one of the roles " + strings.Join(names, ", ")
	return p
}

// bodyContext answers with the status of our problem when content was refused while huma read it, which it takes for an
// error of the server.
type bodyContext struct {
	humaContext
	caller *identity.Caller
	body   *heardBody
}

// bodyKey is where a request keeps its content, for teach.
const bodyKey = "body"

// humaContext is huma.Context by another name, since a field cannot be called like a method.
type humaContext = huma.Context

// Unwrap gives what it wraps, as huma's own wrappers do.
func (b bodyContext) Unwrap() huma.Context { return b.humaContext }

// SetStatus implements huma.Context.
func (b bodyContext) SetStatus(status int) {
	// An answer that goes out in parts tells of broken content in its last part.
	if p := contentProblem(b.caller, b.body); p != nil && (status >= http.StatusBadRequest || !b.body.broken) {
		status = p.Status
	}
	b.humaContext.SetStatus(status)
}

// contentProblem is what was wrong with the content of a request as it was read; nil if nothing was.
func contentProblem(caller *identity.Caller, body *heardBody) *answer {
	if err := caller.BodyRefusal(); err != nil {
		return refusalProblem(err)
	}
	if body != nil && body.broken {
		return codeProblem(CodeCut)
	}
	return nil
}

func (s *Server) noRoute(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoRoute)) }

func (s *Server) noMethod(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoMethod)) }
