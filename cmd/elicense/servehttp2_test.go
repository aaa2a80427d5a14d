package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// hostile is a connection of HTTP/2 that keeps to no rule of it.
type hostile struct {
	*http2.Framer

	t    *testing.T
	conn *tls.Conn
	next uint32
	head *hpack.Encoder
	text bytes.Buffer
}

// assail opens a connection as a stranger at another address does.
func (s *serving) assail(t *testing.T, dir string, settings ...http2.Setting) *hostile {
	t.Helper()
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	config := tlsOf(t, dir)
	config.NextProtos = []string{"h2"}
	address := strings.TrimSuffix(strings.TrimPrefix(s.base, "https://"), api.Version)
	raw, err := (&tls.Dialer{NetDialer: from, Config: config}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("this system has no second loopback address: %v", err)
	}
	conn, ok := raw.(*tls.Conn)
	require.True(t, ok)
	require.Equal(t, "h2", conn.ConnectionState().NegotiatedProtocol)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	h := &hostile{Framer: http2.NewFramer(conn, conn), t: t, conn: conn, next: 1}
	h.head = hpack.NewEncoder(&h.text)
	require.NoError(t, h.WriteSettings(settings...))
	return h
}

// field writes fields of a head, in pairs.
func (h *hostile) field(pairs ...string) {
	h.text.Reset()
	for i := 0; i < len(pairs); i += 2 {
		f := hpack.HeaderField{Name: pairs[i], Value: pairs[i+1], Sensitive: true} // in full each time
		require.NoError(h.t, h.head.WriteField(f))
	}
}

// open begins a request that has no content.
func (h *hostile) open(path string, ended bool) (uint32, error) {
	h.field(":method", "GET", ":scheme", "https", ":authority", "a", ":path", path)
	id := h.next
	h.next += 2
	return id, h.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: h.text.Bytes(), EndStream: true, EndHeaders: ended,
	})
}

// until counts how often something can be done before the service ends the connection.
func (h *hostile) until(most int, do func() error) int {
	for n := range most {
		if do() != nil {
			return n
		}
	}
	return most
}

// swallow reads what comes and keeps nothing.
func (h *hostile) swallow() { go func() { _, _ = io.Copy(io.Discard, h.conn) }() }

// TestHTTP2Floods: whoever breaks HTTP/2 to make the service work or remember loses his connection or has no more of it
// than his share; callers are answered meanwhile, and memory does not grow with it.
func TestHTTP2Floods(t *testing.T) {
	if testing.Short() {
		t.Skip("floods a service")
	}
	t.Parallel()
	dir := t.TempDir() + "/data"
	s := serve(t, dir, "--plain=false")
	caller := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsOf(t, dir), ForceAttemptHTTP2: true}}
	answered := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/licence-types", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Hall])
		res, err := caller.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, 2, res.ProtoMajor)
	}
	answered()
	for name, f := range floods() {
		before := s.memory()
		n := f.flood(s.assail(t, dir))
		answered()
		grown := s.memory() - before
		t.Logf("%-24s %d frames, %d KiB", name, n, grown)
		require.Less(t, grown, 128<<10, name)
		require.LessOrEqual(t, n, f.most, "%s: the connection is closed", name)
	}
	before := s.memory()
	for range 80 { // connections on which nothing can be answered
		h := s.assail(t, dir, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		h.swallow()
		h.until(250, func() error {
			_, err := h.open(api.Version+"/openapi.json", true)
			return err
		})
		answered()
	}
	grown := s.memory() - before
	t.Logf("windows of nothing: %d KiB", grown)
	require.Less(t, grown, 80<<10, "KiB: of each address no more wait than may be under way")
}

// flood sends frames without end, and gives how many were taken before the connection was closed.
type flood struct {
	flood func(*hostile) int
	most  int
}

func floods() map[string]flood {
	const most = 50_000
	return map[string]flood{
		"rapid reset": {func(h *hostile) int {
			h.swallow()
			return h.until(most, func() error {
				id, err := h.open(api.Version+"/public/licences/nothing", true)
				return errors.Join(err, h.WriteRSTStream(id, http2.ErrCodeCancel))
			})
		}, most},
		"streams": {func(h *hostile) int {
			h.swallow()
			return h.until(most/10, func() error {
				_, err := h.open(api.Version+"/public/licences/nothing", true)
				return err
			})
		}, most},
		"continuation": {func(h *hostile) int {
			h.swallow()
			_, err := h.open(api.Version, false)
			require.NoError(h.t, err)
			h.field("x", strings.Repeat("y", 16000))
			return h.until(most, func() error { return h.WriteContinuation(1, false, h.text.Bytes()) })
		}, most / 10},
		"continuation of nothing": {func(h *hostile) int {
			h.swallow()
			_, err := h.open(api.Version, false)
			require.NoError(h.t, err)
			return h.until(most, func() error { return h.WriteContinuation(1, false, nil) })
		}, most},
		"settings": {func(h *hostile) int { return h.until(most, func() error { return h.WriteSettings() }) }, most},
		"pings":    {func(h *hostile) int { return h.until(most, func() error { return h.WritePing(false, [8]byte{}) }) }, most},
		"content of nothing": {func(h *hostile) int {
			h.swallow()
			h.field(":method", "POST", ":scheme", "https", ":authority", "a", ":path", api.Version+"/logins")
			require.NoError(h.t, h.WriteHeaders(http2.HeadersFrameParam{
				StreamID: 1, BlockFragment: h.text.Bytes(), EndHeaders: true,
			}))
			return h.until(most, func() error { return h.WriteData(1, false, nil) })
		}, most},
	}
}
