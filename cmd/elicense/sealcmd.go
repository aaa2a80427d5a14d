package main

import "github.com/spf13/cobra"

// newSealCommand is the parent of everything about seals.
func (c *program) newSealCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "seal", Short: "电子印章：绘制、制作、查看、盖章 / electronic seals: draw, make, show and apply them",
	}
	cmd.AddCommand(c.sealMake(), c.sealDraw(), c.sealShow(), c.newSealApplyCommand(), c.sealPDF(), c.sealExtend())
	return cmd
}
