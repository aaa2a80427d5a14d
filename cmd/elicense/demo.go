package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

func (c *program) demoCommand() *cobra.Command {
	d := &demo{program: c}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "一条命令看全程：建库、转换、签发、查询、比对、验证 / the whole job in one command",
		Long: "用虚构的示例省走一遍：建库，转换一份满是毛病的台账，签发，查询，比对，离线验证，全库复核。\n" +
			"每一步都核对结果，任何一步不符即以非零退出码结束。" + cli.Between +
			"Goes through everything with a made-up province: set-up, conversion of a ledger full of faults, issuing, " +
			"look-up,\n" +
			"comparison, offline verification, inspection of the vault. Every step is checked; any that is not what it " +
			"should\n" +
			"be ends the demo with a non-zero exit code.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	cmd.Flags().IntVar(&d.rows, "rows", 5000, "台账行数 / rows of the ledger")
	cmd.Flags().StringVar(&d.keep, "keep", "elicense-demo", "演示数据留在哪里 / where the demo's data is left")
	cmd.Flags().Uint64Var(&d.seed, "seed", 20161231, "造数种子 / seed of the made-up data")
	return cmd
}

// demo is one run of the demo. Each step fails the command if it is not what it should be.
type demo struct {
	*program

	rows int
	keep string
	seed uint64

	house  *house
	ledger *fixtures.Ledger
	issued *vault.Answer
	bundle []byte
	result string // the result sheet
	steps  []demoStep
}

// demoStep is what --json says of a step.
type demoStep struct {
	Step   string   `json:"step"`
	Passed []string `json:"passed"`
}

// errDemo is a step that was not what it should be.
var errDemo = errors.New("demo: a step was not what it should be")

// check holds what came out against what should.
func (d *demo) check(ok bool, zh, en string, args ...any) error {
	text := fmt.Sprintf(d.Say(zh, en), args...)
	if !ok {
		return fmt.Errorf("%w: %s", errDemo, text)
	}
	step := &d.steps[len(d.steps)-1]
	step.Passed = append(step.Passed, text)
	d.Fact("   ✓ %s", text)
	return nil
}

func (d *demo) title(zh, en string, args ...any) {
	text := fmt.Sprintf(d.Say(zh, en), args...)
	d.steps = append(d.steps, demoStep{Step: text})
	d.Fact("\n%d  %s", len(d.steps), text)
}

// demoMark is the file by which a demo's directory is known as such, so that the next demo may make it anew.
const demoMark = "demo.txt"

func (d *demo) run(ctx context.Context) (err error) {
	began := d.Now()
	d.keep = filepath.Clean(d.keep)
	if d.rows < 100 || d.rows > 1_000_000 {
		return cli.Usage("--rows 应在 100 到 1000000 之间", "--rows is 100 to 1000000")
	}
	if _, err := os.Lstat(filepath.Join(d.keep, demoMark)); err == nil {
		if err := os.RemoveAll(d.keep); err != nil {
			return err
		}
	}
	defer func() {
		if d.house != nil {
			err = errors.Join(err, d.house.close())
		}
	}()
	d.Tell("elicense 演示：从纸质台账到可查、可比、可证的电子证照（人名、企业、号码均为虚构）",
		"elicense demo: from a paper ledger to licences that can be found, compared and proven (all data is made up)")
	for _, step := range []func(context.Context) error{
		d.province, d.convert, d.signOff, d.issue, d.document, d.lookup, d.compare, d.prove, d.tamper, d.inspect,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	took := d.Now().Sub(began).Round(100 * time.Millisecond)
	all := map[string]any{"passed": true, "seconds": took.Seconds(), "data": d.keep, "steps": d.steps}
	return d.Emit(all, func() { d.next(took) })
}

func (d *demo) province(ctx context.Context) error {
	d.title("建示例省：根证书、签发证书、部门、证照目录", "a made-up province: root, issuing CA, departments, licence types")
	operator := body{fixtures.Authority().Name, fixtures.Authority().Code}
	var err error
	d.house, err = d.createHouse(ctx, d.keep, plan{
		origin: fixtures.Origin, zone: "Asia/Shanghai", sandbox: true, operator: operator,
	})
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.keep, demoMark), []byte("elicense demo\n")); err != nil {
		return err
	}
	root := d.house.anchors.Certificates()[0]
	d.Tell("   根证书 SM2WithSM3，SM3 指纹 %x…", "   root SM2WithSM3, SM3 digest %x…", root.Digest[:8])
	for _, dep := range fixtures.Departments() {
		d.Fact("   %s  %s", dep.Code, dep.Name)
	}
	types, err := d.house.vault.TypeReport(ctx)
	if err != nil {
		return err
	}
	return d.check(len(types) > 10, "登记证照类型 %d 类", "%d licence types declared", len(types))
}

// as is the access of the i-th department to its own licences.
func as(i int, purpose string) vault.Access {
	return vault.Access{Caller: fixtures.Caller(i), Purpose: purpose, Ground: vault.GroundIssuer}
}

// hall is the access of the hall that handles a case.
func hall() vault.Access {
	return vault.Access{
		Caller: fixtures.Hall, Purpose: "办理示例事项", Item: "350000-0102", Case: "2026-000187",
		Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}
}

// inspect re-hashes the whole vault.
func (d *demo) inspect(ctx context.Context) error {
	d.title("全库复核：重算每条记录、签名、事件、索引、账本与审计链",
		"the whole vault re-hashed: records, signatures, events, indexes, ledger, audit")
	a := vault.Access{Caller: operatorID, Purpose: "全库复核", Ground: vault.GroundOperator}
	in, err := d.house.vault.Inspect(ctx, a, nil)
	if err != nil {
		return err
	}
	for _, f := range in.Findings {
		d.Fact("   ✗ %s %s", f.Where, f.What)
	}
	return d.check(len(in.Findings) == 0, "%s，异常 0", "%s, nothing amiss", d.inspected(in))
}

// next says what to type now. Each line can be pasted.
func (d *demo) next(took time.Duration) {
	d.Tell("\n全部通过，用时 %s。数据留在 %s，接着输入：", "\nAll passed in %s. The data is in %s. Now type:", took, d.keep)
	call := d.Name + " -d " + quoted(d.keep)
	id := d.issued.Identifier
	lines := [][3]string{
		{call + " lookup " + id, "查这张证照", "look the licence up"},
		{call + " compare " + id + " 住所=示例省示例市示例路1号", "比对一项", "compare an element"},
		{call + " history " + id, "看它的经历", "what happened to it"},
		{
			call + " verify " + filepath.Join(d.keep, licenceFile) + " --with " + filepath.Join(d.keep, bundleFile),
			"验证盖章的电子证照", "verify the sealed licence",
		},
		{call + " document draw " + id + " --save " + filepath.Join(d.keep, "证照.svg"), "画出证照页面", "draw the licence as a picture"},
		{call + " verify " + quoted(filepath.Join(d.keep, bundleFile)), "离线验证导出的证照", "verify the exported licence offline"},
		{call + " batch list --as " + healthCaller, "看转换批次", "the batches"},
		{call + " doctor", "体检", "is everything well?"},
	}
	for _, l := range lines {
		d.Fact("  # %s", d.Say(l[1], l[2]))
		d.Fact("  %s", l[0])
	}
	d.Tell("  # 打开结果表，看每一行为什么退回、怎么改\n  %s",
		"  # open the result: why each row was sent back, and how to correct it\n  %s", d.result)
}

// quoted makes a path one word of a shell.
func quoted(path string) string {
	if !strings.ContainsAny(path, " '\"\\$&()*;<>?[]`|~#!{}\t\n") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
