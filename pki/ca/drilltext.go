package ca

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// WriteJSON writes the plan as one JSON object.
func (p *DrillPlan) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// drillActs are the acts for people: what to do, and with which command.
var drillActs = map[DrillAct][2]string{
	DrillRevoke:  {"吊销该密钥的证书，事由“密钥泄露”，并封禁密钥", "revoke the key's certificates for keyCompromise; this blocks the key"},
	DrillNewKey:  {"为持有者换发新密钥的证书", "a certificate of a new key for the holder"},
	DrillReissue: {"该密钥签发的有效证书，逐一重发", "valid certificates that the key has issued: reissue each"},
	DrillRecheck: {"可疑的签发，先与签发机关档案核对", "versions under suspicion: first hold them against the issuer's file"},
	DrillReseal:  {"现行证照，重签重盖", "licences in force: sign and seal again"},
}

var drillDoubts = map[DrillDoubt][2]string{
	DoubtSince:   {"失控期间签发", "dated when the key may have been in other hands"},
	DoubtOutside: {"签发日期不在证书有效期内", "dated when the key had no valid certificate"},
	DoubtIssuer:  {"签发机关不是密钥持有者", "names another issuer than the key's holder"},
}

// WriteText writes the plan for people, in Chinese or in English.
func (p *DrillPlan) WriteText(w io.Writer, chinese bool) error {
	t := &drillText{w: bufio.NewWriter(w), language: 1}
	if chinese {
		t.language = 0
	}
	t.line("密钥失控处置方案 %s", "plan for a compromised key, %s", p.MadeAt.Format(time.RFC3339))
	t.line("密钥 %s", "key %s", p.Key)
	if p.Since.IsZero() {
		t.line("失控时间：不明，全部签发均属可疑", "since when: not known, everything signed is under suspicion")
	} else {
		t.line("失控时间：自 %s 起", "since %s", p.Since.Format(time.RFC3339))
	}
	for _, c := range p.Certificates {
		t.line("证书 %s（%s，%s 至 %s）：%s %s", "certificate %s (%s, %s to %s): %s %s", c.ID, c.Profile,
			c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), c.State, c.Cause)
		if c.ReplacedBy != "" {
			t.line("  已由 %s 接替", "  replaced by %s", c.ReplacedBy)
		}
	}
	t.line("签发 %d 个版本：需重签 %d，可疑 %d，已被取代 %d", "%d versions signed: %d to sign again, %d under suspicion, %d past",
		p.Counts.Versions, p.Counts.Reseal, p.Counts.Suspect, p.Counts.Past)
	for _, s := range p.Steps {
		act := drillActs[s.Act]
		t.line("第 %d 步　%s：%d", "step %d: %s: %d", s.Number, act[t.language], s.Count)
	}
	for _, item := range p.Work {
		doubt := ""
		if item.Suspect != "" {
			doubt = drillDoubts[item.Suspect][t.language]
		}
		t.line("%6d　%s　%s　%s", "%6d  %s  %s  %s", item.Order, item.IssuedOn, item.Identifier, doubt)
	}
	return t.w.Flush()
}

// drillText writes lines in one of two languages; a failure shows when it is flushed.
type drillText struct {
	w        *bufio.Writer
	language int // place in a pair of texts
}

func (t *drillText) line(zh, en string, args ...any) {
	_, _ = fmt.Fprintf(t.w, [2]string{zh, en}[t.language]+"\n", args...)
}
