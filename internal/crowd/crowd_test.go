package crowd_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/crowd"
)

// TestSubscriber: a subscriber of IPv6, who has a network of addresses, is one; of IPv4 each address is.
func TestSubscriber(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"192.0.2.7:1234":              "192.0.2.7",
		"[::ffff:192.0.2.7]:1234":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1234": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:80":   "2001:db8:1:2::/64",
		"[2001:db8:1:3::1]:80":        "2001:db8:1:3::/64",
		"[fe80::1%eth0]:80":           "fe80::/64",
		"@":                           "@",
	} {
		require.Equal(t, want, crowd.Subscriber(from), from)
	}
}

// TestListener: connections above the limits are closed at once, and a place is free again when one ends.
func TestListener(t *testing.T) {
	t.Parallel()
	base, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := crowd.Listener(base, crowd.NewSeats(3, 2))
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	in := make(chan net.Conn)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			in <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", base.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	dial()
	first := <-in
	dial()
	<-in
	third := dial()
	_, err = third.Read(make([]byte, 1))
	require.Error(t, err, "a third connection from one address was let in")
	require.NoError(t, first.Close())
	require.Error(t, first.Close(), "closing twice")
	dial()
	<-in
	fourth := dial()
	_, err = fourth.Read(make([]byte, 1))
	require.Error(t, err, "closing twice made two places free")
}

// TestAtMost: requests beyond the limits of all and of one address are sent away at once, to a new connection; those
// within are served, and a place is free again when one ends.
func TestAtMost(t *testing.T) {
	t.Parallel()
	enter, leave := make(chan struct{}), make(chan struct{})
	busy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	handler := crowd.AtMost(crowd.NewSeats(3, 2), nil, busy, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		enter <- struct{}{}
		<-leave
	}))
	ask := func(from string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	answers := make(chan int, 4)
	begin := func(from string) {
		go func() { answers <- ask(from).Code }()
		<-enter
	}
	begin("192.0.2.1:1")
	begin("192.0.2.1:2")
	refused := ask("192.0.2.1:3")
	require.Equal(t, http.StatusServiceUnavailable, refused.Code, "one address has its share")
	require.Equal(t, "close", refused.Header().Get("Connection"))
	begin("192.0.2.2:1")
	require.Equal(t, http.StatusServiceUnavailable, ask("192.0.2.3:1").Code, "all together have theirs")
	leave <- struct{}{}
	require.Equal(t, http.StatusOK, <-answers)
	begin("192.0.2.3:1") // a place is free again
	for range 3 {
		leave <- struct{}{}
		require.Equal(t, http.StatusOK, <-answers)
	}
}

// TestRefusalsAtMost: who does not take the answer that there is no seat gets no more of them than there are seats.
func TestRefusalsAtMost(t *testing.T) {
	t.Parallel()
	enter, leave := make(chan struct{}), make(chan struct{})
	untaken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		enter <- struct{}{}
		<-leave
	})
	handler := crowd.AtMost(crowd.NewSeats(1, 1), nil, untaken, untaken)
	ask := func() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	for range 2 { // one that is served, and one that is told
		go ask()
		<-enter
	}
	require.PanicsWithValue(t, http.ErrAbortHandler, ask)
	close(leave)
}
