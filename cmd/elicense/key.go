package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
)

func (c *program) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "更换主密钥与数据密钥 / change the master key and the data keys"}
	cmd.AddCommand(c.keyRotateCommand(), c.keyRenewCommand())
	return cmd
}

func (c *program) keyRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "更换主密钥 / put everything under another master key", Args: cobra.NoArgs,
		Long: "停服后运行。旧主密钥照常由环境变量给出，新主密钥由 ELICENSE_NEW_MASTER_FILE、ELICENSE_NEW_PASSPHRASE_FILE 或\n" +
			"ELICENSE_NEW_PASSPHRASE 给出；沙箱自行生成。所有密钥环和密钥文件一并换到新主密钥之下，数据本身不重写。\n" +
			"任何时刻中断都不要紧：再运行一次即完成；中断后数据目录要么用旧的、要么用新的主密钥打开。" + cli.Between +
			"With the service stopped. The old key is given as always, the new one by ELICENSE_NEW_MASTER_FILE,\n" +
			"ELICENSE_NEW_PASSPHRASE_FILE or ELICENSE_NEW_PASSPHRASE; a sandbox draws its own. All keyrings and key files go\n" +
			"under the new key; the data itself is not written again. Broken off at any moment, the data directory opens with the\n" +
			"old key or with the new one, and the same command finishes it.",
		Example: "  ELICENSE_MASTER_FILE=/etc/elicense/master ELICENSE_NEW_MASTER_FILE=/etc/elicense/master.new elicense key rotate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed, err := c.rotateMaster(cmd.Context())
			if err != nil {
				return err
			}
			return c.Emit(map[string]any{"data": c.dir, "changed": changed}, func() {
				if changed {
					c.Tell("主密钥已更换", "the master key is changed")
				} else {
					c.Tell("已在新主密钥之下，无须再换", "the new master key is in use already; nothing was changed")
				}
				c.Tell("以前的备份仍须旧主密钥才能恢复：请立即做一次新备份，旧主密钥与旧备份一同保管或销毁。",
					"Earlier backups open with the old key alone: make a backup now, and keep or destroy the old key together with them.")
				c.Tell("旧主密钥若已泄露，接着更换数据密钥：%s key renew",
					"if the old key may be known to others, go on with the data keys: %s key renew", c.again())
			})
		},
	}
}

func (c *program) keyRenewCommand() *cobra.Command {
	return &cobra.Command{
		Use: "renew", Short: "更换数据密钥并重新加密 / draw new data keys and seal everything anew", Args: cobra.NoArgs,
		Long: "为每个存储生成新的数据密钥，将全部数据移到其下，再删除旧密钥。可随时中断，再次运行则继续。\n" +
			"服务运行时可用 elicense serve --renew-data-keys，不停服。" + cli.Between +
			"Draws a data key for each store, moves everything under it and takes the former key away. It may be broken off and\n" +
			"goes on when it is run again. While the service runs: elicense serve --renew-data-keys.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			h, err := c.openHouse(cmd.Context(), c.dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.close()) }()
			moved, err := c.renewAll(cmd.Context(), h, renewal{fresh: true})
			if err != nil {
				return err
			}
			return c.Emit(map[string]any{"data": c.dir, "moved": moved}, func() {
				c.Tell("数据密钥已更换，重新加密 %d 项", "the data keys are renewed; %d values were sealed anew", moved)
			})
		},
	}
}

// renewal is how data keys are renewed.
type renewal struct {
	fresh bool                                       // draw new keys, unless a renewal is under way; else only finish
	rest  func(context.Context, time.Duration) error // after a part that took so long; nil: none
	done  func(store string, moved int)              // nil: nobody is told
}

// renewAll renews the data keys of every store that there is, or goes on where a renewal was broken off.
func (c *program) renewAll(ctx context.Context, h *house, r renewal) (moved int, err error) {
	for _, name := range backedUp() {
		inner, err := h.engineNamed(name)
		if err != nil {
			return moved, err
		}
		if inner == nil {
			continue
		}
		e, err := c.store(ctx, h, name)
		if isKept(name) && errors.Is(err, sealed.ErrNoKeyring) {
			continue // made and never used
		}
		if err != nil {
			return moved, err
		}
		n, err := c.renewStore(ctx, e, h.master, r)
		moved += n
		if err != nil {
			return moved, err
		}
		if r.done != nil && n > 0 {
			r.done(name, n)
		}
	}
	return moved, nil
}

func (c *program) renewStore(ctx context.Context, e *sealed.Engine, master sealed.Master, r renewal) (int, error) {
	if e.Keys().DataKeys() == 1 {
		if !r.fresh {
			return 0, nil
		}
		if err := e.NewDataKey(ctx, master); err != nil {
			return 0, err
		}
	}
	all := 0
	for next, more := []byte(nil), true; more; more = next != nil {
		began := c.Now()
		var moved int
		var err error
		if next, moved, err = e.Rewrap(ctx, next); err != nil {
			return all, err
		}
		all += moved
		if r.rest != nil {
			if err := r.rest(ctx, c.Now().Sub(began)); err != nil {
				return all, err
			}
		}
	}
	return all, e.RetireDataKeys(ctx, master)
}
