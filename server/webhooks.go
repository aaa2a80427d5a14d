package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/server/feed"
	"github.com/elicense/elicense/server/identity"
)

// Webhooks are what messages to receivers need.
type Webhooks struct {
	Client  feed.Doer
	Allowed func(url string) bool // whether a receiver may have this address
	Key     func() httpsig.Key    // by which receivers know the service, each time anew: its certificate is renewed
}

const spaceWebhooks = 'w'

func (s *Server) openWebhooks() error {
	if s.cfg.Webhooks == nil {
		return nil
	}
	var err error
	s.hooks, err = feed.Open(feed.Config{
		Engine: s.cfg.Engine, Space: spaceWebhooks, Source: source{s}, Now: s.cfg.Now, Rand: s.cfg.Rand,
		Client: s.cfg.Webhooks.Client, Allowed: s.cfg.Webhooks.Allowed, Sign: s.signWebhook, Sandbox: s.cfg.Sandbox,
	})
	return err
}

// webhookComponents are what the signature of a message covers.
var webhookComponents = []string{"@method", "@authority", "@path", "@query", "content-digest", "content-type"}

// signWebhook signs a message for its receiver (RFC 9421).
func (s *Server) signWebhook(r *http.Request, body []byte) error {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, nonce); err != nil {
		return err
	}
	r.Header.Set(httpsig.FieldDigest, httpsig.Digest(sm3.Sum(body)))
	m := &httpsig.Message{
		Method: r.Method, Scheme: r.URL.Scheme, Authority: r.URL.Host, Field: r.Header.Values,
	}
	m.Path, m.Query, m.HasQuery = strings.Cut(r.URL.RequestURI(), "?")
	input, value, err := httpsig.Sign(m, "elicense", httpsig.Params{
		Components: webhookComponents, Created: s.cfg.Now(), Nonce: hex.EncodeToString(nonce),
	}, s.cfg.Webhooks.Key())
	if err != nil {
		return fmt.Errorf("signing a message: %w", err)
	}
	r.Header.Set(httpsig.FieldInput, input)
	r.Header.Set(httpsig.FieldSignature, value)
	return nil
}

func (s *Server) registerWebhooks() {
	add(s, operation{
		id: "subscribe", method: http.MethodPost, path: "/subscriptions", tag: "events", status: http.StatusCreated,
		again: true, may: identity.MayFollow, zh: "订阅推送", en: "have events sent to an address",
	}, s.subscribe)
	add(s, operation{
		id: "listSubscriptions", method: http.MethodGet, path: "/subscriptions", tag: "events", may: identity.MayFollow,
		zh: "订阅", en: "one's own subscriptions",
	}, s.subscriptions)
	add(s, operation{
		id: "getSubscription", method: http.MethodGet, path: "/subscriptions/{id}", tag: "events",
		may: identity.MayFollow, zh: "订阅状态", en: "how a subscription stands",
	}, s.subscription)
	add(s, operation{
		id: "unsubscribe", method: http.MethodDelete, path: "/subscriptions/{id}", tag: "events",
		status: http.StatusNoContent, may: identity.MayFollow, zh: "取消订阅", en: "end a subscription",
	}, s.unsubscribe)
	add(s, operation{
		id: "resumeSubscription", method: http.MethodPost, path: "/subscriptions/{id}/resumption", tag: "events",
		may: identity.MayFollow, zh: "恢复推送：立即再试", en: "try the receiver again at once",
	}, s.resumeSubscription)
	add(s, operation{
		id: "replaySubscription", method: http.MethodPost, path: "/subscriptions/{id}/replays", tag: "events",
		may: identity.MayFollow, zh: "从某一序号起重新推送", en: "send the feed again from a sequence number on",
	}, s.replaySubscription)
	add(s, operation{
		id: "listDeliveries", method: http.MethodGet, path: "/subscriptions/{id}/deliveries", tag: "events",
		may: identity.MayFollow, zh: "推送记录", en: "the log of what was sent",
	}, s.deliveries)
}

// webhooks is the room, or the refusal of a service without one.
func (s *Server) webhooks() (*feed.Webhooks, error) {
	if s.hooks == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	return s.hooks, nil
}

type subscribeInput struct {
	Write
	Body api.SubscriptionRequest
}

type subscriptionOutput struct {
	Location string `header:"Location"`
	Replayed string `header:"X-Replayed"`
	Body     api.Subscription
}

func (s *Server) subscribe(ctx context.Context, c *identity.Caller, in *subscribeInput) (*subscriptionOutput, error) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	types, err := typesOf(c, in.Body.Types)
	if err != nil {
		return nil, err
	}
	_, noKind := kindsOf(in.Body.Kinds)
	if err := together(noKind, h.CheckURL(in.Body.URL)); err != nil {
		return nil, err
	}
	sub, again, err := h.Subscribe(ctx, feed.Request{
		Owner: feed.Owner{ID: c.ID, Department: c.Department}, Key: in.Key, URL: in.Body.URL,
		Kinds: in.Body.Kinds, Types: types, From: in.Body.From, Refuse: firstOnly(c),
	})
	out, err := subscriptionAnswer(sub, err)
	if err == nil && again {
		out.Replayed = "true"
	}
	return out, err
}

type subscriptionsOutput struct {
	Body api.Subscriptions
}

func (s *Server) subscriptions(ctx context.Context, c *identity.Caller, _ *struct{}) (*subscriptionsOutput, error) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	list, err := h.Subscriptions(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	out := subscriptionsOutput{Body: api.Subscriptions{Items: []api.Subscription{}}}
	for _, sub := range list {
		out.Body.Items = append(out.Body.Items, subscriptionOf(sub))
	}
	return &out, nil
}

// SubscriptionID names a subscription in the path.
type SubscriptionID struct {
	ID string `path:"id" maxLength:"64"`
}

type subscriptionInput struct{ SubscriptionID }

type subscriptionWrite struct {
	Write
	SubscriptionID
}

type replayInput struct {
	Write
	SubscriptionID
	Body api.Replay
}

func (s *Server) subscription(
	ctx context.Context, c *identity.Caller, in *subscriptionInput,
) (*subscriptionOutput, error) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	return subscriptionAnswer(h.Subscription(ctx, c.ID, in.ID))
}

func (s *Server) unsubscribe(ctx context.Context, c *identity.Caller, in *subscriptionWrite) (*noContent, error) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	return &noContent{}, h.Cancel(ctx, c.ID, in.ID)
}

func (s *Server) resumeSubscription(ctx context.Context, c *identity.Caller, in *subscriptionWrite) (
	*subscriptionOutput, error,
) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	return subscriptionAnswer(h.Resume(ctx, c.ID, in.ID))
}

func (s *Server) replaySubscription(ctx context.Context, c *identity.Caller, in *replayInput) (
	*subscriptionOutput, error,
) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	return subscriptionAnswer(h.Replay(ctx, c.ID, in.ID, in.Body.From))
}

type deliveriesInput struct {
	SubscriptionID
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type deliveriesOutput struct {
	Body api.Deliveries
}

func (s *Server) deliveries(ctx context.Context, c *identity.Caller, in *deliveriesInput) (*deliveriesOutput, error) {
	h, err := s.webhooks()
	if err != nil {
		return nil, err
	}
	list, err := h.Deliveries(ctx, c.ID, in.ID, in.Limit)
	if err != nil {
		return nil, err
	}
	out := deliveriesOutput{Body: api.Deliveries{Items: []api.Delivery{}}}
	for _, d := range list {
		out.Body.Items = append(out.Body.Items, api.Delivery{
			Number: d.Number, From: d.From, Next: d.Next, Events: d.Events, Created: d.Created, Taken: d.Taken,
			Attempts: d.Attempts, Status: d.Status, Reason: d.Reason, Last: d.Last,
		})
	}
	return &out, nil
}

func subscriptionAnswer(sub *feed.Subscription, err error) (*subscriptionOutput, error) {
	if err != nil {
		return nil, err
	}
	return &subscriptionOutput{Location: api.Version + "/subscriptions/" + sub.ID, Body: subscriptionOf(sub)}, nil
}

func subscriptionOf(sub *feed.Subscription) api.Subscription {
	return api.Subscription{
		ID: sub.ID, URL: sub.URL, Kinds: sub.Kinds, Types: sub.Types, Created: sub.Created, State: string(sub.State),
		Next: sub.Next, Sent: sub.Number, Failed: sub.Failed, Since: sub.Since, Again: sub.Again, Reason: sub.Reason,
	}
}
