package verify

import "time"

// Metadata of a purpose-bound copy (加注件, GB/T 36903-2018).
const (
	copyMade    = "JZJZZSJ"    // 加注件制作时间
	copyMaker   = "JZJZZZ"     // 加注件制作者
	copyPurpose = "JZJZZSY"    // 加注件制作事由
	copyUntil   = "JZJYXQJZSJ" // 加注件有效期截止, the last moment
	copyFor     = "KZ_YZDW"    // 用证单位
)

// copyTime is how the times of copies are written, in legal time.
const copyTime = "20060102150405"

// judgeCopy: a copy that was made for one use says for whom and what for, and ends. What it says is shown, so that
// whoever takes it sees whether it is his; after its end it is worth nothing.
func (j *judgement) judgeCopy(o *ofdPackage) {
	const id = "copy.validity"
	until := customData(o, copyUntil)
	if until == "" && customData(o, copyPurpose) == "" && customData(o, copyMade) == "" {
		return
	}
	j.need(id)
	j.copyCase(o)
	j.fact("copy-purpose", customData(o, copyPurpose))
	j.fact("copy-for", customData(o, copyFor))
	j.fact("copy-maker", customData(o, copyMaker))
	end, err := time.ParseInLocation(copyTime, until, j.v.config.Zone)
	if err != nil {
		j.fail(id, FormatFailure, copyTime, until)
		return
	}
	j.moment("copy-until", end)
	for _, at := range []time.Time{j.now, j.deciding()} {
		if at.After(end) { // it is the last moment
			j.fail(id, Expired, "not after "+stamp(end), stamp(at))
			return
		}
	}
	j.pass(id)
}
