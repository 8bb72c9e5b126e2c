"""`python -m bot.train`: from content to a running bot's release, doing only what has changed.

    content check → generated rules → encoder → index → classifier → policy → Rasa model → release → switch

Importing Rasa takes longer than all of ours: encoder, index and classifier are made by a second process meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.archive import quick_archives
from bot.logic.artifacts import Artifacts, make_artifacts, plan_artifacts, using
from bot.logic.lean_imports import lean_imports
from bot.logic.progress import tell
from bot.logic.quiet import silence_loaded_rasa, silence_rasa, without_warnings
from bot.release import Manifest, Release, ReleaseError, load_release, make_release
from bot.rules import STORIES, generate
from common import fingerprint
from common.content import Content
from common.errors import SupportError
from faq_index.build import checked_content, encoder_setting

#: What a release depends on. Anything under data/ may be a story or a lexicon; all code may shape a model.
_INPUTS = (
    "config.yml",
    "domain.yml",
    "data/**/*",
    "faq_index/**/*.yml",
    "faq_index/asked/**/*.tsv",
    "faq_index/ranker.json",
    "evals/sets/*.calibration.jsonl",
    "faq_index/*.py",
    "bot/components/*.py",
    "bot/logic/*.py",
    "bot/rules.py",
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
    parser.add_argument("--parts", action="store_true", help="make only encoder, index and classifier")
    arguments = parser.parse_args(argv)
    try:
        if arguments.report:
            from bot.report import print_report

            print_report(load_release(arguments.root))
        elif arguments.parts:
            make_artifacts(arguments.root, tell, fresh=arguments.force)
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
    content = checked_content(root)
    tell(f"content is good: {len(content.utterances)} utterances, {len(content.entries)} entries")
    if generate(root):
        tell("rules written")
    inputs = inputs_hash(root)
    command = [sys.executable, "-m", "bot.train", "--parts", "--root", str(root)]
    parts = subprocess.Popen([*command, "--force"] if force else command)
    tell("importing Rasa")
    _import_rasa()
    if parts.wait():
        raise ReleaseError("encoder, index or classifier could not be made (see above)")
    tell("training Rasa")
    artifacts = plan_artifacts(root, content)
    with using(artifacts):
        release = make_release(
            root,
            lambda: _manifest(root, artifacts, inputs),
            lambda path: _train_rasa(root, path, content, force),
        )
    tell(f"serving {release.folder.name}")
    return release


def inputs_hash(root: Path) -> str:
    """A hash of everything a release depends on."""
    files = sorted({path for pattern in _INPUTS for path in root.glob(pattern) if path.is_file()})
    names = [path.relative_to(root).as_posix() for path in files]
    return fingerprint.of_parts(names, fingerprint.of_files(files), encoder_setting())


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
