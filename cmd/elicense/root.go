package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/vault"
)

// cli is one run of the program: the world and the flags that every command has.
type cli struct {
	*world

	dir     string
	access  vault.Access
	ground  string
	version string
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, w *world) int {
	c := &cli{world: w}
	root := c.root()
	root.SetArgs(w.args)
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	if err := root.ExecuteContext(ctx); err != nil {
		w.pickLang()
		return w.fail(err)
	}
	return exitDone
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "elicense",
		Short: "电子证照库 · an electronic licence vault",
		Long: "电子证照库：签发、存量转换、查询比对、验证。\n" +
			"An electronic licence vault: issue, convert, look up, compare, verify.\n\n" +
			"先试一试 / to begin with:  elicense demo",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRun: func(*cobra.Command, []string) { c.pickLang() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err.Error(), err.Error()} })
	f := root.PersistentFlags()
	f.StringVarP(&c.dir, "data", "d", c.defaultDir(), "数据目录 / data directory (ELICENSE_DATA)")
	f.BoolVar(&c.json, "json", false, "输出 JSON / print JSON")
	f.StringVar(&c.lang, "lang", "", "语言 zh|en / language")
	f.StringVar(&c.access.Caller, "as", "", "以哪个调用方的身份 / registered caller")
	f.StringVar(&c.access.Purpose, "purpose", "", "用途 / purpose")
	f.StringVar(&c.access.Item, "item", "", "事项编码 / service item")
	f.StringVar(&c.access.Case, "case", "", "办件编号 / case number")
	f.StringVar(&c.ground, "ground", "", "依据类型 issuer|holder|consent|law|operator / ground")
	f.StringVar(&c.access.Basis, "basis", "", "法律依据或授权编号 / legal basis or consent")
	c.addCommands(root)
	return root
}

func (c *cli) defaultDir() string {
	if d := c.env("ELICENSE_DATA"); d != "" {
		return d
	}
	return "elicense-data"
}

// withHouse opens the data directory for the time of fn.
func (c *cli) withHouse(ctx context.Context, fn func(*house) error) error {
	h, err := c.openHouse(ctx, c.dir)
	if err != nil {
		return err
	}
	return errors.Join(fn(h), h.close())
}

// by completes the flags to an access: who does not say asks as the data directory's default caller.
func (c *cli) by(h *house, ground vault.Ground, purpose string) vault.Access {
	a := c.access
	if c.ground != "" {
		ground = vault.Ground(c.ground)
	}
	a.Ground = ground
	if a.Caller == "" {
		a.Caller = h.settings.Caller
	}
	if a.Basis == "" && ground == vault.GroundLaw {
		a.Basis = h.settings.Basis
	}
	if a.Purpose == "" {
		a.Purpose = purpose
	}
	return a
}
