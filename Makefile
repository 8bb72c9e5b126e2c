# `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
export PYTHONUNBUFFERED := 1
# Rasa's telemetry and TensorFlow's notices are of no use here.
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
-include .env
export

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install everything (incremental)
	@deploy/setup.sh

.PHONY: setup-dev
setup-dev:
	@deploy/setup.sh dev

.PHONY: train
train: setup ## train the model and build the FAQ index from data/ and faq_index/ (incremental)
	@$(PYTHON) -m bot.train

.PHONY: run
run: train ## start everything and print the addresses
	@exec $(PYTHON) -m deploy.supervise

.PHONY: shell
shell: train ## talk to the bot in the terminal
	@$(PYTHON) -m bot.shell

.PHONY: check
check: setup ## check the content (data/, faq_index/)
	@$(PYTHON) -m faq_index check
	@$(PYTHON) -m suggest.check

.PHONY: admin
admin: setup ## create an admin's account for the desk (asks for a password)
	@$(PYTHON) -m handoff.accounts create --name admin --role admin --display 管理员

.PHONY: lint
lint: setup-dev ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

.PHONY: test
test: setup-dev train ## all tests, the real browser included
	@$(PYTHON) -m faq_index check
	@$(PYTHON) -m suggest.check
	@$(PYTHON) -m pytest

.PHONY: test-unit
test-unit: setup-dev ## tests that need no service and no model
	@$(PYTHON) -m pytest tests/unit

.PHONY: bench
bench: train ## speed and memory, beside each other (starts its own stack)
	@$(PYTHON) -m bench
