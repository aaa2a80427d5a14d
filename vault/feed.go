package vault

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// FeedOpened is the kind of a feed item that is no event of a licence: a batch was signed off, or its undo has ended,
// and from now on others see what it brought. Its events stand further up in the feed, where a follower has passed them
// without seeing them: he reads again from FeedItem.From on. What he has seen already has the same sequence numbers.
const FeedOpened record.Kind = "batch-opened"

// Limits of one page of the feed.
const (
	MaxFeedItems  = 1000
	feedItems     = 100   // if a query does not say
	maxFeedLeaves = 10000 // that one page looks at, so that a follower of few licences gets an answer in time
)

// FeedItem is one thing that happened, as followers learn of it.
type FeedItem struct {
	Sequence   uint64      // its place in the feed, for ever
	Kind       record.Kind // of the event, FeedOpened, or of a notice
	Identifier string
	Number     int         // among the licence's events, from 1: those of one instant may stand the other way
	Version    int         // in force after the event; 0 while only reserved
	Effective  record.Date // from when it counts in law
	Recorded   time.Time   // when the vault learnt of it; zero for a batch that its undo has opened
	Batch      string      // conversion batch, or ""
	Message    string      // id of the message that caused it, or ""
	From       uint64      // FeedOpened: no event of the batch stands before
	Object     string      // of a notice: what it is about

	// The issuer gets the event itself if it asks for content, and the salt that opens the ledger's leaf.
	Raw  []byte
	Salt [16]byte
}

// FeedQuery says which part of the feed is wanted.
type FeedQuery struct {
	From    uint64        // first sequence number wanted; the feed begins at 0
	Limit   int           // at most MaxFeedItems; 0: a hundred
	Kinds   []record.Kind // nil: all
	Types   []string      // 证照类型代码; nil: all that the caller may see
	Content bool          // bring the events themselves; for the issuer
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Items []FeedItem
	Next  uint64 // where to go on, whether or not there were items
	End   bool   // there is nothing behind Next now
}

// Events gives what happened, in the order of the ledger, from a sequence number on (A75). A department sees the
// licences that it issued, an operator all, without content and without what stands for a conversion that waits for its
// sign-off. A page without items tells nothing of any licence and leaves no audit entry.
func (v *Vault) Events(ctx context.Context, a Access, q FeedQuery) (*FeedPage, error) {
	note := auditNote{act: "events", object: object("sequence", strconv.FormatUint(q.From, 10))}
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := v.mayFollow(s, &q); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if err := v.bringIn(ctx); err != nil {
		return nil, err
	}
	var f *follower
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		f = &follower{v: v, r: r, s: s, q: q, page: &FeedPage{Next: q.From}, readable: map[string]bool{}}
		return f.run()
	})
	if err != nil || len(f.page.Items) == 0 {
		return whole(f.page, err)
	}
	note.count = len(f.page.Items)
	return whole(f.page, v.audit(ctx, s, note))
}

// FeedEnd is the sequence number that the next item of the feed will have. It tells how much happens, and nothing else.
func (v *Vault) FeedEnd(ctx context.Context) (uint64, error) {
	if err := v.bringIn(ctx); err != nil {
		return 0, err
	}
	var end uint64
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		size, _, err := treeHead(r)
		if err != nil {
			return err
		}
		openings, _, err := openingsBefore(r, ^uint64(0))
		end = size + openings
		return err
	})
	return end, err
}

// bringIn gives staged leaves their place, unless the vault is closed: what it has already is read then.
func (v *Vault) bringIn(ctx context.Context) error {
	none, err := v.empty(ctx, spaceStaged)
	if err != nil || none {
		return err
	}
	_, err = v.Sequence(ctx)
	return passRefusal(err)
}

// mayFollow decides the right to the feed and completes the query.
func (v *Vault) mayFollow(s *session, q *FeedQuery) error {
	if q.Limit < 0 || q.Limit > MaxFeedItems {
		return refuse(ErrInvalid, CodeListTooLong, "limit")
	}
	if q.Limit == 0 {
		q.Limit = feedItems
	}
	switch {
	case s.Ground == GroundIssuer && s.caller.Department != "":
		return nil
	case s.Ground != GroundOperator:
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	case s.closed: // what was revoked after the backup must not be called valid
		return refuse(ErrRestored, CodeRestored, "")
	case q.Content:
		return refuse(ErrDenied, CodeNotIssuer, "content")
	}
	return s.mustOperate()
}

// follower reads one page.
type follower struct {
	v        *Vault
	r        engine.Reader
	s        *session
	q        FeedQuery
	page     *FeedPage
	openings []opening // from page.Next on
	more     bool      // there may be more than these
	readable map[string]bool
}

func (f *follower) run() error {
	before, openings, err := openingsBefore(f.r, f.q.From)
	if err != nil {
		return err
	}
	f.openings, f.more = openings, len(openings) == openingsAtOnce
	size, _, err := treeHead(f.r)
	if err != nil {
		return err
	}
	if f.q.From > size+before+uint64(len(openings)) { // a number of the future: there is nothing there yet
		f.page.End = true
		return nil
	}
	looked := 0
	err = eachLeaf(f.r, f.q.From-before, func(leaf []byte) (bool, error) {
		if err := f.passOpenings(); err != nil || f.full() {
			return false, err
		}
		if looked++; looked > maxFeedLeaves {
			return false, nil
		}
		err := f.leaf(leaf)
		f.page.Next++
		return err == nil && !f.full(), err
	})
	if err == nil && !f.full() && looked <= maxFeedLeaves {
		err = f.passOpenings()
		f.page.End = len(f.openings) == 0
	}
	return err
}

func (f *follower) full() bool { return len(f.page.Items) == f.q.Limit }

// passOpenings takes the openings that stand at the place that the page has reached.
func (f *follower) passOpenings() error {
	for len(f.openings) > 0 && f.openings[0].sequence == f.page.Next && !f.full() {
		o := f.openings[0]
		f.page.Next++
		if err := f.nextOpening(); err != nil {
			return err
		}
		show := f.opened
		if o.notice != nil {
			show = f.notice
		}
		if err := show(&o); err != nil {
			return err
		}
	}
	return nil
}

// nextOpening goes on behind the first opening, and reads more when those at hand are used up.
func (f *follower) nextOpening() (err error) {
	f.openings = f.openings[1:]
	if len(f.openings) == 0 && f.more {
		f.openings, err = openingsFrom(f.r, f.page.Next)
		f.more = len(f.openings) == openingsAtOnce
	}
	return err
}

// opened shows that a batch was opened.
func (f *follower) opened(o *opening) error {
	b, err := getBatch(f.r, o.batch)
	if err != nil {
		return err
	}
	if f.s.Ground == GroundIssuer && b.Issuer != f.s.caller.Department || !f.wanted(FeedOpened, b.Type) {
		return nil
	}
	if ok, err := f.mayRead(b.Type); err != nil || !ok {
		return err
	}
	item := FeedItem{Sequence: o.sequence, Kind: FeedOpened, Batch: o.batch, From: b.FirstLeaf}
	if b.SignOff != nil {
		item.Recorded = b.SignOff.Time
	}
	f.page.Items = append(f.page.Items, item)
	return nil
}

// leaf takes one leaf of the ledger, which stands at page.Next.
func (f *follower) leaf(leaf []byte) error {
	if isVoid(leaf) {
		return nil
	}
	id := licenceID(leaf[:16])
	st, err := getStoredEvent(f.r, id, int(be(leaf[16:20]))) //nolint:gosec // four bytes
	if err != nil {
		return err
	}
	if ok, err := f.shows(id, st.event); err != nil || !ok {
		return err
	}
	e := st.event
	item := FeedItem{
		Sequence: f.page.Next, Kind: e.Kind, Identifier: e.Identifier, Number: e.Number, Version: e.Version,
		Effective: e.Effective, Recorded: e.Recorded, Batch: e.Batch, Message: e.Message,
	}
	if f.q.Content {
		item.Raw, item.Salt = st.raw, st.salt
	}
	f.page.Items = append(f.page.Items, item)
	return nil
}

// shows reports whether the follower wants to see an event and may.
func (f *follower) shows(licence licenceID, e *record.Event) (bool, error) {
	id, err := code.ParseIdentifier(e.Identifier)
	if err != nil || !f.wanted(e.Kind, id.Type) {
		return false, nil //nolint:nilerr // the vault made it: one that cannot be read is shown to nobody
	}
	own := f.s.Ground == GroundIssuer
	if own && id.Issuer != f.s.caller.Department {
		return false, nil
	}
	if ok, err := f.mayRead(id.Type); err != nil || !ok || own {
		return ok, err
	}
	h, err := getHead(f.r, licence)
	if err != nil || h == nil {
		return false, err
	}
	hidden, err := f.hidden(h, e)
	return err == nil && !hidden, err
}

func (f *follower) wanted(kind record.Kind, typeCode string) bool {
	return (f.q.Kinds == nil || slices.Contains(f.q.Kinds, kind)) &&
		(f.q.Types == nil || slices.Contains(f.q.Types, typeCode))
}

// mayRead reports whether the session may know of a type, which is asked once for a page.
func (f *follower) mayRead(typeCode string) (bool, error) {
	if ok, known := f.readable[typeCode]; known {
		return ok, nil
	}
	err := readableType(f.r, f.s, typeCode)
	f.readable[typeCode] = err == nil
	return err == nil, passRefusal(err)
}

// hidden reports whether an event stays hidden from all but the issuer. What was told once stays told, and what was
// hidden is told by an opening only: nothing else that happens later counts here, so that no follower misses anything.
func (f *follower) hidden(h *head, e *record.Event) (bool, error) {
	switch {
	case e.Kind == record.EventWithdrawn:
		b, err := getBatch(f.r, e.Batch)
		return err != nil || b.SignOff == nil, err
	case e.Version == 0: // reserved, or given up
		return false, nil
	case e.Kind.MakesVersion() || e.Kind == record.EventAttached:
		return untold(f.r, h, e.Version)
	}
	for version := e.Version; version > 0; version-- {
		if hidden, err := untold(f.r, h, version); err != nil || !hidden {
			return false, err
		}
	}
	return true, nil
}

// eachLeaf visits the leaves of the ledger from an index on, in order, until visit returns false.
func eachLeaf(r engine.Reader, from uint64, visit func(leaf []byte) (bool, error)) error {
	start := key(spaceStream, be64(from))
	err := r.Scan(engine.Range{Prefix: []byte{spaceStream}, Start: start, Reverse: true, KeysOnly: true},
		func(k, _ []byte) (bool, error) {
			start = slices.Clone(k) // the group in which the leaf lies
			return false, nil
		})
	if err != nil {
		return err
	}
	return r.Scan(engine.Range{Prefix: []byte{spaceStream}, Start: start}, func(k, value []byte) (bool, error) {
		index := be(k[1:])
		for b := value; len(b) >= stagedLeafBytes; b = b[stagedLeafBytes:] {
			if index++; index <= from {
				continue
			}
			if more, err := visit(b[:stagedLeafBytes]); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	})
}
