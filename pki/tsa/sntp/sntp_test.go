package sntp_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/tsa/sntp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// put writes a time as NTP does: seconds since 1900 modulo 2^32, and a fraction.
func put(b []byte, at time.Time) {
	binary.BigEndian.PutUint32(b, uint32(at.Unix()+2208988800))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(at.Nanosecond())<<32/uint64(time.Second)))
}

// answer is a good one of a server whose clock shows at.
func answer(question []byte, at time.Time) []byte {
	b := make([]byte, 48)
	b[0], b[1] = 4<<3|4, 2
	copy(b[24:32], question[40:48])
	put(b[32:], at)
	put(b[40:], at)
	return b
}

// serve is a server on this machine that answers each question with the packets that reply makes of it.
func serve(t *testing.T, reply func(question []byte) [][]byte) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	go func() {
		b := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			for _, packet := range reply(b[:n]) {
				if _, err := conn.WriteTo(packet, from); err != nil {
					return
				}
			}
		}
	}()
	return conn.LocalAddr().String()
}

func client(t *testing.T, address string, changes ...func(*sntp.Config)) *sntp.Client {
	t.Helper()
	elapsed := time.Hour
	config := sntp.Config{
		Address: address, Now: func() time.Time { return noon }, Rand: rand.Reader, Timeout: 200 * time.Millisecond,
		Elapsed: func() time.Duration { // 20 ms between the question and its answer
			elapsed += 20 * time.Millisecond
			return elapsed
		},
	}
	for _, change := range changes {
		change(&config)
	}
	c, err := sntp.New(config)
	require.NoError(t, err)
	return c
}

func TestSample(t *testing.T) {
	for name, offset := range map[string]time.Duration{
		"in time": 0, "behind": time.Second, "ahead": -1500 * time.Millisecond, "far off": 20 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(q []byte) [][]byte {
				require.Len(t, q, 48)
				require.Equal(t, byte(4<<3|3), q[0])
				return [][]byte{answer(q, noon.Add(10*time.Millisecond).Add(offset))}
			})
			c := client(t, address)
			s, err := c.Sample(t.Context())
			require.NoError(t, err)
			require.InDelta(t, offset, s.Offset, float64(time.Microsecond))
			require.Equal(t, 20*time.Millisecond, s.Delay)
			require.Equal(t, address, c.Name())
		})
	}
}

// In February 2036 the 32 bits of NTP begin anew.
func TestSampleInTheNextEra(t *testing.T) {
	later := time.Date(2036, 2, 7, 6, 28, 20, 0, time.UTC)
	address := serve(t, func(q []byte) [][]byte { return [][]byte{answer(q, later.Add(10*time.Millisecond))} })
	before := later.Add(-10 * time.Second) // still in the era before
	s, err := client(t, address, func(c *sntp.Config) { c.Now = func() time.Time { return before } }).Sample(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 10*time.Second, s.Offset, float64(time.Microsecond))
}

// Packets that do not repeat the random origin are no answers.
func TestSampleTakesOnlyItsAnswer(t *testing.T) {
	address := serve(t, func(q []byte) [][]byte {
		forged := answer(q, noon.Add(time.Hour))
		forged[24] ^= 1
		return [][]byte{forged, {1, 2, 3}, answer(q, noon.Add(30*time.Millisecond))} // after the third packet
	})
	s, err := client(t, address).Sample(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 0, s.Offset, float64(time.Microsecond))
}

func TestSampleRefuses(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"client mode":     func(b []byte) []byte { b[0] = 4<<3 | 3; return b },
		"version 2":       func(b []byte) []byte { b[0] = 2<<3 | 4; return b },
		"not in time":     func(b []byte) []byte { b[0] |= 3 << 6; return b },
		"kiss of death":   func(b []byte) []byte { b[1] = 0; copy(b[12:], "RATE"); return b },
		"stratum 16":      func(b []byte) []byte { b[1] = 16; return b },
		"root delay":      func(b []byte) []byte { b[5] = 2; return b },
		"root dispersion": func(b []byte) []byte { b[9] = 2; return b },
		"no receive time": func(b []byte) []byte { clear(b[32:40]); return b },
		"no transmission": func(b []byte) []byte { clear(b[40:48]); return b },
		"sent before it came": func(b []byte) []byte {
			put(b[40:], noon)
			return b
		},
		"busy longer than we waited": func(b []byte) []byte {
			put(b[40:], noon.Add(40*time.Millisecond))
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(q []byte) [][]byte {
				return [][]byte{damage(answer(q, noon.Add(10*time.Millisecond)))}
			})
			s, err := client(t, address).Sample(t.Context())
			require.ErrorIs(t, err, sntp.ErrAnswer)
			require.Zero(t, s)
		})
	}
}

func TestSampleDoesNotWaitForEver(t *testing.T) {
	silent := serve(t, func([]byte) [][]byte { return nil })
	s, err := client(t, silent).Sample(t.Context())
	require.Error(t, err)
	require.Zero(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client(t, silent).Sample(ctx)
	require.Error(t, err)
	noisy := serve(t, func([]byte) [][]byte {
		out := make([][]byte, 20)
		for i := range out {
			out[i] = make([]byte, 48)
		}
		return out
	})
	_, err = client(t, noisy, func(c *sntp.Config) { c.Timeout = 5 * time.Second }).Sample(t.Context())
	require.ErrorIs(t, err, sntp.ErrAnswer)
}

func TestSampleNeedsRandomnessAndAConnection(t *testing.T) {
	address := serve(t, func(q []byte) [][]byte { return [][]byte{answer(q, noon)} })
	_, err := client(t, address, func(c *sntp.Config) { c.Rand = io.LimitReader(rand.Reader, 7) }).Sample(t.Context())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	broken := errors.New("no route")
	_, err = client(t, address, func(c *sntp.Config) {
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, broken }
	}).Sample(t.Context())
	require.ErrorIs(t, err, broken)
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*sntp.Config){
		"address": func(c *sntp.Config) { c.Address = "" }, "now": func(c *sntp.Config) { c.Now = nil },
		"elapsed": func(c *sntp.Config) { c.Elapsed = nil }, "rand": func(c *sntp.Config) { c.Rand = nil },
		"timeout": func(c *sntp.Config) { c.Timeout = -1 },
	} {
		config := sntp.Config{
			Address: "127.0.0.1:123", Now: func() time.Time { return noon }, Elapsed: func() time.Duration { return 0 }, Rand: rand.Reader,
		}
		change(&config)
		c, err := sntp.New(config)
		require.ErrorIs(t, err, sntp.ErrConfig, name)
		require.Nil(t, c, name)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(answer(make([]byte, 48), noon))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < 48 {
			return
		}
		s, err := sntp.Judge(packet, noon, time.Second)
		if err != nil {
			require.ErrorIs(t, err, sntp.ErrAnswer)
			require.Zero(t, s)
			return
		}
		require.GreaterOrEqual(t, s.Delay, time.Duration(0))
		require.LessOrEqual(t, s.Delay, time.Second)
	})
}
