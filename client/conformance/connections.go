package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
)

// connected has the department's system recognised by the certificate of its connection alone, which is enough to read
// and not to write; and somebody whose certificate nobody has registered is refused.
func connected(ctx context.Context, d *day) error {
	if d.cfg.Connected == nil || d.cfg.Stranger == nil {
		return skipError{"no connection has a certificate: the service is called without TLS, or none was named"}
	}
	own, err := d.cfg.Connected.Grounds(ctx)
	if err != nil {
		return err
	}
	if own.Caller != d.caller || own.Department != d.department {
		return wrong("the connection is taken for caller %q of department %q", own.Caller, own.Department)
	}
	_, err = d.cfg.Connected.ValidateIssue(ctx, d.request("tls"), d.key("tls"))
	if bad := refused(err, http.StatusUnauthorized, http.StatusForbidden); bad != nil {
		return wrong("a write that is not signed: %v", bad)
	}
	own, err = d.cfg.Stranger.Grounds(ctx)
	if err == nil {
		return wrong("a certificate that nobody registered is taken for caller %q", own.Caller)
	}
	var alert tls.AlertError
	if errors.As(err, &alert) { // refused before it could ask
		return nil
	}
	return refused(err, http.StatusUnauthorized, http.StatusForbidden)
}
