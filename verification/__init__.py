"""Theory held to simulation, claim by claim: ``python -m verification`` writes the table in the documents.

A claim says what is played (graphs, family, regime), what is seen of it, and what it should be.
How a claim is judged is in `verification.claims`; which claims there are, in the other modules.
"""
