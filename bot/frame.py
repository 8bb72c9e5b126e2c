"""What Rasa itself learned, kept apart from our parts, so that a changed utterance or answer needs no Rasa training.

    models/frame/<hash>/    metadata.json and components/ of a trained model; the folders of our parts are empty

The hash stands for everything that Rasa's own training depends on. A model is a frame with the present parts put in.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

from bot.logic.artifacts import Artifacts
from faq_index.build import keep_newest, write_folder

FRAMES = Path("models/frame")

_METADATA = "metadata.json"
#: Our components that keep a part made of the content's texts, each at the end of its folder's name.
_PART = re.compile(
    r"train_bot\.components\.\w+\.(SentenceEncoder|ScenarioClassifier|FaqRetriever|ToneOfMessage|DecisionMaker)\d+"
)
#: What no text of the content can change: components that read the lexicon alone, and Rasa's policies.
_LASTING = re.compile(
    r"train_bot\.components\.\w+\.(Normaliser|GameTokenizer|SpacyEntities)\d+|train_\w*Policy\d+"
    r"|domain_provider|finetuning_validator"
)
#: Arrays hardly get smaller: to compress them takes ten seconds, and to read them two at every start.
_LEVEL = 0


def keep_frame(root: Path, name: str, model: Path) -> bool:
    """Keep the frame of a model that Rasa trained; not, and False, if texts may have shaped more of it than our parts."""
    with tarfile.open(model, "r:gz") as archive:
        members = {PurePosixPath(member.name): member for member in archive}
        folders = {path.parts[1] for path in members if len(path.parts) > 1}
        if not all(_PART.fullmatch(folder) or _LASTING.fullmatch(folder) for folder in folders):
            return False
        kept = [member for path, member in members.items() if path.parts and not _PART.search(path.as_posix())]

        def save(folder: Path) -> None:
            archive.extractall(folder, kept)
            for empty in filter(_PART.fullmatch, folders):
                (folder / "components" / empty).mkdir()

        write_folder(root / FRAMES / name, save)
    keep_newest(root / FRAMES, root / FRAMES / name)
    return True


def fill_frame(frame: Path, artifacts: Artifacts, model: Path) -> None:
    """Write the model: the frame with these parts in it, under an id of its own."""
    parts = parts_of(artifacts)
    with tarfile.open(model, "w:gz", compresslevel=_LEVEL) as archive:
        for path in sorted(frame.rglob("*")):
            name = path.relative_to(frame).as_posix()
            if name == _METADATA:
                _add_metadata(archive, path)
            elif found := _PART.fullmatch(path.name):
                archive.add(parts[found.group(1)], name)
            else:
                archive.add(path, name, recursive=False)


def parts_of(artifacts: Artifacts) -> Mapping[str, Path]:
    """The folder that each of our components keeps a copy of."""
    return {
        "SentenceEncoder": artifacts.faq.encoder,
        "ScenarioClassifier": artifacts.classifier,
        "FaqRetriever": artifacts.faq.index,
        "ToneOfMessage": artifacts.tone,
        "DecisionMaker": artifacts.policy,
    }


def _add_metadata(archive: tarfile.TarFile, path: Path) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored |= {"trained_at": datetime.utcnow().isoformat(), "model_id": uuid.uuid4().hex}
    content = json.dumps(stored).encode()
    member = archive.gettarinfo(path, _METADATA)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
