"""Keeping players' words out of the logs: Rasa prints every message at debug, through logging and through structlog."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

#: What Rasa logs below this level is dropped; from it on it logs no message texts.
_LEVEL = logging.ERROR


class _NothingBelowLevel(logging.Filter):
    """Drops what is below the level, whatever the loggers' own levels are set to later."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= _LEVEL


def silence_rasa() -> None:
    """Before Rasa is imported: no telemetry, no progress bars, no notices of its libraries."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TQDM_DISABLE", "1")
    logging.getLogger("rasa").setLevel(_LEVEL)


def silence_loaded_rasa() -> None:
    """After Rasa is imported: filters on each of its loggers, which no level and no configuration set later undoes."""
    for name in list(logging.root.manager.loggerDict):
        if _is_rasa(name):
            logger = logging.getLogger(name)
            if not any(isinstance(item, _NothingBelowLevel) for item in logger.filters):
                logger.addFilter(_NothingBelowLevel())
    strict = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr), wrapper_class=structlog.make_filtering_bound_logger(_LEVEL)
    )
    for name, module in list(sys.modules.items()):
        if _is_rasa(name) and hasattr(module, "structlogger"):
            setattr(module, "structlogger", strict)  # noqa: B010  (mypy knows no such attribute)


@contextmanager
def without_warnings() -> Iterator[None]:
    """Swallow the warnings of Rasa and its dependencies, some of which switch them on: none of them is ours to mend."""
    with warnings.catch_warnings(record=True):
        yield


def _is_rasa(name: str) -> bool:
    return name == "rasa" or name.startswith("rasa.")
