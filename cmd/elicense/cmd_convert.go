package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"archive/zip"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// conversion is one convert command.
type conversion struct {
	*cli

	job                                        convert.Job
	file, mapping, result, rows, errors, scans string
	maxReject, deadline                        string
	undo, reason                               string
	close                                      []func() error
}

func (c *cli) convertCommand() *cobra.Command {
	cv := &conversion{cli: c}
	cmd := &cobra.Command{
		Use:   "convert FILE --type CODE",
		Short: "存量证照批量转换：csv、xlsx、xls / convert a ledger of paper licences",
		Long: "读入台账，逐行规范、校验、与库比对，签发电子证照；结果是同一张表加三列（状态、错误码、怎么改），改好后可直接再次导入。\n" +
			"中断后重新运行同一命令即从断点继续；同一文件运行两次不会产生重复。先用 --dry-run 试运行。\n" +
			"Reads a ledger, normalises and checks each row, and issues. The result is the same sheet with three more columns.\n" +
			"Run the same command again after an interruption. Try --dry-run first.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return cv.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&cv.job.Type, "type", "", "证照类型代码 / type code")
	f.StringVar(&cv.mapping, "mapping", "", "列映射文件（缺省按表头识别）/ mapping file")
	f.BoolVar(&cv.job.DryRun, "dry-run", false, "试运行：同样的结论，不写库 / same verdicts, nothing written")
	f.StringVar(&cv.result, "result", "", "结果表写到哪里（缺省：原名-结果）/ where the result sheet goes")
	f.StringVar(&cv.rows, "rows", "", "逐行 JSON 写到文件 / JSON line of each row to a file")
	f.StringVar(&cv.errors, "errors", "", "错误清单写到文件（不含个人信息）/ listing of errors, without values")
	f.StringVar(&cv.scans, "scans", "", "扫描件目录或 ZIP / directory or ZIP of scans")
	f.StringVar(&cv.maxReject, "max-reject", "", "退回超过此数即停，如 5% 或 200 / stop beyond a share or count")
	f.IntVar(&cv.job.Expected, "expected", 0, "台账总行数 / rows in the whole ledger")
	f.StringVar(&cv.deadline, "deadline", "", "期限 yyyy-mm-dd，用于预测 / deadline for the forecast")
	f.StringVar(&cv.undo, "undo", "", "撤回一个批次 / take a batch back")
	f.StringVar(&cv.reason, "reason", "", "撤回理由 / why it is taken back")
	return cmd
}

func (cv *conversion) run(ctx context.Context, args []string) error {
	if cv.undo != "" {
		return cv.withHouse(ctx, func(h *house) error { return cv.undoBatch(ctx, h) })
	}
	if len(args) != 1 || cv.job.Type == "" {
		return &usageError{"请给出文件和 --type", "give a file and --type"}
	}
	cv.file = args[0]
	err := cv.prepare()
	if err == nil {
		err = cv.withHouse(ctx, func(h *house) error { return cv.convert(ctx, h) })
	}
	for _, fn := range cv.close {
		err = errors.Join(err, fn())
	}
	return err
}

// prepare opens every file that the flags name.
func (cv *conversion) prepare() error {
	f, err := os.Open(cv.file)
	if err != nil {
		return err
	}
	cv.close = append(cv.close, f.Close)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	cv.job.File = convert.File{Reader: f, SizeBytes: info.Size(), Name: filepath.Base(cv.file)}
	if cv.mapping != "" {
		text, err := os.ReadFile(cv.mapping)
		if err != nil {
			return err
		}
		if cv.job.Mapping, err = convert.ParseMapping(text); err != nil {
			return err
		}
	}
	if cv.job.MaxReject, err = parseThreshold(cv.maxReject); err != nil {
		return err
	}
	if cv.deadline != "" {
		if cv.job.Deadline, err = time.Parse(time.DateOnly, cv.deadline); err != nil {
			return &usageError{"--deadline 应为 yyyy-mm-dd", "--deadline wants yyyy-mm-dd"}
		}
	}
	return errors.Join(cv.openScans(), cv.create(cv.rows, &cv.job.Rows), cv.create(cv.errors, &cv.job.Errors))
}

// parseThreshold reads 5% or 200.
func parseThreshold(s string) (t convert.Threshold, err error) {
	if s == "" {
		return t, nil
	}
	bad := &usageError{"--max-reject 应为 5% 或 200 这样的写法", "--max-reject wants something like 5% or 200"}
	if share, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || v < 0 || v > 100 {
			return t, bad
		}
		t.Share = v / 100
		return t, nil
	}
	if t.Count, err = strconv.Atoi(s); err != nil || t.Count < 0 {
		return convert.Threshold{}, bad
	}
	return t, nil
}

func (cv *conversion) create(name string, to *io.Writer) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cv.close = append(cv.close, f.Close)
	*to = f
	return nil
}

func (cv *conversion) openScans() error {
	if cv.scans == "" {
		return nil
	}
	info, err := os.Stat(cv.scans)
	if err != nil {
		return err
	}
	if info.IsDir() {
		cv.job.Scans = os.DirFS(cv.scans)
		return nil
	}
	z, err := zip.OpenReader(cv.scans)
	if err != nil {
		return err
	}
	cv.close = append(cv.close, z.Close)
	cv.job.Scans = fs.FS(z)
	return nil
}

func (cv *conversion) convert(ctx context.Context, h *house) error {
	if cv.result == "" {
		ext := filepath.Ext(cv.file)
		out := ext
		if strings.EqualFold(ext, ".xls") {
			out = ".xlsx"
		}
		cv.result = strings.TrimSuffix(cv.file, ext) + cv.say("-结果", "-result") + out
	}
	part := cv.result + ".part"
	if err := cv.create(part, &cv.job.Result); err != nil {
		return err
	}
	cfg, cleanup := cv.converter(h, cv.by(h, vault.GroundIssuer, "存量证照电子化转换"))
	bar := cv.progress(cv.say("转换", "converting"))
	cv.job.Progress = bar.update
	report, err := convert.Run(ctx, cfg, cv.job)
	bar.finish()
	err = errors.Join(err, cleanup())
	if report == nil {
		return errors.Join(err, os.Remove(part))
	}
	if renameErr := os.Rename(part, cv.result); renameErr != nil {
		return errors.Join(err, renameErr)
	}
	if showErr := cv.emit(report, func() { cv.showReport(report) }); showErr != nil {
		return showErr
	}
	return err
}

// showReport says what became of the file, what to do next, and what was found most.
func (c *conversion) showReport(r *convert.Report) {
	n := r.Counts
	if r.DryRun {
		c.printf("试运行，未写库。", "dry run, nothing was written.")
	}
	c.printf("%s：%d 行 = 新建 %d + 更新 %d + 无变化 %d + 冲突 %d + 退回 %d", "%s: %d rows = created %d + updated %d + unchanged %d + conflict %d + rejected %d",
		r.File, n.Rows, n.Created, n.Updated, n.Unchanged, n.Conflict, n.Rejected)
	if r.Resumed > 0 {
		c.printf("其中 %d 行为上次已完成", "%d of them were done by an earlier run", r.Resumed)
	}
	for i, x := range r.Codes {
		if i == 8 {
			break
		}
		c.printf("  %6d  %s", "  %6d  %s", x.Rows, x.Code)
	}
	for _, s := range r.Reconcile.Spans {
		c.printf("  %d 年 %s：%s–%s，有 %d，缺 %d", "  %d %s: %s-%s, %d seen, %d missing", s.Year, s.Series, s.First, s.Last, s.Seen, s.Missing)
	}
	if r.Scans != nil {
		c.printf("  扫描件：%+v", "  scans: %+v", *r.Scans)
	}
	c.printf("结果表：%s（退回和冲突的行改好后，直接把这张表再导入）", "result: %s (correct the rows there and feed it back)", c.result)
	if r.Stopped != nil {
		c.printf("已在第 %d 行停止：退回过多。批次 %s 可继续或撤回。", "stopped at row %d: too many rejected. Batch %s can go on or be undone.", r.Stopped.Row, r.Batch)
		return
	}
	if r.Batch != "" && !r.DryRun {
		c.printf("批次 %s。下一步：elicense batch sample %s，核对后 elicense batch sign-off %s", "batch %s. next: elicense batch sample %s, then elicense batch sign-off %s", r.Batch, r.Batch, r.Batch)
	}
}

func (cv *conversion) undoBatch(ctx context.Context, h *house) error {
	counts := map[string]int{}
	var refused []vault.Undone
	account, err := h.vault.UndoBatch(ctx, cv.by(h, vault.GroundIssuer, "撤回转换批次"), cv.undo, cv.reason, func(u vault.Undone) {
		counts[u.Result]++
		if u.Result == "refused" {
			refused = append(refused, u)
		}
	})
	if err != nil {
		return err
	}
	return cv.emit(map[string]any{"batch": account, "counts": counts, "refused": refused}, func() {
		cv.printf("批次 %s 已撤回：撤出 %d，恢复旧版 %d，不能撤回 %d", "batch %s undone: %d withdrawn, %d restored, %d refused",
			account.ID, counts["withdrawn"], counts["restored"], counts["refused"])
		for _, u := range refused {
			cv.printf("  第 %d 行：%s", "  row %d: %s", u.Row, u.Code)
		}
	})
}

func (c *cli) batchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "batch", Short: "转换批次 / batches of conversions"}
	cmd.AddCommand(c.batchList(), c.batchSample(), c.batchSignOff(), c.batchCertificate())
	return cmd
}

func (c *cli) batchList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "批次与进度 / batches and how far they are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				list, err := h.vault.Batches(cmd.Context(), c.by(h, vault.GroundIssuer, "查看转换进度"))
				if err != nil {
					return err
				}
				return c.emit(list, func() {
					for i := range list {
						b := &list[i]
						c.printf("%s  %-10s %s  %d 行：新建 %d 更新 %d 退回 %d", "%s  %-10s %s  %d rows: created %d updated %d rejected %d",
							b.ID, b.State, b.FileName, b.Counts.Rows, b.Counts.Created, b.Counts.Updated, b.Counts.Rejected)
					}
				})
			})
		},
	}
}

func (c *cli) batchSample() *cobra.Command {
	var n int
	var seed uint64
	cmd := &cobra.Command{
		Use: "sample BATCH", Short: "抽样核对 / draw a sample to inspect", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				list, err := h.vault.Sample(cmd.Context(), c.by(h, vault.GroundIssuer, "抽样核对"), args[0], n, seed)
				if err != nil {
					return err
				}
				return c.emit(list, func() {
					for i := range list {
						c.printf("—— 第 %d 行，扫描件 %d 份", "-- row %d, %d scans", list[i].Row, len(list[i].Scans))
						c.showLicence(cmd.Context(), h, &list[i].Found)
					}
				})
			})
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 20, "件数 / how many")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "抽样种子，同一种子抽到同样的行 / seed of the draw")
	return cmd
}

func (c *cli) batchSignOff() *cobra.Command {
	var so vault.SignOff
	cmd := &cobra.Command{
		Use: "sign-off BATCH --by NAME --sampled N", Short: "签核：批次对外可查 / open a batch to look-ups", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				b, err := h.vault.SignOffBatch(cmd.Context(), c.by(h, vault.GroundIssuer, "签核批次"), args[0], so)
				if err != nil {
					return err
				}
				return c.emit(b, func() { c.printf("批次 %s 已签核，对外可查", "batch %s is signed off and open", b.ID) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&so.By, "by", "", "核对人 / who inspected")
	f.IntVar(&so.Sampled, "sampled", 0, "抽样件数 / how many were inspected")
	f.IntVar(&so.Defects, "defects", 0, "发现差错件数 / defects found")
	f.StringVar(&so.Remark, "remark", "", "备注 / remark")
	return cmd
}

func (c *cli) batchCertificate() *cobra.Command {
	return &cobra.Command{
		Use: "certificate BATCH", Short: "批次证明（已签名）/ the signed batch certificate", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				b, err := h.vault.Batch(cmd.Context(), c.by(h, vault.GroundIssuer, "取批次证明"), args[0], func([]vault.RowResult) bool { return false })
				if err != nil {
					return err
				}
				out := map[string][]byte{"raw": b.Certificate, "signature": b.CertificateSignature}
				return c.emit(out, func() { fmt.Fprint(c.out, string(b.Certificate)) })
			})
		},
	}
}
