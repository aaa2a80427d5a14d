package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// usageError is a wrong call.
type usageError struct{ zh, en string }

func (e *usageError) Error() string { return e.en }

// complaint is one thing that is wrong, with its place and what to do about it.
type complaint struct {
	Code    string `json:"code"`
	Line    int    `json:"line,omitempty"` // of a file
	Column  int    `json:"column,omitempty"`
	Where   string `json:"where,omitempty"` // field or path
	Found   string `json:"found,omitempty"`
	Message string `json:"message"`
}

// fail says what went wrong, every problem with its code, place and remedy, and gives the exit code.
func (w *world) fail(cmd *cobra.Command, err error) int {
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	code := exitFailed
	var usage *usageError
	if errors.As(err, &usage) {
		code = exitUsage
	}
	text, list := w.describe(cmd, err), w.complaints(err)
	if w.json {
		if err := w.writeJSON(map[string]any{"error": map[string]any{"message": text, "problems": list}}); err == nil {
			return code
		}
	}
	w.aside(w.say("错误：", "error: ") + text + "\n")
	for i := range list {
		w.aside("  " + list[i].String() + "\n")
	}
	if code == exitUsage && cmd != nil {
		w.aside(w.say("用法：", "usage: ") + cmd.UseLine() + "\n" +
			w.say("详见：", "more: ") + w.name + strings.TrimPrefix(cmd.CommandPath(), "elicense") + " --help\n")
	}
	return code
}

// String is the complaint on one line: place, words, code.
func (c *complaint) String() string {
	var b strings.Builder
	if c.Line > 0 {
		b.WriteString(strconv.Itoa(c.Line))
		if c.Column > 0 {
			b.WriteString(":" + strconv.Itoa(c.Column))
		}
		b.WriteString("  ")
	}
	if c.Where != "" {
		b.WriteString(c.Where + "  ")
	}
	b.WriteString(c.Message)
	if c.Found != "" && !strings.Contains(c.Message, c.Found) {
		b.WriteString(" <" + c.Found + ">")
	}
	b.WriteString("  [" + c.Code + "]")
	return b.String()
}

// complaints are the single problems inside an error.
func (w *world) complaints(err error) []complaint {
	var refusal *vault.Refusal
	var typ *catalogue.TypeError
	var mapping *convert.MappingError
	var out []complaint
	switch {
	case errors.As(err, &refusal):
		for _, p := range refusal.Problems {
			out = append(out, complaint{Code: string(p.Code), Where: p.Field, Found: p.Found, Message: w.say(p.Zh, p.En)})
		}
	case errors.As(err, &typ):
		lang := catalogue.ZH
		if w.lang == "en" {
			lang = catalogue.EN
		}
		for _, p := range typ.Problems {
			out = append(out, complaint{
				Code: string(p.Code), Line: p.Line, Column: p.Column, Where: p.Path, Found: p.Found,
				Message: p.Text(lang) + w.say("；", "; ") + p.Fix(lang),
			})
		}
	case errors.As(err, &mapping):
		for _, p := range mapping.Problems {
			out = append(out, complaint{
				Code: string(p.Code), Line: p.Line, Where: p.Path, Found: p.Found, Message: w.say(p.Zh, p.En),
			})
		}
	}
	return out
}

// words are errors that a person meets, and what to do about them.
var words = []struct {
	err    error
	zh, en string
}{
	{errDemo, "演示没有通过", "the demo did not pass"},
	{
		pki.ErrSelfTest, "密码算法自检不通过，未作任何签名或判断；请勿使用本机，运行 elicense selftest 查看是哪一项",
		"the self-test of the cryptography fails; nothing was signed or judged. Do not use this machine; " +
			"elicense selftest shows what is wrong",
	},
	{
		errNoHouse, "此目录中没有证照库；请先运行 elicense init，或用 -d 指定数据目录",
		"no vault in this directory; run elicense init first, or name the data directory with -d",
	},
	{
		engine.ErrLocked, "数据目录正被另一个进程使用；请等它结束，或先停止它",
		"the data directory is in use by another process; wait for it or stop it",
	},
	{
		engine.ErrNoSpace, "磁盘空间不足，已停止写入（读取不受影响）；请清理或扩容后重试",
		"the disk is nearly full; writing has stopped, reading goes on. Free some space and try again",
	},
	{badger.ErrNotEmpty, "要恢复到的目录不为空；请换一个空目录", "the directory to restore into is not empty; name an empty one"},
	{
		engine.ErrCorrupt, "存储的数据已损坏或不完整；数据目录请停用并从备份恢复（elicense restore），备份文件请换一份完好的",
		"stored data is damaged or cut off; stop using the data directory and restore it from a backup " +
			"(elicense restore), or take a sound copy of the backup",
	},
	{
		engine.ErrAmbiguous, "提交结果不明；请用同一幂等键重试，系统会给出首次的答复",
		"the outcome of the commit is unknown; try again with the same key and get the first answer",
	},
	{
		sealed.ErrWrongMaster, "主密钥不正确，或密钥环已损坏；请核对口令或密钥文件",
		"the master key is wrong, or the keyring is damaged; check the passphrase or the key file",
	},
	{
		sealed.ErrNoKeyring, "数据目录没有密钥环：建库未完成，或数据库已损坏；请从备份恢复",
		"the data directory has no keyring: it was never completed, or the database is damaged; restore a backup",
	},
	{
		sealed.ErrPassphrase, "口令为空；请设置 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE",
		"the passphrase is empty; set ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE",
	},
	{
		convert.ErrThreshold, "退回的行过多，已停止；改好结果表后再次导入，或放宽 --max-reject 后重新运行同一命令",
		"stopped: too many rows were rejected. Correct the result sheet and feed it back, or raise " +
			"--max-reject and run the same command again",
	},
	{convert.ErrMapping, "列映射文件有误，未作任何更改", "the mapping file has errors; nothing was changed"},
	{
		convert.ErrHeading, "表头与该类证照的要素对不上，未作任何更改；可用 elicense convert detect 生成映射后修改",
		"the headings do not fit the elements of the type; nothing was changed. elicense convert detect " +
			"writes a mapping to edit",
	},
	{
		convert.ErrResume, "文件与未完成的批次不符；请用原来的文件继续，或先用 elicense convert --undo 撤回该批次",
		"the file does not fit the batch that it left unfinished; go on with the original file, or undo the " +
			"batch first",
	},
	{convert.ErrScans, "扫描件不能使用", "the scans cannot be used"},
	{catalogue.ErrType, "证照类型定义有误，未作任何更改", "the definition of the licence type has errors; nothing was changed"},
	{vault.ErrInvalid, "请求有误，未作任何更改", "the request has errors; nothing was changed"},
	{vault.ErrUnknownCaller, "调用方未登记", "the caller is not registered"},
	{vault.ErrDenied, "无权办理", "no right to this"},
	{vault.ErrLevel, "认证级别不足", "a stronger login is needed"},
	{vault.ErrSecret, "该类证照涉密或敏感，不进入电子证照库", "the type is classified and stays out of the vault"},
	{vault.ErrUnknownType, "证照类型未登记", "the licence type is not declared"},
	{vault.ErrNotFound, "没有找到", "not found"},
	{vault.ErrExists, "编号已被使用", "the number is taken"},
	{vault.ErrPaperUsed, "纸质印刷序号已被使用", "the paper serial is used"},
	{vault.ErrConflict, "证照已被他人更新，请重新查询后再办理", "the licence has changed meanwhile; look it up again"},
	{vault.ErrTransition, "证照当前状态不允许此操作", "the licence's state does not allow this"},
	{vault.ErrKeyReused, "幂等键已用于另一个请求", "the idempotency key was used for another request"},
	{vault.ErrSignature, "签名未通过", "the signature is refused"},
	{vault.ErrTooMany, "比对失败次数过多", "too many failed comparisons"},
	{
		vault.ErrRestored, "证照库由备份恢复，尚未追上最后公布的检查点，暂停写入",
		"restored from a backup that has not caught up; writing is closed",
	},
	{vault.ErrBatch, "批次当前状态不允许此操作", "the batch's state does not allow this"},
	{
		vault.ErrDamaged, "存储的数据已损坏；请运行 elicense audit verify",
		"stored data is damaged; run elicense audit verify",
	},
	{vault.ErrAudit, "审计记录无法写入，操作已被拒绝", "the audit entry could not be written; the act was refused"},
	{errKeyMismatch, "密钥文件中的私钥与证书不相配；请从备份取回该文件",
		"a key file holds a key and a certificate that do not belong together; take it from a backup"},
	{pki.ErrKeyFile, "密钥文件已损坏；请从备份取回", "a key file is damaged; take it from a backup"},
	{pki.ErrPassphrase, "密钥文件不是用本库的主密钥加密的；请从备份取回",
		"a key file is not encrypted under this vault's master key; take it from a backup"},
	{pki.ErrCertificate, "证书文件不完整或已损坏", "a certificate file is incomplete or damaged"},
	{context.Canceled, "已中断；重新运行同一命令即可继续", "interrupted; run the same command again to go on"},
}

// describe puts an error into the user's language. One that is not known is told as it is, with what was being done.
func (w *world) describe(cmd *cobra.Command, err error) string {
	var usage *usageError
	if errors.As(err, &usage) {
		return w.say(usage.zh, usage.en)
	}
	var bad *sheet.Error
	if errors.As(err, &bad) {
		return w.sheetWords(bad)
	}
	for i := range words {
		if errors.Is(err, words[i].err) {
			return w.say(words[i].zh, words[i].en)
		}
	}
	text := w.fileWords(err)
	if cmd == nil {
		return text
	}
	path := cmd.CommandPath()
	return w.say("执行 "+path+" 时出错：", "running "+path+": ") + text
}

// fileWords names the file that an operating system's error is about.
func (w *world) fileWords(err error) string {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err.Error()
	}
	for _, known := range []struct {
		err    error
		zh, en string
	}{
		{fs.ErrNotExist, "文件或目录不存在：", "no such file or directory: "},
		{fs.ErrPermission, "没有权限：", "permission denied: "},
		{fs.ErrExist, "已经存在，不覆盖：", "exists already and is not overwritten: "},
	} {
		if errors.Is(err, known.err) {
			return w.say(known.zh, known.en) + path.Path
		}
	}
	return err.Error()
}

func (w *world) sheetWords(e *sheet.Error) string {
	what, fix := e.Code.Message(w.lang)
	var at []string
	for _, place := range []struct {
		n      int
		zh, en string
	}{{cmp.Or(e.Line, e.Row), "行", "line"}, {e.Column, "列", "column"}} {
		if place.n > 0 {
			at = append(at, w.say("第 "+strconv.Itoa(place.n)+" "+place.zh, place.en+" "+strconv.Itoa(place.n)))
		}
	}
	text := what + w.say("；", "; ") + fix + " [" + string(e.Code) + "]"
	if len(at) > 0 {
		text = strings.Join(at, w.say("，", ", ")) + w.say("：", ": ") + text
	}
	return text
}
