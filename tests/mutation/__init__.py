"""How much the tests notice: `python -m tests.mutation`, see docs/contributing.md."""
