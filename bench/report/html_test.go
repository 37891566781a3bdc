package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// large is a run of 14 scenarios and 12 strategies: those of the synth, and copies of them, of which two have what heat
// maps are drawn from.
func large() trial.Run {
	run := synth{strategies: 12, repetitions: 8, idle: true}.run()
	originals := run.Trials
	for i, of := range []string{"exchange", "echo", "wait", "cpu", "wait", "cpu", "echo-open", "wait-open"} {
		name := fmt.Sprintf("%s-%d", of, i)
		run.Env.Scenarios = append(run.Env.Scenarios, trial.Scenario{Name: name, About: "The same once more."})
		for _, t := range originals {
			if t.Scenario != of || t.Calibrates {
				continue
			}
			t.Scenario, t.Seq = name, len(run.Trials)
			if t.Load.Loop == trial.Open {
				t.Series = spreadOut(t)
			}
			run.Trials = append(run.Trials, t)
		}
	}
	run.Env.Planned = len(run.Trials)
	return run
}

// spreadOut is a series in which most answers take as long as the trial's median, and some up to fifty times that.
func spreadOut(t trial.Trial) trial.Series {
	s := trial.Series{Slice: t.Window / 50}
	median, _ := t.Latency.Response.Quantile(0.5)
	for i := range 50 {
		var counts [trial.Buckets]int64
		for k := range counts {
			if at := trial.BucketStart(k); at > median/2 && at < 50*median {
				counts[k] = int64(1000 * float64(median) / float64(at) * (1 + 0.5*math.Sin(float64(i*k))))
			}
		}
		s.Due, s.Spread = append(s.Due, 1000), append(s.Spread, trial.Pack(counts[:]))
	}
	s.OK, s.Good, s.Timed, s.Response = s.Due, s.Due, s.Due, make([]time.Duration, 50)
	return s
}

// hostileNames is a run whose names, findings and warnings are markup, script, and ids of the page.
func hostileNames() trial.Run {
	run := synth{strategies: 4, repetitions: 2, idle: true}.run()
	scenarios := map[string]string{
		"exchange": "Verdict", "echo": `<script>hacked=1</script>`, "wait": "theme", "cpu": `"><img src=x onerror=hacked=1>`,
		"echo-open": "[click](javascript:hacked=1)", "wait-open": "Across scenarios",
	}
	strategies := map[string]string{
		synthNames[0]: "<b onclick=hacked=1>`x`", synthNames[1]: `a"b'c<d>&amp;|e`, synthNames[2]: `[x](javascript:hacked=1) \*y\*`, synthNames[3]: "</style></svg><script>hacked=1</script>",
	}
	for i := range run.Env.Scenarios {
		run.Env.Scenarios[i].Name = scenarios[run.Env.Scenarios[i].Name]
		run.Env.Scenarios[i].About = `![x](http://example.org/x.png) <iframe src="http://example.org"> [^1] ` + "`code`"
	}
	for i := range run.Trials {
		t := &run.Trials[i]
		if name, ok := scenarios[t.Scenario]; ok {
			t.Scenario = name
		}
		t.Strategy = strategies[t.Strategy]
		if t.Seq%7 == 0 {
			t.Findings = append(t.Findings, trial.Finding{Code: "<i>", Text: "</section><script>hacked=1</script>\n## [x](javascript:hacked=1)"})
		}
		if t.Seq == 5 {
			t.Invalid = "<img src=x onerror=hacked=1>"
		}
	}
	run.Warnings = []trial.Warning{{Code: "x", Text: "<script>hacked=1</script> [a](javascript:hacked=1)"}}
	run.Env.Command = []string{"poolbench", "`<script>hacked=1</script>"}
	run.Env.Platform.CPUModel = "<script>hacked=1</script>"
	return run
}

func pageOf(t *testing.T, run trial.Run) string {
	t.Helper()
	b, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// largestPage is what a page may have: more takes long on a phone, and no mail takes it.
const largestPage = 2 << 20

// Catches: a page that grows beyond what can be sent around.
func TestThePageIsSmallEnoughToSend(t *testing.T) {
	runs := map[string]trial.Run{"14 scenarios, 12 strategies": large()}
	dirs, err := filepath.Glob(filepath.Join("..", "..", "results", "reference*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if run, err := trial.Read(dir); err == nil {
			runs[dir] = run
		} else if !strings.Contains(err.Error(), "of an older poolbench") && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	for name, run := range runs {
		page := pageOf(t, run)
		if len(page) > largestPage {
			t.Errorf("%s: the page has %d bytes, may have %d", name, len(page), largestPage)
		}
		t.Logf("%s: %d bytes", name, len(page))
	}
}

var (
	tagPattern       = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9]*)((?:[^>"]|"[^"]*")*)>`)
	attributePattern = regexp.MustCompile(`([a-zA-Z:-]+)="([^"]*)"`)
)

// Catches: anything that the page would load, from the network or from beside it; links that lead anywhere but to the
// page itself and to the run's own files.
func TestThePageNeedsNothingBesideIt(t *testing.T) {
	for name, run := range map[string]trial.Run{"plain": goldenSynth.run(), "hostile": hostileNames()} {
		page := pageOf(t, run)
		for _, tag := range tagPattern.FindAllStringSubmatch(page, -1) {
			for _, a := range attributePattern.FindAllStringSubmatch(tag[2], -1) {
				switch a[1] {
				case "src", "srcset", "action", "formaction", "data", "poster", "background", "xlink:href":
					t.Errorf("%s: %s", name, tag[0])
				case "href":
					if !regexp.MustCompile(`^(#[\w:-]+|data:,|data:image/png;base64,[\w+/=]+|(trials\.jsonl|env\.json|verdict\.json|claims\.json))$`).MatchString(a[2]) {
						t.Errorf("%s: a link to %s", name, a[2])
					}
				}
				if strings.HasPrefix(a[1], "on") {
					t.Errorf("%s: a handler in %s", name, tag[0])
				}
			}
		}
		for _, bad := range []string{"@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %s", name, bad)
			}
		}
		if n := strings.Count(page, "<script"); n != 1 {
			t.Errorf("%s: %d scripts, want the page's own", name, n)
		}
		if !strings.Contains(page, `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;`) {
			t.Errorf("%s: no policy that forbids the rest", name)
		}
	}
}

// Catches: a kind of element that comes in with a name: the page of a hostile run has none that a plain one has not.
func TestNamesCannotBecomeElements(t *testing.T) {
	kinds := func(run trial.Run) map[string]bool {
		out := map[string]bool{}
		for _, tag := range tagPattern.FindAllStringSubmatch(pageOf(t, run), -1) {
			out[tag[1]] = true
		}
		return out
	}
	plain := synth{strategies: 4, repetitions: 2, idle: true}.run()
	for i := range plain.Trials {
		if i == 5 {
			plain.Trials[i].Invalid = "disturbed"
		}
	}
	known := kinds(plain)
	for kind := range kinds(hostileNames()) {
		if !known[kind] && kind != "code" { // the command, which is shown as code
			t.Errorf("the hostile page has a %s", kind)
		}
	}
}

// Catches: headings that skip a level, or of which there are two first ones; pictures without a role or a title; tables
// without header cells; ids that stand twice; a page that does not say its language; a chapter that is missing or out of
// order.
func TestThePageHasTheShapeThatReadersRelyOn(t *testing.T) {
	for name, run := range map[string]trial.Run{"plain": goldenSynth.run(), "hostile": hostileNames(), "empty": {}} {
		page := pageOf(t, run)
		if !strings.HasPrefix(page, "<!DOCTYPE html>\n<html lang=\"en\">") {
			t.Errorf("%s: no language", name)
		}
		last := 0
		for i, h := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(page, -1) {
			level, _ := strconv.Atoi(h[1])
			if level > last+1 || level == 1 && i > 0 {
				t.Errorf("%s: a heading of level %d after one of level %d", name, level, last)
			}
			last = level
		}
		svgs, titled := strings.Count(page, "<svg"), len(regexp.MustCompile(`<svg [^>]*role="img" aria-labelledby="([^"]+)">\n<title id="[^"]+">[^<]{20,}</title>`).FindAllString(page, -1))
		if svgs != titled {
			t.Errorf("%s: %d pictures, of which %d have a role and a title", name, svgs, titled)
		}
		if run.Trials != nil && svgs == 0 {
			t.Errorf("%s: no picture", name)
		}
		for _, table := range regexp.MustCompile(`(?s)<table.*?</table>`).FindAllString(page, -1) {
			rows := strings.Count(table, "<tr") - 1
			if strings.Count(table, `scope="row"`) != rows || !strings.Contains(table, `scope="col"`) {
				t.Errorf("%s: a table of %d rows lacks header cells:\n%s", name, rows, table)
			}
		}
		seen := map[string]bool{}
		for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if seen[id[1]] || id[1] == "" {
				t.Errorf("%s: the id %q stands twice, or is empty", name, id[1])
			}
			seen[id[1]] = true
		}
		for _, ref := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if !seen[ref[1]] {
				t.Errorf("%s: nothing has the id %q", name, ref[1])
			}
		}
	}
	page := pageOf(t, goldenSynth.run())
	if notes, back := strings.Count(page, `<li id="fn:`), strings.Count(page, `role="doc-backlink"`); notes == 0 || notes != back {
		t.Errorf("%d notes have %d links back, want one each", notes, back)
	}
	var sections []string
	for _, s := range regexp.MustCompile(`<section id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		sections = append(sections, s[1])
	}
	want := []string{"verdict", "across-scenarios", "scenario-exchange", "scenario-echo", "scenario-wait", "scenario-cpu", "scenario-echo-open", "scenario-wait-open",
		"outliers", "how-it-was-measured", "machine--warnings-and-data", "notes"}
	if !slices.Equal(sections, want) {
		t.Errorf("sections are %q, want %q", sections, want)
	}
}

// Catches: a scenario that takes the place of a chapter because of its name.
func TestScenariosAreToldByPlaceAndNotByName(t *testing.T) {
	run := hostileNames()
	page := pageOf(t, run)
	var got []string
	for _, s := range regexp.MustCompile(`<section id="([^"]*)" [^>]*data-scenario=`).FindAllStringSubmatch(page, -1) {
		got = append(got, s[1])
	}
	want := []string{"scenario-verdict", "scenario-script-hacked-1--script", "scenario-theme", "scenario-img-src-x-onerror-hacked-1", "scenario-click--javascript-hacked-1", "scenario-across-scenarios"}
	if !slices.Equal(got, want) {
		t.Errorf("sections of scenarios are %q, want %q", got, want)
	}
}

// Catches: a row that is taken for another strategy's whose label begins alike, and the twin's that is nobody's.
func TestRowsSayWhoseTheyAre(t *testing.T) {
	p := newPageBuilder([]string{"echo"}, []string{"pool workers=6", "pool workers=64", "pool workers=64 unit=request", "pool"})
	for name, want := range map[string]string{
		"pool workers=64": "pool workers=64", "pool workers=64, again": "pool workers=64", "pool workers=64 unit=request": "pool workers=64 unit=request",
		"pool workers=64 on echo at 50 % of capacity": "pool workers=64", "pool workers=640": "", "all": "", "pool, again": "pool", "whirlpool": "",
	} {
		if got := p.whose(name); got != want {
			t.Errorf("the row %q is of %q, want %q", name, got, want)
		}
	}
}

// The colours that the style sheet sets text in, and on what. Both are names of variables or colours.
var textOnGround = [][2]string{
	{"c1A1A1A", "cFFFFFF"}, {"c555555", "cFFFFFF"}, {"c767676", "cFFFFFF"}, {"cB00020", "cFFFFFF"}, {"link", "cFFFFFF"},
	{"c1A1A1A", "raised"}, {"link", "raised"}, {"good", "raised"}, {"cFFFFFF", "c1A1A1A"},
	{"c1A1A1A", "cF1F1F1"}, {"c1A1A1A", "cE4E7EB"},
}

// Catches: a line that ends between a number and its unit, in prose, in tables and above pictures; words or code that are changed with it;
// a report.md with blanks that nobody can type.
func TestNumbersStayWithTheirUnits(t *testing.T) {
	for text, want := range map[string]string{
		"5 % of 3 ms, 12 µs and 1.5 s": "5~% of 3~ms, 12~µs and 1.5~s", "× 0.42 (0.40 to 0.44)": "×~0.42 (0.40 to 0.44)", "≥ 12 KiB": "≥~12~KiB", "3 × in 9 B, 7 s": "3~× in 9~B, 7~s",
		"4 strategies, 3 samples, 2 Bytes, 1 msec": "4 strategies, 3 samples, 2 Bytes, 1 msec", "at 12.3k/s x": "at 12.3k/s x", "of 64 %": "of 64~%",
	} {
		if got := strings.ReplaceAll(tied(text), noBreak, "~"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	run := everyFigure(3, 6)
	run.Env.Command = []string{"poolbench", "run", "--note", "5 % of"}
	if strings.Contains(string(Markdown(run)), noBreak) {
		t.Error("report.md has blanks that do not break")
	}
	body := pageOf(t, run)
	if !strings.Contains(body, "--note 5 % of</code>") {
		t.Error("what is to be typed is changed")
	}
	for _, other := range []string{`(?s)<svg\b.*?</svg>`, `(?s)<(script|style|code|title)\b.*?</(script|style|code|title)>`, `<[^>]*>`} {
		body = regexp.MustCompile(other).ReplaceAllString(body, "\n")
	}
	if n := strings.Count(body, noBreak); n < 100 {
		t.Errorf("%d numbers are bound to their units", n)
	}
	if broken := regexp.MustCompile(`.{0,20}([0-9] (%|×|[mµn]?s|[KM]iB)([^a-z]|$)|[×≥≤] [0-9]).{0,20}`).FindString(body); broken != "" {
		t.Errorf("a line may end in %q", broken)
	}
}

// Catches: text that cannot be read, in either theme. What really stands on what is looked at in a browser; see
// [TestThePageInABrowser].
func TestColoursOfTheThemesCanBeRead(t *testing.T) {
	page := pageOf(t, synth{strategies: 2, repetitions: 1, idle: true}.run())
	for _, theme := range []struct{ name, rule string }{
		{"light", `(?m)^:root ?\{([^}]*)\}`}, {"dark", `:root\[data-theme=dark\] ?\{([^}]*)\}`}, {"dark by preference", `:root:not\(\[data-theme=light\]\) ?\{([^}]*)\}`},
	} {
		variables := map[string]string{}
		for _, rule := range regexp.MustCompile(theme.rule).FindAllStringSubmatch(page, -1) {
			for _, v := range regexp.MustCompile(`--(\w+): ?(#[0-9A-Fa-f]{6})`).FindAllStringSubmatch(rule[1], -1) {
				variables[v[1]] = v[2]
			}
		}
		for _, pair := range textOnGround {
			text, ground := variables[pair[0]], variables[pair[1]]
			if text == "" || ground == "" {
				t.Errorf("%s: no colour for %v", theme.name, pair)
				continue
			}
			if c := contrast(t, text, ground); c < 4.5 {
				t.Errorf("%s: %s on %s (%s on %s) has a contrast of %.2f to 1, want 4.5", theme.name, pair[0], pair[1], text, ground, c)
			}
		}
	}
}

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		linear := func(channel uint64) float64 {
			c := float64(channel&0xff) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}
