package main

import (
	"net/http"
	"strings"

	"github.com/elicense/elicense/internal/problem"
)

// mount is a handler and the pattern of http.ServeMux that it is served under. One that is raw gets addresses as they were
// sent: a mux would take the two slashes in a row of a base64 request for a mistake.
type mount struct {
	pattern string
	handler http.Handler
	raw     bool
}

// routed sends a request to the mount that it is for.
func routed(list []mount) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", problem.NotFound)
	for _, m := range list {
		if !m.raw {
			mux.Handle(m.pattern, m.handler)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range list {
			if m.raw && strings.HasPrefix(r.URL.Path, m.pattern) {
				m.handler.ServeHTTP(w, r)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}
