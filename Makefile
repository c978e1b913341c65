# make run    everything installed, then a demo hall
# make test   everything installed, then all checks and tests
.PHONY: run test lock
.DEFAULT_GOAL := run

.venv/ready: deploy/install requirements.lock tests/emupos.lock pyproject.toml
	deploy/install

run: .venv/ready
	.venv/bin/bianmin demo $(ARGS)

test: .venv/ready
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# After changing dependencies in pyproject.toml. The lock must not name a package index.
lock: .venv/ready
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet -o requirements.lock
