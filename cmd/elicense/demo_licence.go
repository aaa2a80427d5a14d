package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// request is a licence to be issued today.
func (d *demo) request(ctx context.Context) (vault.Request, error) {
	t, err := resolveType(ctx, d.house.vault, fixtures.FoodLicence)
	if err != nil {
		return vault.Request{}, err
	}
	firm, today := fixtures.FirmAt(d.seed), d.Now().In(d.house.zone)
	return vault.Request{
		Key: "demo-1", Type: t.Definition.Code, Paper: "NO.00012345", Division: fixtures.Departments()[0].Division,
		Values: map[string]string{
			"CZZT": firm.Name, "CZZTDM": firm.Code, "CZZTDMLXDM": holderFirm,
			"ZZBFRQ": record.DateOf(today).String(), "ZZYXQQSRQ": record.DateOf(today).String(),
			"ZZYXQJZRQ": record.DateOf(today.AddDate(5, 0, -1)).String(),
			"KZ_FDDBR":  "张示例", "KZ_ZS": "示例省示例市示例路１号", "KZ_JYCS": "示例省示例市示例路1号",
			"KZ_ZTYT": "食品销售经营者", "KZ_JYXM": "预包装食品销售",
		},
	}, nil
}

// issue makes one licence together with its paper, and retries as a system does that lost the answer.
func (d *demo) issue(ctx context.Context) error {
	d.title("同步签发：凭纸质证照的印刷序号，电子证照同时生效", "issue: with the serial of the printed paper the electronic licence takes effect")
	req, err := d.request(ctx)
	if err != nil {
		return err
	}
	a := as(0, "核发证照")
	if d.issued, err = d.house.vault.Issue(ctx, a, req); err != nil {
		return err
	}
	d.Tell("   %s  编号 %s  %s", "   %s  number %s  %s", fixtures.FoodLicence, d.issued.Number, d.state(d.issued.State))
	d.Tell("   标识 %s", "   identifier %s", d.issued.Identifier)
	for _, n := range d.issued.Notes {
		d.Tell("   已规范 %s：%s → %s", "   normalised %s: %s → %s", n.Field, n.Old, n.New)
	}
	again, err := d.house.vault.Issue(ctx, a, req)
	if err != nil {
		return err
	}
	return d.check(again.Replayed && again.Identifier == d.issued.Identifier,
		"超时重试：同一幂等键得到首次的答复（replayed）", "a retry with the same key gets the first answer (replayed)")
}

// lookup asks as the hall does, and verifies the receipt.
func (d *demo) lookup(ctx context.Context) error {
	d.title("大厅查询：库中已有的，不再要求申请人提交", "the hall looks it up: what the vault has is not asked of an applicant again")
	q := vault.Query{HolderKind: holderFirm, HolderCode: fixtures.FirmAt(d.seed).Code}
	res, err := d.house.vault.Lookup(ctx, hall(), q)
	if err != nil {
		return err
	}
	found := len(res.Found) == 1 && res.Found[0].Identifier == d.issued.Identifier
	if err := d.check(found, "按统一社会信用代码查到", "found by credit code"); err != nil {
		return err
	}
	f := &res.Found[0]
	d.Tell("     %s  %s  %s  有效期至 %s", "     %s  %s  %s  valid until %s",
		f.Value("CZZT"), f.Record.TypeName, d.state(f.State), f.Value("ZZYXQJZRQ"))
	return nil
}

// compare holds an applicant's words against the vault; one of them is wrong.
func (d *demo) compare(ctx context.Context) error {
	d.title("逐项比对：申请人填写的与库中所存，出具签名回执", "compared field by field, with a signed receipt")
	claims := map[string]string{
		"CZZT": fixtures.FirmAt(d.seed).Name, "ZZBFRQ": d.Now().In(d.house.zone).Format("2006年1月2日"),
		"KZ_ZS": "示例省示例市示例路 1 号", "KZ_FDDBR": "李示例",
	}
	c, err := d.house.vault.Compare(ctx, hall(), vault.Query{Identifier: d.issued.Identifier}, claims)
	if err != nil {
		return err
	}
	equal := 0
	for _, f := range c.Fields {
		if f.Verdict == vault.Equal {
			equal++
		}
		d.Fact("     %s  %s", d.verdict(f.Verdict), strings.TrimSpace(f.Label+"  "+d.rules(f.Rules)))
	}
	if err := d.check(c.Result == "different" && equal == 3, "三项一致（写法不同也认得），一项不一致",
		"three are equal however written, one differs"); err != nil {
		return err
	}
	receipt, err := json.Marshal(c.Receipt)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.keep, receiptFile), receipt); err != nil {
		return err
	}
	report, err := d.judge(ctx, receipt)
	if err != nil {
		return err
	}
	// the receipt itself is genuine, and says that a claim differs: that is no pass for the claim
	return d.check(report.Authentic && report.Indication != verify.TotalPassed,
		"回执签名真实，写明比对不一致，可存入办件档案", "the receipt is genuine, says that a claim differs, and can stand in the case file")
}

// prove verifies the licence with the offline verifier, which has the root and the ledger's key and nothing else.
func (d *demo) prove(ctx context.Context) error {
	d.title("离线验证：只凭根证书和账本公钥，两套独立的 SM2 实现",
		"offline verification: with root and ledger key alone, by two unrelated implementations of SM2")
	b, err := d.house.vault.Bundle(ctx, hall(), d.issued.Identifier)
	if err != nil {
		return err
	}
	if d.bundle, err = b.Encode(); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.keep, bundleFile), d.bundle); err != nil {
		return err
	}
	report, err := d.judge(ctx, d.bundle)
	if err != nil {
		return err
	}
	d.headline(report)
	d.Tell("     账本 %s 共 %s 条，本证照是第 %s 条", "     ledger %s of %s leaves, this licence is at %s",
		report.Fact("ledger.origin"), report.Fact("ledger.size"), report.Fact("ledger.index"))
	passed := 0
	for i := range report.Checks {
		if report.Checks[i].Status == verify.CheckPassed {
			passed++
		}
	}
	return d.check(report.Indication == verify.TotalPassed, "%d 项检查全部通过：签名、证书链、账本、状态",
		"all %d checks passed: signature, chain, ledger, state", passed)
}

// headline prints decision and reason, the first two lines of a report.
func (d *demo) headline(r *verify.Report) {
	var text bytes.Buffer
	if err := r.WriteText(&text, d.Lang); err != nil {
		return
	}
	for i, line := range strings.Split(text.String(), "\n") {
		if i < 2 {
			d.Fact("     %s", line)
		}
	}
}

// tamper flips one byte of the record, and one of the ledger proof.
func (d *demo) tamper(ctx context.Context) error {
	d.title("篡改：各翻转一个字节", "tampering: one byte flipped")
	for _, part := range []struct {
		zh, en string
		bytes  func(*record.Bundle) []byte
	}{
		{"记录", "record", func(b *record.Bundle) []byte { return b.Record }},
		{"签名", "signature", func(b *record.Bundle) []byte { return b.Signature }},
		{"账本证明", "ledger proof", func(b *record.Bundle) []byte { return b.Proof }},
	} {
		b, err := record.ParseBundle(d.bundle)
		if err != nil {
			return err
		}
		bent := part.bytes(b)
		bent[len(bent)/2] ^= 1
		doc, err := b.Encode()
		if err != nil {
			return err
		}
		report, err := d.judge(ctx, doc)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s [%s %s]", d.Say(part.zh, part.en), report.Indication, report.SubIndication)
		if err := d.check(report.Indication != verify.TotalPassed, "%s 不通过", "%s refused", what); err != nil {
			return err
		}
	}
	return nil
}

// judge verifies with the house's root and ledger key, as anybody could who has those two.
func (d *demo) judge(ctx context.Context, doc []byte) (*verify.Report, error) {
	return d.judgeDocument(ctx, verify.DocumentOf(doc))
}

// judgeDocument verifies with the folder of trust that lies in the data directory too: the issuing CA and its CRLs.
func (d *demo) judgeDocument(ctx context.Context, doc verify.Document) (*verify.Report, error) {
	keys, err := verify.ParseLedgerKeys(d.house.signer.NoteKey())
	if err != nil {
		return nil, err
	}
	known, err := readTrust(filepath.Join(d.keep, trustFolder))
	if err != nil {
		return nil, err
	}
	v, err := verify.New(verify.Config{
		Trust: d.house.anchors, LedgerKeys: keys, Now: d.Now, CrossCheck: true, Intermediates: known.Intermediates,
		Evidence: []pki.Evidence{known.Evidence},
	})
	if err != nil {
		return nil, err
	}
	return v.VerifyDocument(ctx, doc, verify.Expect{})
}
