package main

import (
	"net"
	"sync"
)

// crowd is a listener that takes so many connections from everybody together, and so many from one address: whoever
// opens connections and sends nothing keeps out nobody but himself. A connection above the limit is closed at once.
type crowd struct {
	net.Listener

	all, each int

	mu   sync.Mutex
	here int
	from map[string]int
}

func newCrowd(l net.Listener, all, each int) *crowd {
	return &crowd{Listener: l, all: all, each: each, from: map[string]int{}}
}

// Accept gives the next connection that may come in.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := hostOf(conn.RemoteAddr())
		if c.enter(host) {
			return &guest{Conn: conn, leave: sync.OnceFunc(func() { c.leave(host) })}, nil
		}
		_ = conn.Close() // nothing was said
	}
}

func (c *crowd) enter(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here >= c.all || c.from[host] >= c.each {
		return false
	}
	c.here++
	c.from[host]++
	return true
}

func (c *crowd) leave(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.here--
	if c.from[host]--; c.from[host] == 0 {
		delete(c.from, host)
	}
}

// guest is a connection that says when it ends.
type guest struct {
	net.Conn

	leave func()
}

// Close ends the connection.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
