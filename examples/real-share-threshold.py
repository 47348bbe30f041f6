"""How much real data does a self-training loop on the diabetes data need? Predicted, then tried.

Run it with ``python examples/real-share-threshold.py``; it takes about a minute.
``headwater verify --benchmark diabetes --seed 7`` does more.
"""

from __future__ import annotations

from sklearn.datasets import load_diabetes

import headwater as hw

BUDGET, GENERATIONS = 220, 20


def loop(real: int) -> hw.InteractionGraph:
    """A regression that is retrained on `real` real rows and on its own labels for the rest."""
    flows = [("patients", "model", real), ("model", "model", BUDGET - real)]
    return hw.InteractionGraph.from_flows(flows, sources=["patients"])


def main() -> None:
    """Inflation of risk after 20 generations, by the law and by training on real rows."""
    rows, labels = load_diabetes(return_X_y=True)
    table = hw.families.Table(rows, rows="fresh", intercept=True, labels=labels)
    family = hw.families.LeastSquares.on_table(table)
    law = hw.laws.LeastSquares(family.features)
    print("real share  predicted  trained on real rows")
    for real in (11, 22, 44, 66, 88, 110):
        graph = loop(real)
        predicted = hw.diagnose(graph, law, generations=GENERATIONS).of("model")["inflation"][-1]
        runs = hw.simulate(graph, family, generations=GENERATIONS, replicates=300, seed=7, metrics=["risk"])
        told = hw.summarise(runs).sel(measure="inflation", model="model").isel(generation=-1)
        mean, error = float(told["mean"]), float(told["standard_error"])
        print(f"{real / BUDGET:10.2f}  {predicted:9.2f}  {mean:9.2f} +- {error:.2f}")


if __name__ == "__main__":
    main()
