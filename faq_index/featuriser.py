"""What index and classifier are made of, worked out of analyses: features, search terms, vectors.

It stands between them and the texts so that training can remember it all (faq_index.kept).
"""

from __future__ import annotations

from collections.abc import Sequence

from faq_index.analysis import Analysis
from faq_index.bags import Bags
from faq_index.encoder import Encoder, Vectors, keyed_features, vectors_of
from faq_index.lexical import terms_of


class Featuriser:
    """Works everything out when it is asked."""

    def features(self, analyses: Sequence[Analysis], longest_gram: int) -> Bags:
        """The features of each text that a linear model sees."""
        return Bags.of(features_of(analysis, longest_gram) for analysis in analyses)

    def terms(self, analyses: Sequence[Analysis]) -> Bags:
        """The terms of each text that it is found by."""
        return Bags.of(map(terms_of, analyses))

    def vectors(self, encoder: Encoder, analyses: Sequence[Analysis]) -> Vectors:
        """[texts, dim]: what the encoder makes of them."""
        return vectors_of(encoder, analyses)


def features_of(analysis: Analysis, longest_gram: int) -> list[str]:
    """The features of all blocks, one block after the other."""
    return [name for block in keyed_features(analysis, longest_gram) for name in block]
