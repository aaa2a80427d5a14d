package main

import "github.com/spf13/cobra"

// addCommands puts every command under the root, by what a person wants to do.
func (c *program) addCommands(root *cobra.Command) {
	for _, g := range []struct {
		id, zh, en string
		list       []*cobra.Command
	}{
		{"begin", "开始：", "To begin:", []*cobra.Command{
			c.demoCommand(), c.initCommand(), c.departmentCommand(), c.callerCommand(), c.typeCommand(),
		}},
		{"issue", "签发与变更：", "Issue and change:", append([]*cobra.Command{
			c.issueCommand(), c.reserveCommand(), c.confirmCommand(), c.voidCommand(), c.reconcileCommand(), c.numbersCommand(),
		}, c.actCommands()...)},
		{"convert", "存量转换：", "Convert paper stock:", []*cobra.Command{c.convertCommand(), c.batchCommand()}},
		{"ask", "查询与比对：", "Look up and compare:", []*cobra.Command{
			c.lookupCommand(), c.compareCommand(), c.historyCommand(), c.documentCommand(), c.consentCommand(),
		}},
		{"serve", "服务：", "Serve:", []*cobra.Command{c.serveCommand(), c.syncCommand(), c.conformanceCommand()}},
		{"prove", "验证：", "Verify and prove:", []*cobra.Command{
			c.verifyCommand(), c.proofCommand(), c.signedByCommand(), c.auditCommand(),
		}},
		{"seal", "印章：", "Seals:", []*cobra.Command{c.newSealCommand()}},
		{"sign", "签名与信封：", "Sign and envelop:", []*cobra.Command{c.signCommand(), c.envelopeCommand()}},
		{"care", "维护：", "Look after the data:", []*cobra.Command{
			c.doctorCommand(), c.selfTestCommand(), c.certificateCommand(), c.keyCommand(), c.sweepCommand(),
			c.backupCommand(), c.restoreCommand(),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: c.Say(g.zh, g.en)})
		for _, cmd := range g.list {
			cmd.GroupID = g.id
			root.AddCommand(cmd)
		}
	}
}
