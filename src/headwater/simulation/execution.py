"""Where chunks are played: here, in processes, or on a Dask or Ray cluster, all through joblib."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from threading import Thread
from typing import Any, Literal, TypeVar, get_args

from threadpoolctl import threadpool_limits

from headwater import extras
from headwater.errors import HeadwaterError, InputError

Backend = Literal["processes", "dask", "ray"]
T = TypeVar("T")
PATIENCE = 10
"""Seconds that a cluster has to answer."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Who plays the chunks; changes how long a run takes and none of its numbers.

    Attributes
    ----------
    backend
        "processes" on this machine, or an existing "dask" or "ray" cluster.
    workers
        Processes; 1 plays in this one, None takes every core. Of a cluster, chunks in flight at
        once; None: all it has.
    address
        Of the cluster's scheduler; None: "dask" and "ray" start one on this machine.
    progress
        Whether to draw a bar with rate and time left on the error stream, if that is a terminal.

    Raises
    ------
    InputError
        If a value cannot be right.
    """

    backend: Backend = "processes"
    workers: int | None = 1
    address: str | None = None
    progress: bool = False

    def __post_init__(self) -> None:
        if self.backend not in get_args(Backend):
            raise InputError(f"backend is {self.backend!r:.60}", f"backends: {', '.join(get_args(Backend))}")
        whole = isinstance(self.workers, int) and not isinstance(self.workers, bool) and self.workers >= 1
        if not (whole or (self.workers is None)):
            raise InputError(
                f"workers is {self.workers!r:.60}", "write a whole number of workers, at least 1"
            )
        if self.address is not None and self.backend == "processes":
            raise InputError(
                f"an address ({self.address!r:.60}) goes with a cluster",
                "add --backend dask or --backend ray, or remove the address",
            )

    @property
    def shares_disk(self) -> bool:
        """Whether workers write where the caller reads."""
        return self.backend == "processes"

    def run(self, function: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]:
        """``function`` of each number, in whatever order they are finished.

        Raises
        ------
        MissingExtra
            If the cluster's package is not installed.
        InputError
            If no cluster answers.
        HeadwaterError
            If a worker process is killed.
        """
        if not numbers:
            return
        if self.backend == "dask":
            yield from _through_dask(self, function, numbers)
        elif self.backend == "ray":
            yield from _through_ray(self, function, numbers)
        elif self.workers == 1 or len(numbers) == 1:
            yield from (limited(function, number) for number in numbers)
        else:
            yield from _through_processes(self, function, numbers)


def limited(function: Callable[[int], T], number: int) -> T:
    """Call with one thread for linear algebra: sums split over threads differ in the last bit."""
    with threadpool_limits(limits=1):
        return function(number)


def _attached(function: Callable[[int], T], number: int, parent: int) -> T:
    """Call in a worker process of `parent`."""
    _attach(parent)
    return limited(function, number)


@cache
def _attach(parent: int) -> None:
    """Leave interrupts to the parent, and end when it is gone: nobody is left to send work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _through_joblib(tasks: Iterable[Any], workers: int) -> Iterator[Any]:
    from joblib import Parallel

    # one chunk is one task: joblib must not wait to see how long they take
    parallel = Parallel(workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    yield from parallel(tasks)


def _through_processes(
    executor: Executor, function: Callable[[int], T], numbers: Sequence[int]
) -> Iterator[T]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    workers = min(executor.workers or joblib.cpu_count(), len(numbers))
    try:
        tasks = (joblib.delayed(_attached)(function, number, os.getpid()) for number in numbers)
        yield from _through_joblib(tasks, workers)
    except TerminatedWorkerError:
        raise HeadwaterError(
            "a worker process was killed, most often by a system that ran out of memory",
            "take fewer workers or smaller chunks; a run in a store continues with --resume",
        ) from None


def _through_dask(executor: Executor, function: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]:
    import joblib

    client_of = extras.load("distributed", "backend dask").Client
    address, workers = executor.address, executor.workers
    try:
        if address is None:
            client = client_of(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, set_as_default=False
            )
        else:
            _knock(address, greets=not address.startswith("tls:"))
            client = client_of(address, timeout=f"{PATIENCE}s", set_as_default=False)
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable("Dask", address, error) from None
    # what all tasks share is sent once
    shared = {"client": client, "scatter": [function], "wait_for_workers_timeout": PATIENCE}
    with client:
        try:
            with joblib.parallel_config(backend="dask", **shared):
                tasks = (joblib.delayed(limited)(function, number) for number in numbers)
                yield from _through_joblib(tasks, -1 if workers is None else workers)
        except TimeoutError as error:
            raise _unreachable("Dask", address, error) from None


def _through_ray(executor: Executor, function: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]:
    """By Ray itself: its backend for joblib gives nothing back before everything is finished."""
    ray = extras.load("ray", "backend ray")
    address, workers = executor.address, executor.workers
    ours = not ray.is_initialized()
    if ours:
        _start_ray(address, workers)
    try:
        task = ray.remote(limited)
        shared = ray.put(function)  # what all tasks share is sent once
        at_once = 2 * (workers or max(1, int(ray.cluster_resources().get("CPU", 1))))
        waiting = iter(numbers)
        running: list[Any] = []
        while True:
            running += [task.remote(shared, each) for each in islice(waiting, at_once - len(running))]
            if not running:
                return
            done, running = ray.wait(running, num_returns=1)
            yield ray.get(done[0])
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    finally:
        if ours:
            ray.shutdown()


def _start_ray(address: str | None, workers: int | None) -> None:
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(address="local", num_cpus=workers, include_dashboard=False, **quiet)
            return
        if address != "auto":
            _knock(address, greets=False)
        ray.init(address=address, **quiet)
    except (OSError, ValueError, OverflowError, RuntimeError) as error:
        raise _unreachable("Ray", address, error) from None


def _knock(address: str, greets: bool) -> None:
    """Fail soon where nobody listens, or somebody else does: Dask would wait for ever, Ray for minutes.

    A scheduler of Dask speaks first.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        raise ValueError("it is not of the form host:port")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as line:
        if greets and not line.recv(1):
            raise ConnectionError("what listens there is no scheduler")


def _unreachable(what: str, address: str | None, error: Exception) -> InputError:
    reason = (str(error) or type(error).__name__).partition("\n")[0][:120]
    return InputError(
        f"no {what} cluster with workers answers at {address or 'this machine'}: {reason}",
        "check that it runs and that the address is the scheduler's",
    )
