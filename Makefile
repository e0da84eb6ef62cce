# Needs python3 (3.11 or later), git and make; everything else goes into .venv.
#   make lesson                      run the first lesson, pages in _lessons/
#   make lesson LESSON=33_sampling   another one; LESSON=all for every one
#   make test                        what is quick
#   make test-heavy                  what takes long: lessons that train, some tests
#   make test-all                    everything, those and the slow tests too
#   make bench                       our loop beside the pipeline of diffusers, in figures
#   make docs                        the docs site, in _site/html
#   make docs-test                   the same in a real browser; needs a Chromium (apt install chromium)
#   make run LESSON=33_sampling      run a lesson and save its outputs in nbs/
#   make lint                        long lines and other things a reader stumbles over, and the modules, counted
#   make home GITHUB=alice/sdcourse  write a new address into badges, README, settings and docs
PYTHON ?= python3
LESSON ?= 10_pipelines
ARGS   ?=
BIN    := .venv/bin
# what the environment was made from; by content, because nbdev touches pyproject.toml
MADE   := $(shell cat settings.ini pyproject.toml setup.py constraints.txt | cksum | cut -d' ' -f1)
STAMP  := .venv/.made-from-$(MADE)
DOCS   := .venv/.docs-from-$(MADE)

.PHONY: help lesson run lint home test test-heavy test-all bench docs docs-test venv export readme train clean
help:
	@sed -n '2,12s/^#   //p' Makefile
	@echo "make venv | export | readme | train | clean"

venv: $(STAMP)

# made once; made anew when the requirements change
$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3,11) and "sdcourse needs Python 3.11 or later, but $(PYTHON) is %d.%d. Name a newer one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "making .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing PyTorch into .venv (once, some minutes)"
	@$(BIN)/python -m pip install -q "$$(grep '^torch==' constraints.txt)"
	@echo "installing the rest"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	@rm -f .venv/.made-from-* && touch $(STAMP)

lesson: $(STAMP)
	@$(BIN)/python tools/lessons.py $(LESSON)

run: $(STAMP)
	@HF_HUB_OFFLINE=$${HF_HUB_OFFLINE-1} $(BIN)/python tools/lessons.py $(LESSON) --save

lint: $(STAMP)
	@$(BIN)/python tools/lint.py $(ARGS)
	@$(BIN)/python tools/lint.py --house
	@$(BIN)/python -m ruff check --select E702,E703,F821,F841 nbs sdcourse tools tests --statistics --exit-zero

home:
	@$(PYTHON) tools/home.py $(GITHUB)

# e.g. make test ARGS='tests/test_imports.py'
test: $(STAMP)
	@HF_HUB_OFFLINE=$${HF_HUB_OFFLINE-1} $(BIN)/python -m pytest $(ARGS)

# the lessons that train, on their own; what `.ci/run` runs after `make test`
test-heavy: $(STAMP)
	@HF_HUB_OFFLINE=$${HF_HUB_OFFLINE-1} $(BIN)/python -m pytest -m heavy $(ARGS)

test-all: $(STAMP)
	@HF_HUB_OFFLINE=$${HF_HUB_OFFLINE-1} $(BIN)/python -m pytest -m 'slow or not slow' $(ARGS)

# e.g. make bench ARGS=--quick
bench: $(STAMP)
	@HF_HUB_OFFLINE=$${HF_HUB_OFFLINE-1} $(BIN)/python tools/bench.py $(ARGS)

# what only the site needs
$(DOCS): $(STAMP)
	@echo "installing what the docs need"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q -c constraints.txt -e '.[docs]'
	@rm -f .venv/.docs-from-* && touch $(DOCS)

docs: $(DOCS)
	@$(BIN)/python tools/docs.py

# e.g. make docs-test ARGS='-k search'; pictures of what was seen are in _site/shots
docs-test: $(DOCS)
	@$(BIN)/python docs/browser.py   # says what to do if there is no Chromium
	@$(MAKE) --no-print-directory docs
	@$(BIN)/python -m pytest docs/test_site.py docs/test_live.py docs/test_lab.py $(ARGS)

# after editing a notebook: the modules, the clean notebooks, the README
export: $(STAMP)
	$(BIN)/nbdev-export && $(BIN)/nbdev-clean && $(BIN)/python tools/readme.py

readme: $(STAMP)
	$(BIN)/python tools/readme.py

# e.g. make train ARGS='--stage unet --size cpu --minutes 60 --resume'
train: $(STAMP)
	$(BIN)/python -m sdcourse.recipe $(ARGS)

clean:
	rm -rf .venv _lessons _proc _site build dist *.egg-info .pytest_cache
