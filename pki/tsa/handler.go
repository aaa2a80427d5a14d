package tsa

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/internal/tsp"
)

// Media types of RFC 3161, 3.4.
const (
	QueryType = "application/timestamp-query"
	ReplyType = "application/timestamp-reply"
)

var _ http.Handler = (*Authority)(nil)

// ServeHTTP answers POST of application/timestamp-query (RFC 3161, 3.4). Every answer is a TimeStampResp: a request
// refused by its method, type or size gets the HTTP status for it and a refusal in the body; all others get 200.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed, badMethod.response())
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != QueryType {
		reply(w, http.StatusUnsupportedMediaType, badContentType.response())
		return
	}
	request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, tsp.MaxRequestBytes))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		reply(w, http.StatusRequestEntityTooLarge, tooLarge.response())
	case err != nil:
		reply(w, http.StatusBadRequest, notARequest.response())
	default:
		reply(w, http.StatusOK, a.Answer(r.Context(), request))
	}
}

func reply(w http.ResponseWriter, status int, der []byte) {
	h := w.Header()
	h.Set("Content-Type", ReplyType)
	h.Set("Content-Length", strconv.Itoa(len(der)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(der)
}
