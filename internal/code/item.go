package code

import "strconv"

// Lengths of the codes of service items (政务服务事项).
const (
	itemBytes       = 12 // 基本编码
	taskBytes       = 31 // 实施编码: USCC, level, 基本编码
	taskHandleBytes = 33 // 业务办理项: 实施编码 and two digits
)

// ItemCode is a service item code with its parts, as real codes of GB/T 39554 show them. Provinces have codes of their
// own shapes besides: whoever stores one keeps its text.
type ItemCode struct {
	Authority string // USCC of the department, of 31 and 33 characters only
	Level     byte   // 行使层级 '1'..'6', of 31 and 33 characters only
	Basic     string // 基本编码, 12 digits
	Handle    string // the two digits of a 业务办理项
}

// String gives the code.
func (c ItemCode) String() string {
	if c.Authority == "" {
		return c.Basic
	}
	return c.Authority + string(rune(c.Level)) + c.Basic + c.Handle
}

// ParseItemCode reads a 基本编码 (12), 实施编码 (31) or 业务办理项 (33) and checks the department's USCC in it.
func ParseItemCode(s string) (ItemCode, error) {
	c := ItemCode{}
	switch n := runes(s); {
	case n == itemBytes && len(s) == n:
		c.Basic = s
	case (n == taskBytes || n == taskHandleBytes) && len(s) == n:
		if err := CheckUSCC(s[:uscBytes]); err != nil {
			return ItemCode{}, inField(err, ErrItemCode, "authority")
		}
		c = ItemCode{Authority: s[:uscBytes], Level: s[uscBytes], Basic: s[uscBytes+1 : taskBytes],
			Handle: s[taskBytes:]}
		if c.Level < '1' || c.Level > '6' {
			return ItemCode{}, &CheckError{
				Err: ErrItemCode, Field: "level", Reason: ReasonRange, Position: uscBytes + 1, Want: "1..6",
			}
		}
	default:
		return ItemCode{}, &CheckError{
			Err: ErrItemCode, Reason: ReasonLength, Found: strconv.Itoa(n), Want: "12, 31 or 33",
		}
	}
	if p := firstNonDigit(c.Basic); p > 0 {
		return ItemCode{}, itemDigit("item", p+len(c.Authority)+min(len(c.Authority), 1))
	}
	if p := firstNonDigit(c.Handle); p > 0 {
		return ItemCode{}, itemDigit("handle", p+taskBytes)
	}
	return c, nil
}

func itemDigit(field string, position int) *CheckError {
	return &CheckError{Err: ErrItemCode, Field: field, Reason: ReasonAlphabet, Position: position, Want: "0-9"}
}
