package main

import "github.com/spf13/cobra"

// addCommands puts every command under the root.
func (c *cli) addCommands(root *cobra.Command) {
	root.AddCommand(
		c.demoCommand(), c.initCommand(), c.departmentCommand(), c.callerCommand(), c.typeCommand(),
		c.issueCommand(), c.reserveCommand(), c.confirmCommand(), c.voidCommand(), c.reconcileCommand(),
		c.convertCommand(), c.batchCommand(), c.lookupCommand(), c.compareCommand(), c.historyCommand(),
		c.signedByCommand(), c.proofCommand(), c.verifyCommand(), c.auditCommand(), c.backupCommand(),
		c.restoreCommand(), c.doctorCommand(),
	)
	root.AddCommand(c.actCommands()...)
}
