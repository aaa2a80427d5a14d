package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// discardUnfinished deals with what a ceremony that was broken off has left: its directory, and the root's key if it is
// that ceremony's own. Nothing of it has ever been used.
func (c *program) discardUnfinished(k *ceremony) error {
	making := c.dir + unfinished
	if _, err := os.Lstat(making); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if !k.discard {
		return &cli.UsageError{
			Zh: "上次仪式中断，留下 " + making + "（及根密钥文件）；没有启用过，加 --discard-unfinished 丢弃并重新开始",
			En: "a ceremony was broken off and has left " + making + " (and the root's key file); nothing of it is in use: " +
				"add --discard-unfinished to discard it and begin anew",
		}
	}
	if _, err := os.Lstat(k.rootFile); err == nil {
		if !sameRoot(filepath.Join(making, rootCertificateFile), k.rootFile) {
			return &cli.UsageError{Zh: "不是那次仪式的根密钥，不删除：" + k.rootFile,
				En: "is not the root's key of that ceremony and is not removed: " + k.rootFile}
		}
	}
	return errors.Join(removeIfThere(k.rootFile), removeIfThere(k.rootFile+rootCRLSuffix), os.RemoveAll(making))
}

// sameRoot tells whether a key file is that of a root certificate.
func sameRoot(certificate, keyFile string) bool {
	roots, err := readChains([]string{certificate})
	if err != nil {
		return false
	}
	text, err := os.ReadFile(keyFile)
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))
	if err != nil || at < 0 {
		return false
	}
	own, err := pki.ParseCertificatesPEM(text[at:])
	return err == nil && own[0].Digest == roots[0].Digest
}
