package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBrowsersAreTheReadersOwnFirst(t *testing.T) {
	const page = "http://127.0.0.1:1/"
	for name, c := range map[string]struct {
		goos string
		env  map[string]string
		want [][]string
	}{
		"a display":                 {"linux", map[string]string{"DISPLAY": ":0"}, [][]string{{"xdg-open", page}}},
		"another kind of display":   {"freebsd", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, [][]string{{"xdg-open", page}}},
		"no display":                {"linux", nil, nil},
		"BROWSER without a display": {"linux", map[string]string{"BROWSER": "w3m"}, [][]string{{"w3m", page}}},
		"a list": {"linux", map[string]string{"BROWSER": "firefox --new-tab %s::chromium", "DISPLAY": ":0"},
			[][]string{{"firefox", "--new-tab", page}, {"chromium", page}, {"xdg-open", page}}},
		"a place within a word": {"darwin", map[string]string{"BROWSER": "show --url=%s -w"}, [][]string{{"show", "--url=" + page, "-w"}, {"open", page}}},
		"windows":               {"windows", map[string]string{"BROWSER": `C:\browser.exe`}, [][]string{{`C:\browser.exe`, page}, {"rundll32", "url.dll,FileProtocolHandler", page}}},
	} {
		if d := cmp.Diff(c.want, browsers(c.goos, func(key string) string { return c.env[key] }, page)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAddressesOfFiles(t *testing.T) {
	for path, want := range map[string]string{
		"/home/a b/report.html":  "file:///home/a%20b/report.html",
		"/home/50%#1/ü?.html":    "file:///home/50%25%231/%C3%BC%3F.html",
		"C:/Users/a/report.html": "file:///C:/Users/a/report.html",
	} {
		if got := fileURL(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
