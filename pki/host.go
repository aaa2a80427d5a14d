package pki

import "strings"

const (
	maxHostBytes  = 253
	maxLabelBytes = 63
)

// isHost tells whether s is a DNS name in preferred syntax (RFC 1034, 3.5), underscores allowed as everybody does.
func isHost(s string) bool {
	if s == "" || len(s) > maxHostBytes {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabelBytes || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, notHostRune) {
			return false
		}
	}
	return true
}

func notHostRune(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
}

// isHostPattern is isHost with a first label that may be an asterisk (RFC 6125, 6.4.3).
func isHostPattern(s string) bool {
	rest, wildcard := strings.CutPrefix(s, "*.")
	return isHost(rest) && (!wildcard || strings.Contains(rest, "."))
}

// mailHost is the host of a mail address. Quoted local parts are not known in certificates and refused.
func mailHost(s string) (host string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || strings.ContainsFunc(s[:at], notMailRune) || !isHost(s[at+1:]) {
		return "", false
	}
	return s[at+1:], true
}

func notMailRune(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", c))
}

// hasScheme tells whether s is an absolute URI by its beginning (RFC 3986, 3.1).
func hasScheme(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || scheme == "" || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range []byte(scheme) {
		if !isLetter(c) && !('0' <= c && c <= '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// uriHost is the host of a URI with an authority (RFC 3986, 3.2), or empty if it has none, is an IP address in
// brackets or is no DNS name.
func uriHost(s string) string {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#\\"); end >= 0 {
		rest = rest[:end]
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if hasPort && strings.ContainsFunc(port, func(c rune) bool { return c < '0' || c > '9' }) || !isHost(host) {
		return ""
	}
	return host
}

// CheckHost checks that the certificate names a host, by the rules of RFC 9525: a DNS name among the alternative names,
// in which an asterisk stands for exactly one label, the first. The common name is no host name.
func (c *Certificate) CheckHost(host string) error {
	if !isHost(host) {
		return refuse(c, ReasonHost, "not a host name")
	}
	for i := range c.SubjectAltNames {
		n := &c.SubjectAltNames[i]
		if n.Form == FormDNS && !n.Malformed && hostIs(n.Text, host) {
			return nil
		}
	}
	return refuse(c, ReasonHost, "does not name host %q", host)
}

func hostIs(pattern, host string) bool {
	if parent, wildcard := strings.CutPrefix(pattern, "*."); wildcard {
		_, rest, ok := strings.Cut(host, ".")
		return ok && strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(pattern, host)
}
