package main

import (
	"context"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/document"
)

// words are errors that a person meets, and what to do about them.
var words = []struct {
	err          error
	code, zh, en string
}{
	{errDemo, "demo-failed", "演示没有通过", "the demo did not pass"},
	{
		pki.ErrSelfTest, "selftest", "密码算法自检不通过，未作任何签名或判断；请勿使用本机，运行 elicense selftest 查看是哪一项",
		"the self-test of the cryptography fails; nothing was signed or judged. Do not use this machine; " +
			"elicense selftest shows what is wrong",
	},
	{
		errNoHouse, "no-vault", "此目录中没有证照库；请先运行 elicense init，或用 -d 指定数据目录",
		"no vault in this directory; run elicense init first, or name the data directory with -d",
	},
	{
		engine.ErrLocked, "locked", "数据目录正被另一个进程使用；请等它结束，或先停止它",
		"the data directory is in use by another process; wait for it or stop it",
	},
	{
		engine.ErrNoSpace, "no-space", "磁盘空间不足，已停止写入；须留审计记录的查询也不受理。请清理或扩容后重新运行同一命令",
		"the disk is nearly full: writing has stopped, and look-ups too, because they must be audited. Free some space " +
			"and run the same command again",
	},
	{
		errNoSeal, "seal-away", "颁发机构的印章不由本库托管；请由该机构用印",
		"the issuer's seal is not kept here; the issuer must seal",
	},
	{
		document.ErrNoFont, "font-missing", "画 PNG 需要中文字体：apt-get install fonts-lxgw-wenkai 或 fonts-wqy-microhei，或以 ELICENSE_FONT 指明",
		"PNG needs a Chinese font: apt-get install fonts-lxgw-wenkai or fonts-wqy-microhei, or name one with ELICENSE_FONT",
	},
	{
		document.ErrFont, "font-unusable", "字体文件不能使用；请用 TrueType 字体（.ttf、.ttc）",
		"the font file cannot be used; take a TrueType font (.ttf, .ttc)",
	},
	{
		document.ErrNote, "copy-note", "加注说明不合要求：用证单位、事由各 1 至 200 字且无不可见字符，截止日期在今天之后",
		"the note cannot stand so: for whom and what for have 1 to 200 visible characters, and it ends after today",
	},
	{
		document.ErrTemplate, "template", "证照模板有错", "the template of the licence has errors",
	},
	{
		document.ErrLicence, "not-drawn", "证照不能按模板画出，或此文件不能加注", "the licence cannot be drawn, or the file takes no note",
	},
	{badger.ErrNotEmpty, "not-empty", "要恢复到的目录不为空；请换一个空目录", "the directory to restore into is not empty; name an empty one"},
	{
		engine.ErrCorrupt, "storage-damaged", "存储的数据已损坏或不完整；数据目录请停用并从备份恢复（elicense restore），备份文件请换一份完好的",
		"stored data is damaged or cut off; stop using the data directory and restore it from a backup " +
			"(elicense restore), or take a sound copy of the backup",
	},
	{
		engine.ErrAmbiguous, "outcome-unknown", "提交结果不明；请用同一幂等键重试，系统会给出首次的答复",
		"the outcome of the commit is unknown; try again with the same key and get the first answer",
	},
	{
		sealed.ErrWrongMaster, "master-key-wrong", "主密钥不正确，或密钥环已损坏；请核对口令或密钥文件",
		"the master key is wrong, or the keyring is damaged; check the passphrase or the key file",
	},
	{
		sealed.ErrNoKeyring, "keyring-missing", "数据目录没有密钥环：建库未完成，或数据库已损坏；请从备份恢复",
		"the data directory has no keyring: it was never completed, or the database is damaged; restore a backup",
	},
	{
		sealed.ErrPassphrase, "passphrase-empty", "口令为空；请设置 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE",
		"the passphrase is empty; set ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE",
	},
	{
		convert.ErrThreshold, "too-many-rejected", "退回的行过多，已停止；改好结果表后再次导入，或放宽 --max-reject 后重新运行同一命令",
		"stopped: too many rows were rejected. Correct the result sheet and feed it back, or raise " +
			"--max-reject and run the same command again",
	},
	{convert.ErrMapping, "mapping-refused", "列映射文件有误，未作任何更改", "the mapping file has errors; nothing was changed"},
	{
		convert.ErrHeading, "heading-refused", "表头与该类证照的要素对不上，未作任何更改；可用 elicense convert detect 生成映射后修改",
		"the headings do not fit the elements of the type; nothing was changed. elicense convert detect " +
			"writes a mapping to edit",
	},
	{
		convert.ErrResume, "resume-other-file", "文件与未完成的批次不符；请用原来的文件继续，或先用 elicense convert --undo 撤回该批次",
		"the file does not fit the batch that it left unfinished; go on with the original file, or undo the " +
			"batch first",
	},
	{convert.ErrScans, "scans-refused", "扫描件不能使用", "the scans cannot be used"},
	{catalogue.ErrType, "type-refused", "证照类型定义有误，未作任何更改", "the definition of the licence type has errors; nothing was changed"},
	{vault.ErrInvalid, "invalid", "请求有误，未作任何更改", "the request has errors; nothing was changed"},
	{vault.ErrUnknownCaller, "caller-unknown", "调用方未登记", "the caller is not registered"},
	{vault.ErrDenied, "denied", "无权办理", "no right to this"},
	{vault.ErrLevel, "level-too-low", "认证级别不足", "a stronger login is needed"},
	{vault.ErrSecret, "type-secret", "该类证照涉密或敏感，不进入电子证照库", "the type is classified and stays out of the vault"},
	{vault.ErrUnknownType, "type-unknown", "证照类型未登记", "the licence type is not declared"},
	{vault.ErrNotFound, "not-found", "没有找到", "not found"},
	{vault.ErrExists, "exists", "编号已被使用", "the number is taken"},
	{vault.ErrPaperUsed, "paper-used", "纸质印刷序号已被使用", "the paper serial is used"},
	{vault.ErrConflict, "version-changed", "证照已被他人更新，请重新查询后再办理", "the licence has changed meanwhile; look it up again"},
	{vault.ErrTransition, "state-forbids", "证照当前状态不允许此操作", "the licence's state does not allow this"},
	{vault.ErrKeyReused, "idempotency-key-reused", "幂等键已用于另一个请求", "the idempotency key was used for another request"},
	{vault.ErrSignature, "signature-refused", "签名未通过", "the signature is refused"},
	{vault.ErrTooMany, "guessing-limit", "比对失败次数过多", "too many failed comparisons"},
	{
		vault.ErrRestored, "restored-not-caught-up", "证照库由备份恢复，尚未追上最后公布的检查点，暂停写入",
		"restored from a backup that has not caught up; writing is closed",
	},
	{vault.ErrBatch, "batch-state", "批次当前状态不允许此操作", "the batch's state does not allow this"},
	{
		vault.ErrDamaged, "vault-damaged", "存储的数据已损坏；请运行 elicense audit verify",
		"stored data is damaged; run elicense audit verify",
	},
	{vault.ErrAudit, "audit-failed", "审计记录无法写入，操作已被拒绝", "the audit entry could not be written; the act was refused"},
	{errKeyMismatch, "key-mismatch", "密钥文件中的私钥与证书不相配；请从备份取回该文件",
		"a key file holds a key and a certificate that do not belong together; take it from a backup"},
	{pki.ErrKeyFile, "key-file-damaged", "密钥文件已损坏；请从备份取回", "a key file is damaged; take it from a backup"},
	{pki.ErrPassphrase, "key-file-other-master", "密钥文件不是用本库的主密钥加密的；请从备份取回",
		"a key file is not encrypted under this vault's master key; take it from a backup"},
	{pki.ErrCertificate, "certificate-damaged", "证书文件不完整或已损坏", "a certificate file is incomplete or damaged"},
	{context.Canceled, "interrupted", "已中断；重新运行同一命令即可继续", "interrupted; run the same command again to go on"},
}
