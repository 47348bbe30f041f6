"""Writes pipeline.yaml beside this file with distilabel; nothing is run and no model is called.

Made with distilabel 1.5.3 on Python 3.11; openai and requests, which it needs, are installed with it.
The descriptions of parameters are left out: they are long, and the same in every file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

MIXTRAL = "mistralai/Mixtral-8x7B-Instruct-v0.1"
LLAMA = "meta-llama/Llama-3.1-70B-Instruct"


def pipeline() -> Any:
    """Two answers to each prompt, one of two models together; then rated and given a topic."""
    from distilabel.models import InferenceEndpointsLLM, MixtureOfAgentsLLM, OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import KeepColumns, LoadDataFromHub
    from distilabel.steps.tasks import TextClassification, TextGeneration, UltraFeedback

    together = MixtureOfAgentsLLM(
        aggregator_llm=InferenceEndpointsLLM(model_id=LLAMA), proposers_llms=[OpenAILLM(model="gpt-4o")]
    )
    with Pipeline(name="preferences", description="Two answers to each prompt, rated.") as made:
        load = LoadDataFromHub(name="load", repo_id="HuggingFaceH4/instruction-dataset", split="test")
        one = InferenceEndpointsLLM(model_id=MIXTRAL, tokenizer_id=MIXTRAL)
        answers = [TextGeneration(name="first", llm=one), TextGeneration(name="second", llm=together)]
        rate = UltraFeedback(name="rate", llm=OpenAILLM(model="gpt-4-turbo"))
        labeller = OpenAILLM(model="gpt-4o-mini")
        topic = TextClassification(name="topic", llm=labeller, available_labels=["a", "b"])
        keep = KeepColumns(name="keep", columns=["instruction", "generation"])
        load >> answers >> rate >> topic >> keep
    return made


def without_descriptions(value: Any) -> Any:
    """The value with no description of a parameter in it."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "runtime_parameters_info"}
        return {key: without_descriptions(each) for key, each in kept.items()}
    return [without_descriptions(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    os.environ |= {"OPENAI_API_KEY": "none", "HF_TOKEN": "none"}
    path = Path(__file__).with_name("pipeline.yaml")
    pipeline().save(path, format="yaml")
    path.write_text(yaml.dump(without_descriptions(yaml.safe_load(path.read_text())), sort_keys=False))
