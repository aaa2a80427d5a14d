package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
)

// errNoControl is a data directory that somebody has open who takes no orders.
var errNoControl = errors.New("nobody takes orders for this data directory")

// asking is one connection to a running service.
type asking struct {
	net.Conn

	hello   controlHello
	stretch *sealed.Stretch // of the present master key's passphrase; nil: it has none
}

// askService connects to the service that has the data directory open.
func (c *program) askService(ctx context.Context) (*asking, error) {
	d := net.Dialer{Timeout: controlWait}
	conn, err := d.DialContext(ctx, "unix", filepath.Join(c.dir, controlFile))
	if err != nil {
		return nil, errors.Join(errNoControl, engine.ErrLocked)
	}
	a := &asking{Conn: conn}
	_ = conn.SetDeadline(time.Now().Add(controlWait)) // by the clock of the network
	if err = json.NewDecoder(io.LimitReader(conn, controlLimit)).Decode(&a.hello); err == nil && a.hello.Stretch != nil {
		a.stretch = &sealed.Stretch{}
		*a.stretch, err = sealed.ParseStretch(a.hello.Stretch)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("asking the service: %w", err), conn.Close())
	}
	return a, nil
}

// give gives an order and waits for what comes of it.
func (c *program) give(a *asking, name string, master *sealed.Master, message []byte) (controlAnswer, error) {
	order, answer := controlOrder{Order: name}, controlAnswer{}
	var err error
	if order.Sealed, err = master.SealMessage(message, order.about(a.hello.Challenge), c.Rand); err != nil {
		return answer, err
	}
	if err := json.NewEncoder(a).Encode(order); err != nil {
		return answer, fmt.Errorf("asking the service: %w", err)
	}
	_ = a.SetDeadline(time.Time{}) // a renewal takes hours
	if err := json.NewDecoder(io.LimitReader(a, answerLimit)).Decode(&answer); err != nil {
		return answer, errBrokenOff
	}
	if answer.Refused == refusedTold {
		return answer, answer.Told.error()
	}
	return answer, refusedWords[answer.Refused]
}

// errBrokenOff is a service that ended before it answered.
var errBrokenOff error = &cli.ToldError{
	Err: io.ErrUnexpectedEOF, Code: "control-broken-off",
	Zh: "服务没有答复就结束了，不知道是否已办成；再运行一次同一命令即可",
	En: "the service ended before it answered, so it is open whether that was done; run the same command again",
}

// refusedWords are the refusals of a service as a person reads them.
var refusedWords = map[string]error{
	refusedMaster: sealed.ErrWrongMaster,
	refusedSame:   errSameMaster,
	refusedBusy: &cli.ToldError{
		Err: errRenewing, Code: "renewing", Zh: "服务正在更换数据密钥，日志中有进度", En: "the service is renewing its data keys; its log says how far it is",
	},
	refusedOffer: &cli.ToldError{
		Err: errOrder, Code: "login-not-offered", Zh: "本服务不发登录令牌：用户在大厅的身份平台登录，密钥也在那里更换",
		En: "this service gives no tokens of logins: users log in at the hall's provider, whose keys are changed there",
	},
	refusedOrder: &cli.ToldError{
		Err: errOrder, Code: "control-order", Zh: "服务不认识这个指令：程序版本不一致？", En: "the service does not know this order: is it another version?",
	},
	refusedFailed: &cli.ToldError{
		Err: errNotDone, Code: "control-failed", Zh: "服务没有办成，原因见其日志；数据未受影响，再运行一次同一命令即可",
		En: "the service could not do it, its log says why; no data is harmed, and the same command can be run again",
	},
}

// errNotDone is an order that the service could not carry out.
var errNotDone = errors.New("the service could not do it")

// order gives an order, by the present master key.
func (c *program) order(ctx context.Context, name string, message []byte) (controlAnswer, error) {
	a, err := c.askService(ctx)
	if err != nil {
		return controlAnswer{}, err
	}
	defer a.Close() //nolint:errcheck // it said what it had to
	master, err := c.masterFrom(presentKey, a.stretch)
	if err != nil {
		return controlAnswer{}, err
	}
	return c.give(a, name, &master, message)
}

// masterFrom is a master key by the environment, for who does not have the data directory open.
func (c *program) masterFrom(from keySource, stretch *sealed.Stretch) (sealed.Master, error) {
	path := c.Env(from.file)
	if path == "" && from == presentKey {
		s, err := readSettings(c.dir)
		if err != nil {
			return sealed.Master{}, err
		}
		if s.Sandbox {
			path = filepath.Join(c.dir, masterFile)
		}
	}
	if path != "" {
		return masterFromFile(path)
	}
	passphrase, err := c.passphrase(from)
	if err != nil {
		return sealed.Master{}, err
	}
	if stretch == nil {
		return sealed.Master{}, sealed.ErrNoKeyring
	}
	return sealed.MasterFromPassphrase(passphrase, *stretch)
}

// askRotation has the running service put the data directory under another master key.
func (c *program) askRotation(ctx context.Context) (changed bool, err error) {
	a, err := c.askService(ctx)
	if err != nil {
		return false, err
	}
	defer a.Close() //nolint:errcheck // it said what it had to
	present, err := c.masterFrom(presentKey, a.stretch)
	if err != nil {
		return false, err
	}
	message, err := c.rotationMessage()
	if err != nil {
		return false, err
	}
	defer clear(message)
	_, err = c.give(a, orderRotate, &present, message)
	if errors.Is(err, sealed.ErrWrongMaster) && len(message) > 0 {
		return false, c.isRotatedThere(ctx)
	}
	return err == nil, err
}

// rotationMessage is the new master key with the salt of its passphrase; nothing in a sandbox.
func (c *program) rotationMessage() ([]byte, error) {
	s, err := readSettings(c.dir)
	if err != nil || s.Sandbox {
		return nil, err
	}
	next, err := c.newMaster(&house{dir: c.dir, settings: s})
	if err != nil {
		return nil, err
	}
	message := next.key[:]
	if next.stretch != nil {
		message = append(message, next.stretch.Marshal()...)
	}
	return message, nil
}

// isRotatedThere is no error if the running service has the new master key already.
func (c *program) isRotatedThere(ctx context.Context) error {
	a, err := c.askService(ctx)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // it said what it had to
	next, err := c.masterFrom(nextKey, a.stretch)
	if err != nil {
		return err
	}
	_, err = c.give(a, orderCheck, &next, nil)
	return err
}
