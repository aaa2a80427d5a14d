package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func (d *demo) convertOnce(ctx context.Context, a vault.Access, path string, dry bool) (*convert.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	cfg, cleanup := d.converter(d.house, a)
	bar := d.progress(d.say("   转换", "   converting"))
	job := convert.Job{
		Type: d.typeCode(), File: convert.File{Reader: f, SizeBytes: info.Size(), Name: path},
		DryRun: dry, Expected: d.rows, Progress: bar.update,
	}
	var result bytes.Buffer
	job.Result = &result
	report, err := convert.Run(ctx, cfg, job)
	bar.finish()
	if err == nil {
		err = cleanup()
	}
	if err != nil {
		return nil, err
	}
	n := report.Counts
	name := d.say("正式转换", "conversion")
	if dry {
		name = d.say("试运行（不写库）", "dry run (nothing written)")
	} else {
		err = writeFile(d.resultPath(), result.Bytes())
	}
	d.printf("   %s：%d 行 = 新建 %d + 更新 %d + 无变化 %d + 冲突 %d + 退回 %d",
		"   %s: %d rows = created %d + updated %d + unchanged %d + conflict %d + rejected %d",
		name, n.Rows, n.Created, n.Updated, n.Unchanged, n.Conflict, n.Rejected)
	return report, err
}

func (d *demo) resultPath() string { return filepath.Join(d.keep, "result-"+d.ledger.Name()) }

// expectRows holds the verdict on every single row against what the generator of the ledger knows.
func (d *demo) expectRows(report *convert.Report) error {
	want := map[fixtures.Verdict]int{}
	for i := range d.rows {
		want[d.ledger.Expected(i).Verdict]++
	}
	n := report.Counts
	got := map[fixtures.Verdict]int{
		fixtures.Created: n.Created, fixtures.Unchanged: n.Unchanged, fixtures.Conflict: n.Conflict,
		fixtures.Rejected: n.Rejected,
	}
	for verdict, count := range got {
		if want[verdict] != count {
			return fmt.Errorf("%w: %s: %d rows, %d expected", errDemo, verdict, count, want[verdict])
		}
	}
	d.printf("   每一行的结论都与造数时埋下的脏数据一致；结果写回同样的表格：%s",
		"   every verdict agrees with the dirt that was put in; the result is the same sheet: %s", d.resultPath())
	return nil
}

// signOff draws a sample and opens the batch to look-ups.
func (d *demo) signOff(ctx context.Context) error {
	d.title("抽样核对并签核，批次才对外可查", "sample, sign off: only now do look-ups see the batch")
	a := d.access(d.ledger.Department(), "抽样核对")
	batches, err := d.house.vault.Batches(ctx, a)
	if err != nil {
		return err
	}
	for _, b := range batches {
		sample, err := d.house.vault.Sample(ctx, a, b.ID, 20, d.seed)
		if err != nil {
			return err
		}
		so := vault.SignOff{By: "示例核对员", Sampled: len(sample)}
		if _, err := d.house.vault.SignOffBatch(ctx, a, b.ID, so); err != nil {
			return err
		}
		d.printf("   批次 %s：抽样 %d 件，已签核", "   batch %s: %d sampled, signed off", b.ID, len(sample))
	}
	return d.expect(len(batches) > 0, "no batch")
}

// issue makes one licence together with its paper, and retries as a system does that lost the answer.
func (d *demo) issue(ctx context.Context) error {
	d.title("同步签发：纸质印刷序号与电子证照同时生效；超时重试得到同一答复", "issue with the paper's serial; a retry gets the first answer")
	dep := d.ledger.Department()
	t, err := d.house.vault.Type(ctx, d.typeCode())
	if err != nil {
		return err
	}
	firm := fixtures.FirmAt(d.seed)
	req := vault.Request{
		Key: "demo-issue-1", Type: t.Definition.Code, Paper: "NO.00012345", Division: dep.Division,
		Values: map[string]string{
			"CZZT": firm.Name, "CZZTDM": firm.Code, "CZZTDMLXDM": "001",
			"ZZBFRQ": record.DateOf(d.now()).String(), "ZZYXQQSRQ": record.DateOf(d.now()).String(),
			"ZZYXQJZRQ": record.DateOf(d.now().AddDate(5, 0, -1)).String(),
			"KZ_FDDBR":  "张示例", "KZ_ZS": "示例省示例市示例路１号", "KZ_JYCS": "示例省示例市示例路1号",
			"KZ_ZTYT": "食品销售经营者", "KZ_JYXM": "预包装食品销售",
		},
	}
	a := d.access(dep, "核发证照")
	if d.issued, err = d.house.vault.Issue(ctx, a, req); err != nil {
		return err
	}
	again, err := d.house.vault.Issue(ctx, a, req)
	if err != nil {
		return err
	}
	d.printf("   证照编号 %s，电子证照标识 %s，状态 %s", "   number %s, identifier %s, state %s",
		d.issued.Number, d.issued.Identifier, d.state(d.issued.State))
	d.printf("   重试：replayed=%v，标识相同=%v", "   retry: replayed=%v, same identifier=%v",
		again.Replayed, again.Identifier == d.issued.Identifier)
	return d.expect(again.Replayed && again.Identifier == d.issued.Identifier, "the retry was not a replay")
}

func (d *demo) hall() vault.Access {
	return vault.Access{
		Caller: fixtures.Hall, Purpose: "办理示例事项", Item: "350000-0102", Case: "2026-000187",
		Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}
}

func (d *demo) lookup(ctx context.Context) error {
	d.title("大厅查询：凡库中已有的，不再要求申请人提交", "the hall looks it up: what the vault has is not asked of an applicant")
	firm := fixtures.FirmAt(d.seed)
	res, err := d.house.vault.Lookup(ctx, d.hall(), vault.Query{HolderKind: "001", HolderCode: firm.Code, Receipt: true})
	if err != nil {
		return err
	}
	if err := d.expect(len(res.Found) == 1 && res.Found[0].Identifier == d.issued.Identifier, "look-up"); err != nil {
		return err
	}
	f := &res.Found[0]
	d.printf("   按统一社会信用代码查到 1 件：%s，%s，有效期至 %s", "   found by credit code: %s, %s, valid until %s",
		f.Record.TypeName, d.state(f.State), f.Value("ZZYXQJZRQ"))
	d.printf("   查验回执已签名（%d 字节 SM2 签名数据）", "   the receipt is signed (%d bytes of SignedData)", len(res.Receipt.Signature))
	return nil
}

func (d *demo) compare(ctx context.Context) error {
	d.title("逐项比对：申请人填写的与库中所存", "compared field by field")
	firm := fixtures.FirmAt(d.seed)
	claims := map[string]string{
		"CZZT": firm.Name, "ZZBFRQ": d.now().Format("2006年1月2日"), "KZ_ZS": "示例省示例市示例路1号", "KZ_FDDBR": "李示例",
	}
	c, err := d.house.vault.Compare(ctx, d.hall(), vault.Query{Identifier: d.issued.Identifier}, claims)
	if err != nil {
		return err
	}
	for _, f := range c.Fields {
		why := ""
		for _, r := range f.Rules {
			why += " " + r
		}
		d.printf("   %-4s %s%s", "   %-4s %s%s", f.Verdict.Chinese(), f.Label, why)
	}
	return d.expect(c.Result == "different" && len(c.Fields) == 4, "comparison")
}

// prove verifies everything with the offline verifier, which has the root and the ledger's key and nothing else.
func (d *demo) prove(ctx context.Context) error {
	d.title("离线验证：只凭根证书与账本公钥", "offline verification with root and ledger key alone")
	b, err := d.house.vault.Bundle(ctx, d.hall(), d.issued.Identifier)
	if err != nil {
		return err
	}
	if d.bundle, err = b.Encode(); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.keep, "licence.json"), d.bundle); err != nil {
		return err
	}
	d.printf("   账本证明：", "   ledger proof:")
	for i, line := range bytes.Split(bytes.TrimSpace(b.Proof), []byte("\n")) {
		if i < 2 {
			d.printf("     %s", "     %s", line)
		}
	}
	report, err := d.judge(ctx, d.bundle)
	if err != nil {
		return err
	}
	if !d.json {
		if err := report.WriteText(indent{d.out}, d.lang); err != nil {
			return err
		}
	}
	return d.expect(report.Indication == verify.TotalPassed, "the licence did not verify")
}

// tamper flips one byte of the record and expects a refusal.
func (d *demo) tamper(ctx context.Context) error {
	d.title("翻转一个字节", "one byte flipped")
	var b record.Bundle
	if err := json.Unmarshal(d.bundle, &b); err != nil {
		return err
	}
	b.Record[len(b.Record)/2] ^= 1
	bent, err := b.Encode()
	if err != nil {
		return err
	}
	report, err := d.judge(ctx, bent)
	if err != nil {
		return err
	}
	d.printf("   %s", "   %s", d.decision(report))
	return d.expect(report.Indication != verify.TotalPassed, "a flipped byte passed")
}

// inspect re-hashes the whole vault.
func (d *demo) inspect(ctx context.Context) error {
	d.title("全库复核：重算每个记录、事件、账本叶子与审计链", "the whole vault re-hashed")
	a := vault.Access{Caller: fixtures.Operator, Purpose: "全库复核", Ground: vault.GroundOperator}
	in, err := d.house.vault.Inspect(ctx, a, nil)
	if err != nil {
		return err
	}
	d.printf("   证照 %d，版本 %d，事件 %d，验签 %d，账本叶子 %d，审计记录 %d，异常 %d",
		"   licences %d, versions %d, events %d, signatures %d, leaves %d, audit entries %d, findings %d",
		in.Licences, in.Versions, in.Events, in.Signatures, in.Leaves, in.AuditEntries, len(in.Findings))
	for _, f := range in.Findings {
		d.printf("   ! %s %s", "   ! %s %s", f.Where, f.What)
	}
	return d.expect(len(in.Findings) == 0, "the vault does not agree with itself")
}

// next says what to type now.
func (d *demo) next() {
	d.printf("\n全部完成。接着可以试：", "\nAll done. Now try:")
	for _, line := range [][2]string{
		{"看这张证照", "lookup " + d.issued.Identifier},
		{"看它的经历与账本证明", "history " + d.issued.Identifier},
		{"离线验证导出的证照", "verify " + filepath.Join(d.keep, "licence.json")},
		{"看退回的行怎么改", ""},
		{"体检", "doctor"},
	} {
		if line[1] == "" {
			d.printf("  # %s：打开 %s", "  # %s: open %s", line[0], d.resultPath())
			continue
		}
		d.printf("  elicense -d %s %s    # %s", "  elicense -d %s %s    # %s", d.keep, line[1], line[0])
	}
}

// decision is the first line of a report.
func (d *demo) decision(r *verify.Report) string {
	var text bytes.Buffer
	if err := r.WriteText(&text, d.lang); err != nil {
		return err.Error()
	}
	line, _, _ := bytes.Cut(text.Bytes(), []byte("\n"))
	return string(line)
}
