package identity

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/httpsig"
)

// SystemsConfig is what Systems is made of. Every field without a stated zero meaning must be set.
type SystemsConfig struct {
	Registry     *Registry
	Certificates CertificateChecker
	Now          func() time.Time
	// Authorities are the names under which the service is called, as the field Host has them, with a port that is not
	// the default. A signature for another name is one that was meant for another service.
	Authorities []string
	// Window is how old a signature may be; zero: five minutes. Clocks may be a minute apart.
	Window time.Duration
	// Remember bounds how many signatures of a window are remembered; zero: a million, which take some 64 MB. Beyond it
	// signed requests are refused.
	Remember int
}

// Systems recognises registered systems: by the certificate of the connection (mutual TLS), by a signature on the
// message (RFC 9421), or by both, which must then be of one registration. The server of the connection asks for a
// certificate and need not verify it: the handshake proves the key, and everything else is judged here.
type Systems struct {
	cfg    SystemsConfig
	began  time.Time // a full second
	marked map[[sm3.Size]byte]int64
	memory *memory
}

var _ Recogniser = (*Systems)(nil)

// Defaults and limits of signatures.
const (
	defaultWindow   = 5 * time.Minute
	clockSkew       = time.Minute
	defaultRemember = 1 << 20
	minNonce        = 16 // characters
)

// NewSystems makes a recogniser. Signatures that were made before now are refused, since nobody remembers whether they
// were used; so are those from the future that a process before this one took (see marks).
func NewSystems(cfg SystemsConfig) (*Systems, error) {
	if cfg.Registry == nil || cfg.Certificates == nil || cfg.Now == nil || len(cfg.Authorities) == 0 {
		return nil, ErrConfig
	}
	if cfg.Window <= 0 {
		cfg.Window = defaultWindow
	}
	if cfg.Remember <= 0 {
		cfg.Remember = defaultRemember
	}
	cfg.Authorities = slices.Clone(cfg.Authorities)
	for i, a := range cfg.Authorities {
		cfg.Authorities[i] = strings.ToLower(a)
	}
	return &Systems{
		cfg: cfg, began: beginning(cfg.Now(), cfg.Registry.Empty()), marked: cfg.Registry.marks.present(),
		memory: newMemory(cfg.Remember),
	}, nil
}

// beginning is the first second of which no signature can have been used before. Signatures say full seconds: those of
// the second that is running may have been, unless there was nobody who could sign.
func beginning(now time.Time, nobody bool) time.Time {
	began := now.Truncate(time.Second)
	if !nobody && began.Before(now) {
		began = began.Add(time.Second)
	}
	return began
}

// Began is from when on signatures are taken: at most a second after NewSystems. Who serves waits for it, so that none
// is refused.
func (s *Systems) Began() time.Time { return s.began }

// Recognise tells which system sent a request.
func (s *Systems) Recognise(r *http.Request) (*Caller, error) {
	now := s.cfg.Now()
	connection, err := s.connection(r, now)
	if err != nil {
		return nil, err
	}
	signer, err := s.signer(r, now)
	switch {
	case err != nil:
		return nil, err
	case connection == nil && signer == nil:
		return nil, Nobody()
	case signer == nil:
		return connection, nil
	case connection != nil && connection.Registration != signer.Registration:
		return nil, Refuse(CodeDiffer)
	}
	signer.Connected = connection != nil
	return signer, nil
}

// connection is who is proven by the certificate of the connection; nil if there is none.
func (s *Systems) connection(r *http.Request, now time.Time) (*Caller, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, nil //nolint:nilnil // nobody, which is no refusal yet
	}
	h, err := s.cfg.Registry.find(CredentialTLS, sm3.Sum(r.TLS.PeerCertificates[0].Raw))
	if err != nil {
		return nil, err
	}
	if err := s.check(h, now); err != nil {
		return nil, err
	}
	caller := h.owner.system()
	caller.Method = MethodTLS
	caller.Connected = true
	return caller, nil
}

// check judges the certificate of a credential.
func (s *Systems) check(h *heldCredential, now time.Time) error {
	if h.UncheckedUnsafe {
		return checkValidity(h.certificate, now)
	}
	return s.cfg.Certificates.CheckCertificate(h.certificate, now)
}

// system is what a registration makes of its system, however it proves itself.
func (r *Registration) system() *Caller {
	return &Caller{
		ID: r.Caller, Role: r.Role, Department: r.Department, Types: r.Types, Registration: r.ID, Quota: r.Quota,
		Sharing: r.Sharing, MustSign: !r.UnsignedWritesUnsafe,
	}
}

// signer is who is proven by the signature on the message; nil if there is none. What costs little is checked first,
// and a signature is remembered only when it holds, so that strangers cannot fill the memory.
func (s *Systems) signer(r *http.Request, now time.Time) (*Caller, error) {
	sig, err := signatureOf(r)
	if sig == nil || err != nil {
		return nil, err
	}
	h, err := s.keyOf(sig)
	if err != nil {
		return nil, err
	}
	message := messageOf(r)
	if err := s.checkTime(sig, h.certificate.Digest, now); err != nil {
		return nil, err
	}
	if err := s.checkCoverage(sig, r, message); err != nil {
		return nil, err
	}
	base, err := sig.Base(message)
	if err != nil {
		return nil, Refuse(CodeCoverage)
	}
	if h.certificate.PublicKey.Verify(base, sig.Value) != nil {
		return nil, Refuse(CodeInvalid)
	}
	if err := s.check(h, now); err != nil {
		return nil, err
	}
	caller := h.owner.system()
	caller.Method, caller.Signed = MethodSignature, true
	if caller.Repeated, err = s.remember(r, sig, h, base); err != nil {
		return nil, err
	}
	if err := caller.bind(sig, r); err != nil {
		return nil, err
	}
	return caller, nil
}

// remember tells whether a signature was used before. From now on it was, also after a restart.
func (s *Systems) remember(r *http.Request, sig *httpsig.Signature, h *heldCredential, base []byte) (bool, error) {
	now := s.cfg.Now()
	switch s.memory.remember(digestOf(base), sig.Created, now.Add(-s.cfg.Window)) {
	case seenFirst:
	case seenAgain:
		return true, nil
	case seenPast:
		return false, &Refusal{Code: CodeOutdated, Path: "created"}
	case seenFull:
		return false, Refuse(CodeBusy)
	}
	if !sig.Created.After(now) {
		return false, nil
	}
	return false, s.cfg.Registry.marks.raise(r.Context(), h.certificate.Digest, sig.Created)
}

// signatureOf reads the one signature of our algorithm; nil if the message is not signed. Others beside it, as a proxy
// may add them, are passed over.
func signatureOf(r *http.Request) (*httpsig.Signature, error) {
	list, err := httpsig.ParseSignatures(r.Header.Values(httpsig.FieldInput), r.Header.Values(httpsig.FieldSignature))
	if err != nil {
		return nil, Refuse(CodeMalformed)
	}
	var ours *httpsig.Signature
	for i := range list {
		switch {
		case list[i].Alg != httpsig.Algorithm:
		case ours != nil: // two proofs of who is calling
			return nil, Refuse(CodeMalformed)
		default:
			ours = &list[i]
		}
	}
	return ours, nil
}

// keyOf finds the registered certificate that a signature names.
func (s *Systems) keyOf(sig *httpsig.Signature) (*heldCredential, error) {
	digest, err := hex.DecodeString(sig.KeyID)
	if err != nil || len(digest) != sm3.Size || hex.EncodeToString(digest) != sig.KeyID {
		return nil, &Refusal{Code: CodeMalformed, Path: "keyid"}
	}
	return s.cfg.Registry.find(CredentialSignature, [sm3.Size]byte(digest))
}

// checkTime refuses a signature that is too old, not yet made, or older than what is remembered.
func (s *Systems) checkTime(sig *httpsig.Signature, certificate [sm3.Size]byte, now time.Time) error {
	marked, isMarked := s.marked[certificate]
	switch {
	case sig.Created.IsZero():
		return &Refusal{Code: CodeCoverage, Path: "created"}
	case len(sig.Nonce) < minNonce:
		return &Refusal{Code: CodeCoverage, Path: "nonce"}
	case sig.Created.Before(s.began),
		isMarked && sig.Created.Unix() <= marked,
		sig.Created.Before(now.Add(-s.cfg.Window)),
		sig.Created.After(now.Add(clockSkew)),
		!sig.Expires.IsZero() && now.After(sig.Expires):
		return &Refusal{Code: CodeOutdated, Path: "created"}
	}
	return nil
}

// always must be covered by every signature; sensitive fields must be if they are there, and stand once: of two lines
// readers may take either.
var (
	always    = []string{"@method", "@authority", "@path", "@query"}
	sensitive = []string{"content-digest", "content-type", "content-encoding", "idempotency-key", "if-match", "x-clerk"}
)

// checkCoverage refuses a signature that leaves something open, and one that was made for another service.
func (s *Systems) checkCoverage(sig *httpsig.Signature, r *http.Request, m *httpsig.Message) error {
	for _, c := range always {
		if !sig.Covers(c) {
			return &Refusal{Code: CodeCoverage, Path: c}
		}
	}
	for _, f := range sensitive {
		if lines := m.Field(f); len(lines) > 1 || len(lines) == 1 && !sig.Covers(f) {
			return &Refusal{Code: CodeCoverage, Path: f}
		}
	}
	if hasBody(r) && !sig.Covers("content-digest") {
		return &Refusal{Code: CodeCoverage, Path: "content-digest"}
	}
	if !slices.Contains(s.cfg.Authorities, httpsig.Authority(m.Scheme, m.Authority)) {
		return &Refusal{Code: CodeAuthority, Path: "@authority"}
	}
	return nil
}

// hasBody reports whether a request brings content, or may.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// bind has the content checked against the digest that was signed while it is read.
func (c *Caller) bind(sig *httpsig.Signature, r *http.Request) error {
	if !sig.Covers("content-digest") {
		return nil
	}
	want, err := httpsig.ParseDigest(r.Header.Values(httpsig.FieldDigest))
	if err != nil {
		return &Refusal{Code: CodeDigest, Path: httpsig.FieldDigest}
	}
	c.body = newCheckedBody(r.Body, want)
	r.Body = c.body
	return nil
}

// messageOf is what of a request can be covered, as it was on the wire.
func messageOf(r *http.Request) *httpsig.Message {
	m := &httpsig.Message{Method: r.Method, Scheme: "http", Authority: r.Host, Field: r.Header.Values}
	if r.TLS != nil {
		m.Scheme = "https"
	}
	m.Path, m.Query, m.HasQuery = strings.Cut(r.RequestURI, "?")
	return m
}
