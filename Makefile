# poolbench. `make help` lists what there is.

GO ?= go

# These go over pixels and bytes that whoever calls them has made in the same goroutine. Compiled for the race detector they take
# about three quarters of the time of each test that draws; whoever calls them is compiled for it, and so are the fonts, which can be shared.
PIXELWISE := compress/flate image image/png github.com/golang/freetype/raster

# The race detector needs cgo and a C compiler; without one the tests run all the same.
CC := $(or $(shell $(GO) env CC),cc)
RACE := $(shell command -v $(firstword $(CC)) >/dev/null 2>&1 && echo '-race $(PIXELWISE:%=-gcflags=%=-race=false)')

# These packages hold measurements against what is true, or run whole suites: one after the other, when nothing else does.
MEASURING := /bench$$|/bench/(cli|benchtest|internal/load|internal/server)$$|/examples$$

# These calculate and draw in one goroutine: the race detector has nothing to find there, and makes them take four to eight
# times as long. A test at the root fails if a goroutine, a lock or a promise to be shared gets into one of them.
RACELESS := /bench/(compare|export|gate|report|stat|steady|suitefile|suites)$$

.PHONY: help build test lint bench plots report reference soak crosscheck driver check smoke cross

help: ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

build: ## build the command into ./poolbench
	$(GO) build -o poolbench ./cmd/poolbench

test: ## run the tests, under the race detector where there are goroutines and a C compiler is present
	@$(if $(RACE),,echo "no C compiler ($(CC)) found: testing without the race detector")
	$(GO) test -timeout 15m $$($(GO) list ./... | grep -E '$(RACELESS)')
	$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) -timeout 15m $$($(GO) list ./... | grep -vE '$(RACELESS)|$(MEASURING)')
	$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) -timeout 15m -p 1 $$($(GO) list ./... | grep -E '$(MEASURING)')

lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w these files:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

bench: ## run the Go benchmarks (half a minute)
	$(GO) test -run '^$$' -bench ./...

# The command is built, and not run by go, which would leave none behind for the commands that it names, and make 1 of its exit codes.
plots: build ## measure the quick suite, and write verdict, report and plots to results/latest (four minutes)
	@./poolbench run || { code=$$?; test $$code -ne 4 || echo 'No plots can be trusted: the machine did other things while it was measured. ./poolbench doctor says which; then make plots again.' >&2; exit $$code; }

report: ## write report and plots of results/latest again, without measuring
	$(GO) run ./cmd/poolbench report

reference: ## measure results/reference anew: standard, driver, crosscheck; then look at it and commit it with README (25 minutes, on an idle machine)
	@test ! -e results/reference-new || { echo "results/reference-new is of a try that did not end: move it away first"; exit 1; }
	@git diff --quiet HEAD || { echo "commit what was changed first: the reference names the commit that it was measured with, and takes the place of the old one"; exit 1; }
	$(GO) run ./cmd/poolbench run --suite standard --name reference-new
	$(MAKE) -s driver > results/reference-new/driver.txt
	$(MAKE) -s crosscheck > results/reference-new/crosscheck.md
	rm -rf results/reference
	mv results/reference-new results/reference
	ln -sfn reference results/latest
	$(GO) test . -run README -update

SOAK ?= 20m

soak: ## repeat the strategies' conformance rows in random order, then the truth tests, each for SOAK (20m)
	$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) -run TestSoak -timeout 0 ./strategies/all -soak $(SOAK)
	$(GO) test -run TestSoak -timeout 0 ./bench -soak $(SOAK)

crosscheck: ## compare the driver with wrk, h2load and ab, those that are in PATH, as Markdown (two minutes, on an idle machine)
	@$(GO) run ./bench/crosscheck

driver: ## print what the driver promises: pacing, cost, connections (two minutes, on an idle machine)
	$(GO) test -run '^$$' -bench Ceiling -benchtime 3x ./bench
	$(GO) test -run '^$$' -bench 'Pacing|Connections' -benchtime 3x ./bench

check: lint test smoke cross ## what CI runs: lint, tests, a smoke run of everything, builds for other systems

# One short pass through benchmarks, measuring, drawing: it shows that they work, not how fast anything is.
smoke:
	$(GO) test -run '^$$' -bench ./... -benchtime 20x .
	rm -rf .smoke
	$(GO) run ./cmd/poolbench run --results .smoke --name run --repetitions 1 --warm-up 20ms --window 100ms --interleaved 5ms
	$(GO) run ./cmd/poolbench plot .smoke/run
	$(GO) run ./cmd/poolbench report .smoke/latest
	rm -rf .smoke

cross:
	GOOS=darwin $(GO) build ./...
	GOOS=windows $(GO) build ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
