package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine/sealed"
)

// A running service has the data directory to itself, and keys are changed, and departments, operators and systems
// registered, by who has it. So the commands that do this ask the service, over a local socket in the data directory, which only the owner of the directory can open. The
// service says a challenge; the command answers with one order, sealed under the present master key
// (sealed.Master.SealMessage): that shows that it may give orders, lets nobody repeat it later, and keeps a new master
// key from going over the socket in clear.
const controlFile = "control"

// Orders about keys; see controlwork.go for those about registrations.
const (
	orderCheck  = "check"  // whether this is the master key; a change to it that is decided is carried out
	orderRotate = "rotate" // another master key; with the key and the salt of its passphrase, in a sandbox with nothing
	orderRenew  = "renew"  // other data keys
	orderLogin  = "login"  // another key for the tokens of logins
	orderStolen = "stolen" // likewise, and former ones are taken no more
)

// What is sent: one JSON value each, of so many bytes at most, within such a time. An answer takes as long as it takes.
const (
	controlLimit = 1 << 20  // a registration with its certificates
	answerLimit  = 64 << 20 // all registrations
	controlWait  = 10 * time.Second
)

// controlHello is what the service says first.
type controlHello struct {
	Challenge []byte `json:"challenge"`
	Stretch   []byte `json:"stretch,omitempty"` // how a passphrase became the master key, if one did
}

type controlOrder struct {
	Order  string `json:"order"`
	Sealed []byte `json:"sealed"`
}

type controlAnswer struct {
	Refused string `json:"refused,omitempty"` // one of the refusals below; "": done
	Moved   int    `json:"moved,omitempty"`   // values

	Told   *controlTold    `json:"told,omitempty"`   // the refusal in words, if it is refusedTold
	Result json.RawMessage `json:"result,omitempty"` // of work
}

// Refusals of orders.
const (
	refusedOrder  = "order"  // there is no such order here, or it cannot be read
	refusedMaster = "master" // not sealed under the master key
	refusedSame   = "same"   // the new master key is the present one
	refusedBusy   = "busy"   // a renewal is under way
	refusedOffer  = "offer"  // users do not log in here
	refusedFailed = "failed" // the log says why
	refusedTold   = "told"   // the answer says why
)

// about is what an order is sealed with.
func (o *controlOrder) about(challenge []byte) []byte {
	return append([]byte("elicense control v1\x00"+o.Order+"\x00"), challenge...)
}

// listenControl opens the socket for orders; nil if that cannot be, which is logged.
func (c *program) listenControl(ctx context.Context, h *house) net.Listener {
	path := filepath.Join(h.dir, controlFile)
	err := os.Remove(path) // of a process that is gone: the engines are locked
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	var l net.Listener
	if err == nil {
		l, err = new(net.ListenConfig).Listen(ctx, "unix", path)
	}
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		c.serviceLog().ErrorContext(ctx, "keys and registrations cannot be changed over the local socket", "error", err.Error())
		return nil
	}
	return l
}

// control takes orders until the context ends, and waits for those under way.
func (c *program) control(ctx context.Context, h *house, r *besides) {
	stop := context.AfterFunc(ctx, func() { _ = r.orders.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := r.orders.Accept()
		if err != nil {
			return
		}
		wg.Go(func() { c.controlled(ctx, h, r, conn) })
	}
}

// controlled is one connection.
func (c *program) controlled(ctx context.Context, h *house, r *besides, conn net.Conn) {
	defer conn.Close()                                //nolint:errcheck // what was said was said
	_ = conn.SetDeadline(time.Now().Add(controlWait)) // by the clock of the network, which is not the program's
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	hello := controlHello{Challenge: make([]byte, 16)}
	if _, err := io.ReadFull(c.Rand, hello.Challenge); err != nil {
		return
	}
	if stretch, err := sealed.LoadStretch(ctx, h.main); err == nil {
		hello.Stretch = stretch.Marshal()
	}
	var order controlOrder
	if json.NewEncoder(conn).Encode(hello) != nil ||
		json.NewDecoder(io.LimitReader(conn, controlLimit)).Decode(&order) != nil {
		return
	}
	answer := c.obey(ctx, h, r, &order, hello.Challenge)
	_ = conn.SetDeadline(time.Now().Add(controlWait))
	_ = json.NewEncoder(conn).Encode(answer) // who does not listen finds it in the log
}

// obey carries an order out.
func (c *program) obey(ctx context.Context, h *house, r *besides, o *controlOrder, challenge []byte) controlAnswer {
	h.secret.RLock()
	present := h.master
	h.secret.RUnlock()
	message, err := present.OpenMessage(o.Sealed, o.about(challenge))
	if err != nil {
		return controlAnswer{Refused: refusedMaster}
	}
	defer clear(message)
	var answer controlAnswer
	switch {
	case o.Order == orderCheck && len(message) == 0:
		err = c.carryOutPending(ctx, h)
	case o.Order == orderRotate:
		err = c.rotateServing(ctx, h, &present, message)
	case o.Order == orderRenew && len(message) == 0:
		answer.Moved, err = c.renewServing(ctx, h)
	case (o.Order == orderLogin || o.Order == orderStolen) && len(message) == 0:
		if r.tokens == nil {
			return controlAnswer{Refused: refusedOffer}
		}
		err = r.tokens.Roll(ctx, o.Order == orderStolen)
	default:
		return c.work(ctx, h, o.Order, message)
	}
	answer.Refused = refusalOf(err)
	if answer.Refused == refusedFailed {
		c.serviceLog().ErrorContext(ctx, "changing keys failed", "order", o.Order, "error", err.Error())
	}
	return answer
}

func refusalOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errOrder):
		return refusedOrder
	case errors.Is(err, errSameMaster):
		return refusedSame
	case errors.Is(err, errRenewing):
		return refusedBusy
	case errors.Is(err, sealed.ErrWrongMaster):
		return refusedMaster
	}
	return refusedFailed
}

// Refusals, as the service knows them.
var (
	errOrder    = errors.New("an order that cannot be read")
	errRenewing = errors.New("data keys are being renewed")
)
