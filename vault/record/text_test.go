package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault/record"
)

func TestGolden(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) { golden(t, s.name+".txt", bytesOf(t, s.value)) })
	}
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.Len(t, files, len(samples()), "a golden file without a sample")
}

func TestRoundTrip(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			raw := bytesOf(t, s.value)
			got, err := parsers[s.kind](raw)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(s.value, got))
			require.Equal(t, string(raw), string(bytesOf(t, got)))
		})
	}
}

// Append keeps what the slice holds, and limits count the text alone.
func TestAppendKeepsPrefix(t *testing.T) {
	prefix := bytes.Repeat([]byte{0}, record.MaxBytes)
	for _, s := range samples() {
		got, err := s.value.Append(bytes.Clone(prefix))
		require.NoError(t, err, s.name)
		require.Equal(t, append(bytes.Clone(prefix), bytesOf(t, s.value)...), got, s.name)
	}
}

// What is finer than a microsecond is cut off, and every zone is written as UTC.
func TestTimeIsUTCMicroseconds(t *testing.T) {
	e := issuedEvent()
	want := bytesOf(t, e)
	e.Recorded = e.Recorded.Add(999).In(time.FixedZone("", 8*3600))
	require.Equal(t, string(want), string(bytesOf(t, e)))
}

// No text reads as one of another kind.
func TestKindsAreApart(t *testing.T) {
	for _, s := range samples() {
		raw := bytesOf(t, s.value)
		for kind, parse := range parsers {
			_, err := parse(raw)
			require.Equal(t, kind == s.kind, err == nil, "%s as %s", s.name, kind)
		}
	}
}

// Every way to bend a line of any text is refused.
func TestRefusesBentLines(t *testing.T) {
	bends := map[string]func(line string) string{
		"removed":              func(string) string { return "" },
		"twice":                func(l string) string { return l + l },
		"empty line before":    func(l string) string { return "\n" + l },
		"unknown line before":  func(l string) string { return "extra 1\n" + l },
		"carriage return":      func(l string) string { return l[:len(l)-1] + "\r\n" },
		"trailing space":       func(l string) string { return l[:len(l)-1] + " \n" },
		"trailing tab":         func(l string) string { return l[:len(l)-1] + "\t\n" },
		"leading space":        func(l string) string { return " " + l },
		"two spaces":           func(l string) string { return strings.Replace(l, " ", "  ", 1) },
		"tab for space":        func(l string) string { return strings.Replace(l, " ", "\t", 1) },
		"capital name":         func(l string) string { return strings.ToUpper(l[:1]) + l[1:] },
		"no value":             func(l string) string { return l[:strings.IndexByte(l, ' ')] + "\n" },
		"empty value":          func(l string) string { return l[:strings.IndexByte(l, ' ')] + " \n" },
		"NUL":                  func(l string) string { return l[:len(l)-1] + "\x00\n" },
		"DEL":                  func(l string) string { return l[:len(l)-1] + "\x7f\n" },
		"vertical tab":         func(l string) string { return l[:len(l)-1] + "\v1\n" },
		"C1 next line":         func(l string) string { return l[:len(l)-1] + "\u0085\n" },
		"C1 last":              func(l string) string { return l[:len(l)-1] + "\u009f\n" },
		"line separator":       func(l string) string { return l[:len(l)-1] + "\u2028\n" },
		"paragraph separator":  func(l string) string { return l[:len(l)-1] + "\u2029\n" },
		"byte order mark":      func(l string) string { return l[:len(l)-1] + "\ufeff\n" },
		"invalid UTF-8":        func(l string) string { return l[:len(l)-1] + "\xff\n" },
		"cut UTF-8":            func(l string) string { return l[:len(l)-1] + "\xe8\xaf\n" },
		"overlong UTF-8":       func(l string) string { return l[:len(l)-1] + "\xc0\xaf\n" },
		"surrogate":            func(l string) string { return l[:len(l)-1] + "\xed\xa0\x80\n" },
		"longer than one line": func(l string) string { return l[:len(l)-1] + strings.Repeat("x", 4096) + "\n" },
	}
	for _, s := range samples() {
		lines := strings.SplitAfter(string(bytesOf(t, s.value)), "\n")
		lines = lines[1 : len(lines)-1] // without the first, which has no value, and what follows the last
		for name, bend := range bends {
			for i, line := range lines {
				bent := bend(line)
				if mayStand(name, s.kind, line) || bent == line {
					continue
				}
				requireRefused(t, s, strings.Replace(string(bytesOf(t, s.value)), line, bent, 1), name, i)
			}
		}
	}
}

// mayStand tells the lines that a text may have or not, or have twice.
func mayStand(bend, kind, line string) bool {
	name, _, _ := strings.Cut(line, " ")
	switch bend {
	case "removed":
		if kind == "audit" && slices.Contains([]string{"type", "issuer", "object", "change"}, name) {
			return true
		}
		return slices.Contains([]string{"scan", "derived", "constant", "field", "batch", "paper", "basis", "reason", "message",
			"item", "case", "rule", "claim", "span", "subject", "licence"}, name)
	case "twice":
		return slices.Contains([]string{"scan", "derived", "constant", "rule", "claim", "span"}, name)
	}
	return false
}

func requireRefused(t *testing.T, s sample, raw string, what ...any) {
	t.Helper()
	got, err := parsers[s.kind]([]byte(raw))
	require.ErrorIs(t, err, record.ErrFormat, "%s: %v", s.name, what)
	require.Nil(t, got)
}

// Lines have one order only: any two neighbours of different names change places, and the text is refused.
func TestRefusesReorderedLines(t *testing.T) {
	for _, s := range samples() {
		lines := strings.SplitAfter(string(bytesOf(t, s.value)), "\n")
		lines = lines[:len(lines)-1]
		for i := range len(lines) - 1 {
			a, _, _ := strings.Cut(lines[i], " ")
			b, _, _ := strings.Cut(lines[i+1], " ")
			if a == b || a == "rule" && b == "claim" || a == "claim" && b == "rule" {
				continue // order within a list is a value
			}
			swapped := slices.Clone(lines)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			requireRefused(t, s, strings.Join(swapped, ""), "lines", i, i+1)
		}
	}
}

func TestRefusesEnds(t *testing.T) {
	for _, s := range samples() {
		raw := string(bytesOf(t, s.value))
		head, rest, _ := strings.Cut(raw, "\n")
		for _, bad := range []string{
			"", "\n", head, head + "\n", raw[:len(raw)-1], raw + "\n", raw + "x", raw + "x y\n", raw + raw,
			"\ufeff" + raw, "\n" + raw, " " + raw, head + " \n" + rest, strings.Replace(raw, " v1\n", " v2\n", 1), rest,
			raw[:len(raw)/2], strings.ReplaceAll(raw, "\n", "\r\n"), raw + strings.Repeat("x", record.MaxBytes),
		} {
			requireRefused(t, s, bad)
		}
		// At the end of an optional last line a shorter text ends; the signature tells them apart.
		for i := range raw {
			if v, err := parsers[s.kind]([]byte(raw[:i])); err == nil {
				require.Equal(t, byte('\n'), raw[i-1], s.name)
				require.Equal(t, raw[:i], string(bytesOf(t, v)))
			}
		}
	}
}

// Two different byte strings never read as the same value: a changed text is refused, or is exactly what the changed
// value's own Append gives.
func TestNotMalleable(t *testing.T) {
	list := samples()
	raws := make([][]byte, len(list))
	for i := range list {
		raws[i] = bytesOf(t, list[i].value)
	}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(list)-1).Draw(t, "sample")
		raw := mutate(t, raws[i])
		got, err := parsers[list[i].kind](raw)
		if err != nil {
			require.ErrorIs(t, err, record.ErrFormat)
			require.Nil(t, got)
			return
		}
		require.Equal(t, string(raw), string(bytesOf(t, got)))
	})
}

// pieces that bend a text without breaking its lines.
var pieces = []string{
	"\n", " ", "-", "0", "+", "=", "_", "A", "é", "\u2028", "\xff", "00", "-1", "1e1", "0x1", "\r", "１", "field a ",
	"reason x\n", "scan ", "2024-02-30", "24:00:00", "9999999999999999", "Z",
}

func mutate(t *rapid.T, raw []byte) []byte {
	raw = bytes.Clone(raw)
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		from := rapid.IntRange(0, len(raw)).Draw(t, "from")
		to := min(len(raw), from+rapid.IntRange(0, 4).Draw(t, "length"))
		var piece []byte
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			piece = []byte(rapid.SampledFrom(pieces).Draw(t, "piece"))
		case 1:
			piece = []byte{byte(rapid.IntRange(0x20, 0x7e).Draw(t, "byte"))}
			to = min(len(raw), from+1)
		case 2:
			n := rapid.IntRange(0, len(raw)).Draw(t, "copy")
			piece = bytes.Clone(raw[n:min(len(raw), n+60)])
		}
		raw = slices.Concat(raw[:from], piece, raw[to:])
	}
	return raw
}

// Values that Append accepts come back as they were; nothing that Parse would refuse is ever written.
func TestWritesOnlyWhatItReads(t *testing.T) {
	words := rapid.OneOf(rapid.StringMatching(`[a-z]{1,8}`), rapid.String(), rapid.Just(strings.Repeat("字", 1400)))
	date := rapid.Custom(func(t *rapid.T) record.Date {
		return record.Date{
			Year: rapid.IntRange(-1, 10001).Draw(t, "y"), Month: time.Month(rapid.IntRange(0, 13).Draw(t, "m")),
			Day: rapid.IntRange(0, 32).Draw(t, "d"),
		}
	})
	digest := rapid.OneOf(rapid.Just(record.Digest{}), rapid.Just(sum("x")))
	number := rapid.OneOf(rapid.Just(1), rapid.Int())
	kind := rapid.SampledFrom([]record.Kind{record.EventIssued, record.EventAttached, record.EventRevoked})
	rapid.Check(t, func(t *rapid.T) {
		e := &record.Event{
			Identifier: words.Draw(t, "id"), Number: number.Draw(t, "n"), Version: number.Draw(t, "v"),
			Kind:     kind.Draw(t, "k"),
			Recorded: time.UnixMicro(rapid.Int64().Draw(t, "at")).UTC(), Effective: date.Draw(t, "day"),
			Previous: digest.Draw(t, "p"), Record: digest.Draw(t, "r"), Document: digest.Draw(t, "d"),
			Actor: words.Draw(t, "a"), Batch: words.Draw(t, "b"), Reason: words.Draw(t, "reason"),
			Message: rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[0-9a-g]{31,33}`)).Draw(t, "m"),
		}
		raw, err := e.Append(nil)
		if err != nil {
			require.Nil(t, raw)
			return
		}
		got, err := record.ParseEvent(raw)
		require.NoError(t, err)
		require.Equal(t, e, got)
	})
}

// The page that describes the formats shows the golden files as they are.
func TestFormatsPageShowsGoldens(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	require.NoError(t, err)
	for _, name := range []string{"record-converted.txt", "disclosures.hex", "event-issued.txt", "receipt-compare.txt",
		"status.txt", "batch.txt", "audit-lookup.txt"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		require.Contains(t, string(page), "```\n"+string(bytes.TrimSuffix(raw, []byte("\n")))+"\n```", name)
	}
	require.Contains(t, string(page), disclosureDigest(0), "the example to be checked by hand")
}
