package view

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestOnlyThisMachinesAddressesAreListenedOn(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:0": "", "localhost:0": "", "127.0.0.5:0": "",
		":0": "own address", "0.0.0.0:0": "own address", "[::]:0": "own address", "10.0.0.1:80": "own address", "example.com:80": "own address", "*:80": "own address",
		"127.0.0.1": "with a port", "": "with a port", "8080": "with a port", "127.0.0.1:none": "none",
	} {
		ln, err := Listen(address)
		if err == nil {
			must(t, ln.Close())
		}
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}

func TestServingEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ln, err := Listen("127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	entered, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	ended := make(chan error)
	go func() { ended <- Serve(ctx, ln, handler) }()
	asked := make(chan error)
	transport := &http.Transport{}
	go func() {
		r, err := (&http.Client{Transport: transport}).Get("http://" + ln.Addr().String())
		if err == nil {
			err = r.Body.Close()
		}
		asked <- err
	}()
	<-entered
	stop()
	select {
	case err := <-ended: // also with a reader who waits
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	if err := <-asked; err == nil {
		t.Error("the answer came although the server has ended")
	}
	close(release)
	transport.CloseIdleConnections()
	if _, err := ln.Accept(); err == nil {
		t.Error("it still listens")
	}

	ln, err = Listen("127.0.0.1:0")
	must(t, err)
	must(t, ln.Close())
	if err := Serve(t.Context(), ln, handler); err == nil {
		t.Error("a closed listener served")
	}
}
