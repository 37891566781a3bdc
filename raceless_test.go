package poolbench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	raceless = regexp.MustCompile(`(?m)^RACELESS := (\S+)$`)
	promises = regexp.MustCompile(`(?i)may be (called|used|run|made|read) (?:\S+ )?concurrently|(?:^|[^t] )safe for concurrent use`)
)

// threaded says why a file has to be tested under the race detector: it starts a goroutine, imports what synchronises
// them, or promises that others may share what it has. Empty: it need not.
func threaded(f *ast.File) string {
	for _, spec := range f.Imports {
		if path := strings.Trim(spec.Path.Value, `"`); path == "sync" || strings.HasPrefix(path, "sync/") || strings.HasSuffix(path, "/sync/errgroup") {
			return "imports " + path
		}
	}
	for _, c := range f.Comments {
		// Lines are joined, because a promise may be broken into two.
		if promises.MatchString(strings.Join(strings.Fields(c.Text()), " ")) {
			return "promises that it may be shared"
		}
	}
	reason := ""
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			reason = "starts a goroutine"
		case *ast.SelectorExpr:
			if n.Sel.Name == "AfterFunc" { // of context and time
				reason = "starts a goroutine"
			}
		}
		return reason == ""
	})
	return reason
}

// Catches: a package that is tested without the race detector although there is something in it for the detector to find,
// and a name in the Makefile that is no package's.
func TestPackagesWithoutTheRaceDetectorHaveNothingForIt(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	pattern := raceless.FindSubmatch(makefile)
	if pattern == nil {
		t.Fatalf("the Makefile has no line %s", raceless)
	}
	is := regexp.MustCompile(strings.ReplaceAll(string(pattern[1]), "$$", "$"))
	found := map[string]bool{}
	err = filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		dir := filepath.ToSlash(filepath.Dir(file))
		if err != nil || d.IsDir() || !is.MatchString("/"+dir) || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return err
		}
		found[dir] = true
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if reason := threaded(f); reason != "" {
			t.Errorf("%s %s: take its package out of RACELESS in the Makefile", file, reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if named := strings.Count(string(pattern[1]), "|") + 1; len(found) != named {
		t.Errorf("RACELESS names %d packages, and there are %d of them", named, len(found))
	}
}

func TestWhatTheRaceDetectorIsFor(t *testing.T) {
	for source, want := range map[string]string{
		"package p\nfunc f() { go g() }":                                                     "starts a goroutine",
		"package p\nimport \"time\"\nvar t = time.AfterFunc(1, f)":                           "starts a goroutine",
		"package p\nfunc f() { func() { go func() {}() }() }":                                "starts a goroutine",
		"package p\nimport \"sync\"\nvar mu sync.Mutex":                                      "imports sync",
		"package p\nimport \"sync/atomic\"\nvar n atomic.Int64":                              "imports sync/atomic",
		"package p\nimport \"golang.org/x/sync/errgroup\"\nvar g errgroup.Group":             "imports golang.org/x/sync/errgroup",
		"package p\n// F is pure. It may be\n// called concurrently.\nfunc F() {}":           "promises that it may be shared",
		"package p\n// T has no state, and is safe for concurrent use.\ntype T struct{}":     "promises that it may be shared",
		"package p\n// T is not safe for concurrent use.\ntype T struct{}":                   "",
		"package p\n// A sync of going files, go on.\nfunc f() string { return \"go f()\" }": "",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := threaded(f); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}
