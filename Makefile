# twiliofs: see README.md. `make` lists what can be made.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

manuals = man/twiliofs.1 man/twilio-simulator.1
scripts = .ci/run scripts/demo scripts/fuzz scripts/install-dependencies scripts/lint scripts/make-media scripts/test \
	scripts/test-fresh scripts/test-sanitized Benchmarks/rows/tutorial.sh Tests/Scripts/own_devices.sh Tests/Scripts/user_mount.sh
python = Benchmarks Tests/Scripts scripts/lint-python scripts/train-dictionary scripts/mutate scripts/mutation
swift_files = Package.swift Sources Tests Fuzz

.PHONY: help dependencies build-dependencies demo-dependencies build release demo test test-fresh test-tsan test-asan \
	fuzz mutate bench bench-catalog bench-compare bench-programs chaos chaos-programs measurement lint format install clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dependencies: ## Install what building, the demo, the tests and the checks need (Debian, Ubuntu)
	@scripts/install-dependencies

build-dependencies:
	@scripts/install-dependencies build

demo-dependencies:
	@scripts/install-dependencies demo

build: build-dependencies ## Build twiliofs and twilio-simulator for debugging
	$(SWIFT) build

# Swift's libraries go into the program, so that it runs on a machine without Swift.
release: build-dependencies ## Build twiliofs for use, without the simulator
	$(SWIFT) build -c release --product twiliofs --static-swift-stdlib

demo: demo-dependencies build ## Mount a simulated account, play, seek and copy; KEEP=1 leaves it mounted
	@KEEP='$(KEEP)' scripts/demo

test: dependencies ## Build and run every test
	$(SWIFT) build --build-tests
	@SWIFT='$(SWIFT)' scripts/test

test-fresh: ## Run the demo and every test in a bare Debian that has only Swift; needs root
	@scripts/install-dependencies fresh
	@scripts/test-fresh

test-tsan: dependencies ## Build and run every test with ThreadSanitizer, in mounts too; FILTER=… for some
	@SWIFT='$(SWIFT)' scripts/test-sanitized thread '$(FILTER)'

test-asan: dependencies ## The same with AddressSanitizer
	@SWIFT='$(SWIFT)' scripts/test-sanitized address '$(FILTER)'

SECONDS = 60
fuzz: build-dependencies ## Give made-up bytes to every parser, SECONDS=60 each; TARGETS="name …" for some, JOBS=n
	@SWIFT='$(SWIFT)' JOBS='$(JOBS)' scripts/fuzz $(SECONDS) $(TARGETS)

mutate: dependencies ## Break MODULE=Envelope|Media|Catalog in one place at a time, and run its tests; SEED, COUNT
	@scripts/mutate $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) $(MODULE)

# The programs as they are used, Swift's libraries in them: what is measured is what `make release` makes.
bench: table = speed
bench: measurement ## Measure speed and memory against other programs; QUICK=1 for a short run, ROWS=name,… for some rows

bench-catalog: table = catalog
bench-catalog: measurement ## Measure listing, sizes and backups of a million recordings; QUICK=1 and ROWS=name,… as for bench

# What a row is chosen with is printed: SEED has it chosen again.
chaos: table = chaos
chaos: chaos-programs measurement ## Let everything go wrong; SEED=n for the same again, QUICK=1 and ROWS=name,… as for bench

chaos-programs: bench-programs
	$(SWIFT) build -c release --product read-exerciser --static-swift-stdlib

measurement: bench-programs
	$(SWIFT) build -c release --product twiliofs --static-swift-stdlib
	@QUICK='$(QUICK)' ROWS='$(ROWS)' SEED='$(SEED)' SOAK='$(SOAK)' python3 -B Benchmarks/run.py $(table)

# Two programs, whose runs take turns: a difference between them is none between two hours.
bench-compare: bench-programs ## Compare BEFORE=path/to/twiliofs with AFTER=path/to/twiliofs; ROWS, RUNS, QUICK, LIMIT=percent
	@QUICK='$(QUICK)' ROWS='$(ROWS)' RUNS='$(RUNS)' LIMIT='$(LIMIT)' \
		python3 -B Benchmarks/compare.py '$(BEFORE)' '$(AFTER)'

bench-programs:
	@scripts/install-dependencies bench
	$(SWIFT) build -c release --product twilio-simulator --static-swift-stdlib

lint: ## Check layout, manual pages and scripts
	@scripts/lint "$(SWIFT)" "$(swift_files)" "$(manuals)" "$(scripts)" "$(python)"

format: ## Lay out the Swift code
	$(SWIFT) format -i -r $(swift_files)

# Builds nothing, so that it can be run as root after `make release` as somebody else.
install: ## Install what `make release` has built, below PREFIX (default /usr/local) and DESTDIR
	@test -x .build/release/twiliofs || { echo "nothing to install yet: run 'make release' first" >&2; exit 1; }
	install -D -m 755 .build/release/twiliofs "$(DESTDIR)$(PREFIX)/bin/twiliofs"
	install -D -m 644 man/twiliofs.1 "$(DESTDIR)$(PREFIX)/share/man/man1/twiliofs.1"
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' packaging/systemd/twiliofs@.service \
		>"$(DESTDIR)$(PREFIX)/lib/systemd/system/twiliofs@.service"

clean: ## Remove what was built
	rm -rf .build
