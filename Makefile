# A short menu. The work is done by CMake presets and by the scripts in tools/.
.DEFAULT_GOAL := help
.PHONY: help setup build test crash-matrix peers demo up down image image-test check clean programs release dev controlplane \
  peers-servers former-version

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing (Debian packages, Go), or say what to install
	@tools/setup

build: setup ## release binaries in build/bin/
	@$(MAKE) --no-print-directory release

test: setup ## everything: unit, integration, control plane, end to end
	@$(MAKE) --no-print-directory -j4 controlplane peers-servers former-version dev
	ctest --preset dev || { tools/test-failures build/dev; exit 1; }
	@cat build/dev/numbers/*.txt # counts, times and memory that the tests have seen

crash-matrix: setup ## every operation, harmed at every point: the table alone
	@$(MAKE) --no-print-directory -j2 controlplane dev
	ctest --preset dev -j 2 -R 'crash-matrix'
	@tools/crash-matrix --print
	@cat build/dev/numbers/crash-matrix-*.txt

peers: setup ## every kind of registry in the same cases: the table alone
	@$(MAKE) --no-print-directory -j3 controlplane peers-servers dev
	ctest --preset dev -j 2 -R '^peers'
	@tools/peers-table build/dev/peers/*.json

demo: setup ## one ApiClient from apply to delete against real servers, then stop
	@tools/playground demo

up: setup ## a playground that stays: API server, registry (ports 9080, 9081), operator
	@tools/playground up

down: ## end the playground
	@tools/playground down

image: setup ## the image with its SBOM in build/image, by docker or podman or without either
	@tools/image build
	@tools/image sbom

image-test: setup ## the image of the last `make image`: what is in it, and the way of the chart with it
	@$(MAKE) --no-print-directory -j2 controlplane peers-servers
	@tools/image test

check: setup ## format, layers, clang-tidy
	@tools/check --tidy

clean: down ## remove build/; the control plane's cache outside the work tree stays
	rm -rf build

# Parts of the above. The builds run side by side: while one downloads or links, the other compiles.
programs: setup
	@$(MAKE) --no-print-directory -j2 controlplane release

release:
	cmake --preset release
	cmake --build --preset release

dev:
	cmake --preset dev
	cmake --build --preset dev

controlplane:
	@nice -n 5 tools/controlplane build >/dev/null

peers-servers:
	@nice -n 10 tools/peers build >/dev/null

# Where it cannot be had, its test is not there either, and the numbers say so.
former-version:
	@! tools/former-version check >/dev/null || nice -n 15 tools/former-version build >/dev/null
