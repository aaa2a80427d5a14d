package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

func (c *program) compareCommand() *cobra.Command {
	var q query
	var s sheetCompare
	var receipt string
	cmd := &cobra.Command{
		Use: "compare [IDENTIFIER] 要素=值…", Short: "比对申请人所填与库中所存 / compare claims with the vault",
		Long: "逐项比对：一致、不一致、缺失，只给结论，不给库中的值（A78）。退出码：0 全部一致且证照有效，3 不是，4 无法判定。\n" +
			"--sheet 批量比对：表中每行一份证照，列名用短名或中文名（证照编号或标识，其余为要比对的要素）；结果是同一张表加结论各列，\n" +
			"与逐件比对的结论完全相同。" + cli.Between +
			"Field by field: equal, different, missing; verdicts only, never what the vault holds. Exit: 0 all equal and " +
			"in force,\n3 not so, 4 cannot be told. --sheet compares a sheet: one licence a row, columns by short name " +
			"or label " +
			"(number or\n" +
			"identifier, the others are the claims); the result is the same sheet with columns for the verdicts, the same\n" +
			"as single comparisons give.",
		Example: "  elicense compare --type 食品经营许可证 --number JY13501020000017 住所=示例路1号 法定代表人（负责人）=张示例\n" +
			"  elicense compare --sheet 申报汇总.xlsx --type 食品经营许可证",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("比对查验"), func(d desk) error {
				if s.file != "" {
					return c.compareSheet(cmd.Context(), comparing{d, &q}, s)
				}
				if receipt != "" { // it names a checkpoint that has what it tells
					if err := d.fresh(cmd.Context()); err != nil {
						return err
					}
				}
				res, err := c.compareOne(cmd.Context(), comparing{d, &q}, args)
				if err != nil {
					return err
				}
				if receipt != "" {
					if err := c.save(receipt, res.Receipt); err != nil {
						return err
					}
				}
				return c.showComparison(res)
			})
		},
	}
	q.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&receipt, "receipt", "", "把签名回执存为文件 / save the signed receipt")
	f.StringVar(&s.file, "sheet", "", "批量比对的表：csv、xlsx、xls / sheet of claims to compare")
	encodingFlag(cmd, &s.encoding)
	f.StringVar(&s.result, "result", "", "结果表（缺省：原名-比对） / result sheet; by default the name with -compared")
	return cmd
}

// comparing is who compares with which query.
type comparing struct {
	desk  desk
	query *query
}

func (c *program) compareOne(ctx context.Context, x comparing, args []string) (*vault.Comparison, error) {
	var id []string
	if len(args) > 0 && !strings.Contains(args[0], "=") && !strings.HasPrefix(args[0], "@") {
		id, args = args[:1], args[1:]
	}
	claims, err := values(args)
	if err != nil {
		return nil, err
	}
	if len(claims) == 0 {
		return nil, cli.Usage("比对什么？请写出 要素=值", "compare what? give NAME=VALUE")
	}
	if err := x.query.complete(ctx, x.desk, id); err != nil {
		return nil, err
	}
	return x.compare(ctx, x.query.Query, claims)
}

// compare is one comparison, whether it stands alone or in a row of a sheet.
func (x *comparing) compare(ctx context.Context, q vault.Query, claims map[string]string) (*vault.Comparison, error) {
	claims, err := x.named(ctx, &q, claims)
	if err != nil {
		return nil, err
	}
	return x.desk.compare(ctx, q, claims)
}

// named gives claims by short name. A type that nobody knows is left to whoever compares.
func (x *comparing) named(ctx context.Context, q *vault.Query, claims map[string]string) (map[string]string, error) {
	code := q.Type
	if code == "" {
		if id, err := parseIdentifier(q.Identifier); err == nil {
			code = id.Type
		}
	}
	if code == "" {
		if slices.ContainsFunc(slices.Collect(maps.Keys(claims)), isLabel) {
			return nil, cli.Usage("按持证主体比对时请加 --type，或者要素用短名（如 KZ_ZS）",
				"compare by holder: add --type, or name elements by their short names, as KZ_ZS")
		}
		return claims, nil
	}
	t, err := x.desk.Type(ctx, code)
	if errors.Is(err, vault.ErrUnknownType) {
		return claims, nil
	}
	if err != nil {
		return nil, err
	}
	return shortNames(t, claims)
}

// isLabel tells the label of an element from a short name.
func isLabel(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
}

var resultWords = map[string][2]string{
	"matched":   {"全部一致", "all equal"},
	"different": {"有不一致", "something differs"},
	"missing":   {"有缺失项", "something is missing"},
}

// outcome is the decision of a comparison in words, and its exit code.
func (c *program) outcome(res *vault.Comparison) (words string, code int) {
	w, known := resultWords[res.Result]
	words = c.Say(w[0], w[1])
	if !known {
		words = c.absence(vault.Absence(res.Result))
	}
	switch {
	case res.Result == "matched" && res.State == vault.Valid:
		return words, cli.ExitDone
	case res.Identifier == "":
		return words, cli.ExitIndeterminate
	}
	return words, cli.ExitNotPassed
}

// showComparison prints the decision first, and ends with a code of its own unless everything matches.
func (c *program) showComparison(res *vault.Comparison) error {
	words, code := c.outcome(res)
	err := c.Emit(res, func() {
		if res.State != "" {
			words += c.Say("；证照", "; licence ") + c.state(res.State)
		}
		c.Fact("%s", words)
		for _, f := range res.Fields {
			c.Fact("  %s", strings.TrimRight(c.verdict(f.Verdict)+"  "+f.Label+"  "+c.rules(f.Rules), " "))
		}
	})
	if err == nil && code != cli.ExitDone {
		err = &cli.ExitError{Code: code}
	}
	return err
}

// verdict is set to one width, so that labels stand below each other.
func (c *program) verdict(v vault.Verdict) string {
	if c.Lang == "en" {
		return (string(v) + "         ")[:9]
	}
	return (v.Chinese() + "　　")[:9]
}
