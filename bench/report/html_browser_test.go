package report

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// browsers are the names under which one that can be driven is found in PATH.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell", "chrome"}

// patience is for a single step on a busy machine; none takes a second on an idle one.
const patience = 60 * time.Second

// startBrowser starts one that ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes a few seconds to start: not with -short")
	}
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skipf("no browser in PATH, looked for %s: install the package chromium to run this", strings.Join(browsers, ", "))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // there is none for root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end) // waits for the process
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	// The first call decides how long the browser lives, so it has no time limit of its own.
	started := time.AfterFunc(patience, cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	started.Stop()
	return ctx
}

// A tab shows a page, and keeps what the page asked for and complained of.
type tab struct {
	*testing.T
	ctx        context.Context
	url        string
	mu         sync.Mutex
	requests   []string
	complaints []string
}

// A setting is how a reader looks at the page; its zero value is a wide window on light paper.
type setting struct {
	width, height int64
	dark, print   bool
	scriptless    bool
}

const phone, desk = 390, 1440

// look opens a page's file.
func look(t *testing.T, browser context.Context, content []byte, s setting) *tab {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx, url: "file://" + filepath.ToSlash(name)}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if s.width == 0 {
		s.width, s.height = desk, 900
	}
	media, scheme := "", "light"
	if s.print {
		media = "print"
	}
	if s.dark {
		scheme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.scriptless})
	b.do(chromedp.Navigate(b.url))
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprint("console.", e.Type))
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text)
	}
}

// settled is what a look at the page has to leave behind: nothing that it asked for, or complained of.
func (b *tab) settled() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		if url != b.url && url != "data:," {
			b.Errorf("the page asks for %.200s", url)
		}
	}
	if len(b.requests) == 0 {
		b.Error("nothing was seen of the requests, not even that for the page")
	}
	for _, text := range b.complaints {
		b.Errorf("the browser says: %s", text)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval is the value of an expression on the page.
func eval[T any](b *tab, expression string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](helpers+expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// click is one with the mouse, on what a selector finds first.
func (b *tab) click(selector string) {
	b.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// helpers are at hand in every expression. "Seen" is what has a place on the page, wherever that is; Chromium says so of
// parts of pictures that are not displayed as well.
const helpers = `
var all = (selector, root = document) => [...root.querySelectorAll(selector)];
var seen = (e) => {
  for (let part = e; part.ownerSVGElement; part = part.parentNode) if (getComputedStyle(part).display === "none") return false;
  return e.checkVisibility({visibilityProperty: true});
};
var unfold = () => all("main details").forEach((d) => { d.open = true; });
`

var quoteJS = func(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A page is looked at as its readers do. The run has two strategies of which one's label begins like the other's, and two
// such scenarios.
func TestThePageInABrowser(t *testing.T) {
	browser := startBrowser(t)
	run := synth{strategies: 8, repetitions: 3, idle: true}.run()
	content, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]func(*testing.T, context.Context, []byte){
		"it asks for nothing and complains of nothing":   asksForNothing,
		"a strategy is hidden with its marks and rows":   hidesStrategies,
		"a scenario is hidden with all that is about it": hidesScenarios,
		"all and none":                             allAndNone,
		"light and dark":                           changesColours,
		"the value under the pointer":              showsValues,
		"nothing is wider than the page":           fits,
		"a picture says its finding once":          findsOnce,
		"rows of pictures close up":                closesUp,
		"without script everything is there":       readsWithoutScript,
		"on paper everything is there":             prints,
		"text can be read on what it stands":       isLegible,
		"everything can be reached by keyboard":    worksByKeyboard,
		"a scenario's section leads to the trials": leadsToTrials,
	} {
		t.Run(name, func(t *testing.T) { test(t, browser, content) })
	}
	t.Run("the answer is on the first screen", func(t *testing.T) { answersAtOnce(t, browser) })
	t.Run("tables sort", func(t *testing.T) { sorts(t, browser) })
	t.Run("names from outside do nothing", func(t *testing.T) { namesDoNothing(t, browser) })
}

func asksForNothing(t *testing.T, browser context.Context, content []byte) {
	for _, s := range []setting{{}, {width: phone, height: 844, dark: true}} {
		b := look(t, browser, content, s)
		eval[bool](b, `for (const e of all("button, summary, input")) e.click(); for (const e of all("button, summary, input")) e.click(); scrollTo(0, 1e6); true`)
		b.settled()
	}
}

// shown is all that can be told apart and seen, by what it is: rows and marks are counted by the label that they show,
// whatever they say in attributes.
const shown = `(() => {
  unfold();
  const found = {};
  const add = (what) => { found[what] = (found[what] ?? 0) + 1; };
  for (const row of all("main tbody tr")) if (seen(row)) add("row " + row.cells[0].textContent.trim());
  for (const text of all("svg text")) if (seen(text)) add("text " + text.textContent);
  for (const mark of all("g.mark")) if (seen(mark)) add("mark " + mark.dataset.tip);
  for (const part of all("section, #contents li")) if (part.checkVisibility() || part.matches("#contents li:not([hidden])")) add(part.tagName + " " + (part.id || part.textContent.trim()));
  return found;
})()`

func hidesStrategies(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	const label = "ants"
	before := eval[map[string]int](b, shown)
	if before["row "+label] == 0 || before["text "+label] == 0 || before["row "+label+" unit=request"] == 0 {
		t.Fatalf("%s and %s unit=request are not there to begin with", label, label)
	}
	b.do(chromedp.Click(chromedp.CSS("#choose > summary")))
	b.click(`#strategies input[value="` + label + `"]`)
	after := eval[map[string]int](b, shown)
	gone := 0
	for what, n := range before {
		kind, text, _ := strings.Cut(what, " ")
		its := (kind == "row" || kind == "text") && (text == label || text == label+", again" || strings.HasPrefix(text, label+" (") || strings.HasPrefix(text, label+" on ")) ||
			kind == "mark" && (text == label || strings.HasPrefix(text, label+" on ") || strings.HasPrefix(text, label+",") || strings.HasPrefix(text, label+":"))
		switch {
		case its && after[what] > 0:
			t.Errorf("%d of %d are left of: %s", after[what], n, what)
		case its:
			gone++
		case kind != "text" && kind != "mark" && after[what] != n:
			t.Errorf("%d of %d are left of another: %s", after[what], n, what)
		}
	}
	if gone < 5 {
		t.Errorf("only %d kinds of things are gone", gone)
	}
	// Of others, texts are values without a name, so they are told by the group that they are in.
	if n := eval[int](b, `all("[data-strategy]").filter((e) => seen(e) === (e.dataset.strategy === `+quoteJS(label)+`)).length`); n != 0 {
		t.Errorf("%d parts are shown and should not be, or the other way round", n)
	}
	if n := eval[int](b, `all("svg text, svg path").filter((e) => !e.closest("[data-strategy]") && !seen(e)).length`); n != 0 {
		t.Errorf("%d parts of pictures are gone that are no strategy's", n)
	}
	if got := eval[string](b, `document.getElementById("chosen").textContent`); got != "7 of 8 strategies" {
		t.Errorf("the page says that it shows %q", got)
	}
	b.click(`#strategies input[value="` + label + `"]`)
	if d := cmp.Diff(before, eval[map[string]int](b, shown)); d != "" {
		t.Errorf("shown again, it is not as before:\n%s", d)
	}
	b.settled()
}

func hidesScenarios(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	before := eval[map[string]int](b, shown)
	for _, what := range []string{"SECTION scenario-echo", "SECTION scenario-echo-open", "LI echo", "LI echo-open", "row echo", "row echo-open"} {
		if before[what] != 1 {
			t.Fatalf("%d of %s", before[what], what)
		}
	}
	b.do(chromedp.Click(chromedp.CSS("#choose > summary")))
	b.click(`#scenarios input[value="echo"]`)
	after := eval[map[string]int](b, shown)
	for what, n := range map[string]int{"SECTION scenario-echo": 0, "SECTION scenario-echo-open": 1, "LI echo": 0, "LI echo-open": 1, "row echo": 0, "row echo-open": 1, "SECTION verdict": 1} {
		if after[what] != n {
			t.Errorf("%d of %s, want %d", after[what], what, n)
		}
	}
	if got := eval[string](b, `document.getElementById("chosen").textContent`); got != "5 of 6 scenarios" {
		t.Errorf("the page says that it shows %q", got)
	}
	b.click(`#scenarios input[value="echo"]`)
	if d := cmp.Diff(before, eval[map[string]int](b, shown)); d != "" {
		t.Errorf("shown again, it is not as before:\n%s", d)
	}
}

// closesUp hides a strategy that others stand under, and one more.
func closesUp(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	type grid struct {
		Labels []string
		Tops   []float64
		Foot   float64 // from the last row to the picture's end
	}
	const grids = `all("main svg:has([data-row])").map((svg) => {
  const rows = all("[data-row]", svg).filter(seen), at = (row) => row.querySelector("text").getBoundingClientRect();
  return {labels: rows.map((r) => r.dataset.strategy), tops: rows.map((r) => at(r).top), foot: svg.getBoundingClientRect().bottom - at(rows.at(-1)).bottom};
})`
	before := eval[[]grid](b, grids)
	if len(before) < 3 || len(before[0].Labels) < 5 {
		t.Fatalf("too few rows to see anything: %+v", before)
	}
	b.do(chromedp.Click(chromedp.CSS("#choose > summary")))
	hidden := []string{before[0].Labels[1], before[0].Labels[3]}
	for _, label := range hidden {
		b.click(`#strategies input[value="` + label + `"]`)
	}
	for i, g := range eval[[]grid](b, grids) {
		if want := slices.DeleteFunc(slices.Clone(before[i].Labels), func(l string) bool { return slices.Contains(hidden, l) }); !slices.Equal(g.Labels, want) {
			t.Errorf("grid %d has the rows %q, want %q", i, g.Labels, want)
		}
		pitch := before[i].Tops[1] - before[i].Tops[0]
		for k := 1; k < len(g.Tops); k++ {
			if d := g.Tops[k] - g.Tops[k-1]; d < pitch-0.5 || d > pitch+0.5 {
				t.Errorf("grid %d: %s stands %.1f pixels under %s, and rows are %.1f high", i, g.Labels[k], d, g.Labels[k-1], pitch)
			}
		}
		if d := g.Foot - before[i].Foot; d < -0.5 || d > 0.5 {
			t.Errorf("grid %d ends %.1f pixels under its last row, before that were %.1f", i, g.Foot, before[i].Foot)
		}
	}
	b.settled()
}

func allAndNone(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	before := eval[map[string]int](b, shown)
	b.do(chromedp.Click(chromedp.CSS("#choose > summary")))
	for _, field := range []string{"strategies", "scenarios"} {
		key := map[string]string{"strategies": "strategy", "scenarios": "scenario"}[field]
		b.click("#" + field + ` [data-all="0"]`)
		if n := eval[int](b, `all("main [data-`+key+`]").filter(seen).length`); n != 0 {
			t.Errorf("%d are left when none of the %s are chosen", n, field)
		}
		if n := eval[int](b, `all("#`+field+` input:checked").length`); n != 0 {
			t.Errorf("%d boxes are checked", n)
		}
		b.click("#" + field + ` [data-all="1"]`)
	}
	if d := cmp.Diff(before, eval[map[string]int](b, shown)); d != "" {
		t.Errorf("all is not as at first:\n%s", d)
	}
	if got := eval[string](b, `document.getElementById("chosen").textContent`); got != "all shown" {
		t.Errorf("the page says that it shows %q", got)
	}
}

func changesColours(t *testing.T, browser context.Context, content []byte) {
	const paper, marks = `getComputedStyle(document.body).backgroundColor`, `getComputedStyle(all("svg text")[0]).fill`
	for _, dark := range []bool{false, true} {
		b := look(t, browser, content, setting{dark: dark})
		colours := func() [2]string { return [2]string{eval[string](b, paper), eval[string](b, marks)} }
		light, night := [2]string{"rgb(255, 255, 255)", "rgb(26, 26, 26)"}, [2]string{"rgb(22, 24, 29)", "rgb(236, 237, 238)"}
		first, second, label := light, night, "Dark"
		if dark {
			first, second, label = night, light, "Light"
		}
		if got := colours(); got != first {
			t.Errorf("dark is preferred: %v; the colours are %v, want %v", dark, got, first)
		}
		if got := eval[string](b, `document.getElementById("theme").textContent`); got != label {
			t.Errorf("the button offers %q, want %q", got, label)
		}
		b.click("#theme")
		if got := colours(); got != second {
			t.Errorf("after the button the colours are %v, want %v", got, second)
		}
		b.do(chromedp.Reload())
		if got := colours(); got != second {
			t.Errorf("read again, the colours are %v, want those chosen, %v", got, second)
		}
		b.click("#theme")
		if got := colours(); got != first {
			t.Errorf("after the button again the colours are %v, want %v", got, first)
		}
		eval[bool](b, `localStorage.clear(); true`) // the next one is a reader who has chosen nothing
		b.settled()
	}
}

func showsValues(t *testing.T, browser context.Context, content []byte) {
	// What a mark has to say stands in the file.
	want := regexp.MustCompile(`<g class="mark">\n<title>([^<]+)</title>`).FindAllSubmatch(content, -1)
	if len(want) < 50 {
		t.Fatalf("%d marks have a text", len(want))
	}
	b := look(t, browser, content, setting{})
	for _, i := range []int{0, len(want) / 2, len(want) - 1} {
		at := eval[[]float64](b, fmt.Sprintf(`(() => { const m = all("g.mark")[%d]; m.scrollIntoView({block: "center", behavior: "instant"}); const r = m.querySelector("path").getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, i))
		b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 2, 2), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
		got := eval[[]string](b, `(() => { const t = document.getElementById("tip"), r = t.getBoundingClientRect(); return [t.hidden ? "" : t.textContent, r.left >= 0 && r.right <= innerWidth && r.top >= 0 && r.bottom <= innerHeight ? "inside" : "outside"]; })()`)
		text := strings.NewReplacer("&#39;", "'", "&lt;", "<", "&#34;", `"`, "&amp;", "&").Replace(string(want[i][1]))
		if got[0] != text || got[1] != "inside" {
			t.Errorf("over mark %d the page shows %q, %s of the window; want %q", i, got[0], got[1], text)
		}
		b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 2, 2))
		if !eval[bool](b, `document.getElementById("tip").hidden`) {
			t.Error("the value stays when the pointer has gone")
		}
	}
	b.settled()
}

// wide lists what is beyond the page's right edge and cannot be scrolled to within a frame.
const wide = `(() => {
  unfold();
  for (const d of all("#bar details")) d.open = true;
  const out = [];
  if (document.scrollingElement.scrollWidth > innerWidth) out.push("the page: " + document.scrollingElement.scrollWidth);
  for (const e of all("body *")) {
    const r = e.getBoundingClientRect();
    if (r.width && r.right > innerWidth + 1 && !e.closest(".scroll, #bar, .skip")) out.push(e.tagName + " " + e.className + ": " + r.right);
    if (e.matches(".scroll") && r.right > innerWidth) out.push("a frame: " + r.right);
  }
  return out.slice(0, 10);
})()`

func fits(t *testing.T, browser context.Context, content []byte) {
	for _, s := range []setting{{width: 320}, {width: phone}, {width: 768}, {width: desk}, {width: phone, scriptless: true}, {width: desk, scriptless: true}} {
		s.height = 844
		b := look(t, browser, content, s)
		for _, text := range eval[[]string](b, wide) {
			t.Errorf("at %d pixels, without script: %v: %s", s.width, s.scriptless, text)
		}
	}
}

// longAnswer is as long as those that real runs of all scenarios have come to.
var longAnswer = []string{
	"Take goroutine: it is among the best in 5 of 12 scenarios, and over all of them channel and ants (limit at least the clients) are as good.",
	"In overload it collapses under more load than it can take; channel workers=64 full=reject and ants workers=64 full=reject are best there. It is behind in deep and idle. Not decided: exchange, slow, burst and drain.",
	"Between libraries at equal limits: no difference larger than 3.6 % was seen (2 comparisons of channel, ants, pond and lifo); in deep ants workers=64 has 0.91 times the server CPU per good answer of channel workers=64; in idle ants workers=4096 has 0.94 times the memory per connection of channel workers=4096; not decided in echo, exchange, deep, alloc and drain.",
}

func answersAtOnce(t *testing.T, browser context.Context) {
	answers := map[string][]string{"a long one": longAnswer}
	if b, err := os.ReadFile(filepath.Join("..", "..", "results", "reference", "verdict.json")); err == nil {
		var said choice.Verdict
		if err := json.Unmarshal(b, &said); err != nil {
			t.Fatal(err)
		}
		answers["the reference's"] = said.Overall.Sentences
	}
	const lines = `all("h1, header p, .answer h2, .answer > p").flatMap((e) => { const r = document.createRange(); r.selectNodeContents(e); return [[r.getClientRects()[0].bottom, e.getBoundingClientRect().bottom, innerHeight]]; })`
	for name, answer := range answers {
		v, set := newView(synth{strategies: 2, repetitions: 1, idle: true}.run()), draw.NewTypesetter()
		v.said.Overall.Sentences = answer
		content, err := v.html(nil, v.markdown(nil), set)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []struct {
			setting
			whole, begun int // so many sentences of the answer
		}{{setting{width: phone, height: 844}, 1, 2}, {setting{width: 360, height: 640}, 1, 1}, {setting{}, 2, 3}} {
			b := look(t, browser, content, s.setting)
			if got := eval[[]string](b, `all(".answer > p").map((e) => e.textContent.replaceAll("\u00a0", " "))`); !slices.Equal(got, answer) {
				t.Fatalf("%s: the page answers %q", name, got)
			}
			const above = 3 // the page's name, its caption and the answer's
			for i, l := range eval[[][]float64](b, lines) {
				first, last, screen := l[0], l[1], l[2]
				if i < above+s.begun && first > screen || i < above+s.whole && last > screen {
					t.Errorf("%s: at %d × %.0f pixels part %d reaches from %.0f to %.0f", name, s.width, screen, i, first, last)
				}
			}
		}
	}
}

// findsOnce also looks at what is read aloud, and at whether the finding can be read without scrolling.
func findsOnce(t *testing.T, browser context.Context, content []byte) {
	type figure struct {
		Finding, How, Texts, Name string
		Inside                    bool
	}
	for _, s := range []setting{{width: phone, height: 844}, {}, {width: phone, height: 844, scriptless: true}, {width: 718, height: 1000, print: true}} {
		b := look(t, browser, content, s)
		figures := eval[[]figure](b, `all("main figure").map((f) => { const ps = all("figcaption p", f); return {
  finding: (ps[0]?.textContent ?? "").replaceAll("\u00a0", " "), how: ps[1]?.textContent ?? "", texts: all("svg text", f).filter(seen).map((e) => e.textContent).join(" "),
  name: document.getElementById(f.querySelector("svg").getAttribute("aria-labelledby")).textContent,
  inside: ps.length > 0 && ps.every((p) => { const r = p.getBoundingClientRect(); return seen(p) && r.left >= 0 && r.right <= innerWidth && p.scrollWidth <= p.clientWidth; })}; })`)
		if len(figures) < 5 {
			t.Fatalf("%d pictures", len(figures))
		}
		for _, f := range figures {
			if len(f.Finding) < 15 || len(f.How) < 15 || !f.Inside {
				t.Errorf("at %d pixels: above a picture stand %q and %q, for all to see: %v", s.width, f.Finding, f.How, f.Inside)
			}
			for _, text := range []string{f.Finding, f.How} {
				if begins := text[:min(len(text), 15)]; strings.Contains(f.Texts, begins) {
					t.Errorf("at %d pixels %q stands in the picture as well", s.width, begins)
				}
			}
			if !strings.HasSuffix(f.Name, f.Finding) {
				t.Errorf("the picture of %q is called %q", f.Finding, f.Name)
			}
		}
	}
}

func readsWithoutScript(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{scriptless: true})
	for _, text := range eval[[]string](b, `all("main > *, main section > *").filter((e) => !seen(e)).map((e) => e.tagName + " " + e.textContent.slice(0, 50))`) {
		t.Errorf("without script, this is not shown: %s", text)
	}
	if n := eval[int](b, `all("#theme, #choose").filter(seen).length`); n != 0 {
		t.Errorf("%d controls are shown that do nothing without script", n)
	}
	if n := eval[int](b, `all("g.mark:not(:has(> title))").length`); n != 0 {
		t.Errorf("%d marks do not say their values", n)
	}
	// Folded parts open without a script.
	b.click("main section[data-scenario] details > summary")
	if n := eval[int](b, `all("main details[open] table").filter(seen).length`); n != 1 {
		t.Errorf("a click unfolds %d tables, want 1", n)
	}
	b.click("#contents > summary")
	b.click(`#contents a[href="#scenario-cpu"]`)
	if got := eval[string](b, `location.hash`); got != "#scenario-cpu" {
		t.Errorf("the contents lead to %q", got)
	}
	b.settled()
}

func prints(t *testing.T, browser context.Context, content []byte) {
	for _, scriptless := range []bool{false, true} {
		b := look(t, browser, content, setting{print: true, dark: true, width: 718, height: 1000, scriptless: scriptless}) // A4 without margins
		if n := eval[int](b, `all("#bar, #tip, .skip").filter(seen).length`); n != 0 {
			t.Errorf("%d controls are printed", n)
		}
		for _, text := range eval[[]string](b, `all("main table").filter((e) => !seen(e) || !e.getBoundingClientRect().height).map((e) => e.textContent.slice(0, 80))`) {
			t.Errorf("this table is not printed, without script: %v: %s", scriptless, text)
		}
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(255, 255, 255)" {
			t.Errorf("the paper is %s", got)
		}
		if n := eval[int](b, `document.scrollingElement.scrollWidth`); n > 718 {
			t.Errorf("the page is %d pixels wide, and the paper 718", n)
		}
	}
}

// pairs are the colours of all text that is shown, each with what it stands on: in a picture, the last shape that was
// filled under its middle.
const pairs = `(() => {
  unfold();
  for (const d of all("#bar details")) d.open = true;
  const found = {};
  const note = (text, ground, what) => { found[text + " on " + ground] ??= what.trim().slice(0, 40); };
  const clear = "rgba(0, 0, 0, 0)";
  for (const e of all("body *")) {
    if (e.closest("svg") || !seen(e) || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    let under = e;
    while (under && getComputedStyle(under).backgroundColor === clear) under = under.parentElement;
    note(getComputedStyle(e).color, getComputedStyle(under ?? document.body).backgroundColor, e.textContent);
  }
  for (const svg of all("svg")) {
    const shapes = [];
    for (const e of all("path, text", svg)) {
      const style = getComputedStyle(e), r = e.getBoundingClientRect();
      if (e.tagName === "path") {
        if (style.fill !== "none" && style.fillOpacity === "1" && r.width > 12 && r.height > 6) shapes.push([r, style.fill]);
        continue;
      }
      const x = r.x + r.width / 2, y = r.y + r.height / 2;
      const under = shapes.findLast(([s]) => s.left <= x && x <= s.right && s.top <= y && y <= s.bottom);
      note(style.fill, under?.[1] ?? "none", e.textContent);
    }
  }
  return found;
})()`

func isLegible(t *testing.T, browser context.Context, content []byte) {
	rgbPattern := regexp.MustCompile(`^rgb\((\d+), (\d+), (\d+)\) on rgb\((\d+), (\d+), (\d+)\)$`)
	for _, dark := range []bool{false, true} {
		b := look(t, browser, content, setting{dark: dark})
		found := eval[map[string]string](b, pairs)
		if len(found) < 10 {
			t.Errorf("only %d pairs of colours were found", len(found))
		}
		for pair, where := range found {
			m := rgbPattern.FindStringSubmatch(pair)
			if m == nil {
				t.Errorf("%s: no two colours, at %q", pair, where)
				continue
			}
			var n [6]int
			for i := range n {
				fmt.Sscan(m[i+1], &n[i])
			}
			if c := contrast(t, fmt.Sprintf("#%02x%02x%02x", n[0], n[1], n[2]), fmt.Sprintf("#%02x%02x%02x", n[3], n[4], n[5])); c < 4.5 {
				t.Errorf("dark: %v: %s has a contrast of %.2f to 1, want 4.5: %q", dark, pair, c, where)
			}
		}
	}
}

func worksByKeyboard(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	const focus = `(() => {
  const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
  return {what: e.id || e.className || e.tagName + " " + e.textContent.trim().slice(0, 30), outlined: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, inside: r.right > 0 && r.left < innerWidth && r.bottom > 0 && r.top < innerHeight};
})()`
	type focused struct {
		What             string
		Outlined, Inside bool
	}
	var order []string
	for range 30 {
		b.do(chromedp.KeyEvent("\t"))
		f := eval[focused](b, focus)
		order = append(order, f.What)
		if !f.Outlined || !f.Inside {
			t.Errorf("%s has the focus; outlined: %v, in the window: %v", f.What, f.Outlined, f.Inside)
		}
	}
	for i, want := range []string{"skip", "theme", "SUMMARY Filter: all shown", "SUMMARY Contents", "A Verdict"} {
		if order[i] != want {
			t.Errorf("tab %d leads to %q, want %q", i+1, order[i], want)
		}
	}
	if !slices.Contains(order, "BUTTON scenario") {
		t.Errorf("the table's buttons are not reached: %q", order)
	}
	// Controls do by key what they do by mouse.
	eval[bool](b, `document.querySelector("#choose > summary").focus(); true`)
	b.do(chromedp.KeyEvent("\r"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"), chromedp.KeyEvent(" "))
	if got := eval[string](b, `document.getElementById("chosen").textContent`); got != "7 of 8 strategies" {
		t.Errorf("after space on the first box the page shows %q", got)
	}
	b.settled()
}

func leadsToTrials(t *testing.T, browser context.Context, content []byte) {
	b := look(t, browser, content, setting{})
	type section struct {
		Name  string
		Lines []string
		Loads int
		Links []string
	}
	for _, s := range eval[[]section](b, `all("section[data-scenario]").map((s) => ({name: s.dataset.scenario, links: all("a", s).map((a) => a.getAttribute("href")), loads: all("h3", s).length || 1, lines: all("details table", s).at(-1) ? [...all("details table", s).at(-1).tBodies[0].rows].map((r) => [...r.cells].at(-2).textContent.trim()) : []}))`) {
		if !slices.Contains(s.Links, "trials.jsonl") {
			t.Errorf("%s has no link to its trials: %q", s.Name, s.Links)
		}
		if len(s.Lines) != 9*s.Loads || !regexp.MustCompile(`^\d+( \d+)+$`).MatchString(s.Lines[0]) { // 8 strategies and the twin, at each load
			t.Errorf("%s ends with the lines %q", s.Name, s.Lines)
		}
	}
}

// sorts looks at a table of all that a report's tables have in them.
func sorts(t *testing.T, browser context.Context) {
	const markdown = "# t\n\n## Verdict\n\n" +
		"| strategy | time | rate | ratio | served | words |\n|:---|---:|---:|---:|---:|:---|\n" +
		"| m | 900 µs | 1,200 | 0.907 (0.878–0.945) | 64 of 64 | channel workers=256, x |\n" +
		"| b | 1.5 ms | ≥ 900[^1] | ×2.6 | 1,000 of 4,096 | ants workers=64 |\n" +
		"| c10 | – | 48k/s | –[^1] | – | – |\n" +
		"| c9 | 1 s (time-out) | 1000[^1] | 1 | 7 of 64 | lifo |\n" +
		"| all | 0 | 5 | 0 | 3 of 3 | zoo |\n" +
		"\n[^1]: 5 is a note.\n"
	content, err := newView(trial.Run{}).html(nil, []byte(markdown), draw.NewTypesetter())
	if err != nil {
		t.Fatal(err)
	}
	b := look(t, browser, content, setting{})
	const order = `all("main tbody tr").map((r) => r.cells[0].textContent).join(" ")`
	const before = "m b c10 c9 all"
	for i, test := range []struct{ column, up, down string }{
		{"strategy", "b c9 c10 m all", "m c10 c9 b all"},
		{"time", "m b c9 c10 all", "c9 b m c10 all"},
		{"rate", "b c9 m c10 all", "c10 m c9 b all"},
		{"ratio", "m c9 b c10 all", "b c9 m c10 all"},
		{"served", "c9 m b c10 all", "b m c9 c10 all"},
		{"words", "b m c9 c10 all", "c9 m b c10 all"},
	} {
		button := fmt.Sprintf("thead th:nth-child(%d) button", i+1)
		for _, step := range []struct{ want, says string }{{test.up, "ascending"}, {test.down, "descending"}, {before, ""}} {
			b.click(button)
			if got := eval[string](b, order); got != step.want {
				t.Errorf("by %s, %s: %s, want %s", test.column, step.says, got, step.want)
			}
			if got := eval[string](b, fmt.Sprintf(`all("thead th").map((h, i) => i === %d ? h.getAttribute("aria-sort") ?? "" : h.getAttribute("aria-sort") ? "another" : "").join("")`, i)); got != step.says {
				t.Errorf("by %s: the header says %q, want %q", test.column, got, step.says)
			}
		}
	}
	eval[bool](b, `document.querySelector("thead th:nth-child(2) button").focus(); true`)
	b.do(chromedp.KeyEvent("\r"))
	if got := eval[string](b, order); got != "m b c9 c10 all" {
		t.Errorf("by key: %s", got)
	}
	b.settled()
}

func namesDoNothing(t *testing.T, browser context.Context) {
	run := hostileNames()
	content, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	b := look(t, browser, content, setting{})
	eval[bool](b, `unfold(); for (const a of all("a[href^='#']")) a.click(); true`)
	if eval[bool](b, `"hacked" in window`) {
		t.Error("a name was run")
	}
	if got := eval[[]string](b, `all("a").map((a) => a.getAttribute("href")).filter((h) => !/^(#[\w:-]+|\w+\.jsonl?)$/.test(h))`); len(got) > 0 {
		t.Errorf("names became links: %q", got)
	}
	if got := eval[[]string](b, `all("main b, main i, main img, main iframe, main script, main [onclick], main [onerror], main section section").map((e) => e.outerHTML.slice(0, 100))`); len(got) > 0 {
		t.Errorf("names became elements: %q", got)
	}
	v := newView(run)
	if d := cmp.Diff(v.shown(), eval[[]string](b, `all("#strategies input").map((e) => e.value)`)); d != "" {
		t.Errorf("strategies to choose:\n%s", d)
	}
	if d := cmp.Diff(v.scenarioNames(), eval[[]string](b, `all("section[data-scenario]").map((e) => e.dataset.scenario)`)); d != "" {
		t.Errorf("sections:\n%s", d)
	}
	if d := cmp.Diff(v.scenarioNames(), eval[[]string](b, `all("#contents li[data-scenario]").map((e) => e.textContent)`)); d != "" {
		t.Errorf("contents:\n%s", d)
	}
	// Each of them has rows and marks, and can be hidden.
	b.do(chromedp.Click(chromedp.CSS("#choose > summary")))
	for i, label := range v.shown() {
		parts := fmt.Sprintf(`[all("main tr[data-strategy]"), all("svg [data-strategy]")].map((es) => es.filter((e) => e.dataset.strategy === %s && seen(e)).length)`, quoteJS(label))
		if n := eval[[]int](b, parts); n[0] == 0 || n[1] == 0 {
			t.Errorf("%s has %d rows and %d marks", label, n[0], n[1])
		}
		eval[bool](b, fmt.Sprintf(`all("#strategies input")[%d].click(); true`, i))
		if n := eval[[]int](b, parts); n[0]+n[1] > 0 {
			t.Errorf("%s is hidden, and %v rows and marks are not", label, n)
		}
	}
	eval[bool](b, `document.getElementById("theme").click(); true`)
	if got := eval[string](b, `document.documentElement.dataset.theme`); got != "dark" {
		t.Errorf("the theme's button is taken by a name; the theme is %q", got)
	}
	b.settled()
}

// call is a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return r
}
