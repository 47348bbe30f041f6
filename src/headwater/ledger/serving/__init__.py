"""Taking OpenLineage events over HTTP into a ledger, at the path where their producers post them."""

from headwater.ledger.serving.app import Limits, Service
from headwater.ledger.serving.guarding import read_token
from headwater.ledger.serving.running import Address, serve

__all__ = ["Address", "Limits", "Service", "read_token", "serve"]
