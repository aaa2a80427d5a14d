package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
)

// One process owns a data directory. While the service runs, commands of officers are carried out by it: the command line
// goes to it through a socket in the data directory, which only the same user can open, and its output comes back. Who
// acts is proven by the officer's key as ever.

const (
	controlSocket    = "control.sock"
	maxControlBytes  = 256 << 10 // of a command line with its environment
	maxControls      = 16        // commands at once
	controlDialLimit = 2 * time.Second
	controlReadLimit = 10 * time.Second
)

// controlRequest is a command line and what it needs of its own process.
type controlRequest struct {
	Args []string          `json:"args"`
	Dir  string            `json:"dir"` // working directory
	Env  map[string]string `json:"env"`
}

// controlFrame is a piece of output, or the exit code at the end.
type controlFrame struct {
	Out  string `json:"out,omitempty"`
	Err  string `json:"err,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// controlEnv are the variables that a forwarded command may read. The master's is not among them: the service has it.
var controlEnv = []string{
	"ELICENSE_CA_OFFICER", "ELICENSE_CA_OFFICER_PASSPHRASE", "ELICENSE_CA_OFFICER_PASSPHRASE_FILE", "LC_ALL", "LC_MESSAGES",
	"LANG",
}

// official marks a command that works on the register.
func official(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{"official": "yes"}
	return cmd
}

// forward hands an official command over to the service of the data directory, if one runs.
func (c *program) forward(cmd *cobra.Command, _ []string) error {
	if cmd.Annotations["official"] == "" || c.shared != nil {
		return nil
	}
	dial := net.Dialer{Timeout: controlDialLimit}
	conn, err := dial.DialContext(cmd.Context(), "unix", filepath.Join(c.dir, controlSocket))
	if err != nil {
		return nil // no service: the command opens the data itself
	}
	defer conn.Close() //nolint:errcheck // everything has been read
	cwd, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	r := controlRequest{Args: c.Args, Dir: cwd, Env: map[string]string{}}
	for _, name := range controlEnv {
		if v := c.Env(name); v != "" {
			r.Env[name] = v
		}
	}
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return fmt.Errorf("asking the service: %w", err)
	}
	return c.relay(conn)
}

var errServiceGone = errors.New("the service ended before it had answered")

// relay passes on what the service says until its exit code comes.
func (c *program) relay(from io.Reader) error {
	d := json.NewDecoder(from)
	for {
		var f controlFrame
		if err := d.Decode(&f); err != nil {
			return errServiceGone
		}
		if f.Exit != nil {
			return &cli.ExitError{Code: *f.Exit}
		}
		c.Put(f.Out)
		c.Aside(f.Err)
	}
}

// control opens the socket and carries out commands until the context ends.
func (c *program) control(ctx context.Context, o *office) (wait func(), err error) {
	path := filepath.Join(o.dir, controlSocket)
	if err := removeIfThere(path); err != nil { // of a service that was killed
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	var all sync.WaitGroup
	context.AfterFunc(ctx, func() { _ = l.Close() })
	slots := make(chan struct{}, maxControls)
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				c.carryOut(ctx, o, conn)
			})
		}
	})
	return all.Wait, nil
}

// carryOut runs one command line.
func (c *program) carryOut(ctx context.Context, o *office, conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the exit code is the answer
	if err := conn.SetReadDeadline(c.Now().Add(controlReadLimit)); err != nil {
		return
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxControlBytes)).ReadString('\n')
	var r controlRequest
	if err != nil || json.Unmarshal([]byte(line), &r) != nil {
		return
	}
	answer := &answers{to: json.NewEncoder(conn)}
	w := &cli.World{
		Name: c.Name, Args: r.Args, In: strings.NewReader(""), Out: answer.writer(false), Err: answer.writer(true),
		Env: func(name string) string { return r.Env[name] }, Now: c.Now, Rand: c.Rand,
	}
	code := (&program{World: w, shared: o, cwd: r.Dir}).execute(ctx)
	answer.send(controlFrame{Exit: &code})
}

// answers writes frames, one at a time. A client that has gone is noticed by nobody: the command is carried out.
type answers struct {
	mu sync.Mutex
	to *json.Encoder
}

func (a *answers) send(f controlFrame) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.to.Encode(f)
}

type frameWriter struct {
	to  *answers
	err bool
}

func (a *answers) writer(err bool) io.Writer { return frameWriter{a, err} }

// Write implements io.Writer.
func (w frameWriter) Write(p []byte) (int, error) {
	f := controlFrame{Out: string(p)}
	if w.err {
		f = controlFrame{Err: string(p)}
	}
	w.to.send(f)
	return len(p), nil
}

// path is a file as the person who typed it meant it.
func (c *program) path(name string) string {
	if c.cwd == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.cwd, name)
}
