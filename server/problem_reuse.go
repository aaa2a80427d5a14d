package server

import (
	"errors"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/feed"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/vault"
)

// A key that belongs to another request: the refusal says what of this request is not as in that, never what stood
// there.

// differsWord begins the keyword of such a refusal; then come the places that differ.
const differsWord = "differs "

// keyReused is the problem of a key whose request differed in these places. vault.DiffersOperation is another
// operation, vault.DiffersContent the content as a whole; none: that is not known.
func keyReused(places ...string) *answer {
	p := codeProblem(CodeKeyReused)
	d := &p.Errors[0]
	d.Path = keyHeader
	if len(places) == 0 {
		return p
	}
	d.Keyword = differsWord + strings.Join(places, " ")
	switch places[0] {
	case vault.DiffersOperation:
		d.Zh, d.En = "幂等键已用于另一种操作", "the idempotency key was used for another operation"
	case vault.DiffersContent:
		d.Zh, d.En = d.Zh+"，内容与那次不同", d.En+", whose content was not this"
	default:
		d.Zh += "，与那次不同的是 " + strings.Join(places, "、")
		d.En += ", which differs in " + strings.Join(places, ", ")
	}
	return p.headline()
}

// reuseProblem knows the keys of files, jobs and subscriptions that belong to another request; nil if err is none.
func reuseProblem(err error) *answer {
	var job *jobs.ReusedError
	var sub *feed.ReusedError
	switch {
	case errors.As(err, &job) && job.Kind:
		return keyReused(vault.DiffersOperation)
	case errors.As(err, &job):
		return keyReused(placesOf(job.Members)...)
	case errors.As(err, &sub):
		places := make([]string, len(sub.Members))
		for i, m := range sub.Members {
			places[i] = "/" + m
		}
		return keyReused(places...)
	case errors.Is(err, files.ErrReused):
		return keyReused(vault.DiffersContent)
	}
	return nil
}

// placesOf are members of what a job keeps of its request, as places of the request that brought them.
func placesOf(members []string) []string {
	places := make([]string, len(members))
	for i, m := range members {
		switch body, ok := strings.CutPrefix(m, "/request"); {
		case ok:
			places[i] = body
		case m == "/item" || m == "/case":
			places[i] = "query." + m[1:]
		case m == "/batch":
			places[i] = "path." + m[1:]
		default:
			places[i] = m
		}
	}
	return places
}

// tellReused makes what the vault found to differ the keyword of its refusal.
func tellReused(d *api.Defect) {
	if d.Code == string(vault.CodeKeyReused) && d.Found != "" {
		d.Keyword, d.Found = differsWord+d.Found, ""
	}
}
