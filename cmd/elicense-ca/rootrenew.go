package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Files of a new root in the directory that it is handed over in.
const (
	newWithOldFile = "new-with-old.cer"
	oldWithNewFile = "old-with-new.cer"
	newRootCRLFile = "root.crl"
)

func (c *program) rootRenewCommand() *cobra.Command {
	k := &rootAct{}
	var newFile string
	cmd := &cobra.Command{
		Use: "renew", Args: cobra.NoArgs,
		Short: "换根：新的根密钥和衔接证书 / a new root, with link certificates",
		Long: "生成同名的新根，旧根为新根、新根为旧根各签一张衔接证书（RFC 4210），并签发新根的第一份 CRL，都写入新目录 --out。" +
			"新根密钥写入 --new-root（口令 ELICENSE_CA_NEW_ROOT_PASSPHRASE）。" + cli.Between +
			"Makes a new root of the same name, a link certificate by the old root for the new one and one the other way round " +
			"(RFC 4210), and the new root's first CRL, all in the new directory --out. The new key goes to --new-root under " +
			"ELICENSE_CA_NEW_ROOT_PASSPHRASE.",
		RunE: func(*cobra.Command, []string) error { return c.renewRoot(k, newFile) },
	}
	c.rootFlags(cmd, k)
	cmd.Flags().StringVar(&newFile, "new-root", "", "新根密钥文件 / file for the new root's key")
	cobra.CheckErr(cmd.MarkFlagRequired("new-root"))
	return cmd
}

func (c *program) renewRoot(k *rootAct, newFile string) error {
	for _, path := range []string{newFile, newFile + rootCRLSuffix, k.out, k.out + recordSuffix} {
		if _, err := os.Lstat(path); err == nil {
			return &cli.UsageError{Zh: "已存在，不覆盖：" + path, En: "exists and is not overwritten: " + path}
		}
	}
	passphrase, err := c.secret("ELICENSE_CA_NEW_ROOT_PASSPHRASE")
	if err != nil {
		return err
	}
	if err := c.openRoot(k, "renew"); err != nil {
		return err
	}
	next, err := k.root.Renewed()
	if err != nil {
		return err
	}
	text, err := next.Save([]byte(passphrase))
	if err != nil {
		return err
	}
	key, _, err := parsePair(text, []byte(passphrase))
	if err != nil {
		return err
	}
	if err := k.sealBy(next, key, c); err != nil {
		return err
	}
	if err := c.handOver(k, next, newFile, text); err != nil {
		return err
	}
	return c.made(k, "下一步：root publish 发布此目录中的全部文件，再用 root certify --root "+newFile,
		"Next: root publish everything in it, then root certify --root "+newFile)
}

// handOver writes the key, then what is handed over: a directory without its record is worth nothing.
func (c *program) handOver(k *rootAct, next *ca.Authority, newFile string, text []byte) error {
	oldWithNew, newWithOld, err := ca.LinkCertificates(k.root, next)
	if err != nil {
		return err
	}
	list, err := next.NextCRL(nil, nil, rootCRLDays*24*time.Hour)
	if err != nil {
		return err
	}
	if err := errors.Join(replaceFile(newFile, text), replaceFile(newFile+rootCRLSuffix, list)); err != nil {
		return err
	}
	if err := os.Mkdir(k.out, 0o700); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	for name, x := range map[string]*pki.Certificate{
		rootCertificateFile: next.Certificate(), newWithOldFile: newWithOld, oldWithNewFile: oldWithNew,
	} {
		k.log.addCertificate(x)
		if err := writeNew(filepath.Join(k.out, name), pki.AppendPEM(nil, x)); err != nil {
			return err
		}
	}
	if err := errors.Join(k.log.addCRL(list), writeNew(filepath.Join(k.out, newRootCRLFile), list)); err != nil {
		return err
	}
	return k.closeAct()
}
