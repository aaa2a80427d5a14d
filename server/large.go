package server

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Content is in memory as a whole while a request is carried out, several times over where it is JSON with documents in
// it. What large requests have is bounded, all together and of one caller, in bytes as they are sent.
const (
	largeAll  = 192 << 20
	largeEach = 96 << 20
)

// largeSize is how much of that a request takes whose content may have so many bytes; 0: it is none of the large ones.
func largeSize(most int64, r *http.Request) int {
	if r.ContentLength >= 0 {
		most = min(most, r.ContentLength)
	}
	if most <= imageBody {
		return 0
	}
	return int(most)
}

// enterLarge lets a large request in, before any of its content is read, if there is room for it; else it is to come
// again.
func (s *Server) enterLarge(c *gin.Context, caller string, size int) bool {
	if s.large.Take(caller, size) {
		return true
	}
	s.refuseBusy(c)
	return false
}

// refuseBusy sends away whoever may not come in now. What he sends is not waited for.
func (s *Server) refuseBusy(c *gin.Context) {
	c.Header("Retry-After", "1")
	c.Header("Connection", "close")
	s.writeProblem(c, codeProblem(CodeBusy))
}
