package server

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

type traceKey struct{}

// traceOf is the id of the request, under which it stands in the log.
func traceOf(ctx context.Context) string {
	id, _ := ctx.Value(traceKey{}).(string)
	return id
}

// trace gives every request an id of our own making: what a caller sends could be anything.
func (s *Server) trace(c *gin.Context) {
	var b [12]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		c.AbortWithStatus(http.StatusServiceUnavailable)
		return
	}
	id := hex.EncodeToString(b[:])
	c.Header(api.HeaderTrace, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), traceKey{}, id))
	c.Next()
}

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
	caller, err := s.cfg.Callers.Recognise(c.Request)
	if err != nil {
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	c.Set(callerKey, caller.ID)
	may, _ := ctx.Operation().Metadata[permissionKey].(identity.Permission)
	if may == "" || !caller.May(may) {
		s.writeProblem(c, s.problem(ctx.Context(), identity.Refuse(identity.CodeForbidden)))
		return
	}
	next(huma.WithContext(ctx, identity.With(ctx.Context(), caller)))
}

func (s *Server) noRoute(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoRoute)) }

func (s *Server) noMethod(c *gin.Context) { s.writeProblem(c, codeProblem(CodeNoMethod)) }
