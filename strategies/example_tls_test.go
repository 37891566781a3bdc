package strategies_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// A server with TLS, of which a stop is as gentle as of one without. The listener stays a plain one: one from crypto/tls
// can only be closed, and that loses the clients who have connected and are not accepted yet.
func ExampleOptions_tls() {
	certificate, roots, err := selfSigned("127.0.0.1")
	if err != nil {
		log.Fatal(err)
	}
	strategy := strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: 1000})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	echo := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})
	options := strategies.Options{
		TLS:     &tls.Config{Certificates: []tls.Certificate{certificate}},
		Request: 10 * time.Second, // bounds the handshake, too
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, echo, options) }()

	conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: roots})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(conn, "hello")
	lines := bufio.NewReader(conn)
	answer, err := lines.ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(answer)

	stop()
	_, err = lines.ReadString('\n')
	fmt.Println("the client sees:", err) // the end that TLS asks for, not a connection cut off
	conn.Close()
	fmt.Println("stopped:", <-ended)
	// Output:
	// hello
	// the client sees: EOF
	// stopped: <nil>
}

// selfSigned makes a certificate for an address, and the roots by which a client knows it.
func selfSigned(address string) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.ParseIP(address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
