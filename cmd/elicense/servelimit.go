package main

import (
	"net"
	"sync"

	"github.com/elicense/elicense/server"
)

// seats are so many for everybody together, and so many for one address.
type seats struct {
	all, each int

	mu   sync.Mutex
	here int            // guarded by mu
	from map[string]int // guarded by mu
}

func newSeats(all, each int) *seats { return &seats{all: all, each: each, from: map[string]int{}} }

func (p *seats) enter(from string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.here >= p.all || p.from[from] >= p.each {
		return false
	}
	p.here++
	p.from[from]++
	return true
}

func (p *seats) leave(from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here--
	if p.from[from]--; p.from[from] == 0 {
		delete(p.from, from)
	}
}

// crowd is a listener that takes so many connections from everybody together, and so many from one address: whoever
// opens connections and sends nothing keeps out nobody but himself. A connection above the limit is closed at once.
type crowd struct {
	net.Listener

	seats *seats
}

func newCrowd(l net.Listener, all, each int) *crowd { return &crowd{l, newSeats(all, each)} }

// Accept gives the next connection that may come in.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := server.Subscriber(conn.RemoteAddr().String())
		if c.seats.enter(from) {
			return &guest{Conn: conn, leave: sync.OnceFunc(func() { c.seats.leave(from) })}, nil
		}
		_ = conn.Close() // nothing was said
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
