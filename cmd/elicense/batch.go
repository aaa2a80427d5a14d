package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

func (c *program) batchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "batch", Short: "转换批次：进度、抽样、签核、证明 / batches: progress, sample, sign-off, certificate"}
	cmd.AddCommand(c.batchList(), c.batchProgress(), c.batchSample(), c.batchSignOff(), c.batchCertificate())
	return cmd
}

var batchWords = map[vault.BatchState][2]string{
	vault.BatchConverting: {"未完成", "converting"}, vault.BatchWaiting: {"待签核", "waiting"}, vault.BatchOpen: {"已开放", "open"},
	vault.BatchUndoing: {"撤回中", "undoing"}, vault.BatchUndone: {"已撤回", "undone"},
}

func (c *program) batchState(s vault.BatchState) string {
	return c.Say(batchWords[s][0], batchWords[s][1])
}

func (c *program) batchList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "列出批次 / list the batches", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), issuer("查看转换批次"), func(d desk) error {
				list, err := d.batches(cmd.Context())
				if err != nil {
					return err
				}
				for i := range list { // batch certificate gives them
					list[i].Certificate, list[i].CertificateSignature = nil, nil
				}
				return c.Emit(list, func() {
					for i := range list {
						b := &list[i]
						c.Fact("%s  %s  %s  %s", b.ID, c.batchState(b.State), b.FileName, c.counts(b.Counts))
					}
				})
			})
		},
	}
}

func (c *program) batchProgress() *cobra.Command {
	var deadline string
	cmd := &cobra.Command{
		Use: "progress", Args: cobra.NoArgs,
		Short: "转换进度：每个部门每类证照已转换多少、能否按期（A74） / how far, and whether the deadline will be met",
		Long: "--as operator --ground operator 看全部部门。" + cli.Between +
			"With --as operator --ground operator it shows all departments.",
		Example: "  elicense batch progress --deadline 2017-06-30",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), issuer("查看转换进度"), func(d desk) error {
				until, err := lastDay("--deadline", deadline, d.zone())
				if err != nil {
					return err
				}
				accounts, err := d.batches(cmd.Context())
				if err != nil {
					return err
				}
				list := convert.Dashboards(accounts, c.Now(), until)
				return c.Emit(list, func() { c.showDashboards(cmd.Context(), d, list) })
			})
		},
	}
	cmd.Flags().StringVar(&deadline, "deadline", "", "期限 yyyy-mm-dd / deadline")
	return cmd
}

func (c *program) showDashboards(ctx context.Context, at desk, list []convert.Dashboard) {
	if len(list) == 0 {
		c.Tell("还没有转换过", "nothing was converted yet")
	}
	for i := range list {
		d := &list[i]
		name := d.Type
		if t, err := at.Type(ctx, d.Type); err == nil {
			name = t.Definition.Name
		}
		total := c.Say("台账共", "of")
		if !d.Declared {
			total = c.Say("已见台账", "seen")
		}
		c.Tell("%s  %s", "%s  %s", name, d.Issuer)
		c.Tell("  已转换 %d，%s %d 行（%s）；退回待改 %d，冲突 %d", "  %d converted, %s %d rows (%s); %d to correct, %d in conflict",
			d.Converted, total, d.Total, percent(d.Converted, d.Total), d.Rejected, d.Conflict)
		if d.Open+d.Waiting > 0 {
			c.Tell("  批次：未完成 %d，待签核 %d", "  batches: %d unfinished, %d wait for sign-off", d.Open, d.Waiting)
		}
		if !d.Forecast.IsZero() && d.Converted < d.Total {
			c.Tell("  按目前速度预计 %s 完成", "  at this pace done on %s", d.Forecast.In(at.zone()).Format("2006-01-02"))
		}
		if !d.Deadline.IsZero() {
			c.Fact("  %s %s", c.lateness(d), d.Deadline.In(at.zone()).Format("2006-01-02"))
		}
	}
}

func (c *program) lateness(d *convert.Dashboard) string {
	if d.Late {
		return c.Say("✗ 赶不上期限", "✗ will miss the deadline")
	}
	return c.Say("✓ 赶得上期限", "✓ will meet the deadline")
}

func (c *program) batchSample() *cobra.Command {
	var n int
	var seed uint64
	var to string
	cmd := &cobra.Command{
		Use: "sample BATCH", Short: "抽样核对：数据与扫描件并列 / draw a sample to inspect, data beside scans", Args: cobra.ExactArgs(1),
		Long: "--sheet 把抽样存为表格，扫描件存到同名目录，表中留有“核对结果”“差错说明”两列供填写。" + cli.Between +
			"--sheet saves the sample as a sheet, the scans in a directory of its name, with empty columns for the findings.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 || n > maxSample {
				return cli.Usage("--number 应为 1 到 500", "--number is 1 to 500")
			}
			return c.at(cmd.Context(), issuer("抽样核对"), func(d desk) error {
				list, err := d.sample(cmd.Context(), args[0], n, seed)
				if err != nil {
					return err
				}
				if to != "" {
					return c.sampleSheet(cmd.Context(), drawnSample{d, args[0], list}, to)
				}
				return c.Emit(list, func() {
					for i := range list {
						c.Tell("—— 第 %d 行，扫描件 %d 份", "-- row %d, %d scans", list[i].Row, len(list[i].Scans))
						c.showLicence(cmd.Context(), d, &list[i].Found)
					}
				})
			})
		},
	}
	f := cmd.Flags()
	f.IntVarP(&n, "number", "n", 20, "件数 / how many")
	f.Uint64Var(&seed, "seed", 1, "抽样种子：同一种子抽到同样的行 / seed: the same draws the same rows")
	f.StringVar(&to, "sheet", "", "存为 .xlsx 表格 / save as an .xlsx sheet")
	return cmd
}

// maxSample is how many licences a sample has at most: a person holds each against its paper.
const maxSample = 500

// drawnSample is a sample with where it was drawn.
type drawnSample struct {
	desk  desk
	batch string
	list  []vault.Sampled
}

// sampleSheet saves a sample whole or not at all, with the scans in a directory beside it.
func (c *program) sampleSheet(ctx context.Context, from drawnSample, name string) error {
	account, err := from.desk.batch(ctx, from.batch)
	if err != nil {
		return err
	}
	t, err := from.desk.Type(ctx, account.Type)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return about(err, name)
	}
	scans := strings.TrimSuffix(name, filepath.Ext(name))
	sample := convert.Sample{
		Type: t, Drawn: from.list,
		Scan: func(ctx context.Context, d record.Digest) ([]byte, error) { return from.desk.scan(ctx, from.batch, d) },
		Save: func(file string, content []byte) error { return writeFile(filepath.Join(scans, file), content) },
	}
	err = errors.Join(sample.WriteSheet(ctx, f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	drawn := len(from.list)
	return c.Emit(map[string]any{"sheet": name, "drawn": drawn}, func() {
		c.Tell("抽样 %d 件：%s", "%d drawn: %s", drawn, name)
		c.Tell("核对后：%s batch sign-off %s --by 核对人 --sampled %d --defects 差错数",
			"when inspected: %s batch sign-off %s --by NAME --sampled %d --defects N", c.again(), from.batch, drawn)
	})
}

func (c *program) batchSignOff() *cobra.Command {
	var so vault.SignOff
	cmd := &cobra.Command{
		Use:   "sign-off BATCH --by NAME --sampled N",
		Short: "签核：批次对外可查 / open a batch to look-ups", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), issuer("签核批次"), func(d desk) error {
				b, err := d.signOff(cmd.Context(), args[0], so)
				if err != nil {
					return err
				}
				return c.Emit(b, func() { c.Tell("批次 %s 已签核，对外可查", "batch %s is signed off and open", b.ID) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&so.By, "by", "", "核对人 / who inspected")
	f.IntVar(&so.Sampled, "sampled", 0, "核对件数 / how many were inspected")
	f.IntVar(&so.Defects, "defects", 0, "发现差错件数 / defects found")
	f.StringVar(&so.Remark, "remark", "", "备注 / remark")
	cli.MustHave(cmd, "by", "sampled")
	return cmd
}

// batchAct is what was to be done with a batch.
type batchAct struct {
	access         vault.Access
	batch          string
	zhDone, enDone string
}

// stateOf says in which state a batch is that does not allow an act.
func (c *program) stateOf(ctx context.Context, v *vault.Vault, err error, act batchAct) error {
	if !errors.Is(err, vault.ErrBatch) {
		return err
	}
	b, asked := v.Batch(ctx, act.access, act.batch, func([]vault.RowResult) bool { return false })
	if asked != nil {
		return err
	}
	w := batchWords[b.State]
	return &cli.ToldError{
		Err: err, Code: string(vault.CodeBatchState),
		Zh: "批次 " + b.ID + " 现在是“" + w[0] + "”，不能" + act.zhDone,
		En: "batch " + b.ID + " is " + w[1] + " and cannot be " + act.enDone,
	}
}

// signedText is a signed text as verify takes it.
type signedText struct {
	Raw       []byte `json:"raw"`
	Signature []byte `json:"signature"`
}

func (c *program) batchCertificate() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "certificate BATCH", Short: "批次证明（已签名，可离线验证） / the signed batch certificate", Args: cobra.ExactArgs(1),
		Example: "  elicense batch certificate 47407375890d-1 --save 批次证明.json && elicense verify 批次证明.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), issuer("取批次证明"), func(d desk) error {
				b, err := d.batch(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if b.Certificate == nil {
					return cli.Usage("该批次未完成，还没有证明；请先运行完转换", "the batch is not finished and has no certificate yet")
				}
				out := signedText{b.Certificate, b.CertificateSignature}
				if to != "" {
					return c.save(to, out)
				}
				return c.Emit(out, func() { c.Put(string(b.Certificate)) })
			})
		},
	}
	cmd.Flags().StringVar(&to, "save", "", "存为文件 / save to a file")
	return cmd
}
