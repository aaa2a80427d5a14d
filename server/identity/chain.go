package identity

import (
	"errors"
	"net/http"
)

// Chain asks one recogniser after the other until one knows the proof of a request. A proof that does not hold ends the
// search: a bad signature is not made good by a key beside it.
type Chain []Recogniser

var _ Recogniser = (Chain)(nil)

// Recognise tells who sent a request.
func (c Chain) Recognise(r *http.Request) (*Caller, error) {
	for _, one := range c {
		caller, err := one.Recognise(r)
		if err == nil && caller != nil {
			return caller, nil
		}
		if !errors.Is(err, ErrNobody) {
			return nil, err
		}
	}
	return nil, Nobody()
}
