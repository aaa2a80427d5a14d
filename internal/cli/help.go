package cli

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Words in both languages stand side by side: short ones as "中文 / English", long ones with Between between them.
const (
	Beside  = " / "
	Between = "\n\n/\n\n"
)

// Finish completes a root command whose subcommands are all there: standard flags, one language of every help text, and
// wrong calls refused in the words of this house.
func (w *World) Finish(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkLang(langFlag(w.Args)); err != nil {
			return err
		}
		return checkRequired(cmd)
	}
	f := root.PersistentFlags()
	f.BoolVar(&w.JSON, "json", false, "输出 JSON / print JSON")
	f.String("lang", "", "语言 zh|en，缺省随系统 / language zh|en, by the locale if not given")
	cobra.EnableCommandSorting = false // commands stand in the order of the work
	root.SetArgs(w.Args)
	root.SetIn(w.In)
	root.SetOut(w.Output()) // before the completion command, which keeps it
	root.SetErr(w.Err)
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
	w.localise(root)
}

// Output is standard output for what writes by itself, such as cobra; a failure to write shows in the end: see Broken.
func (w *World) Output() io.Writer { return outputOf{w} }

type outputOf struct{ w *World }

func (o outputOf) Write(p []byte) (int, error) {
	o.w.Put(string(p))
	return len(p), nil
}

// localise keeps one language of every help text, and words cobra's refusals itself.
func (w *World) localise(cmd *cobra.Command) {
	pick := func(s, separator string) string {
		s = strings.Replace(s, "）/ ", "）"+Beside, 1) // a wide bracket has room of its own
		if zh, en, ok := strings.Cut(s, separator); ok {
			return w.Say(zh, en)
		}
		return s
	}
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = "用法 / help"
	cmd.DisableFlagsInUseLine, cmd.SuggestionsMinimumDistance = true, 2
	cmd.Short, cmd.Long = pick(cmd.Short, Beside), pick(cmd.Long, Between)
	localiseFlag := func(f *pflag.Flag) { f.Usage = pick(f.Usage, Beside) }
	cmd.Flags().VisitAll(localiseFlag)
	cmd.PersistentFlags().VisitAll(localiseFlag)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		zh, en := meantFlag(cmd, err)
		return Usage(flagWords(err)+zh, err.Error()+en)
	})
	w.checkArgs(cmd)
	for _, sub := range cmd.Commands() {
		w.localise(sub)
	}
	if !cmd.HasParent() {
		cmd.SetUsageTemplate(w.Say(usageChinese(cmd.UsageTemplate()), cmd.UsageTemplate()))
	}
}

func (w *World) checkArgs(cmd *cobra.Command) {
	if cmd.HasSubCommands() && cmd.Args == nil {
		cmd.Args = unknownCommand
		if cmd.RunE == nil {
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
		return
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				n := strconv.Itoa(len(args))
				return Usage("参数个数不对：给了 "+n+" 个", "wrong number of arguments: "+n)
			}
			return nil
		}
	}
}

// meantFlag says which flag was meant by one that there is not; "" if none looks like it.
func meantFlag(cmd *cobra.Command, err error) (zh, en string) {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return "", ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return Meant("--"+unknown.GetSpecifiedName(), known)
}

// flagWords says in Chinese what is wrong with a flag.
func flagWords(err error) string {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		dash := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dash = "-"
		}
		return "参数写错了，没有 " + dash + unknown.GetSpecifiedName()
	case errors.As(err, &empty):
		return "参数写错了，--" + empty.GetFlag().Name + " 后面要有值"
	case errors.As(err, &value):
		return "参数写错了，--" + value.GetFlag().Name + " 不能是 " + strconv.Quote(value.GetValue())
	}
	return "参数写错了：" + err.Error()
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
	return Usage(zh, en)
}

// checkLang refuses a language that nothing is written in.
func checkLang(given string) error {
	if given == "" || strings.HasPrefix(given, "zh") || strings.HasPrefix(given, "en") {
		return nil
	}
	return Usage("--lang 是 zh 或 en，不是 "+given, "--lang is zh or en, not "+given)
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
	return Usage("缺少参数 "+list, "missing "+list)
}

func usageChinese(template string) string {
	return strings.NewReplacer(
		"Usage:", "用法：", "Aliases:", "别名：", "Examples:", "例：", "Available Commands:", "命令：",
		"Additional Commands:", "其他命令：", "Global Flags:", "通用选项：", "Flags:", "选项：",
		"Additional help topics:", "其他帮助：", "{{.CommandPath}} [command]", "{{.CommandPath}} 命令",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
		`各命令的详细用法：{{.CommandPath}} 命令 --help`,
	).Replace(template)
}

// MustHave marks flags without which a command makes no sense; all that are missing are named at once.
func MustHave(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that does not exist is a mistake in the program, found by any test
		}
	}
}
