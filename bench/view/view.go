// Package view shows a folder of runs in a browser: a list of them, each one's report, and two side by side. It reads and
// never writes, serves this machine alone, and decides nothing: what it says comes from packages report, compare and
// verdict.
//
// # What it may be asked for
//
// Every file is opened through an [os.Root], so that no path and no link leads out of the folder. Requests whose Host is
// no loopback name are refused: a page on the web could otherwise have its own name resolved to 127.0.0.1 and read the
// runs through its reader's browser (DNS rebinding). Reports may come from somebody else; they are served in a sandbox,
// in which their script can reach neither the network nor the other runs.
//
// # What the list reads
//
// Of a run, env.json, verdict.json, and the end of trials.jsonl: the number in its last line is that of the trials.
// What was found is kept for as long as names, sizes and times of the three files stay the same. All trials are decoded
// when a run is compared, or when a report is asked for that nobody has written; two decoded runs are kept. Damage
// in the middle of trials.jsonl is seen then, and stands in the list from then on.
package view

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

//go:embed page/*.html page/style.css
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// New is a handler that shows the runs in folder. The folder is opened for each request, so that it may come, go and be
// replaced in the meantime. It may be called concurrently.
func New(folder string) http.Handler {
	s := &server{folder: folder, store: newStore()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.index))
	mux.HandleFunc("GET /compare", s.page(s.compare))
	mux.HandleFunc("GET /style.css", s.style)
	mux.HandleFunc("GET /runs/{run}/{$}", s.page(s.toReport))
	mux.HandleFunc("GET /runs/{run}/{file...}", s.page(s.file))
	return local(mux)
}

type server struct {
	folder string
	store  *store
}

// local answers requests that are meant for this machine, and has browsers use nothing but what is served here.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) {
			http.Error(w, "this shows runs to this machine alone: ask for it as 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin") // or another site's page could load trials.jsonl as a script of its own
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache") // runs go on, and reports are written again
		next.ServeHTTP(w, r)
	})
}

// loopbackHost reports whether a Host header names this machine by something that nobody else's name server can resolve.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// A problem is an error with what the browser is told of it.
type problem struct {
	status int
	error
}

func (p problem) Unwrap() error { return p.error }

func notFound(format string, args ...any) error {
	return problem{http.StatusNotFound, fmt.Errorf(format, args...)}
}

// page gives a request the opened folder, and shows the error that it comes back with.
func (s *server) page(serve func(w http.ResponseWriter, r *http.Request, root *os.Root) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		root, err := os.OpenRoot(s.folder)
		if err == nil {
			defer root.Close()
			err = serve(w, r, root)
		}
		if err == nil || r.Context().Err() != nil {
			return // nobody listens any more
		}
		status := http.StatusInternalServerError
		var p problem
		switch {
		case errors.As(err, &p):
			status = p.status
		case errors.Is(err, fs.ErrNotExist):
			status = http.StatusNotFound
		}
		s.show(w, status, "error.html", struct{ Title, Text string }{http.StatusText(status), err.Error()})
	}
}

// show executes a template into memory first, so that one that fails does not leave half a page.
func (s *server) show(w http.ResponseWriter, status int, name string, data any) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "write the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String())) // a reader who has gone misses nothing
}

func (s *server) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "page/style.css")
}
