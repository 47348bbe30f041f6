"""Verification: what theory predicts beside what simulations do, on made and on public data."""

from headwater.verification.verifying import Verification, verify

__all__ = ["Verification", "verify"]
