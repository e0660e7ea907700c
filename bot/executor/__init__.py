"""The executor: takes jobs from cogs, orders them fairly, has them run, and answers.

`open_executor(settings)` gives the one that Bobby uses; cogs call `submit` and see the errors of
`bot.core.errors`.
"""
