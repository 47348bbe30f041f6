"""Records two self-training loops with the real DVC and git, for the tests of the DVC importer.

Made with DVC 3.67.1 and git 2.39 in an environment of its own (DVC is 97 packages, so it is no
dependency): ``pip install dvc==3.67.1``, then ``python record.py FOLDER``. DVC's files that changed
in each commit go to ``FOLDER/<loop>/<number>``; the tests replay them into a fresh repository.

copied
    The pipeline trains on ``data/train.csv``, which is tracked by hand: before each new round the
    samples that the last model wrote are copied there. DVC refuses loops, so that only the hash
    tells that round k trains on what round k - 1 wrote.
templated
    ``dvc.yaml`` is a template; every round has a new name for what it writes, and trains on the
    real data and on what the round before wrote.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 4

TRAIN = """import json, statistics, sys
rows = [float(row) for name in sys.argv[2:] for row in open(name)]
json.dump([statistics.mean(rows), statistics.stdev(rows)], open(sys.argv[1], "w"))
"""
GENERATE = """import json, random, sys
mean, spread = json.load(open(sys.argv[1]))
draw = random.Random(int(sys.argv[3]))
open(sys.argv[2], "w").writelines(f"{draw.gauss(mean, spread)}\\n" for _ in range(int(sys.argv[4])))
"""
COPIED = """stages:
  train:
    cmd: python train.py model.json data/train.csv
    deps: [train.py, data/train.csv]
    outs: [model.json]
  generate:
    cmd: python generate.py model.json synthetic.csv ${round} ${samples}
    deps: [generate.py, model.json]
    params: [round, samples]
    outs: [synthetic.csv]
artifacts:
  gaussian:
    path: model.json
    type: model
  written:
    path: synthetic.csv
    type: dataset
"""
TEMPLATED = """stages:
  train:
    cmd: python train.py model.json data/real.csv ${extra}
    deps: [train.py, data/real.csv, '${extra}']
    params: [round]
    outs: [model.json]
  generate:
    foreach: [1]
    do:
      cmd: python generate.py model.json data/round-${round}.csv ${round} ${samples}
      deps: [model.json]
      params: [round, samples]
      outs: ['data/round-${round}.csv']
"""


def main() -> None:
    """Play both loops."""
    for name, pipeline in (("copied", COPIED), ("templated", TEMPLATED)):
        with tempfile.TemporaryDirectory() as folder:
            record(Path(folder), pipeline, Path(sys.argv[1], name))


def record(work: Path, pipeline: str, kept: Path) -> None:
    """Play one loop and keep what git holds after every round."""

    def run(*command: str) -> str:
        return subprocess.run(command, cwd=work, check=True, capture_output=True, text=True).stdout

    run("git", "init", "-q")
    run("dvc", "init", "-q")
    run("dvc", "config", "core.analytics", "false")
    (work / "train.py").write_text(TRAIN)
    (work / "generate.py").write_text(GENERATE)
    (work / "dvc.yaml").write_text(pipeline)
    (work / "data").mkdir()
    first = "train.csv" if pipeline is COPIED else "real.csv"
    (work / "data" / first).write_text("".join(f"{row * 37 % 101}.5\n" for row in range(100)))
    for number in range(1, ROUNDS + 1):
        # The template needs a second input in the first round too: more real data.
        extra = f"data/round-{number - 1}.csv" if number > 1 else "data/first.csv"
        (work / "params.yaml").write_text(f"round: {number}\nsamples: {100 + number}\nextra: {extra}\n")
        if number == 1:
            run("dvc", "add", f"data/{first}")
            if pipeline is TEMPLATED:
                (work / "data" / "first.csv").write_text(
                    "".join(f"{row * 41 % 103}.5\n" for row in range(90))
                )
                run("dvc", "add", "data/first.csv")
        elif pipeline is COPIED:
            (work / "data/train.csv").write_bytes((work / "synthetic.csv").read_bytes())
            run("dvc", "add", "data/train.csv")
        run("dvc", "repro", "-q")
        run("git", "add", "-A")
        run("git", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", f"round {number}")
        for file in run("git", "show", "--format=", "--name-only", "HEAD").split():
            if file.endswith((".yaml", ".lock", ".dvc")):
                target = kept / str(number) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((work / file).read_bytes())


if __name__ == "__main__":
    main()
