package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

func (c *program) detectCommand() *cobra.Command {
	var typ, to string
	var known ledgerFile
	cmd := &cobra.Command{
		Use: "detect FILE --type TYPE", Args: cobra.ExactArgs(1),
		Short: "识别表头，给出列映射供核对、修改和保存 / find the headings and propose a mapping to look over, edit and save",
		Example: "  elicense convert detect 台账.xls --type 食品经营许可证 --save 映射.yaml\n" +
			"  elicense convert detect 台账.xls --type 食品经营许可证 --sheet 二月 --save 二月.yaml\n" +
			"  elicense convert detect 台账.xls --type 食品经营许可证 --mapping 映射.yaml\n" +
			"  elicense convert 台账.xls --type 食品经营许可证 --mapping 映射.yaml --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), issuer("识别台账表头"), func(d desk) error {
				t, err := resolveType(cmd.Context(), d, typ)
				if err != nil {
					return err
				}
				if err := checkEncoding(known.encoding); err != nil {
					return err
				}
				known.path = args[0]
				p, err := detectIn(cmd.Context(), known, t)
				if err != nil {
					return err
				}
				if to != "" {
					if err := writeFile(to, p.Mapping.Encode()); err != nil {
						return err
					}
				}
				return c.showProposal(p, to)
			})
		},
	}
	cmd.Flags().StringVar(&typ, "type", "", "证照类型：名称或代码 / type: name or code")
	sheetFlag(cmd, &known.sheet)
	cmd.Flags().StringVar(&known.mapping, "mapping", "",
		"列映射文件：看它与台账是否相符 / mapping file: does it fit the ledger?")
	encodingFlag(cmd, &known.encoding)
	cmd.Flags().StringVar(&to, "save", "", "把映射存为文件 / save the mapping")
	cli.MustHave(cmd, "type")
	return cmd
}

// sheetFlag names the sheet of a workbook.
func sheetFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "sheet", "",
		"只看这张工作表，缺省自动找（替代映射中的 sheet） / look at this sheet alone, in place of a mapping's; found if not given")
}

// encodingFlag names the encoding of a text file, where it cannot be found.
func encodingFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "encoding", "",
		"文本文件的编码，缺省自动识别：gb18030、utf-8、windows-1257…… / encoding of a text file; found if not given")
}

func checkEncoding(name string) error {
	if _, ok := sheet.ParseEncoding(name); ok || name == "" {
		return nil
	}
	var list []string
	for _, e := range sheet.Encodings() {
		list = append(list, e.String())
	}
	all := strings.Join(list, " ")
	return cli.Usage("--encoding 不认识："+name+"；可用："+all, "--encoding is not known: "+name+"; there are: "+all)
}

// ledgerFile is a ledger on the disk, with what is known of it; empty: to be found.
type ledgerFile struct{ path, encoding, sheet, mapping string }

// known is the mapping that a flag names; nil: none.
func (l *ledgerFile) known() (*convert.Mapping, error) {
	if l.mapping == "" {
		return nil, nil //nolint:nilnil // nothing
	}
	text, err := os.ReadFile(l.mapping)
	if err != nil {
		return nil, err
	}
	return convert.ParseMapping(text)
}

func detectIn(ctx context.Context, ledger ledgerFile, t *vault.LicenceType) (*convert.Proposal, error) {
	known, err := ledger.known()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(ledger.path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file := convert.File{
		Reader: f, SizeBytes: info.Size(), Name: filepath.Base(ledger.path), Encoding: ledger.encoding, Sheet: ledger.sheet,
	}
	return convert.Detect(ctx, file, t, known, func() (convert.TempFile, error) { return tempSheet() })
}

// showProposal prints what each column was taken for, then the mapping, then what is not settled. A mapping that is not
// complete ends with exit code 4.
func (c *program) showProposal(p *convert.Proposal, saved string) error {
	out := map[string]any{
		"format": p.Format, "encoding": p.Encoding, "sheet": p.Sheet, "heading_row": p.HeadingRow, "columns": p.Columns,
		"problems": p.Problems, "mapping": string(p.Mapping.Encode()), "hidden_sheet": p.HiddenSheet, "hidden": p.Hidden,
	}
	err := c.Emit(out, func() {
		c.Tell("%s %s，工作表 %s，表头到第 %d 行", "%s %s, sheet %s, heading down to row %d", p.Format, p.Encoding, p.Sheet,
			p.HeadingRow)
		for _, col := range p.Columns {
			use := strings.Join(col.Elements, " ")
			if use == "" {
				use = c.Say("（未用）", "(not used)")
			}
			c.Fact("  %-3s %s → %s", col.Column, col.Heading, use)
		}
		c.tellHidden(p.HiddenSheet, p.Hidden)
		for i := range p.Problems {
			x := &p.Problems[i]
			c.Tell("  未定：%s [%s]", "  open: %s [%s]", c.Say(x.Zh, x.En), x.Code)
		}
		if saved != "" {
			c.Tell("映射已存：%s", "mapping saved: %s", saved)
			return
		}
		c.Fact("")
		c.Put(string(p.Mapping.Encode()))
	})
	if err == nil && len(p.Problems) > 0 {
		err = &cli.ExitError{Code: cli.ExitIndeterminate}
	}
	return err
}
