package verify

import (
	"sync"

	"github.com/elicense/elicense/pki"
)

// Limits of what a certificateCache keeps: with them it stays below a few megabytes, whoever sends documents.
const (
	maxKeptCertificates = 1024
	maxKeptBytes        = 4 << 10 // of one certificate
)

// certificateCache keeps certificates that were read, by all of their bytes, so that those of the same signers are not
// read with every document. Reading is all that it saves: what a certificate says is judged each time. Certificates are
// immutable, and those that were refused are not kept. It is safe for concurrent use.
type certificateCache struct {
	mu       sync.Mutex
	now, old map[string]*pki.Certificate // guarded by mu
}

func newCertificateCache() *certificateCache {
	return &certificateCache{now: make(map[string]*pki.Certificate)}
}

// parse is pki.ParseTolerant.
func (k *certificateCache) parse(der []byte) (*pki.Certificate, error) {
	if c := k.find(der); c != nil {
		return c, nil
	}
	c, err := pki.ParseTolerant(der)
	if err == nil && len(der) <= maxKeptBytes {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.keep(c)
	}
	return c, err
}

func (k *certificateCache) find(der []byte) *pki.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.now[string(der)]; c != nil {
		return c
	}
	c := k.old[string(der)]
	if c != nil {
		k.keep(c)
	}
	return c
}

// keep keeps a certificate; when the younger half is full it becomes the older one. The caller holds mu.
func (k *certificateCache) keep(c *pki.Certificate) {
	if len(k.now) >= maxKeptCertificates/2 {
		k.now, k.old = make(map[string]*pki.Certificate), k.now
	}
	k.now[string(c.Raw)] = c
}
