package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

func (c *program) sweepCommand() *cobra.Command {
	var remove bool
	var days int
	cmd := &cobra.Command{
		Use: "sweep", Args: cobra.NoArgs,
		Short: "清理无主的文件和扫描件（缺省只清点） / remove documents that nothing names; only counts unless told to",
		Long: "中断的转换会留下没有任何证照提到的文件。缺省只清点；加 --remove 才删除。" + cli.Between +
			"Conversions that were broken off leave documents that no licence names. Without --remove they are only counted.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 {
				return cli.Usage("--days 至少为 1", "--days is 1 or more")
			}
			return c.with(cmd.Context(), operator("清理无主文件"), func(h *house, a vault.Access) error {
				old := c.Now().AddDate(0, 0, -days)
				swept, err := h.vault.Sweep(cmd.Context(), a, old, !remove)
				if err != nil {
					return err
				}
				out := map[string]any{
					"dry_run": !remove, "orphans": swept.Removed, "orphan_bytes": swept.RemovedBytes, "kept": swept.Kept,
					"older_than": old.Format(time.RFC3339),
				}
				return c.Emit(out, func() {
					n, mib := swept.Removed, float64(swept.RemovedBytes)/(1<<20)
					if remove {
						c.Tell("已删除无主文件 %d 个（%.1f MiB），保留 %d 个", "removed %d documents that nothing names (%.1f MiB), kept %d", n, mib,
							swept.Kept)
						return
					}
					c.Tell("无主文件 %d 个（%.1f MiB），其余 %d 个；未删除", "%d documents that nothing names (%.1f MiB), %d others; nothing was "+
						"removed", n, mib, swept.Kept)
					if n > 0 {
						c.Tell("删除：%s sweep --remove", "to remove them: %s sweep --remove", c.again())
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "删除 / remove them")
	cmd.Flags().IntVar(&days, "days", 1, "多少天前存入的才算 / only what was stored so many days ago")
	return cmd
}
