package api

import "time"

// Event is one thing that happened, as followers learn of it. Its sequence number is its place in the feed for ever, so
// whoever sees it twice knows.
type Event struct {
	Sequence   uint64    `json:"sequence"`
	Kind       string    `json:"kind" doc:"as issued, changed, revoked; dispute-raised, dispute-settled; batch-opened: read again from the number in from"`
	Identifier string    `json:"identifier,omitempty" doc:"电子证照标识"`
	Number     int       `json:"number,omitempty" doc:"among the licence's events, from 1"`
	Version    int       `json:"version,omitempty" doc:"in force after the event"`
	Effective  string    `json:"effective,omitempty" format:"date" doc:"from when it counts in law"`
	Recorded   time.Time `json:"recorded,omitzero" doc:"when the vault learnt of it"`
	Batch      string    `json:"batch,omitempty" doc:"conversion batch"`
	Message    string    `json:"message,omitempty" doc:"id of the message that caused it (X-Trace-Id of its answer)"`
	From       uint64    `json:"from,omitempty" doc:"of batch-opened: no event of the batch stands before"`
	Dispute    string    `json:"dispute,omitempty" doc:"id of the dispute that was raised or settled"`

	Raw  []byte `json:"raw,omitempty" doc:"the event as committed to in the ledger, for its issuer"`
	Salt []byte `json:"salt,omitempty" doc:"opens the ledger's leaf"`
}

// EventPage is a part of the feed.
type EventPage struct {
	Events []Event `json:"events"`
	Next   uint64  `json:"next" doc:"where to go on, whether or not there were events"`
	End    bool    `json:"end" doc:"there is nothing behind next now"`
}

// Webhook is what the service sends to a receiver: a part of the feed, in order. The numbers of a subscription's
// messages run on without a gap; the next is sent when the one before was taken with a status of 200 to 299.
type Webhook struct {
	Subscription string    `json:"subscription"`
	Number       uint64    `json:"number" doc:"of the message, from 1, without a gap"`
	Sent         time.Time `json:"sent"`
	Sandbox      bool      `json:"sandbox,omitempty"`
	Events       []Event   `json:"events"`
	Next         uint64    `json:"next"`
}

// SubscriptionRequest asks for webhooks.
type SubscriptionRequest struct {
	URL   string   `json:"url" minLength:"1" maxLength:"500" doc:"https address that takes POST"`
	Kinds []string `json:"kinds,omitempty" maxItems:"20" doc:"of events; all if absent"`
	Types []string `json:"types,omitempty" maxItems:"200" doc:"type codes; all that the caller may see if absent"`
	From  *uint64  `json:"from,omitempty" doc:"first sequence number; from now on if absent"`
}

// Subscription is where the service sends events.
type Subscription struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Kinds   []string  `json:"kinds,omitempty"`
	Types   []string  `json:"types,omitempty"`
	Created time.Time `json:"created"`
	State   string    `json:"state" enum:"active,failing,paused" doc:"paused: the receiver was down too long; resume it"`
	Next    uint64    `json:"next" doc:"sequence number from which the next message goes on"`
	Sent    uint64    `json:"sent" doc:"number of the last message that was taken"`
	Failed  int       `json:"failed,omitempty" doc:"attempts since the receiver last took one"`
	Since   time.Time `json:"since,omitzero" doc:"since when the receiver has not taken any"`
	Again   time.Time `json:"again,omitzero" doc:"when it is tried again"`
	Reason  string    `json:"reason,omitempty" doc:"why the last attempt failed: status, timeout, connection, refused-address"`
}

// Subscriptions are those of a caller.
type Subscriptions struct {
	Items []Subscription `json:"items"`
}

// Replay asks for events to be sent again.
type Replay struct {
	From uint64 `json:"from" doc:"sequence number from which the feed is sent again, in new messages"`
}

// Delivery is one message in the log.
type Delivery struct {
	Number   uint64    `json:"number"`
	From     uint64    `json:"from" doc:"first sequence number that it covers"`
	Next     uint64    `json:"next" doc:"the one behind the last"`
	Events   int       `json:"events"`
	Created  time.Time `json:"created"`
	Taken    time.Time `json:"taken,omitzero" doc:"when the receiver took it"`
	Attempts int       `json:"attempts"`
	Status   int       `json:"status,omitempty" doc:"HTTP status of the last attempt"`
	Reason   string    `json:"reason,omitempty" doc:"why the last attempt failed"`
	Last     time.Time `json:"last,omitzero" doc:"time of the last attempt"`
}

// Deliveries are the log of a subscription, the newest first.
type Deliveries struct {
	Items []Delivery `json:"items"`
}
