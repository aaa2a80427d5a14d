package main

import (
	"bytes"
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

// readTemplate reads and judges a template for the licences of one type.
func readTemplate(t catalogue.Type, file string) (string, error) {
	text, err := readLimited(file, catalogue.MaxPageBytes)
	if err != nil {
		return "", err
	}
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	if _, err := document.ParseTemplateFor(t, text); err != nil {
		return "", err
	}
	return string(text), nil
}

// withTemplate is a definition with a template of its own.
func withTemplate(t catalogue.Type, file string) ([]byte, error) {
	var err error
	if t.Page, err = readTemplate(t, file); err != nil {
		return nil, err
	}
	return t.Encode()
}

func (c *program) typeTemplate() *cobra.Command {
	return &cobra.Command{
		Use: "template TYPE [FILE]", Args: cobra.RangeArgs(1, 2),
		Short: "证照模板：输出在用的，或换成部门自己的 / the template in force, or one of the department's own",
		Long: "不带文件时输出在用的模板，可照此修改。带文件时先检查（所有错误一次报出，带行号和改法），再存为该类型的新版本：此后的证照按新模板制作，\n" +
			"已有的证照不变。先用 document draw --template 看样张。写法见 docs/document.md。" + cli.Between +
			"Without a file it prints the template in force, to begin from. With one it checks it (all errors at once with line " +
			"and\nremedy) and keeps it with a new version of the type: licences from then on are drawn by it, those that exist " +
			"stay as\nthey are. Look at a specimen first: document draw --template. How to write one: docs/document.md.",
		Example: "  elicense type template 食品经营许可证 > 我的模板.yaml\n" +
			"  elicense document draw --type 食品经营许可证 --template 我的模板.yaml --save 样张.png\n" +
			"  elicense type template 食品经营许可证 我的模板.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return c.at(cmd.Context(), operator("查看证照目录"), func(d desk) error {
					return c.showTemplate(cmd.Context(), d, args[0])
				})
			}
			return c.at(cmd.Context(), issuer("登记证照目录"), func(d desk) error {
				t, err := resolveType(cmd.Context(), d, args[0])
				if err != nil {
					return err
				}
				text, err := withTemplate(t.Definition, args[1])
				if err != nil {
					return err
				}
				if t, err = d.putType(cmd.Context(), text); err != nil {
					return err
				}
				out := map[string]any{"type": t.Definition.Code, "version": t.Definition.Version}
				return c.Emit(out, func() {
					c.Tell("模板已存：%s 第 %d 版", "the template is kept: %s version %d", t.Definition.Name, t.Definition.Version)
				})
			})
		},
	}
}

// showTemplate prints what a type is drawn by.
func (c *program) showTemplate(ctx context.Context, types shelf, name string) error {
	t, err := resolveType(ctx, types, name)
	if err != nil {
		return err
	}
	if t.Definition.Page != "" {
		c.Put(t.Definition.Page)
		return nil
	}
	text, err := document.ShippedFile(t.Definition.Template)
	if os.IsNotExist(err) {
		text, err = document.ShippedFile(document.DefaultTemplate)
	}
	if err == nil {
		c.Put(string(text))
	}
	return err
}

var _ vault.PageChecker = (*documenter)(nil)

// CheckPage judges a template that a type brings of its own.
func (d *documenter) CheckPage(t catalogue.Type) []vault.Problem {
	_, err := document.ParseTemplateFor(t, []byte(t.Page))
	if err == nil {
		return nil
	}
	var out []vault.Problem
	for _, p := range problems(nil, err) {
		out = append(out, vault.Problem{Code: vault.Code(p.Code), Field: "page", Found: p.Found, Zh: p.Zh, En: p.En})
	}
	if len(out) == 0 {
		what := describe(err)
		out = append(out, vault.Problem{Code: vault.CodePageUnchecked, Field: "page", Zh: what.Zh, En: what.En})
	}
	return out
}
