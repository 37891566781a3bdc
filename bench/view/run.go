package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/report"
)

// sandboxed is the policy for what a run's folder holds. It has an origin of its own, so that a script in a page that came
// from somebody else reads nothing but that page.
const sandboxed = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"

// made are the files that are made in memory where a run does not have them.
var made = map[string]func(*loaded) ([]byte, error){
	reportPage:  (*loaded).html,
	reportText:  func(l *loaded) ([]byte, error) { return report.Markdown(l.run), nil },
	verdictFile: func(l *loaded) ([]byte, error) { return json.MarshalIndent(l.verdict, "", "  ") },
}

// run is the folder of the run that a request names.
func (s *server) run(root *os.Root, name string) (runFS, error) {
	if runName(name) {
		if info, err := root.Stat(name); err == nil && info.IsDir() {
			return runFS{root, name}, nil
		}
	}
	return runFS{}, notFound("there is no run %q in %s", name, s.folder)
}

func (s *server) toReport(w http.ResponseWriter, r *http.Request, root *os.Root) error {
	f, err := s.run(root, r.PathValue("run"))
	if err == nil {
		http.Redirect(w, r, "/runs/"+url.PathEscape(f.name)+"/"+reportPage, http.StatusSeeOther)
	}
	return err
}

// file serves one of a run's files.
func (s *server) file(w http.ResponseWriter, r *http.Request, root *os.Root) error {
	f, err := s.run(root, r.PathValue("run"))
	if err != nil {
		return err
	}
	file := r.PathValue("file")
	kind := contentType(file)
	if kind == "" {
		return notFound("%q is no file that runs have", file)
	}
	if !f.has(file) && made[file] != nil {
		content, err := s.produce(r, f, file)
		if err != nil {
			return err
		}
		if file == reportPage {
			content = withWayBack(content, "made now, from its trials")
		}
		serve(w, r, kind, time.Time{}, bytes.NewReader(content))
		return nil
	}
	in, err := f.Open(file)
	if err != nil {
		return notFound("%s of %s: %w", file, f.name, err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	// Pages are a few megabytes. What is too large to be held is served as it is, without the way back.
	const largestPage = 64 << 20
	if file == reportPage && info.Size() <= largestPage {
		content, err := io.ReadAll(io.LimitReader(in, largestPage))
		if err != nil {
			return err
		}
		serve(w, r, kind, time.Time{}, bytes.NewReader(withWayBack(content, "")))
		return nil
	}
	seeker, ok := in.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("%s cannot be read from its middle", file)
	}
	serve(w, r, kind, info.ModTime(), seeker)
	return nil
}

// serve sends what a run's folder holds, as kind. Without modified the browser asks for it anew each time.
func serve(w http.ResponseWriter, r *http.Request, kind string, modified time.Time, content io.ReadSeeker) {
	w.Header().Set("Content-Security-Policy", sandboxed)
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", modified, content)
}

// produce is a file that the run does not have.
func (s *server) produce(r *http.Request, f runFS, file string) ([]byte, error) {
	end, err := s.store.begin(r.Context())
	if err != nil {
		return nil, err
	}
	defer end()
	l, err := s.load(f)
	if err != nil {
		return nil, err
	}
	return made[file](l)
}

// load decodes a run, for who holds the store's work. One that is damaged is not the server's fault.
func (s *server) load(f runFS) (*loaded, error) {
	l, err := s.store.load(f, filepath.Join(s.folder, f.name))
	if err != nil {
		return nil, problem{http.StatusUnprocessableEntity, err}
	}
	return l, nil
}

// The way back is fixed to a corner, where it is out of the page's own layout, and has the colours of the page's theme.
const wayBack = `<style>#to-all-runs{position:fixed;right:.6rem;bottom:.6rem;z-index:9;max-width:calc(100vw - 1.2rem);padding:.35rem .7rem;` +
	`border:1px solid GrayText;border-radius:6px;background:Canvas;color:CanvasText;font:.85rem/1.3 system-ui,sans-serif}` +
	`#to-all-runs a{color:LinkText;font-weight:600}@media print{#to-all-runs{display:none}}</style>` +
	"\n<nav id=\"to-all-runs\" aria-label=\"Runs\"><a href=\"/\">← All runs</a>%s</nav>\n"

// withWayBack is a page with a link to the list at the beginning of its body. The caller's page stays as it is.
func withWayBack(page []byte, note string) []byte {
	if note != "" {
		note = " · " + template.HTMLEscapeString(note)
	}
	link := fmt.Appendf(nil, wayBack, note)
	at := bytes.Index(page, []byte("<body"))
	if at >= 0 {
		if end := bytes.IndexByte(page[at:], '>'); end >= 0 {
			at += end + 1
			return bytes.Join([][]byte{page[:at], link, page[at:]}, []byte("\n"))
		}
	}
	return slices.Concat(page, link) // no page of ours, and browsers take a body for granted
}
