package main

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

func workers() int { return runtime.GOMAXPROCS(0) }

// keyPassphrase encrypts the key files of a data directory; it follows from the master key.
func keyPassphrase(master sealed.Master) []byte {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, master[:])
	mac.Write([]byte("elicense key files v1"))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// openKeys reads the anchors, the vault's key and the departments'.
func (c *program) openKeys(h *house) error {
	text, err := os.ReadFile(filepath.Join(h.dir, anchorsFile))
	if err != nil {
		return fmt.Errorf("reading trust anchors: %w", err)
	}
	roots, err := pki.ParseCertificatesPEM(text)
	if err != nil {
		return fmt.Errorf("reading trust anchors: %w", err)
	}
	if h.anchors, err = pki.NewAnchors(roots...); err != nil {
		return err
	}
	config, err := c.readSigner(h, vaultFile)
	if err != nil {
		return err
	}
	h.service.Store(&config)
	if h.signer, err = signing.NewVaultSigner(h.settings.Origin, config); err != nil {
		return err
	}
	if h.custody, err = signing.NewCustody(signing.CustodyConfig{Anchors: h.anchors}); err != nil {
		return err
	}
	return c.openStaff(h)
}

// openStaff registers every department with a file: USCC.pem now, USCC.N.pem for certificates of former times.
func (c *program) openStaff(h *house) error {
	names, err := filepath.Glob(filepath.Join(h.dir, staffDir, "*.pem"))
	if err != nil {
		return err
	}
	for _, name := range former(names) {
		issuer, _, _ := strings.Cut(filepath.Base(name), ".")
		config, err := c.readSigner(h, filepath.Join(staffDir, filepath.Base(name)))
		if err != nil {
			return err
		}
		if config.Key == nil {
			err = h.custody.RegisterRemote(issuer, config.Chain)
		} else {
			err = register(h.custody, issuer, config)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	return nil
}

// former puts USCC.N.pem before USCC.pem, so that the present certificate is registered last.
func former(names []string) []string {
	var then, now []string
	for _, n := range names {
		if strings.Count(filepath.Base(n), ".") > 1 {
			then = append(then, n)
		} else {
			now = append(now, n)
		}
	}
	return append(then, now...)
}

func register(c *signing.Custody, issuer string, config signing.Config) error {
	signer, err := signing.NewSigner(config)
	if err != nil {
		return err
	}
	return c.Register(issuer, signer)
}

// readSigner reads a key, if the file has one, and its certificates.
func (c *program) readSigner(h *house, name string) (signing.Config, error) {
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		return signing.Config{}, fmt.Errorf("reading a key file: %w", err)
	}
	config := signing.Config{Rand: c.Rand}
	if config.Chain, err = certificatesIn(filepath.Join(h.dir, name)); err != nil {
		return signing.Config{}, fmt.Errorf("%s: %w", name, err)
	}
	at := bytes.Index(text, []byte(certificateHead))
	if len(bytes.TrimSpace(text[:at])) > 0 {
		key := &lockedKey{file: name, text: text[:at], passphrase: keyPassphrase(h.master), public: config.Chain[0].PublicKey}
		h.listing.Lock()
		h.keys = append(h.keys, key)
		h.listing.Unlock()
		config.Key = key
	}
	return config, nil
}

// lockedKey is an encrypted key that is opened when it first signs: opening takes its time, and a province has
// hundreds.
// Until then it stands for the key of its certificate; one that turns out to be another signs nothing.
type lockedKey struct {
	file             string
	text, passphrase []byte
	public           *pki.PublicKey
	once             sync.Once
	key              crypto.Signer
	err              error
}

var _ crypto.Signer = (*lockedKey)(nil)

// errKeyMismatch is a key file in which the key and the certificate do not belong together.
var errKeyMismatch = errors.New("key and certificate do not belong together")

func (k *lockedKey) open() error {
	k.once.Do(func() {
		key, err := pki.ParseKey(k.text, k.passphrase)
		if err == nil {
			public, wrong := pki.PublicKeyOf(key.Public())
			if wrong != nil || !public.Equal(k.public) {
				err = errKeyMismatch
			}
		}
		if err != nil {
			k.err = fmt.Errorf("%s: %w", k.file, err)
			return
		}
		k.key = key
	})
	return k.err
}

// Public is the certificate's key.
func (k *lockedKey) Public() crypto.PublicKey { return k.public }

// Sign opens the key if need be.
func (k *lockedKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := k.open(); err != nil {
		return nil, err
	}
	return k.key.Sign(random, digest, opts)
}

const certificateHead = "-----BEGIN CERTIFICATE-----"

// certificatesIn reads the certificates of a PEM file, whatever key stands before them.
func certificatesIn(path string) ([]*pki.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	at := bytes.Index(text, []byte(certificateHead))
	if at < 0 {
		return nil, fmt.Errorf("%w: no certificate in %s", pki.ErrCertificate, path)
	}
	return pki.ParseCertificatesPEM(text[at:])
}
