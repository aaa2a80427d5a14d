package main

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/stepca"
)

// Errors of this program's own.
var (
	errNoAuthority = errors.New("no authority in this directory")
	errPlainHTTP   = errors.New("plain HTTP beyond this machine")
	errNothing     = errors.New("nothing to serve")
	errBehind      = errors.New("restored and behind")
)

// words are errors that a person meets, and what to do about them.
var words = []cli.Words{
	{
		Err: pki.ErrSelfTest, Code: "selftest", Zh: "密码算法自检不通过；请勿使用本机签发，更换程序或机器",
		En: "the self-test of the cryptography fails; sign nothing on this machine, replace the program or the machine",
	},
	{
		Err: errNoAuthority, Code: "no-authority", Zh: "此目录中没有认证机构（缺 " + settingsFile + "）；请用 -d 指定数据目录",
		En: "no authority in this directory (" + settingsFile + " is missing); name the data directory with -d",
	},
	{
		Err: errPlainHTTP, Code: "plain-http", Zh: "不加密的 HTTP 只能监听本机地址；请设置 tls 证书，或改为 127.0.0.1",
		En: "plain HTTP listens on addresses of this machine only; give a TLS certificate, or listen on 127.0.0.1",
	},
	{
		Err: errNothing, Code: "nothing-to-serve", Zh: settingsFile + " 没有要提供的服务", En: settingsFile + " names nothing to serve",
	},
	{
		Err: errBehind, Code: "behind", Zh: "登记库由备份恢复，落后于已发布的 CRL；请先执行 catch-up",
		En: "the register was restored and is behind the published CRLs; run catch-up first",
	},
	{
		Err: errNoOffice, Code: "no-sm2-authority", Zh: "此目录中没有 SM2 认证机构（" + settingsFile + " 中没有 authority）",
		En: "there is no SM2 authority in this directory (" + settingsFile + " has no authority)",
	},
	{
		Err: errNoOfficer, Code: "officer-missing", Zh: "请用 --officer 或 ELICENSE_CA_OFFICER 给出操作员的密钥文件",
		En: "name the key file of the officer who acts with --officer or ELICENSE_CA_OFFICER",
	},
	{
		Err: errOfficer, Code: "officer-unknown", Zh: "此密钥不属于本机构的任何操作员；请核对密钥文件与 " + settingsFile,
		En: "the key is no officer's of this authority; check the key file and " + settingsFile,
	},
	{
		Err: errNoPair, Code: "no-encryption-key", Zh: "此申请没有加密密钥，或尚未签发",
		En: "the application has no encryption key, or is not issued yet",
	},
	{
		Err: errWitness, Code: "two-officers", Zh: "动用根密钥须两名操作员到场，各用自己的密钥（--officer 两次）",
		En: "the root's key is opened with two officers present, each with a key of his own (--officer twice)",
	},
	{
		Err: errRecord, Code: "record", Zh: "记录不成立：须由根密钥和两名操作员签名，并写明每个文件的摘要",
		En: "the record does not stand: the root and two officers must have signed it, and it must name the digest of every file",
	},
	{
		Err: errNoSecret, Code: "passphrase-missing", Zh: "缺少口令：请设置操作员、根密钥或私钥的口令变量（见 --help），或其 _FILE 形式",
		En: "a passphrase is missing: set the variable that --help names, or the same with _FILE",
	},
	{
		Err: errServiceGone, Code: "service-gone", Zh: "服务在答复之前结束了；请启动服务后查看结果再决定是否重做",
		En: "the service ended before it had answered; start it, look what was done, then decide whether to repeat",
	},
	{
		Err: engine.ErrLocked, Code: "locked", Zh: "数据目录正被另一个进程使用；请等它结束，或先停止它",
		En: "the data directory is in use by another process; wait for it or stop it",
	},
	{
		Err: engine.ErrNoSpace, Code: "no-space", Zh: "磁盘空间不足，已停止写入；请清理或扩容后重试",
		En: "the disk is nearly full and writing has stopped; free some space and try again",
	},
	{
		Err: engine.ErrCorrupt, Code: "storage-damaged", Zh: "存储的数据已损坏或不完整；请停用数据目录并从备份恢复",
		En: "stored data is damaged or cut off; stop using the data directory and restore it from a backup",
	},
	{
		Err: sealed.ErrWrongMaster, Code: "master-key-wrong", Zh: "主密钥不正确，或密钥环已损坏；请核对口令或密钥文件",
		En: "the master key is wrong, or the keyring is damaged; check the passphrase or the key file",
	},
	{
		Err: sealed.ErrNoKeyring, Code: "keyring-missing", Zh: "数据目录没有密钥环：建立未完成，或数据库已损坏；请从备份恢复",
		En: "the data directory has no keyring: it was never completed, or the database is damaged; restore a backup",
	},
	{
		Err: pki.ErrKeyFile, Code: "key-file-damaged", Zh: "密钥文件已损坏；请从备份取回", En: "a key file is damaged; take it from a backup",
	},
	{
		Err: pki.ErrPassphrase, Code: "key-file-other-master", Zh: "密钥文件不是用本机构的主密钥加密的；请从备份取回",
		En: "a key file is not encrypted under this authority's master key; take it from a backup",
	},
	{
		Err: stepca.ErrConfig, Code: "foreign-settings", Zh: "面向外部系统的认证机构设置有误，未启动",
		En: "the settings of the authority for foreign systems are wrong; nothing was started",
	},
	{Err: context.Canceled, Code: "interrupted", Zh: "已中断", En: "interrupted"},
}
