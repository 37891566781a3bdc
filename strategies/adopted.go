package strategies

import (
	"errors"
	"net"
	"time"
)

// reopened is the protocol of a session that is open already, and greets with what it had still to say.
type reopened struct {
	Session
	unsent []byte
}

func (r reopened) Open() Session           { return r }
func (r reopened) Greet(dst []byte) []byte { return append(dst, r.unsent...) }

// aside is a connection of which something was read already.
type aside struct {
	net.Conn
	unread []byte
}

func (a *aside) Read(p []byte) (int, error) {
	if len(a.unread) == 0 {
		return a.Conn.Read(p)
	}
	n := copy(p, a.unread)
	if a.unread = a.unread[n:]; len(a.unread) == 0 {
		a.unread = nil // and let go of its memory
	}
	return n, nil
}

func (a *aside) CloseWrite() error {
	half, ok := a.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// looping stands for a connection that a loop has adopted.
type looping struct {
	net.Conn // closed by now, and asked for its addresses alone
	talk     *Talk
}

func (l looping) Read([]byte) (int, error)         { return 0, errors.ErrUnsupported }
func (l looping) Write([]byte) (int, error)        { return 0, errors.ErrUnsupported }
func (l looping) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// CloseWrite is unsupported, so that a connection which the loop has not given back does not linger.
func (l looping) CloseWrite() error { return errors.ErrUnsupported }

// SetReadDeadline has the loop look at the time when it is over.
func (l looping) SetReadDeadline(deadline time.Time) error {
	t := l.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.gone:
	case deadline.IsZero():
		if t.timer != nil {
			t.timer.Stop()
		}
	case t.timer == nil:
		t.timer = time.AfterFunc(time.Until(deadline), t.wake)
	default:
		t.timer.Reset(time.Until(deadline))
	}
	return nil
}

// Close has the loop end the connection, if it has not yet.
func (l looping) Close() error {
	t := l.talk
	t.mu.Lock()
	controls := t.controls
	if t.gone {
		controls = nil
	}
	t.mu.Unlock()
	if controls == nil {
		return nil
	}
	return controls.Close()
}
