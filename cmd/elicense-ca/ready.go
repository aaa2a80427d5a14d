package main

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/elicense/elicense/internal/problem"
)

// readiness answers whoever watches over the process and shares requests out, in the words of the vault's service.
type readiness struct{ closing atomic.Bool }

// mounts are the two questions. The foreign authority's /health stays what its clients know.
func (r *readiness) mounts() []mount {
	return []mount{
		{"/healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") }), false},
		{"/readyz", http.HandlerFunc(r.ready), false},
	}
}

// orBusy sends away whoever finds no seat, and still answers these questions: they cost no more than that.
func (r *readiness) orBusy() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", problem.Busy)
	for _, m := range r.mounts() {
		mux.Handle(m.pattern, m.handler)
	}
	return mux
}

// ready says whether requests are wanted: not any more once the service is told to stop, though it still answers them.
func (r *readiness) ready(w http.ResponseWriter, _ *http.Request) {
	if r.closing.Load() {
		word(w, http.StatusServiceUnavailable, "closing")
		return
	}
	word(w, http.StatusOK, "ready")
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // who does not read it has gone
}
