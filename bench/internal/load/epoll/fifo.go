package epoll

// A fifo holds what waits, first in first out and without bound.
type fifo[T any] struct {
	items []T
	head  int // items[head:] is what waits
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(x T) {
	if q.head > 0 && len(q.items) == cap(q.items) {
		// Room was left at the front; using it keeps a queue that is never quite empty from growing for ever.
		q.items, q.head = q.items[:copy(q.items, q.items[q.head:])], 0
	}
	q.items = append(q.items, x)
}

// pop needs a fifo that is not empty.
func (q *fifo[T]) pop() T {
	x := q.items[q.head]
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return x
}
