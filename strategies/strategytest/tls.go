package strategytest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// certificate is one that nobody has signed, made for this process.
var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "strategytest"},
		NotAfter:     time.Now().Add(100 * 365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
})

// withTLS makes a row of one for strategies that serve TLS, which it asks in a way that starts nothing.
func withTLS(run func(e *env, server *tls.Config)) func(*env) {
	return func(e *env) {
		cert, err := certificate()
		e.must(err)
		config := &tls.Config{Certificates: []tls.Certificate{cert}}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		strategy, ln := e.make(), e.listen()
		err = e.returns(start("Serve", func() error {
			return strategy.Serve(ctx, ln, newService(e.t.Name()).handler(), strategies.Options{TLS: config})
		}))
		if unsupported := (*strategies.UnsupportedError)(nil); errors.As(err, &unsupported) {
			e.Skipf("%v", err)
		}
		e.must(err)
		run(e, config)
	}
}

// secured connects a client that speaks TLS.
func (s *server) secured() *client {
	s.Helper()
	var k *client
	s.eventually(func() bool {
		k = s.dial()
		conn := tls.Client(k.Conn, &tls.Config{InsecureSkipVerify: true}) // what is tested is not who the server is
		k.Conn, k.lines = conn, bufio.NewReader(conn)
		err := k.welcome()
		if errors.Is(err, errBusy) && s.rejects() {
			k.Close()
			return false
		}
		s.must(err)
		return true
	}, "a client with TLS is let in")
	return k
}

// servesTLS has clients in every phase at the stop, as the rows about stopping have them without TLS.
func servesTLS(e *env, config *tls.Config) {
	s := e.serveOn(e.make(), e.listen(), strategies.Options{TLS: config})
	n := e.atOnce(4)
	idle := make([]*client, n-1)
	for i := range idle {
		idle[i] = s.secured()
		s.must(s.asks(idle[i], "echo well", "well"))
	}
	held := s.secured()
	answer := s.holds(held)
	s.stop()
	s.allEnd(idle)
	s.letAll()
	s.must(s.returns(answer))
	s.must(held.ends())
	if counts := s.end(); counts.Served < int64(n) || counts.Aborted+counts.Forced != 0 {
		s.Errorf("%s over TLS at stop, but the counts are %+v", plural(n, "client"), counts)
	}
}

// boundsHandshakes has clients that connect and never say a word, one for each worker, and one that does.
func boundsHandshakes(e *env, config *tls.Config) {
	limit := soon
	if e.virtual {
		limit = 10 * time.Second
	}
	s := e.serveOn(e.make(), e.listen(), strategies.Options{TLS: config, Request: limit})
	began := time.Now()
	n := e.atOnce(8)
	silent := make([]*client, n)
	for i := range silent {
		silent[i] = s.dial()
	}
	for i, k := range silent {
		if _, err := k.lines.ReadByte(); err == nil || timedOut(err) {
			s.Errorf("client %d of %d that begins no handshake: got %v, want the end of its connection", i+1, n, err)
		}
		k.Close()
	}
	s.took(began, limit, "the end of a connection without a handshake")
	if e.virtual { // over sockets limit may be too short for an honest handshake
		k := s.secured()
		s.must(s.asks(k, "echo well", "well"))
		k.Close()
	}
	if counts := s.end(); counts.Aborted < int64(n) {
		s.Errorf("%s did not shake hands, but the counts are %+v", plural(n, "client"), counts)
	}
}

// waitsForNoHandshake stops a server whose client has connected and says nothing, without any bound but the drain time-out.
func waitsForNoHandshake(e *env, config *tls.Config) {
	s := e.serveOn(e.make(), e.listen(), strategies.Options{TLS: config})
	s.dial()
	s.becomes(func(c strategies.Counts) bool { return c.Active == 1 }, "a client without a handshake is served")
	began := time.Now()
	s.end()
	s.within(began, 5*time.Second, "a stop with a client that begins no handshake")
}

// waitsForNoRefusedHandshake has refused clients that say nothing, so that they cannot even be told.
func waitsForNoRefusedHandshake(e *env, config *tls.Config) {
	s := e.serveOn(e.make(), e.listen(), strategies.Options{TLS: config})
	answers := make([]*call, e.atOnce(fillable))
	for i := range answers {
		answers[i] = s.holds(s.secured())
	}
	for range s.spec.Limits.Queue + over {
		s.dial()
	}
	s.becomes(func(c strategies.Counts) bool { return c.Shed >= over }, "clients over the limit are refused")
	s.letAll()
	for _, a := range answers {
		s.must(s.returns(a))
	}
	began := time.Now()
	s.end()
	s.within(began, 5*time.Second, "a stop with refused clients that begin no handshake")
}
