package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
)

// A data directory holds:
//
//	house.yaml             name, zone, defaults of the command line
//	vault/  blobs/         the two engines, every value sealed
//	keys/anchors.pem       the roots that are trusted
//	keys/vault.pem         the vault's key, encrypted, and its certificates
//	keys/authority/*.pem   a first, small CA: keys encrypted, with certificates
//	keys/departments/*.pem departments' keys in custody, encrypted, with certificates; without key if it is remote
//	published/checkpoint   the last checkpoint that was handed out; keep copies elsewhere
//	master.key             only in a sandbox: the master key, which otherwise never lies beside the data
const (
	houseFile   = "house.yaml"
	anchorsFile = "keys/anchors.pem"
	vaultFile   = "keys/vault.pem"
	rootFile    = "keys/authority/root.pem"
	issuingFile = "keys/authority/issuing.pem"
	staffDir    = "keys/departments"
	publishFile = "published/checkpoint"
	masterFile  = "master.key"
)

// settings is house.yaml.
type settings struct {
	Format  int    `koanf:"format"`
	Origin  string `koanf:"origin"` // the ledger's name
	Zone    string `koanf:"zone"`   // IANA name of the legal time zone
	Sandbox bool   `koanf:"sandbox"`
	Caller  string `koanf:"caller"` // who asks when a command does not say
	Basis   string `koanf:"basis"`  // likewise, the legal basis of look-ups
}

const houseFormat = 1

// house is an open data directory.
type house struct {
	dir      string
	settings settings
	zone     *time.Location
	master   sealed.Master
	engines  []io.Closer
	main     *badger.Engine
	blobs    *badger.Engine
	anchors  *pki.Anchors
	custody  *signing.Custody
	signer   *signing.VaultSigner
	vault    *vault.Vault
}

// errNoHouse is a directory without a vault.
var errNoHouse = errors.New("no vault in this directory")

func readSettings(dir string) (settings, error) {
	var s settings
	k := koanf.New(".")
	if err := k.Load(file.Provider(filepath.Join(dir, houseFile)), yaml.Parser()); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return s, fmt.Errorf("%w: %s", errNoHouse, dir)
		}
		return s, fmt.Errorf("reading %s: %w", houseFile, err)
	}
	if err := k.Unmarshal("", &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", houseFile, err)
	}
	if s.Format != houseFormat {
		return s, fmt.Errorf("%s: format %d is not known here", houseFile, s.Format)
	}
	return s, nil
}

// openHouse opens everything in a data directory; close gives it back.
func (w *world) openHouse(ctx context.Context, dir string) (*house, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir, settings: s}
	if err := w.openAll(ctx, h); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (w *world) openAll(ctx context.Context, h *house) error {
	var err error
	if h.zone, err = time.LoadLocation(h.settings.Zone); err != nil {
		return fmt.Errorf("%s: zone: %w", houseFile, err)
	}
	if err := pki.SelfTest(); err != nil {
		return fmt.Errorf("self-test of the cryptography: %w", err)
	}
	if err := h.openEngines(); err != nil {
		return err
	}
	if h.master, err = w.readMaster(ctx, h); err != nil {
		return err
	}
	store, keys, err := w.unseal(ctx, h.main, h.master)
	if err != nil {
		return err
	}
	blobStore, blobKeys, err := w.unseal(ctx, h.blobs, h.master)
	if err != nil {
		return err
	}
	blobs, err := blob.Open(blob.Config{
		Engine: blobStore, Now: w.now, Address: func(b []byte) blob.Address { return blobKeys.Address(b) },
	})
	if err != nil {
		return err
	}
	if err := w.openKeys(h); err != nil {
		return err
	}
	h.vault, err = vault.Open(ctx, vault.Config{
		Engine: store, Blobs: blobs, Tokens: keys, Records: h.custody, Signer: h.signer,
		Now: w.now, Rand: w.rand, Zone: h.zone, Workers: workers(),
	})
	return err
}

func (h *house) openEngines() error {
	for _, e := range []struct {
		name string
		to   **badger.Engine
	}{{"vault", &h.main}, {"blobs", &h.blobs}} {
		opened, err := badger.Open(badger.Config{Dir: filepath.Join(h.dir, e.name), GCInterval: gcInterval})
		if err != nil {
			return fmt.Errorf("opening %s: %w", e.name, err)
		}
		h.engines = append(h.engines, opened)
		*e.to = opened
	}
	return nil
}

const gcInterval = 10 * time.Minute

func (w *world) unseal(ctx context.Context, inner *badger.Engine, master sealed.Master) (
	*sealed.Engine, *sealed.Keyring, error,
) {
	keys, err := sealed.OpenKeyring(ctx, inner, master)
	if err != nil {
		return nil, nil, err
	}
	e, err := sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: w.rand})
	return e, keys, err
}

func (h *house) close() error {
	var errs []error
	for i := len(h.engines) - 1; i >= 0; i-- {
		errs = append(errs, h.engines[i].Close())
	}
	return errors.Join(errs...)
}

// readMaster finds the master key: a file named by ELICENSE_MASTER_FILE, a passphrase in the file that
// ELICENSE_PASSPHRASE_FILE names or in ELICENSE_PASSPHRASE, or, in a sandbox only, beside the data.
func (w *world) readMaster(ctx context.Context, h *house) (sealed.Master, error) {
	path := w.env("ELICENSE_MASTER_FILE")
	if path == "" && h.settings.Sandbox {
		path = filepath.Join(h.dir, masterFile)
	}
	if path != "" {
		return masterFromFile(path)
	}
	passphrase, err := w.passphrase()
	if err != nil {
		return sealed.Master{}, err
	}
	stretch, err := sealed.LoadStretch(ctx, h.main)
	if err != nil {
		return sealed.Master{}, err
	}
	return sealed.MasterFromPassphrase(passphrase, stretch)
}

func masterFromFile(path string) (m sealed.Master, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("reading the master key: %w", err)
	}
	n, err := hex.Decode(m[:], []byte(strings.TrimSpace(string(text)))[:min(len(m)*2, len(strings.TrimSpace(string(text))))])
	if err != nil || n != len(m) {
		return sealed.Master{}, errors.New("the master key file must hold 64 hexadecimal digits")
	}
	return m, nil
}

func (w *world) passphrase() (string, error) {
	if path := w.env("ELICENSE_PASSPHRASE_FILE"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading the passphrase: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	if p := w.env("ELICENSE_PASSPHRASE"); p != "" {
		return p, nil
	}
	return "", &usageError{
		"需要主密钥：请设置 ELICENSE_PASSPHRASE_FILE、ELICENSE_PASSPHRASE 或 ELICENSE_MASTER_FILE",
		"the master key is needed: set ELICENSE_PASSPHRASE_FILE, ELICENSE_PASSPHRASE or ELICENSE_MASTER_FILE",
	}
}
