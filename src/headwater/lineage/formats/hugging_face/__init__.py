"""Reader of Hugging Face cards: of models, datasets and spaces, from a folder, a dump or the hub.

What is read and what it becomes:

==========================================  ==============================================
card                                        fact
==========================================  ==============================================
``base_model``                              the model was `initialised` from it
``datasets``                                the model was `trained-on` it
``model-index``                             the model was `evaluated-on` its datasets
``source_datasets``                         `derived`; ``original`` names no other dataset
``dataset_info``, ``size_categories``       the count of a dataset: exact, or a range
``annotations_creators``, ``tags``, ...     whether it is synthetic, and labels
``pipeline.yaml`` of distilabel             models `generated`, `labelled` or `judged` it
==========================================  ==============================================

A name such as ``generator`` or ``json``, which tools write where none was given, stays as it
is. Cards tell of no versions, and not how many samples of a dataset a model was trained on.
"""

from headwater.lineage.formats.hugging_face.hub import read_hub
from headwater.lineage.formats.hugging_face.reading import FORMAT, read

__all__ = ["FORMAT", "read", "read_hub"]
