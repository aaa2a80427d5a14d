package stepca

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"

	"github.com/smallstep/certificates/acme"
)

const maxAnswerBytes = 64 << 10

// prober checks ACME challenges by the ways that the configuration gives, and no other: smallstep's own client would
// take any proxy that the environment names.
type prober struct{ ways Challenges }

var _ acme.Client = prober{}

var errNoWay = errors.New("stepca: this challenge is not offered")

// Get implements acme.Client, for http-01.
func (p prober) Get(url string) (*http.Response, error) {
	if p.ways.HTTP == nil {
		return nil, errNoWay
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := p.ways.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	response.Body = limitedBody{io.LimitReader(response.Body, maxAnswerBytes), response.Body}
	return response, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// LookupTxt implements acme.Client, for dns-01.
func (p prober) LookupTxt(name string) ([]string, error) {
	if p.ways.LookupTXT == nil {
		return nil, errNoWay
	}
	return p.ways.LookupTXT(name)
}

// TLSDial implements acme.Client; tls-alpn-01 is not offered.
func (prober) TLSDial(string, string, *tls.Config) (*tls.Conn, error) { return nil, errNoWay }
