"""What our trainable components share: a folder that is filled at training and read back at loading."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any, Optional, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

Self = TypeVar("Self", bound="FolderComponent")


def root_of(config: dict[str, Any]) -> Path:
    """The project's folder; Rasa asks for fingerprints with configurations that lack the defaults."""
    return Path(config.get("root", "."))


class FolderComponent(GraphComponent, abc.ABC):
    """Persists one folder to its Resource; a subclass says which, and what to do with a message."""

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's settings."""
        return {
            # the project's folder, where content, lexicon and models/ lie
            "root": ".",
        }

    @property
    def root(self) -> Path:
        """The project's folder."""
        return root_of(self._config)

    @abc.abstractmethod
    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Write to `folder` what `read` will need."""

    @abc.abstractmethod
    def read(self, folder: Path) -> None:
        """Take from the persisted folder what `handle` needs."""

    @abc.abstractmethod
    def handle(self, message: Message) -> None:
        """Add to one message."""

    @classmethod
    def create(
        cls: type[Self],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """A new component, not yet trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls: type[Self],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        """The component as it was trained."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component.read(folder)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Persist what `fill` writes."""
        with self._storage.write_to(self._resource) as folder:
            self.fill(folder, training_data)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Add to each message."""
        for message in messages:
            self.handle(message)
        return messages

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """What Rasa's training cache can't see; a subclass says it."""
        raise NotImplementedError(f"{cls.__name__} must say what it depends on")
