"""The pipeline file: safe YAML with line numbers, its document model, and writing it.

What a pipeline is, as a value, is in `headwater.pipeline`.
"""
