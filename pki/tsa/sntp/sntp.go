// Package sntp asks an NTP server how far the wall clock is off (SNTP of RFC 5905, 14). It sets no clock.
//
// An answer counts only if it repeats the random value that was sent (so nobody off the path can make one up), comes
// from a server that is itself in time, and arrives before the deadline. Plain NTP is not authenticated: who stands on
// the path to a majority of the sources can shift them all. Take servers of one's own network.
package sntp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/elicense/elicense/pki/tsa"
)

var (
	// ErrConfig is returned for a configuration that is incomplete.
	ErrConfig = errors.New("sntp: invalid configuration")
	// ErrAnswer is returned for a server that gave no usable answer.
	ErrAnswer = errors.New("sntp: no usable answer")
)

// Config is what a client needs.
type Config struct {
	Address string               // required: host:port
	Now     func() time.Time     // required: the wall clock
	Elapsed func() time.Duration // required: a clock that nobody can set
	Rand    io.Reader            // required: unpredictable
	Timeout time.Duration        // for one question; zero: 2 seconds
	// Dial opens the connection; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is one server as a source of time.
type Client struct {
	config Config
}

var _ tsa.Source = (*Client)(nil)

// New checks the configuration. Nothing is asked yet.
func New(config Config) (*Client, error) {
	if config.Address == "" || config.Now == nil || config.Elapsed == nil || config.Rand == nil || config.Timeout < 0 {
		return nil, ErrConfig
	}
	if config.Timeout == 0 {
		config.Timeout = 2 * time.Second
	}
	if config.Dial == nil {
		config.Dial = new(net.Dialer).DialContext
	}
	return &Client{config}, nil
}

// Name is the address of the server.
func (c *Client) Name() string { return c.config.Address }

// Sample asks the server once.
func (c *Client) Sample(ctx context.Context) (tsa.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	conn, err := c.config.Dial(ctx, "udp", c.config.Address)
	if err != nil {
		return tsa.Sample{}, fmt.Errorf("connecting to time server: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends a read that waits
	sample, err := c.ask(conn)
	if stop() {
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		return tsa.Sample{}, err
	}
	return sample, nil
}

// packetBytes is the size of a packet without extensions (RFC 5905, 7.3):
//
//	leap 2 bits, version 3, mode 3 | stratum | poll | precision | root delay 4 | root dispersion 4 | reference 4 |
//	reference time 8 | origin time 8 | receive time 8 | transmit time 8
const (
	packetBytes  = 48
	request      = 4<<3 | 3 // version 4, client
	modeServer   = 4
	unsynced     = 3 // leap indicator
	maxStratum   = 15
	maxPackets   = 16 // that do not answer the question
	maxBehind    = time.Second
	cookieBytes  = 8
	originAt     = 24
	receiveAt    = 32
	transmitAt   = 40
	rootDelayAt  = 4
	dispersionAt = 8
)

// ask sends one question and waits for its answer.
func (c *Client) ask(conn net.Conn) (tsa.Sample, error) {
	question := make([]byte, packetBytes)
	question[0] = request
	cookie := question[transmitAt:]
	if _, err := io.ReadFull(c.config.Rand, cookie); err != nil {
		return tsa.Sample{}, fmt.Errorf("reading random origin: %w", err)
	}
	sent, started := c.config.Now(), c.config.Elapsed()
	if _, err := conn.Write(question); err != nil {
		return tsa.Sample{}, fmt.Errorf("asking time server: %w", err)
	}
	packet := make([]byte, 1024)
	for range maxPackets {
		n, err := conn.Read(packet)
		if err != nil {
			return tsa.Sample{}, fmt.Errorf("waiting for time server: %w", err)
		}
		waited := c.config.Elapsed() - started
		if n < packetBytes || !bytes.Equal(packet[originAt:receiveAt], cookie) {
			continue // not the answer
		}
		return judge(packet[:n], sent, waited)
	}
	return tsa.Sample{}, fmt.Errorf("%w: only packets that answer nothing", ErrAnswer)
}

// judge reads an answer. The wall clock was read when the question was sent; the time until the answer came is that of
// the other clock, so that a jump meanwhile does not count.
func judge(packet []byte, sent time.Time, waited time.Duration) (tsa.Sample, error) {
	leap, version, mode := packet[0]>>6, packet[0]>>3&7, packet[0]&7
	stratum := packet[1]
	switch {
	case mode != modeServer || version < 3 || version > 4:
		return tsa.Sample{}, fmt.Errorf("%w: mode %d of version %d", ErrAnswer, mode, version)
	case stratum == 0:
		return tsa.Sample{}, fmt.Errorf("%w: refused with %q", ErrAnswer, packet[12:16])
	case leap == unsynced || stratum > maxStratum:
		return tsa.Sample{}, fmt.Errorf("%w: the server is not in time", ErrAnswer)
	case short(packet[rootDelayAt:]) > maxBehind || short(packet[dispersionAt:]) > maxBehind:
		return tsa.Sample{}, fmt.Errorf("%w: the server is too far from its own source", ErrAnswer)
	}
	received, ok := timestamp(packet[receiveAt:], sent)
	transmitted, okToo := timestamp(packet[transmitAt:], sent)
	busy := transmitted.Sub(received)
	if !ok || !okToo || busy < 0 || busy > waited {
		return tsa.Sample{}, fmt.Errorf("%w: its times contradict each other", ErrAnswer)
	}
	// RFC 5905, 8: offset ((T2-T1)+(T3-T4))/2 and delay (T4-T1)-(T3-T2), with T4 = T1 + waited.
	offset := (received.Sub(sent) + transmitted.Sub(sent.Add(waited))) / 2
	return tsa.Sample{Offset: offset, Delay: waited - busy}, nil
}

// short is the NTP short format: seconds in 16.16 bits.
func short(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(b)) * time.Second >> 16
}

// ntpEpoch is 1900-01-01 in seconds before 1970.
const ntpEpoch = 2208988800

// timestamp is the NTP timestamp format: seconds since 1900 in 32.32 bits, of the era that lies nearest to a time. Zero
// means that there is none.
func timestamp(b []byte, near time.Time) (time.Time, bool) {
	seconds, fraction := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if seconds == 0 && fraction == 0 {
		return time.Time{}, false
	}
	reference := near.Unix() + ntpEpoch
	ahead := int32(seconds - uint32(reference)) //nolint:gosec // modulo 2^32 is what is wanted
	nanos := uint64(fraction) * uint64(time.Second) >> 32
	return time.Unix(near.Unix()+int64(ahead), int64(nanos)), true
}
