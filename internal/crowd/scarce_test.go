package crowd_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/crowd"
)

// takes has one take seats until he gets none, and gives how many he got.
func takes(seats *crowd.Seats, who string) (n int) {
	for seats.Enter(who) {
		n++
	}
	return n
}

// TestScarceSeats: a few who take all that they may leave seats to whoever has none, and come to less when they give
// back; one who is alone has his whole share, and where one may have all there is nobody to share with.
func TestScarceSeats(t *testing.T) {
	t.Parallel()
	seats := crowd.NewSeats(512, 128)
	taken := make([]int, 40)
	for i := range taken {
		taken[i] = takes(seats, fmt.Sprint(i))
		require.Positive(t, taken[i], "nobody is left out: %v", taken[:i+1])
	}
	require.Equal(t, []int{128, 128, 69, 41, 27}, taken[:5])
	require.True(t, seats.Enter("somebody else"))
	seats.Leave("0")
	require.False(t, seats.Enter("0"), "he has more than his share by now")

	require.Equal(t, 512, takes(crowd.NewSeats(512, 512), "gateway"))
	const mib = 1 << 20
	byBytes := crowd.NewSeats(192*mib, 96*mib)
	require.True(t, byBytes.Take("a", 96*mib))
	require.True(t, byBytes.Take("b", 30*mib))
	require.False(t, byBytes.Take("b", 30*mib), "of 66 that are left")
	require.True(t, byBytes.Take("b", 0))
	require.True(t, byBytes.Take("c", 60*mib), "who has none takes what there is")
	require.False(t, byBytes.Take("d", 7*mib))
}

// TestFourWhoSendSlowly: on a real listener, four addresses send as many requests as they may and end none of them; a
// fifth is answered as if they were not there.
func TestFourWhoSendSlowly(t *testing.T) {
	t.Parallel()
	base, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	busy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	begun := make(chan bool)
	server := &http.Server{
		Handler: crowd.AtMost(crowd.NewSeats(16, 4), nil, busy, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				begun <- true
				_, _ = io.Copy(io.Discard, r.Body)
			}
		})),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(crowd.Listener(base, crowd.NewSeats(32, 8))) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	for greedy := range 4 {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+greedy))}}
		for in := true; in; {
			conn, err := from.DialContext(t.Context(), "tcp", base.Addr().String())
			if err != nil {
				t.Skipf("this system has no second loopback address: %v", err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na")
			require.NoError(t, err)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				_, _ = conn.Read(make([]byte, 1))
			}()
			select {
			case <-begun:
			case <-answered:
				in = false
			}
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+base.Addr().String(), nil)
	require.NoError(t, err)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// TestKept: whom the service exists for finds a seat when strangers have all of them, as many of one name as are kept
// for one, and gives it back.
func TestKept(t *testing.T) {
	t.Parallel()
	enter, leave := make(chan struct{}), make(chan struct{})
	busy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	kept := &crowd.Kept{Seats: crowd.NewSeats(2, 1), Name: func(r *http.Request) string { return r.URL.Query().Get("as") }}
	handler := crowd.AtMost(crowd.NewSeats(1, 1), kept, busy, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		enter <- struct{}{}
		<-leave
	}))
	ask := func(as string) int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?as="+as, nil))
		return w.Code
	}
	answers := make(chan int)
	begin := func(as string) {
		go func() { answers <- ask(as) }()
		<-enter
	}
	for range 2 { // the second time with what was given back
		begin("")
		require.Equal(t, http.StatusServiceUnavailable, ask(""))
		begin("hall")
		require.Equal(t, http.StatusServiceUnavailable, ask("hall"), "it has its share of what is kept")
		begin("department")
		require.Equal(t, http.StatusServiceUnavailable, ask("another"), "nothing is left")
		for range 3 {
			leave <- struct{}{}
			require.Equal(t, http.StatusOK, <-answers)
		}
	}
}
