package poolbench_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Catches: a public package that nobody shows how to use, or only in an example that is compiled and never run.
func TestEveryPublicPackageHasAnExample(t *testing.T) {
	type files struct {
		name  string // of the package; empty: it has tests alone
		tests []*ast.File
	}
	packages := map[string]*files{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"internal", "testdata", "results"}, d.Name())):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		p := packages[filepath.Dir(path)]
		if p == nil {
			p = &files{}
			packages[filepath.Dir(path)] = p
		}
		if strings.HasSuffix(path, "_test.go") {
			p.tests = append(p.tests, f)
		} else {
			p.name = f.Name.Name
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	public := 0
	for dir, p := range packages {
		if p.name == "" || p.name == "main" {
			continue
		}
		public++
		checked := func(e *doc.Example) bool { return e.Output != "" }
		if !slices.ContainsFunc(doc.Examples(p.tests...), checked) {
			t.Errorf("package %s has no Example with an Output", dir)
		}
	}
	if public < 20 {
		t.Errorf("found %d public packages: the walk does not see them", public)
	}
}
