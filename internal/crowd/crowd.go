// Package crowd bounds how many connections and requests a service has at once, all together and from one address:
// whoever opens many and sends nothing, or sends slowly, keeps nobody out but himself. It says nothing of how often
// somebody may call, and keeps nothing.
package crowd

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Seats are so many for everybody together, and so many for one address, or whatever else names who takes them. In the
// last half the share of one shrinks with the square of what is free: a few who take all that they may leave some to
// whoever has none. They are safe for concurrent use.
type Seats struct {
	all, each int
	scarce    int // with fewer free than these shares shrink; 0: one may have all, there is nobody to share with

	mu   sync.Mutex
	here int            // guarded by mu
	from map[string]int // guarded by mu
}

// NewSeats makes empty seats.
func NewSeats(all, each int) *Seats {
	p := &Seats{all: all, each: each, from: map[string]int{}}
	if each < all {
		p.scarce = all / scarcePart
	}
	return p
}

// scarcePart: seats are scarce when this part of them is left.
const scarcePart = 2

// Enter takes a seat; false: there is none.
func (p *Seats) Enter(from string) bool { return p.Take(from, 1) }

// Leave gives a seat back that was taken.
func (p *Seats) Leave(from string) { p.Give(from, 1) }

// Take takes n seats, all or none.
func (p *Seats) Take(from string, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n > p.all-p.here || n > p.each-p.from[from] || p.beyondShare(from, n) {
		return false
	}
	p.here += n
	p.from[from] += n
	return true
}

// beyondShare reports whether one would have more than seats that are scarce leave to each. Who has none is let in as
// long as there is room. mu is held.
func (p *Seats) beyondShare(from string, n int) bool {
	has, free := p.from[from], p.all-p.here
	return has > 0 && n > 0 && free < p.scarce && has+n > p.each*free/p.scarce*free/p.scarce
}

// Give gives n seats back that were taken.
func (p *Seats) Give(from string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here -= n
	if p.from[from] -= n; p.from[from] == 0 {
		delete(p.from, from)
	}
}

// Kept are seats for those whom a service exists for, however many strangers there are: who finds no other seat takes
// one of these by the name that Name gives him. "" is a stranger. Nil keeps none.
type Kept struct {
	Seats *Seats
	Name  func(*http.Request) string
}

// enter takes a seat that is kept; nil: there is none for him.
func (k *Kept) enter(r *http.Request) (leave func()) {
	if k == nil {
		return nil
	}
	name := k.Name(r)
	if name == "" || !k.Seats.Enter(name) {
		return nil
	}
	return func() { k.Seats.Leave(name) }
}

// AtMost lets in whoever finds a seat and has the others answered by busy at once: who waits in a queue has given up
// before it is his turn. They are to come again on a new connection, for the rest of what they send is not waited for.
// Who does not even take these answers gets no more of them than there are seats: the rest is broken off.
func AtMost(seats *Seats, kept *Kept, busy, next http.Handler) http.Handler {
	refused := NewSeats(seats.all, seats.each)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := Subscriber(r.RemoteAddr)
		if seats.Enter(from) {
			defer seats.Leave(from)
			next.ServeHTTP(w, r)
			return
		}
		if leave := kept.enter(r); leave != nil {
			defer leave()
			next.ServeHTTP(w, r)
			return
		}
		if !refused.Enter(from) {
			panic(http.ErrAbortHandler)
		}
		defer refused.Leave(from)
		w.Header().Set("Connection", "close")
		busy.ServeHTTP(w, r)
	})
}

// listener takes so many connections from everybody together, and so many from one address.
type listener struct {
	net.Listener

	seats *Seats
}

// Listener takes connections that find a seat. One that finds none is closed at once.
func Listener(l net.Listener, seats *Seats) net.Listener { return &listener{l, seats} }

// Accept gives the next connection that may come in.
func (c *listener) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := Subscriber(conn.RemoteAddr().String())
		if c.seats.Enter(from) {
			return &guest{Conn: conn, leave: sync.OnceFunc(func() { c.seats.Leave(from) })}, nil
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

// subscriberBits is how much of an IPv6 address names a subscriber, who chooses the rest as often as he likes.
const subscriberBits = 64

// Subscriber is an address without its port; of an IPv6 address the subscriber's network.
func Subscriber(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(subscriberBits)
	if err != nil {
		return ip.String()
	}
	return network.String()
}
