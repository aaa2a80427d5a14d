package cli

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// TimedHook refuses a time without a unit where a file of settings says how long something takes: 5 would be five
// billionths of a second. 0 needs none. It is a hook of mapstructure.
func TimedHook(from, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() || from == to {
		return value, nil
	}
	v := reflect.ValueOf(value)
	if (v.CanInt() || v.CanUint() || v.CanFloat()) && !v.IsZero() {
		return nil, fmt.Errorf("%v has no unit; write 5s, 10m or 24h", value)
	}
	return value, nil
}

// farthest is how many letters a name may be off to be taken for a slip of the pen.
const farthest = 2

// Near gives the names that a misspelt one may have meant, the nearest first.
func Near(word string, known []string) []string {
	off := map[string]int{}
	var list []string
	for _, name := range known {
		if n := apart(word, name); n <= farthest && n < len(name) {
			off[name] = n
			list = append(list, name)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return off[a] - off[b] })
	return list
}

// Meant is what to say of a misspelt name; "" if it looks like none.
func Meant(word string, known []string) (zh, en string) {
	near := Near(word, known)
	if len(near) == 0 {
		return "", ""
	}
	return "，是不是 " + strings.Join(near, "、"), ", did you mean " + strings.Join(near, ", ")
}

// apart is how many letters must be put in, left out or changed, or pairs swapped, to come from one word to another.
func apart(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now := make([]int, len(b)+1)
		now[0] = i + 1
		for j := range len(b) {
			differ := 1
			if a[i] == b[j] {
				differ = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+differ)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last = last, now
	}
	return last[len(b)]
}
