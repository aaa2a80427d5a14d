package main

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// conversion is one convert command.
type conversion struct {
	*program

	job                                                convert.Job
	file, mapping, result, rows, errors, scans, photos string
	maxReject, deadline, encoding, sheet               string
	undo, reason                                       string
	typ                                                string         // the type as it was given
	closers                                            []func() error // of what is read
	outputs                                            []*os.File
}

func (c *program) convertCommand() *cobra.Command {
	cv := &conversion{program: c}
	cmd := &cobra.Command{
		Use:   "convert FILE --type TYPE",
		Short: "存量证照批量转换：csv、xlsx、xls / convert a ledger of paper licences: csv, xlsx, xls",
		Long: "读入台账，逐行规范、校验、与库比对，签发电子证照；结果是同一张表加三列（状态、错误码、怎么改），改好后把结果表再次导入，\n" +
			"只处理改过的行。中断后重新运行同一命令即从断点继续；同一文件运行两次不会产生重复。先用 --dry-run 试运行：结论相同，不写库。" + cli.Between +
			"Reads a ledger, normalises and checks each row, and issues. The result is the same sheet with three more " +
			"columns: correct\n" +
			"it and feed it back, only changed rows are worked. Run the same command again after an interruption; " +
			"running a file\n" +
			"twice makes no duplicates. Try --dry-run first: same verdicts, nothing written.",
		Example: "  elicense convert 台账.xls --type 食品经营许可证 --dry-run\n" +
			"  elicense convert 台账.xlsx --type 食品经营许可证 --sheet 二月\n" +
			"  elicense convert 台账.xls --type 食品经营许可证 --scans 扫描件.zip --max-reject 5%\n" +
			"  elicense convert 台账-结果.xlsx --type 食品经营许可证\n" +
			"  elicense convert --undo 47407375890d-1 --reason 用错了台账",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return cv.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&cv.job.Type, "type", "", "证照类型：名称或代码 / type: name or code")
	f.StringVar(&cv.mapping, "mapping", "",
		"列映射文件，缺省按表头识别（见 convert detect） / mapping file; by the headings if not given, see convert detect")
	sheetFlag(cmd, &cv.sheet)
	encodingFlag(cmd, &cv.encoding)
	f.BoolVar(&cv.job.DryRun, "dry-run", false, "试运行：同样的结论，不写库 / same verdicts, nothing written")
	f.StringVar(&cv.result, "result", "", "结果表，缺省为原名-结果 / result sheet; by default the name with -result")
	f.StringVar(&cv.rows, "rows", "", "逐行 JSON 存到文件 / a JSON line of each row to a file")
	f.StringVar(&cv.errors, "errors", "", "错误清单存到文件（不含单元格的值） / listing of errors, without values")
	f.StringVar(&cv.scans, "scans", "", "扫描件目录或 ZIP，按编号配对 / directory or ZIP of scans, paired by number")
	f.StringVar(&cv.photos, "photos", "",
		"照片目录或 ZIP：按表中的文件名，或按编号配对 / directory or ZIP of photos, by the names in the sheet or by number")
	f.StringVar(&cv.maxReject, "max-reject", "", "退回超过此数即停，如 5% 或 200 / stop beyond a share or count, as 5% or 200")
	f.IntVar(&cv.job.Expected, "expected", 0, "台账总行数，用于预测 / rows in the whole ledger, for the forecast")
	f.StringVar(&cv.deadline, "deadline", "", "期限 yyyy-mm-dd，用于预测 / deadline for the forecast")
	f.StringVar(&cv.undo, "undo", "", "撤回一个批次（与 --reason 同用） / take a batch back, with --reason")
	f.StringVar(&cv.reason, "reason", "", "撤回理由 / why it is taken back")
	cmd.AddCommand(c.detectCommand())
	return cmd
}

func (cv *conversion) run(ctx context.Context, args []string) error {
	if cv.undo != "" && cv.service.url != "" {
		return cv.undoAtService(ctx)
	}
	if cv.undo != "" {
		return cv.with(ctx, issuer("撤回转换批次"), func(h *house, a vault.Access) error {
			return cv.undoBatch(ctx, h.vault, a)
		})
	}
	if len(args) != 1 || cv.job.Type == "" {
		return cli.Usage("请给出台账文件和 --type", "give the ledger and --type")
	}
	cv.file = args[0]
	err := cv.prepare()
	if err == nil && cv.service.url != "" {
		return errors.Join(cv.convertAtService(ctx), cv.close())
	}
	if err == nil {
		err = cv.with(ctx, issuer("存量证照电子化转换"), func(h *house, a vault.Access) error {
			var err error
			if cv.job.Deadline, err = lastDay("--deadline", cv.deadline, h.zone); err != nil {
				return err
			}
			cv.typ = cv.job.Type
			if err := typeCode(ctx, h.vault, &cv.job.Type); err != nil {
				return err
			}
			return cv.convert(ctx, h, a)
		})
	}
	return errors.Join(err, cv.close())
}

// deliver makes everything that was written durable and gives the result its name.
func (cv *conversion) deliver() error {
	var errs []error
	for _, f := range cv.outputs {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() { // a pipe cannot
			errs = append(errs, f.Sync())
		}
		errs = append(errs, f.Close())
	}
	cv.outputs = nil
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return moveFile(cv.result+partial, cv.result)
}

// partial ends the name of a result that is being written.
const partial = ".part"

func (cv *conversion) close() error {
	var errs []error
	for _, f := range cv.outputs {
		errs = append(errs, f.Close())
	}
	cv.outputs = nil
	for _, fn := range cv.closers {
		errs = append(errs, fn())
	}
	cv.closers = nil
	return errors.Join(errs...)
}

// prepare opens and reads every file that the flags name, before the vault is touched.
func (cv *conversion) prepare() error {
	f, err := os.Open(cv.file)
	if err != nil {
		return err
	}
	cv.closers = append(cv.closers, f.Close)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return cli.Usage("这是目录，不是台账文件："+cv.file, "this is a directory, not a ledger: "+cv.file)
	}
	if err := checkEncoding(cv.encoding); err != nil {
		return err
	}
	cv.job.File = convert.File{
		Reader: f, SizeBytes: info.Size(), Name: filepath.Base(cv.file), Encoding: cv.encoding, Sheet: cv.sheet,
	}
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
	if _, err := lastDay("--deadline", cv.deadline, time.UTC); err != nil {
		return err
	}
	return errors.Join(cv.openFiles("--scans", cv.scans, &cv.job.Scans),
		cv.openFiles("--photos", cv.photos, &cv.job.Photos), cv.create(cv.rows, &cv.job.Rows), cv.create(cv.errors, &cv.job.Errors))
}

// parseThreshold reads 5% or 200.
func parseThreshold(s string) (t convert.Threshold, err error) {
	if s == "" {
		return t, nil
	}
	bad := cli.Usage("--max-reject 应为 5% 或 200 这样的写法："+s, "--max-reject wants something like 5% or 200: "+s)
	if share, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || !(v >= 0 && v <= 100) {
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

// lastDay reads a last day, which counts to its end.
func lastDay(flag, s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return day, cli.Usage(flag+" 应为 yyyy-mm-dd："+s, flag+" wants yyyy-mm-dd: "+s)
	}
	return day.AddDate(0, 0, 1).Add(-time.Second), nil
}

func (cv *conversion) create(name string, to *io.Writer) error {
	if name == "" {
		return nil
	}
	if sameFile(name, cv.file) {
		return cli.Usage("不能写到台账文件本身："+name, "this is the ledger itself and is not overwritten: "+name)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cv.outputs = append(cv.outputs, f)
	*to = f
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// openFiles opens a directory or a ZIP of scans or photos.
func (cv *conversion) openFiles(flag, name string, to *fs.FS) error {
	if name == "" {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		*to = os.DirFS(name)
		return nil
	}
	z, err := zip.OpenReader(name)
	if errors.Is(err, zip.ErrFormat) {
		return cli.Usage(flag+" 应为目录或 ZIP："+name, flag+" wants a directory or a ZIP: "+name)
	}
	if err != nil {
		return err
	}
	cv.closers = append(cv.closers, z.Close)
	*to = z
	return nil
}

// convert works the file. The result stands under its name only when it is whole.
func (cv *conversion) convert(ctx context.Context, h *house, a vault.Access) error {
	defer cv.collectAtLimit()()
	if err := cv.nameResult(); err != nil {
		return err
	}
	if err := cv.create(cv.result+partial, &cv.job.Result); err != nil {
		return about(err, cv.result)
	}
	cv.job.Deliver = cv.deliver
	report, err := cv.convertInto(ctx, converting{h, a, cv.Say("转换", "converting")}, cv.job)
	err = errors.Join(err, cv.close())
	if report == nil || err != nil && !errors.Is(err, convert.ErrThreshold) {
		cv.interrupted(report)
		if gone := os.Remove(cv.result + partial); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return err
	}
	if showErr := cv.Emit(report, func() { cv.showReport(report) }); showErr != nil {
		return showErr
	}
	if err != nil && cv.JSON {
		return &cli.ExitError{Code: cli.ExitFailed} // the report says where it stopped
	}
	return err
}

// nameResult finds a name for the result, which is never that of the ledger.
func (cv *conversion) nameResult() error {
	if cv.result == "" {
		old := strings.EqualFold(filepath.Ext(cv.file), ".xls")
		cv.result = freeName(cv.file, cv.Say("-结果", "-result"), old || strings.EqualFold(filepath.Ext(cv.file), ".xlsx"))
	} else if sameFile(cv.result, cv.file) {
		return cli.Usage("--result 不能是台账文件本身", "--result is the ledger itself")
	}
	return nil
}

// interrupted says how to go on after a conversion that was broken off.
func (cv *conversion) interrupted(report *convert.Report) {
	if report != nil && !report.DryRun && !report.Again && report.Counts.Rows > 0 {
		cv.Aside(cv.Say("已完成 "+strconv.Itoa(report.Counts.Rows)+" 行；重新运行同一命令即从此处继续。\n",
			strconv.Itoa(report.Counts.Rows)+" rows are done; run the same command again to go on from there.\n"))
	}
}

// converting is who converts into which vault, and what the progress is called.
type converting struct {
	house  *house
	access vault.Access
	name   string
}

// convertInto runs a conversion with a scratch engine for dry runs, temporary files and a progress bar.
func (c *program) convertInto(ctx context.Context, into converting, job convert.Job) (*convert.Report, error) {
	scratch, err := into.house.scratch()
	if err != nil {
		return nil, err
	}
	var engines []*badger.Engine
	cfg := convert.Config{
		Vault: into.house.vault, Access: into.access, Now: c.Now, Workers: workers(),
		Temp: func() (convert.TempFile, error) { return newTemporary(scratch) },
		OpenDryRun: func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error) {
			engine, err := badger.Open(badger.Config{
				Dir:          filepath.Join(scratch, "seen"+strconv.Itoa(len(engines))),
				ReserveBytes: into.house.settings.reserveBytes(),
			})
			if err != nil {
				return nil, err
			}
			engines = append(engines, engine)
			return into.house.vault.OpenDryRun(ctx, into.access, spec, engine)
		},
	}
	bar := c.progress(into.name)
	job.Progress = bar.update
	report, err := convert.Run(ctx, cfg, job)
	bar.finish()
	for _, e := range engines {
		err = errors.Join(err, e.Close())
	}
	return report, errors.Join(err, os.RemoveAll(scratch))
}

func (cv *conversion) undoBatch(ctx context.Context, v *vault.Vault, a vault.Access) error {
	counts := map[string]int{}
	var refused []vault.Undone
	done := &tally{program: cv.program, zh: "撤回 %d 行", en: "%d rows taken back"}
	account, err := v.UndoBatch(ctx, a, cv.undo, cv.reason, func(u vault.Undone) {
		done.add()
		counts[u.Result]++
		if u.Result == "refused" {
			refused = append(refused, u)
		}
	})
	done.finish()
	if err != nil {
		return cv.stateOf(ctx, v, err, batchAct{a, cv.undo, "撤回", "taken back"})
	}
	return cv.Emit(map[string]any{"batch": account, "counts": counts, "refused": refused}, func() {
		cv.Tell("批次 %s 已撤回：撤出 %d，恢复旧版 %d，不能撤回 %d", "batch %s undone: %d withdrawn, %d restored, %d refused",
			account.ID, counts["withdrawn"], counts["restored"], counts["refused"])
		for _, u := range refused {
			zh, en := u.Code.Sentence()
			cv.Tell("  第 %d 行：%s [%s]", "  row %d: %s [%s]", u.Row, cv.Say(zh, en), u.Code)
		}
	})
}
