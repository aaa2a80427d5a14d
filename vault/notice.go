package vault

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Notice is something that concerns a licence and is no event of it: nothing of the licence changes by it, so it is not
// in the ledger. Those who follow the licence learn of it in their feed, at its place among the events.
type Notice struct {
	Kind       record.Kind // one of NoticeKinds
	Identifier string      // 电子证照标识 of the licence
	Object     string      // what it is about, by a name of the service's own
	Time       time.Time   // when it was so
}

// The kinds of notices.
const (
	NoticeDisputed record.Kind = "dispute-raised"  // 准确性异议已提出
	NoticeSettled  record.Kind = "dispute-settled" // 异议已办结
)

// NoticeKinds are the kinds of notices.
func NoticeKinds() []record.Kind { return []record.Kind{NoticeDisputed, NoticeSettled} }

// ErrNotice is a notice that cannot stand in the feed.
var ErrNotice = errors.New("vault: a notice without a kind, licence or stable name")

var noticeObject = regexp.MustCompile(`^[0-9a-zA-Z-]{1,80}$`)

// Announce tells those who follow a licence of something that is no event of it. The same kind and object is told once,
// however often it is announced, so a service may repeat what it does not know to be done. The right to do what is told
// of is the service's to decide, and its audit entry is that of Witness.
func (v *Vault) Announce(ctx context.Context, n Notice) error {
	id, err := code.ParseIdentifier(n.Identifier)
	if err != nil || !slices.Contains(NoticeKinds(), n.Kind) || !noticeObject.MatchString(n.Object) || n.Time.IsZero() {
		return ErrNotice
	}
	if err := v.writable(ctx); err != nil {
		return err
	}
	if err := v.bringIn(ctx); err != nil { // events before it come before it
		return err
	}
	licence := v.licenceID(id.Type, id.Issuer, id.Serial)
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if _, err := openType(w, id.Type); err != nil {
			return err
		}
		if h, err := getHead(w, licence); err != nil {
			return err
		} else if h == nil {
			return refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
		}
		return announce(w, &n)
	})
}

// announce gives a notice its place, unless it has one.
func announce(w engine.Writer, n *Notice) error {
	told := noticeKey(n)
	_, err := w.Get(told)
	if !errors.Is(err, engine.ErrNotFound) {
		return err
	}
	place, err := putOpening(w, n.append(nil))
	if err != nil {
		return err
	}
	return w.Put(told, be64(place))
}

func noticeKey(n *Notice) []byte { return key(spaceNotice, word(string(n.Kind)), []byte(n.Object)) }

// append writes the stored form: the mark, kind, identifier and object as texts, the time.
func (n *Notice) append(b []byte) []byte {
	b = append(b, noticeMark)
	for _, s := range []string{string(n.Kind), n.Identifier, n.Object} {
		b = appendText(b, s)
	}
	return append(b, be64(uint64(n.Time.UnixMicro()))...)
}

func parseNotice(b []byte) (*Notice, error) {
	d := decoder{b: b}
	n := &Notice{Kind: record.Kind(d.text()), Identifier: d.text(), Object: d.text(), Time: d.time()}
	if d.end() != nil || !slices.Contains(NoticeKinds(), n.Kind) {
		return nil, fmt.Errorf("%w: notice", ErrDamaged)
	}
	return n, nil
}

// notice shows a notice to whoever follows its licence.
func (f *follower) notice(o *opening) error {
	n := o.notice
	id, err := code.ParseIdentifier(n.Identifier)
	if err != nil || !f.wanted(n.Kind, id.Type) {
		return nil //nolint:nilerr // one that cannot be read is shown to nobody
	}
	if f.s.Ground == GroundIssuer && id.Issuer != f.s.caller.Department {
		return nil
	}
	if ok, err := f.mayRead(id.Type); err != nil || !ok {
		return err
	}
	f.page.Items = append(f.page.Items, FeedItem{
		Sequence: o.sequence, Kind: n.Kind, Identifier: n.Identifier, Object: n.Object, Version: id.Version,
		Recorded: n.Time,
	})
	return nil
}
