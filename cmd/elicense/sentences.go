package main

import (
	"context"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/verify"
)

// words are errors that a person meets, and what to do about them.
var words = []cli.Words{
	{
		Err: errDemo, Code: "demo-failed",
		Zh: "演示没有通过",
		En: "the demo did not pass",
	},
	{
		Err: signing.ErrSigned, Code: "cannot-add-signature",
		Zh: "不能加签：不是 SignedData，或该证书已签过",
		En: "the signature cannot be added: this is no SignedData, or the certificate has signed already",
	},
	{
		Err: signing.ErrContent, Code: "content-differs",
		Zh: "原文为空、缺少、重复给出，或不是其他签名所签的原文",
		En: "the content is empty, missing, given twice, or not what the other signatures cover",
	},
	{
		Err: signing.ErrBorrowed, Code: "content-borrowed",
		Zh: "拒绝签署：这是另一种签名所签的数据（签名属性、用章数据或接口请求），签了可被挪用；核实来源后以 --attributes 签署",
		En: "refused: this is what another kind of signature covers (attributes, a use of a seal, a request), which could be " +
			"passed off as that; make sure where it comes from, then sign with --attributes",
	},
	{
		Err: signing.ErrDraft, Code: "draft-refused",
		Zh: "待签文件不能使用：已损坏，或属于另一张证书",
		En: "the draft cannot be used: it is damaged, or that of another certificate",
	},
	{
		Err: errNoSeal, Code: "seal-away",
		Zh: "颁发机构的印章不由本库托管；请由该机构用印",
		En: "the issuer's seal is not kept here; the issuer must seal",
	},
	{
		Err: verify.ErrConfig, Code: "trust-unusable",
		Zh: "信任目录或信任根不能使用：根证书、CRL 或账本公钥有误，或目录中有不认识的文件",
		En: "the trust folder or the trusted roots cannot be used: a certificate, CRL or key is wrong, or a file is unknown",
	},
	{
		Err: document.ErrNoFont, Code: "font-missing",
		Zh: "画 PNG 需要中文字体：apt-get install fonts-lxgw-wenkai 或 fonts-wqy-microhei，或以 ELICENSE_FONT 指明",
		En: "PNG needs a Chinese font: apt-get install fonts-lxgw-wenkai or fonts-wqy-microhei, or name one with ELICENSE_FONT",
	},
	{
		Err: document.ErrFont, Code: "font-unusable",
		Zh: "字体文件不能使用；请用 TrueType 字体（.ttf、.ttc）",
		En: "the font file cannot be used; take a TrueType font (.ttf, .ttc)",
	},
	{
		Err: document.ErrNote, Code: "copy-note",
		Zh: "加注说明不合要求：用证单位、事由各 1 至 200 字且无不可见字符，截止日期在今天之后",
		En: "the note cannot stand so: for whom and what for have 1 to 200 visible characters, and it ends after today",
	},
	{
		Err: document.ErrTemplate, Code: "template",
		Zh: "证照模板有错", En: "the template of the licence has errors",
	},
	{
		Err: document.ErrLicence, Code: "not-drawn",
		Zh: "证照不能按模板画出，或此文件不能加注", En: "the licence cannot be drawn, or the file takes no note",
	},
	{
		Err: signing.ErrValue, Code: "value-refused",
		Zh: "签名值不是该证书对待签摘要的签名；请确认没有再做一次杂凑",
		En: "the value is not this certificate's signature over the digest; make sure that it was not hashed again",
	},
	{
		Err: signing.ErrTimestamp, Code: "timestamp-refused",
		Zh: "时间戳令牌不是对该签名的",
		En: "the time-stamp token is not over this signature",
	},
	{
		Err: errStamp, Code: "no-timestamp",
		Zh: "时间戳服务没有给出令牌；未写出签名，请稍后重试",
		En: "the time-stamp service gave no token; nothing was written, try again later",
	},
	{
		Err: signing.ErrRecipient, Code: "not-a-recipient",
		Zh: "不是接收者：证书不是加密证书，或信封不是给该证书的",
		En: "not a recipient: the certificate is not for encryption, or the envelope is not to it",
	},
	{
		Err: signing.ErrEnvelope, Code: "not-an-envelope",
		Zh: "不是可以打开的数字信封",
		En: "this is no envelope that can be opened here",
	},
	{
		Err: signing.ErrOpen, Code: "envelope-damaged",
		Zh: "信封打不开：私钥不对，或信封被改动",
		En: "the envelope does not open: it is another key's, or was changed",
	},
	{
		Err: pki.ErrSelfTest, Code: "selftest",
		Zh: "密码算法自检不通过，未作任何签名或判断；请勿使用本机，运行 elicense selftest 查看是哪一项",
		En: "the self-test of the cryptography fails; nothing was signed or judged. Do not use this " +
			"machine; elicense selftest shows what is wrong",
	},
	{
		Err: errNoHouse, Code: "no-vault",
		Zh: "此目录中没有证照库；请先运行 elicense init，或用 -d 指定数据目录",
		En: "no vault in this directory; run elicense init first, or name the data directory with -d",
	},
	{
		Err: engine.ErrLocked, Code: "locked",
		Zh: "数据目录正被另一个进程使用；若是 elicense serve，请用 --server 经它办理，否则请等它结束或先停止它",
		En: "the data directory is in use by another process; if that is elicense serve, work through it with --server, " +
			"else wait for it or stop it",
	},
	{
		Err: engine.ErrNoSpace, Code: "no-space",
		Zh: "磁盘空间不足，已停止写入；须留审计记录的查询也不受理。请清理或扩容后重新运行同一命令",
		En: "the disk is nearly full: writing has stopped, and look-ups too, because they must be audited. " +
			"Free some space and run the same command again",
	},
	{
		Err: badger.ErrNotEmpty, Code: "not-empty",
		Zh: "要恢复到的目录不为空；请换一个空目录",
		En: "the directory to restore into is not empty; name an empty one",
	},
	{
		Err: engine.ErrCorrupt, Code: "storage-damaged",
		Zh: "存储的数据已损坏或不完整；数据目录请停用并从备份恢复（elicense restore），备份文件请换一份完好的",
		En: "stored data is damaged or cut off; stop using the data directory and restore it from a backup " +
			"(elicense restore), or take a sound copy of the backup",
	},
	{
		Err: engine.ErrAmbiguous, Code: "outcome-unknown",
		Zh: "提交结果不明；请用同一幂等键重试，系统会给出首次的答复",
		En: "the outcome of the commit is unknown; try again with the same key and get the first answer",
	},
	{
		Err: sealed.ErrWrongMaster, Code: "master-key-wrong",
		Zh: "主密钥不正确，或密钥环已损坏；请核对口令或密钥文件",
		En: "the master key is wrong, or the keyring is damaged; check the passphrase or the key file",
	},
	{
		Err: sealed.ErrNoKeyring, Code: "keyring-missing",
		Zh: "数据目录没有密钥环：建库未完成，或数据库已损坏；请从备份恢复",
		En: "the data directory has no keyring: it was never completed, or the database is damaged; restore " +
			"a backup",
	},
	{
		Err: sealed.ErrPassphrase, Code: "passphrase-empty",
		Zh: "口令为空；请设置 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE",
		En: "the passphrase is empty; set ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE",
	},
	{
		Err: convert.ErrThreshold, Code: "too-many-rejected",
		Zh: "退回的行过多，已停止；改好结果表后再次导入，或放宽 --max-reject 后重新运行同一命令",
		En: "stopped: too many rows were rejected. Correct the result sheet and feed it back, or raise " +
			"--max-reject and run the same command again",
	},
	{
		Err: convert.ErrMapping, Code: "mapping-refused",
		Zh: "列映射文件有误，未作任何更改",
		En: "the mapping file has errors; nothing was changed",
	},
	{
		Err: convert.ErrHeading, Code: "heading-refused",
		Zh: "表头与该类证照的要素对不上，未作任何更改；可用 elicense convert detect 生成映射后修改",
		En: "the headings do not fit the elements of the type; nothing was changed. elicense convert detect " +
			"writes a mapping to edit",
	},
	{
		Err: convert.ErrResume, Code: "resume-other-file",
		Zh: "文件与未完成的批次不符；请用原来的文件继续，或先用 elicense convert --undo 撤回该批次",
		En: "the file does not fit the batch that it left unfinished; go on with the original file, or undo " +
			"the batch first",
	},
	{
		Err: convert.ErrScans, Code: "scans-refused",
		Zh: "扫描件不能使用",
		En: "the scans cannot be used",
	},
	{
		Err: catalogue.ErrType, Code: "type-refused",
		Zh: "证照类型定义有误，未作任何更改",
		En: "the definition of the licence type has errors; nothing was changed",
	},
	{
		Err: vault.ErrInvalid, Code: "invalid",
		Zh: "请求有误，未作任何更改",
		En: "the request has errors; nothing was changed",
	},
	{
		Err: vault.ErrUnknownCaller, Code: "caller-unknown",
		Zh: "调用方未登记",
		En: "the caller is not registered",
	},
	{
		Err: vault.ErrDenied, Code: "denied",
		Zh: "无权办理",
		En: "no right to this",
	},
	{
		Err: vault.ErrLevel, Code: "level-too-low",
		Zh: "认证级别不足",
		En: "a stronger login is needed",
	},
	{
		Err: vault.ErrSecret, Code: "type-secret",
		Zh: "该类证照涉密或敏感，不进入电子证照库",
		En: "the type is classified and stays out of the vault",
	},
	{
		Err: vault.ErrUnknownType, Code: "type-unknown",
		Zh: "证照类型未登记",
		En: "the licence type is not declared",
	},
	{
		Err: vault.ErrNotFound, Code: "not-found",
		Zh: "没有找到",
		En: "not found",
	},
	{
		Err: vault.ErrExists, Code: "exists",
		Zh: "编号已被使用",
		En: "the number is taken",
	},
	{
		Err: vault.ErrPaperUsed, Code: "paper-used",
		Zh: "纸质印刷序号已被使用",
		En: "the paper serial is used",
	},
	{
		Err: vault.ErrConflict, Code: "version-changed",
		Zh: "证照已被他人更新，请重新查询后再办理",
		En: "the licence has changed meanwhile; look it up again",
	},
	{
		Err: vault.ErrTransition, Code: "state-forbids",
		Zh: "证照当前状态不允许此操作",
		En: "the licence's state does not allow this",
	},
	{
		Err: vault.ErrKeyReused, Code: "idempotency-key-reused",
		Zh: "幂等键已用于另一个请求",
		En: "the idempotency key was used for another request",
	},
	{
		Err: vault.ErrSignature, Code: "signature-refused",
		Zh: "签名未通过",
		En: "the signature is refused",
	},
	{
		Err: vault.ErrTooMany, Code: "guessing-limit",
		Zh: "比对失败次数过多",
		En: "too many failed comparisons",
	},
	{
		Err: vault.ErrRestored, Code: "restored-not-caught-up",
		Zh: "证照库由备份恢复，尚未追上最后公布的检查点，暂停写入",
		En: "restored from a backup that has not caught up; writing is closed",
	},
	{
		Err: vault.ErrBatch, Code: "batch-state",
		Zh: "批次当前状态不允许此操作",
		En: "the batch's state does not allow this",
	},
	{
		Err: vault.ErrDamaged, Code: "vault-damaged",
		Zh: "存储的数据已损坏；请运行 elicense audit verify",
		En: "stored data is damaged; run elicense audit verify",
	},
	{
		Err: vault.ErrAudit, Code: "audit-failed",
		Zh: "审计记录无法写入，操作已被拒绝",
		En: "the audit entry could not be written; the act was refused",
	},
	{
		Err: errKeyMismatch, Code: "key-mismatch",
		Zh: "密钥文件中的私钥与证书不相配；请从备份取回该文件",
		En: "a key file holds a key and a certificate that do not belong together; take it from a backup",
	},
	{
		Err: pki.ErrKeyFile, Code: "key-file-damaged",
		Zh: "密钥文件已损坏；请从备份取回",
		En: "a key file is damaged; take it from a backup",
	},
	{
		Err: pki.ErrPassphrase, Code: "key-file-other-master",
		Zh: "密钥文件不是用本库的主密钥加密的；请从备份取回",
		En: "a key file is not encrypted under this vault's master key; take it from a backup",
	},
	{
		Err: pki.ErrCertificate, Code: "certificate-damaged",
		Zh: "证书文件不完整或已损坏",
		En: "a certificate file is incomplete or damaged",
	},
	{
		Err: context.Canceled, Code: "interrupted",
		Zh: "已中断；重新运行同一命令即可继续",
		En: "interrupted; run the same command again to go on",
	},
}
