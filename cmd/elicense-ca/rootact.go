package main

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// The root's key is opened for one act at a time (动用根密钥), where two officers are present with their keys. Nothing of
// the register is needed for it: the machine may be one without a network, which has the root's key, ca.yaml for the
// names of the officers, and the files that are carried in. What comes out is carried back with a record that the root
// and both officers have signed; without it the service takes nothing.

const (
	witnesses     = 2      // officers who must be present
	rootCRLSuffix = ".crl" // the root's last CRL lies beside its key: it is what the root remembers
	recordSuffix  = ".txt" // the record of an act lies beside what it made
	rootCRLDays   = 180
)

// rootAct is one act of the root.
type rootAct struct {
	rootFile string
	officers []string // KEYFILE or KEYFILE=PASSPHRASEFILE
	out      string

	settings settings
	root     *ca.Authority
	key      crypto.Signer
	signers  []note.Signer
	log      transcript
}

func (c *program) rootCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "root", Short: "根密钥：CRL、换发签发证书、换根 / the root: its CRL, new issuing authorities, a new root",
		Long: "crl、certify、renew 动用根密钥：在离线的机器上，两名操作员到场，-d 指向存有 " + settingsFile +
			" 的目录。request、publish、install 在认证机构的数据目录上办理。" + cli.Between +
			"crl, certify and renew open the root's key: on a machine that is offline, with two officers present and -d naming " +
			"a directory with " + settingsFile + ". request, publish and install work on the authority's data directory.",
	}
	cmd.AddCommand(c.rootCRLCommand(), c.rootCertifyCommand(), c.rootRenewCommand(), official(c.rootRequestCommand()),
		official(c.rootPublishCommand()), c.rootInstallCommand())
	return cmd
}

func (c *program) rootFlags(cmd *cobra.Command, k *rootAct) {
	f := cmd.Flags()
	f.StringVar(&k.rootFile, "root", "", "根密钥文件（口令 ELICENSE_CA_ROOT_PASSPHRASE）/ the root's key file (ELICENSE_CA_ROOT_PASSPHRASE)")
	f.StringArrayVar(&k.officers, "officer", nil,
		"到场的操作员 密钥文件[=口令文件]，两名 / officer who is there KEYFILE[=PASSPHRASEFILE], two of them")
	f.StringVar(&k.out, "out", "", "结果文件 / where the result goes")
	for _, name := range []string{"root", "officer", "out"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
}

// openRoot opens the root's key for an act; before, it makes sure of the cryptography and of who is present.
func (c *program) openRoot(k *rootAct, act string) error {
	if err := pki.SelfTest(); err != nil {
		return err
	}
	var err error
	if k.settings, err = readSettings(c.dir); err != nil {
		return err
	}
	if k.settings.Authority == nil {
		return errNoOffice
	}
	k.log.add("time", c.Now().UTC().Format(time.RFC3339))
	k.log.add("act", act)
	if err := c.present(k); err != nil {
		return err
	}
	passphrase, err := c.secret("ELICENSE_CA_ROOT_PASSPHRASE")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(k.rootFile)
	if err != nil {
		return fmt.Errorf("reading the root's key: %w", err)
	}
	if k.root, k.key, err = c.loadRoot(k, text, []byte(passphrase)); err != nil {
		return fmt.Errorf("%s: %w", k.rootFile, err)
	}
	return k.sealBy(k.root, k.key, c)
}

func (c *program) loadRoot(k *rootAct, text, passphrase []byte) (*ca.Authority, crypto.Signer, error) {
	root, err := ca.Load(ca.Config{Rand: c.Rand, Now: c.Now, Base: k.settings.Authority.Base}, text, passphrase)
	if err != nil {
		return nil, nil, err
	}
	key, _, err := parsePair(text, passphrase)
	return root, key, err
}

// sealBy has a root sign the record.
func (k *rootAct) sealBy(root *ca.Authority, key crypto.Signer, c *program) error {
	signer, err := sm2note.NewSigner(root.KeyID().String(), key, c.Rand)
	if err != nil {
		return err
	}
	k.signers = append(k.signers, signer)
	k.log.add("root", root.Certificate().Subject, "key", root.KeyID().String())
	return nil
}

// present finds out which officers are there, by their keys.
func (c *program) present(k *rootAct) error {
	there := map[string]bool{}
	for _, text := range k.officers {
		file, passphraseFile, _ := strings.Cut(text, "=")
		key, point, err := c.officerKey(file, passphraseFile)
		if err != nil {
			return err
		}
		who, ok := k.settings.officer(point)
		if !ok {
			return errOfficer
		}
		if there[who.Key] {
			return errWitness
		}
		there[who.Key] = true
		signer, err := sm2note.NewSigner(witnessName(point), key, c.Rand)
		if err != nil {
			return err
		}
		k.signers = append(k.signers, signer)
		k.log.add("officer", who.Name, "key", point)
	}
	if len(there) < witnesses {
		return errWitness
	}
	return nil
}

// officerKey opens an officer's key file and gives his public point too.
func (c *program) officerKey(file, passphraseFile string) (crypto.Signer, string, error) {
	text, err := os.ReadFile(c.path(file))
	if err != nil {
		return nil, "", fmt.Errorf("reading an officer's key: %w", err)
	}
	passphrase, err := c.officerPassphrase(passphraseFile)
	if err != nil {
		return nil, "", err
	}
	key, err := pki.ParseKey(text, []byte(passphrase))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", file, err)
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return nil, "", err
	}
	return key, hex.EncodeToString(public.Point()), nil
}

// officerPassphrase reads a passphrase from a file, or without one from where every officer's comes from.
func (c *program) officerPassphrase(file string) (string, error) {
	if file == "" {
		return c.secret("ELICENSE_CA_OFFICER_PASSPHRASE")
	}
	text, err := os.ReadFile(c.path(file))
	if err != nil {
		return "", fmt.Errorf("reading a passphrase: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// officer finds who is entered with a key.
func (s *settings) officer(point string) (officerSettings, bool) {
	for _, o := range s.Authority.Officers {
		if strings.EqualFold(o.Key, point) {
			return o, true
		}
	}
	return officerSettings{}, false
}

// witnessName is the name of an officer's signature on a record: names of people may have blanks, which notes do not
// allow.
func witnessName(point string) string {
	return "officer-" + digestOf([]byte(strings.ToLower(point)))[:16]
}

// closeAct signs the record and writes it beside what the act has made.
func (k *rootAct) closeAct() error {
	signed, err := k.log.sign(k.signers...)
	if err != nil {
		return err
	}
	return writeNew(k.out+recordSuffix, signed)
}

// errWitness is returned for an act of the root, or the record of one, without two officers.
var errWitness = errors.New("two officers must be present")
