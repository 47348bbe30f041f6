"""Metrics of numeric samples, feature vectors or embeddings: one a file, none imported before its use.

Their names are in `headwater.measures.registry`. Each feature is first divided by its standard
deviation in the reference, unless ``standardise=False``: wanted for embeddings, whose features have
one unit, and where a number has to equal a published one.
"""
