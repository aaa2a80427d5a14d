package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
)

func (c *program) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "更换主密钥、数据密钥、令牌密钥 / change the master key, the data keys, the key of logins"}
	cmd.AddCommand(c.keyRotateCommand(), c.keyRenewCommand(), c.keyLoginCommand())
	return cmd
}

func (c *program) keyRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "更换主密钥，服务不停 / put everything under another master key, also while serving", Args: cobra.NoArgs,
		Long: "旧主密钥照常由环境变量给出，新主密钥由 ELICENSE_NEW_MASTER_FILE、ELICENSE_NEW_PASSPHRASE_FILE 或\n" +
			"ELICENSE_NEW_PASSPHRASE 给出；沙箱自行生成。所有密钥环和密钥文件一并换到新主密钥之下，数据本身不重写。\n" +
			"elicense serve 正在运行时由它更换，不停服：用本机的 " + controlFile + " 套接字交办，新主密钥以旧主密钥加密传递。\n" +
			"任何时刻中断都不要紧：再运行一次即完成；中断后数据目录要么用旧的、要么用新的主密钥打开。" + cli.Between +
			"The old key is given as always, the new one by ELICENSE_NEW_MASTER_FILE, ELICENSE_NEW_PASSPHRASE_FILE or\n" +
			"ELICENSE_NEW_PASSPHRASE; a sandbox draws its own. All keyrings and key files go under the new key; the data itself\n" +
			"is not written again. While elicense serve runs, it does so itself and goes on answering: it is asked over the local\n" +
			"socket " + controlFile + " of the data directory, and the new key goes there sealed under the old one. Broken off at\n" +
			"any moment, the data directory opens with the old key or with the new one, and the same command finishes it.",
		Example: "  ELICENSE_MASTER_FILE=/etc/elicense/master ELICENSE_NEW_MASTER_FILE=/etc/elicense/master.new elicense key rotate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed, serving, err := c.rotateAnyway(cmd.Context())
			if err != nil {
				return err
			}
			return c.Emit(map[string]any{"data": c.dir, "changed": changed, "serving": serving}, func() {
				c.tellRotated(changed, serving)
			})
		},
	}
}

// rotateAnyway changes the master key, or has the service do it that has the data directory open.
func (c *program) rotateAnyway(ctx context.Context) (changed, serving bool, err error) {
	changed, err = c.rotateMaster(ctx)
	if !errors.Is(err, engine.ErrLocked) {
		return changed, false, err
	}
	changed, err = c.askRotation(ctx)
	return changed, true, err
}

func (c *program) tellRotated(changed, serving bool) {
	if changed {
		c.Tell("主密钥已更换", "the master key is changed")
	} else {
		c.Tell("已在新主密钥之下，无须再换", "the new master key is in use already; nothing was changed")
	}
	switch next, present := c.Env(nextKey.file), c.Env(presentKey.file); {
	case !serving:
	case next != "" && present != "":
		c.Tell("服务没有停。下次启动要用新主密钥，现在就替换：mv %s %s",
			"The service went on. Its next start needs the new key, so replace the old one now: mv %s %s", next, present)
	default:
		c.Tell("服务没有停，下次启动用新主密钥", "The service went on; its next start takes the new key")
	}
	c.Tell("以前的备份仍须旧主密钥才能恢复：请立即做一次新备份，旧主密钥与旧备份一同保管或销毁。",
		"Earlier backups open with the old key alone: make a backup now, and keep or destroy the old key together with them.")
	c.Tell("旧主密钥若已泄露，接着更换数据密钥：%s key renew",
		"if the old key may be known to others, go on with the data keys: %s key renew", c.again())
}

func (c *program) keyRenewCommand() *cobra.Command {
	return &cobra.Command{
		Use: "renew", Short: "更换数据密钥并重新加密，服务不停 / draw new data keys and seal everything anew, also while serving",
		Args: cobra.NoArgs,
		Long: "为每个存储生成新的数据密钥，将全部数据移到其下，再删除旧密钥。可随时中断，再次运行则继续。\n" +
			"elicense serve 正在运行时由它边服务边更换，本命令等到办完；中断本命令不影响它。" + cli.Between +
			"Draws a data key for each store, moves everything under it and takes the former key away. It may be broken off and\n" +
			"goes on when it is run again. While elicense serve runs, it does so itself beside its answers; this command waits\n" +
			"until that is done, and the service goes on if the command is broken off.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			moved, err := c.renewAnyway(cmd.Context())
			if err != nil {
				return err
			}
			return c.Emit(map[string]any{"data": c.dir, "moved": moved}, func() {
				c.Tell("数据密钥已更换，重新加密 %d 项", "the data keys are renewed; %d values were sealed anew", moved)
			})
		},
	}
}

// renewAnyway renews the data keys, or has the service do it that has the data directory open.
func (c *program) renewAnyway(ctx context.Context) (moved int, err error) {
	h, err := c.openHouse(ctx, c.dir)
	if errors.Is(err, engine.ErrLocked) {
		answer, err := c.order(ctx, orderRenew, nil)
		return answer.Moved, err
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return c.renewAll(ctx, h, renewal{fresh: true})
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
		n, err := c.renewStore(ctx, h, e, r)
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

func (c *program) renewStore(ctx context.Context, h *house, e *sealed.Engine, r renewal) (int, error) {
	if e.Keys().DataKeys() == 1 {
		if !r.fresh {
			return 0, nil
		}
		if err := h.withMaster(func(m sealed.Master) error { return e.NewDataKey(ctx, m) }); err != nil {
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
	return all, h.withMaster(func(m sealed.Master) error { return e.RetireDataKeys(ctx, m) })
}
