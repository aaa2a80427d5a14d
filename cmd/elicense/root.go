package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elicense/elicense/vault"
)

// cli is one run of the program: the world and the flags that every command has.
type cli struct {
	*world

	dir     string
	access  vault.Access
	ground  string
	present string // the applicant who is logged in, as KIND:CODE or CODE
	level   int    // of that login
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, w *world) int {
	w.lang = langFlag(w.args)
	w.pickLang()
	c := &cli{world: w}
	root := c.root()
	root.SetArgs(w.args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && w.broken != nil {
		err = w.broken
	}
	if err != nil {
		return w.fail(cmd, err)
	}
	return exitDone
}

// outputOf is standard output for what cobra itself prints.
type outputOf struct{ w *world }

var _ io.Writer = outputOf{}

func (o outputOf) Write(p []byte) (int, error) {
	o.w.put(string(p))
	return len(p), nil
}

// langFlag finds --lang before the flags are parsed: help is written in that language too.
func langFlag(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "elicense",
		Short: "电子证照库 / an electronic licence vault",
		Long: "电子证照库：签发、存量转换、查询比对、离线验证。先试一试：elicense demo" + between +
			"An electronic licence vault: issue, convert, look up, compare, verify offline. To begin with: elicense demo",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return checkRequired(cmd) },
	}
	var lang string
	f := root.PersistentFlags()
	f.StringVarP(&c.dir, "data", "d", c.defaultDir(), "数据目录 (ELICENSE_DATA) / data directory (ELICENSE_DATA)")
	f.BoolVar(&c.json, "json", false, "输出 JSON / print JSON")
	f.StringVar(&lang, "lang", "", "语言 zh|en，缺省随系统 / language zh|en, by the locale if not given")
	f.StringVar(&c.access.Caller, "as", "", "以哪个调用方的身份 / registered caller to act as")
	f.StringVar(&c.access.Purpose, "purpose", "", "用途，记入审计 / purpose, for the audit")
	f.StringVar(&c.access.Item, "item", "", "事项编码，记入审计 / service item, for the audit")
	f.StringVar(&c.access.Case, "case", "", "办件编号，记入审计 / case number, for the audit")
	f.StringVar(&c.ground, "ground", "", "依据类型 issuer|holder|consent|law|operator / ground of the access")
	f.StringVar(&c.access.Basis, "basis", "", "法律依据条款或授权编号 / legal basis or consent")
	f.StringVar(&c.present, "present", "", "在场的持证主体：代码或 类型:代码，与 --case、--level 同用 / holder who is logged in, with "+
		"--case and --level")
	f.IntVar(&c.level, "level", 0, "其认证级别：1 注册，2 实名，3 数字证书 / strength of the login: 1 account, 2 real name, 3 certificate")
	cobra.EnableCommandSorting = false // commands stand in the order of the work
	root.SetIn(c.in)
	root.SetOut(outputOf{c.world}) // before the completion command, which keeps it
	root.SetErr(c.err)
	c.addCommands(root)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Short = "各命令的用法 / help about any command"
		case "completion":
			cmd.Short = "命令行补全脚本 / completion script for your shell"
		}
	}
	c.localise(root)
	return root
}

func (c *cli) defaultDir() string {
	if d := c.env("ELICENSE_DATA"); d != "" {
		return d
	}
	return "elicense-data"
}

// Words in both languages stand side by side: short ones as "中文 / English", long ones with this between them.
const (
	beside  = " / "
	between = "\n\n/\n\n"
)

// localise keeps one language of every help text, and words cobra's refusals itself.
func (c *cli) localise(cmd *cobra.Command) {
	pick := func(s, separator string) string {
		if zh, en, ok := strings.Cut(s, separator); ok {
			return c.say(zh, en)
		}
		return s
	}
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = "用法 / help"
	cmd.DisableFlagsInUseLine, cmd.SuggestionsMinimumDistance = true, 2
	cmd.Short, cmd.Long = pick(cmd.Short, beside), pick(cmd.Long, between)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = pick(f.Usage, beside) })
	cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Usage = pick(f.Usage, beside) })
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &usageError{"参数写错了：" + err.Error(), err.Error()}
	})
	if cmd.HasSubCommands() && cmd.Args == nil {
		cmd.Args = unknownCommand
		if cmd.RunE == nil {
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	} else if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &usageError{"参数个数不对：" + err.Error(), err.Error()}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		c.localise(sub)
	}
	if !cmd.HasParent() {
		cmd.SetUsageTemplate(c.say(usageChinese(cmd.UsageTemplate()), cmd.UsageTemplate()))
	}
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	zh, en := "没有这个命令："+args[0], "unknown command: "+args[0]
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		zh += "；是不是 " + strings.Join(near, "、")
		en += "; did you mean " + strings.Join(near, ", ")
	}
	return &usageError{zh, en}
}

// checkRequired names all required flags that are missing, at once.
func checkRequired(cmd *cobra.Command) error {
	var missing []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; required && !f.Changed {
			missing = append(missing, "--"+f.Name)
		}
	})
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	return &usageError{"缺少参数 " + list, "missing " + list}
}

// mustHave marks flags without which a command makes no sense.
func mustHave(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that does not exist is a mistake in this program, found by any test
		}
	}
}

func usageChinese(template string) string {
	return strings.NewReplacer(
		"Usage:", "用法：", "Aliases:", "别名：", "Examples:", "例：", "Available Commands:", "命令：",
		"Additional Commands:", "其他命令：", "Global Flags:", "通用选项：", "Flags:", "选项：",
		"Additional help topics:", "其他帮助：",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
		`各命令的详细用法：{{.CommandPath}} 命令 --help`,
	).Replace(template)
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
func (c *cli) with(ctx context.Context, asker who, fn func(*house, vault.Access) error) error {
	h, err := c.openHouse(ctx, c.dir)
	if err != nil {
		return err
	}
	a, err := c.by(h, asker)
	if err == nil {
		err = fn(h, a)
	}
	return errors.Join(err, h.close())
}

// by completes the flags: who does not say asks as the data directory's default caller for such an act. Where a holder
// is present, look-ups are in the holder's own right.
func (c *cli) by(h *house, asker who) (vault.Access, error) {
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
			vault.GroundIssuer: h.settings.Department, vault.GroundOperator: operatorID,
			vault.GroundLaw: h.settings.Caller, vault.GroundHolder: h.settings.Caller,
		}[a.Ground]
	}
	if a.Caller == "" {
		return a, &usageError{
			"请用 --as 指明以哪个调用方的身份办理（elicense caller list 列出已登记的）",
			"say with --as which registered caller acts (elicense caller list shows them)",
		}
	}
	if a.Basis == "" && a.Ground == vault.GroundLaw {
		a.Basis = h.settings.Basis
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
func (c *cli) assertion(a vault.Access) (*vault.Assertion, error) {
	if c.present == "" || a.Case == "" || c.level == 0 {
		return nil, &usageError{
			"请用 --present 写明在场的持证主体、--case 办件编号、--level 其认证级别",
			"say with --present which holder is logged in, with --case in which case, with --level how strongly",
		}
	}
	kind, number, err := holderOf(c.present)
	return &vault.Assertion{
		Kind: kind, Code: number, Level: vault.Level(c.level), By: a.Caller, Case: a.Case, Expires: c.now().Add(loginLasts),
	}, err
}
