package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/pki/ca"
)

// A backup is a directory: the register's stream, and every file of the data directory as it stands. Keys in it are
// encrypted; the master key is not in it.
const backupFile = "register.backup"

func (c *program) backupCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "backup DIR", Args: cobra.ExactArgs(1),
		Short: "备份到新目录，服务不必停 / back up to a new directory while the service runs",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				if who.Roles&ca.RoleOperate == 0 {
					return &cli.UsageError{Zh: "备份需要 operate 职责", En: "a backup needs the role operate"}
				}
				return c.backup(ctx, o, c.path(args[0]))
			})
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

func (c *program) backup(ctx context.Context, o *office, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	pairs, err := backupInto(ctx, o, dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return c.Emit(map[string]any{"backup": dir, "pairs": pairs}, func() {
		c.Tell("✓ 已备份并核对：%s（%d 项）", "✓ backed up and checked: %s (%d pairs)", dir, pairs)
		c.Tell("主密钥不在其中，请另行保管；恢复后须出示最后发布的 CRL（catch-up）。",
			"The master key is not in it. After a restore the last published CRLs are wanted: see catch-up.")
	})
}

func backupInto(ctx context.Context, o *office, dir string) (uint64, error) {
	f, err := os.OpenFile(filepath.Join(dir, backupFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = o.inner.Backup(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		_, err = f.Seek(0, 0)
	}
	var pairs uint64
	if err == nil {
		pairs, err = badger.VerifyBackup(ctx, f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return pairs, copyFiles(o.dir, dir)
}

// copyFiles copies the plain files of one directory into another.
func copyFiles(from, to string) error {
	list, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !e.Type().IsRegular() || e.Name() == backupFile {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = writeNew(filepath.Join(to, e.Name()), text)
		}
		if err != nil {
			return fmt.Errorf("copying %s: %w", e.Name(), err)
		}
	}
	return syncDir(to)
}

func (c *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore BACKUP", Args: cobra.ExactArgs(1),
		Short: "由备份恢复到新的数据目录 / restore a backup into a new data directory",
		Long: "恢复后不签发、不应答，直到用 catch-up 出示最后发布的 CRL。" + cli.Between +
			"What is restored neither issues nor answers until catch-up has shown it the last published CRLs.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.restore(cmd.Context(), args[0]) },
	}
}

// restorer is the restore in the register's audit.
var restorer = ca.Actor{Name: "restore", Roles: ca.RoleOperate}

func (c *program) restore(ctx context.Context, backup string) error {
	if list, err := os.ReadDir(c.dir); err == nil && len(list) > 0 {
		return &cli.UsageError{Zh: "数据目录不为空，不覆盖：" + c.dir,
			En: "the data directory is not empty and is not overwritten: " + c.dir}
	}
	f, err := os.Open(filepath.Join(backup, backupFile))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	if _, err := badger.Restore(ctx, badger.Config{Dir: filepath.Join(c.dir, registerDir)}, f); err != nil {
		return err
	}
	if err := copyFiles(backup, c.dir); err != nil {
		return err
	}
	o, err := c.openOffice(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(o.register.MarkRestored(ctx, restorer), o.close())
	if err != nil {
		return err
	}
	return c.Emit(map[string]any{"restored": c.dir}, func() {
		c.Tell("✓ 已恢复：%s；下一步：%s catch-up，出示最后发布的 CRL", "✓ restored: %s; next: %s catch-up with the last published CRLs",
			c.dir, c.Name)
	})
}

func (c *program) catchUpCommand() *cobra.Command {
	var officer, note string
	var crls, certificates []string
	var lost bool
	cmd := &cobra.Command{
		Use: "catch-up", Args: cobra.NoArgs,
		Short: "恢复后追上已发布的状态 / bring a restored register up to what was published",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				p := ca.Published{AcceptLost: lost, Note: note}
				var err error
				if p.CRLs, err = c.readAll(crls, "X509 CRL"); err != nil {
					return err
				}
				if p.Certificates, err = c.readAll(certificates, "CERTIFICATE"); err != nil {
					return err
				}
				if err := o.register.CatchUp(ctx, who, p); err != nil {
					return err
				}
				return c.Emit(map[string]any{"behind": o.register.Behind()}, func() {
					c.Tell("✓ 已追上，恢复签发", "✓ caught up; issuing again")
				})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	f := cmd.Flags()
	f.StringArrayVar(&crls, "crl", nil, "最后发布的 CRL：每个签发机构的全量，以及更新的分片与增量 / last published CRL (may be repeated)")
	f.StringArrayVar(&certificates, "certificate", nil, "备份之后签发的证书 / certificate issued after the backup (may be repeated)")
	f.BoolVar(&lost, "accept-lost", false, "放弃找不到的证书 / give up certificates that are not found")
	f.StringVar(&note, "note", "", "经过 / what happened")
	cobra.CheckErr(cmd.MarkFlagRequired("crl"))
	return cmd
}

func (c *program) readAll(paths []string, kind string) ([][]byte, error) {
	var list [][]byte
	for _, p := range paths {
		der, err := readDER(c.path(p), kind)
		if err != nil {
			return nil, err
		}
		list = append(list, der)
	}
	return list, nil
}
