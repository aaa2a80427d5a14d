package main

import "net/http"

// mount is a handler and the pattern of http.ServeMux that it is served under.
type mount struct {
	pattern string
	handler http.Handler
}

// mounts are all handlers that the settings ask for. A handler of one room never has to know of another's.
func (c *program) mounts(s *station) ([]mount, error) {
	var list []mount
	if s.settings.Foreign != nil {
		a, err := c.openForeign(s, nil)
		if err != nil {
			return nil, err
		}
		foreign := a.Handler()
		for _, pattern := range []string{
			"/1.0/", "/acme/", "/health", "/root/", "/roots", "/roots.pem", "/intermediates", "/intermediates.pem",
			"/provisioners", "/crl", "/sign", "/renew", "/revoke",
		} {
			list = append(list, mount{pattern, foreign})
		}
		list = append(list, mount{"/sm2/sign", a.SM2Handler()})
	}
	if len(list) == 0 {
		return nil, errNothing
	}
	return list, nil
}
