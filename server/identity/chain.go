package identity

import (
	"errors"
	"net/http"
	"strings"
)

// Chain asks one recogniser after the other until one knows the proof of a request. A proof that does not hold ends the
// search: a bad signature is not made good by a key beside it. Nor are two that hold one: a person's token on the
// connection of a system would be asked with the system's rights and stand in the audit as its own.
type Chain []Recogniser

var _ Recogniser = (Chain)(nil)

// Recognise tells who sent a request.
func (c Chain) Recognise(r *http.Request) (*Caller, error) {
	for _, one := range c {
		caller, err := one.Recognise(r)
		if err == nil && caller != nil {
			if caller.Registration != "" && bearsToken(r) {
				return nil, Refuse(CodeDiffer)
			}
			return caller, nil
		}
		if !errors.Is(err, ErrNobody) {
			return nil, err
		}
	}
	return nil, Nobody()
}

// bearsToken reports whether a request names somebody by a token or key too, whoever that is.
func bearsToken(r *http.Request) bool {
	for _, field := range r.Header.Values("Authorization") {
		if scheme, _, _ := strings.Cut(field, " "); strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return false
}
