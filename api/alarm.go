package api

import "time"

// Alarm is a look-up that somebody should ask about (滥用告警). Whom it was of stands in the audit alone.
type Alarm struct {
	Number uint64    `json:"number"`
	Time   time.Time `json:"time"`
	Kind   string    `json:"kind" doc:"no-case, many, self or watched"`
	Caller string    `json:"caller"`
	Actor  string    `json:"actor,omitempty" doc:"the clerk, as his identity provider names him"`
	Trace  string    `json:"trace" doc:"of the request"`
	Count  int       `json:"count" doc:"persons that the clerk has looked at in the hour"`
}

// AlarmList is a page of alarms, the oldest first.
type AlarmList struct {
	Alarms []Alarm `json:"alarms"`
}

// Watch says whose look-ups raise an alarm. Who is watched cannot be read back.
type Watch struct {
	Code  string `json:"code" minLength:"1" maxLength:"64"`
	Ended bool   `json:"ended,omitempty" doc:"no longer"`
}
