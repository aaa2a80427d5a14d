package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// fed expects everything that the day did, in order, and nothing else of its licences.
func fed(ctx context.Context, d *day) error {
	var list []api.Event
	last := uint64(0)
	for e, err := range d.cfg.Department.AllEvents(ctx, d.follow(d.from)) {
		if err != nil {
			return err
		}
		if e.Sequence < d.from || len(list) > 0 && e.Sequence <= last {
			return wrong("sequence number %d stands behind %d", e.Sequence, last)
		}
		last, list = e.Sequence, append(list, *e)
	}
	return d.complete(list)
}

// complete holds events against what was done.
func (d *day) complete(list []api.Event) error {
	if err := d.disputesIn(list); err != nil {
		return err
	}
	for _, p := range api.ConformanceParts() {
		l := d.licences[p.Part]
		if l == nil {
			return skipError{"not everything was done that the feed is to have"}
		}
		var kinds []string
		for i := range list {
			e := &list[i]
			if lasting(e.Identifier) == lasting(l.identifier) && e.Kind != "attached" && e.Dispute == "" {
				kinds = append(kinds, e.Kind)
			}
		}
		if !p.Holds(kinds) {
			return wrong("of the licence %q the feed has %s, expected %s", p.Part, strings.Join(kinds, " "),
				strings.Join(p.Events, " "))
		}
	}
	return nil
}

// disputesIn expects both disputes, each first raised and then settled.
func (d *day) disputesIn(list []api.Event) error {
	var want, got []string
	for _, id := range d.disputes {
		want = append(want, "dispute-raised "+id, "dispute-settled "+id)
	}
	if len(want) == 0 {
		return skipError{"nothing was disputed that the feed is to have"}
	}
	for i := range list {
		if id := list[i].Dispute; slices.Contains(d.disputes, id) {
			got = append(got, list[i].Kind+" "+id)
		}
	}
	if !slices.Equal(want, got) {
		return wrong("of the disputes the feed has %s, expected %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
	return nil
}

// lasting is an identifier without its version and check character.
func lasting(identifier string) string {
	parts := strings.Split(identifier, ".")
	return strings.Join(parts[:max(0, len(parts)-2)], ".")
}

// defaultPatience is how long webhooks are waited for.
const defaultPatience = 15 * time.Second

// webhook takes the same events as messages, each verified.
func webhook(ctx context.Context, d *day) error {
	if d.cfg.Receiver == nil || len(d.cfg.Receiver.Certificates) == 0 {
		return skipError{"there is no receiver; the feed was read instead"}
	}
	if skip := (skipError{}); errors.As(d.complete(nil), &skip) {
		return skip
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", d.cfg.Receiver.Listen)
	if err != nil {
		return skipError{"no receiver can listen on " + d.cfg.Receiver.Listen}
	}
	messages := make(chan api.Webhook, 64)
	failed := make(chan error, 64)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: d.receiver(messages, failed)}
	go func() { _ = server.Serve(l) }()
	defer server.Close() //nolint:errcheck // it ends with the step
	sub, err := d.cfg.Department.Subscribe(ctx, api.SubscriptionRequest{
		URL: "http://" + l.Addr().String() + "/events", Types: []string{d.cfg.Type}, From: &d.from,
	}, d.key("subscribe"))
	switch code := client.CodeOf(err); {
	case code == "not-offered" || code == "receiver-not-allowed":
		return skipError{"the service sends no webhooks to " + l.Addr().String()}
	case err != nil:
		return err
	}
	took := d.take(ctx, messages, failed)
	if err := d.cfg.Department.Unsubscribe(context.WithoutCancel(ctx), sub.ID, d.key("unsubscribe")); err != nil {
		return err
	}
	return took
}

// receiver verifies what comes in.
func (d *day) receiver(messages chan<- api.Webhook, failed chan<- error) http.Handler {
	hooks := client.Webhooks{Certificates: d.cfg.Receiver.Certificates, Now: d.cfg.Now}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m api.Webhook
		body, err := hooks.Verify(r)
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			failed <- err
			return
		}
		w.WriteHeader(http.StatusNoContent)
		messages <- m
	})
}

// take reads messages until everything that was done has come.
func (d *day) take(ctx context.Context, messages <-chan api.Webhook, failed <-chan error) error {
	patience := d.cfg.Receiver.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	var list []api.Event
	taken := map[uint64]bool{}
	missing := wrong("no message came")
	for {
		select {
		case m := <-messages:
			for _, e := range m.Events {
				if !taken[e.Sequence] {
					taken[e.Sequence], list = true, append(list, e)
				}
			}
			if missing = d.complete(list); missing == nil {
				return nil
			}
		case err := <-failed:
			return fmt.Errorf("verifying a message: %w", err)
		case <-late.C:
			return fmt.Errorf("after "+strconv.Itoa(int(patience.Seconds()))+" s: %w", missing)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
