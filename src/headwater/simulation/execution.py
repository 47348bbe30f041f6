"""Where chunks are played: here, in processes, or on a Dask or Ray cluster, all through joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from threadpoolctl import threadpool_limits

from headwater.errors import InputError, MissingExtra

Backend = Literal["processes", "dask", "ray"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Executor:
    """Who plays the chunks; changes how long a run takes and none of its numbers.

    Attributes
    ----------
    backend
        "processes" on this machine, or an existing "dask" or "ray" cluster.
    workers
        Processes; 1 plays in this one. Of a cluster, chunks in flight at once; None: all it has.
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
        """``function`` of each number, in whatever order they are finished."""
        if self.backend == "processes" and (self.workers == 1 or len(numbers) <= 1):
            yield from (limited(function, number) for number in numbers)
            return
        from joblib import Parallel, delayed

        with self._cluster() as batching:
            parallel = Parallel(
                n_jobs=-1 if self.workers is None else self.workers,
                return_as="generator_unordered",
                **batching,
            )
            yield from parallel(delayed(limited)(function, number) for number in numbers)

    @contextmanager
    def _cluster(self) -> Iterator[dict[str, Any]]:
        # one chunk is one task: joblib must not wait to see how long they take
        with self._connected() as context, context:
            yield {"batch_size": 1, "pre_dispatch": "2*n_jobs"}

    @contextmanager
    def _connected(self) -> Iterator[AbstractContextManager[Any]]:
        if self.backend == "dask":
            with _dask(self.address, self.workers) as context:
                yield context
        elif self.backend == "ray":
            with _ray(self.address, self.workers) as context:
                yield context
        else:
            yield nullcontext()


def limited(function: Callable[[int], T], number: int) -> T:
    """Call with one thread for linear algebra: sums split over threads differ in the last bit."""
    with threadpool_limits(limits=1):
        return function(number)


@contextmanager
def _dask(address: str | None, workers: int | None) -> Iterator[AbstractContextManager[Any]]:
    import joblib

    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("Dask is not installed", "install it: pip install 'headwater[dask]'") from None
    try:
        client = (
            Client(address, timeout="10s")
            if address
            else Client(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        )
    except (OSError, ValueError) as error:
        raise _unreachable("Dask", address, error) from None
    with client:
        yield joblib.parallel_config(backend="dask", wait_for_workers_timeout=30)


@contextmanager
def _ray(address: str | None, workers: int | None) -> Iterator[AbstractContextManager[Any]]:
    import joblib

    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise MissingExtra("Ray is not installed", "install it: pip install 'headwater[ray]'") from None
    try:
        if address:
            ray.init(address=address, log_to_driver=False)
        else:
            ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    except (ConnectionError, OSError, ValueError) as error:
        raise _unreachable("Ray", address, error) from None
    try:
        register_ray()
        yield joblib.parallel_config(backend="ray")
    finally:
        ray.shutdown()


def _unreachable(what: str, address: str | None, error: Exception) -> InputError:
    return InputError(
        f"no {what} cluster answers at {address or 'this machine'}: {str(error).splitlines()[0][:120]}",
        "check that it runs and that the address is the scheduler's",
    )
