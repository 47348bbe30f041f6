"""One stream for each chunk, generation and model, and none twice."""

from __future__ import annotations

from itertools import product

from numpy.random import PCG64DXSM, Generator, SeedSequence

from headwater.simulation.streams import stream


def test_a_stream_depends_on_its_four_numbers_and_nothing_else():
    """The same again, and another one for every change of one of them."""
    first = stream(7, 2, 3, 1).random(4)
    assert (stream(7, 2, 3, 1).random(4) == first).all()
    for other in ((8, 2, 3, 1), (7, 3, 3, 1), (7, 2, 4, 1), (7, 2, 3, 2), (7, 3, 2, 1), (7, 2, 1, 3)):
        assert not (stream(*other).random(4) == first).any()


def test_no_two_of_many_streams_begin_alike():
    """All of 20 chunks, generations and models: 8,000 first draws of 64 bits, none equal.

    By chance two would be with a probability below 2e-12.
    """
    firsts = {
        int(stream(1, *place).bit_generator.random_raw())
        for place in product(range(20), range(20), range(20))
    }
    assert len(firsts) == 8_000


def test_a_stream_is_numpy_s_own_way_to_spawn():
    """Spawned step by step from the seed, as its documentation tells for parallel generators."""
    seed, chunk, generation, model = 2**128 - 1, 3, 2, 1
    spawned = SeedSequence(seed).spawn(chunk + 1)[chunk].spawn(generation + 1)[generation]
    expected = Generator(PCG64DXSM(spawned.spawn(model + 1)[model]))
    assert (expected.standard_normal(5) == stream(seed, chunk, generation, model).standard_normal(5)).all()


def test_the_bits_of_a_stream_are_fixed():
    """A change of these numbers is a change of every result: it belongs into the changelog."""
    drawn = [int(each) for each in stream(7, 2, 3, 1).bit_generator.random_raw(3)]
    assert drawn == [15784436488708406297, 7862559900377611525, 1692394308475732888]
