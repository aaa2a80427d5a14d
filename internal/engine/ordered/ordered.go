// Package ordered is a map from byte strings to values in key order that can be copied in constant time: a B+ tree
// whose nodes are shared between copies until one of them changes a node. The adapters of package engine use it; it
// is not safe for concurrent use, but copies are independent of each other.
package ordered

import (
	"bytes"
	"slices"
	"sort"
)

// fanout is the largest number of entries of a node; a node that grows beyond it is halved.
const fanout = 64

// owner marks the nodes that one copy has made and may still change; all other nodes are immutable.
type owner struct{ _ byte }

// Map is an ordered map. The zero Map is empty and ready. Keys given to it are kept, not copied.
type Map[V any] struct {
	root  *node[V]
	owner *owner
}

// node is a leaf (kids nil: keys and their values) or an inner node (keys[i] is a lower bound of kids[i]).
// Deletion never rebalances; a node that becomes empty is unlinked.
type node[V any] struct {
	owner *owner
	keys  [][]byte
	vals  []V
	kids  []*node[V]
}

// Copy returns a map of the same content. A Map that has been copied must not be changed any more; the copy may.
func (m Map[V]) Copy() Map[V] { return Map[V]{root: m.root} }

// Get returns the value of key.
func (m Map[V]) Get(key []byte) (value V, found bool) {
	n := m.root
	if n == nil {
		return value, false
	}
	for n.kids != nil {
		n = n.kids[n.child(key)]
	}
	i, found := n.seek(key)
	if !found {
		return value, false
	}
	return n.vals[i], true
}

// Put sets the value of key.
func (m *Map[V]) Put(key []byte, value V) {
	if m.owner == nil {
		m.owner = &owner{}
	}
	if m.root == nil {
		m.root = &node[V]{owner: m.owner}
	}
	left, right := m.root.insert(m.owner, key, value)
	if right != nil {
		left = &node[V]{owner: m.owner, keys: [][]byte{left.keys[0], right.keys[0]}, kids: []*node[V]{left, right}}
	}
	m.root = left
}

// Delete removes key.
func (m *Map[V]) Delete(key []byte) {
	if _, found := m.Get(key); !found {
		return
	}
	if m.owner == nil {
		m.owner = &owner{}
	}
	m.root = m.root.remove(m.owner, key)
}

// Next returns the first pair after from, or at from when inclusive.
func (m Map[V]) Next(from []byte, inclusive bool) (key []byte, value V, found bool) {
	if m.root == nil {
		return nil, value, false
	}
	return m.root.next(from, inclusive)
}

// Prev returns the last pair before from, or at from when inclusive; a nil from lies behind everything.
func (m Map[V]) Prev(from []byte, inclusive bool) (key []byte, value V, found bool) {
	if m.root == nil {
		return nil, value, false
	}
	return m.root.prev(from, inclusive)
}

func (n *node[V]) own(o *owner) *node[V] {
	if n.owner == o {
		return n
	}
	return &node[V]{owner: o, keys: slices.Clone(n.keys), vals: slices.Clone(n.vals), kids: slices.Clone(n.kids)}
}

// seek returns the index of the first key not below key and whether it is equal.
func (n *node[V]) seek(key []byte) (int, bool) {
	i := sort.Search(len(n.keys), func(i int) bool { return bytes.Compare(n.keys[i], key) >= 0 })
	return i, i < len(n.keys) && bytes.Equal(n.keys[i], key)
}

// child returns the index of the kid whose range holds key.
func (n *node[V]) child(key []byte) int {
	i, found := n.seek(key)
	if !found && i > 0 {
		i--
	}
	return i
}

func (n *node[V]) insert(o *owner, key []byte, value V) (left, right *node[V]) {
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
func (n *node[V]) split(o *owner) *node[V] {
	if len(n.keys) <= fanout {
		return nil
	}
	half := len(n.keys) / 2
	right := &node[V]{owner: o, keys: slices.Clone(n.keys[half:])}
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

// remove returns the tree without key, which is in it; nil when nothing is left.
func (n *node[V]) remove(o *owner, key []byte) *node[V] {
	n = n.own(o)
	i := n.child(key)
	if n.kids == nil {
		n.vals = slices.Delete(n.vals, i, i+1)
	} else {
		if n.kids[i] = n.kids[i].remove(o, key); n.kids[i] != nil {
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

func (n *node[V]) next(from []byte, inclusive bool) (key []byte, value V, found bool) {
	if n.kids == nil {
		i, equal := n.seek(from)
		if equal && !inclusive {
			i++
		}
		if i == len(n.keys) {
			return nil, value, false
		}
		return n.keys[i], n.vals[i], true
	}
	for i := n.child(from); i < len(n.kids); i++ {
		if key, value, found = n.kids[i].next(from, inclusive); found {
			return key, value, true
		}
	}
	return nil, value, false
}

func (n *node[V]) prev(from []byte, inclusive bool) (key []byte, value V, found bool) {
	if n.kids == nil {
		i := len(n.keys)
		if from != nil {
			var equal bool
			if i, equal = n.seek(from); equal && inclusive {
				i++
			}
		}
		if i == 0 {
			return nil, value, false
		}
		return n.keys[i-1], n.vals[i-1], true
	}
	i := len(n.kids) - 1
	if from != nil {
		i = n.child(from)
	}
	for ; i >= 0; i-- {
		if key, value, found = n.kids[i].prev(from, inclusive); found {
			return key, value, true
		}
	}
	return nil, value, false
}
