package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// A data directory holds:
//
//	house.yaml             name, zone, defaults of the command line, space to keep free
//	vault/  blobs/         the two engines, every value sealed
//	service*/              what the HTTP service keeps, sealed under keyrings of their own; made when first served
//	service.yaml           how the service listens; may be absent
//	keys/anchors.pem       the roots that are trusted
//	keys/vault.pem         the vault's key, encrypted, and its certificates
//	keys/authority/*.pem   a first, small CA: keys encrypted, with certificates
//	keys/departments/*.pem departments' keys in custody, encrypted, with certificates; without key if it is remote
//	keys/seals/*           departments' seals (USCC.esl) and the keys that use them, encrypted, with certificates
//	published/checkpoint   the last checkpoint that was handed out; keep copies elsewhere
//	rotation/              a change of the master key that is decided and not yet carried out; the next opening does
//	enrolment/             a department's key, seal and registration, likewise
//	control                local socket of a running service: see control.go
//	scratch/               what a running command needs for a while; the next one clears it
//	master.key             only in a sandbox: the master key, which otherwise never lies beside the data
const (
	houseFile   = "house.yaml"
	anchorsFile = "keys/anchors.pem"
	vaultFile   = "keys/vault.pem"
	rootFile    = "keys/authority/root.pem"
	issuingFile = "keys/authority/issuing.pem"
	staffDir    = "keys/departments"
	publishFile = "published/checkpoint"
	scratchDir  = "scratch"
	masterFile  = "master.key"
)

// house is an open data directory.
type house struct {
	dir      string
	settings settings
	zone     *time.Location
	master   sealed.Master
	engines  []io.Closer
	main     *badger.Engine
	blobs    *badger.Engine
	kept     map[string]*badger.Engine // of the service, by directory, as far as they are open
	stores   map[string]*sealed.Engine // over all of these, by directory, as far as they are open
	anchors  *pki.Anchors
	custody  *signing.Custody
	signer   *signing.VaultSigner
	service  atomic.Pointer[signing.Config] // the vault's key, with which the service signs its messages; renewed in place
	keys     []*lockedKey                   // the keys behind signer and custody; guarded by listing
	vault    *vault.Vault

	documents *documenter
	registry  *identity.Registry // of systems; nil: not opened yet
	published atomic.Int64       // when the newest checkpoint was signed, or there was none to sign, in seconds since 1970

	changing sync.Mutex   // held by who changes keyrings or copies them: changes of keys, and backups
	renewing sync.Mutex   // held by a renewal of data keys from its beginning to its end
	secret   sync.RWMutex // of a running service: the master key and the key files on the disk belong together
	listing  sync.Mutex
	revoking sync.Mutex // held by who renews CRLs
}

// errNoHouse is a directory without a vault.
var errNoHouse = errors.New("no vault in this directory")

// openHouse opens everything in a data directory; close gives it back.
func (c *program) openHouse(ctx context.Context, dir string) (*house, error) {
	return c.openHouseWith(ctx, dir, nil)
}

// openHouseWith is openHouse for who knows the master key already: a passphrase takes its time.
func (c *program) openHouseWith(ctx context.Context, dir string, master *sealed.Master) (*house, error) {
	s, err := readSettings(dir)
	if errors.Is(err, errNoHouse) {
		err = cmp.Or(brokenOff(dir), err)
	}
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir, settings: s}
	if err := c.openAll(ctx, h, master); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (c *program) openAll(ctx context.Context, h *house, master *sealed.Master) error {
	var err error
	if h.zone, err = time.LoadLocation(h.settings.Zone); err != nil {
		return badSettings("zone 不是已知的时区："+h.settings.Zone, "zone is not known: "+h.settings.Zone)
	}
	if err := c.checkCryptography(); err != nil {
		return err
	}
	if err := h.openEngines(); err != nil {
		return err
	}
	if err := errors.Join(c.finishRotation(ctx, h), c.placeEnrolled(h)); err != nil {
		return err
	}
	if master != nil {
		h.master = *master
	} else if h.master, err = c.openingMaster(ctx, h); err != nil {
		return err
	}
	if err := c.openVault(ctx, h); err != nil {
		return err
	}
	if err := c.finishEnrolment(ctx, h); err != nil { // it stays decided; all else is there
		c.Aside(c.Say("一个部门的登记尚未完成：", "the enrolment of a department is not finished: ") + err.Error() + "\n")
	}
	return nil
}

// openVault opens the sealed stores with the master key, then the keys, then the vault over them.
func (c *program) openVault(ctx context.Context, h *house) error {
	store, err := c.store(ctx, h, vaultDir)
	if err != nil {
		return err
	}
	blobStore, err := c.store(ctx, h, blobsDir)
	if err != nil {
		return err
	}
	blobs, err := blob.Open(blob.Config{Engine: blobStore, Now: c.Now, Hash: blobStore.Keys().AddressHash})
	if err != nil {
		return err
	}
	if err := c.openKeys(h); err != nil {
		return err
	}
	h.documents = c.newDocumenter(h)
	h.vault, err = vault.Open(ctx, vault.Config{
		Engine: store, Blobs: blobs, Tokens: store.Keys(), Records: h.custody, Signer: h.signer,
		Now: c.Now, Rand: c.Rand, Zone: h.zone, Workers: workers(), Published: h.lastPublished(),
		Documents: h.documents,
	})
	return err
}

// lastPublished is the checkpoint that was handed out last, by which the vault notices engines that were put back to an
// older state; nil if there is none, or none that this vault's key has signed.
func (h *house) lastPublished() *ledger.Checkpoint {
	text, err := os.ReadFile(filepath.Join(h.dir, publishFile))
	if err != nil {
		return nil
	}
	keys, err := verify.ParseLedgerKeys(h.signer.NoteKey())
	if err != nil {
		return nil
	}
	cp, err := ledger.ParseCheckpoint(text, keys...)
	if err != nil {
		return nil
	}
	return &cp.Checkpoint
}

func (h *house) openEngines() error {
	for _, e := range []struct {
		name string
		to   **badger.Engine
	}{{vaultDir, &h.main}, {blobsDir, &h.blobs}} {
		opened, err := badger.Open(badger.Config{
			Dir: filepath.Join(h.dir, e.name), GCInterval: gcInterval, ReserveBytes: h.settings.reserveBytes(),
		})
		if err != nil {
			return fmt.Errorf("opening %s: %w", e.name, err)
		}
		h.engines = append(h.engines, opened)
		*e.to = opened
	}
	return nil
}

const gcInterval = 10 * time.Minute

// store lays the encryption over an engine of the house, once: see sealed.Engine.
func (c *program) store(ctx context.Context, h *house, name string) (*sealed.Engine, error) {
	if e := h.stores[name]; e != nil {
		return e, nil
	}
	inner, err := h.engineNamed(name)
	if err != nil {
		return nil, err
	}
	e, err := c.unseal(ctx, inner, h.master)
	if err != nil {
		return nil, err
	}
	if h.stores == nil {
		h.stores = map[string]*sealed.Engine{}
	}
	h.stores[name] = e
	return e, nil
}

func (c *program) unseal(ctx context.Context, inner *badger.Engine, master sealed.Master) (*sealed.Engine, error) {
	keys, err := sealed.OpenKeyring(ctx, inner, master)
	if err != nil {
		return nil, err
	}
	return sealed.Open(sealed.Config{Inner: inner, Keys: keys, Rand: c.Rand})
}

// scratch gives an empty directory inside the data directory. What a killed command left in it goes first: the engines
// are locked, so nobody else is here.
func (h *house) scratch() (string, error) {
	dir := filepath.Join(h.dir, scratchDir)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

func (h *house) close() error {
	var errs []error
	for i := len(h.engines) - 1; i >= 0; i-- {
		errs = append(errs, h.engines[i].Close())
	}
	return errors.Join(errs...)
}
