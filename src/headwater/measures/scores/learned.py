"""What several scores learn from the frame, each thing learned once and only when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from headwater.measures.numeric.modes import RealModes, fit_modes
from headwater.measures.scores.bigrams import Bigrams, fit_bigrams
from headwater.measures.scores.principal import Principal, fit_principal
from headwater.measures.scores.words import Vocabulary, all_words, fit_vocabulary
from headwater.samples.values import Sample


@dataclass(frozen=True, eq=False)
class Learned:
    """The frame's rows and what scores of its kind are built on.

    Attributes
    ----------
    sample
        The rows of the frame.
    seed
        Of whatever is random in learning.
    """

    sample: Sample
    seed: int

    @cached_property
    def principal(self) -> Principal:
        """Centre, scales and directions of numeric rows."""
        return fit_principal(self.sample)

    @cached_property
    def modes(self) -> RealModes:
        """Modes of numeric rows."""
        return fit_modes(self.sample, self.seed)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Labels, or the words of all documents."""
        text = self.sample.kind == "text"
        return fit_vocabulary(all_words(self.sample) if text else self.sample.rows.tolist())

    @cached_property
    def bigrams(self) -> Bigrams:
        """Pairs of neighbouring words."""
        return fit_bigrams(self.sample, self.vocabulary)
