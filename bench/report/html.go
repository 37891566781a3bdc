package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensions "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/poolbench/poolbench/bench/report/draw"
)

// report.html is report.md in a page of its own: the same words, by the same hand, so that the two cannot say different
// things; with the pictures drawn into it, so that it is one file that needs nothing beside it and no network.

//go:embed page/page.html page/page.css page/page.js
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.html"))

// pageData is what the template is filled with. What is of type template.X was made here, of escaped parts.
type pageData struct {
	Title      string
	Policy     string // what the page may load and run
	Style      template.CSS
	Script     template.JS
	Body       template.HTML
	Sections   []pageSection
	Strategies []pageStrategy
}

// A pageSection is a chapter with its anchor; Scenario is empty for those that are about all.
type pageSection struct{ ID, Name, Scenario string }

// A pageStrategy is one that a reader can hide, with the colour that it has in every picture.
type pageStrategy struct {
	Label  string
	Colour template.CSS
}

// html is the page. Its pictures are figures; what report.md shows of others is left out.
func (v view) html(figures []draw.Figure, markdown []byte, t draw.Typesetter) ([]byte, error) {
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return nil, err
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return nil, err
	}
	var sheet draw.StyleSheet
	labels := v.shown()
	build := newPageBuilder(v.chapterNames(), labels)
	for _, f := range figures {
		build.figures[f.Name] = framed(f, t, &sheet)
	}
	body, err := build.body(markdown)
	if err != nil {
		return nil, err
	}
	// Names come from outside. They are escaped everywhere, and should one not be, it could still neither run nor load
	// anything. The sum is of the script as the template writes it, to the byte.
	sum := sha256.Sum256(script)
	data := pageData{
		Title:    documentTitle,
		Policy:   "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		Style:    template.CSS(string(style) + themed(sheet.CSS()) + themeCSS()),
		Script:   template.JS(script),
		Body:     template.HTML(body),
		Sections: build.sections,
	}
	for _, label := range labels {
		data.Strategies = append(data.Strategies, pageStrategy{label, template.CSS(themed(draw.CSS("background", v.styles[label].Color)))})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return b.Bytes(), nil
}

// framed is a picture in a frame that it can be scrolled in. What is to be read stands above the frame and not in the
// picture, so that it fits any width and nobody has to scroll for the finding; where figures come from is said once, on
// top of the page. The finding is in the picture's own name as well, which is what is read aloud.
func framed(f draw.Figure, t draw.Typesetter, sheet *draw.StyleSheet) string {
	bare := f
	bare.Title, bare.Subtitle, bare.Caption = "", "", ""
	return fmt.Sprintf("<figure>\n<figcaption>\n<p class=\"finding\" aria-hidden=\"true\">%s</p>\n<p>%s</p>\n</figcaption>\n%s%s</div>\n</figure>",
		template.HTMLEscapeString(tied(f.Title)), template.HTMLEscapeString(tied(f.Subtitle)), scrolling("Picture"), bare.Inline(t, sheet))
}

// scrolling begins what may be wider than the page. It can be reached by keyboard, or its right side could not be seen
// without a mouse; the script takes that back where everything fits.
func scrolling(label string) string {
	return fmt.Sprintf("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n", template.HTMLEscapeString(label))
}

func (v view) scenarioNames() []string {
	var out []string
	for _, s := range v.scenarios {
		out = append(out, s.name)
	}
	return out
}

// chapterNames are those of the scenarios, in the order of their chapters.
func (v view) chapterNames() []string {
	out := v.scenarioNames()
	for _, sc := range v.leftOut() {
		out = append(out, sc.Name)
	}
	return out
}

// shown are the labels of all that was compared, in order of first appearance.
func (v view) shown() []string {
	var out []string
	for _, s := range v.scenarios {
		for _, l := range s.levels {
			for _, c := range l.cells {
				addTo(&out, c.label)
			}
		}
	}
	return out
}

// A pageBuilder turns report.md into the body of the page: chapters become sections, pictures are drawn where their files
// are shown, tables get room to scroll in, so that nothing is wider than a phone, and rows say what they are about.
type pageBuilder struct {
	scenarios []string // in the order of their chapters
	// labels and names are strategies and scenarios by how report.md writes them, which is on one line.
	labels, names map[string]string
	figures       map[string]string // framed, by name
	sections      []pageSection
	chapters      int // of scenarios, so far; -1 before their place
}

func newPageBuilder(scenarios, labels []string) *pageBuilder {
	p := &pageBuilder{scenarios: scenarios, labels: map[string]string{}, names: map[string]string{}, figures: map[string]string{}, chapters: -1}
	for _, name := range scenarios {
		p.names[written(name)] = name
	}
	for _, label := range labels {
		p.labels[written(label)] = label
	}
	return p
}

// written is a name as a reader of a table sees it; see [table.escape].
func written(name string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(name, "`", "'")), " ")
}

func (p *pageBuilder) body(markdown []byte) ([]byte, error) {
	m := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.NewFootnote(extension.WithFootnoteBacklinkHTML("↩"))),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(p, 2000))),  // behind the footnotes', which adds their list
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(p, 100))), // before the standard ones
	)
	var b bytes.Buffer
	if err := m.Convert(markdown, &b); err != nil {
		return nil, fmt.Errorf("turn report.md into a page: %w", err)
	}
	return b.Bytes(), nil
}

// A wrapNode is an element that report.md has no mark for, around what is in it.
type wrapNode struct {
	ast.BaseBlock
	before, after string // HTML
}

var kindWrap = ast.NewNodeKind("Wrap")

func (*wrapNode) Kind() ast.NodeKind              { return kindWrap }
func (n *wrapNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// wrapped takes its children from where they were.
func wrapped(before, after string, children ...ast.Node) *wrapNode {
	n := &wrapNode{before: before, after: after}
	for _, c := range children {
		n.AppendChild(n, c)
	}
	return n
}

// Transform implements parser.ASTTransformer.
func (p *pageBuilder) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	source := reader.Source()
	var nodes []ast.Node
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		nodes = append(nodes, n)
	}
	doc.RemoveChildren(doc)
	// Everything goes into the section that was begun last. What the verdict says before it shows anything is the answer.
	section := wrapped("<header>", "</header>")
	into := section
	doc.AppendChild(doc, section)
	begin := func(s pageSection, heading *ast.Heading) {
		section = p.section(s, heading)
		into = section
		if len(p.sections) == 1 {
			into = wrapped(`<div class="answer">`, "</div>")
			section.AppendChild(section, into)
		}
		into.AppendChild(into, heading)
		doc.AppendChild(doc, section)
	}
	for i := 0; i < len(nodes); i++ {
		switch n := nodes[i].(type) {
		case *ast.Heading:
			if n.Level == 2 {
				begin(p.chapter(plain(n, source)), n)
			} else {
				into.AppendChild(into, n)
			}
		case *extensions.FootnoteList:
			heading := ast.NewHeading(2)
			heading.AppendChild(heading, ast.NewString([]byte("Notes")))
			begin(pageSection{Name: "Notes"}, heading)
			oneWayBack(n)
			into.AppendChild(into, n)
		case *extensions.Table:
			into = section
			into.AppendChild(into, p.table(n, source))
		case *ast.Paragraph:
			if framed, ok := p.pictured(n); ok {
				into = section
				into.AppendChild(into, wrapped(framed, ""))
				continue
			}
			if i+1 < len(nodes) && p.chapters > 0 && strings.HasSuffix(plain(n, source), ":") {
				if t, ok := nodes[i+1].(*extensions.Table); ok {
					// What the figures are made of is there for who asks.
					into.AppendChild(into, wrapped("<details>", "</details>", summary(n), p.table(t, source)))
					i++
					continue
				}
			}
			into.AppendChild(into, n)
		default:
			into.AppendChild(into, n)
		}
	}
	bindNumbers(doc, source)
}

// numberAndUnit is the blank between a number and what it counts, or between a sign and its number: no line ends there.
var numberAndUnit = regexp.MustCompile(`[0-9∞]( )(?:[%×]|(?:s|ms|µs|ns|B|[KMG]iB|[kM]?/s)(?:[^\pL\pN]|$))|[×≥≤]( )[0-9]`)

// blanks are where those of a text are.
func blanks(text []byte) []int {
	var at []int
	for from := 0; from < len(text); {
		m := numberAndUnit.FindSubmatchIndex(text[from:])
		if m == nil {
			break
		}
		blank := from + max(m[2], m[4])
		at, from = append(at, blank), blank+1
	}
	return at
}

const noBreak = "\u00a0"

// tied is text without an end of line between a number and its unit.
func tied(text string) string {
	b := []byte(text)
	for _, at := range slices.Backward(blanks(b)) {
		b = slices.Replace(b, at, at+1, []byte(noBreak)...)
	}
	return string(b)
}

// bindNumbers does the same to all texts under a node, except for what is to be typed as it stands.
func bindNumbers(root ast.Node, source []byte) {
	var texts []*ast.Text
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Kind() == ast.KindCodeSpan {
			return ast.WalkSkipChildren, nil
		}
		if t, ok := n.(*ast.Text); ok && entering {
			texts = append(texts, t)
		}
		return ast.WalkContinue, nil
	})
	for _, t := range texts {
		whole := t.Segment
		for _, at := range blanks(whole.Value(source)) {
			// What stands before the blank becomes a text of its own; what ends the line stays with the rest.
			before := ast.NewTextSegment(text.NewSegment(t.Segment.Start, whole.Start+at))
			t.Parent().InsertBefore(t.Parent(), t, before)
			t.Parent().InsertBefore(t.Parent(), t, ast.NewString([]byte(noBreak)))
			t.Segment = text.NewSegment(whole.Start+at+1, whole.Stop)
		}
	}
}

// chapter is the section of a heading. Behind that which is about all scenarios comes one for each, in their order:
// names are no help in telling which, because a scenario can have any.
func (p *pageBuilder) chapter(name string) pageSection {
	switch {
	case p.chapters >= 0 && p.chapters < len(p.scenarios):
		scenario := p.scenarios[p.chapters]
		p.chapters++
		return pageSection{Name: scenario, Scenario: scenario}
	case p.chapters < 0 && name == acrossHeading:
		p.chapters = 0
	}
	return pageSection{Name: name}
}

// section gives s an anchor. Those of scenarios cannot meet others, whatever their names are.
func (p *pageBuilder) section(s pageSection, heading *ast.Heading) *wrapNode {
	id, attribute := anchor(s.Name), ""
	if s.Scenario != "" {
		id = "scenario-" + id
		attribute = fmt.Sprintf(` data-scenario="%s"`, template.HTMLEscapeString(s.Scenario))
	}
	s.ID = id
	for n := 2; slices.ContainsFunc(p.sections, func(o pageSection) bool { return o.ID == s.ID }); n++ {
		s.ID = fmt.Sprintf("%s-%d", id, n)
	}
	p.sections = append(p.sections, s)
	heading.SetAttributeString("id", []byte(s.ID+"-heading"))
	return wrapped(fmt.Sprintf("<section id=\"%s\" aria-labelledby=\"%[1]s-heading\"%s>", s.ID, attribute), "</section>")
}

// plain is a node's text without marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(util.UnescapePunctuations(util.ResolveEntityNames(n.Value(source))))
		case *ast.String:
			b.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor is a name as it stands in a link.
func anchor(name string) string {
	return strings.Trim(fileName(name), "-")
}

// summary is a paragraph's text as the line that opens what is under it.
func summary(n *ast.Paragraph) *wrapNode {
	s := wrapped("<summary>", "</summary>")
	for n.FirstChild() != nil {
		s.AppendChild(s, n.FirstChild()) // takes it from n
	}
	return s
}

// oneWayBack leaves each note the link to where it is first mentioned: one that stands in every table would have dozens.
func oneWayBack(notes *extensions.FootnoteList) {
	var more []ast.Node
	_ = ast.Walk(notes, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if back, ok := n.(*extensions.FootnoteBacklink); ok && entering && back.RefIndex > 0 {
			more = append(more, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range more {
		n.Parent().RemoveChild(n.Parent(), n)
	}
}

// pictured says whether a paragraph is a picture that was drawn, and nothing else.
func (p *pageBuilder) pictured(n *ast.Paragraph) (framed string, ok bool) {
	link, is := n.FirstChild().(*ast.Link)
	if !is || n.ChildCount() != 1 {
		return "", false
	}
	picture, is := link.FirstChild().(*ast.Image)
	if !is {
		return "", false
	}
	name := strings.TrimSuffix(strings.TrimPrefix(string(picture.Destination), plotsDir+"/"), ".png")
	framed, ok = p.figures[name]
	return framed, ok
}

// table has each row say whose it is, and each cell of words under what it stands: on a phone, such a table is a list.
func (p *pageBuilder) table(t *extensions.Table, source []byte) *wrapNode {
	var head []string
	words := true
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		column := 0
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			c := cell.(*extensions.TableCell)
			if row == t.FirstChild() {
				head = append(head, plain(cell, source))
				words = words && c.Alignment != extensions.AlignRight
			} else if words && column > 0 {
				c.SetAttributeString("data-head", []byte(head[column]))
				if plain(cell, source) == absent {
					c.SetAttributeString("class", []byte("absent"))
				}
			}
			column++
		}
		if name := plain(row.FirstChild(), source); row != t.FirstChild() {
			if scenario, ok := p.names[name]; ok && head[0] == "scenario" {
				row.SetAttributeString("data-scenario", []byte(scenario))
			} else if label := p.whose(name); label != "" {
				row.SetAttributeString("data-strategy", []byte(label))
			}
		}
	}
	if words {
		t.SetAttributeString("class", []byte("words"))
	}
	return wrapped(scrolling("Table"), "</div>", t)
}

// whose is the strategy that a row is about: the longest label that it begins with, and that ends where a word about
// it may begin.
func (p *pageBuilder) whose(name string) string {
	longest := ""
	for text := range p.labels {
		rest, ok := strings.CutPrefix(name, text)
		if ok && len(text) > len(longest) && (rest == "" || rest[0] == ',' || strings.HasPrefix(rest, " (") || strings.HasPrefix(rest, " on ")) {
			longest = text
		}
	}
	return p.labels[longest]
}

// RegisterFuncs implements renderer.NodeRenderer.
func (p *pageBuilder) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindWrap, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		text := n.(*wrapNode).before
		if !entering {
			text = n.(*wrapNode).after
		}
		_, err := w.WriteString(text + "\n")
		return ast.WalkContinue, err
	})
	// Unlike the standard one, it says which cells are headers, and leaves alignment to the style sheet.
	r.Register(extensions.KindTableCell, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		cell := n.(*extensions.TableCell)
		tag, scope := "td", ""
		switch {
		case n.Parent().Kind() == extensions.KindTableHeader:
			tag, scope = "th", ` scope="col"`
		case n.PreviousSibling() == nil:
			tag, scope = "th", ` scope="row"`
		}
		if !entering {
			_, err := w.WriteString("</" + tag + ">\n")
			return ast.WalkContinue, err
		}
		if cell.Alignment == extensions.AlignRight {
			scope += ` class="number"`
		}
		_, err := w.WriteString("<" + tag + scope)
		if n.Attributes() != nil {
			html.RenderAttributes(w, n, extension.TableTdCellAttributeFilter)
		}
		if err == nil {
			err = w.WriteByte('>')
		}
		return ast.WalkContinue, err
	})
}

// darkOf is what a colour becomes on dark paper: as far from it as the light one is from white. Colours that are not
// here, such as those of heat maps, are the same on both.
var darkOf = map[string]string{
	"#1A1A1A": "#ECEDEE", "#555555": "#B9BCC1", "#767676": "#9EA2A9", "#E2E2E2": "#3B3F46", "#F1F1F1": "#292C32",
	"#B00020": "#FF7A8A", "#FFFFFF": "#16181D", "#D2D2D2": "#4A4E57", "#E4E7EB": "#3A404A",
	"#0072B2": "#4FA8E3", "#D55E00": "#F08C3E", "#009E73": "#2CC79A", "#CC79A7": "#E39CC6", "#E69F00": "#F3BA3E", "#56B4E9": "#86CBF5",
	"#882255": "#D971A6", "#999933": "#C6C65C", "#332288": "#A598FF", "#7F5539": "#C39371", "#6E6E6E": "#A9ACB2", "#117733": "#52B971",
	"#4C8DAE": "#6FB1D2",
}

var hexColour = regexp.MustCompile(`#[0-9A-F]{6}`)

// themed has those colours that are others on dark paper taken from the page's theme.
func themed(css string) string {
	return hexColour.ReplaceAllStringFunc(css, func(c string) string {
		if darkOf[c] == "" {
			return c
		}
		return "var(--c" + c[1:] + ")"
	})
}

// themeCSS gives the colours their values: by what the reader's system prefers, or by what was chosen on the page. Print
// is always on white paper.
func themeCSS() string {
	var light, dark strings.Builder
	var colours []string
	for c := range darkOf {
		colours = append(colours, c)
	}
	slices.Sort(colours)
	for _, c := range colours {
		fmt.Fprintf(&light, "--c%s:%s;", c[1:], c)
		fmt.Fprintf(&dark, "--c%s:%s;", c[1:], darkOf[c])
	}
	return fmt.Sprintf(":root{%s}\n@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){%s}}\n@media screen{:root[data-theme=dark]{%[2]s}}\n", light.String(), dark.String())
}
