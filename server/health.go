package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// readyTimeout bounds how long the question whether the service is ready may take.
const readyTimeout = 2 * time.Second

// health are the two questions of whoever watches over the process. Neither needs credentials, and neither says more
// than yes or no with a word.
func (s *Server) health(router *gin.Engine) {
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	router.GET("/readyz", s.ready)
}

// ready says whether a write would be taken now: the vault is not closed after a restore, the disk has room, and the
// service is not going down.
func (s *Server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	if s.closing.Load() {
		c.String(http.StatusServiceUnavailable, string(CodeClosing)+"\n")
		return
	}
	if err := s.cfg.Vault.Ready(ctx); err != nil {
		c.String(http.StatusServiceUnavailable, s.problem(ctx, err).Code+"\n")
		return
	}
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(ctx); err != nil {
			c.String(http.StatusServiceUnavailable, s.problem(ctx, err).Code+"\n")
			return
		}
	}
	c.String(http.StatusOK, "ready\n")
}

// Closing makes the service say that it is not ready any more, so that whoever shares requests out sends none, while
// those under way are answered.
func (s *Server) Closing() { s.closing.Store(true) }
