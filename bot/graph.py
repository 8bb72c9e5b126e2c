"""Rasa's prediction graph up to one node, run step by step.

Rasa's own runner looks for the needed nodes, builds a dask graph and writes the message into a log line for every parse: as
long as all of our components take. Which nodes are needed, and in which order, is the same each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rasa.core.agent import Agent


class Steps:
    """The nodes that lead to a target, in their order."""

    def __init__(self, agent: Agent, target: str) -> None:
        runner = agent.processor.graph_runner
        nodes = runner._graph_schema.minimal_graph_schema([target]).nodes
        self._target = target
        self._steps: list[tuple[str, list[str], Any]] = []
        ready: set[str] = set()
        while len(ready) < len(nodes):
            for name, node in nodes.items():
                needs = list(node.needs.values())
                if name not in ready and all(need in ready or need not in nodes for need in needs):
                    self._steps.append((name, needs, runner._instantiated_nodes[name]))
                    ready.add(name)

    def __call__(self, inputs: dict[str, Any]) -> Any:
        """The target's output; `inputs` holds what no node makes, by its name."""
        outputs = dict(inputs)
        for name, needs, node in self._steps:
            _, outputs[name] = node(*((need, outputs[need]) for need in needs))
        return outputs[self._target]
