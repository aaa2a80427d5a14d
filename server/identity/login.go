package identity

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
)

// LoginConfig is what a Login is made of. Every field without a stated zero meaning must be set.
type LoginConfig struct {
	Certificates CertificateChecker
	Caller       string // of the vault, that vouches for who logs in
	Origin       string // name of the service, which stands in what is signed
	Now          func() time.Time
	Rand         io.Reader     // cryptographic
	Lifetime     time.Duration // of a session; zero: half an hour
	MaxSessions  int           // at once; zero: 100,000
}

// Login lets persons and firms log in by their SM2 certificate (数字证书登录): the service gives a challenge, the holder
// signs it, and gets a session at the strongest level. Challenges and sessions lie in memory only, so a restart ends
// them; a challenge costs no memory until it was answered. It is safe for concurrent use.
type Login struct {
	cfg      LoginConfig
	key      [sm3.Size]byte // of the codes on challenges
	answered *memory
	sessions *sessions
}

const (
	loginPrefix       = "elicense login" // keeps what is signed here from being anything else
	challengeFor      = 2 * time.Minute
	defaultSession    = 30 * time.Minute
	defaultSessions   = 100_000
	challengeBytes    = 16 + 8 + sm3.Size // random, when it ends, code
	maxLoginSignature = 256
)

// NewLogin makes a login.
func NewLogin(cfg LoginConfig) (*Login, error) {
	if cfg.Certificates == nil || cfg.Caller == "" || cfg.Origin == "" || strings.Contains(cfg.Origin, "\n") ||
		cfg.Now == nil || cfg.Rand == nil {
		return nil, ErrConfig
	}
	if cfg.Lifetime <= 0 {
		cfg.Lifetime = defaultSession
	}
	if cfg.MaxSessions <= 0 {
		cfg.MaxSessions = defaultSessions
	}
	l := &Login{cfg: cfg, answered: newMemory(cfg.MaxSessions), sessions: newSessions(cfg.MaxSessions)}
	if _, err := io.ReadFull(cfg.Rand, l.key[:]); err != nil {
		return nil, err
	}
	return l, nil
}

// Challenge is a text that is to be signed as it stands.
type Challenge struct {
	Text    string
	Expires time.Time
}

// Challenge makes a challenge.
func (l *Login) Challenge() (Challenge, error) {
	ends := l.cfg.Now().Add(challengeFor).Truncate(time.Second)
	var b [challengeBytes]byte
	if _, err := io.ReadFull(l.cfg.Rand, b[:16]); err != nil {
		return Challenge{}, err
	}
	binary.BigEndian.PutUint64(b[16:24], uint64(ends.Unix())) //nolint:gosec // after 1970
	copy(b[24:], l.code(b[:24]))
	text := loginPrefix + "\n" + l.cfg.Origin + "\n" + base64.RawURLEncoding.EncodeToString(b[:])
	return Challenge{text, ends}, nil
}

func (l *Login) code(head []byte) []byte {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, l.key[:])
	mac.Write(head)
	return mac.Sum(nil)
}

// checkChallenge refuses what was not made here, or too long ago, and tells when it ends.
func (l *Login) checkChallenge(text string, now time.Time) (ends time.Time, err error) {
	rest, ok := strings.CutPrefix(text, loginPrefix+"\n"+l.cfg.Origin+"\n")
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if !ok || err != nil || len(b) != challengeBytes || strings.ContainsAny(rest, "\r\n") ||
		subtle.ConstantTimeCompare(b[24:], l.code(b[:24])) != 1 {
		return time.Time{}, Refuse(CodeChallenge)
	}
	ends = time.Unix(int64(binary.BigEndian.Uint64(b[16:24])), 0) //nolint:gosec // made by Challenge
	if now.Unix() > ends.Unix() {
		return time.Time{}, Refuse(CodeChallenge)
	}
	return ends, nil
}

// Answer is a challenge with its signature.
type Answer struct {
	Challenge   string
	Certificate []byte // DER, with an SM2 key
	Signature   []byte // DER signature value over the challenge, default signer identifier
}

// Session is a login that stands until it expires, is ended, or its certificate no longer holds.
type Session struct {
	Token   string // to be sent as a bearer
	Expires time.Time
	Name    string // of the holder, as the certificate has it
}

// Answer opens a session for whoever signed a challenge. A challenge opens one session only.
func (l *Login) Answer(a Answer) (*Session, error) {
	now := l.cfg.Now()
	ends, err := l.checkChallenge(a.Challenge, now)
	if err != nil {
		return nil, err
	}
	if len(a.Certificate) > maxCertificate || len(a.Signature) > maxLoginSignature {
		return nil, Refuse(CodeInvalid)
	}
	cert, err := pki.ParseTolerant(a.Certificate)
	if err != nil || cert.PublicKey == nil || cert.IsCA {
		return nil, Refuse(CodeInvalid)
	}
	if cert.PublicKey.Verify([]byte(a.Challenge), a.Signature) != nil {
		return nil, Refuse(CodeInvalid)
	}
	if err := l.cfg.Certificates.CheckCertificate(cert, now); err != nil {
		return nil, err
	}
	who, err := subjectOf(cert)
	if err != nil {
		return nil, err
	}
	// By its end, which is the same whenever it is answered: memory finds a thing by the time it was first kept under.
	switch l.answered.remember(digestOf([]byte(a.Challenge)), ends, now) {
	case seenFirst:
	case seenAgain, seenPast:
		return nil, Refuse(CodeChallenge)
	case seenFull:
		return nil, Refuse(CodeBusy)
	}
	return l.open(cert, who, now)
}

// open makes a session, which is known by the digest of its token.
func (l *Login) open(cert *pki.Certificate, who *Subject, now time.Time) (*Session, error) {
	var b [32]byte
	if _, err := io.ReadFull(l.cfg.Rand, b[:]); err != nil {
		return nil, err
	}
	s := &Session{
		Token: sessionPrefix + hex.EncodeToString(b[:]), Expires: now.Add(l.cfg.Lifetime).Truncate(time.Second),
		Name: who.Name,
	}
	if !l.sessions.add(sm3.Sum([]byte(s.Token)), &session{who, cert, s.Expires}, now) {
		return nil, Refuse(CodeBusy)
	}
	return s, nil
}

// subjectOf is whom a certificate names by a number that the vault knows holders by. One that contradicts itself names
// nobody.
func subjectOf(cert *pki.Certificate) (*Subject, error) {
	h := &cert.Holder
	switch {
	case h.Ambiguous:
	case h.Kind == pki.HolderPerson && h.NumberKind == pki.IdentityCitizen &&
		code.CheckCitizenNumber(h.Number.Reveal()) == nil:
		return &Subject{code.HolderCodeCitizen, h.Number.Reveal(), h.Name}, nil
	case h.Kind == pki.HolderOrganization && code.CheckUSCC(h.USCC) == nil:
		return &Subject{code.HolderCodeUSCC, h.USCC, h.Name}, nil
	}
	return nil, Refuse(CodeNoHolder)
}

var _ Recogniser = (*Login)(nil)

// levelOfLogin is what a certificate proves.
const levelOfLogin = vault.LevelCertificate
