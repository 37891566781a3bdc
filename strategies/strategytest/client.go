package strategytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// client is one connection to the service. Its methods return errors and not failures, so that any goroutine may
// call them.
type client struct {
	net.Conn
	lines   *bufio.Reader
	greeted bool
	turned  *atomic.Int64 // busy answers that it has read
}

// errBusy is the server's busy answer.
var errBusy = errors.New("busy")

// dial connects to addr. Everything on the connection has to be over within limit.
func dial(addr net.Addr, limit time.Duration) (*client, error) {
	var conn net.Conn
	var err error
	if pipe, ok := addr.(pipeAddr); ok {
		conn, err = pipe.dial()
	} else {
		conn, err = net.DialTimeout(addr.Network(), addr.String(), limit)
	}
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	return &client{Conn: conn, lines: bufio.NewReader(conn), turned: new(atomic.Int64)}, nil
}

func (c *client) send(text string) error {
	_, err := io.WriteString(c.Conn, text)
	return err
}

// welcome reads the greeting, or what a refused client is told instead.
func (c *client) welcome() error {
	switch text, err := c.lines.ReadString('\n'); {
	case err != nil:
		return fmt.Errorf("read the greeting (have %q): %w", text, err)
	case text == busy+"\n":
		c.turned.Add(1)
		return errBusy
	case text != greeting+"\n":
		return fmt.Errorf("got %q, want the greeting", text)
	}
	c.greeted = true
	return nil
}

// line reads one line that is not the greeting.
func (c *client) line() (string, error) {
	for {
		text, err := c.lines.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("read an answer (have %q): %w", text, err)
		}
		switch text = strings.TrimSuffix(text, "\n"); {
		case text == busy:
			c.turned.Add(1)
			return "", errBusy
		case !c.greeted && text == greeting:
			c.greeted = true
		case !c.greeted:
			return "", fmt.Errorf("got %q before the greeting", text)
		default:
			return text, nil
		}
	}
}

// gets reads one line, which has to be want.
func (c *client) gets(want string) error {
	got, err := c.line()
	if err == nil && got != want {
		err = fmt.Errorf("got answer %q, want %q", got, want)
	}
	return err
}

// ask sends one request and reads its answer.
func (c *client) ask(request, want string) error {
	if err := c.send(request + "\n"); err != nil {
		return err
	}
	return c.gets(want)
}

// ends reads the end of the stream, which has to be a clean one, and closes.
func (c *client) ends() error {
	defer c.Close()
	rest, err := io.ReadAll(c.lines)
	text := string(rest)
	if !c.greeted {
		text = strings.TrimPrefix(text, greeting+"\n")
	}
	switch {
	case err != nil:
		return fmt.Errorf("want a clean end of the stream: %w", err)
	case text != "":
		return fmt.Errorf("want the end of the stream, got %q", text)
	}
	return nil
}
