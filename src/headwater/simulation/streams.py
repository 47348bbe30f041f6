"""Where random numbers come from: one stream for each chunk, generation and model."""

from __future__ import annotations

from numpy.random import PCG64DXSM, Generator, SeedSequence


def stream(seed: int, chunk: int, generation: int, model: int) -> Generator:
    """The stream of one model in one generation of one chunk of replicates.

    It depends on nothing else, so that workers, interruptions and resumption change no number.
    Archives count as models after the last one, at generation 0.
    """
    return Generator(PCG64DXSM(SeedSequence(seed, spawn_key=(chunk, generation, model))))
