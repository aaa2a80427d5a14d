package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// A backup is a directory: the two engines' streams, keys and settings, and the last checkpoint.
const (
	backupVault = "vault.backup"
	backupBlobs = "blobs.backup"
)

func (c *cli) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup DIR", Short: "备份到新目录（密文，不含主密钥） / back up to a new directory, without the master key",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), operator("备份"), func(h *house, _ vault.Access) error {
				if err := c.backup(cmd.Context(), h, args[0]); err != nil {
					return err
				}
				return c.emit(map[string]string{"backup": args[0]}, func() {
					c.tell("已备份并核对：%s", "backed up and checked: %s", args[0])
					c.tell("主密钥不在其中，请另行保管；最后公布的检查点在 published/checkpoint，请在别处留存。",
						"The master key is not in it: keep it apart. Keep copies of published/checkpoint elsewhere too.")
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
	// The vault first: blobs are durable before what refers to them, so the later stream has all that the earlier needs.
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

// backupEngine writes one engine's stream durably and reads it back to its end: a backup that cannot be read is none.
func backupEngine(ctx context.Context, e *badger.Engine, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = e.Backup(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = badger.VerifyBackup(ctx, f)
	}
	return errors.Join(err, f.Close())
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
			content, err := os.ReadFile(path) //nolint:gosec // the operator's own directory, closed to others
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
		Use:   "restore [BACKUP]",
		Short: "从备份恢复到空的数据目录 / restore into an empty data directory",
		Long: "恢复后暂停写入，直到账本追上最后公布的检查点：用 --published 给出它（各处留存的 checkpoint 文件）。\n" +
			"备份之后、故障之前发出的号码和账本位置，不会再发一次。" + between +
			"After a restore writing stays closed until the ledger holds everything under the last published checkpoint,\n" +
			"which --published names. What was given out after the backup is not given out again.",
		Example: "  elicense -d 新目录 restore 备份目录\n  elicense -d 新目录 restore --published checkpoint",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && published == "" {
				return &usageError{"请给出备份目录，或 --published", "give a backup, or --published"}
			}
			if len(args) == 1 {
				if err := c.restore(cmd.Context(), args[0], filepath.Clean(c.dir)); err != nil {
					return err
				}
				c.tell("已恢复到 %s，写入暂停，可以查询。", "restored to %s; reading is open, writing is closed.", c.dir)
			}
			if published == "" {
				return c.emit(map[string]any{"restored": c.dir, "writable": false}, func() {
					c.tell("接着：%s restore --published 最后公布的检查点文件",
						"next: %s restore --published FILE-OF-THE-LAST-CHECKPOINT", c.again())
				})
			}
			return c.with(cmd.Context(), operator("恢复后开放写入"), func(h *house, a vault.Access) error {
				return c.catchUp(cmd.Context(), h, a, published)
			})
		},
	}
	cmd.Flags().StringVar(&published, "published", "", "最后公布的检查点文件 / file of the last published checkpoint")
	return cmd
}

// restore makes a data directory from a backup beside its place, closes it for writing, and only then moves it there: a
// refused backup or a crash leaves nothing, and there is no moment in which a restored vault could be written to.
func (c *cli) restore(ctx context.Context, from, to string) error {
	if err := freeToMake(to); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(from, backupVault)); err != nil {
		return &usageError{"这不是备份目录：" + from, "this is no backup: " + from}
	}
	made := to + unfinished
	err := restoreAll(ctx, from, made)
	if err == nil {
		err = c.markRestored(ctx, made)
	}
	if err == nil {
		err = moveIn(made, to)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	return nil
}

// markRestored also proves that the master key at hand opens the backup.
func (c *cli) markRestored(ctx context.Context, dir string) error {
	h, err := c.openHouse(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(h.vault.MarkRestored(ctx), h.close())
}

func restoreAll(ctx context.Context, from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, x := range []struct{ file, engine string }{{backupVault, "vault"}, {backupBlobs, "blobs"}} {
		f, err := os.Open(filepath.Join(from, x.file))
		if err != nil {
			return err
		}
		_, err = badger.Restore(ctx, badger.Config{Dir: filepath.Join(to, x.engine)}, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("restoring %s: %w", x.file, err)
		}
	}
	return copyTree(from, to, houseFile, "keys", "published")
}

func (c *cli) catchUp(ctx context.Context, h *house, a vault.Access, path string) error {
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
		return &usageError{
			"这不是本库签名的检查点：" + path, "this is no checkpoint that this vault signed: " + path,
		}
	}
	if err := h.vault.CatchUp(ctx, a, cp.Checkpoint); err != nil {
		return err
	}
	return c.emit(map[string]any{"restored": c.dir, "writable": true}, func() {
		c.tell("账本已追上检查点（%d 条），写入已开放", "the ledger holds the checkpoint (%d leaves); writing is open", cp.Size)
	})
}
