"""The script that recorded these files needs MLflow, which the tests do not."""

collect_ignore = ["record.py"]
