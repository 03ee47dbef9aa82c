# `make` alone lists the commands. Each of them sets up what it needs.

PYTHON ?= python3
TORCH ?= 2.13.0

VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip --disable-pip-version-check

# Each stamp stands for something finished, and is as new as that.
INSTALLED := $(VENV)/installed.stamp
BROWSER := $(VENV)/browser.stamp
BROWSERS := $(VENV)/browsers.stamp
BOOK := _build/book.stamp
COLAB := _build/colab/installed.stamp

BOOK_FILES := $(shell find _config.yml _toc.yml intro.md _ext _static \
	_templates chapters d2lattn benchmarks -type f ! -path '*/__pycache__/*' \
	! -path '*/.ipynb_checkpoints/*' 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test browsers lab lint hooks links record train shake mirror \
	colab live publish-to pins clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

book: $(BOOK) ## build the book, with warnings as errors
	@echo "The book is in _build/html/index.html"

test: $(INSTALLED) $(BROWSER) $(BOOK) ## build the book and run every test
	$(BIN)/python -m pytest -n auto

browsers: $(BROWSERS) $(BOOK) ## work every figure in three browsers
	$(BIN)/python -m pytest -m on_request tests/book/test_browsers.py

lab: $(INSTALLED) ## open the chapters in JupyterLab
	$(BIN)/jupyter-lab --ServerApp.ip=127.0.0.1 $(LAB) chapters

lint: $(INSTALLED) ## check what can be checked without running the book
	$(BIN)/python tools/lint.py

hooks: $(INSTALLED) ## have git run make lint before each commit
	$(BIN)/pre-commit install

record: $(INSTALLED) ## run the chapters and record their outputs
	$(BIN)/python tools/record.py

train: $(INSTALLED) ## train the chapters' models and put them on the shelf
	$(BIN)/python tools/train.py

shake: $(INSTALLED) ## run the chapters as other machines would compute them
	$(BIN)/python tools/shake.py $(SHAKE)

links: $(INSTALLED) ## ask other hosts whether the book's links still work
	$(BIN)/python tools/links.py

mirror: $(INSTALLED) ## fill the chapters' mirror cells from the package
	$(BIN)/python tools/mirror.py --write

colab: $(INSTALLED) $(BROWSER) $(COLAB) ## run every chapter as in Colab
	$(BIN)/python -m pytest -m on_request tests/book/test_colab.py

live: $(INSTALLED) $(BROWSER) ## run every chapter in JupyterLab
	$(BIN)/python -m pytest -m on_request tests/book/test_live.py

publish-to: $(INSTALLED) ## say where the book is published: URL=https://...
	$(BIN)/python tools/publish.py $(URL)

# The newest releases that pyproject.toml allows, as they install together in
# an environment of their own. Only torch is chosen, since outputs depend on
# it. What it brings for one kind of GPU is left out; where that is needed,
# torch asks for it.
pins: ## pin the newest environment in requirements.txt
	rm -rf _build/pins build
	$(PYTHON) -m venv _build/pins
	_build/pins/bin/python $(PIP) install '.[book,test]' torch==$(TORCH)
	_build/pins/bin/python $(PIP) freeze --exclude d2lattn > _build/pins/all
	{ echo '# The environment that the recorded outputs come from.'; \
		echo '# Made by `make pins` from the bounds in pyproject.toml.'; \
		grep -Ev '^(cuda|nvidia|triton)' _build/pins/all \
		| sed 's/+[^ ]*$$//'; } > requirements.txt
	rm -rf _build/pins build

clean: ## remove the built book
	rm -rf _build build .pytest_cache .ruff_cache

distclean: clean ## remove the environment, too
	rm -rf $(VENV) *.egg-info

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(\
	"This book needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name a newer \
	one: make PYTHON=python3.12 $(MAKECMDGOALS)" % v[:2])'
	$(BIN)/python $(PIP) --version 2>/dev/null \
		|| $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python $(PIP) install -r requirements.txt \
		&& $(BIN)/python $(PIP) install --no-deps -e . \
		|| { echo 'pip could not install what this book needs.' \
			'Is there a network, and room on the disk?' \
			'The same command goes on from here.'; exit 1; }
	$(BIN)/python $(PIP) check
	@touch $@

# Colab's packages, and none of this book's.
$(COLAB): tests/book/colab.txt requirements.txt
	rm -rf _build/colab
	$(PYTHON) -m venv _build/colab
	_build/colab/bin/python $(PIP) install -r tests/book/colab.txt \
		torch==$(TORCH)
	@touch $@

# The tests take the chromium on the path, or else Playwright's. On Debian, root
# installs Debian's.
$(BROWSER): $(INSTALLED)
	@command -v chromium || { test "$$(id -u)" = 0 \
		&& grep -qs '^ID=debian' /etc/os-release \
		&& apt-get update \
		&& DEBIAN_FRONTEND=noninteractive apt-get install --yes \
			--no-install-recommends chromium fonts-liberation; } \
		|| $(BIN)/playwright install chromium
	@touch $@

# Firefox and WebKit, in the same way.
$(BROWSERS): $(BROWSER)
	@{ command -v firefox-esr && command -v WebKitWebDriver; } || { test "$$(id -u)" = 0 \
		&& grep -qs '^ID=debian' /etc/os-release \
		&& apt-get update \
		&& DEBIAN_FRONTEND=noninteractive apt-get install --yes \
			--no-install-recommends firefox-esr webkit2gtk-driver \
			gir1.2-webkit2-4.1 python3-gi xvfb; } \
		|| $(BIN)/playwright install firefox webkit
	@touch $@

# A page shows what the package computes, so a new package makes all pages anew;
# only where nothing but chapters changed do the others stay as they are. A
# failed build must leave no pages that the next one would take for checked.
$(BOOK): $(INSTALLED) $(BOOK_FILES)
	@$(BIN)/python tools/ready.py
	$(BIN)/jupyter-book build . -n -W --keep-going \
		$(if $(filter-out chapters/%,$?),--all) \
		|| { $(BIN)/python tools/ready.py --failed; \
			rm -rf _build/.doctrees; exit 1; }
	@touch $@
