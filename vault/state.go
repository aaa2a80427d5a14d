package vault

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/vault/record"
)

// State is what a licence is worth on a day (证照状态).
type State string

// The states. NotYetValid and Expired follow from the dates, the others from events.
const (
	Valid       State = "valid"         // 有效
	NotYetValid State = "not-yet-valid" // 未生效
	Suspended   State = "suspended"     // 暂停, 暂扣
	Cancelled   State = "cancelled"     // 失效: 注销
	Revoked     State = "revoked"       // 失效: 吊销
	Annulled    State = "annulled"      // 失效: 撤销
	Expired     State = "expired"       // 失效: 过期
	Superseded  State = "superseded"    // 失效: 被替换
	Withdrawn   State = "withdrawn"     // 已撤出: its conversion was undone
	Reserved    State = "reserved"      // number taken, nothing issued
	Voided      State = "voided"        // a reservation given up
)

var stateNames = map[State]string{
	Valid: "有效", NotYetValid: "未生效", Suspended: "暂停", Cancelled: "失效（注销）", Revoked: "失效（吊销）",
	Annulled: "失效（撤销）", Expired: "失效（过期）", Superseded: "失效（被替换）", Withdrawn: "已撤出",
	Reserved: "已预留，未签发", Voided: "预留已作废",
}

// Chinese is the state's name for people.
func (s State) Chinese() string { return stateNames[s] }

// stateCodes fixes the byte that stands for a state in stored heads.
var stateCodes = []State{"", Valid, Suspended, Cancelled, Revoked, Annulled, Superseded, Withdrawn, Reserved, Voided}

func (s State) code() byte { return byte(slices.Index(stateCodes, s)) } //nolint:gosec // ten states

// transition is one allowed step: an event takes a licence from one of the states to another.
type transition struct {
	from  []State
	to    State
	basis bool // the event must name its legal basis
}

// transitions is the whole law of states; an event that is not listed for a state is refused. A state that follows from
// dates counts as Valid here: an expired licence may be renewed or cancelled, a licence not yet valid revoked.
var transitions = map[record.Kind]transition{
	record.EventReserved:   {from: []State{""}, to: Reserved},
	record.EventVoided:     {from: []State{Reserved}, to: Voided},
	record.EventIssued:     {from: []State{"", Reserved}, to: Valid},
	record.EventConverted:  {from: []State{"", Valid, Withdrawn}, to: Valid},
	record.EventChanged:    {from: []State{Valid}, to: Valid, basis: true},
	record.EventRenewed:    {from: []State{Valid}, to: Valid, basis: true},
	record.EventReissued:   {from: []State{Valid}, to: Valid, basis: true},
	record.EventRestored:   {from: []State{Valid}, to: Valid},
	record.EventAttached:   {from: []State{Valid, Suspended, Cancelled, Revoked, Annulled, Superseded}},
	record.EventSuspended:  {from: []State{Valid}, to: Suspended, basis: true},
	record.EventResumed:    {from: []State{Suspended}, to: Valid, basis: true},
	record.EventCancelled:  {from: []State{Valid, Suspended}, to: Cancelled, basis: true},
	record.EventRevoked:    {from: []State{Valid, Suspended}, to: Revoked, basis: true},
	record.EventAnnulled:   {from: []State{Valid, Suspended}, to: Annulled, basis: true},
	record.EventSuperseded: {from: []State{Valid, Suspended}, to: Superseded, basis: true},
	record.EventWithdrawn:  {from: []State{Valid}, to: Withdrawn},
}

// step gives the state after an event, or ErrTransition.
func step(from State, kind record.Kind) (State, error) {
	t, ok := transitions[kind]
	if !ok || !slices.Contains(t.from, from) {
		return "", ErrTransition
	}
	if t.to == "" {
		return from, nil
	}
	return t.to, nil
}

// actNames are what departments do to licences, in the order in which they are told.
var actNames = []struct {
	kind   record.Kind
	zh, en string
}{
	{record.EventIssued, "签发（确认预留）", "issue or confirm"}, {record.EventVoided, "作废预留", "void the reservation"},
	{record.EventConverted, "批量转换", "convert"}, {record.EventChanged, "变更", "change"},
	{record.EventRenewed, "延续", "renew"}, {record.EventReissued, "补证、换证", "reissue"},
	{record.EventSuspended, "暂停", "suspend"}, {record.EventResumed, "恢复", "resume"},
	{record.EventCancelled, "注销", "cancel"}, {record.EventRevoked, "吊销", "revoke"},
	{record.EventAnnulled, "撤销", "annul"}, {record.EventSuperseded, "替换", "supersede"},
	{record.EventAttached, "附上文件", "attach a document"},
}

// forbidden refuses an event that a state does not allow: it names both, and what the state does allow.
func forbidden(state State, kind record.Kind) error {
	p := problem(CodeStateForbids, "state", string(state))
	act, zh, en := [2]string{"此操作", "this"}, []string(nil), []string(nil)
	for _, a := range actNames {
		if a.kind == kind {
			act = [2]string{a.zh, a.en}
		}
		if _, err := step(state, a.kind); err == nil {
			zh, en = append(zh, a.zh), append(en, a.en)
		}
	}
	if len(zh) == 0 {
		zh, en = []string{"无"}, []string{"nothing"}
	}
	is := [2]string{state.Chinese(), string(state)}
	if state == "" {
		is = [2]string{"尚未签发", "not issued"}
	}
	p.Zh = "证照当前状态为“" + is[0] + "”，不允许" + act[0] + "；此状态下可以办理：" + strings.Join(zh, "、")
	p.En = "the licence is " + is[1] + ", which does not allow: " + act[1] + "; possible now: " + strings.Join(en, ", ")
	return &Refusal{ErrTransition, []Problem{p}}
}

// on gives the state on a day from the state by events and the validity of the version in force.
func (s State) on(day, from, until record.Date) State {
	switch {
	case s != Valid:
		return s
	case !until.IsZero() && until.Before(day):
		return Expired
	case day.Before(from):
		return NotYetValid
	}
	return Valid
}
