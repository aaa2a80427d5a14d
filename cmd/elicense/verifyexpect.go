package main

import (
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/verify"
)

// expectKey is something that --expect can ask for.
type expectKey struct {
	key, zh, en string
	field       func(*verify.Expect) *string // nil: the deciding time
}

// expectKeys are listed in this order.
var expectKeys = []expectKey{
	{"case", "办件编号", "case number", func(e *verify.Expect) *string { return &e.Case }},
	{"department", "签发或盖章的部门，名称或代码", "issuing or sealing department, name or code",
		func(e *verify.Expect) *string { return &e.Department }},
	{"holder-name", "持证主体名称", "holder's name", func(e *verify.Expect) *string { return &e.HolderName }},
	{"holder-code", "持证主体代码", "holder's code", func(e *verify.Expect) *string { return &e.HolderCode }},
	{"type", "证照类型", "licence type", func(e *verify.Expect) *string { return &e.Type }},
	{"issuer", "颁发机构代码", "issuer's code", func(e *verify.Expect) *string { return &e.Issuer }},
	{"number", "证照编号", "licence number", func(e *verify.Expect) *string { return &e.Number }},
	{"identifier", "电子证照标识", "licence identifier", func(e *verify.Expect) *string { return &e.Identifier }},
	{"at", "决定时间，如 2026-03-02T09:30:00+08:00", "deciding time, like 2026-03-02T09:30:00+08:00", nil},
}

// readExpectations adds what the flags --expect say, each key once.
func readExpectations(into *verify.Expect, flags []string) error {
	seen := map[string]bool{}
	for _, flag := range flags {
		for _, pair := range splitPairs(flag) {
			key, value, _ := strings.Cut(pair, "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			at := slices.IndexFunc(expectKeys, func(k expectKey) bool { return k.key == key })
			switch {
			case at < 0:
				return cli.Usage("--expect 不认识“"+key+"”；可用："+allowedKeys(true),
					"--expect knows no "+key+"; it takes "+allowedKeys(false))
			case value == "":
				return cli.Usage("--expect 的 "+key+" 没有值，应为 "+key+"=…", "--expect "+key+" has no value: write "+key+"=…")
			case seen[key]:
				return cli.Usage("--expect 的 "+key+" 给了两次", "--expect "+key+" is given twice")
			}
			seen[key] = true
			if err := expectKeys[at].set(into, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *expectKey) set(into *verify.Expect, value string) error {
	if k.field == nil {
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return cli.Usage("--expect at 应为 2026-03-02T09:30:00+08:00 的形式", "--expect at is like 2026-03-02T09:30:00+08:00")
		}
		into.At = at
		return nil
	}
	field := k.field(into)
	if *field != "" && *field != value {
		return cli.Usage("--expect "+k.key+" 与 --"+k.key+" 不同", "--expect "+k.key+" and --"+k.key+" differ")
	}
	*field = value
	return nil
}

// splitPairs splits at the commas that another key follows: names have commas too.
func splitPairs(s string) []string {
	var out []string
	for _, piece := range strings.Split(s, ",") {
		if len(out) > 0 && !strings.Contains(piece, "=") {
			out[len(out)-1] += "," + piece
			continue
		}
		out = append(out, piece)
	}
	return out
}

func allowedKeys(zh bool) string {
	list := make([]string, len(expectKeys))
	for i, k := range expectKeys {
		list[i] = k.key + " (" + k.en + ")"
		if zh {
			list[i] = k.key + "（" + k.zh + "）"
		}
	}
	if zh {
		return strings.Join(list, "、")
	}
	return strings.Join(list, ", ")
}
