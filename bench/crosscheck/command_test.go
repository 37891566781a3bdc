package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/usage"
)

// fakeEnv makes a copy of this test binary a generator that does what the variable says.
const fakeEnv = "POOLBENCH_CROSSCHECK_FAKE"

const burned = 100 * time.Millisecond

func TestMain(m *testing.M) {
	become()
	if role := os.Getenv(fakeEnv); role != "" {
		os.Exit(fake(role, os.Args[1:]))
	}
	// The race detector lets a process that ends linger for a second; the children need not.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

func fake(role string, args []string) int {
	switch role {
	case "asks": // once
		answer, err := http.Get("http://" + args[0] + "/")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		answer.Body.Close()
		fmt.Println(`{"Requests": 1, "PerSecond": 1}`)
	case "burns":
		for start := usage.Self().CPU; usage.Self().CPU-start < burned; {
		}
		fmt.Println(`{"Requests": 1}`)
	case "fails":
		fmt.Println("said before it failed")
		return 7
	case "is refused":
		fmt.Println(`{"Failed": 5}`)
	case "babbles":
		fmt.Println("Usage: ...")
	case "never ends":
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, os.Interrupt)
		if _, err := net.Dial("tcp", args[0]); err != nil {
			return 1
		}
		<-ended
	}
	return 0
}

// faking is a generator that takes the part; it speaks as our own driver does.
func faking(t *testing.T, role string) generator {
	t.Helper()
	g, err := own()
	if err != nil {
		t.Fatal(err)
	}
	g.name, g.about = role, "fake"
	g.args = func(t task) []string { return []string{t.Target} }
	g.env = func(task) []string { return []string{fakeEnv + "=" + role} }
	return g
}

// Without another generator the driver is measured and shown all the same, and the program does not claim to have checked it.
func TestAloneTheDriverIsShownAndNothingIsChecked(t *testing.T) {
	absent := faking(t, "absent")
	absent.program = "a-generator-that-nobody-has"
	var out strings.Builder
	err := command(t.Context(), []string{"-rounds", "1", "-time", "1s", "-connections", "8"}, []generator{absent}, &out)
	if err == nil || !strings.Contains(err.Error(), "none of absent is in PATH") {
		t.Errorf("error %v", err)
	}
	rows := slices.DeleteFunc(strings.Split(out.String(), "\n"), func(line string) bool { return !strings.HasPrefix(line, "| "+ownName) })
	if len(rows) != 1 || strings.Contains(rows[0], " 0.00 |") {
		t.Errorf("rows %q; want one with its figures, in:\n%s", rows, out.String())
	}
}

func TestFlagsThatMakeNoSenseAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"-rounds 0":       "-rounds 0",
		"-time 1500ms":    "-time 1.5s",
		"-time 0s":        "-time 0s",
		"-connections 0":  "-connections 0",
		"wrk":             "only flags",
		"-server-cpus 9x": "server CPUs",
	} {
		var out strings.Builder
		err := command(t.Context(), strings.Fields(args), nil, &out)
		if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "cannot pin") {
			t.Errorf("%s: %v, want an error about %q", args, err, want)
		}
	}
}

// prepared is a result about to be measured, short.
func prepared(t *testing.T, rounds int) result {
	t.Helper()
	sides, err := bench.ParseSides("", "")
	if err != nil {
		t.Fatal(err)
	}
	r := result{rounds: rounds}
	r.env.Server, r.env.Driver = sides.Server, sides.Driver
	r.task = task{Connections: 4, Threads: sides.Driver.GOMAXPROCS, Length: 50 * time.Millisecond}
	return r
}

// It catches rounds that are blocks, a twin that is lost, and a warm-up that counts.
func TestGeneratorsRunInTurn(t *testing.T) {
	us, err := own()
	if err != nil {
		t.Fatal(err)
	}
	second := faking(t, "asks")
	second.name = "second"
	r := prepared(t, 2)
	if err := r.measure(t.Context(), us, []generator{faking(t, "asks"), second}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range r.runs {
		got = append(got, fmt.Sprintf("%d %s %v", one.round, one.name, one.twin))
		if one.cpu() <= 0 || one.Requests < 1 || one.server <= 0 && one.name == ownName {
			t.Errorf("%+v", one)
		}
	}
	want := []string{
		"0 asks false", "0 poolbench false", "0 asks true", "0 second false",
		"1 asks false", "1 poolbench false", "1 asks true", "1 second false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("runs %q,\nwant %q", got, want)
	}
	if r.baseline() != "asks" || len(r.versions) != 3 || r.versions[0].name != ownName {
		t.Errorf("baseline %s, versions %v", r.baseline(), r.versions)
	}
}

func TestTheCPUTimeIsTheGenerators(t *testing.T) {
	r := prepared(t, 1)
	_, cost, err := faking(t, "burns").load(t.Context(), r.env.Driver.CPUs, r.task)
	if err != nil {
		t.Fatal(err)
	}
	if cost.cpu() < burned || cost.user <= 0 {
		t.Errorf("%v of CPU time, %v user; it has burned %v", cost.cpu(), cost.user, burned)
	}
}

func TestAGeneratorThatGoesWrongIsAnError(t *testing.T) {
	for role, want := range map[string]string{
		"fails":      "said before it failed",
		"is refused": "not one request was answered, 5 failed",
		"babbles":    "what babbles says",
	} {
		if _, _, err := faking(t, role).load(t.Context(), nil, task{Threads: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", role, err, want)
		}
	}
}

func TestInterruptedNothingGoesOn(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	generatorEnded := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		interrupt()
		if err == nil {
			_, err = conn.Read(make([]byte, 1)) // until the process that holds the other end is gone
		}
		generatorEnded <- err
	}()
	_, _, err = faking(t, "never ends").load(ctx, nil, task{Target: ln.Addr().String(), Threads: 1, Length: time.Hour})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := <-generatorEnded; err == nil {
		t.Error("the generator said something")
	}
}
