package main

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// ceremony is the making of an authority (密钥仪式). The root's key never enters the data directory: it goes to a file under
// a passphrase of its own, to be kept away from every network.
type ceremony struct {
	organization string
	province     string
	base         string
	rootFile     string
	officers     []string
	discard      bool // what a ceremony that was broken off has left

	settings settings
	root     *ca.Authority
	rootKey  crypto.Signer
	issuing  *ca.Authority
	log      transcript
}

// Files of a data directory.
const (
	rootCertificateFile = "root.cer"
	issuingFile         = "issuing.pem"
	responderFile       = "ocsp.pem"
	timestampFile       = "timestamp.pem"
	escrowFile          = "escrow.pem"
	transcriptFile      = "ceremony.txt"
	unfinished          = ".unfinished"
)

func (c *program) initCommand() *cobra.Command {
	k := &ceremony{}
	cmd := &cobra.Command{
		Use: "init", Args: cobra.NoArgs,
		Short: "建立认证机构（密钥仪式）/ make an authority (key ceremony)",
		Long: "生成根密钥与签发密钥、OCSP 与时间戳证书、密钥管理中心的密钥，并写下由根密钥签名的仪式记录。根密钥写入 --root 指定的文件" +
			"（口令 ELICENSE_CA_ROOT_PASSPHRASE），不进入数据目录，请离线保管。" + cli.Between +
			"Makes root and issuing key, certificates for OCSP and timestamps and the key of the key management centre, and " +
			"writes a record of the ceremony signed by the root. The root's key goes to the file of --root under " +
			"ELICENSE_CA_ROOT_PASSPHRASE, never into the data directory; keep it offline.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.hold(cmd.Context(), k) },
	}
	f := cmd.Flags()
	f.StringVar(&k.organization, "organization", "", "机构名称 / name of the organisation")
	f.StringVar(&k.province, "province", "", "省份 / province")
	f.StringVar(&k.base, "base", "", "证书中 CRL、OCSP 的网址前缀 / address under which CRLs and OCSP are published")
	f.StringVar(&k.rootFile, "root", "", "根密钥文件，放在数据目录之外 / file for the root's key, outside of the data directory")
	f.StringArrayVar(&k.officers, "officer", nil,
		"操作员 姓名:职责,职责:公钥，见 officer new（可多次）/ officer NAME:ROLE,ROLE:KEY, see officer new (may be repeated)")
	f.BoolVar(&k.discard, "discard-unfinished", false,
		"丢弃上次中断的仪式留下的文件，重新开始 / discard what a ceremony that was broken off has left, and begin anew")
	for _, name := range []string{"organization", "base", "root", "officer"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// hold makes everything beside the data directory and moves it into place when it is whole.
func (c *program) hold(ctx context.Context, k *ceremony) error {
	if err := pki.SelfTest(); err != nil {
		return err
	}
	if err := c.prepare(k); err != nil {
		return err
	}
	making := c.dir + unfinished
	if err := os.MkdirAll(making, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	if err := c.found(ctx, k, making); err != nil {
		return errors.Join(err, os.RemoveAll(making), removeIfThere(k.rootFile), removeIfThere(k.rootFile+rootCRLSuffix))
	}
	if err := removeIfThere(c.dir); err != nil {
		return err
	}
	if err := os.Rename(making, c.dir); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(filepath.Clean(c.dir))); err != nil {
		return err
	}
	return c.Emit(map[string]any{
		"root": hexDigest(k.root), "issuing": hexDigest(k.issuing), "transcript": filepath.Join(c.dir, transcriptFile),
	}, func() {
		c.Put(k.log.String())
		c.Tell("✓ 认证机构已建立：%s", "✓ the authority is made: %s", c.dir)
		c.Tell("根密钥在 %s，请移至离线介质，口令另行保管。", "The root's key is in %s: move it to a medium that is offline.",
			k.rootFile)
		c.Tell("下一步：%s serve；办理证书：%s apply --help", "Next: %s serve; to issue: %s apply --help", c.Name, c.Name)
	})
}

// prepare refuses everything that can be refused before anything is made.
func (c *program) prepare(k *ceremony) error {
	if list, err := os.ReadDir(c.dir); err == nil && len(list) > 0 {
		return &cli.UsageError{Zh: "数据目录不为空，不覆盖：" + c.dir,
			En: "the data directory is not empty and is not overwritten: " + c.dir}
	}
	if err := c.discardUnfinished(k); err != nil {
		return err
	}
	for _, path := range []string{k.rootFile, k.rootFile + rootCRLSuffix} {
		if _, err := os.Lstat(path); err == nil {
			return &cli.UsageError{Zh: "已存在，不覆盖：" + path, En: "exists and is not overwritten: " + path}
		}
	}
	u, err := url.Parse(k.base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.HasSuffix(k.base, "/") {
		return &cli.UsageError{Zh: "--base 应为网址，末尾不带斜线：" + k.base,
			En: "--base wants an address without a slash at its end: " + k.base}
	}
	officers, err := parseOfficers(k.officers)
	if err != nil {
		return err
	}
	if len(officers) < witnesses {
		return &cli.UsageError{Zh: "至少要有两名操作员：以后动用根密钥须两人到场",
			En: "two officers at least: both must be there whenever the root's key is opened"}
	}
	k.settings = settings{Format: settingsFormat, Authority: &authoritySettings{
		Base: k.base, Issuing: []string{issuingFile}, Responders: []string{responderFile}, Timestamp: timestampFile,
		Escrow: escrowFile, Officers: officers,
	}}
	return nil
}

// found makes keys, register and certificates in a directory.
func (c *program) found(ctx context.Context, k *ceremony, dir string) error {
	k.log.add("time", c.Now().UTC().Format("2006-01-02T15:04:05Z"))
	k.log.add("organization", k.organization)
	s, err := c.newStation(ctx, dir, k.settings)
	if err != nil {
		return err
	}
	err = c.makeAuthorities(k, s)
	if err == nil {
		err = c.makeOwn(ctx, k, s)
	}
	return errors.Join(err, s.close())
}

// newStation makes the engine of a new data directory with its master key.
func (c *program) newStation(ctx context.Context, dir string, set settings) (*station, error) {
	inner, err := badger.Open(badger.Config{Dir: filepath.Join(dir, registerDir)})
	if err != nil {
		return nil, fmt.Errorf("opening the register: %w", err)
	}
	s := &station{dir: dir, settings: set, inner: inner}
	if err := c.makeMaster(ctx, s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if _, err := sealed.CreateKeyring(ctx, inner, s.master, c.Rand); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := c.unseal(ctx, s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (c *program) makeMaster(ctx context.Context, s *station) error {
	var err error
	if path := c.Env("ELICENSE_CA_MASTER_FILE"); path != "" {
		s.master, err = masterFromFile(path)
		return err
	}
	passphrase, err := c.passphrase()
	if err != nil {
		return err
	}
	stretch, err := sealed.NewStretch(c.Rand)
	if err != nil {
		return err
	}
	if s.master, err = sealed.MasterFromPassphrase(passphrase, stretch); err != nil {
		return err
	}
	return sealed.SaveStretch(ctx, s.inner, stretch)
}

// makeAuthorities makes the root and the authority that signs below it.
func (c *program) makeAuthorities(k *ceremony, s *station) error {
	passphrase, err := c.secret("ELICENSE_CA_ROOT_PASSPHRASE")
	if err != nil {
		return err
	}
	config := ca.Config{Rand: c.Rand, Now: c.Now, Base: k.base}
	name := ca.Name{Province: k.province, Organization: k.organization, CommonName: k.organization + " 根证书"}
	if k.root, err = ca.NewRoot(config, name); err != nil {
		return err
	}
	name.CommonName = k.organization + " 签发证书"
	if k.issuing, err = k.root.NewIssuing(name); err != nil {
		return err
	}
	text, err := k.root.Save([]byte(passphrase))
	if err != nil {
		return err
	}
	if k.rootKey, _, err = parsePair(text, []byte(passphrase)); err != nil {
		return err
	}
	// The certificate first: by it --discard-unfinished knows the key of a ceremony that was broken off.
	if err := writeNew(filepath.Join(s.dir, rootCertificateFile), pki.AppendPEM(nil, k.root.Certificate())); err != nil {
		return err
	}
	if err := replaceFile(k.rootFile, text); err != nil {
		return err
	}
	if text, err = k.issuing.Save(keyPassphrase(s.master)); err != nil {
		return err
	}
	for _, a := range []*ca.Authority{k.root, k.issuing} {
		k.log.add("authority", a.Certificate().Subject, "key", a.KeyID().String(), "certificate", hexDigest(a))
	}
	return writeNew(filepath.Join(s.dir, issuingFile), text)
}

// makeOwn certifies the authority's own programs and closes the ceremony's record.
func (c *program) makeOwn(ctx context.Context, k *ceremony, s *station) error {
	if err := c.makeEscrow(k, s); err != nil {
		return err
	}
	o := &office{station: s}
	var err error
	none := map[string]int{ca.ProfileOCSP: 0, ca.ProfileTSA: 0} // the ceremony itself is the approval
	if o.register, err = c.openRegister(ctx, o, []*ca.Authority{k.issuing}, none); err != nil {
		return err
	}
	for _, own := range []ownProgram{
		{by: founding, profile: ca.ProfileOCSP, file: responderFile, name: "OCSP"},
		{by: founding, profile: ca.ProfileTSA, file: timestampFile, name: "时间戳"},
	} {
		issued, err := c.certify(ctx, o, own,
			ca.Name{Province: k.province, Organization: k.organization, CommonName: k.organization + " " + own.name})
		if err != nil {
			return err
		}
		k.log.add("certificate", own.profile, "serial", issued.ID.Serial.String())
	}
	if err := c.firstCRL(ctx, k, o); err != nil {
		return err
	}
	for _, officer := range k.settings.Authority.Officers {
		k.log.add("officer", officer.Name, "roles", strings.Join(officer.Roles, ","), "key", officer.Key)
	}
	return c.closeCeremony(k, s.dir)
}

// firstCRL makes the root's first CRL, which revokes nothing: a judge wants one for the issuing authority's certificate.
func (c *program) firstCRL(ctx context.Context, k *ceremony, o *office) error {
	der, err := k.root.NextCRL(nil, nil, rootCRLDays*24*time.Hour)
	if err != nil {
		return err
	}
	if err := k.log.addCRL(der); err != nil {
		return err
	}
	if err := o.register.TakeFromAbove(ctx, founding, ca.FromAbove{CRLs: [][]byte{der}, Note: "建立"}); err != nil {
		return err
	}
	return replaceFile(k.rootFile+rootCRLSuffix, der)
}

// ownProgram is a program of the authority's own that needs a certificate, and who has it made.
type ownProgram struct {
	by            ca.Actor
	issuer        ca.KeyID // zero: the first that may
	profile, file string
	name          string
}

// certify makes a key for a program of the authority's own, has it certified and writes both to a file.
func (c *program) certify(ctx context.Context, o *office, p ownProgram, name ca.Name) (*ca.Issued, error) {
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return nil, err
	}
	csr, err := ca.MakeRequest(c.Rand, key)
	if err != nil {
		return nil, err
	}
	id, err := o.register.NewApplicationID()
	if err != nil {
		return nil, err
	}
	done, err := o.register.Enrol(ctx, p.by, id, ca.Enrolment{Profile: p.profile, Issuer: p.issuer, Subject: name, CSR: csr})
	if err != nil {
		return nil, err
	}
	return done.Certificate, c.writePair(ctx, o, p.file, key, done.Certificate)
}

// writePair writes a key and the chain of its certificate.
func (c *program) writePair(ctx context.Context, o *office, file string, key crypto.Signer, issued *ca.Issued) error {
	text, err := pki.MarshalKey(key, keyPassphrase(o.master), c.Rand)
	if err != nil {
		return err
	}
	own, err := issued.Certificate()
	if err != nil {
		return err
	}
	chains, err := o.register.IssuerChains(ctx, issued.ID.Issuer)
	if err != nil || len(chains) == 0 {
		return errors.Join(err, errNoAuthority)
	}
	text = pki.AppendPEM(text, own)
	return replaceFile(filepath.Join(o.dir, file), pki.AppendPEM(text, chains[len(chains)-1]...))
}

func (c *program) makeEscrow(k *ceremony, s *station) error {
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	text, err := pki.MarshalKey(key, keyPassphrase(s.master), c.Rand)
	if err != nil {
		return err
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return err
	}
	k.log.add("escrow", hex.EncodeToString(public.Point()))
	return writeNew(filepath.Join(s.dir, escrowFile), text)
}

// closeCeremony signs the record with the root's key and writes the settings.
func (c *program) closeCeremony(k *ceremony, dir string) error {
	signer, err := sm2note.NewSigner(k.root.KeyID().String(), k.rootKey, c.Rand)
	if err != nil {
		return err
	}
	signed, err := k.log.sign(signer)
	if err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, transcriptFile), signed); err != nil {
		return err
	}
	text, err := k.settings.marshal()
	if err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, settingsFile), text)
}

func hexDigest(a *ca.Authority) string {
	d := a.Certificate().Digest
	return hex.EncodeToString(d[:])
}
