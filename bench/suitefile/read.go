// Package suitefile reads and writes suites as YAML files, and holds the one table of what a file and the command line
// can say of a suite: [SuiteFields] and [ScenarioFields].
//
// It is strict. What it does not know, what is there twice and what cannot be measured is an error with line, column and
// the source; anchors, aliases, merges and tags are refused, so that a file is as long as what it says. Scenarios share
// what they have in common by the block `defaults`. Package bench measures what was read.
package suitefile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/strategies/spelling"
)

const (
	// MaxSize is the largest file, in bytes: a hundred times what a large suite needs.
	MaxSize = 1 << 20

	// mostLines and mostTokens bound the parser's work, which grows with the square of the blank lines in a block of text, of the
	// keys in a mapping and of the nesting: so many take it about a second, and are ten times what a large suite has.
	mostLines  = 5_000
	mostTokens = 10_000
)

const (
	defaultsKey  = "defaults"
	scenariosKey = "scenarios"
)

// Read reads a suite as [Write] writes it; name is what errors call the file. Kinds and Workloads are the catalog's, and
// nothing else of it. An error is an [Error]; what was read has passed [bench.Suite.Check].
func Read(name string, text []byte, catalog bench.Suite) (bench.Suite, error) {
	r := reader{file: name, text: string(text), at: map[string]*token.Token{}}
	s, err := r.suite()
	if err != nil {
		return bench.Suite{}, r.located(err)
	}
	s.Kinds, s.Workloads = catalog.Kinds, catalog.Workloads
	if err := s.Check(); err != nil {
		return bench.Suite{}, r.located(err)
	}
	return s, nil
}

// reader is one call of Read.
type reader struct {
	file, text string
	at         map[string]*token.Token // where each value stands: "budget", "scenarios[0].strategies[1]", "defaults.window"
}

// located gives err the place that it is about.
func (r *reader) located(err error) error {
	var placed *Error
	if errors.As(err, &placed) {
		return placed
	}
	var field *bench.FieldError
	if !errors.As(err, &field) {
		return errorAt(r.file, r.text, nil, err)
	}
	return errorAt(r.file, r.text, r.place(field.At), err)
}

// place is where the value of a field stands, or what gave it, or the scenario that should have it. Nil: nowhere.
func (r *reader) place(at string) *token.Token {
	list, _, _ := strings.Cut(at, "].")
	if _, field, ok := strings.Cut(at, "]."); ok {
		scenario := list + "]"
		return r.first(at, withoutItem(at), defaultsKey+"."+field, withoutItem(defaultsKey+"."+field), scenario+".name", scenario)
	}
	return r.first(at, withoutItem(at))
}

func (r *reader) first(places ...string) *token.Token {
	for _, p := range places {
		if t := r.at[p]; t != nil {
			return t
		}
	}
	return nil
}

// withoutItem is the list in which at is an item, or at itself.
func withoutItem(at string) string {
	if strings.HasSuffix(at, "]") {
		return at[:strings.LastIndex(at, "[")]
	}
	return at
}

func (r *reader) suite() (bench.Suite, error) {
	s, base := Default()
	root, err := r.root()
	if err != nil {
		return s, err
	}
	var defaults, scenarios ast.Node
	err = readFields(r, &s, SuiteFields(), root, "", map[string]*ast.Node{defaultsKey: &defaults, scenariosKey: &scenarios})
	if err != nil {
		return s, err
	}
	if defaults != nil && defaults.Type() != ast.NullType { // all of them commented out
		if err := readFields(r, &base, shared(), defaults, defaultsKey+".", nil); err != nil {
			return s, err
		}
	}
	if scenarios == nil {
		return s, nil
	}
	list, ok := scenarios.(*ast.SequenceNode)
	if !ok {
		return s, r.wrong(scenarios, "%s: wanted is a list of scenarios, each with a dash before it", scenariosKey)
	}
	for i, item := range list.Values {
		sc := base
		path := fmt.Sprintf("%s[%d]", scenariosKey, i)
		r.at[path] = start(item)
		if err := readFields(r, &sc, ScenarioFields(), item, path+".", nil); err != nil {
			return s, err
		}
		s.Scenarios = append(s.Scenarios, sc)
	}
	return s, nil
}

// shared are the fields that scenarios can have in common.
func shared() []Field[bench.Scenario] {
	var all []Field[bench.Scenario]
	for _, f := range ScenarioFields() {
		if f.Key != "name" && f.Key != "about" {
			all = append(all, f)
		}
	}
	return all
}

// root parses the text.
func (r *reader) root() (root ast.Node, err error) {
	switch {
	case len(r.text) > MaxSize:
		return nil, fmt.Errorf("%d bytes are no suite; allowed are %d", len(r.text), MaxSize)
	case strings.Count(r.text, "\n") >= mostLines:
		return nil, fmt.Errorf("more than %d lines are no suite", mostLines)
	case !utf8.ValidString(r.text):
		return nil, errors.New("is no text in UTF-8")
	}
	defer func() {
		if p := recover(); p != nil { // the parser's: of malformed text, not of a state that lasts
			root, err = nil, fmt.Errorf("is no YAML: %v", p)
		}
	}()
	tokens := lexer.Tokenize(r.text)
	if len(tokens) > mostTokens {
		return nil, errorAt(r.file, r.text, tokens[mostTokens], fmt.Errorf("more than %d words and signs are no suite", mostTokens))
	}
	file, err := parser.Parse(tokens, 0)
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return nil, errorAt(r.file, r.text, syntax.GetToken(), errors.New(syntax.GetMessage()))
	}
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root != nil:
			return nil, r.wrong(doc.Body, "a second document; wanted is one suite")
		default:
			root = doc.Body
		}
	}
	if root == nil {
		return nil, errors.New("is empty; `poolbench init` writes a suite to start from")
	}
	return root, nil
}

// wrong is an error about node.
func (r *reader) wrong(node ast.Node, format string, args ...any) error {
	return errorAt(r.file, r.text, start(node), fmt.Errorf(format, args...))
}

// start is where node begins: of a mapping in lines the parser tells the first colon.
func start(node ast.Node) *token.Token {
	switch n := node.(type) {
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	}
	return node.GetToken()
}

// readFields reads a mapping into t, and notes under path where its values stand. The keys of blocks may be in it too; their
// values are left to the caller. The parser has refused keys that are there twice.
func readFields[T any](r *reader, t *T, fields []Field[T], node ast.Node, path string, blocks map[string]*ast.Node) error {
	entries, ok := node.(ast.MapNode)
	if !ok {
		return r.wrong(node, "wanted are fields, one on a line, such as `%s: ...`", fields[0].Key)
	}
	for i := entries.MapRange(); i.Next(); {
		key, ok := i.Key().(*ast.StringNode)
		if !ok {
			return r.wrong(i.Key(), "wanted is the name of a field; allowed: %s", strings.Join(allowed(fields, blocks), ", "))
		}
		name, value := key.Value, i.Value()
		r.at[path+name] = value.GetToken()
		if block := blocks[name]; block != nil {
			*block = value
			continue
		}
		f, err := find(fields, name)
		if err != nil {
			all := allowed(fields, blocks)
			return r.wrong(key, "%w%s; allowed: %s", err, spelling.Meant(name, all), strings.Join(all, ", "))
		}
		if value.Type() == ast.NullType {
			return r.wrong(key, "%s has no value; leave the field out, or write one", name)
		}
		if err := readField(r, t, f, value, path+name); err != nil {
			return err
		}
	}
	return nil
}

func allowed[T any](fields []Field[T], blocks map[string]*ast.Node) []string {
	all := keys(fields)
	for _, block := range []string{defaultsKey, scenariosKey} {
		if blocks[block] != nil {
			all = append(all, block)
		}
	}
	return all
}

func readField[T any](r *reader, t *T, f Field[T], value ast.Node, path string) error {
	items := []ast.Node{value}
	if f.Many {
		list, ok := value.(*ast.SequenceNode)
		if !ok {
			return r.wrong(value, "%s: wanted is a list, such as [%s]", f.Key, f.Value)
		}
		items = list.Values
	}
	var texts []string
	for i, item := range items {
		text, err := r.scalar(item, f.bare)
		if err != nil {
			return r.wrong(item, "%s: %w", f.Key, err)
		}
		if f.Many {
			r.at[fmt.Sprintf("%s[%d]", path, i)] = item.GetToken()
		}
		texts = append(texts, text)
	}
	err := f.Set(t, texts...)
	if err == nil {
		return nil
	}
	var item *ItemError
	if errors.As(err, &item) {
		value = items[item.Item]
	}
	return r.wrong(value, "%s: %w", f.Key, err)
}

// scalar is the text of a value. Bare: it must not be in quotes.
func (r *reader) scalar(node ast.Node, bare bool) (string, error) {
	switch n := node.(type) {
	case *ast.StringNode:
		if t := n.GetToken().Type; bare && (t == token.SingleQuoteType || t == token.DoubleQuoteType) {
			return "", errors.New("is text because of its quotes; leave them out")
		}
		return n.Value, nil
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), nil // the block's last line has ended
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", errors.New("is empty")
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "", errors.New("anchors, aliases and tags are not read; write the value")
	default:
		return "", fmt.Errorf("wanted is one value, and not a %s", strings.ToLower(node.Type().String()))
	}
}
