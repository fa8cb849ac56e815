"""Join the windows of several people into one run of the network."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import torch

from cfr_icl.models.base import InteractiveModel


@dataclass(eq=False)
class _Call:
    """A call of one of the network's functions; `tensors` are those of its arguments, batch first."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    tensors: list[torch.Tensor]
    kind: tuple
    """Calls of one kind can be joined."""
    result: Future = field(default_factory=Future)


class BatchedNetwork:
    """Runs a network in one thread, for calls of many: those that wait at the same time are one batch.

    While a batch is computed, other threads prepare their next windows; no call waits for others to come. The
    model itself is changed: its functions named by `batched` go through this thread.

    Args:
        most: calls in a batch; each is a window, or a window and its mirror image.

    Raises:
        ValueError: for a model whose calls cannot be joined.
    """

    def __init__(self, model: InteractiveModel, most: int) -> None:
        functions = model.batched()
        if not functions:
            raise ValueError(f"{model.config.architecture} cannot join windows: leave out --together.")
        self._largest_batch = most
        self._device = model.device.type
        self._waiting: deque[_Call] = deque()
        self._changed = threading.Condition()
        for module, name in functions:
            setattr(module, name, self._through_thread(getattr(module, name)))
        threading.Thread(target=self._run, name="network", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a batch."""
        return len(self._waiting)

    def _through_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            tensors = list(_tensors(arguments))
            autocast = torch.is_autocast_enabled(self._device), torch.get_autocast_dtype(self._device)
            kind = function, autocast, *((t.shape[1:], t.dtype, t.device) for t in tensors)
            waiting = _Call(function, arguments, tensors, kind)
            with self._changed:
                self._waiting.append(waiting)
                self._changed.notify()
            return waiting.result.result()

        return call

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                first = self._waiting[0]
                batch = [call for call in self._waiting if call.kind == first.kind][: self._largest_batch]
                for call in batch:
                    self._waiting.remove(call)
            self._run_batch(batch)

    def _run_batch(self, batch: list[_Call]) -> None:
        try:
            results = self._computed(batch)
        except Exception as error:  # goes to the thread that called
            if len(batch) > 1:  # such as a batch that does not fit into the GPU's memory
                for call in batch:
                    self._run_batch([call])
            else:
                batch[0].result.set_exception(error)
            return
        for call, result in zip(batch, results, strict=True):
            call.result.set_result(result)

    @torch.inference_mode()
    def _computed(self, batch: list[_Call]) -> list[Any]:
        first = batch[0]
        enabled, dtype = first.kind[1]
        with torch.autocast(self._device, dtype=dtype, enabled=enabled):
            if len(batch) == 1:
                return [first.function(*first.arguments)]
            joined = iter([torch.cat(parts) for parts in zip(*(call.tensors for call in batch), strict=True)])
            output = first.function(*_with_tensors(first.arguments, joined))
        sizes = [len(call.tensors[0]) for call in batch]
        parts = zip(*(tensor.split(sizes) for tensor in _tensors(output)), strict=True)
        # copies: a part that is kept would keep the whole batch
        return [_with_tensors(output, iter([tensor.clone() for tensor in part])) for part in parts]


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in nested tuples and lists."""
    if isinstance(value, torch.Tensor):
        yield value
    else:
        for part in value:
            yield from _tensors(part)


def _with_tensors(value: Any, tensors: Iterator[torch.Tensor]) -> Any:
    """The same nested tuples and lists with other tensors."""
    if isinstance(value, torch.Tensor):
        return next(tensors)
    return type(value)(_with_tensors(part, tensors) for part in value)
