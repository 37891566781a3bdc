package workload

const (
	// fanOut and deepest make a document of 1+7+49+343 = 400 nodes: some 50 KiB in 1,600 allocations, as a decoder of JSON makes
	// of a request of a few kilobytes. A heap that holds nothing else is collected every 80 answers or so.
	fanOut  = 7
	deepest = 3

	// nodeValues is how many numbers a node has.
	nodeValues = 4
)

// alloc is what garbage costs: next to no work beside allocating, so that the collector's share is one that can be seen. A
// document is held until its answer is written, so that with many requests under way the heap that has to be marked is large,
// too.
func alloc() Workload {
	return Workload{
		Name:    "alloc",
		About:   "A document of 400 small objects, 50 KiB, made for each answer and then dropped: a service that speaks JSON.",
		Handler: lines(appendSums).handler,
		Busy:    busyLine(),
		Client: lineClient(cpuRequest, checkAgainst(eachSeed(func(seed uint64) string {
			line := cpuRequest(nil, seed)
			return string(appendSums(nil, line[:len(line)-1]))
		}))),
	}
}

// node is one object of a document.
type node struct {
	name     string
	values   []uint64
	children []*node
}

// grow makes a node with all that is below it out of the number at x, which it moves on. The nodes escape to the heap, as a
// decoder's do: no size of theirs is known to the caller. children is appended to from nothing, as a decoder does it.
func grow(level int, x *uint64) *node {
	var name [16]byte
	*x = step(*x)
	n := &node{name: string(appendHex(name[:0], *x)), values: make([]uint64, nodeValues)}
	for i := range n.values {
		*x = step(*x)
		n.values[i] = *x
	}
	if level < deepest {
		for range fanOut {
			n.children = append(n.children, grow(level+1, x))
		}
	}
	return n
}

// sum depends on every byte of the document, so that no part of it can be left out.
func (n *node) sum() uint64 {
	h := uint64(0)
	for i := range len(n.name) {
		h = step(h ^ uint64(n.name[i]))
	}
	for _, v := range n.values {
		h = step(h ^ v)
	}
	for _, child := range n.children {
		h = step(h ^ child.sum())
	}
	return h
}

// appendSums makes the document that belongs to a line, and answers with the sums of the whole and of its main parts.
func appendSums(dst, line []byte) []byte {
	x := hash(line)
	root := grow(0, &x)
	dst = appendHex(dst, root.sum())
	for _, part := range root.children {
		dst = appendHex(dst, part.sum())
	}
	return dst
}
