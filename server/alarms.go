package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/alarm"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registerAlarms lets auditors and supervisors see alarms and say who is watched, if the service raises any.
func (s *Server) registerAlarms() {
	if s.cfg.Alarms == nil {
		return
	}
	add(s, operation{
		id: "listAlarms", method: http.MethodGet, path: "/alarms", tag: "alarms",
		zh: "查询告警", en: "look-ups that somebody should ask about", may: identity.MayAudit,
	}, s.listAlarms)
	add(s, operation{
		id: "watch", method: http.MethodPost, path: "/watches", tag: "alarms", status: http.StatusNoContent,
		zh: "关注或不再关注一个主体", en: "watch over a person or firm, or no longer", write: true,
		may: identity.MayAudit,
	}, s.watch)
}

const alarmPage = 100

type listAlarmsInput struct {
	After uint64 `query:"after" doc:"number of the last alarm that was seen"`
}

type listAlarmsOutput struct{ Body api.AlarmList }

func (s *Server) listAlarms(ctx context.Context, c *identity.Caller, in *listAlarmsInput) (*listAlarmsOutput, error) {
	read := vault.Witnessed{Act: "alarms", Object: "alarm " + strconv.FormatUint(in.After+1, 10)} // and later ones
	if err := s.cfg.Vault.Witness(ctx, oversight(c, "查看告警"), read); err != nil {
		return nil, err
	}
	list, err := s.cfg.Alarms.List(ctx, in.After, alarmPage)
	if err != nil {
		return nil, err
	}
	out := &listAlarmsOutput{api.AlarmList{Alarms: make([]api.Alarm, len(list))}}
	for i := range list {
		a := &list[i]
		out.Body.Alarms[i] = api.Alarm{
			Number: a.Number, Time: a.At, Kind: string(a.Kind), Caller: a.Caller, Actor: a.Actor, Trace: a.Trace,
			Count: a.Count,
		}
	}
	return out, nil
}

type watchInput struct{ Body api.Watch }

// watch changes who is watched once the audit says who wants it, by the token that stands for the person.
func (s *Server) watch(ctx context.Context, c *identity.Caller, in *watchInput) (*struct{}, error) {
	witness := func(ctx context.Context, token string, on bool) error {
		return s.cfg.Vault.Witness(ctx, oversight(c, "关注主体"), watched(token, on))
	}
	return nil, s.cfg.Alarms.Watch(ctx, c.ID, in.Body.Code, !in.Body.Ended, witness)
}

// watched is what the audit says of a change of who is watched.
func watched(token string, on bool) vault.Witnessed {
	act := "watch"
	if !on {
		act = "unwatch"
	}
	return vault.Witnessed{Act: act, Object: "watched " + token}
}

// FinishWatch carries out a change of who is watched that a crash has broken off, and reports whether there was one. It
// is for whoever opens alarms and vault, before anybody calls.
func FinishWatch(ctx context.Context, alarms *alarm.Watcher, v *vault.Vault) (bool, error) {
	return alarms.Finish(ctx, func(ctx context.Context, by, token string, on bool) error {
		a := vault.Access{Caller: by, Purpose: "完成中断的关注变更", Ground: vault.GroundAudit}
		err := v.Witness(ctx, a, watched(token, on))
		var refused *vault.Refusal
		if errors.As(err, &refused) {
			err = errors.Join(err, alarm.ErrRefused)
		}
		return err
	})
}

// persons are the roles in which a person looks.
var persons = []identity.Role{identity.RoleDepartmentClerk, identity.RoleReviewer, identity.RoleWindowClerk}

// watching raises alarms before an answer goes out: the vault tells about whom each answer is. Of one request a person
// is looked at once, however often the request reads.
func (s *Server) watching(c *identity.Caller, a *vault.Access) func(context.Context, []string) error {
	look := alarm.Look{
		Caller: c.ID, Actor: c.Actor, Self: c.Self,
		Clerk:  c.Actor != "" || slices.Contains(persons, c.Role),
		NoCase: a.Case == "" && (a.Ground == vault.GroundLaw || a.Ground == vault.GroundConsent),
	}
	var mu sync.Mutex
	seen := map[string]bool{} // guarded by mu
	return func(ctx context.Context, of []string) error {
		mu.Lock()
		first := len(seen) == 0
		of = slices.DeleteFunc(of, func(number string) bool { return seen[number] })
		for _, number := range of {
			seen[number] = true
		}
		mu.Unlock()
		if len(of) == 0 && !first {
			return nil
		}
		look := look
		look.Of, look.Trace = of, traceOf(ctx)
		return s.cfg.Alarms.Observe(ctx, look)
	}
}
