package main

import (
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
)

// words are errors that a person meets, and what to do about them.
var words = []struct {
	err    error
	zh, en string
}{
	{errNoHouse, "此目录中没有证照库；请先运行 elicense init，或用 --data 指定数据目录", "no vault in this directory; run elicense init first, or name it with --data"},
	{engine.ErrLocked, "数据目录正被另一个进程使用；请等它结束或先停止它", "the data directory is in use by another process; wait for it or stop it"},
	{engine.ErrNoSpace, "磁盘空间不足，已停止写入（读取不受影响）；请清理或扩容后重试", "the disk is nearly full; writing has stopped, reading goes on. Free some space and try again"},
	{engine.ErrCorrupt, "存储的数据已损坏；请停止使用并从备份恢复（elicense restore）", "stored data is damaged; stop and restore from a backup (elicense restore)"},
	{engine.ErrAmbiguous, "提交结果不明；请用同一幂等键重试，系统会给出首次的答复", "the outcome of the commit is unknown; try again with the same key and get the first answer"},
	{sealed.ErrWrongMaster, "主密钥不正确，或密钥环已损坏", "the master key is wrong, or the keyring is damaged"},
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
	{vault.ErrRestored, "证照库由备份恢复，尚未追上最后公布的检查点，暂停写入", "restored from a backup that has not caught up; writing is closed"},
	{vault.ErrBatch, "批次当前状态不允许此操作", "the batch's state does not allow this"},
	{vault.ErrDamaged, "存储的数据已损坏；请运行 elicense audit verify", "stored data is damaged; run elicense audit verify"},
	{vault.ErrAudit, "审计记录无法写入，操作已被拒绝", "the audit entry could not be written; the act was refused"},
}

// describe puts an error into the user's language.
func (w *world) describe(err error) string {
	var usage *usageError
	if errors.As(err, &usage) {
		return w.say(usage.zh, usage.en)
	}
	for i := range words {
		if errors.Is(err, words[i].err) {
			return w.say(words[i].zh, words[i].en)
		}
	}
	return err.Error()
}
