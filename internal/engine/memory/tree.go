package memory

import (
	"bytes"
	"slices"
	"sort"

	"github.com/elicense/elicense/internal/engine"
)

// fanout is the largest number of entries of a node; a node that grows beyond it is halved.
const fanout = 64

// owner marks the nodes that one transaction has made and may still change; all other nodes are immutable.
type owner struct{ _ byte }

// node is a leaf (kids nil: keys and their values) or an inner node (keys[i] is a lower bound of kids[i]).
// Deletion never rebalances; a node that becomes empty is unlinked.
type node struct {
	owner *owner
	keys  [][]byte
	vals  [][]byte
	kids  []*node
}

func (n *node) own(o *owner) *node {
	if n.owner == o {
		return n
	}
	return &node{owner: o, keys: slices.Clone(n.keys), vals: slices.Clone(n.vals), kids: slices.Clone(n.kids)}
}

// seek returns the index of the first key not below key and whether it is equal.
func (n *node) seek(key []byte) (int, bool) {
	i := sort.Search(len(n.keys), func(i int) bool { return bytes.Compare(n.keys[i], key) >= 0 })
	return i, i < len(n.keys) && bytes.Equal(n.keys[i], key)
}

// child returns the index of the kid whose range holds key.
func (n *node) child(key []byte) int {
	i, found := n.seek(key)
	if !found && i > 0 {
		i--
	}
	return i
}

func (n *node) get(key []byte) ([]byte, bool) {
	if n == nil || len(n.keys) == 0 {
		return nil, false
	}
	for n.kids != nil {
		n = n.kids[n.child(key)]
	}
	i, found := n.seek(key)
	if !found {
		return nil, false
	}
	return n.vals[i], true
}

// put returns the tree with key set; key and value are kept, not copied.
func put(n *node, o *owner, key, value []byte) *node {
	if n == nil {
		n = &node{owner: o}
	}
	n, right := n.insert(o, key, value)
	if right == nil {
		return n
	}
	return &node{owner: o, keys: [][]byte{n.keys[0], right.keys[0]}, kids: []*node{n, right}}
}

func (n *node) insert(o *owner, key, value []byte) (left, right *node) {
	n = n.own(o)
	if n.kids == nil {
		i, found := n.seek(key)
		if found {
			n.vals[i] = value
			return n, nil
		}
		n.keys = slices.Insert(n.keys, i, key)
		n.vals = slices.Insert(n.vals, i, value)
		return n, n.split(o)
	}
	i := n.child(key)
	kid, sibling := n.kids[i].insert(o, key, value)
	n.kids[i], n.keys[i] = kid, kid.keys[0]
	if sibling != nil {
		n.kids = slices.Insert(n.kids, i+1, sibling)
		n.keys = slices.Insert(n.keys, i+1, sibling.keys[0])
	}
	return n, n.split(o)
}

// split moves the upper half into a new node when n is too large.
func (n *node) split(o *owner) *node {
	if len(n.keys) <= fanout {
		return nil
	}
	half := len(n.keys) / 2
	right := &node{owner: o, keys: slices.Clone(n.keys[half:])}
	n.keys = slices.Delete(n.keys, half, len(n.keys))
	if n.kids == nil {
		right.vals = slices.Clone(n.vals[half:])
		n.vals = slices.Delete(n.vals, half, len(n.vals))
		return right
	}
	right.kids = slices.Clone(n.kids[half:])
	n.kids = slices.Delete(n.kids, half, len(n.kids))
	return right
}

// remove returns the tree without key, nil when nothing is left.
func (n *node) remove(o *owner, key []byte) *node {
	if _, found := n.get(key); !found {
		return n
	}
	return n.drop(o, key)
}

func (n *node) drop(o *owner, key []byte) *node {
	n = n.own(o)
	i := n.child(key)
	switch {
	case n.kids == nil:
		n.vals = slices.Delete(n.vals, i, i+1)
	default:
		if n.kids[i] = n.kids[i].drop(o, key); n.kids[i] != nil {
			return n
		}
		n.kids = slices.Delete(n.kids, i, i+1)
	}
	n.keys = slices.Delete(n.keys, i, i+1)
	if len(n.keys) == 0 {
		return nil
	}
	return n
}

type visitor func(key, value []byte) (bool, error)

// bounds is a half-open interval of keys; nil means open.
type bounds struct{ low, high []byte }

// boundsOf turns a range into the keys it selects. A reversed start is inclusive, so its successor is the bound.
func boundsOf(r engine.Range) bounds {
	b := bounds{low: r.Prefix, high: engine.PrefixEnd(r.Prefix)}
	if r.Start == nil {
		return b
	}
	if !r.Reverse {
		if bytes.Compare(r.Start, b.low) > 0 {
			b.low = r.Start
		}
		return b
	}
	successor := append(slices.Clone(r.Start), 0)
	if b.high == nil || bytes.Compare(successor, b.high) < 0 {
		b.high = successor
	}
	return b
}

func (b bounds) holds(key []byte) bool {
	return bytes.Compare(key, b.low) >= 0 && (b.high == nil || bytes.Compare(key, b.high) < 0)
}

// ascend visits the pairs inside b in order until visit says no.
func (n *node) ascend(b bounds, visit visitor) (bool, error) {
	if n == nil {
		return true, nil
	}
	from := n.child(b.low)
	for i := from; i < len(n.keys); i++ {
		if b.high != nil && i > from && bytes.Compare(n.keys[i], b.high) >= 0 {
			return true, nil
		}
		more, err := n.at(i, b, visit, (*node).ascend)
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// descend visits the pairs inside b in reverse order until visit says no.
func (n *node) descend(b bounds, visit visitor) (bool, error) {
	if n == nil {
		return true, nil
	}
	last := len(n.keys) - 1
	if b.high != nil {
		last = min(n.child(b.high), last)
	}
	for i := last; i >= 0; i-- {
		more, err := n.at(i, b, visit, (*node).descend)
		if err != nil || !more {
			return false, err
		}
		if bytes.Compare(n.keys[i], b.low) < 0 {
			return true, nil
		}
	}
	return true, nil
}

func (n *node) at(i int, b bounds, visit visitor, down func(*node, bounds, visitor) (bool, error)) (bool, error) {
	if n.kids != nil {
		return down(n.kids[i], b, visit)
	}
	if !b.holds(n.keys[i]) {
		return true, nil
	}
	return visit(n.keys[i], n.vals[i])
}
