package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

// House is what the service knows of the house that the vault lives in.
type House interface {
	// Trust gives the files of the folder of trust with which the vault's licences are verified, by their names, as
	// they are now.
	Trust(ctx context.Context) (map[string][]byte, error)

	// Certificates says when the vault's certificates end, and those of the keys in its custody.
	Certificates(ctx context.Context) ([]api.CertificateEnd, error)
}

func (s *Server) registerHouse() {
	add(s, operation{
		id: "getTrust", method: http.MethodGet, path: "/trust", tag: "proofs", may: identity.Anyone,
		zh: "信任目录：根证书、吊销列表、账本公钥", en: "what others verify with: roots, revocation lists, keys of the ledger",
	}, s.trust)
	add(s, operation{
		id: "listCertificates", method: http.MethodGet, path: "/certificates", tag: "operation",
		may: identity.MayOperate, zh: "各证书何时到期", en: "when each certificate ends",
	}, s.certificates)
}

type trustOutput struct{ Body api.Trust }

// maxTrust bounds what everybody may fetch. A longer list of revocations has a place of its own.
const maxTrust = 16 << 20

// trustHolds is how long the files are given as they were read: everybody may ask, and need not make the disk work.
const trustHolds = 10 * time.Second

// trusted is the folder of trust as it was read last.
type trusted struct {
	mu    sync.Mutex
	at    time.Time       // when
	files []api.TrustFile // never changed once it is here; nil: not read yet
}

// holds reports whether the files may be given once more. After a jump of the clock they may not.
func (t *trusted) holds(now time.Time) bool {
	age := now.Sub(t.at)
	return t.files != nil && age >= 0 && age < trustHolds
}

func (s *Server) trust(ctx context.Context, _ *identity.Caller, _ *struct{}) (*trustOutput, error) {
	if s.cfg.House == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	t := &s.trusted
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := s.cfg.Now(); !t.holds(now) {
		files, err := s.readTrust(ctx)
		if err != nil {
			return nil, err
		}
		t.files, t.at = files, now
	}
	return &trustOutput{Body: api.Trust{Files: t.files}}, nil
}

func (s *Server) readTrust(ctx context.Context) ([]api.TrustFile, error) {
	files, err := s.cfg.House.Trust(ctx)
	if err != nil {
		return nil, err
	}
	list, size := []api.TrustFile{}, 0
	for name, content := range files {
		list = append(list, api.TrustFile{Name: name, Content: content})
		size += len(content)
	}
	if size > maxTrust {
		return nil, codeProblem(CodeTrustLarge)
	}
	slices.SortFunc(list, func(a, b api.TrustFile) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

type certificatesOutput struct{ Body api.CertificateList }

func (s *Server) certificates(ctx context.Context, _ *identity.Caller, _ *struct{}) (*certificatesOutput, error) {
	if s.cfg.House == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	list, err := s.cfg.House.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	return &certificatesOutput{Body: api.CertificateList{Certificates: append([]api.CertificateEnd{}, list...)}}, nil
}
