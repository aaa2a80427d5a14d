package main

import (
	"context"
	"crypto"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
)

// A data directory holds:
//
//	ca.yaml    what is served, where, and for whom
//	register/  the engine, every value sealed
//	*.pem      keys, encrypted under the master key, and certificates, where ca.yaml says
const (
	registerDir = "register"
	gcInterval  = 10 * time.Minute
)

var errNoSecret = errors.New("a passphrase is missing")

// station is an open data directory.
type station struct {
	dir      string
	settings settings
	master   sealed.Master
	inner    *badger.Engine
	keys     *sealed.Keyring
	engine   engine.Engine // sealed
}

// open tests the cryptography and opens a data directory; close gives it back.
func (c *program) open(ctx context.Context) (*station, error) {
	if err := pki.SelfTest(); err != nil {
		return nil, err
	}
	s := &station{dir: c.dir}
	var err error
	if s.settings, err = readSettings(c.dir); err != nil {
		return nil, err
	}
	inner, err := badger.Open(badger.Config{Dir: filepath.Join(c.dir, registerDir), GCInterval: gcInterval})
	if err != nil {
		return nil, fmt.Errorf("opening the register: %w", err)
	}
	s.inner = inner
	if err := c.unseal(ctx, s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *station) close() error { return s.inner.Close() }

func (c *program) unseal(ctx context.Context, s *station) error {
	var err error
	if s.master, err = c.readMaster(ctx, s.inner); err != nil {
		return err
	}
	if s.keys, err = sealed.OpenKeyring(ctx, s.inner, s.master); err != nil {
		return err
	}
	s.engine, err = sealed.Open(sealed.Config{Inner: s.inner, Keys: s.keys, Rand: c.Rand})
	return err
}

// readMaster finds the master key: a file named by ELICENSE_CA_MASTER_FILE, or a passphrase in the file that
// ELICENSE_CA_PASSPHRASE_FILE names or in ELICENSE_CA_PASSPHRASE. It never lies beside the data.
func (c *program) readMaster(ctx context.Context, inner engine.Engine) (sealed.Master, error) {
	if path := c.Env("ELICENSE_CA_MASTER_FILE"); path != "" {
		return masterFromFile(path)
	}
	passphrase, err := c.passphrase()
	if err != nil {
		return sealed.Master{}, err
	}
	stretch, err := sealed.LoadStretch(ctx, inner)
	if err != nil {
		return sealed.Master{}, err
	}
	return sealed.MasterFromPassphrase(passphrase, stretch)
}

func masterFromFile(path string) (sealed.Master, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return sealed.Master{}, fmt.Errorf("reading the master key: %w", err)
	}
	m, ok := sealed.ParseMaster(text)
	if !ok {
		return m, &cli.UsageError{
			Zh: "主密钥文件应为 64 位十六进制数字：" + path,
			En: "the master key file must hold 64 hexadecimal digits: " + path,
		}
	}
	return m, nil
}

func (c *program) passphrase() (string, error) {
	p, err := c.secret("ELICENSE_CA_PASSPHRASE")
	if errors.Is(err, errNoSecret) {
		return "", &cli.UsageError{
			Zh: "需要主密钥：请设置 ELICENSE_CA_PASSPHRASE_FILE、ELICENSE_CA_PASSPHRASE 或 ELICENSE_CA_MASTER_FILE",
			En: "the master key is needed: set ELICENSE_CA_PASSPHRASE_FILE, ELICENSE_CA_PASSPHRASE or ELICENSE_CA_MASTER_FILE",
		}
	}
	return p, err
}

// secretError is errNoSecret with the name of the variable.
type secretError struct{ name string }

func (e *secretError) Error() string { return e.name + " is not set" }
func (e *secretError) Unwrap() error { return errNoSecret }

// secret reads a passphrase from the file that NAME_FILE names, or from NAME.
func (c *program) secret(name string) (string, error) {
	if path := c.Env(name + "_FILE"); path != "" {
		text, err := os.ReadFile(c.path(path))
		if err != nil {
			return "", fmt.Errorf("reading a passphrase: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	if p := c.Env(name); p != "" {
		return p, nil
	}
	return "", &secretError{name}
}

// keyPassphrase encrypts the key files of a data directory; it follows from the master key.
func keyPassphrase(master sealed.Master) []byte {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, master[:])
	mac.Write([]byte("elicense-ca key files v1"))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// read gives a file of the data directory.
func (s *station) read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(s.dir, name)) }

// foreignKey opens a key file with an ECDSA or RSA key.
func (s *station) foreignKey(name string) (crypto.Signer, error) {
	text, err := s.read(name)
	if err != nil {
		return nil, fmt.Errorf("reading a key file: %w", err)
	}
	key, err := pki.ParseForeignKey(text, keyPassphrase(s.master))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}
