package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Subscribe has events sent to a receiver, which verifies them with Webhooks.
func (c *Client) Subscribe(
	ctx context.Context, r api.SubscriptionRequest, options ...Option,
) (*api.Subscription, error) {
	return write[api.Subscription](ctx, c, "/subscriptions", r, options)
}

// Unsubscribe ends a subscription.
func (c *Client) Unsubscribe(ctx context.Context, id string, options ...Option) error {
	return c.Do(ctx, Request{
		Method: http.MethodDelete, Path: "/subscriptions/" + url.PathEscape(id), Write: true,
	}, options...)
}

// Deliveries gives the log of what was sent to a receiver.
func (c *Client) Deliveries(ctx context.Context, id string) (*api.Deliveries, error) {
	return get[api.Deliveries](ctx, c, "/subscriptions/"+url.PathEscape(id)+"/deliveries")
}
