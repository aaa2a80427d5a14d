package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/vault"
)

// radar are the days before its end on which a certificate is called out (D1.10).
var radar = []int{7, 30, 90}

// certificates looks at every certificate file; no master key is needed for that.
func (x *examination) certificates() {
	list, err := certificateFiles(x.dir)
	if err != nil {
		return
	}
	for i := range list {
		x.certificate(&list[i])
	}
}

func (x *examination) certificate(h *held) {
	certs, err := certificatesIn(filepath.Join(x.dir, h.file))
	if err != nil {
		x.found(ailment{
			levelError, "certificate-file", "证书文件缺失或损坏：" + h.file, "a certificate file is missing or damaged: " + h.file,
			"从备份取回", "take it from a backup",
		})
		return
	}
	c := certs[0]
	h.certificate = c
	until := moment.Day(c.NotAfter, nil)
	zh, en := h.inBoth()
	renew := x.again() + " certificate renew " + h.whose
	renewZh, renewEn := "换发："+renew, "renew it: "+renew
	if h.whose == whoseRoot || h.whose == whoseIssuing {
		renewZh, renewEn = "须重建认证机构，请及早安排", "the authority must be set up anew: plan it in time"
	}
	switch {
	case x.now.Before(c.NotBefore):
		from := c.NotBefore
		x.found(ailment{
			levelError, "certificate-early", zh + "要到 " + moment.Say(from, nil, "zh") + " 才生效",
			en + " is not valid before " + moment.Say(from, nil, "en"), "校准系统时钟",
			"set the system clock",
		})
	case !x.now.Before(c.NotAfter):
		x.found(ailment{
			levelError, "certificate-expired", zh + "已于 " + until + " 到期，不能再签发",
			en + " ended on " + until + " and signs no more", renewZh, renewEn,
		})
	default:
		x.expiry(ailment{levelOK, "certificate", zh + "到 " + until, en + ": until " + until, renewZh, renewEn},
			daysLeft(c, x.now))
	}
}

// keys opens every key file and holds it against its certificate.
func (x *examination) keys(h *house) {
	sound := 0
	for _, k := range h.keys {
		err := k.open()
		if err == nil {
			sound++
			continue
		}
		what := describe(err)
		x.found(ailment{Level: levelError, Code: "key", Zh: k.file + "：" + what.Zh, En: k.file + ": " + what.En})
	}
	if sound > 0 {
		x.found(ailment{
			Level: levelOK, Code: "keys", Zh: fmt.Sprintf("%d 把密钥与证书相配", sound),
			En: fmt.Sprintf("%d keys fit their certificates", sound),
		})
	}
}

// expiry sets the level by the days that are left.
func (x *examination) expiry(a ailment, left int) {
	level := map[int]string{7: levelError, 30: levelWarning, 90: levelNote}
	for _, days := range radar {
		if left < days {
			a.Level, a.Code = level[days], fmt.Sprintf("certificate-%d-days", days)
			a.Zh += fmt.Sprintf("，还有 %d 天", left)
			a.En += fmt.Sprintf(", %d days left", left)
			x.found(a)
			return
		}
	}
	a.FixZh, a.FixEn = "", ""
	x.found(a)
}

// pending says what is not settled, and whether the clock runs behind what is written.
func (x *examination) pending(h *house, p *vault.Pending) {
	if p.LastAudit.After(x.now.Add(time.Minute)) {
		x.found(ailment{
			levelError, "clock", "系统时钟早于最近的审计记录（" + moment.Say(p.LastAudit, h.zone, "zh") + "）",
			"the system clock is behind the newest audit entry (" + moment.Say(p.LastAudit, h.zone, "en") + ")",
			"先校准时钟再办理业务", "set the clock before doing anything else",
		})
	}
	if p.Restored {
		x.found(ailment{
			levelWarning, "restored", "由备份恢复，写入暂停", "restored from a backup; writing is closed",
			x.again() + " restore --published 最后公布的检查点", x.again() + " restore --published LAST-PUBLISHED-CHECKPOINT",
		})
	}
	for issuer, n := range p.Reserved {
		x.found(ailment{
			levelNote, "reserved", fmt.Sprintf("%s 有 %d 件已预留未确认", issuer, n), fmt.Sprintf("%s has %d reservations to settle",
				issuer, n),
			x.again() + " reconcile --as 该部门", x.again() + " reconcile --as THAT-DEPARTMENT",
		})
	}
	for i := range p.Unfinished {
		b := &p.Unfinished[i]
		x.found(ailment{
			levelWarning, "batch-unfinished", fmt.Sprintf("批次 %s（%s）没有做完，已做 %d 行", b.ID, b.FileName, b.Counts.Rows),
			fmt.Sprintf("batch %s (%s) is not finished, %d rows are done", b.ID, b.FileName, b.Counts.Rows),
			"重新运行同一命令即继续", "run the same command again to go on",
		})
	}
	for i := range p.Waiting {
		b := &p.Waiting[i]
		if b.Counts.Created+b.Counts.Updated == 0 {
			continue
		}
		x.found(ailment{
			levelNote, "batch-waiting", fmt.Sprintf("批次 %s（%s）待抽样签核，还不能对外查询", b.ID, b.FileName),
			fmt.Sprintf("batch %s (%s) waits for its sample and sign-off; look-ups do not see it", b.ID, b.FileName),
			x.again() + " batch sample " + b.ID, x.again() + " batch sample " + b.ID,
		})
	}
	if p.Staged > 0 {
		x.found(ailment{
			levelNote, "staged", fmt.Sprintf("%d 个事件待入账", p.Staged),
			fmt.Sprintf("%d events wait for their place in the ledger", p.Staged),
			x.again() + " proof checkpoint", x.again() + " proof checkpoint",
		})
	}
}

// signers looks for departments that may issue and have no certificate to sign with.
func (x *examination) signers(ctx context.Context, h *house, a vault.Access) error {
	callers, err := h.vault.Callers(ctx, a)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range callers {
		if c.Department == "" || len(c.Issues) == 0 || c.Operator || seen[c.Department] {
			continue
		}
		seen[c.Department] = true
		if _, _, err := h.custody.SignerFor(c.Department, x.now); err != nil {
			x.found(ailment{
				levelError, "no-signer", c.Name + "（" + c.Department + "）没有可用的签名证书，不能签发",
				c.Name + " (" + c.Department + ") has no usable signing certificate and cannot issue",
				x.again() + " certificate renew " + c.Department, x.again() + " certificate renew " + c.Department,
			})
		}
	}
	return nil
}
