package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// A backup is a directory: the engines' streams, keys and settings, and the last checkpoint. Each engine has a stream
// of its directory's name.
const (
	vaultDir     = "vault"
	blobsDir     = "blobs"
	backupEnding = ".backup"
)

// backedUp are the engines in the order of their streams: what holds files comes after what refers to them, since files
// are durable first, so that a later stream has all that an earlier one needs.
func backedUp() []string { return []string{vaultDir, serviceDir, blobsDir, serviceFilesDir} }

// isKept tells the engines of the service, which there need not be.
func isKept(name string) bool { return name == serviceDir || name == serviceFilesDir }

func (c *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup DIR", Short: "备份到新目录（密文，不含主密钥） / back up to a new directory, without the master key",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0]) // a service has another working directory
			if err != nil {
				return err
			}
			return c.keeping(cmd.Context(), operator("备份"), func(d custodian) error {
				if err := d.backup(cmd.Context(), dir); err != nil {
					return err
				}
				return c.Emit(map[string]string{"backup": args[0]}, func() {
					c.Tell("已备份并核对：%s", "backed up and checked: %s", args[0])
					c.Tell("主密钥不在其中，请另行保管；最后公布的检查点在 published/checkpoint，请在别处留存。",
						"The master key is not in it: keep it apart. Keep copies of published/checkpoint elsewhere too.")
				})
			})
		},
	}
}

func (d *ownDesk) backup(ctx context.Context, dir string) error { return d.c.backup(ctx, d.h, dir) }

// backup makes one beside its place, dir, and moves it there when it is whole: what is left of one that was broken off
// cannot be taken for a backup.
func (c *program) backup(ctx context.Context, h *house, dir string) error {
	if err := freeToBackUp(dir); err != nil {
		return err
	}
	made := dir + unfinished
	if err := os.Mkdir(made, 0o700); err != nil {
		return err
	}
	err := h.withMaster(func(sealed.Master) error { return c.backupAll(ctx, h, made) }) // all under one master key
	if err == nil {
		err = moveIn(made, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	return nil
}

// freeToBackUp refuses a place where something lies, and one whose backup was broken off or is being made.
func freeToBackUp(dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return cli.Usage("已有 "+dir+"，不覆盖；请另起目录名", "there is "+dir+" already, and it is not overwritten; name another directory")
	}
	if _, err := os.Lstat(dir + unfinished); err == nil {
		return cli.Usage(
			"有一次未完成的备份："+dir+unfinished+"；若没有正在进行的备份，请删除该目录后重试，或另起目录名",
			"a backup was broken off: "+dir+unfinished+"; if none is being made, remove it and try again, or name another directory",
		)
	}
	return nil
}

func (c *program) backupAll(ctx context.Context, h *house, dir string) error {
	if cp, err := h.vault.Checkpoint(ctx); err == nil {
		if err := writeFile(filepath.Join(h.dir, publishFile), cp); err != nil {
			return err
		}
	} else if !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	for _, name := range backedUp() {
		e, err := h.engineNamed(name)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		if err := backupEngine(ctx, e, filepath.Join(dir, name+backupEnding)); err != nil {
			return err
		}
	}
	return copyTree(h.dir, dir, serviceFile, "keys", "published", houseFile) // in this order: see wholeBackup
}

// engineNamed is an engine by its directory; nil: the house has none of that name.
func (h *house) engineNamed(name string) (*badger.Engine, error) {
	switch name {
	case vaultDir:
		return h.main, nil
	case blobsDir:
		return h.blobs, nil
	}
	if _, err := os.Stat(filepath.Join(h.dir, name)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as said
	}
	return h.openKeptEngine(name)
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

func (c *program) restoreCommand() *cobra.Command {
	var published string
	var loss givenUp
	cmd := &cobra.Command{
		Use:   "restore [BACKUP]",
		Short: "从备份恢复到空的数据目录 / restore into an empty data directory",
		Long: "恢复后证照库关闭，直到账本追上最后公布的检查点：用 --published 给出它（各处留存的 checkpoint 文件）。\n" +
			"关闭期间不写入、不对外答复、不出具回执：备份之后吊销的证照，库还不知道。颁发部门可以查自己的证照。\n" +
			"再没有更新的备份时，用 --accept-loss 写明理由放弃缺失的部分：丢失的账本位置和号码一律跳过并注明，\n" +
			"此后每个检查点都写明丢失了什么；丢失的证照、变更、吊销、登记、授权和密级须重新录入。" + cli.Between +
			"After a restore the vault is closed until its ledger holds everything under the last published checkpoint, which\n" +
			"--published names: nothing is written, nobody outside is answered, nothing is signed, because it does not know\n" +
			"what was revoked since. Departments read their own licences. If there is no newer backup, --accept-loss gives up\n" +
			"what is missing, with a reason: its places in the ledger and its numbers are passed over and explained, and every\n" +
			"checkpoint says so. What was lost (licences, changes, revocations, registrations, consents, classifications)\n" +
			"must be entered again.",
		Example: "  elicense -d 新目录 restore 备份目录\n  elicense -d 新目录 restore --published checkpoint\n" +
			"  elicense -d 新目录 restore --published checkpoint --accept-loss 机房失火，再无备份 --beyond 500",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && published == "" {
				return cli.Usage("请给出备份目录，或 --published", "give a backup, or --published")
			}
			if published == "" && loss.reason != "" {
				return cli.Usage("--accept-loss 要与 --published 一起用", "--accept-loss goes with --published")
			}
			if len(args) == 1 {
				if err := c.restore(cmd.Context(), args[0], filepath.Clean(c.dir)); err != nil {
					return err
				}
				c.Tell("已恢复到 %s，证照库关闭：写入暂停，只有颁发部门能查自己的证照。",
					"restored to %s; the vault is closed: no writing, and only departments read their own licences.", c.dir)
			}
			if published == "" {
				return c.Emit(map[string]any{"restored": c.dir, "writable": false}, func() {
					c.Tell("接着：%s restore --published 最后公布的检查点文件",
						"next: %s restore --published FILE-OF-THE-LAST-CHECKPOINT", c.again())
				})
			}
			return c.with(cmd.Context(), operator("恢复后开放写入"), func(h *house, a vault.Access) error {
				return c.catchUp(cmd.Context(), h, a, published, loss)
			})
		},
	}
	cmd.Flags().StringVar(&loss.reason, "accept-loss", "", "放弃缺失的部分，写明理由 / give up what is missing, with the reason")
	cmd.Flags().Uint64Var(&loss.beyond, "beyond", 0,
		"该检查点之后还可能发生过多少笔业务，宁多勿少 / how many events may have followed that checkpoint; rather too many")
	cmd.Flags().StringVar(&published, "published", "", "最后公布的检查点文件 / file of the last published checkpoint")
	return cmd
}

// restore makes a data directory from a backup beside its place, closes it for writing, and only then moves it there: a
// refused backup or a crash leaves nothing, and there is no moment in which a restored vault could be written to.
func (c *program) restore(ctx context.Context, from, to string) error {
	if err := freeToMake(to); err != nil {
		return err
	}
	if err := wholeBackup(from); err != nil {
		return err
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

// wholeBackup refuses what is no backup, and one that was broken off: house.yaml is written last.
func wholeBackup(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, vaultDir+backupEnding)); err != nil {
		return cli.Usage("这不是备份目录："+dir, "this is no backup: "+dir)
	}
	if _, err := os.Stat(filepath.Join(dir, houseFile)); err != nil {
		return cli.Usage(
			"这个备份没有做完（缺 "+houseFile+"）："+dir+"；请换一份完整的备份",
			"this backup was broken off while it was made ("+houseFile+" is missing): "+dir+"; take one that is whole",
		)
	}
	return nil
}

// markRestored also proves that the master key at hand opens the backup.
func (c *program) markRestored(ctx context.Context, dir string) error {
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
	for _, name := range backedUp() {
		f, err := os.Open(filepath.Join(from, name+backupEnding))
		if isKept(name) && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = badger.Restore(ctx, badger.Config{Dir: filepath.Join(to, name)}, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
	}
	return copyTree(from, to, houseFile, serviceFile, "keys", "published")
}

// givenUp is what an operator says to give up what a backup lacks.
type givenUp struct {
	reason string
	beyond uint64
}

func (c *program) catchUp(ctx context.Context, h *house, a vault.Access, path string, loss givenUp) error {
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
		return cli.Usage(
			"这不是本库签名的检查点："+path, "this is no checkpoint that this vault signed: "+path,
		)
	}
	if loss.reason != "" {
		return c.acceptLoss(ctx, h, a, vault.Loss{Published: cp.Checkpoint, Beyond: loss.beyond, Reason: loss.reason})
	}
	if err := h.vault.CatchUp(ctx, a, cp.Checkpoint); err != nil {
		return err
	}
	return c.Emit(map[string]any{"restored": c.dir, "writable": true}, func() {
		c.Tell("账本已追上检查点（%d 条），写入已开放", "the ledger holds the checkpoint (%d leaves); writing is open", cp.Size)
	})
}

func (c *program) acceptLoss(ctx context.Context, h *house, a vault.Access, loss vault.Loss) error {
	lost, err := h.vault.AcceptLoss(ctx, a, loss)
	if err != nil {
		return err
	}
	return c.Emit(lost, func() {
		c.Tell("已放弃账本第 %d 至 %d 条，写入已开放", "leaves %d to %d of the ledger are given up; writing is open", lost.From, lost.To-1)
		if !lost.Known.IsZero() {
			c.Tell("库中最后一笔业务：%s。此后的签发、变更、吊销、登记、授权和密级都已丢失，须重新录入；",
				"The last event it holds: %s. Issues, changes, revocations, registrations, consents and classifications since are lost:",
				c.When(lost.Known, h.zone))
			c.Tell("在此之前，丢失的吊销在库中仍显示有效。", "enter them again; until then a revocation that was lost still reads valid.")
		}
		c.Tell("各号段已跳过 %d 个号，见 numbers；“已全部转换”的声明均已撤销。请公布新检查点：%s proof checkpoint",
			"Each series passes over %d numbers, see numbers; declarations of converted stock are void. Publish: %s proof checkpoint",
			lost.To-lost.From, c.again())
	})
}
