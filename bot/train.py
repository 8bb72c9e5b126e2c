"""`python -m bot.train`: from content to a running bot's release, doing only what has changed.

    content check → generated rules → encoder → index → classifier → policy → tone → Rasa model → release → switch
                                    ↘ completion

Our parts are made by a second process, which reads what it needs while the first one checks the content and makes what
completion serves from. Rasa is imported and trained only when something else than the content's texts has changed (bot.frame).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from bot.archive import quick_archives
from bot.frame import FRAMES, fill_frame, keep_frame
from bot.logic.artifacts import Artifacts, make_artifacts, plan_artifacts, using
from bot.logic.lean_imports import lean_imports
from bot.logic.progress import tell
from bot.logic.quiet import silence_loaded_rasa, silence_rasa, without_warnings
from bot.release import Manifest, Release, ReleaseError, load_release, make_release
from bot.rules import STORIES, generate
from common import fingerprint
from common.content import LEXICON, Content, load_content
from common.errors import SupportError
from common.traffic import load_traffic
from faq_index.build import Workshop, checked_content, encoder_setting
from faq_index.lexicon import lexicon_fingerprint
from faq_index.library import Library
from faq_index.words import cut, load_dictionaries
from suggest.tables import COMPLETION_FILE, Tables

#: What completion has taken texts apart into (suggest.kept), and what decides how.
UNITS = Path("models/completion")
_CODE = Path(__file__).parent.parent
_UNITS_CODE = [_CODE / name for name in ("common/text.py", "suggest/phrases.py", "suggest/kept.py", "requirements.txt")]

#: The content's texts, and code, which only our own parts are made of.
_TEXTS = (
    "data/nlu/**/*",
    "data/scenarios.yml",
    "data/tone/**/*",
    "faq_index/**/*.yml",
    "faq_index/asked/**/*.tsv",
    "evals/sets/*.calibration.jsonl",
    "suggest/*.py",
)
#: What else a release depends on. Anything under data/ may be a story or a lexicon; all code may shape a model.
_INPUTS = (
    *_TEXTS,
    "config.yml",
    "domain.yml",
    "data/**/*",
    "faq_index/ranker.json",
    "faq_index/*.py",
    "bot/components/*.py",
    "bot/logic/*.py",
    "bot/rules.py",
    "bot/frame.py",
    "common/text.py",
    "common/content.py",
    "common/held_out.py",
    "common/labelled.py",
    "common/yaml_items.py",
    "requirements.txt",
)


def main(argv: list[str] | None = None) -> int:
    """Train what has changed; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.train", description="Train the bot and switch to the result.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    parser.add_argument("--force", action="store_true", help="train even if nothing has changed")
    parser.add_argument(
        "--report", action="store_true", help="print how good the current release is, and train nothing"
    )
    parser.add_argument("--parts", action="store_true", help="make only our own parts, not Rasa's")
    parser.add_argument(
        "--when-told", action="store_true", help="with --parts: make them when a line comes on standard input"
    )
    arguments = parser.parse_args(argv)
    try:
        if arguments.report:
            from bot.report import print_report

            print_report(load_release(arguments.root))
        elif arguments.parts:
            _make_parts(arguments.root, arguments.force, arguments.when_told)
        else:
            train(arguments.root, arguments.force)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def train(root: Path, force: bool = False) -> Release:
    """The release for the content under `root`, trained if there is none yet."""
    current = _current(root)
    if not force and current is not None and current.manifest.inputs == inputs_hash(root):
        tell(f"nothing has changed: {current.folder.name}")
        return current
    with _parts_process(root, force) as parts:
        content = checked_content(root)
        tell(f"content is good: {len(content.utterances)} utterances, {len(content.entries)} entries")
        if generate(root):
            tell("rules written")
        _let_go(parts)
        inputs, frame = inputs_hash(root), root / FRAMES / frame_hash(root, content)
        known = frame.exists() and not force
        if not known:
            tell("importing Rasa")
            _import_rasa()
        completion = _completion(root, content)
        if parts.wait():
            raise ReleaseError("our own parts could not be made (see above)")
    artifacts = plan_artifacts(root, content)

    def make_model(path: Path) -> None:
        completion.save(path.with_name(COMPLETION_FILE))
        if known:
            tell("putting the parts into the model")
            fill_frame(frame, artifacts, path)
            return
        tell("training Rasa")
        _train_rasa(root, path, content, force)
        keep_frame(root, frame.name, path)

    with using(artifacts):
        release = make_release(root, lambda: _manifest(root, artifacts, inputs), make_model)
    tell(f"serving {release.folder.name}")
    return release


def inputs_hash(root: Path) -> str:
    """A hash of everything a release depends on."""
    return fingerprint.of_parts(_hash(root, _files(root, _INPUTS)), encoder_setting())


def frame_hash(root: Path, content: Content) -> str:
    """A hash of everything that Rasa's own training depends on: of the utterances, only which intents have some."""
    intents = sorted({utterance.intent for utterance in content.utterances})
    return fingerprint.of_parts(_hash(root, _files(root, _INPUTS) - _files(root, _TEXTS)), intents)


def _completion(root: Path, content: Content) -> Tables:
    """What completion serves from."""
    from suggest.building import Sources, build_tables

    tell(f"completion of {len(content.entries)} entries")
    entries = Library.compile(content.entries, content.facts).entries()
    asked: dict[str, list[str]] = {}
    for one in content.asked:  # an utterance speaks for the entry that answers it best
        asked.setdefault(one.entries[0], []).append(one.text)
    traffic = load_traffic(root, content.scenario_ids)
    lexicon = root / LEXICON
    state = fingerprint.of_parts(lexicon_fingerprint(lexicon), fingerprint.of_files(_UNITS_CODE))
    kept = root / UNITS / f"{state}.pickle"
    return build_tables(Sources(entries, asked, traffic, lexicon, _cutter(lexicon / "jieba"), kept))


def _cutter(dictionaries: Path) -> Callable[[str], Iterator[tuple[str, int, int]]]:
    """Cuts a text; the dictionaries, which take seconds, are read only if there is one to cut."""
    load = lru_cache(maxsize=1)(load_dictionaries)

    def cut_known(text: str) -> Iterator[tuple[str, int, int]]:
        load(dictionaries)
        return cut(text)

    return cut_known


def _files(root: Path, patterns: Iterable[str]) -> set[Path]:
    return {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}


def _hash(root: Path, files: set[Path]) -> str:
    ordered = sorted(files)
    return fingerprint.of_parts([path.relative_to(root).as_posix() for path in ordered], fingerprint.of_files(ordered))


def _parts_process(root: Path, force: bool) -> subprocess.Popen[bytes]:
    """The process that makes our parts once it is told that the content is good; it ends when it is never told."""
    command = [sys.executable, "-m", "bot.train", "--parts", "--when-told", "--root", str(root)]
    return subprocess.Popen([*command, "--force"] if force else command, stdin=subprocess.PIPE)


def _let_go(parts: subprocess.Popen[bytes]) -> None:
    assert parts.stdin is not None
    with contextlib.suppress(BrokenPipeError), parts.stdin:  # a broken pipe: it has failed, and its exit status tells
        parts.stdin.write(b"go\n")


def _make_parts(root: Path, force: bool, when_told: bool) -> None:
    """Make our parts; read what that takes before waiting for the word."""
    workshop, content = Workshop(root), None
    if when_told:
        with contextlib.suppress(Exception):  # the content check tells what is wrong, or it comes up again below
            import bot.logic.fitting  # noqa: F401

            content = load_content(root)
            workshop.warm()
        if not sys.stdin.readline():
            return
    make_artifacts(root, tell, content=content, fresh=force, workshop=workshop)


def _current(root: Path) -> Release | None:
    try:
        return load_release(root)
    except ReleaseError:
        return None


def _manifest(root: Path, artifacts: Artifacts, inputs: str) -> Manifest:
    from datetime import datetime, timezone

    paths = (artifacts.faq.encoder, artifacts.faq.index, artifacts.classifier, artifacts.policy)
    encoder, faq, classifier, policy = (path.relative_to(root).as_posix() for path in paths)
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Manifest(inputs, encoder, faq, classifier, policy, created)


def one_example_each(content: Content) -> str:
    """A Rasa training file with the first utterance of each intent."""
    first = {utterance.intent: utterance.text for utterance in reversed(content.utterances)}
    blocks = (f"- intent: {intent}\n  examples: |\n    - {text}\n" for intent, text in sorted(first.items()))
    return 'version: "3.1"\nnlu:\n' + "".join(blocks)


def _import_rasa() -> None:
    silence_rasa()
    with lean_imports(), without_warnings():
        import rasa.model_training  # noqa: F401
        import spacy  # noqa: F401
    silence_loaded_rasa()


def _train_rasa(root: Path, model: Path, content: Content, force: bool) -> None:
    """Train in this process; what Rasa prints is shown only when it fails.

    Our components have their parts already. Rasa itself takes a minute and a half to read 14,000 examples three times,
    to sort out doubles and to hash them, so it gets one example of each intent.
    """
    import rasa.model_training
    from rasa.shared.exceptions import RasaException

    said = io.StringIO()
    before = Path.cwd()
    os.chdir(root)
    try:
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            without_warnings(),
            quick_archives(),
            tempfile.TemporaryDirectory() as folder,
        ):
            sample = Path(folder) / "nlu.yml"
            sample.write_text(one_example_each(content), encoding="utf-8")
            result = rasa.model_training.train(
                domain="domain.yml",
                config="config.yml",
                training_files=[STORIES.as_posix(), str(sample)],
                output=str(model.resolve().parent if model.is_absolute() else before / model.parent),
                fixed_model_name=model.name,
                force_training=force,
            )
    except (SystemExit, RasaException) as error:
        raise ReleaseError(f"Rasa gave up: {error.__cause__ or error}\n{said.getvalue()[-2_000:]}") from error
    finally:
        os.chdir(before)
    if result.code or not result.model:
        raise ReleaseError(f"Rasa trained no model (code {result.code}):\n{said.getvalue()}")


if __name__ == "__main__":
    raise SystemExit(main())
