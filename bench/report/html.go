package report

import (
	"bytes"
	"embed"
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
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// report.html is report.md in a page of its own: the same words, by the same hand, so that the two cannot say different
// things; with the pictures drawn into it, so that it is one file that needs nothing beside it and no network.

//go:embed page/page.html page/page.css page/page.js
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.html"))

// pageData is what the template is filled with. What is of type template.X was made here, of escaped parts.
type pageData struct {
	Title      string
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
func (v view) html(figures []figure, markdown []byte, t typesetter) ([]byte, error) {
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return nil, err
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return nil, err
	}
	var sheet styleSheet
	build := &pageBuilder{scenarios: v.scenarioNames(), drawn: map[string]string{}}
	for _, f := range figures {
		build.drawn[f.name] = f.inline(t, &sheet)
	}
	body, err := build.body(markdown)
	if err != nil {
		return nil, err
	}
	data := pageData{
		Title:    documentTitle,
		Style:    template.CSS(string(style) + themed(sheet.css()) + themeCSS()),
		Script:   template.JS(script),
		Body:     template.HTML(body),
		Sections: build.sections,
	}
	for _, label := range v.shown() {
		data.Strategies = append(data.Strategies, pageStrategy{label, template.CSS(themed(paint("background", v.styles[label].color)))})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return b.Bytes(), nil
}

func (v view) scenarioNames() []string {
	var out []string
	for _, s := range v.scenarios {
		out = append(out, s.name)
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
// are shown, and tables get room to scroll in, so that nothing is wider than a phone.
type pageBuilder struct {
	scenarios []string
	drawn     map[string]string // SVG by figure's name
	sections  []pageSection
}

func (p *pageBuilder) body(markdown []byte) ([]byte, error) {
	m := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.NewFootnote(extension.WithFootnoteBacklinkHTML("↩"))),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(p, 2000))), // behind the footnotes', which adds their list
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(p, 100))),                            // before the standard one
	)
	var b bytes.Buffer
	if err := m.Convert(markdown, &b); err != nil {
		return nil, fmt.Errorf("turn report.md into a page: %w", err)
	}
	return b.Bytes(), nil
}

// The nodes that report.md has no marks for.
type (
	sectionNode struct {
		ast.BaseBlock
		pageSection
	}
	figureNode struct {
		ast.BaseBlock
		svg string
	}
	scrollNode struct{ ast.BaseBlock }
)

var (
	kindSection = ast.NewNodeKind("Section")
	kindFigure  = ast.NewNodeKind("Figure")
	kindScroll  = ast.NewNodeKind("Scroll")
)

func (*sectionNode) Kind() ast.NodeKind { return kindSection }
func (*figureNode) Kind() ast.NodeKind  { return kindFigure }
func (*scrollNode) Kind() ast.NodeKind  { return kindScroll }

func (n *sectionNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func (n *figureNode) Dump(source []byte, level int)  { ast.DumpHelper(n, source, level, nil, nil) }
func (n *scrollNode) Dump(source []byte, level int)  { ast.DumpHelper(n, source, level, nil, nil) }

// Transform implements parser.ASTTransformer.
func (p *pageBuilder) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var section *sectionNode
	for n := doc.FirstChild(); n != nil; {
		next := n.NextSibling()
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 2 {
				section = p.section(n, reader.Source())
				doc.InsertBefore(doc, n, section)
			}
		case *extensions.FootnoteList:
			section = &sectionNode{pageSection: pageSection{ID: "notes", Name: "Notes"}}
			p.sections = append(p.sections, section.pageSection)
			doc.InsertBefore(doc, n, section)
		case *ast.Paragraph:
			if svg, ok := p.pictured(n); ok {
				picture := &figureNode{svg: svg}
				doc.ReplaceChild(doc, n, picture)
				p.into(section, doc, picture)
			}
		case *extensions.Table:
			scroll := &scrollNode{}
			doc.ReplaceChild(doc, n, scroll)
			scroll.AppendChild(scroll, n)
			p.into(section, doc, scroll)
		}
		if n.Parent() == doc {
			p.into(section, doc, n)
		}
		n = next
	}
}

// into moves a child of doc to the end of the section that is being filled; what stands before the first one stays.
func (p *pageBuilder) into(section *sectionNode, doc *ast.Document, n ast.Node) {
	if section != nil && n != ast.Node(section) && n.Parent() == ast.Node(doc) {
		section.AppendChild(section, n) // removes it from doc
	}
}

func (p *pageBuilder) section(h *ast.Heading, source []byte) *sectionNode {
	name := plain(h, source)
	s := pageSection{ID: anchor(name), Name: name}
	if slices.Contains(p.scenarios, name) {
		s.Scenario = name
	}
	for n := 2; slices.ContainsFunc(p.sections, func(o pageSection) bool { return o.ID == s.ID }); n++ {
		s.ID = fmt.Sprintf("%s-%d", anchor(name), n)
	}
	h.SetAttributeString("id", []byte(s.ID+"-heading"))
	p.sections = append(p.sections, s)
	return &sectionNode{pageSection: s}
}

// plain is a node's text without marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(util.UnescapePunctuations(util.ResolveEntityNames(t.Segment.Value(source))))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor is a name as it stands in a link.
func anchor(name string) string {
	return strings.Trim(fileName(strings.ReplaceAll(name, " ", "-")), "-")
}

// pictured says whether a paragraph is a picture that was drawn, and nothing else.
func (p *pageBuilder) pictured(n *ast.Paragraph) (svg string, ok bool) {
	link, is := n.FirstChild().(*ast.Link)
	if !is || n.ChildCount() != 1 {
		return "", false
	}
	picture, is := link.FirstChild().(*ast.Image)
	if !is {
		return "", false
	}
	name := strings.TrimSuffix(strings.TrimPrefix(string(picture.Destination), plotsDir+"/"), ".png")
	svg, ok = p.drawn[name]
	return svg, ok
}

// RegisterFuncs implements renderer.NodeRenderer.
func (p *pageBuilder) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindSection, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			_, err := w.WriteString("</section>\n")
			return ast.WalkContinue, err
		}
		s := n.(*sectionNode)
		scenario := ""
		if s.Scenario != "" {
			scenario = fmt.Sprintf(` data-scenario="%s"`, template.HTMLEscapeString(s.Scenario))
		}
		_, err := fmt.Fprintf(w, "<section id=\"%s\"%s>\n", s.ID, scenario)
		return ast.WalkContinue, err
	})
	r.Register(kindFigure, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		_, err := fmt.Fprintf(w, "<figure>\n%s</figure>\n", n.(*figureNode).svg)
		return ast.WalkSkipChildren, err
	})
	r.Register(kindScroll, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		text := "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">\n"
		if !entering {
			text = "</div>\n"
		}
		_, err := w.WriteString(text)
		return ast.WalkContinue, err
	})
}

// darkOf is what a colour becomes on dark paper: as far from it as the light one is from white. Colours that are not
// here, such as those of heat maps, are the same on both.
var darkOf = map[string]string{
	"#1A1A1A": "#ECEDEE", "#555555": "#B9BCC1", "#767676": "#9EA2A9", "#E2E2E2": "#3B3F46", "#F1F1F1": "#292C32",
	"#B00020": "#FF7A8A", "#FFFFFF": "#16181D", "#D2D2D2": "#4A4E57",
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
