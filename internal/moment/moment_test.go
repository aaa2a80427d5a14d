package moment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/moment"
)

func TestSay(t *testing.T) {
	at := time.Date(2026, 3, 1, 17, 30, 0, 500, time.UTC)
	zone := func(name string, seconds int) *time.Location { return time.FixedZone(name, seconds) }
	for _, c := range []struct {
		zone   *time.Location
		zh, en string
	}{
		{nil, "2026-03-02 01:30:00 北京时间", "2026-03-02 01:30:00 UTC+8"},
		{moment.China(), "2026-03-02 01:30:00 北京时间", "2026-03-02 01:30:00 UTC+8"},
		{zone("CST", 8*3600), "2026-03-02 01:30:00 北京时间", "2026-03-02 01:30:00 UTC+8"},
		{time.UTC, "2026-03-01 17:30:00 UTC", "2026-03-01 17:30:00 UTC"},
		{zone("", -11*3600), "2026-03-01 06:30:00 UTC-11", "2026-03-01 06:30:00 UTC-11"},
		{zone("IST", 5*3600+1800), "2026-03-01 23:00:00 UTC+05:30", "2026-03-01 23:00:00 UTC+05:30"},
	} {
		require.Equal(t, c.zh, moment.Say(at, c.zone, "zh"))
		require.Equal(t, c.en, moment.Say(at, c.zone, "en"))
	}
	require.Equal(t, "2026-03-02", moment.Day(at, nil))
	require.Equal(t, "2026-03-01", moment.Day(at, time.UTC))
}

func TestSayAll(t *testing.T) {
	for text, want := range map[string]string{
		"不晚于 2026-03-01T17:30:00Z，实为 2026-03-02T09:00:00.25+08:00": "不晚于 2026-03-02 01:30:00 北京时间，实为 2026-03-02 09:00:00 北京时间",
		"2026-03-01":            "2026-03-01",
		"2026-13-01T17:30:00Z":  "2026-13-01T17:30:00Z",
		"a2026-03-01T17:30:00Z": "a2026-03-01T17:30:00Z",
		"":                      "",
	} {
		require.Equal(t, want, moment.SayAll(text, nil, "zh"))
	}
}
