package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func (c *cli) auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "审计与全库复核 / audit, and re-hashing of the whole vault"}
	var first int
	list := &cobra.Command{
		Use: "list", Short: "审计记录 / audit entries", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				return h.vault.AuditTrail(cmd.Context(), c.operator(h, "查看审计"), first, func(e *record.AuditEntry) bool {
					return c.emit(e, func() {
						c.printf("%8d  %s  %-16s %-12s %s %s %s", "%8d  %s  %-16s %-12s %s %s %s",
							e.Number, e.Time.Format("2006-01-02 15:04:05"), e.Asked.Caller, e.Act, e.Result, e.Licence, e.Batch)
					}) == nil
				})
			})
		},
	}
	list.Flags().IntVar(&first, "from", 1, "从第几条起 / first entry")
	check := &cobra.Command{
		Use: "verify", Short: "重算全库：记录、签名、事件、索引、账本、审计链 / re-hash everything", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error { return c.inspectAll(cmd.Context(), h) })
		},
	}
	cmd.AddCommand(list, check)
	return cmd
}

func (c *cli) inspectAll(ctx context.Context, h *house) error {
	in, err := h.vault.Inspect(ctx, c.operator(h, "全库复核"), nil)
	if err != nil {
		return err
	}
	err = c.emit(in, func() {
		decision := c.say("通过：全库一致", "passed: the vault agrees with itself")
		if len(in.Findings) > 0 {
			decision = c.say("不通过：有异常", "not passed: something does not agree")
		}
		c.printf("%s", "%s", decision)
		c.printf("证照 %d，版本 %d，事件 %d，验签 %d，账本叶子 %d（另 %d 待入账），审计记录 %d", "licences %d, versions %d, events %d, signatures %d, leaves %d (%d staged), audit entries %d",
			in.Licences, in.Versions, in.Events, in.Signatures, in.Leaves, in.Staged, in.AuditEntries)
		for _, f := range in.Findings {
			c.printf("  ! %s：%s", "  ! %s: %s", f.Where, f.What)
		}
	})
	if err == nil && len(in.Findings) > 0 {
		return &exitError{exitNotPassed}
	}
	return err
}

func (c *cli) signedByCommand() *cobra.Command {
	return &cobra.Command{
		Use: "signed-by KEY", Short: "某证书签过什么（证书文件或 SM3 指纹）/ what a key has signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			digest, err := certificateDigest(args[0])
			if err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				n := 0
				err := h.vault.SignedBy(cmd.Context(), c.operator(h, "密钥泄露演练"), digest, func(s vault.SignedVersion) bool {
					n++
					return c.emit(s, func() { c.printf("%s  %s", "%s  %s", s.Identifier, s.IssuedOn) }) == nil
				})
				if err == nil {
					c.printf("共 %d 个版本", "%d versions", n)
				}
				return err
			})
		},
	}
}

// certificateDigest reads 64 hexadecimal digits, or the first certificate of a PEM file.
func certificateDigest(s string) (d [32]byte, err error) {
	if n, err := hex.Decode(d[:], []byte(s)[:min(len(s), 64)]); err == nil && n == 32 && len(s) == 64 {
		return d, nil
	}
	text, err := os.ReadFile(s)
	if err != nil {
		return d, &usageError{"KEY 应是证书文件或 64 位十六进制 SM3 指纹", "KEY wants a certificate file or 64 hexadecimal digits"}
	}
	if at := strings.Index(string(text), "-----BEGIN CERTIFICATE-----"); at > 0 {
		text = text[at:]
	}
	certs, err := pki.ParseCertificatesPEM(text)
	if err != nil {
		return d, err
	}
	return certs[0].Digest, nil
}

// A backup is a directory: the two engines' streams, keys and settings, and the last checkpoint.
const (
	backupVault = "vault.backup"
	backupBlobs = "blobs.backup"
)

func (c *cli) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup DIR", Short: "备份到新目录（密文；主密钥另存）/ back up to a new directory", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				if err := c.backup(cmd.Context(), h, args[0]); err != nil {
					return err
				}
				return c.emit(map[string]string{"backup": args[0]}, func() {
					c.printf("已备份到 %s。主密钥不在其中，请另行保管。", "backed up to %s. The master key is not in it.", args[0])
				})
			})
		},
	}
}

func (c *cli) backup(ctx context.Context, h *house, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	err := c.backupAll(ctx, h, dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

func (c *cli) backupAll(ctx context.Context, h *house, dir string) error {
	if cp, err := h.vault.Checkpoint(ctx); err == nil {
		if err := writeFile(filepath.Join(h.dir, publishFile), cp); err != nil {
			return err
		}
	} else if !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	// blobs after the vault would lack nothing either, but blobs first would miss those written meanwhile
	for _, e := range []struct {
		engine *badger.Engine
		name   string
	}{{h.main, backupVault}, {h.blobs, backupBlobs}} {
		if err := backupEngine(ctx, e.engine, filepath.Join(dir, e.name)); err != nil {
			return err
		}
	}
	return copyTree(h.dir, dir, houseFile, "keys", "published")
}

func backupEngine(ctx context.Context, e *badger.Engine, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = e.Backup(ctx, f)
	return errors.Join(err, f.Sync(), f.Close())
}

// copyTree copies files and directories by name.
func copyTree(from, to string, names ...string) error {
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(from, name), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				if errors.Is(err, os.ErrNotExist) {
					return nil
				}
				return err
			}
			if d.IsDir() {
				return nil
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return writeFile(filepath.Join(to, rel), content)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) restoreCommand() *cobra.Command {
	var published string
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "从备份恢复到空的数据目录 / restore into an empty data directory",
		Long: "恢复后暂停写入，直到账本追上最后公布的检查点：用 --published 给出它（各处保存的 checkpoint 文件）。\n" +
			"After a restore writing stays closed until the ledger holds everything under the last published checkpoint.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := c.restore(cmd.Context(), args[0]); err != nil {
					return err
				}
				c.printf("已恢复到 %s，写入暂停。", "restored to %s; writing is closed.", c.dir)
			}
			if published == "" {
				c.printf("下一步：elicense restore --published 最后公布的检查点", "next: elicense restore --published the last published checkpoint")
				return nil
			}
			return c.withHouse(cmd.Context(), func(h *house) error { return c.catchUp(cmd.Context(), h, published) })
		},
	}
	cmd.Flags().StringVar(&published, "published", "", "最后公布的检查点文件 / file of the last published checkpoint")
	return cmd
}

func (c *cli) restore(ctx context.Context, from string) error {
	if list, err := os.ReadDir(c.dir); err == nil && len(list) > 0 {
		return &usageError{"数据目录不为空：" + c.dir, "the data directory is not empty: " + c.dir}
	}
	made := c.dir + ".new"
	err := restoreAll(ctx, from, made)
	if err == nil {
		err = errors.Join(os.RemoveAll(c.dir), os.Rename(made, c.dir))
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	return c.withHouse(ctx, func(h *house) error { return h.vault.MarkRestored(ctx) })
}

func restoreAll(ctx context.Context, from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for file, name := range map[string]string{backupVault: "vault", backupBlobs: "blobs"} {
		f, err := os.Open(filepath.Join(from, file))
		if err != nil {
			return err
		}
		err = restoreEngine(ctx, filepath.Join(to, name), f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return copyTree(from, to, houseFile, "keys", "published")
}

func restoreEngine(ctx context.Context, dir string, r io.Reader) error {
	_, err := badger.Restore(ctx, badger.Config{Dir: dir}, r)
	return err
}

func (c *cli) catchUp(ctx context.Context, h *house, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	keys, err := verify.ParseLedgerKeys(h.signer.NoteKey())
	if err != nil {
		return err
	}
	cp, err := ledger.ParseCheckpoint(text, keys...)
	if err != nil {
		return err
	}
	if err := h.vault.CatchUp(ctx, c.operator(h, "恢复后开放写入"), cp.Checkpoint); err != nil {
		return err
	}
	return c.emit(json.RawMessage(`{"writable":true}`), func() {
		c.printf("账本已追上检查点（%d 条），写入已开放", "the ledger holds the checkpoint (%d leaves); writing is open", cp.Size)
	})
}
