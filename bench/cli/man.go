package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// epochEnv dates what is built, where somebody wants it dated: reproducible-builds.org/specs/source-date-epoch.
const epochEnv = "SOURCE_DATE_EPOCH"

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a folder",
		Long: `Write a manual page for each command into a folder, which is made if it is not there. They have no date, so that they are the
same whenever they are written, unless ` + epochEnv + ` has one, in seconds since 1970.`,
		Example: `  poolbench man man1 && man man1/poolbench-run.1`,
		RunE: func(c *cobra.Command, args []string) error {
			date, err := manDate(os.Getenv(epochEnv))
			if err != nil {
				return usage(err)
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return blame(fmt.Errorf("man: %w", err))
			}
			pages, err := writeMan(c.Root(), args[0], date)
			if err != nil {
				return fmt.Errorf("man: %w", err)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s in %s\n", figures.Counted(pages, "page"), args[0])
			return nil
		},
	}
}

// manDate reads seconds since 1970; none is no date.
func manDate(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: has to be seconds since 1970", epochEnv, text)
	}
	date := time.Unix(seconds, 0).UTC()
	return &date, nil
}

// writeMan writes the pages of a command and of all below it, and returns how many there are.
func writeMan(c *cobra.Command, dir string, date *time.Time) (pages int, err error) {
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		n, err := writeMan(sub, dir, date)
		if err != nil {
			return 0, err
		}
		pages += n
	}
	page, err := manPage(c, date)
	if err != nil {
		return 0, err
	}
	file := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
	return pages + 1, os.WriteFile(file, page, 0o644)
}

// undated stands for no date: cobra takes the present where there is none.
var undated = time.Unix(0, 0).UTC()

func manPage(c *cobra.Command, date *time.Time) ([]byte, error) {
	c.InitDefaultHelpFlag()
	header := &doc.GenManHeader{Section: "1", Source: "poolbench", Manual: "poolbench", Date: date}
	if date == nil {
		header.Date = &undated
	}
	defer func(long string) { c.Long = long }(c.Long)
	c.Long = inMarkdown(c.Long)
	var page bytes.Buffer
	c.DisableAutoGenTag = true // or its last line is the date of today
	if err := doc.GenMan(c, header, &page); err != nil {
		return nil, err
	}
	made, err := asPage(c, page.String())
	if err != nil || date != nil {
		return made, err
	}
	dated := []byte(`"` + undated.Format("Jan 2006") + `"`)
	if !bytes.Contains(made, dated) {
		return nil, errors.New("the page of " + c.CommandPath() + " has no date to take out")
	}
	return bytes.Replace(made, dated, []byte(`""`), 1), nil
}

// asPage mends what cobra makes of a command: its options, which it writes as --help[=false]; where lines may end, which it says
// before .TH takes that back, so that names and values are parted; and hyphens, which are to be typed and have to stay minus signs.
func asPage(c *cobra.Command, page string) ([]byte, error) {
	title := strings.Index(page, ".TH ")
	begin := strings.Index(page, "\n.SH OPTIONS\n")
	if title < 0 || begin < title {
		return nil, errors.New("the page of " + c.CommandPath() + " has no title, or no options, to write anew")
	}
	text, rest := page[title:begin], page[begin+1:]
	if next := strings.Index(rest[1:], "\n.SH "); next >= 0 {
		rest = rest[1+next:]
	} else {
		rest = ""
	}
	if !c.HasParent() {
		text = strings.Replace(text, c.UseLine(), c.Name()+` \fICOMMAND\fP [flags]`, 1)
	}
	text += manCommands(c) + manOptions(c) + rest
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if !strings.HasPrefix(l, ".") {
			lines[i] = strings.ReplaceAll(strings.ReplaceAll(l, `\-`, "-"), "-", `\-`)
		}
	}
	lines[0] = ".nr HY 0\n" + lines[0] + "\n.nh\n.ad l" // groff has the register for each section, others the request
	return []byte(strings.Join(lines, "\n")), nil
}

// manCommands are the commands below one, with what they do; nothing where there are none.
func manCommands(c *cobra.Command) string {
	var b strings.Builder
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() && sub.Name() != "help" {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fP\n%s\n", sub.Name(), roff(sub.Short))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n.SH COMMANDS\n" + b.String()
}

// manOptions are the flags of a command in the words and the order of its help.
func manOptions(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString("\n.SH OPTIONS\n")
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, about := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(&b, `\fB-%s\fP, `, f.Shorthand)
		}
		fmt.Fprintf(&b, `\fB--%s\fP`, f.Name)
		if value != "" {
			fmt.Fprintf(&b, ` \fI%s\fP`, roff(value))
		}
		if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, f.DefValue) { // nothing, which the help does not name either
			about += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		fmt.Fprintf(&b, "\n%s\n", roff(about))
	})
	return b.String()
}

// roff is a text as a line of a page, which a dot or a quote at its beginning would make a command.
func roff(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// inMarkdown keeps the lines of tables apart, which help has indented by two: cobra takes help for Markdown.
func inMarkdown(help string) string {
	lines := strings.Split(help, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "  ") {
			lines[i] = "  " + l
		}
	}
	return strings.Join(lines, "\n")
}
