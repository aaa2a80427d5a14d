package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/stored"
)

// spaceStored is the key space of what callers keep.
const spaceStored = 'u'

// Storage says how much callers may keep: files that they upload, results of jobs, verdicts with their evidence. The
// zero value of each field is the default.
type Storage struct {
	PerCaller int64            // bytes; 0: 50 GiB
	PerHolder int64            // bytes of one holder who has logged in, within those of the caller; 0: 512 MiB
	Of        map[string]int64 // bytes of callers that have a quota of their own
}

const (
	defaultStored       = 50 << 30
	defaultHolderStored = 512 << 20
)

// shares are the accounts to which an owner's things are counted: a caller's, and within it a holder's own.
func (s *Server) shares(owner string) []stored.Share {
	caller, _, isHolder := strings.Cut(owner, "/")
	most := s.cfg.Storage.PerCaller
	if own, has := s.cfg.Storage.Of[caller]; has {
		most = own
	}
	whole := stored.Share{Name: caller, Most: most}
	if !isHolder {
		return []stored.Share{whole}
	}
	return []stored.Share{{Name: owner, Most: min(s.cfg.Storage.PerHolder, most)}, whole}
}

// hold makes room for something that a caller wants kept, before any of it is; the function lets go of the room.
func (s *Server) hold(ctx context.Context, owner string, size int64) (release func(), err error) {
	h := s.stored.Hold(owner)
	return h.Release, h.Grow(ctx, size)
}

// fullProblem says how much is kept, how much may be, and how much was wanted.
func fullProblem(e *stored.FullError) *answer {
	code := CodeFull
	if e.Passes() {
		code = CodeClearing
	}
	p := codeProblem(code)
	d := &p.Errors[0]
	used, most, wanted := amount(e.Used), amount(e.Share.Most), amount(e.Wanted)
	d.Zh += fmt.Sprintf("：已存 %s，限额 %s，本次需 %s", used, most, wanted)
	d.En += fmt.Sprintf(": %s are kept of %s at most, and %s are wanted", used, most, wanted)
	d.Keyword = "maxStored " + strconv.FormatInt(e.Share.Most, 10)
	return p.headline()
}

// amount says how many bytes there are, in figures that a person can compare.
func amount(n int64) string {
	const unit = 1 << 10
	if n < unit {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, names := float64(n), "KMGTPE"
	i := -1
	for value >= unit && i+1 < len(names) {
		value /= unit
		i++
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + names[i:i+1] + "iB"
}

// tellStored says in an answer about files how much its caller keeps and may keep.
func (s *Server) tellStored(c *gin.Context, owner string) {
	if text := s.storedText(c.Request.Context(), owner); text != "" {
		c.Header(api.HeaderStored, text)
	}
}

// storedText is that as a structured field (RFC 9651); "" if it cannot be read.
func (s *Server) storedText(ctx context.Context, owner string) string {
	state, err := s.stored.State(ctx, owner)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("used=%d, allowed=%d", state.Used, state.Most)
}

func (s *Server) registerStorage() {
	add(s, operation{
		id: "listFiles", method: http.MethodGet, path: "/files", tag: "files", may: identity.MayWork,
		zh: "本调用方的文件与存储配额", en: "files of one's own, the newest first, and how much one may keep",
	}, s.listFiles)
}

type listFilesInput struct {
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"most files in an answer"`
}

type listFilesOutput struct{ Body api.FileList }

func (s *Server) listFiles(ctx context.Context, c *identity.Caller, in *listFilesInput) (*listFilesOutput, error) {
	owner := s.ownerOf(c)
	state, err := s.stored.State(ctx, owner)
	if err != nil {
		return nil, err
	}
	out := &listFilesOutput{Body: api.FileList{Files: []api.FileStanding{}, Used: state.Used, Allowed: state.Most}}
	if s.files == nil {
		return out, nil
	}
	list, err := s.files.List(ctx, owner, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		out.Body.Files = append(out.Body.Files, standingFile(f))
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, nil
}

func standingFile(f *files.File) api.FileStanding {
	return api.FileStanding{File: fileOf(f), Created: f.Created}
}
