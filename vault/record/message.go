package record

import (
	"fmt"
	"strings"
)

// messageDigits is the length of the id of a message.
const messageDigits = 32

// CheckMessage refuses what is no id of a message (报文标识): the trace-id of W3C Trace Context, 32 hexadecimal digits in
// lower case that are not all zero.
func CheckMessage(id string) error {
	if len(id) != messageDigits || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id, "0") == "" {
		return fmt.Errorf("%w: id of a message", ErrFormat)
	}
	return nil
}

// checkMessage is CheckMessage where there may be none.
func checkMessage(id string) error {
	if id == "" {
		return nil
	}
	return CheckMessage(id)
}
