package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
)

func (c *program) keyLoginCommand() *cobra.Command {
	var stolen bool
	cmd := &cobra.Command{
		Use: "login", Short: "更换登录令牌的签名密钥，用户不掉线 / sign the tokens of logins with another key; nobody is logged out",
		Args: cobra.NoArgs,
		Long: "此后的令牌由新密钥签名；旧密钥签的令牌到期为止仍然有效，公钥一并公布。旧密钥若已泄露，加 --stolen：\n" +
			"旧密钥签的令牌立即作废，用户须重新登录。服务运行时由服务更换，不停服。" + cli.Between +
			"Later tokens are signed with the new key; tokens of the former one are taken until they end, and its public key stays\n" +
			"published as long. If it may be known to others, give --stolen: its tokens are void at once and their users log in\n" +
			"again. A running service does it itself.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.changeLoginKey(cmd.Context(), stolen); err != nil {
				return err
			}
			return c.Emit(map[string]any{"data": c.dir, "stolen": stolen}, func() {
				c.Tell("登录令牌的签名密钥已更换", "the key of the tokens of logins is changed")
			})
		},
	}
	cmd.Flags().BoolVar(&stolen, "stolen", false, "旧密钥已泄露：其令牌立即作废 / the former key is known to others: its tokens are void at once")
	return cmd
}

// changeLoginKey changes the key of tokens, or has the service do it that has the data directory open.
func (c *program) changeLoginKey(ctx context.Context, stolen bool) (err error) {
	h, err := c.openHouse(ctx, c.dir)
	if errors.Is(err, engine.ErrLocked) {
		order := orderLogin
		if stolen {
			order = orderStolen
		}
		_, err = c.order(ctx, order, nil)
		return err
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	kept, err := c.openKept(ctx, h, serviceDir)
	if err != nil {
		return err
	}
	keys, err := c.tokenKeys(ctx, kept)
	if err != nil {
		return err
	}
	return keys.Roll(ctx, stolen)
}
