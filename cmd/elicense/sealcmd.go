package main

import "github.com/spf13/cobra"

// newSealCommand is the parent of everything about seals.
func (c *cli) newSealCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "seal", Short: "电子印章：绘制、制作、查看 / electronic seals: draw, make and show them",
	}
	cmd.AddCommand(c.sealMake(), c.sealDraw(), c.sealShow())
	return cmd
}
