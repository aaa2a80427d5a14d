package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// program is one run of the program: the world, what else of the process a command touches, and the flags that every
// command has.
type program struct {
	*cli.World

	selfTest func() []pki.SelfTestResult
	terminal bool                                   // standard error is a terminal: progress bars make sense
	columns  int                                    // of that terminal
	sound    bool                                   // the self-test passed in this process
	hangup   func(context.Context) <-chan os.Signal // asks a service to read its files anew; nil: nobody does

	beforeWrite func() // is called before a change of the master key or an enrolment writes something; nil: nobody is

	dir     string
	service serviceFlags
	access  vault.Access
	ground  string
	present string // the applicant who is logged in, as KIND:CODE or CODE
	level   int    // of that login
}

// run executes one command line and gives its exit code.
func (c *program) run(ctx context.Context) int {
	c.PickLang()
	cmd, err := c.root().ExecuteContextC(ctx)
	if err == nil {
		err = c.Broken()
	}
	if err != nil {
		return c.Fail(cmd, said(cmd, err), words)
	}
	return cli.ExitDone
}

func (c *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "elicense",
		Short: "电子证照库 / an electronic licence vault",
		Long: "电子证照库：签发、存量转换、查询比对、离线验证。先试一试：elicense demo" + cli.Between +
			"An electronic licence vault: issue, convert, look up, compare, verify offline. To begin with: elicense demo",
	}
	f := root.PersistentFlags()
	f.StringVarP(&c.dir, "data", "d", c.defaultDir(), "数据目录 (ELICENSE_DATA) / data directory (ELICENSE_DATA)")
	f.StringVar(&c.access.Caller, "as", "", "以哪个调用方的身份 / registered caller to act as")
	f.StringVar(&c.access.Purpose, "purpose", "", "用途，记入审计 / purpose, for the audit")
	f.StringVar(&c.access.Item, "item", "", "事项编码，记入审计 / service item, for the audit")
	f.StringVar(&c.access.Case, "case", "", "办件编号，记入审计 / case number, for the audit")
	f.StringVar(&c.access.Clerk, "clerk", "", "经办人的工号或化名，记入审计 / clerk who acts, by a staff number or pseudonym, for the audit")
	f.StringVar(&c.ground, "ground", "", "依据类型 issuer|holder|consent|law|operator / ground of the access")
	f.StringVar(&c.access.Basis, "basis", "", "法律依据条款或授权编号 / legal basis or consent")
	f.StringVar(&c.present, "present", "", "在场的持证主体：代码或 类型:代码，与 --case、--level 同用 / holder who is logged in, with "+
		"--case and --level")
	f.IntVar(&c.level, "level", 0, "其认证级别：1 注册，2 实名，3 数字证书 / strength of the login: 1 account, 2 real name, 3 certificate")
	c.service.flags(f)
	c.addCommands(root)
	c.Finish(root)
	check := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(c.checkClerk(cmd), c.chooseDesk(cmd)); err != nil {
			return err
		}
		return check(cmd, args)
	}
	return root
}

// checkClerk refuses what names no clerk before anything is asked, at a service as on a data directory: a citizen number
// that was given by mistake goes nowhere.
func (c *program) checkClerk(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("clerk") || vault.ValidClerk(c.access.Clerk) {
		return nil
	}
	return &cli.UsageError{
		Code: string(identity.CodeClerk),
		Zh:   "--clerk 应为工号或化名（1 至 64 个字母、数字和 . _ @ -），不得为身份证号、手机号",
		En: "--clerk is a staff number or pseudonym of 1 to 64 letters, digits and . _ @ -, and never a citizen or mobile " +
			"number",
	}
}

func (c *program) defaultDir() string {
	if d := c.Env("ELICENSE_DATA"); d != "" {
		return d
	}
	return "elicense-data"
}

// who is in whose right a command acts, and what for.
type who struct {
	ground  vault.Ground
	purpose string
}

func issuer(purpose string) who   { return who{vault.GroundIssuer, purpose} }
func byLaw(purpose string) who    { return who{vault.GroundLaw, purpose} }
func operator(purpose string) who { return who{vault.GroundOperator, purpose} }
func byHolder(purpose string) who { return who{vault.GroundHolder, purpose} }

// with opens the data directory for the time of fn, and completes the flags to an access.
func (c *program) with(ctx context.Context, asker who, fn func(*house, vault.Access) error) error {
	if c.service.url != "" {
		return errNoHalf
	}
	h, err := c.openHouse(ctx, c.dir)
	if err != nil {
		return err
	}
	c.keepRevocations(h)
	a, err := c.by(&h.settings, asker)
	if err == nil {
		err = fn(h, a)
	}
	return errors.Join(err, h.close())
}

// by completes the flags: who does not say asks as the data directory's default caller for such an act. Where a holder
// is present, look-ups are in the holder's own right.
func (c *program) by(s *settings, asker who) (vault.Access, error) {
	a := c.access
	a.Ground = asker.ground
	switch {
	case c.ground != "":
		a.Ground = vault.Ground(c.ground)
	case c.present != "" && asker.ground == vault.GroundLaw:
		a.Ground = vault.GroundHolder
	}
	if a.Caller == "" {
		a.Caller = map[vault.Ground]string{
			vault.GroundIssuer: s.Department, vault.GroundOperator: operatorID,
			vault.GroundLaw: s.Caller, vault.GroundHolder: s.Caller,
		}[a.Ground]
	}
	if a.Caller == "" {
		return a, cli.Usage(
			"请用 --as 指明以哪个调用方的身份办理（elicense caller list 列出已登记的）；颁发部门查本部门的证照另加 --ground issuer",
			"say with --as which registered caller acts (elicense caller list shows them); a department that looks at its own "+
				"licences adds --ground issuer",
		)
	}
	if a.Basis == "" && a.Ground == vault.GroundLaw {
		a.Basis = s.Basis
	}
	if a.Purpose == "" {
		a.Purpose = asker.purpose
	}
	var err error
	if a.Ground == vault.GroundHolder {
		a.Holder, err = c.assertion(a)
	}
	return a, err
}

// loginLasts is how long the word of the caller that a holder is present holds: for this command.
const loginLasts = 10 * time.Minute

// assertion is the caller's word that a holder is present in the case.
func (c *program) assertion(a vault.Access) (*vault.Assertion, error) {
	if c.present == "" || a.Case == "" || c.level == 0 {
		return nil, cli.Usage(
			"请用 --present 写明在场的持证主体、--case 办件编号、--level 其认证级别",
			"say with --present which holder is logged in, with --case in which case, with --level how strongly",
		)
	}
	kind, number, err := holderOf(c.present)
	return &vault.Assertion{
		Kind: kind, Code: number, Level: vault.Level(c.level), By: a.Caller, Case: a.Case, Expires: c.Now().Add(loginLasts),
	}, err
}
