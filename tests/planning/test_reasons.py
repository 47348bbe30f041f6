"""Why a target cannot be reached: planted cases of every kind, and cases where each would be false."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning.outlook import outlook
from headwater.planning.reasons import why_not
from headwater.planning.targets import Target
from headwater.regimes import Accumulate, Regime, Window

LEAKS = [("a", "b", 100), ("b", "a", 100), ("b", "c", 10), ("w", "c", 10**9)]


def said(
    flows: list[tuple[str, str, int]],
    model: str,
    touched: list[str],
    target: Target,
    *,
    when: str = "limit",
    regime: Regime | None = None,
    models: list[Model] | None = None,
    sources: list[Source | str] | None = None,
    generations: int = 20,
) -> str:
    graph = InteractionGraph.from_flows(flows, sources or ["w"], models or [])
    flags = np.array([name in touched for name in graph.model_names])
    pipeline = Pipeline(graph, regime, generations)
    return why_not(pipeline, graph.index_of(model), when, target, flags)  # type: ignore[arg-type]


def test_an_ungrounded_component_that_the_change_does_not_enter_is_named():
    """Real data downstream without end leave the limit infinite, and the sentence says where from."""
    text = said(LEAKS, "c", ["c"], Target("inflation", 1.5))
    assert "loop of 'a' and 'b'" in text
    assert "stays ungrounded: the change does not enter it" in text


def test_a_window_does_not_ground():
    """Under a window an ungrounded loop collapses as under replace, and the sentence says so."""
    text = said([("a", "a", 100)], "a", ["a"], Target("inflation", 1.5), regime=Window(3))
    assert "learns only from itself" in text
    assert "window only drops old data later" in text


def test_a_pool_is_not_called_ungrounded():
    """Accumulating bounds the risk of a closed loop: its limit of pi^2/6 is the reason, not its ground."""
    text = said([("a", "a", 100)], "a", [], Target("inflation", 1.5), regime=Accumulate())
    assert "ungrounded" not in text
    assert f"stays {np.pi**2 / 6:.4g}" in text


def test_a_change_elsewhere_does_not_reach():
    """The model and all that it rests on are as they were."""
    text = said([("w", "a", 100), ("w", "c", 10)], "c", ["a"], Target("inflation", 0.5))
    assert text == "the change does not reach 'c': its inflation in the limit stays 1"


def test_a_fixed_archive_sets_a_floor():
    """An archive of 50 beside a loop of 150 and ten perfect samples: risk by hand, and the archive named."""
    flows = [("ar", "m", 50), ("m", "m", 150), ("w", "q", 5), ("q", "m", 10)]
    models = [Model("m", initial={"w": 50})]
    text = said(
        flows, "m", ["q"], Target("inflation", 1.0), models=models, sources=["w", Source("ar", "fixed", 50)]
    )
    archive, own, fresh = 50 / 210, 150 / 210, 10 / 210
    held = (archive / (1 - own)) ** 2 / 50
    drawn = (own**2 / 150 + fresh**2 / 10 + archive**2 * (1 / 50 - 1 / 50)) / (1 - own**2)
    assert "fixed archive 'ar' (50 samples), whose own error of 1/50 stays" in text
    assert text.endswith(
        f"however much is added, its inflation in the limit stays above {(held + drawn) * 50:.4g}"
    )


def test_a_large_archive_is_not_blamed():
    """The same archive a million times as large: what is missing then is real data, not a better archive."""
    flows = [("ar", "m", 50), ("m", "m", 150), ("w", "q", 5), ("q", "m", 10)]
    text = said(flows, "m", ["q"], Target("inflation", 0.3), sources=["w", Source("ar", "fixed", 50_000_000)])
    assert "archive" not in text
    assert "from models" in text


def test_a_frozen_model_sets_a_floor():
    """A frozen model of 50 samples gives nearly all of what the model learns."""
    models = [Model("fz", frozen=True, initial={"w": 50}), Model("m", initial={"w": 500})]
    flows = [("fz", "m", 500), ("w", "q", 5), ("q", "m", 10)]
    text = said(flows, "m", ["q"], Target("inflation", 1.2), models=models)
    share = 500 / 510
    risk = share**2 / 50 + 1 / 510
    assert "frozen model 'fz', whose error stays" in text
    assert text.endswith(f"stays above {risk * 500:.4g}")


def test_the_training_set_bounds_the_tail_sample():
    """A model of 100 samples knows no tail of 120, whatever its provider becomes."""
    text = said([("w", "q", 5), ("q", "m", 100)], "m", ["q"], Target("tail_sample", 120))
    assert "can never pass its training set of 100 samples" in text


def test_a_window_of_three_triples_the_training_set():
    """Negative control: three batches of 100 can hold a tail of 120, so that this is not the reason."""
    text = said([("w", "q", 5), ("q", "m", 100)], "m", ["q"], Target("tail_sample", 120), regime=Window(3))
    assert "never pass" not in text


def test_the_start_leaves_a_window_when_it_is_full():
    """At horizon 3 three batches of 100 fill a window of 3: 300 samples, without the start."""
    flows, target = [("w", "q", 5), ("w", "m", 100)], Target("tail_sample", 350)
    graph = InteractionGraph.from_flows(flows, ["w"])
    seen = outlook(Pipeline(graph, Window(3), 3), quantities=["tail_sample"])
    assert seen.columns["tail_sample", "horizon"][graph.index_of("m")] == pytest.approx(300)
    text = said(flows, "m", ["m"], target, when="horizon", regime=Window(3), generations=3)
    assert "can never pass its training set of 300 samples" in text


def test_a_budget_bounds_diversity():
    """100 real samples hold 99 % of the Gini-Simpson diversity."""
    text = said([("w", "q", 5), ("q", "m", 100)], "m", ["q"], Target("diversity", 0.995))
    assert "at most 0.99 of the diversity" in text


def test_a_synthetic_share_of_an_untouched_model_sets_a_floor():
    """Half of its own data: steady inflation 1/(1 - 1/4), whatever the other half's provider becomes."""
    text = said([("w", "q", 5), ("q", "m", 100), ("m", "m", 100)], "m", ["q"], Target("inflation", 1.1))
    assert text == (
        "'m' learns 50% from models, and this change does not alter that: "
        "however much is added, its inflation in the limit stays above 1.333"
    )


def test_the_ancestor_that_holds_back_is_named():
    """The chain's middle learns half from itself, and the change enters above it."""
    flows = [("w", "q", 5), ("q", "m", 100), ("m", "m", 100), ("m", "n", 200)]
    text = said(flows, "n", ["q"], Target("inflation", 1.1))
    assert "'n' rests on 'm', which learns 50% from models" in text or "'n' learns from models alone" in text
    assert text.endswith(f"stays above {1 + 4 / 3:.4g}")


def test_real_data_alone_do_not_lower_inflation_below_one():
    """A model that starts from its own budget starts better with every sample that it is given."""
    text = said([("w", "q", 10**9), ("q", "q", 100)], "q", ["q"], Target("inflation", 0.9))
    assert "starts from as many real samples as flow into it" in text


def test_a_start_is_not_blamed_where_models_teach():
    """Half of what flows into the model is its own: that holds it back, more than the start does."""
    text = said([("w", "q", 100), ("q", "q", 100)], "q", ["q"], Target("inflation", 0.9))
    assert "starts from as many real samples" not in text
    assert "'q' still learns 50% from models" in text
    assert "with all that the change can give, its inflation in the limit is still 1.333" in text


def test_a_share_that_is_nearly_all_is_not_called_all():
    """One real sample beside 10^5: not 100%, and not from models alone."""
    flows = [("w", "q", 5), ("q", "m", 10**5), ("m", "m", 10**9), ("w", "m", 1)]
    text = said(flows, "m", ["q"], Target("inflation", 1.1))
    assert "learns 99.9% from models, and" in text


def test_what_holds_nothing_back_is_told_as_it_is():
    """No reason fits a target that is met: the sentence says what the model has, and no more."""
    text = said([("w", "m", 100), ("m", "m", 100)], "m", ["m"], Target("inflation", 9.0))
    assert text == "with all that the change can give, 'm' still has inflation 1.333 in the limit"


@pytest.mark.parametrize("seed", range(12))
def test_no_change_passes_the_floor(seed):
    """Random graphs: what is said to stay however much is added is passed by no tried change."""
    rng = np.random.default_rng(seed)
    flows = {(f"m{rng.integers(5)}", f"m{at}"): int(rng.integers(5, 50)) for at in range(5)}
    flows |= {("w", f"m{at}"): int(rng.integers(5, 50)) for at in range(5)}
    listed = [(*ends, count) for ends, count in flows.items()]
    for model in range(1, 5):
        text = said(listed, f"m{model}", ["m0"], Target("inflation", 1e-6))
        if "however much is added" not in text:
            continue
        floor = float(text.rsplit(" ", 1)[1])
        for more in (10, 10**3, 10**7):
            changed = [(a, b, n + more * (b == "m0" and a == "w")) for a, b, n in listed]
            assert _dense_inflation(changed, model) >= floor * (1 - 1e-3)


def _dense_inflation(flows: list[tuple[str, str, int]], model: int) -> float:
    counts = np.zeros((5, 6))
    for giver, learner, samples in flows:
        counts[int(learner[1]), 5 if giver == "w" else int(giver[1])] = samples
    budget = counts.sum(axis=1)
    shares = counts[:, :5] / budget[:, None]
    risk = np.linalg.solve(np.eye(25) - np.kron(shares, shares), np.diag(1 / budget).ravel()).reshape(5, 5)
    return float(risk[model, model] * budget[model])
