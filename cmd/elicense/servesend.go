package main

import (
	"net/http"
	"time"
)

// Limits of sending. A caller that takes its answer slowly, or not at all, does not hold its place for as long as an
// answer may take to be made.
const (
	sendTimeout = 30 * time.Second // for the first part of what is sent
	sendSlowest = 32 << 10         // bytes a second, of what is more
)

// sent has each part of an answer taken within a time of its own. With HTTP/2 a caller decides how much it takes: there
// the rest goes out before the place of the request is free, else one could have any number of them wait.
func (c *program) sent(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &sending{w, http.NewResponseController(w), c.Now, timeout}
		next.ServeHTTP(out, r)
		if r.ProtoMajor > 1 {
			out.within(0)
			_ = out.control.Flush() // if that fails the caller is gone
		}
	})
}

// sending is an answer on its way.
type sending struct {
	http.ResponseWriter

	control *http.ResponseController
	now     func() time.Time
	timeout time.Duration
}

// within gives the next so many bytes their time; where there is none nothing waits.
func (s *sending) within(n int) {
	d := min(sendTimeout+time.Duration(n)*time.Second/sendSlowest, s.timeout)
	_ = s.control.SetWriteDeadline(s.now().Add(d))
}

// made gives what comes next the time in which an answer is made.
func (s *sending) made() { _ = s.control.SetWriteDeadline(s.now().Add(s.timeout)) }

// Write implements io.Writer.
func (s *sending) Write(p []byte) (int, error) {
	s.within(len(p))
	defer s.made()
	return s.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (s *sending) Flush() { _ = s.FlushError() }

// FlushError sends what was written.
func (s *sending) FlushError() error {
	s.within(0)
	defer s.made()
	return s.control.Flush()
}

// Unwrap gives what it wraps, for http.ResponseController.
func (s *sending) Unwrap() http.ResponseWriter { return s.ResponseWriter }
