# The only door to the workspace: people and CI call these targets and nothing else. `make` prints the table.
SHELL := bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.work/cargo/bin:$(PATH)

.PHONY: help
help: ## This table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: mcp-up mcp-down mcp-logs memory-up
mcp-up: ## Build the `mcp` command and serve in the background (MCP_LISTEN, default 127.0.0.1:8080)
	@scripts/mcp up
mcp-down: ## Stop what mcp-up started
	@scripts/mcp down
mcp-logs: ## Show the log of mcp-up (FOLLOW=1 keeps reading)
	@scripts/mcp logs
memory-up: ## Serve a memory in the foreground (MCP_LISTEN, MEMORY_DIRECTORY; default 127.0.0.1:8080, .work/memory)
	cargo run --release --package example-memory-server -- --listen $(or $(MCP_LISTEN),127.0.0.1:8080) --directory $(or $(MEMORY_DIRECTORY),.work/memory)

.PHONY: check lint-scripts book test unit interop conformance features deny
check: lint-scripts ## Formatting, clippy and rustdoc with warnings as errors, scripts, documents
	docs/check
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps
lint-scripts: ## Syntax of the shell and Python scripts
	@scripts/lint-scripts
book: ## The documents as a book, below target/book
	@scripts/tools mdbook >/dev/null
	mdbook build docs
	docs/check --book target/book
test: unit interop ## Unit, integration and doc tests, then real third-party clients and servers
	python3 -m unittest discover --start-directory conformance --quiet
	python3 -m unittest discover --start-directory benches/locomo --quiet
	python3 -m unittest discover --start-directory docs --quiet
unit: ## Only the Rust tests of `make test`
	@scripts/tools nextest >/dev/null
	@MCP_TEST_POSTGRES_URL=$$(scripts/postgres) && export MCP_TEST_POSTGRES_URL || unset MCP_TEST_POSTGRES_URL; \
	MCP_TEST_MINILM=$$(scripts/minilm) && export MCP_TEST_MINILM || unset MCP_TEST_MINILM; \
	MCP_TEST_SKILLS_REF=$$(scripts/skills-ref) && export MCP_TEST_SKILLS_REF || unset MCP_TEST_SKILLS_REF; \
	MCP_TEST_MINIFLARE=$$(scripts/tools miniflare) && export MCP_TEST_MINIFLARE || unset MCP_TEST_MINIFLARE; set -x; cargo nextest run --workspace --all-features
	cargo test --workspace --all-features --doc
interop: ## Only the examples, third-party clients and servers, and the Python wheel of `make test`
	interop/examples
	interop/run
	interop/servers
	interop/oauth
	interop/operations
	interop/deploy
	interop/runbooks
	interop/terminal
	interop/package
	interop/tls
	interop/recovery
	interop/secrets
	bindings/python/check
conformance: ## The official conformance suite, every check judged
	conformance/run
features: ## Each feature of each crate alone, none, and all
	scripts/features
deny: ## Licences, bans, sources and advisories of all dependencies
	scripts/deny

.PHONY: bench fuzz soak
bench: ## Benchmarks against peers, as a Markdown report
	@scripts/optional benches/run "no benchmark runner yet"
fuzz: ## Every fuzz target for FUZZ_SECONDS (default 60)
	scripts/fuzz $(or $(FUZZ_SECONDS),60)
soak: ## The long runs: ten minutes of each fuzz target, then the tests named soak at full length
	scripts/fuzz 600
	@scripts/tools nextest >/dev/null
	MCP_SOAK=1 cargo nextest run --workspace --all-features --run-ignored all -E 'test(soak)'
