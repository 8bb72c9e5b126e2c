"""Structured logs without anybody's words in them. Configure before Rasa is imported: it prints messages at debug."""

from __future__ import annotations

import logging
import sys

import structlog

_TALKATIVE = ("rasa", "rasa_sdk", "jieba", "matplotlib", "tensorflow", "absl", "asyncio", "urllib3", "apscheduler")


def configure(level: str, process: str) -> structlog.stdlib.BoundLogger:
    """JSON lines on standard error; libraries that log players' texts are kept at warnings."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s", force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(process=process)
    return logger
