"""Samples of what models wrote and of real data: values, and how files of any size become them."""
