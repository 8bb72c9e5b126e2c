"""Runs coroutines on virtual time in a fixed order, so that a day takes seconds and a seed replays it exactly.

A coroutine stops only where it awaits `sleep` or a `Signal`; between two of these nothing else runs. So each call of the
in-memory store is one atomic step, and killing a coroutine kills a process between two steps.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from heapq import heappop, heappush
from typing import Any, Optional

from common.clock import FakeClock


class Pause:
    """What a coroutine yields to the kernel: wake me after `ms`, or when the signal rings. Gives whether it rang."""

    __slots__ = ("ms", "signal")

    def __init__(self, ms: float, signal: Optional[Signal] = None) -> None:
        self.ms = ms
        self.signal = signal

    def __await__(self) -> Generator[Pause, Optional[bool], bool]:
        return (yield self) is True


def sleep(ms: float) -> Pause:
    """Do nothing for so long."""
    return Pause(ms)


class Signal:
    """Wakes its one waiter; a ring that nobody waits for is kept for the next wait."""

    __slots__ = ("_kernel", "rung", "task")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.rung = False
        self.task: Optional[Task] = None

    def ring(self) -> None:
        """Something has changed."""
        if self.task is None:
            self.rung = True
            return
        task, self.task = self.task, None
        self._kernel.wake(task, 0, rang=True)

    def wait(self, ms: float) -> Pause:
        """Until it rings, at most so long."""
        return Pause(ms, self)


class Task:
    """A coroutine under way."""

    __slots__ = ("coroutine", "done", "frozen_until", "name", "rang", "serial", "signal")

    def __init__(self, coroutine: Coroutine[Pause, Optional[bool], Any], name: str) -> None:
        self.coroutine = coroutine
        self.name = name
        self.done = False
        self.rang = False
        self.serial = 0  # of the wake-up that counts; others were overtaken by a signal
        self.frozen_until = 0.0
        self.signal: Optional[Signal] = None


class Kernel:
    """Virtual time, which only rises, and the tasks that wait for it. The clock follows, but may be put on or back."""

    def __init__(self, clock: FakeClock) -> None:
        self.now = 0.0  # milliseconds since the start
        self.clock = clock
        self._clock_at = 0
        self._serial = 0
        self._agenda: list[tuple[float, int, Task]] = []

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str, after_ms: float = 0) -> Task:
        """Start a coroutine."""
        task = Task(coroutine, name)
        self.wake(task, after_ms)
        return task

    def wake(self, task: Task, after_ms: float, *, rang: bool = False) -> None:
        """Let it go on after so long, whatever it waits for."""
        if task.done:
            return
        self._serial += 1
        task.serial, task.rang = self._serial, rang
        heappush(self._agenda, (max(self.now + after_ms, task.frozen_until), self._serial, task))

    def freeze(self, task: Task, ms: float) -> None:
        """Stop it for so long, as SIGSTOP does; then it goes on where it was and knows nothing of it."""
        task.frozen_until = self.now + ms

    def kill(self, task: Task) -> None:
        """End it where it waits, as SIGKILL does."""
        task.done = True
        if task.signal is not None and task.signal.task is task:
            task.signal.task = None
        task.coroutine.close()

    def run(self, until_ms: float) -> None:
        """Everything up to that moment."""
        while self._agenda and self._agenda[0][0] <= until_ms:
            at, serial, task = heappop(self._agenda)
            if task.done or task.serial != serial:
                continue
            if at < task.frozen_until:
                self.wake(task, task.frozen_until - self.now, rang=task.rang)
                continue
            self._go_to(at)
            self._step(task)
        self._go_to(until_ms)

    def close(self) -> None:
        """End whatever is still under way."""
        for _, _, task in self._agenda:
            self.kill(task)
        self._agenda.clear()

    def _go_to(self, at: float) -> None:
        self.now = max(self.now, at)
        whole = int(self.now)
        self.clock.advance(whole - self._clock_at)
        self._clock_at = whole

    def _step(self, task: Task) -> None:
        if task.signal is not None and task.signal.task is task:
            task.signal.task = None
        task.signal = None
        try:
            pause = task.coroutine.send(task.rang or None)
        except StopIteration:
            task.done = True
            return
        if pause.signal is None:
            self.wake(task, pause.ms)
        elif pause.signal.rung:
            pause.signal.rung = False
            self.wake(task, 0, rang=True)
        else:
            task.signal, pause.signal.task = pause.signal, task
            self.wake(task, pause.ms)
