package pki

import "sync"

// LinkCache remembers which keys signed which authorities' certificates, so that a chain below known authorities costs
// one signature check. It holds verified facts only, no judgement: validity, usage and everything else is looked at
// each time. It is safe for concurrent use. Nil remembers nothing.
type LinkCache struct {
	mu       sync.Mutex
	half     int
	now, old map[link]struct{} // guarded by mu
}

// link is a certificate and the key that signed it, by their digests.
type link struct {
	child, key [32]byte
	cross      bool // two implementations said so
}

// NewLinkCache remembers up to size links, the latest used at least half of it.
func NewLinkCache(size int) *LinkCache {
	half := max(size/2, 1)
	return &LinkCache{half: half, now: make(map[link]struct{}), old: make(map[link]struct{})}
}

func (l *LinkCache) has(k link) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.now[k]; ok {
		return true
	}
	if _, ok := l.old[k]; !ok {
		return false
	}
	l.put(k)
	return true
}

func (l *LinkCache) add(k link) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(k)
}

// put keeps k; when the younger half is full it becomes the older one. The caller holds mu.
func (l *LinkCache) put(k link) {
	if len(l.now) >= l.half {
		l.now, l.old = make(map[link]struct{}, l.half), l.now
	}
	l.now[k] = struct{}{}
}
